package worktime

import (
	"slices"
	"strings"
	"time"
)

// Kinds of public holidays.
const (
	KindPublic     = "public"
	KindSubstitute = "substitute" // 대체공휴일
	KindElection   = "election"   // 임기만료 선거일
	KindTemporary  = "temporary"  // 임시공휴일
)

// Holiday is one public holiday of government offices; Confirmed means that the date was compared
// with the published calendar (월력요항) or entered by a person.
type Holiday struct {
	Date      Date
	Name      string
	Kind      string
	Confirmed bool
	Source    string
}

// The years whose holidays were reviewed against the published calendars (domain-korea.md §2.3).
const (
	ConfirmedFrom = 2021
	ConfirmedTo   = 2027
)

// class says which substitute rule of 관공서의 공휴일에 관한 규정 §3 a holiday follows.
type class int

const (
	none    class = iota // 1/1, 현충일, elections, temporary days: never a substitute
	weekend              // Saturday, Sunday or another holiday on a weekday
	folk                 // 설, 추석: Sunday or another holiday on a weekday; Saturday gives nothing
)

// fixedHoliday is a holiday on the same solar date each year.
type fixedHoliday struct {
	month     time.Month
	day       int
	name      string
	since     int // first year in the list
	class     class
	substFrom Date // first date on which the class gives a substitute
}

// The dates on which the substitute rule grew (domain-korea.md §2.2).
var (
	subst2013 = Date{2013, time.November, 5}
	subst2021 = Date{2021, time.August, 4}
	subst2023 = Date{2023, time.May, 4}
	subst2026 = Date{2026, time.May, 1}
)

// 한글날 came back in 2013; 제헌절 and 노동절 are in the list from 2026 (대통령령 제36290호). 식목일 and
// the earlier 제헌절, both gone before any substitute rule, are left out: no case is that old.
var fixedHolidays = []fixedHoliday{
	{time.January, 1, "새해 첫날", 0, none, Date{}},
	{time.March, 1, "3·1절", 0, weekend, subst2021},
	{time.May, 1, "노동절", 2026, weekend, subst2026},
	{time.May, 5, "어린이날", 0, weekend, subst2013},
	{time.June, 6, "현충일", 0, none, Date{}},
	{time.July, 17, "제헌절", 2026, weekend, subst2026},
	{time.August, 15, "광복절", 0, weekend, subst2021},
	{time.October, 3, "개천절", 0, weekend, subst2021},
	{time.October, 9, "한글날", 2013, weekend, subst2021},
	{time.December, 25, "성탄절", 0, weekend, subst2023},
}

const (
	srcList     = "관공서의 공휴일에 관한 규정 §2"
	srcSubst    = "관공서의 공휴일에 관한 규정 §3"
	srcElection = "공직선거법 §34"
	srcCabinet  = "국무회의 의결"
)

// dated are the holidays no rule yields: they are decided, not computed, so none is guessed for
// the years after the table. The by-election of 2025-06-03 was a holiday by cabinet decision only.
var dated = []Holiday{
	{Date: Date{2022, 3, 9}, Name: "대통령 선거일", Kind: KindElection, Source: srcElection},
	{Date: Date{2022, 6, 1}, Name: "지방선거일", Kind: KindElection, Source: srcElection},
	{Date: Date{2023, 10, 2}, Name: "임시공휴일", Kind: KindTemporary, Source: srcCabinet},
	{Date: Date{2024, 4, 10}, Name: "국회의원 선거일", Kind: KindElection, Source: srcElection},
	{Date: Date{2024, 10, 1}, Name: "임시공휴일(국군의 날)", Kind: KindTemporary, Source: srcCabinet},
	{Date: Date{2025, 1, 27}, Name: "임시공휴일", Kind: KindTemporary, Source: srcCabinet},
	{Date: Date{2025, 6, 3}, Name: "임시공휴일(대통령 선거)", Kind: KindTemporary, Source: srcCabinet},
	{Date: Date{2026, 6, 3}, Name: "지방선거일", Kind: KindElection, Source: srcElection},
	{Date: Date{2028, 4, 12}, Name: "국회의원 선거일", Kind: KindElection, Source: srcElection},
}

