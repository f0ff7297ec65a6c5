package worktime

import (
	"slices"
	"sort"
	"time"
)

// DayStatus explains one date.
type DayStatus struct {
	Date      Date
	Working   bool
	Intervals []Interval
	Because   string // Korean: 업무일, 주말, 휴무: 추석 연휴
	Confirmed bool
}

// Day explains a date for the calendar page.
func (c *Calendar) Day(d Date) DayStatus {
	i, ok := dayIndex(d)
	if !ok {
		return DayStatus{Date: d, Because: "달력에 없는 해"}
	}
	p := &c.plans[c.day[i]]
	s := DayStatus{Date: d, Working: p.minutes > 0, Intervals: slices.Clone(p.intervals), Because: p.closed, Confirmed: c.Confirmed(d.Year)}
	if s.Working {
		s.Because = "업무일"
	}
	return s
}

// IsWorkingDay reports whether the date has any working time.
func (c *Calendar) IsWorkingDay(d Date) bool {
	i, ok := dayIndex(d)
	return ok && c.days[i+1] > c.days[i]
}

// DayOpen returns the first opening of a working day; ok is false on other days.
func (c *Calendar) DayOpen(d Date) (first time.Time, ok bool) {
	i, ok := dayIndex(d)
	if !ok || c.days[i+1] == c.days[i] {
		return time.Time{}, false
	}
	return instant(i, c.plans[c.day[i]].intervals[0].From), true
}

// DayClose returns the last close of a working day; ok is false on other days.
func (c *Calendar) DayClose(d Date) (last time.Time, ok bool) {
	i, ok := dayIndex(d)
	if !ok || c.days[i+1] == c.days[i] {
		return time.Time{}, false
	}
	ivs := c.plans[c.day[i]].intervals
	return instant(i, ivs[len(ivs)-1].To), true
}

// NextDayOpen returns the first opening of a working day strictly after t: today's when t is before
// it, else the next working day's. Lunch breaks do not matter. Zero time: none before 2101.
func (c *Calendar) NextDayOpen(t time.Time) time.Time {
	from, sec := locate(t)
	day := c.nextWorking(from)
	if day == from && day < tableDays && c.plans[c.day[day]].intervals[0].From*60 <= sec {
		day = c.nextWorking(day + 1)
	}
	if day >= tableDays {
		return time.Time{}
	}
	return instant(day, c.plans[c.day[day]].intervals[0].From)
}

// Period names the closed period in which t lies by the date of the opening that ends it; ok is
// false while the working day runs, lunch included, and when no opening comes any more.
func (c *Calendar) Period(t time.Time) (Date, bool) {
	if c.WithinDay(t) {
		return Date{}, false
	}
	next := c.NextDayOpen(t)
	if next.IsZero() {
		return Date{}, false
	}
	return DateOf(next), true
}

// NextWorkingDay returns the first working day strictly after d; the zero Date when none comes.
func (c *Calendar) NextWorkingDay(d Date) Date { return c.AddWorkingDays(d, 1) }

// AddWorkingDays returns the n-th working day strictly after d, before it for negative n, and d
// itself for 0, working or not. The zero Date means outside 2000–2100.
func (c *Calendar) AddWorkingDays(d Date, n int) Date {
	i, ok := dayIndex(d)
	if n == 0 || !ok {
		if !ok {
			return Date{}
		}
		return d
	}
	// want is how many working days the table holds up to and including the wanted one.
	want := int(c.days[i+1]) + n
	if n < 0 {
		want = int(c.days[i]) + n + 1
	}
	if want < 1 || want > int(c.days[tableDays]) {
		return Date{}
	}
	return dateAt(sort.Search(tableDays, func(k int) bool { return int(c.days[k+1]) >= want }))
}

// WorkingDaysBetween counts the working days after a up to and including b, negative when b lies
// before a; so AddWorkingDays(d, n) is n away from d. Dates outside 2000–2100 count as the nearest
// date inside.
func (c *Calendar) WorkingDaysBetween(a, b Date) int {
	return int(c.days[clampIndex(b)+1]) - int(c.days[clampIndex(a)+1])
}

func clampIndex(d Date) int {
	if d.Year < firstYear {
		return 0
	}
	if i, ok := dayIndex(d); ok {
		return i
	}
	return tableDays - 1
}
