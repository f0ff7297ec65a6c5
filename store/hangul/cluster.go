package hangul

import (
	"unicode"
	"unicode/utf8"
)

// cluster returns the length in bytes of the first user-perceived character of s. It follows the
// rules of UAX #29 that matter in Korean messages: marks, joined emoji, flags, skin tones, decomposed
// syllables, CR LF.
func cluster(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r == '\r' && len(s) > 1 && s[1] == '\n' {
		return 2
	}
	if unicode.IsControl(r) {
		return n
	}
	flag := isFlagLetter(r)
	for n < len(s) {
		next, size := utf8.DecodeRuneInString(s[n:])
		switch {
		case isExtending(next):
		case r == zwj && isPictograph(next):
		case flag && isFlagLetter(next):
			flag = false // a flag is two letters, the third begins the next flag
		case joinsSyllable(r, next):
		default:
			return n
		}
		r = next
		n += size
	}
	return n
}

const zwj = '\u200D'

// isExtending reports whether r belongs to the character before it.
func isExtending(r rune) bool {
	return r == zwj || r == '\u200C' ||
		unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc) ||
		r >= 0x1F3FB && r <= 0x1F3FF || // skin tones
		r >= 0xE0020 && r <= 0xE007F // tags of regional flags
}

func isFlagLetter(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// isPictograph is a little wider than Unicode's Extended_Pictographic: its blocks, not its code points.
func isPictograph(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x2190 && r <= 0x2BFF, r == 0x203C, r == 0x2049, r >= 0x2122 && r <= 0x2139:
		return unicode.In(r, unicode.So, unicode.Sm, unicode.Po)
	}
	return r == '©' || r == '®' || r == '〰' || r == '〽' || r == '㊗' || r == '㊙'
}

// joinsSyllable reports whether the conjoining jamo b continues the syllable that a belongs to (GB6–GB8).
func joinsSyllable(a, b rune) bool {
	switch jamoKind(a) {
	case 'L':
		k := jamoKind(b)
		return k == 'L' || k == 'V' || isSyllable(b)
	case 'V':
		k := jamoKind(b)
		return k == 'V' || k == 'T'
	case 'T':
		return jamoKind(b) == 'T'
	}
	return false
}

// jamoKind returns 'L', 'V' or 'T' for what a run of conjoining jamo ends in, else 0.
func jamoKind(r rune) rune {
	switch {
	case r >= 0x1100 && r <= 0x115F, r >= 0xA960 && r <= 0xA97C:
		return 'L'
	case r >= 0x1160 && r <= 0x11A7, r >= 0xD7B0 && r <= 0xD7C6:
		return 'V'
	case r >= 0x11A8 && r <= 0x11FF, r >= 0xD7CB && r <= 0xD7FB:
		return 'T'
	case isSyllable(r):
		if (r-firstSyllable)%finals == 0 {
			return 'V'
		}
		return 'T'
	}
	return 0
}

// isEmoji reports whether the cluster c is shown as a picture. Keycaps are not: a digit may be an answer.
func isEmoji(c string) bool {
	r, _ := utf8.DecodeRuneInString(c)
	return isPictograph(r) && !unicode.Is(unicode.Sm, r) || isFlagLetter(r)
}
