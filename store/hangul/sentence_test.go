package hangul_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"toktok/store/hangul"
)

func TestSplitSentences(t *testing.T) {
	t.Parallel()
	link := "https://www.gyeongju.go.kr/open?no=20261123"
	for _, c := range []struct {
		name  string
		in    string
		limit int
		want  []string
	}{
		{"short", "확인했습니다.", 20, []string{"확인했습니다."}},
		{"nothing", " \n ", 20, nil},
		{"sentence ends", "오늘 고쳤습니다. 내일 다시 보겠습니다. 감사합니다.", 22, []string{"오늘 고쳤습니다. 내일 다시 보겠습니다.", "감사합니다."}},
		{"as much as fits", "가요. 나요. 다요. 라요.", 7, []string{"가요. 나요.", "다요. 라요."}},
		{"polite and without space", "고쳤어요.내일 봐요!정말요?네", 11, []string{"고쳤어요.내일 봐요!", "정말요?네"}},
		{"lines", "도로과 안내\n현장을 봤습니다\n내일 고칩니다", 16, []string{"도로과 안내\n현장을 봤습니다", "내일 고칩니다"}},
		{"dates go on", "접수는 2026. 11. 23.(월) 했고 끝입니다.", 24, []string{"접수는 2026. 11. 23.(월) 했고", "끝입니다."}},
		{"outline marks stay with their item", "결과입니다. 가. 현장을 확인했습니다.", 12, []string{"결과입니다.", "가. 현장을", "확인했습니다."}},
		{"quotes stay with their sentence", "그는 \"갑니다.\"라고 했습니다. 끝", 18, []string{"그는 \"갑니다.\"라고 했습니다.", "끝"}},
		{"closing bracket", "(어제 확인했습니다.) 내일 다시", 14, []string{"(어제 확인했습니다.)", "내일 다시"}},
		{"several marks", "정말요?! 네 알겠어요", 8, []string{"정말요?!", "네 알겠어요"}},
		{"between words", "현장을 확인하고 알려 드릴게요", 10, []string{"현장을 확인하고", "알려 드릴게요"}},
		{"no place at all", strings.Repeat("가", 25), 10, []string{strings.Repeat("가", 10), strings.Repeat("가", 10), strings.Repeat("가", 5)}},
		{"a link stays whole", "여기를보세요" + link + " 끝", len(link) + 2, []string{"여기를보세요", link + " 끝"}},
		{"a link's ? ends nothing", "보세요. " + link + " 입니다", len(link) + 3, []string{"보세요.", link, "입니다"}},
		{"a link too long", link, 20, []string{link[:20], link[20:40], link[40:]}},
		{"an emoji stays whole", "가나" + family + family, 13, []string{"가나" + family, family}},
		{"never half an emoji", "👍👍👍", 3, []string{"👍", "👍", "👍"}},
		{"limit smaller than an emoji", "👍가", 1, []string{"👍", "가"}},
		{"decomposed syllables stay whole", "\u1112\u1161\u11AB\u1112\u1161\u11AB", 4, []string{"\u1112\u1161\u11AB", "\u1112\u1161\u11AB"}},
		{"flags stay whole", "🇰🇷🇺🇸", 6, []string{"🇰🇷", "🇺🇸"}},
		{"marks without end", "e" + strings.Repeat("\u0301", 9), 4, []string{"e\u0301\u0301\u0301", "\u0301\u0301\u0301\u0301", "\u0301\u0301"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, hangul.SplitSentences(c.in, c.limit)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// checkPieces holds what SplitSentences promises for any text.
func checkPieces(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string, limit int) {
	t.Helper()
	pieces := hangul.SplitSentences(s, limit)
	var joined strings.Builder
	for _, p := range pieces {
		if p == "" || p != strings.TrimSpace(p) {
			t.Fatalf("%q at %d: piece %q is empty or has space at its ends", s, limit, p)
		}
		if n := hangul.Len(p); n > max(limit, 2) {
			t.Fatalf("%q at %d: piece %q has %d characters", s, limit, p, n)
		}
		if utf8.ValidString(s) && !utf8.ValidString(p) {
			t.Fatalf("%q at %d: piece %q is broken", s, limit, p)
		}
		joined.WriteString(p)
	}
	if got, want := withoutSpace(joined.String()), withoutSpace(s); got != want {
		t.Fatalf("%q at %d: pieces hold %q", s, limit, pieces)
	}
	if s = strings.TrimSpace(s); s != "" && hangul.Len(s) <= limit && len(pieces) != 1 {
		t.Fatalf("%q at %d: cut without need into %q", s, limit, pieces)
	}
}

func withoutSpace(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), "") }

func TestPiecesKeepEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkPieces(t, messages().Draw(t, "s"), rapid.IntRange(0, 80).Draw(t, "limit"))
	})
}

