package worktime

import "time"

// IsOpen reports whether t lies in working time, half-open; it allocates nothing.
func (c *Calendar) IsOpen(t time.Time) bool {
	day, sec := locate(t)
	if day < 0 || day >= tableDays {
		return false
	}
	for _, iv := range c.plans[c.day[day]].intervals {
		if sec < iv.From*60 {
			return false
		}
		if sec < iv.To*60 {
			return true
		}
	}
	return false
}

// WithinDay reports whether t lies between the first opening and the last close of a working day.
// Lunch counts as within: a gap is closed for promises only (it makes no queue and no line).
func (c *Calendar) WithinDay(t time.Time) bool {
	day, sec := locate(t)
	if day < 0 || day >= tableDays {
		return false
	}
	ivs := c.plans[c.day[day]].intervals
	return len(ivs) > 0 && sec >= ivs[0].From*60 && sec < ivs[len(ivs)-1].To*60
}

// NextOpen returns the first instant strictly after t at which working time begins, the end of a
// lunch break included; while open that is the next beginning, not t. Midnight between two days
// that run through it is no beginning. The zero time means that none comes before 2101.
func (c *Calendar) NextOpen(t time.Time) time.Time {
	day, sec := locate(t)
	if day < 0 {
		sec = -1
	}
	for day = max(day, 0); day < tableDays; day++ {
		for _, iv := range c.plans[c.day[day]].intervals {
			if iv.From*60 > sec && !(iv.From == 0 && c.runsTo(day-1)) {
				return instant(day, iv.From)
			}
		}
		day, sec = c.nextWorking(day+1)-1, -1
	}
	return time.Time{}
}

// NextClose returns the first instant strictly after t at which working time ends, the beginning of
// a lunch break included. The zero time means that none comes before 2101.
func (c *Calendar) NextClose(t time.Time) time.Time {
	day, sec := locate(t)
	for day = max(day, 0); day < tableDays; day++ {
		for _, iv := range c.plans[c.day[day]].intervals {
			if iv.To*60 > sec && !(iv.To == dayMinutes && c.runsFrom(day+1)) {
				return instant(day, iv.To)
			}
		}
		day, sec = c.nextWorking(day+1)-1, 0
	}
	return time.Time{}
}

// runsTo reports whether the day works up to its midnight.
func (c *Calendar) runsTo(day int) bool {
	if day < 0 {
		return false
	}
	ivs := c.plans[c.day[day]].intervals
	return len(ivs) > 0 && ivs[len(ivs)-1].To == dayMinutes
}

// runsFrom reports whether the day works from its first minute.
func (c *Calendar) runsFrom(day int) bool {
	if day >= tableDays {
		return false
	}
	ivs := c.plans[c.day[day]].intervals
	return len(ivs) > 0 && ivs[0].From == 0
}

// Status explains an instant.
type Status struct {
	Open      bool
	Because   string    // Korean: 업무 중, 업무시간 외, 점심시간, 주말, 휴무: 추석 연휴
	NextOpen  time.Time // as Calendar.NextOpen
	NextClose time.Time // as Calendar.NextClose
	Confirmed bool      // false when the holidays of the year, or of the next opening's, wait for confirmation
}

// Explain says whether t is open, why, and what comes next.
func (c *Calendar) Explain(t time.Time) Status {
	s := Status{Open: c.IsOpen(t), NextOpen: c.NextOpen(t), NextClose: c.NextClose(t)}
	day, sec := locate(t)
	if day < 0 || day >= tableDays {
		s.Because = "달력에 없는 해"
		return s
	}
	p := &c.plans[c.day[day]]
	switch {
	case s.Open:
		s.Because = p.open
	case len(p.intervals) == 0:
		s.Because = p.closed
	case c.WithinDay(t):
		s.Because = c.gapName(p, sec)
	default:
		s.Because = p.outside
	}
	s.Confirmed = c.confirmed[yearOf(t)-firstYear]
	if day, _ := locate(s.NextOpen); s.Confirmed && day >= 0 {
		s.Confirmed = c.confirmed[yearOf(s.NextOpen)-firstYear]
	}
	return s
}

func yearOf(t time.Time) int { return t.In(Seoul).Year() }

// gapName calls a gap lunch when it touches the configured lunch hour or, without one, begins
// between 11:00 and 14:00.
func (c *Calendar) gapName(p *plan, sec int) string {
	for i := 1; i < len(p.intervals); i++ {
		gap := Interval{p.intervals[i-1].To, p.intervals[i].From}
		if sec >= gap.To*60 {
			continue
		}
		if c.lunch != (Interval{}) && gap.From < c.lunch.To && c.lunch.From < gap.To ||
			c.lunch == (Interval{}) && gap.From >= 11*60 && gap.From <= 14*60 {
			return "점심시간"
		}
		break
	}
	return "쉬는 시간"
}

// String returns the whole sentence: 휴무: 추석 연휴 · 다음 업무 9월 28일(월) 09:00.
func (s Status) String() string {
	switch {
	case s.Open && s.NextClose.IsZero():
		return s.Because
	case s.Open:
		return s.Because + " · " + Korean(s.NextClose) + "까지"
	case s.NextOpen.IsZero():
		return s.Because + " · 예정된 업무 없음"
	}
	return s.Because + " · 다음 업무 " + Korean(s.NextOpen)
}
