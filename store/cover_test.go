package store

import "testing"

// TestListsCoverTelephoneNumbers: subjects and previews hide the middle of a number, nothing else (RULES B2).
func TestListsCoverTelephoneNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"제 번호는 010-1234-5678 이에요": "제 번호는 010-****-5678 이에요",
		"01012345678로 전화 주세요":     "010****5678로 전화 주세요",
		"사무실 054-779-8585":        "사무실 054-****-8585",
		"+82 10 1234 5678":        "+82 10 **** 5678",
		"접수번호 2026-000123":        "접수번호 2026-000123",
		"2026-11-23 14:00에 신고했어요": "2026-11-23 14:00에 신고했어요",
		"계량기 번호 3010123456789":    "계량기 번호 3010123456789",
	} {
		if got := coverPhones(in); got != want {
			t.Errorf("coverPhones(%q) = %q, want %q", in, got, want)
		}
	}
}
