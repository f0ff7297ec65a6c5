package worktime

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// A Calendar answers for the years 2000–2100. Outside them it is closed, and what needs a date
// beyond them returns the zero value.
const (
	firstYear = 2000
	lastYear  = 2100
	tableDays = 36890 // days in 2000-01-01 … 2100-12-31

	seoulOffset = 9 * 3600
	daySeconds  = 24 * 3600
	epochDay    = 10957 // 2000-01-01 in days since 1970-01-01
)

// Calendar is an immutable value; it may be shared between goroutines. Each day of the table points
// to a plan, and running sums of working minutes and working days turn searches into binary ones.
// One Calendar takes about 300 KB.
type Calendar struct {
	name      string
	scope     Scope
	lunch     Interval
	plans     []plan
	day       [tableDays]uint16     // index into plans
	minutes   [tableDays + 1]uint32 // working minutes before the day
	days      [tableDays + 1]uint16 // working days before the day
	confirmed [lastYear - firstYear + 1]bool
}

// plan is how a day runs; days that run alike share one. Texts are made once, so that explaining
// costs no allocation.
type plan struct {
	intervals []Interval
	minutes   int
	reason    string // why it is no working day, as steps say it: 추석 연휴, 토요일
	closed    string // the same as Explain says it: 휴무: 추석 연휴, 주말
	open      string // 업무 중
	outside   string // 업무시간 외
}

// New builds a calendar. Input of people goes through Config.Validate first; what that refuses is
// left out here (intervals that do not exist, dates outside 2000–2100).
func New(cfg Config) *Calendar {
	c := &Calendar{name: cfg.Name, scope: cfg.Scope, lunch: cfg.Lunch}
	for wd := range cfg.Week {
		c.plans = append(c.plans, weekdayPlan(time.Weekday(wd), normal(cfg.Week[wd], cfg.Lunch)))
	}
	for i := range c.day {
		c.day[i] = uint16(weekdayOf(i))
	}
	c.applyHolidays(cfg.Holidays)
	c.applyExceptions(cfg.Exceptions)
	for i := range c.day {
		p := &c.plans[c.day[i]]
		c.minutes[i+1] = c.minutes[i] + uint32(p.minutes)
		c.days[i+1] = c.days[i]
		if p.minutes > 0 {
			c.days[i+1]++
		}
	}
	return c
}

func weekdayPlan(wd time.Weekday, ivs []Interval) plan {
	reason, closed := weekdays[wd]+"요일", "주말"
	if wd != time.Saturday && wd != time.Sunday {
		reason += " 정기 휴무"
		closed = "정기 휴무"
	}
	return newPlan(ivs, reason, closed)
}

func newPlan(ivs []Interval, reason, closed string) plan {
	p := plan{intervals: ivs, reason: reason, closed: closed, open: "업무 중", outside: "업무시간 외"}
	for _, iv := range ivs {
		p.minutes += iv.To - iv.From
	}
	return p
}

func (c *Calendar) applyHolidays(holidays []Holiday) {
	names := make(map[int][]string)
	var seen, unsure [lastYear - firstYear + 1]bool
	for _, h := range holidays {
		i, ok := dayIndex(h.Date)
		if !ok {
			continue
		}
		name := h.Name
		seen[h.Date.Year-firstYear] = true
		if !h.Confirmed {
			unsure[h.Date.Year-firstYear] = true
			name += "(미확정)"
		}
		if !slices.Contains(names[i], name) {
			names[i] = append(names[i], name)
		}
	}
	for y := range c.confirmed {
		c.confirmed[y] = seen[y] && !unsure[y]
	}
	shared := make(map[string]uint16)
	for i, list := range names {
		reason := strings.Join(list, "·")
		at, ok := shared[reason]
		if !ok {
			at = uint16(len(c.plans))
			shared[reason] = at
			c.plans = append(c.plans, newPlan(nil, reason, "휴무: "+reason))
		}
		c.day[i] = at
	}
}

func (c *Calendar) applyExceptions(all []Exception) {
	byDay := make(map[int][]Exception)
	for _, e := range all {
		if e.Scope != c.scope && e.Scope != ScopeAll {
			continue
		}
		if i, ok := dayIndex(e.Date); ok {
			byDay[i] = append(byDay[i], e)
		}
	}
	for i, list := range byDay {
		if slices.ContainsFunc(list, func(e Exception) bool { return e.Scope == c.scope }) {
			list = slices.DeleteFunc(list, func(e Exception) bool { return e.Scope != c.scope })
		}
		c.day[i] = uint16(len(c.plans))
		c.plans = append(c.plans, exceptionPlan(list, c.lunch))
	}
}

