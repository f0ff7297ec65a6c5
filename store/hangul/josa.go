package hangul

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ending is what decides the particle: how the last syllable of a word, read aloud, ends.
type ending int

const (
	unknown ending = iota
	vowel
	rieul // ㄹ: a consonant, but 로 follows it, not 으로
	consonant
)

// swapped holds pairs that are also written with the vowel's form first.
var swapped = map[string]string{
	"는/은": "은/는", "가/이": "이/가", "를/을": "을/를", "와/과": "과/와", "로/으로": "으로/로",
}

// Josa returns the particle of pair (은/는, 이/가, 을/를, 과/와, 으로/로, or any pair with the form after a
// consonant first) that follows word. Digits and Latin letters are taken as they are read in Korean;
// what stands in brackets behind the word is passed over. Where the sound cannot be known, both
// forms are returned as people write them: 은(는).
func Josa(word, pair string) string {
	if p, ok := swapped[pair]; ok {
		pair = p
	}
	closed, open, ok := strings.Cut(pair, "/")
	if !ok {
		return pair
	}
	switch sound(word) {
	case vowel:
		return open
	case rieul:
		if strings.HasPrefix(closed, "으") {
			return open
		}
		return closed
	case consonant:
		return closed
	}
	if strings.HasSuffix(closed, open) { // 으로/로 → (으)로
		return "(" + strings.TrimSuffix(closed, open) + ")" + open
	}
	return closed + "(" + open + ")"
}

var clockTime = regexp.MustCompile(`\d:[0-5]\d$`)

func sound(word string) ending {
	word = spoken(word)
	r, size := utf8.DecodeLastRuneInString(word)
	switch {
	case size == 0:
		return unknown
	case isSyllable(r):
		return finalSound((r - firstSyllable) % finals)
	case r >= 'ㄱ' && r <= 'ㅎ': // read by name: 기역, 니은, … 리을
		if r == 'ㄹ' {
			return rieul
		}
		return consonant
	case r >= 'ㅏ' && r <= 'ㅣ':
		return vowel
	case clockTime.MatchString(word): // 09:00 아홉 시, 09:30 아홉 시 삼십 분
		if strings.HasSuffix(word, "00") {
			return vowel
		}
		return consonant
	case r >= '0' && r <= '9': // 영 일 이 삼 사 오 육 칠 팔 구; 십 백 천 만 억 end like 영
		return [10]ending{consonant, rieul, vowel, consonant, vowel, vowel, consonant, rieul, rieul, vowel}[r-'0']
	case r >= 'A' && r <= 'Z':
		return letterSound(r)
	case r >= 'a' && r <= 'z':
		return latinSound(word)
	case r == '%', r == '㎡', r == '℃': // 퍼센트, 제곱미터, 도
		return vowel
	}
	return unknown
}

// finalSound takes the index of a final consonant in the syllable block: 0 none, 8 ㄹ.
func finalSound(final rune) ending {
	switch final {
	case 0:
		return vowel
	case 8:
		return rieul
	}
	return consonant
}

// letterSound reads one capital by its name: 엘, 엠, 엔, 알; all other names end in a vowel.
func letterSound(r rune) ending {
	switch r {
	case 'L', 'R':
		return rieul
	case 'M', 'N':
		return consonant
	}
	return vowel
}

// latinSound reads a word in small letters as Koreans borrow it: email 이메일, wifi, app 앱, internet
// 인터넷, center 센터. A lone small letter is read by its name.
func latinSound(word string) ending {
	head := strings.TrimRightFunc(word, func(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) })
	word = word[len(head):]
	if len(word) == 1 {
		return letterSound(rune(word[0] - 'a' + 'A'))
	}
	last, before := word[len(word)-1], word[len(word)-2]
	switch last {
	case 'l':
		return rieul
	case 'm', 'n':
		return consonant
	case 'g':
		if before == 'n' {
			return consonant
		}
	case 'p', 't', 'k', 'b':
		if strings.IndexByte("aeiou", before) >= 0 || before == last || strings.HasSuffix(word, "alk") {
			return consonant
		}
	}
	return vowel
}

// spoken strips from the end what is not read aloud: spaces, quotes, brackets and what they hold.
func spoken(word string) string {
	for {
		word = strings.TrimRightFunc(word, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.In(r, unicode.Pi, unicode.Pf) || strings.ContainsRune(`"'.,!~*_`, r)
		})
		closing, size := utf8.DecodeLastRuneInString(word)
		i := strings.IndexRune(")]}>）］｝〉》」』】", closing)
		if size == 0 || i < 0 {
			return word
		}
		opening := map[rune]string{
			')': "(", ']': "[", '}': "{", '>': "<", '）': "（", '］': "［", '｝': "｛",
			'〉': "〈", '》': "《", '」': "「", '』': "『", '】': "【",
		}[closing]
		inner := word[:len(word)-size]
		if at := strings.LastIndex(inner, opening); at >= 0 && strings.TrimSpace(inner[:at]) != "" {
			word = inner[:at]
		} else {
			word = inner // the whole word stands in brackets
		}
	}
}
