package store

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Masking happens on the raw body, before the journal, the tables, quarantine and the logs (RULES B2): what is masked
// was never here. Telephone numbers are left alone; lists and exports cover them.

// maskBody returns the body with personal numbers in its JSON values replaced, and how many there were. Keys, ids and
// the addresses of photos, which link tells, are left as they are, so that the body stays readable; a body that is no
// JSON is masked as text.
func maskBody(body []byte, link func(string) bool) ([]byte, int) {
	if !enoughDigits(body) {
		return body, 0
	}
	if !json.Valid(body) {
		text, n := maskText(string(body))
		return []byte(text), n
	}
	out := make([]byte, 0, len(body)+32)
	found, key := 0, ""
	for i := 0; i < len(body); {
		if body[i] >= '0' && body[i] <= '9' {
			end := i + 1
			for end < len(body) && body[end] >= '0' && body[end] <= '9' {
				end++
			}
			masked, n := "", 0
			if end-i >= enough && !opaque[key] && !partOfNumber(body, i, end) {
				masked, n = maskText(string(body[i:end]))
			}
			if n > 0 {
				found += n
				out = strconv.AppendQuote(out, masked)
			} else {
				out = append(out, body[i:end]...)
			}
			i = end
			continue
		}
		if body[i] != '"' {
			out = append(out, body[i])
			i++
			continue
		}
		end := stringEnd(body, i)
		raw := body[i:end]
		isKey := end < len(body) && nextByte(body, end) == ':'
		switch {
		case isKey:
			key = string(raw[1 : len(raw)-1])
			out = append(out, raw...)
		case !enoughDigits(raw) || opaque[key]:
			out = append(out, raw...)
		default:
			masked, n := maskString(raw, key, link)
			found += n
			out = append(out, masked...)
		}
		i = end
	}
	return out, found
}

// opaque are the keys whose values are ids of Kakao, not words of a citizen (kakao-chatbot.md §1).
var opaque = map[string]bool{
	"id": true, "botUserKey": true, "bot_user_key": true, "plusfriendUserKey": true, "plusfriend_user_key": true,
	"appUserId": true, "app_user_id": true, "callbackUrl": true, "url": true, "secureUrls": true,
}

// maskString masks one JSON string literal. The address of a photo, and the secure image plugin's parameter, which
// holds such addresses in JSON of its own, are left.
func maskString(raw []byte, key string, link func(string) bool) ([]byte, int) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw, 0
	}
	if bareURL(s) && link(s) || key != "utterance" && strings.Contains(s, `"secureUrls"`) {
		return raw, 0
	}
	masked, n := maskText(s)
	if n == 0 {
		return raw, 0
	}
	out, err := json.Marshal(masked)
	if err != nil {
		return raw, 0
	}
	return out, n
}

// partOfNumber reports whether the digits are the part of a number with sign, fraction or exponent: nobody's own.
func partOfNumber(b []byte, from, to int) bool {
	return from > 0 && strings.IndexByte("+-.eE", b[from-1]) >= 0 || to < len(b) && strings.IndexByte(".eE", b[to]) >= 0
}

func stringEnd(b []byte, i int) int {
	for j := i + 1; j < len(b); j++ {
		switch b[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(b)
}

func nextByte(b []byte, i int) byte {
	for ; i < len(b); i++ {
		if b[i] != ' ' && b[i] != '\n' && b[i] != '\t' && b[i] != '\r' {
			return b[i]
		}
	}
	return 0
}

// enough digits for the shortest number that is masked, an account's.
const enough = 10

// enoughDigits is the cheap test that lets nearly every message pass untouched. Escaped digits (\u0031) and full-width
// ones count, for they read as digits.
func enoughDigits(b []byte) bool {
	n := 0
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] >= '0' && b[i] <= '9':
			n++
		case b[i] == 0xef && i+2 < len(b) && b[i+1] == 0xbc && b[i+2] >= 0x90 && b[i+2] <= 0x99:
			n++
		}
		if n >= enough {
			return true
		}
	}
	return false
}

// Placeholders that take the numbers' place.
const (
	maskedResident = "[주민등록번호 가림]"
	maskedCard     = "[카드번호 가림]"
	maskedAccount  = "[계좌번호 가림]"
)

