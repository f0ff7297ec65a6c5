package wording_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"toktok/store/hangul"
	"toktok/store/wording"
)

const caseLink = "https://talk.example.go.kr/t/ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// sentences makes n sentences that take size characters each, the space between them included.
func sentences(n, size int) string {
	return strings.TrimSpace(strings.Repeat(strings.Repeat("가", size-3)+"다. ", n))
}

func TestReplyBubbles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		text  string
		sizes []int // with "(1/2) " in front of two; nil = none
		needs bool
	}{
		{"empty", " \n", nil, false},
		{"short", "고쳤습니다.", []int{6}, false},
		{"not folded", strings.Repeat("가", 480), []int{480}, false},
		{"two that are not folded", sentences(8, 100), []int{6 + 399, 6 + 399}, false},
		{"two without a sentence", strings.Repeat("가", 960), []int{486, 486}, false},
		{"one folded rather than three", sentences(9, 100), []int{899}, false},
		{"two folded", sentences(18, 100), []int{6 + 899, 6 + 899}, false},
		{"the longest", strings.Repeat("가", 1960), []int{986, 986}, false},
		{"too long", strings.Repeat("가", 1961), nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bubbles, needs := wording.ReplyBubbles(c.text, "")
			var sizes []int
			for _, b := range bubbles {
				sizes = append(sizes, hangul.Len(b))
			}
			if diff := cmp.Diff(c.sizes, sizes); diff != "" || needs != c.needs {
				t.Errorf("needs link: %v, sizes (-want +got):\n%s", needs, diff)
			}
		})
	}
}

func TestLongReplyLeadsToItsCasePage(t *testing.T) {
	t.Parallel()
	bubbles, needs := wording.ReplyBubbles(sentences(30, 100), caseLink)
	if !needs || len(bubbles) != 2 {
		t.Fatalf("%d bubbles, needs link %v", len(bubbles), needs)
	}
	if !strings.HasPrefix(bubbles[0], "(1/2) 가") || !strings.HasSuffix(bubbles[0], "다.") || !strings.HasPrefix(bubbles[1], "(2/2) ") || !strings.HasSuffix(bubbles[1], "\n"+caseLink) {
		t.Errorf("got %q", bubbles)
	}
}

// Whatever is sent arrives whole, in at most two bubbles that KakaoTalk takes.
func TestReplyBubblesKeepEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.SampledFrom([]string{"다. ", "요!\n", "👨‍👩‍👧‍👦", "https://example.go.kr/a?b=c ", "\n\n"}), rapid.StringMatching(`[가-힣 ]{1,90}`))
		text := strings.Join(rapid.SliceOfN(part, 0, 60).Draw(t, "parts"), "")
		bubbles, needs := wording.ReplyBubbles(text, "")
		if len(bubbles) > 2 || needs && (bubbles != nil || hangul.Len(text) <= 980) {
			t.Fatalf("%d characters: %d bubbles, needs link %v", hangul.Len(text), len(bubbles), needs)
		}
		var joined strings.Builder
		for i, b := range bubbles {
			if hangul.Len(b) > 1000 {
				t.Fatalf("bubble of %d characters", hangul.Len(b))
			}
			if len(bubbles) == 2 {
				rest, ok := strings.CutPrefix(b, []string{"(1/2) ", "(2/2) "}[i])
				if !ok {
					t.Fatalf("bubble %d is not numbered: %q", i+1, b)
				}
				b = rest
			}
			joined.WriteString(b)
		}
		spaceless := func(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), "") }
		if !needs && spaceless(joined.String()) != spaceless(text) {
			t.Fatalf("%q became %q", text, bubbles)
		}
	})
}

// Labels fit KakaoTalk's buttons (14 characters, kakao-chatbot.md §3.2).
func TestLabelsFit(t *testing.T) {
	t.Parallel()
	for _, l := range []string{
		wording.LabelStatus, wording.LabelPickup, wording.LabelAddChannel, wording.LabelWithdraw, wording.LabelKeep,
		wording.LabelMore(1), wording.LabelMore(99), wording.LabelMore(12345),
	} {
		if hangul.Len(l) > 14 || l == "" {
			t.Errorf("%q has %d characters", l, hangul.Len(l))
		}
	}
	if got := wording.LabelMore(3); got != "답변 더 보기 (3)" {
		t.Errorf("LabelMore(3) = %q", got)
	}
}