// candidate is a holiday together with the substitute rule it follows.
type candidate struct {
	Holiday
	class     class
	substFrom Date
}

// Holidays returns the public holidays of a year in order of date, two rows when two fall on one
// day; Sundays are not listed. Years outside ConfirmedFrom…ConfirmedTo come from the rules alone
// and are marked not confirmed; outside 2013–2050 the lunar ones are missing.
func Holidays(year int) []Holiday {
	listed := candidates(year)
	var out []Holiday
	taken := make(map[Date]bool, len(listed))
	for _, c := range listed {
		out = append(out, c.Holiday)
		taken[c.Date] = true
	}
	out = append(out, substitutes(listed, taken)...)
	slices.SortStableFunc(out, func(a, b Holiday) int { return a.Date.Compare(b.Date) })
	for i := range out {
		out[i].Confirmed = year >= ConfirmedFrom && year <= ConfirmedTo
	}
	return out
}

// BuiltIn returns the holidays of every year a Calendar answers for, 2000–2100.
func BuiltIn() []Holiday {
	var out []Holiday
	for year := firstYear; year <= lastYear; year++ {
		out = append(out, Holidays(year)...)
	}
	return out
}

func candidates(year int) []candidate {
	var list []candidate
	add := func(d Date, name string, c class, from Date) {
		list = append(list, candidate{Holiday{Date: d, Name: name, Kind: KindPublic, Source: srcList}, c, from})
	}
	for _, f := range fixedHolidays {
		if year >= f.since {
			add(Date{year, f.month, f.day}, f.name, f.class, f.substFrom)
		}
	}
	if seol, buddha, chuseok, ok := lunar(year); ok {
		for i := -1; i <= 1; i++ {
			add(seol.AddDays(i), "설 연휴", folk, subst2013)
			add(chuseok.AddDays(i), "추석 연휴", folk, subst2013)
		}
		add(buddha, "부처님 오신 날", weekend, subst2023)
	}
	for _, h := range dated {
		if h.Date.Year == year {
			list = append(list, candidate{Holiday: h})
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return a.Date.Compare(b.Date) })
	return list
}

// substitutes applies §3: the first day after the holiday that is neither a holiday, a weekend day
// nor another substitute.
func substitutes(listed []candidate, taken map[Date]bool) []Holiday {
	var out []Holiday
	give := func(after Date, name string) {
		d := after.AddDays(1)
		for taken[d] || d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
			d = d.AddDays(1)
		}
		taken[d] = true
		out = append(out, Holiday{Date: d, Name: "대체공휴일(" + name + ")", Kind: KindSubstitute, Source: srcSubst})
	}
	for i := 0; i < len(listed); {
		// All holidays of one date are judged together: a coincidence on a weekday gives one extra
		// day, not one for each (2025-05-05 gave 05-06 only).
		j := i + 1
		for j < len(listed) && listed[j].Date == listed[i].Date {
			j++
		}
		same := listed[i:j]
		i = j
		day := same[0].Date
		switch wd := day.Weekday(); {
		case wd == time.Saturday || wd == time.Sunday:
			for _, c := range same {
				if c.gives() && (wd == time.Sunday || c.class != folk) {
					give(day, c.Name)
				}
			}
		case len(same) > 1 && slices.ContainsFunc(same, candidate.gives):
			var names []string
			for _, c := range same {
				names = append(names, c.Name)
			}
			give(day, strings.Join(names, "·"))
		}
	}
	return out
}

// gives reports whether the holiday follows a substitute rule that was in force on its date.
func (c candidate) gives() bool { return c.class != none && !c.Date.Before(c.substFrom) }
