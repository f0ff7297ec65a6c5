package hangul

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OnlyThanks reports whether s says nothing but thanks or assent: one or more phrases of list with
// nothing between them but spaces, punctuation, emoji and laughter, or emoji and laughter alone
// (RULES A6). A question mark anywhere makes it something else.
func OnlyThanks(s string, list []string) bool {
	if strings.ContainsAny(s, "?？❓❔⁉") {
		return false
	}
	words, cheer := bare(s)
	if words == "" {
		return cheer
	}
	phrases := make([]string, 0, len(list))
	for _, p := range list {
		if p, _ := bare(p); p != "" {
			phrases = append(phrases, p)
		}
	}
	return madeOf(words, phrases)
}

// madeOf reports whether s is a row of the given phrases.
func madeOf(s string, phrases []string) bool {
	reached := make([]bool, len(s)+1)
	reached[0] = true
	for i := range len(s) {
		if !reached[i] {
			continue
		}
		for _, p := range phrases {
			if strings.HasPrefix(s[i:], p) {
				reached[i+len(p)] = true
			}
		}
	}
	return reached[len(s)]
}

// bare returns the words of s, folded, without spaces, punctuation, emoji and laughter, and whether
// an emoji or friendly laughter was among what it left out.
func bare(s string) (words string, cheer bool) {
	var b strings.Builder
	s = strings.ReplaceAll(s, "^^", "😊")
	for s != "" {
		size := cluster(s)
		c := s[:size]
		s = s[size:]
		r, _ := utf8.DecodeRuneInString(c)
		switch {
		case isEmoji(c):
			cheer = true
		case isNoise(r):
			cheer = cheer || r == 'ㅎ' || r == 'ㅋ'
		case unicode.IsSpace(r), unicode.IsPunct(r), unicode.IsSymbol(r), unicode.IsControl(r):
		default:
			b.WriteString(Fold(c))
		}
	}
	return b.String(), cheer
}

// isNoise reports whether r is a letter people type to laugh or to cry.
func isNoise(r rune) bool { return strings.ContainsRune("ㅎㅋㅠㅜ", r) }
