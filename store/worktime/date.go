package worktime

import (
	"strconv"
	"time"
	_ "time/tzdata" // the binary runs in chroots and containers without zoneinfo
)

// Seoul is Asia/Seoul, +09:00 without daylight saving since 1988-10-09.
var Seoul = loadSeoul()

func loadSeoul() *time.Location {
	if loc, err := time.LoadLocation("Asia/Seoul"); err == nil {
		return loc
	}
	// Reached only when the host's own zoneinfo file is damaged; the offset is the same.
	return time.FixedZone("KST", seoulOffset)
}

// Date is a calendar date in Seoul; the zero Date means "none".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// NewDate returns the date, with overflowing months and days carried on as time.Date does.
func NewDate(year int, month time.Month, day int) Date {
	y, m, d := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Date()
	return Date{y, m, d}
}

// DateOf returns the date on which t falls in Seoul.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Seoul).Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD; the error is an *Error with a Korean text fit for a form.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	// time.Parse takes the year 0000, which no record of ours can have.
	if err != nil || t.Year() < 1 {
		return Date{}, &Error{Field: "date", Text: "날짜를 2026-11-23처럼 적어 주세요."}
	}
	y, m, d := t.Date()
	return Date{y, m, d}, nil
}

// IsZero reports whether d is no date at all.
func (d Date) IsZero() bool { return d == Date{} }

// Valid reports whether d exists in the calendar.
func (d Date) Valid() bool {
	return d.Year >= 1 && d.Year <= 9999 && NewDate(d.Year, d.Month, d.Day) == d
}

// String returns YYYY-MM-DD, and "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// MarshalText writes the form of String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD; empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

// AddDays returns the date n calendar days later, earlier for negative n.
func (d Date) AddDays(n int) Date { return NewDate(d.Year, d.Month, d.Day+n) }

// Compare returns -1, 0 or +1 as d is before, equal to or after o.
func (d Date) Compare(o Date) int {
	switch {
	case d == o:
		return 0
	case d.Year < o.Year || d.Year == o.Year && (d.Month < o.Month || d.Month == o.Month && d.Day < o.Day):
		return -1
	}
	return 1
}

// Before reports whether d lies before o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// After reports whether d lies after o.
func (d Date) After(o Date) bool { return d.Compare(o) > 0 }

// At returns the instant of hour:minute on d in Seoul; At(24, 0) is the next midnight.
func (d Date) At(hour, minute int) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, Seoul)
}

var weekdays = [7]string{"일", "월", "화", "수", "목", "금", "토"}

// KoreanDate returns the date as citizens and staff read it: 9월 28일(월).
func KoreanDate(d Date) string { return string(appendDate(make([]byte, 0, 24), d)) }

// Korean returns the Seoul time as citizens and staff read it: 9월 28일(월) 09:00.
func Korean(t time.Time) string {
	t = t.In(Seoul)
	y, m, d := t.Date()
	return string(t.AppendFormat(appendDate(make([]byte, 0, 32), Date{y, m, d}), " 15:04"))
}

func appendDate(b []byte, d Date) []byte {
	b = strconv.AppendInt(b, int64(d.Month), 10)
	b = append(b, "월 "...)
	b = strconv.AppendInt(b, int64(d.Day), 10)
	b = append(b, "일("...)
	b = append(b, weekdays[d.Weekday()]...)
	return append(b, ')')
}