// A link is cut only where it alone is longer than a piece.
func TestLinksStayWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[가-힣]{1,6}[.?!]?`), 0, 12)
		link := "https://" + rapid.StringMatching(`[a-z]{3,10}\.go\.kr/[a-z0-9?=&]{0,20}[a-z0-9]`).Draw(t, "link")
		s := strings.Join(words.Draw(t, "before"), " ") + link + " " + strings.Join(words.Draw(t, "after"), " ")
		limit := rapid.IntRange(len(link), 80).Draw(t, "limit")
		for _, p := range hangul.SplitSentences(s, limit) {
			if strings.Contains(p, link) {
				return
			}
		}
		t.Fatalf("%q at %d: link cut in %q", s, limit, hangul.SplitSentences(s, limit))
	})
}

func FuzzSplitSentences(f *testing.F) {
	f.Add("오늘 고쳤습니다. 내일 다시 보겠습니다.", 10)
	f.Add("https://a.kr/?x "+family, 5)
	f.Add("e\u0301\u0301\u0301\u0301 \xff\xfe\r\n.", 2)
	f.Fuzz(func(t *testing.T, s string, limit int) { checkPieces(t, s, limit) })
}

func TestEndsWithQuestion(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"어느 쪽 가로등인가요?", "위치를 알려 주시겠어요", "사진이 있나요 ^^", "맞습니까.", "언제 보셨나요? 😊", "몇 시쯤이었을까요~", "맞나요?)",
		"확인했습니다. 더 필요한 것이 있으신가요", "그곳이 맞는지요…", "정말？", "가능할까",
	} {
		if !hangul.EndsWithQuestion(s) {
			t.Errorf("%q: not taken as a question", s)
		}
	}
	for _, s := range []string{
		"", "고쳤습니다.", "어디인가요? 알려 주시면 확인하겠습니다.", "비가 오니까요.", "위험하니까", "감사합니다!", "내일 가요", "👍", "도로과에서 확인했어요.",
	} {
		if hangul.EndsWithQuestion(s) {
			t.Errorf("%q: taken as a question", s)
		}
	}
}

func TestOnlyThanks(t *testing.T) {
	t.Parallel()
	list := []string{"감사합니다", "고맙습니다", "수고하세요", "네", "넵", "예", "알겠습니다", "확인했습니다", "ㄱㅅ", "ㅇㅋ", "OK", "ㅇㅇ"}
	for _, s := range []string{
		"감사합니다", "감사합니다.", "감사합니다~!!", " 감사 합니다 ", "감사합니다ㅎㅎ", "감사합니다 ^^", "감사합니다 ㅠㅠ", "네 감사합니다", "네, 알겠습니다. 감사합니다!",
		"네네", "넵!", "👍", "👍🏽👍🏽", "❤️", "🙏 감사합니다 🙏", family, "ㅎㅎ", "ㅋㅋㅋㅋ", "^^", "😊ㅎㅎ", "ok", "ＯＫ", "ㅇㅋ", "ㄱㅅㄱㅅ", "네...", "수고하세요~",
		"\u1102\u1166", "🇰🇷",
	} {
		if !hangul.OnlyThanks(s, list) {
			t.Errorf("%q: not taken as thanks", s)
		}
	}
	for _, s := range []string{
		"", " ", "...", "?", "네?", "감사합니다?", "네❓", "아니요", "감사합니다 그런데 언제 고치나요", "네 12시요", "네 또 꺼졌어요", "감사", "ㅠㅠ", "네 감사합니다만",
		"12", "1️⃣", "→", "고맙습니다 가로등", "~", "가\uFE0F",
	} {
		if hangul.OnlyThanks(s, list) {
			t.Errorf("%q: taken as only thanks", s)
		}
	}
	if hangul.OnlyThanks("감사합니다", nil) || hangul.OnlyThanks("감사합니다", []string{"", "!"}) {
		t.Error("thanks without a list of thanks")
	}
}

func FuzzOnlyThanks(f *testing.F) {
	f.Add("네 감사합니다 😊", "감사합니다")
	f.Add("\xff^^", "\xff")
	f.Fuzz(func(t *testing.T, s, phrase string) {
		hangul.EndsWithQuestion(s)
		if hangul.OnlyThanks(s, []string{phrase}) && strings.Contains(s, "?") {
			t.Fatalf("%q is a question", s)
		}
	})
}
