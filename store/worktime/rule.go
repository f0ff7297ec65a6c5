package worktime

import (
	"strconv"
	"strings"
	"time"
)

type unit int

const (
	unitHours unit = iota + 1
	unitDays
	unitWeeks
	unitMonths
	unitYears
)

// units in the order of the constants above. The bounds keep a slip of the finger off the legal
// clock; the longest period of the 민원처리기준표 is far below them.
var units = [...]struct {
	name   string
	korean string
	most   int
}{
	unitHours:  {"hours", "시간", 240},
	unitDays:   {"days", "일", 365},
	unitWeeks:  {"weeks", "주", 104},
	unitMonths: {"months", "개월", 60},
	unitYears:  {"years", "년", 10},
}

const (
	immediateHours  = 3 // 즉시 = 3 working hours (민원처리법 시행령 §19)
	workingDayHours = 8 // 1 day of a period ≤ 5 days = 8 working hours (민원처리법 §19①)
	mostHourDays    = 5 // up to here days are counted in hours (민원처리법 §19①)
)

// Rule is a processing period (처리기간); the zero Rule is none.
type Rule struct {
	unit      unit
	n         int
	immediate bool
}

// ParseRule reads immediate, hours:N (1–240), days:N (1–365), weeks:N (1–104), months:N (1–60) or
// years:N (1–10); the error is an *Error fit for a form.
func ParseRule(s string) (Rule, error) {
	if s == "immediate" {
		return Rule{unit: unitHours, n: immediateHours, immediate: true}, nil
	}
	name, count, _ := strings.Cut(s, ":")
	for u := unitHours; u <= unitYears; u++ {
		if units[u].name != name {
			continue
		}
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil || n < 1 || int(n) > units[u].most || count[0] == '0' {
			return Rule{}, &Error{Field: "rule", Text: "처리기간은 1" + units[u].korean + "부터 " +
				strconv.Itoa(units[u].most) + units[u].korean + "까지 정할 수 있어요."}
		}
		return Rule{unit: u, n: int(n)}, nil
	}
	return Rule{}, &Error{Field: "rule", Text: "처리기간은 immediate, hours:3, days:7, weeks:2, months:1, years:1처럼 적어 주세요."}
}

// String returns the form ParseRule reads, "" for the zero Rule.
func (r Rule) String() string {
	switch {
	case r.unit == 0:
		return ""
	case r.immediate:
		return "immediate"
	}
	return units[r.unit].name + ":" + strconv.Itoa(r.n)
}

// Korean returns the period as people read it: 즉시(3시간), 7일, 1개월.
func (r Rule) Korean() string {
	switch {
	case r.unit == 0:
		return ""
	case r.immediate:
		return "즉시(" + strconv.Itoa(immediateHours) + "시간)"
	}
	return strconv.Itoa(r.n) + units[r.unit].korean
}

// MarshalText writes the form of String.
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the form of ParseRule.
func (r *Rule) UnmarshalText(text []byte) error {
	v, err := ParseRule(string(text))
	if err != nil {
		return err
	}
	*r = v
	return nil
}

// IsZero reports whether there is no rule.
func (r Rule) IsZero() bool { return r.unit == 0 }

// Instant reports whether the rule ends at an instant (immediate, hours, days ≤ 5) and not with a day.
func (r Rule) Instant() bool {
	return r.unit == unitHours || r.unit == unitDays && r.n <= mostHourDays
}

// hours returns the working time of an Instant rule.
func (r Rule) hours() time.Duration {
	if r.unit == unitDays {
		return time.Duration(r.n*workingDayHours) * time.Hour
	}
	return time.Duration(r.n) * time.Hour
}

// lastDay returns the last day of a period in weeks, months or years whose first day counts: the day
// before the corresponding date, or the end of the month that lacks it (민법 §160).
func (r Rule) lastDay(first Date) Date {
	months := r.n
	switch r.unit {
	case unitWeeks:
		return first.AddDays(7*r.n - 1)
	case unitYears:
		months *= 12
	}
	target := NewDate(first.Year, first.Month+time.Month(months), 1)
	end := NewDate(target.Year, target.Month+1, 0)
	if first.Day > end.Day {
		return end
	}
	return Date{target.Year, target.Month, first.Day}.AddDays(-1)
}
