package worktime

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const dayMinutes = 24 * 60

// Interval is a span of one day in minutes since midnight, half-open [From, To); To is at most
// 1440. Work past midnight is written as two intervals on two days.
type Interval struct{ From, To int }

// String returns 09:00-18:00, the form ParseInterval reads.
func (iv Interval) String() string { return clockText(iv.From) + "-" + clockText(iv.To) }

func clockText(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// MarshalText writes the form of String.
func (iv Interval) MarshalText() ([]byte, error) { return []byte(iv.String()), nil }

// UnmarshalText reads the form of ParseInterval.
func (iv *Interval) UnmarshalText(text []byte) error {
	v, err := ParseInterval(string(text))
	if err != nil {
		return err
	}
	*iv = v
	return nil
}

// ParseInterval reads 09:00-18:00, also with ~ or – between; the error is an *Error.
func ParseInterval(s string) (Interval, error) {
	bad := &Error{Field: "hours", Text: "시간을 09:00-18:00처럼 적어 주세요."}
	from, to, ok := strings.Cut(strings.NewReplacer("~", "-", "–", "-", " ", "").Replace(s), "-")
	if !ok {
		return Interval{}, bad
	}
	var iv Interval
	var ok1, ok2 bool
	iv.From, ok1 = parseClock(from)
	iv.To, ok2 = parseClock(to)
	if !ok1 || !ok2 {
		return Interval{}, bad
	}
	if iv.From >= iv.To {
		return Interval{}, &Error{Field: "hours", Text: "끝나는 시간이 시작하는 시간보다 늦어야 해요."}
	}
	return iv, nil
}

func parseClock(s string) (minute int, ok bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(s[:2], 10, 8)
	m, err2 := strconv.ParseUint(s[3:], 10, 8)
	minute = int(h)*60 + int(m)
	return minute, err1 == nil && err2 == nil && m < 60 && minute <= dayMinutes
}

// Week holds the hours of each weekday, indexed by time.Weekday; several intervals a day make gaps.
type Week [7][]Interval

// OfficeWeek returns Monday to Friday 09:00–18:00 without a gap.
func OfficeWeek() Week {
	var w Week
	for wd := time.Monday; wd <= time.Friday; wd++ {
		w[wd] = []Interval{{9 * 60, 18 * 60}}
	}
	return w
}

// Scope names the calendar that an exception or a set of hours belongs to.
type Scope string

// The scopes that exist once; departments have one each, see DepartmentScope.
const (
	ScopeDesk      Scope = "desk"
	ScopeStatutory Scope = "statutory"
	ScopeAll       Scope = "all"
)

const departmentPrefix = "department:"

// DepartmentScope returns the scope of one department's hours.
func DepartmentScope(id string) Scope { return Scope(departmentPrefix + id) }

// Department returns the department id of a department scope, else "".
func (s Scope) Department() string {
	id, ok := strings.CutPrefix(string(s), departmentPrefix)
	if !ok {
		return ""
	}
	return id
}

// Valid reports whether s is one of the four forms.
func (s Scope) Valid() bool {
	return s == ScopeDesk || s == ScopeStatutory || s == ScopeAll || s.Department() != ""
}

// Exception is a date whose hours differ: closed (휴무) or other hours (연장, 단축). It wins over
// holidays and weekdays. On one date the calendar's own scope wins over "all", and within a scope
// closed wins over hours.
type Exception struct {
	Date      Date
	Scope     Scope
	Closed    bool
	Intervals []Interval
	Name      string
}

// Config is what a Calendar is built from.
type Config struct {
	Name       string // Korean, for headings
	Scope      Scope  // whose exceptions apply, besides those of "all"
	Week       Week
	Lunch      Interval    // taken out of every day, exceptions included; zero: none
	Holidays   []Holiday   // complete list; BuiltIn plus what people entered
	Exceptions []Exception // any scope; those of other calendars are passed over
}

// Validate says in Korean what New would otherwise leave out: hours that do not exist or overlap,
// impossible dates, unknown scopes, exceptions that say nothing. The error is an *Error.
func (cfg Config) Validate() error {
	for wd, ivs := range cfg.Week {
		if err := validHours("hours", weekdays[wd]+"요일", ivs); err != nil {
			return err
		}
	}
	if cfg.Lunch != (Interval{}) {
		if err := validHours("lunch", "점심시간", []Interval{cfg.Lunch}); err != nil {
			return err
		}
	}
	for _, h := range cfg.Holidays {
		if !h.Date.Valid() {
			return &Error{Field: "holidays", Text: "휴일 날짜가 달력에 없어요."}
		}
		if n := utf8.RuneCountInString(strings.TrimSpace(h.Name)); n == 0 || n > 40 {
			return &Error{Field: "holidays", Text: "휴일 이름을 1~40자로 적어 주세요: " + h.Date.String()}
		}
	}
	for _, e := range cfg.Exceptions {
		switch {
		case !e.Date.Valid():
			return &Error{Field: "exceptions", Text: "예외 날짜가 달력에 없어요."}
		case !e.Scope.Valid():
			return &Error{Field: "scope", Text: "적용 대상을 골라 주세요: " + e.Date.String()}
		case e.Closed && len(e.Intervals) > 0:
			return &Error{Field: "exceptions", Text: "휴무와 시간을 함께 넣을 수 없어요: " + e.Date.String()}
		case !e.Closed && len(e.Intervals) == 0:
			return &Error{Field: "exceptions", Text: "휴무인지, 몇 시부터 몇 시까지인지 정해 주세요: " + e.Date.String()}
		case utf8.RuneCountInString(e.Name) > 40:
			return &Error{Field: "exceptions", Text: "이름은 40자까지 적을 수 있어요: " + e.Date.String()}
		}
		if err := validHours("exceptions", e.Date.String(), e.Intervals); err != nil {
			return err
		}
	}
	return nil
}

func validHours(field, where string, ivs []Interval) error {
	sorted := slices.SortedFunc(slices.Values(ivs), func(a, b Interval) int { return a.From - b.From })
	for i, iv := range sorted {
		if iv.From < 0 || iv.To > dayMinutes || iv.From >= iv.To {
			return &Error{Field: field, Text: where + ": 시작이 끝보다 빨라야 하고 24:00을 넘을 수 없어요."}
		}
		if i > 0 && iv.From < sorted[i-1].To {
			return &Error{Field: field, Text: where + ": 시간이 서로 겹쳐요."}
		}
	}
	return nil
}

// normal returns the intervals sorted, clipped to the day, merged where they touch, and with the
// lunch cut out, so that every later loop may trust them.
func normal(ivs []Interval, lunch Interval) []Interval {
	var cut []Interval
	for _, iv := range ivs {
		iv = Interval{max(iv.From, 0), min(iv.To, dayMinutes)}
		if lunch.From < lunch.To && lunch.From < iv.To && iv.From < lunch.To {
			cut = append(cut, Interval{iv.From, lunch.From}, Interval{lunch.To, iv.To})
			continue
		}
		cut = append(cut, iv)
	}
	cut = slices.DeleteFunc(cut, func(iv Interval) bool { return iv.From >= iv.To })
	slices.SortFunc(cut, func(a, b Interval) int { return a.From - b.From })
	var out []Interval
	for _, iv := range cut {
		if n := len(out); n > 0 && iv.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, iv.To)
			continue
		}
		out = append(out, iv)
	}
	return out
}
