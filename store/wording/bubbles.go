package wording

import (
	"fmt"
	"strings"

	"toktok/store/hangul"
)

// What stands on buttons and is typed in their place. A label has at most 14 characters
// (kakao-chatbot.md §3.2). Fixed, because the same words are recognised when they come back.
const (
	LabelStatus     = "진행상황"
	LabelPickup     = "답변 확인"
	LabelAddChannel = "채널 추가"
	LabelWithdraw   = "취하할게요"
	LabelKeep       = "계속할게요"
)

// LabelMore is the button that asks for n replies still waiting.
func LabelMore(n int) string { return fmt.Sprintf("답변 더 보기 (%d)", min(n, 99)) }

// A bubble of a reply: KakaoTalk folds past 500 characters and refuses past 1000
// (kakao-chatbot.md §3.2); the rest is left to "(1/2) " in front.
const (
	foldedAt  = 480
	refusedAt = 980
)

// caseLinkLine leads to the rest of a reply too long for two bubbles.
const caseLinkLine = "이어지는 내용은 민원 진행 안내에서 볼 수 있어요.\n"

// ReplyBubbles cuts a reply into the one or two bubbles it is sent in (RULES C2). A reply too long
// for two needs the link to its case page: with caseLink the second bubble leads there, without it
// there are no bubbles and the reply cannot be sent.
func ReplyBubbles(text, caseLink string) (bubbles []string, needsLink bool) {
	for _, limit := range []int{foldedAt, refusedAt} {
		switch parts := hangul.SplitSentences(text, limit); len(parts) {
		case 0:
			return nil, false
		case 1:
			return parts, false
		case 2:
			return []string{"(1/2) " + parts[0], "(2/2) " + parts[1]}, false
		}
	}
	if caseLink == "" {
		return nil, true
	}
	first := hangul.SplitSentences(text, refusedAt)[0]
	return []string{"(1/2) " + strings.TrimSpace(first), "(2/2) " + caseLinkLine + caseLink}, true
}
