package hangul

import (
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// address matches what KakaoTalk makes a link of; a piece should not end inside one.
var address = regexp.MustCompile(`(?i)(?:https?://|www\.)[^\s<>"'가-힣]+|[0-9a-z-]+(?:\.[0-9a-z-]+)*\.(?:kr|com|net|org|io|me)(?:[/?#][^\s<>"'가-힣]*)?`)

// SplitSentences cuts s into pieces of at most limit KakaoTalk characters (at least 2, an emoji's
// size), each as long as possible and ending where a sentence or line ends; where none ends, between
// words; then between characters, not inside a web address unless it alone is too long. The pieces
// hold everything but the white space at the cuts.
func SplitSentences(s string, limit int) []string {
	limit = max(limit, 2)
	links := addresses(s)
	var pieces []string
	for start := 0; start < len(s); {
		end := pieceEnd(s, start, limit, links)
		if p := strings.TrimSpace(s[start:end]); p != "" {
			pieces = append(pieces, p)
		}
		start = end
	}
	return pieces
}

// pieceEnd returns where the piece that begins at start ends.
func pieceEnd(s string, start, limit int, links []span) int {
	for start < len(s) { // white space in front costs nothing
		r, size := utf8.DecodeRuneInString(s[start:])
		if !unicode.IsSpace(r) {
			break
		}
		start += size
	}
	var sentence, word, free, last int
	used, at := 0, start
	for at < len(s) {
		size := cluster(s[at:])
		c := s[at : at+size]
		used += Len(c)
		if blank := strings.TrimSpace(c) == ""; blank {
			word = at
			if strings.ContainsAny(c, "\n\r") {
				sentence = at
			}
		} else if used > limit {
			break
		}
		at += size
		last = at
		if !insideAny(links, at) {
			free = at
			if endsSentence(s, start, at) {
				sentence = at
			}
		}
	}
	switch {
	case at >= len(s):
		return len(s)
	case sentence > start:
		return sentence
	case word > start:
		return word
	case free > start:
		return free
	case last > start:
		return last
	}
	// One character with more marks than a bubble holds: cut between its code points.
	for used, at = 0, start; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if used += units(r); used > limit {
			break
		}
		at += size
	}
	return at
}

// closers may follow a full stop and still belong to the sentence.
const closers = `"')]}”’」』》〉】）`

// endsSentence reports whether a sentence of s[start:] ends just before at: a mark of its end
// (with closing quotes), and nothing behind that would go on with it.
func endsSentence(s string, start, at int) bool {
	body := strings.TrimRight(s[start:at], closers)
	quoted := len(body) < at-start // "…입니다."라고 goes on
	mark, size := utf8.DecodeLastRuneInString(body)
	next, _ := utf8.DecodeRuneInString(s[at:])
	rest := at == len(s)
	if !rest && (strings.ContainsRune(".!?。！？…~", next) || strings.ContainsRune(closers, next)) {
		return false // the mark goes on: "?!", "…", a closing quote
	}
	switch mark {
	case '!', '?', '！', '？', '。', '…':
		return rest || unicode.IsSpace(next) || !quoted && isSyllable(next)
	case '.':
		body = body[:len(body)-size]
		before := lastRune(body)
		word := body[strings.LastIndexFunc(body, func(r rune) bool { return !unicode.IsLetter(r) })+1:]
		if !unicode.IsLetter(before) || utf8.RuneCountInString(word) == 1 {
			return false // 2026. 11. 23. and the outline marks 1. 가. go on
		}
		return rest || unicode.IsSpace(next) ||
			!quoted && (before == '다' || before == '요') && isSyllable(next)
	}
	return false
}

type span struct{ from, to int }

func addresses(s string) []span {
	var spans []span
	for _, m := range address.FindAllStringIndex(s, -1) {
		link := strings.TrimRight(s[m[0]:m[1]], ".,!?…"+closers) // what ends the sentence is no part of the link
		spans = append(spans, span{m[0], m[0] + len(link)})
	}
	return spans
}

// insideAny reports whether a cut at offset at would fall inside one of the spans, which are in order.
func insideAny(spans []span, at int) bool {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].to > at })
	return i < len(spans) && spans[i].from < at
}

// asks matches the endings of a question that is written without its mark.
var asks = regexp.MustCompile(`(?:까|까요|나요|[은는인던한운른신]가요|는지요|시겠어요|을래요|실래요)$`)

// EndsWithQuestion reports whether the last sentence of s asks something, by its mark or by the
// ending of its verb.
func EndsWithQuestion(s string) bool {
	s = stripTail(s)
	if last := lastRune(s); last == '?' || last == '？' {
		return true
	}
	s = strings.TrimRight(s, ".。~!！…^ ")
	if stem, ok := strings.CutSuffix(strings.TrimSuffix(s, "요"), "니까"); ok {
		// 합니까 asks, 하니까(요) gives a reason: the syllable before tells them apart by its final ㅂ.
		before := lastRune(stem)
		return !strings.HasSuffix(s, "요") && isSyllable(before) && (before-firstSyllable)%finals == 17
	}
	return asks.MatchString(s)
}

// stripTail takes spaces, emoji, closing quotes and laughing letters off the end.
func stripTail(s string) string {
	var keep, at int
	for at < len(s) {
		size := cluster(s[at:])
		c := s[at : at+size]
		at += size
		r, _ := utf8.DecodeRuneInString(c)
		if !isEmoji(c) && !unicode.IsSpace(r) && !isNoise(r) && !strings.ContainsRune(closers, r) {
			keep = at
		}
	}
	return s[:keep]
}
