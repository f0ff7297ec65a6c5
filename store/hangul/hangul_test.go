package hangul_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"toktok/store/hangul"
)

const family = "👨‍👩‍👧‍👦" // four people in one picture: 11 UTF-16 units

func TestNormalize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "가로등이 꺼졌어요", "가로등이 꺼졌어요"},
		{"decomposed syllables", "\u1100\u1161\u1105\u1169등", "가로등"},
		{"NUL and control characters", "가\x00나\x07다\x1b[31m\x7f\u0085라", "가나다[31m\n라"},
		{"line ends", "가\r\n나\r다\n라\u2028마", "가\n나\n다\n라\n마"},
		{"tabs stay", "가\t나", "가\t나"},
		{"emoji and joiners stay", family + "👍🏽❤️", family + "👍🏽❤️"},
		{"byte order mark", "\uFEFF안녕", "안녕"},
		{"direction overrides", "pdf\u202Egpj.exe\u2066x\u2069", "pdfgpj.exex"},
		{"broken bytes show as such", "가\xff\xfe나", "가\uFFFD나"},
		{"composed again across a removed character", "\u1100\x00\u1161", "가"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := hangul.Normalize(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ＫＴ① Ｗｉ－Ｆｉ":      "kt1 wi-fi",
		"가로등":            "가로등",
		"\u1100\u1161로등": "가로등",
		"감사합니다ㅎㅎ":        "감사합니다ㅎㅎ",
		"ㄱㅏㄴㅏ":           "ㄱㅏㄴㅏ",
		"㈜한국 ㎡":          "(주)한국 m2",
		"":               "",
	} {
		if got := hangul.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLenCountsAsKakaoTalk(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"": 0, "가나다": 3, "a b": 3, "👍": 2, "👍🏽": 4, family: 11, "\xff": 1} {
		if got := hangul.Len(in); got != want {
			t.Errorf("Len(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"가로등이 꺼졌어요", 9, "가로등이 꺼졌어요"},
		{"가로등이 꺼졌어요", 8, "가로등이 꺼졌…"},
		{"가로등이 꺼졌어요", 6, "가로등이…"},
		{"가로등이 꺼졌어요", 1, "…"},
		{"가로등", 0, ""},
		{"가" + family + "나", 12, "가…"},
		{"가" + family + "나다", 13, "가" + family + "…"},
		{"🇰🇷🇺🇸🇯🇵", 9, "🇰🇷🇺🇸…"},
		{"\u1112\u1161\u11AB글이야", 5, "\u1112\u1161\u11AB글…"},
	} {
		if got := hangul.Cut(c.in, c.n); got != c.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestChoseong(t *testing.T) {
	t.Parallel()
	for in, want := range map[rune]rune{'가': 'ㄱ', '힣': 'ㅎ', '까': 'ㄲ', '값': 'ㄱ', '포': 'ㅍ', '을': 'ㅇ', 'ㅎ': 'ㅎ', '\u1112': 'ㅎ'} {
		if got, ok := hangul.Choseong(in); !ok || got != want {
			t.Errorf("Choseong(%c) = %c, %v; want %c", in, got, ok, want)
		}
	}
	for _, in := range "aA1 ㅏㄳ漢.👍" {
		if got, ok := hangul.Choseong(in); ok {
			t.Errorf("Choseong(%c) = %c, want none", in, got)
		}
	}
}

func TestJosa(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ word, pair, want string }{
		{"도로과", "은/는", "는"}, {"자원순환팀", "은/는", "은"},
		{"도로과", "이/가", "가"}, {"담당관", "이/가", "이"},
		{"사진", "을/를", "을"}, {"접수번호", "을/를", "를"},
		{"부산", "과/와", "과"}, {"경주", "과/와", "와"},
		{"도로과", "으로/로", "로"}, {"팀", "으로/로", "으로"}, {"서울", "으로/로", "로"}, {"건설", "은/는", "은"},
		{"경주", "와/과", "와"}, {"서울", "로/으로", "로"}, {"서울", "가/이", "이"}, {"팀", "는/은", "은"}, {"사진", "를/을", "을"},
		{"사진", "이에요/예요", "이에요"}, {"번호", "이에요/예요", "예요"},
		{"2026-000123", "은/는", "은"}, {"119", "으로/로", "로"}, {"112", "으로/로", "로"}, {"2026-000121", "으로/로", "로"},
		{"10", "이/가", "이"}, {"3", "으로/로", "으로"}, {"5", "이/가", "가"}, {"18:00", "으로/로", "로"}, {"18:30", "으로/로", "으로"}, {"11월 24일(화)", "으로/로", "로"},
		{"PDF", "을/를", "를"}, {"URL", "을/를", "을"}, {"URL", "으로/로", "로"}, {"CCTV", "이/가", "가"}, {"ATM", "으로/로", "으로"}, {"K", "은/는", "는"},
		{"email", "을/를", "을"}, {"app", "을/를", "을"}, {"internet", "이/가", "이"}, {"center", "으로/로", "로"},
		{"KakaoTalk", "으로/로", "으로"}, {"wifi", "이/가", "가"}, {"site", "을/를", "를"}, {"parking", "을/를", "을"}, {"m", "이/가", "이"},
		{"도로과(054-779-1234)", "은/는", "는"}, {"자원순환팀 (담당 김하나)", "이/가", "이"}, {"「민원처리법」", "은/는", "은"},
		{"(도로과)", "은/는", "는"}, {"'사진'", "을/를", "을"}, {"도로과 ", "이/가", "가"}, {"30%", "을/를", "를"},
		{"", "은/는", "은(는)"}, {"漢", "이/가", "이(가)"}, {"漢", "으로/로", "(으)로"}, {"👍", "을/를", "을(를)"}, {"()", "과/와", "과(와)"},
		{"ㅋ", "은/는", "은"}, {"ㄹ", "으로/로", "로"}, {"ㅏ", "은/는", "는"}, {"도로과", "에게", "에게"},
	} {
		if got := hangul.Josa(c.word, c.pair); got != c.want {
			t.Errorf("Josa(%q, %q) = %q, want %q", c.word, c.pair, got, c.want)
		}
	}
}

// messages draws text of the kind people write, with the pieces that are hard to cut mixed in.
func messages() *rapid.Generator[string] {
	part := rapid.OneOf(
		rapid.SampledFrom([]string{
			"다.", "요.", "요! ", "까?", "\n", "\n\n", " ", ". ", "…", "가. ", "2026. 11. 23.(월) ", "\"네.\"", family, "👍🏽", "🇰🇷", "❤️", "1️⃣",
			"https://example.go.kr/a?b=c&d=%20 ", "www.example.com/길", "e\u0301\u0302", "\u1112\u1161\u11AB", "ㅎㅎ", "\u200d", "\ufe0f", "\t", "\u00a0",
		}),
		rapid.StringMatching(`[가-힣]{1,12}`),
		rapid.StringN(0, 6, -1),
	)
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(part, 0, 40).Draw(t, "parts"), "") })
}

func TestNormalizeAndFoldSettle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := messages().Draw(t, "s")
		n := hangul.Normalize(s)
		if again := hangul.Normalize(n); again != n || !utf8.ValidString(n) || strings.ContainsAny(n, "\x00\r") {
			t.Fatalf("Normalize(%q) = %q, again %q", s, n, again)
		}
		f := hangul.Fold(n)
		if again := hangul.Fold(f); again != f {
			t.Fatalf("Fold(%q) = %q, again %q", n, f, again)
		}
	})
}

func TestCutFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, n := messages().Draw(t, "s"), rapid.IntRange(-1, 60).Draw(t, "n")
		got := hangul.Cut(s, n)
		if hangul.Len(got) > max(n, 0) {
			t.Fatalf("Cut(%q, %d) = %q, %d characters", s, n, got, hangul.Len(got))
		}
		if head, cut := strings.CutSuffix(got, "…"); got != s && got != "" && (!cut || !strings.HasPrefix(s, head)) {
			t.Fatalf("Cut(%q, %d) = %q is not its beginning", s, n, got)
		}
	})
}
