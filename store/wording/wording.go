// Package wording holds every text a citizen reads: the defaults, the variables each text may use, how
// long it may become, and how a city's own version is checked before it is kept. It also knows the
// words that mean danger.
//
// A text is plain Korean with variables in braces: {접수번호}, or {부서|이/가} with the particle that
// follows. A line whose variable has no value is left out, so one text serves with and without a due
// date or a phone number. Rendering never fails on a checked text and never gets longer than checked.
//
// Pure: no clock, no rows. Imports the standard library and store/hangul.
package wording

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"toktok/store/hangul"
)

// Key names one text.
type Key string

// Vars are the values a text may use. What is not known stays zero and its lines are left out.
type Vars struct {
	Number     string    // receipt number 2026-000123, or 시험
	Previous   string    // receipt number of the case this one follows
	Round      int       // 2 = 2회차
	NextOpen   time.Time // next opening of the desk
	Close      time.Time // end of today's desk hours
	At         time.Time // when it happened (arrival, result)
	Minutes    int       // usual minutes to an answer (RULES C3)
	Department string
	Handler    string
	Contact    string // phone of department or desk
	Due        string // due date as shown: Date or Time
	State      string // StateLabel
	Reason     string
	City       string
	Duty       string // phone of the duty room
	PrivacyURL string
	Count      int
	Text       string // words of staff, of any length
}

// Set holds a city's own texts; what it does not hold is the default. A nil Set is all defaults.
type Set map[Key]string

// Render returns text k with the values of v. The error says that k is no text, or that v lacks the
// value of every line; an own text that comes out empty gives way to the default.
func (s Set) Render(k Key, v Vars) (string, error) {
	info, ok := byKey[k]
	if !ok {
		return "", fmt.Errorf("wording: no text %q", k)
	}
	if own, ok := s[k]; ok {
		if info.Optional && strings.TrimSpace(own) == "" {
			return "", nil
		}
		if text := expand(own, info, v); text != "" {
			return text, nil
		}
	}
	if text := expand(info.Default, info, v); text != "" {
		return text, nil
	}
	return "", fmt.Errorf("wording: text %q: no line has its values", k)
}