func exceptionPlan(list []Exception, lunch Interval) plan {
	var ivs []Interval
	var names []string
	closed := slices.ContainsFunc(list, func(e Exception) bool { return e.Closed })
	for _, e := range list {
		if closed && !e.Closed {
			continue
		}
		ivs = append(ivs, e.Intervals...)
		if name := strings.TrimSpace(e.Name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if closed {
		ivs = nil
	}
	name := strings.Join(names, "·")
	if name == "" {
		return newPlan(normal(ivs, lunch), "휴무", "휴무")
	}
	p := newPlan(normal(ivs, lunch), name, "휴무: "+name)
	p.open += "(" + name + ")"
	p.outside += "(" + name + ")"
	return p
}

// DefaultDesk returns the desk hours of a fresh city: Monday to Friday 09:00–18:00 without a gap.
func DefaultDesk(holidays []Holiday) *Calendar {
	return New(Config{Name: "상담", Scope: ScopeDesk, Week: OfficeWeek(), Holidays: holidays})
}

// Statutory returns the working time of the law: Monday to Friday 09:00–12:00 and 13:00–18:00 less
// the public holidays (지방공무원 복무규정 §2). The head of the office may move the lunch hour by at
// most one hour: lunchShiftMinutes is -60…60, else an *Error.
//
// It takes no exceptions: those of desk and departments may not touch a legal clock, and a day that
// is to count for all is a 임시공휴일 and comes with the holidays.
func Statutory(holidays []Holiday, lunchShiftMinutes int) (*Calendar, error) {
	if lunchShiftMinutes < -60 || lunchShiftMinutes > 60 {
		return nil, &Error{Field: "lunch", Text: "점심시간은 앞뒤로 한 시간까지만 옮길 수 있어요(지방공무원 복무규정 §2)."}
	}
	lunch := Interval{12*60 + lunchShiftMinutes, 13*60 + lunchShiftMinutes}
	return New(Config{Name: "법정 근무시간", Scope: ScopeStatutory, Week: OfficeWeek(), Lunch: lunch, Holidays: holidays}), nil
}

// Name returns the Korean name given at New.
func (c *Calendar) Name() string { return c.name }

// Scope returns the scope given at New.
func (c *Calendar) Scope() Scope { return c.scope }

// Confirmed reports whether the year has holidays and none of them waits for confirmation.
func (c *Calendar) Confirmed(year int) bool {
	return year >= firstYear && year <= lastYear && c.confirmed[year-firstYear]
}

// locate splits an instant into its day of the table and the second of that day. Before 2000 it
// returns day -1, after 2100 tableDays. Seoul has no daylight saving in these years, so plain
// arithmetic does what time.In would do slower.
func locate(t time.Time) (day, sec int) {
	s := t.Unix() + seoulOffset - epochDay*daySeconds
	if s < 0 {
		return -1, 0
	}
	if s >= tableDays*daySeconds {
		return tableDays, 0
	}
	return int(s / daySeconds), int(s % daySeconds)
}

// instant is the reverse of locate, in minutes.
func instant(day, minute int) time.Time {
	return time.Unix(int64(epochDay+day)*daySeconds+int64(minute)*60-seoulOffset, 0).In(Seoul)
}

func dayIndex(d Date) (int, bool) {
	if d.Year < firstYear || d.Year > lastYear {
		return 0, false
	}
	i := int(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix()/daySeconds) - epochDay
	return i, i >= 0 && i < tableDays // a Date made by hand may overflow its year
}

func dateAt(day int) Date { return NewDate(firstYear, time.January, 1+day) }

// weekdayOf knows that 2000-01-01 was a Saturday.
func weekdayOf(day int) time.Weekday { return time.Weekday((day + int(time.Saturday)) % 7) }

// nextWorking returns the first working day of the table at or after day, tableDays when none is
// left; a calendar that is never open ends here and not in a loop.
func (c *Calendar) nextWorking(day int) int {
	if day < 0 {
		day = 0
	}
	if day >= tableDays || c.days[day] == c.days[tableDays] {
		return tableDays
	}
	if c.days[day+1] > c.days[day] {
		return day
	}
	before := c.days[day]
	return day + sort.Search(tableDays-day, func(n int) bool { return c.days[day+n+1] > before })
}
