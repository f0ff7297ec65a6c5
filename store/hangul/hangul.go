// Package hangul knows Korean text: storing and comparing it, counting it as KakaoTalk does, cutting
// it where it may be cut, choosing the particle that follows a word, and telling bare thanks and
// questions from the rest.
//
// Everything here is a pure function of its arguments. It decides nothing about cases. Imports the
// standard library and golang.org/x/text.
package hangul

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalize returns s as it is stored: valid UTF-8, composed (phones from Apple send decomposed
// syllables), lines ended by \n, without NUL, control characters and marks that turn the writing
// direction (they can make a text read differently from what it says). Emoji and their joiners stay.
func Normalize(s string) string {
	if plain(s) && strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) < 0 {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
			return '\n'
		case unicode.IsControl(r), r == '\uFEFF',
			r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s))
}

// Fold returns s for comparison: compatibility forms made plain (NFKC) and lower case. Single jamo
// (ㅎㅎ, ㄱㅈㅅ) stay as typed, since NFKC would glue them into syllables nobody wrote.
func Fold(s string) string {
	if plain(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for s != "" {
		n := strings.IndexFunc(s, isJamo)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(norm.NFKC.String(strings.ToLower(norm.NFKC.String(s[:n]))))
		s = s[n:]
		n = strings.IndexFunc(s, func(r rune) bool { return !isJamo(r) })
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	return b.String()
}

// plain reports whether s holds nothing but ASCII and whole syllables, which every form leaves as they are: nearly all
// messages, and ten times as quick to see as to compose.
func plain(s string) bool {
	for _, r := range s {
		if r >= utf8.RuneSelf && (r < '가' || r > '힣') {
			return false
		}
	}
	return true
}

// isJamo reports whether r is a single letter as typed on a Korean keyboard (compatibility jamo).
func isJamo(r rune) bool { return r >= 'ㄱ' && r <= 'ㅣ' }

// Len counts s in KakaoTalk's characters: UTF-16 units, the cautious reading of
// kakao-chatbot.md §3.2, so an emoji counts two or more.
func Len(s string) int {
	n := 0
	for _, r := range s {
		n += units(r)
	}
	return n
}

func units(r rune) int {
	if r >= 0x10000 {
		return 2
	}
	return 1
}

// Cut shortens s to at most n KakaoTalk characters, the … that marks the cut included. It never
// cuts inside what a reader sees as one character.
func Cut(s string, n int) string {
	if Len(s) <= n {
		return s
	}
	if n < 1 {
		return ""
	}
	end, used := 0, 1 // 1 for the …
	for end < len(s) {
		size := cluster(s[end:])
		used += Len(s[end : end+size])
		if used > n {
			break
		}
		end += size
	}
	return strings.TrimRightFunc(s[:end], unicode.IsSpace) + "…"
}

// initials are the nineteen initial consonants in the order of the syllable block U+AC00.
var initials = []rune("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")

// The syllable block: 19 initials × 21 vowels × 28 finals (Unicode §3.12).
const (
	firstSyllable = '가'
	lastSyllable  = '힣'
	finals        = 28
	vowels        = 21
)

// Choseong returns the initial consonant of r as typed on a keyboard (한 → ㅎ, ㅎ → ㅎ); false if r is
// no Korean syllable or consonant that can begin one.
func Choseong(r rune) (rune, bool) {
	switch {
	case isSyllable(r):
		return initials[(r-firstSyllable)/(vowels*finals)], true
	case r >= 0x1100 && r <= 0x1112: // conjoining initials
		return initials[r-0x1100], true
	}
	for _, c := range initials {
		if r == c {
			return r, true
		}
	}
	return 0, false
}

func isSyllable(r rune) bool { return r >= firstSyllable && r <= lastSyllable }

// lastRune returns the last character of s, 0 if s is empty.
func lastRune(s string) rune {
	r, size := utf8.DecodeLastRuneInString(s)
	if size == 0 {
		return 0
	}
	return r
}