// Join renders several texts into one bubble, a line break between them; texts switched off are
// left out.
func (s Set) Join(v Vars, keys ...Key) (string, error) {
	var parts []string
	for _, k := range keys {
		text, err := s.Render(k, v)
		if err != nil {
			return "", err
		}
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n"), nil
}

// placeholder matches {변수} and {변수|이/가}.
var placeholder = regexp.MustCompile(`\{([^{}|\n]*)(?:\|([^{}|\n]*))?\}`)

// line is a line of a text, taken apart once: pieces that end in a variable, and the words behind the last.
type line struct {
	pieces []piece
	tail   string
}

type piece struct {
	words string
	name  string
	value variable // its get is nil if there is no such variable
	josa  string
}

// taken holds the texts taken apart so far, by the text itself: as many as the settings have had.
var taken sync.Map

func linesOf(text string) []line {
	if known, ok := taken.Load(text); ok {
		return known.([]line)
	}
	var list []line
	for raw := range strings.Lines(text) {
		list = append(list, takeApart(strings.TrimRight(raw, " \r\n")))
	}
	taken.Store(text, list)
	return list
}

func takeApart(raw string) (l line) {
	from := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(raw, -1) {
		p := piece{words: raw[from:m[0]], name: raw[m[2]:m[3]]}
		p.value, _ = variableNamed(p.name)
		if m[4] >= 0 {
			p.josa = raw[m[4]:m[5]]
		}
		l.pieces = append(l.pieces, p)
		from = m[1]
	}
	l.tail = raw[from:]
	return l
}

func expand(text string, info Info, v Vars) string {
	out := make([]byte, 0, len(text)+64)
	blank := true // no blank line first, and never two in a row
	for _, l := range linesOf(text) {
		start := len(out)
		if start > 0 {
			out = append(out, '\n')
		}
		begin := len(out)
		whole, ok := l.expand(out, info, v)
		if !ok || len(whole) == begin && blank {
			out = out[:start]
			continue
		}
		out, blank = whole, len(whole) == begin
	}
	return strings.TrimSpace(string(out))
}

// expand appends the line with its values; false means that one is missing.
func (l line) expand(out []byte, info Info, v Vars) ([]byte, bool) {
	for _, p := range l.pieces {
		if p.value.get == nil || !info.allows(p.name) {
			return nil, false
		}
		value := p.value.get(v)
		if value == "" {
			return nil, false
		}
		if p.value.limit > 0 {
			value = hangul.Cut(value, p.value.limit)
		}
		out = append(append(out, p.words...), value...)
		if p.josa != "" {
			out = append(out, hangul.Josa(value, p.josa)...)
		}
	}
	return append(out, l.tail...), true
}

// variable is a name that may stand in braces. Values are cut at limit KakaoTalk characters, so what
// Check measured with example holds for every value; 0 = never cut.
type variable struct {
	name    string
	title   string
	limit   int
	example string // the longest value; "" = limit times 가
	get     func(Vars) string
}

var variables = []variable{
	{"접수번호", "접수번호", 14, "2026-000123", func(v Vars) string { return v.Number }},
	{"이전번호", "앞선 민원의 접수번호", 14, "2026-000123", func(v Vars) string { return v.Previous }},
	{"회차", "몇 번째 처리인지", 0, "99", func(v Vars) string { return positive(v.Round) }},
	{"다음업무", "다음 업무 시작", 0, longestTime, func(v Vars) string { return Time(v.NextOpen) }},
	{"마감", "오늘 업무 마감 시각", 0, "18:00", func(v Vars) string { return clock(v.Close) }},
	{"일시", "일어난 때", 0, longestTime, func(v Vars) string { return Time(v.At) }},
	{"분", "답변까지 보통 걸리는 분", 0, "540", func(v Vars) string { return positive(v.Minutes) }},
	{"부서", "담당 부서", 30, "", func(v Vars) string { return v.Department }},
	{"담당자", "담당자 이름", 20, "", func(v Vars) string { return v.Handler }},
	{"연락처", "전화번호", 40, "", func(v Vars) string { return v.Contact }},
	{"처리기한", "처리기한", 30, "", func(v Vars) string { return v.Due }},
	{"상태", "처리 상태", 10, "", func(v Vars) string { return v.State }},
	{"사유", "사유", 200, "", func(v Vars) string { return oneLine(v.Reason) }},
	{"도시", "시 이름", 20, "", func(v Vars) string { return v.City }},
	{"당직실", "당직실 전화번호", 40, "", func(v Vars) string { return v.Duty }},
	{"개인정보안내", "개인정보 처리 안내 주소", 0, "https://" + strings.Repeat("x", 192), func(v Vars) string { return v.PrivacyURL }},
	{"건수", "건수", 0, "9999", func(v Vars) string { return positive(v.Count) }},
	{"내용", "직원이 쓴 내용", 0, "가", func(v Vars) string { return v.Text }}, // its length is judged where it is written
}

func variableNamed(name string) (variable, bool) {
	for _, x := range variables {
		if x.name == name {
			return x, true
		}
	}
	return variable{}, false
}

func (x variable) longest() string {
	if x.example == "" {
		return strings.Repeat("가", x.limit)
	}
	return x.example
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// oneLine keeps a value from pushing what belongs together apart.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// kst is Korean time, which has had no daylight saving since 1988.
var kst = time.FixedZone("KST", 9*60*60)

const longestTime = "12월 31일(목) 23:59"

var weekdays = [...]string{"일", "월", "화", "수", "목", "금", "토"}

// Time returns t in Korean time as citizens read it: 11월 24일(화) 09:00; "" for the zero time.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return Date(t) + " " + clock(t)
}

// Date returns the day of t in Korean time: 11월 24일(화); "" for the zero time.
func Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(kst)
	return fmt.Sprintf("%d월 %d일(%s)", t.Month(), t.Day(), weekdays[t.Weekday()])
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(kst).Format("15:04")
}

// StateLabel returns the screen label of a case's state (RULES A3), the state itself if it is none.
func StateLabel(state string) string {
	switch state {
	case "waiting":
		return "아침 대기"
	case "open":
		return "답변 대기"
	case "answered":
		return "답변함"
	case "review":
		return "부서 처리"
	case "closed":
		return "완료"
	}
	return state
}
