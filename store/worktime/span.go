package worktime

import (
	"sort"
	"time"
)

// worked returns the working time from 2000-01-01 up to t.
func (c *Calendar) worked(t time.Time) time.Duration {
	day, sec := locate(t)
	if day < 0 {
		return 0
	}
	sum := time.Duration(c.minutes[day]) * time.Minute
	if day >= tableDays {
		return sum
	}
	now := time.Duration(sec)*time.Second + time.Duration(t.Nanosecond())
	for _, iv := range c.plans[c.day[day]].intervals {
		from, to := time.Duration(iv.From)*time.Minute, time.Duration(iv.To)*time.Minute
		sum += max(0, min(now, to)-from)
	}
	return sum
}

// Between returns the working time from a to b, negative when b is before a. Time outside
// 2000–2100 does not count.
func (c *Calendar) Between(a, b time.Time) time.Duration { return c.worked(b) - c.worked(a) }

// Add returns the instant at which d of working time after t has run out. Closed time is skipped: a
// start in it counts from the next working minute. What runs out exactly at the end of an interval
// is due there, at 12:00 or 18:00 and not at the next opening. For d ≤ 0 it returns t. The zero time
// means that the working time until 2101 does not suffice.
func (c *Calendar) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	done := c.worked(t)
	if d > time.Duration(c.minutes[tableDays])*time.Minute-done {
		return time.Time{}
	}
	goal := done + d
	// The first day by whose end the goal is reached; ≥ keeps a goal at the close on its own day.
	day := sort.Search(tableDays-1, func(i int) bool { return time.Duration(c.minutes[i+1])*time.Minute >= goal })
	left := goal - time.Duration(c.minutes[day])*time.Minute
	for _, iv := range c.plans[c.day[day]].intervals {
		span := time.Duration(iv.To-iv.From) * time.Minute
		if left <= span {
			return instant(day, iv.From).Add(left)
		}
		left -= span
	}
	return time.Time{}
}
