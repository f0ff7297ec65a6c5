package skill

import (
	"unicode/utf16"
)

// Limits of an answer. Kakao counts "characters" without saying how; Count is the strictest reading.
const (
	Version = "2.0" // §3.1: without it the answer is taken for the old format

	MaxOutputs      = 3     // §3.1, at least 1
	MaxQuickReplies = 10    // §3.1
	MaxBubbleBytes  = 30720 // §3.1: a bubble above 30 KB is not delivered

	MaxText  = 1000 // §3.2 simpleText.text
	FoldText = 500  // §3.2: longer texts are folded behind 전체 보기
	MaxAlt   = 50   // §3.2 simpleImage.altText, thumbnail.altText

	MaxTextCardTitle    = 50  // §3.2 textCard.title
	MaxTextCard         = 400 // §3.2 textCard title and description together
	MaxTextCardCarousel = 128 // §3.2 the same inside a carousel

	MaxBasicCardTitle       = 50  // §3.2 basicCard.title
	MaxBasicCardDescription = 230 // §3.2 basicCard.description

	MaxCommerceTitle       = 30 // §3.2 commerceCard.title
	MaxCommerceDescription = 40 // §3.2 commerceCard.description

	MaxListItems         = 5 // §3.2 listCard.items
	MaxListItemsCarousel = 4 // §3.2 the same inside a carousel

	MaxItems            = 10  // §3.2 itemCard.itemList
	MaxItemsCarousel    = 5   // §3.2 the same inside a carousel
	MaxItemTitle        = 6   // §3.2 itemCard.itemList[].title, itemListSummary.title
	MaxItemSummary      = 14  // §3.2 itemListSummary.description
	MaxItemProfile      = 15  // §3.2 itemCard.profile.title
	MaxItemCard         = 200 // §3.2 itemCard title and description together
	MaxItemCardCarousel = 100 // §3.2 the same inside a carousel

	MaxCarousel     = 10 // §3.2 carousel.items
	MaxCarouselList = 5  // §3.2 carousel.items of listCard

	MaxButtons           = 3  // §3.2 one below the other
	MaxButtonsHorizontal = 2  // §3.2 buttonLayout horizontal
	MaxLabel             = 14 // §3.2 button.label; for a quick reply the page names no limit, 14 is safe
	MaxLabelHorizontal   = 8  // §3.2 button.label, two side by side
)

// MaxUserID bounds the bytes of a user key we accept; Kakao's are at most 70 characters (§1.5).
const MaxUserID = 256

// Count returns the length of s in UTF-16 units, the strictest of the ways Kakao may count an emoji (§3.2).
func Count(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// Truncate returns the longest prefix of s with Count ≤ limit, ending with "…" if something was cut off.
func Truncate(s string, limit int) string {
	if Count(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	n := 1 // the ellipsis
	for i, r := range s {
		if n += max(1, utf16.RuneLen(r)); n > limit {
			return s[:i] + "…"
		}
	}
	return s
}