var (
	// Resident and foreigner numbers: date, then a 7th digit 1–8; numbers since 2020-10 have no checksum.
	residentLike = regexp.MustCompile(`(\d{2})(\d{2})(\d{2})[\s.·‐-―－-]{0,3}([1-8])\d{6}`)
	cardLike     = regexp.MustCompile(`\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5}`)
	accountLike  = regexp.MustCompile(`\d{2,7}(?:[ -]\d{1,7}){1,4}|\d{10,14}`)
	phoneLike    = regexp.MustCompile(`^(?:\+?82[ -]?|0)(?:1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d)[ -]?\d{3,4}[ -]?\d{4}$|^1[5-9]\d{2}[ -]?\d{4}$`)
	bankLike     = regexp.MustCompile(`계좌|은행|뱅크|국민|신한|우리|하나|농협|기업|새마을|신협|우체국|수협|대구|부산|경남|카카오|토스|케이|산업|제일|씨티`)
)

// bankNear is how close a bank's name must be to make a number an account number (RULES B2).
const bankNear = 15

// maskText replaces personal numbers in text and counts them.
func maskText(s string) (string, int) {
	plain := narrowDigits(s)
	n := 0
	plain = replaceNumbers(plain, residentLike, func(before, match, after string) (string, bool) {
		m := residentLike.FindStringSubmatch(match)
		month, _ := strconv.Atoi(m[2])
		day, _ := strconv.Atoi(m[3])
		return maskedResident, month >= 1 && month <= 12 && day >= 1 && day <= 31
	}, &n)
	plain = replaceNumbers(plain, cardLike, func(before, match, after string) (string, bool) {
		return maskedCard, luhn(match)
	}, &n)
	if bankLike.MatchString(plain) {
		plain = replaceNumbers(plain, accountLike, func(before, match, after string) (string, bool) {
			digits := countDigits(match)
			near := bankLike.MatchString(lastRunes(before, bankNear)) || bankLike.MatchString(firstRunes(after, bankNear))
			return maskedAccount, digits >= enough && digits <= 14 && near && !phoneLike.MatchString(match)
		}, &n)
	}
	if n == 0 {
		return s, 0
	}
	return plain, n
}

// replaceNumbers replaces matches that stand alone: a number inside a longer run of digits or letters is something else.
func replaceNumbers(s string, re *regexp.Regexp, judge func(before, match, after string) (string, bool), n *int) string {
	var b strings.Builder
	for {
		at := re.FindStringIndex(s)
		if at == nil {
			break
		}
		match, after := s[at[0]:at[1]], s[at[1]:]
		b.WriteString(s[:at[0]])
		with, yes := judge(b.String(), match, after)
		if yes && !touches(b.String(), true) && !touches(after, false) {
			b.WriteString(with)
			s = after
			*n++
			continue
		}
		// Step over the run of digits it begins with: a match that begins inside the run does not stand alone, but one
		// that begins behind it may.
		run := s[at[0]:]
		size := len(run) - len(strings.TrimLeft(run, "0123456789"))
		b.WriteString(run[:size])
		s = run[size:]
	}
	return b.String() + s
}

func touches(s string, end bool) bool {
	if s == "" {
		return false
	}
	c := s[0]
	if end {
		c = s[len(s)-1]
	}
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// narrowDigits turns full-width digits and hyphens into plain ones; they read the same.
func narrowDigits(s string) string {
	if !strings.ContainsAny(s, "０１２３４５６７８９－") {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '－':
			return '-'
		}
		return r
	}, s)
}

// phoneIn finds telephone numbers inside words, for covering them where a number is not what one looks for.
var phoneIn = regexp.MustCompile(`(?:\+?82[ -]?|0)(?:1[016789]|2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d)[ -]?(\d{3,4})[ -]?\d{4}`)

// coverPhones hides the middle of telephone numbers in subjects and previews; the thread shows them (RULES B2).
func coverPhones(s string) string {
	if countDigits(s) < 9 {
		return s
	}
	return replaceNumbers(s, phoneIn, func(_, match, _ string) (string, bool) {
		middle := phoneIn.FindStringSubmatchIndex(match)
		return match[:middle[2]] + "****" + match[middle[3]:], true
	}, new(int))
}

// luhn is the check sum of card numbers (ISO/IEC 7812-1).
func luhn(s string) bool {
	sum, double := 0, false
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

func lastRunes(s string, n int) string {
	for i := len(s); i > 0; n-- {
		if n == 0 {
			return s[i:]
		}
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
