package worktime_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"toktok/store/worktime"
)

func desk() *worktime.Calendar { return worktime.DefaultDesk(worktime.BuiltIn()) }

func TestOpenIsHalfOpen(t *testing.T) {
	t.Parallel()
	law := statutory(t)
	tests := []struct {
		at        string
		desk, law bool
	}{
		{"2026-11-23 08:59:59.999", false, false},
		{"2026-11-23 09:00", true, true},
		{"2026-11-23 11:59:59.999", true, true},
		{"2026-11-23 12:00", true, false},
		{"2026-11-23 12:59:59.999", true, false},
		{"2026-11-23 13:00", true, true},
		{"2026-11-23 17:59:59.999", true, true},
		{"2026-11-23 18:00", false, false},
		{"2026-11-22 10:00", false, false}, // Sunday
		{"2026-09-25 10:00", false, false}, // 추석
		{"2026-05-01 10:00", false, false}, // 노동절, in the list from 2026
		{"2025-05-01 10:00", true, true},
		{"2000-01-04 10:00", true, true},
		{"2100-12-31 10:00", true, true},
		{"1999-12-31 10:00", false, false},
		{"2101-01-03 10:00", false, false},
	}
	for _, tt := range tests {
		now := at(t, tt.at)
		if d, l := desk().IsOpen(now), law.IsOpen(now); d != tt.desk || l != tt.law {
			t.Errorf("%s: desk %v, statutory %v", tt.at, d, l)
		}
		if elsewhere := now.In(time.UTC); desk().IsOpen(elsewhere) != tt.desk {
			t.Errorf("%s: another location changes the answer", tt.at)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	cal := worktime.New(worktime.Config{
		Scope: worktime.ScopeDesk, Week: worktime.OfficeWeek(), Holidays: worktime.BuiltIn(),
		Exceptions: []worktime.Exception{
			{Date: date(t, "2026-11-25"), Scope: worktime.ScopeDesk, Closed: true, Name: "개청기념일"},
			{Date: date(t, "2026-11-25"), Scope: worktime.ScopeDesk, Intervals: []worktime.Interval{{From: 540, To: 600}}, Name: "연장"},
			{Date: date(t, "2026-11-28"), Scope: worktime.ScopeAll, Intervals: []worktime.Interval{{From: 600, To: 1200}}, Name: "재난 연장"},
			{Date: date(t, "2026-11-26"), Scope: worktime.DepartmentScope("3"), Closed: true, Name: "도로과 휴무"},
			{Date: date(t, "2026-11-27"), Scope: worktime.ScopeDesk, Closed: true},
		},
	})
	law := statutory(t)
	empty := worktime.New(worktime.Config{Scope: worktime.ScopeDesk})
	breaks := worktime.New(worktime.Config{Scope: worktime.ScopeDesk, Week: worktime.Week{
		time.Monday: {{From: 9 * 60, To: 10 * 60}, {From: 10*60 + 30, To: 12 * 60}, {From: 13 * 60, To: 18 * 60}}}})
	tests := []struct {
		cal  *worktime.Calendar
		at   string
		want string
	}{
		{cal, "2026-09-23 22:30", "업무시간 외 · 다음 업무 9월 28일(월) 09:00"},
		{cal, "2026-09-24 10:00", "휴무: 추석 연휴 · 다음 업무 9월 28일(월) 09:00"},
		{cal, "2026-09-27 10:00", "주말 · 다음 업무 9월 28일(월) 09:00"},
		{cal, "2026-11-23 10:00", "업무 중 · 11월 23일(월) 18:00까지"},
		{cal, "2026-11-23 08:00", "업무시간 외 · 다음 업무 11월 23일(월) 09:00"},
		{cal, "2026-11-25 10:00", "휴무: 개청기념일 · 다음 업무 11월 26일(목) 09:00"},
		{cal, "2026-11-26 10:00", "업무 중 · 11월 26일(목) 18:00까지"},
		{cal, "2026-11-27 10:00", "휴무 · 다음 업무 11월 28일(토) 10:00"},
		{cal, "2026-11-28 11:00", "업무 중(재난 연장) · 11월 28일(토) 20:00까지"},
		{cal, "2026-11-28 21:00", "업무시간 외(재난 연장) · 다음 업무 11월 30일(월) 09:00"},
		{cal, "2028-10-03 10:00", "휴무: 개천절(미확정)·추석 연휴(미확정) · 다음 업무 10월 6일(금) 09:00"},
		{law, "2026-11-23 12:30", "점심시간 · 다음 업무 11월 23일(월) 13:00"},
		{law, "2026-05-25 12:30", "휴무: 대체공휴일(부처님 오신 날) · 다음 업무 5월 26일(화) 09:00"},
		{breaks, "2026-11-23 10:10", "쉬는 시간 · 다음 업무 11월 23일(월) 10:30"},
		{breaks, "2026-11-23 12:10", "점심시간 · 다음 업무 11월 23일(월) 13:00"},
		{breaks, "2026-11-24 12:10", "정기 휴무 · 다음 업무 11월 30일(월) 09:00"},
		{empty, "2026-11-24 12:10", "정기 휴무 · 예정된 업무 없음"},
		{empty, "2101-11-24 12:10", "달력에 없는 해 · 예정된 업무 없음"},
		{cal, "1999-12-30 12:10", "달력에 없는 해 · 다음 업무 1월 3일(월) 09:00"},
	}
	for _, tt := range tests {
		if got := tt.cal.Explain(at(t, tt.at)).String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.at, got, tt.want)
		}
	}
	if s := cal.Explain(at(t, "2027-12-31 19:00")); s.Confirmed {
		t.Errorf("the next opening %s lies in 2028 and reads as confirmed", s)
	}
	if s := cal.Explain(at(t, "2026-11-23 10:00")); !s.Confirmed {
		t.Error("2026 reads as not confirmed")
	}
}

func TestNextOpenAndClose(t *testing.T) {
	t.Parallel()
	law := statutory(t)
	round := worktime.Week{}
	for wd := range round {
		round[wd] = []worktime.Interval{{From: 0, To: 1440}}
	}
	always := worktime.New(worktime.Config{Scope: worktime.ScopeDesk, Week: round})
	night := worktime.New(worktime.Config{Scope: worktime.ScopeDesk, Week: worktime.Week{
		time.Monday: {{From: 22 * 60, To: 1440}}, time.Tuesday: {{From: 0, To: 6 * 60}}}})
	touching := worktime.New(worktime.Config{Scope: worktime.ScopeDesk, Week: worktime.Week{
		time.Monday: {{From: 12 * 60, To: 18 * 60}, {From: 9 * 60, To: 12 * 60}}}})
	tests := []struct {
		why         string
		cal         *worktime.Calendar
		at          string
		open, close string
	}{
		{"before the opening", law, "2026-11-23 08:00", "2026-11-23 09:00", "2026-11-23 12:00"},
		{"at the opening: the next ones", law, "2026-11-23 09:00", "2026-11-23 13:00", "2026-11-23 12:00"},
		{"a millisecond before it", law, "2026-11-23 08:59:59.999", "2026-11-23 09:00", "2026-11-23 12:00"},
		{"at noon", law, "2026-11-23 12:00", "2026-11-23 13:00", "2026-11-23 18:00"},
		{"at the close", law, "2026-11-23 18:00", "2026-11-24 09:00", "2026-11-24 12:00"},
		{"before 추석", desk(), "2026-09-23 18:00", "2026-09-28 09:00", "2026-09-28 18:00"},
		{"before the table", desk(), "1999-06-01 18:00", "2000-01-03 09:00", "2000-01-03 18:00"},
		{"the last close of the table", desk(), "2100-12-31 10:00", "", "2100-12-31 18:00"},
		{"after the table", desk(), "2101-12-31 10:00", "", ""},
		{"around the clock there is neither", always, "2026-11-23 10:00", "", "2101-01-01 00:00"},
		{"hours that touch are one stretch", touching, "2026-11-23 08:00", "2026-11-23 09:00", "2026-11-23 18:00"},
		{"midnight inside a night shift is no close", night, "2026-11-23 23:00", "2026-11-30 22:00", "2026-11-24 06:00"},
		{"and no opening", night, "2026-11-24 05:00", "2026-11-30 22:00", "2026-11-24 06:00"},
	}
	for _, tt := range tests {
		now := at(t, tt.at)
		for _, next := range []struct {
			got  time.Time
			want string
		}{{tt.cal.NextOpen(now), tt.open}, {tt.cal.NextClose(now), tt.close}} {
			if next.want == "" && !next.got.IsZero() || next.want != "" && !next.got.Equal(at(t, next.want)) {
				t.Errorf("%s: got %v, want %q", tt.why, next.got, next.want)
			}
		}
	}
}

func TestLunchIsNoClosedPeriod(t *testing.T) {
	t.Parallel()
	cal := statutory(t) // a calendar with a gap; the rule is the desk's
	tests := []struct {
		at, period  string
		nextDayOpen string
	}{
		{"2026-11-23 08:59:59.999", "2026-11-23", "2026-11-23 09:00"},
		{"2026-11-23 09:00", "", "2026-11-24 09:00"},
		{"2026-11-23 12:30", "", "2026-11-24 09:00"},
		{"2026-11-23 17:59:59.999", "", "2026-11-24 09:00"},
		{"2026-11-23 18:00", "2026-11-24", "2026-11-24 09:00"},
		{"2026-09-23 22:30", "2026-09-28", "2026-09-28 09:00"},
		{"2026-09-28 08:00", "2026-09-28", "2026-09-28 09:00"},
		{"2100-12-31 19:00", "", ""},
		{"1980-12-31 19:00", "2000-01-03", "2000-01-03 09:00"},
		{"2180-12-31 19:00", "", ""},
	}
	for _, tt := range tests {
		now := at(t, tt.at)
		period, ok := cal.Period(now)
		if period.String() != tt.period || ok != (tt.period != "") {
			t.Errorf("%s: period %q, %v, want %q", tt.at, period, ok, tt.period)
		}
		got := cal.NextDayOpen(now)
		if tt.nextDayOpen == "" && !got.IsZero() || tt.nextDayOpen != "" && !got.Equal(at(t, tt.nextDayOpen)) {
			t.Errorf("%s: next day opens %v, want %q", tt.at, got, tt.nextDayOpen)
		}
	}
	if !cal.WithinDay(at(t, "2026-11-23 12:30")) || cal.IsOpen(at(t, "2026-11-23 12:30")) {
		t.Error("lunch is closed, and still within the day")
	}
	d := date(t, "2026-11-23")
	first, ok1 := cal.DayOpen(d)
	last, ok2 := cal.DayClose(d)
	if !ok1 || !ok2 || !first.Equal(d.At(9, 0)) || !last.Equal(d.At(18, 0)) {
		t.Errorf("the day runs %v–%v", first, last)
	}
	if _, ok := cal.DayOpen(date(t, "2026-11-22")); ok {
		t.Error("a Sunday opens")
	}
	if _, ok := cal.DayClose(date(t, "2026-11-22")); ok {
		t.Error("a Sunday closes")
	}
}

func TestExceptionsKeepToTheirScope(t *testing.T) {
	t.Parallel()
	d := date(t, "2026-09-25") // 추석
	nine := []worktime.Interval{{From: 540, To: 720}}
	ten := []worktime.Interval{{From: 600, To: 780}}
	build := func(scope worktime.Scope, ex ...worktime.Exception) *worktime.Calendar {
		return worktime.New(worktime.Config{Scope: scope, Week: worktime.OfficeWeek(), Holidays: worktime.BuiltIn(), Exceptions: ex})
	}
	roads := worktime.DepartmentScope("7")
	tests := []struct {
		why   string
		scope worktime.Scope
		ex    []worktime.Exception
		want  []worktime.Interval
	}{
		{"nothing said: the holiday", worktime.ScopeDesk, nil, nil},
		{"open on a holiday", worktime.ScopeDesk, []worktime.Exception{{Date: d, Scope: worktime.ScopeDesk, Intervals: nine}}, nine},
		{"another department's", roads, []worktime.Exception{{Date: d, Scope: worktime.DepartmentScope("70"), Intervals: nine}}, nil},
		{"the desk's does not touch a department", roads, []worktime.Exception{{Date: d, Scope: worktime.ScopeDesk, Intervals: nine}}, nil},
		{"all", roads, []worktime.Exception{{Date: d, Scope: worktime.ScopeAll, Intervals: nine}}, nine},
		{"own before all", roads, []worktime.Exception{{Date: d, Scope: roads, Intervals: ten}, {Date: d, Scope: worktime.ScopeAll, Intervals: nine}}, ten},
		{"own hours before a closing of all", roads, []worktime.Exception{{Date: d, Scope: worktime.ScopeAll, Closed: true}, {Date: d, Scope: roads, Intervals: ten}}, ten},
		{"closed before hours", roads, []worktime.Exception{{Date: d, Scope: roads, Intervals: ten}, {Date: d, Scope: roads, Closed: true}}, nil},
		{"two sets of hours join", roads, []worktime.Exception{{Date: d, Scope: roads, Intervals: ten}, {Date: d, Scope: roads, Intervals: nine}}, []worktime.Interval{{From: 540, To: 780}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, build(tt.scope, tt.ex...).Day(d).Intervals); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.why, diff)
		}
	}
	lunch := worktime.New(worktime.Config{Scope: worktime.ScopeDesk, Week: worktime.OfficeWeek(), Lunch: worktime.Interval{From: 720, To: 780},
		Exceptions: []worktime.Exception{{Date: d, Scope: worktime.ScopeDesk, Intervals: []worktime.Interval{{From: 540, To: 1200}}}}})
	if diff := cmp.Diff([]worktime.Interval{{From: 540, To: 720}, {From: 780, To: 1200}}, lunch.Day(d).Intervals); diff != "" {
		t.Errorf("lunch stays out of longer hours (-want +got):\n%s", diff)
	}
}

func TestATemporaryHolidayCountsForAll(t *testing.T) {
	t.Parallel()
	d := date(t, "2026-11-24")
	hs := append(worktime.BuiltIn(), worktime.Holiday{Date: d, Name: "임시공휴일", Kind: worktime.KindTemporary, Confirmed: true})
	law, err := worktime.Statutory(hs, 0)
	if err != nil {
		t.Fatal(err)
	}
	department := worktime.New(worktime.Config{Scope: worktime.DepartmentScope("1"), Week: worktime.OfficeWeek(), Holidays: hs})
	for _, cal := range []*worktime.Calendar{law, worktime.DefaultDesk(hs), department} {
		if cal.IsWorkingDay(d) || cal.Day(d).Because != "휴무: 임시공휴일" || !cal.Confirmed(2026) {
			t.Errorf("%s works on %s: %+v", cal.Scope(), d, cal.Day(d))
		}
	}
}

func TestAYearIsConfirmedOnceEntered(t *testing.T) {
	t.Parallel()
	hs := worktime.BuiltIn()
	if worktime.DefaultDesk(hs).Confirmed(2028) {
		t.Error("2028 reads as confirmed")
	}
	for i := range hs {
		hs[i].Confirmed = hs[i].Confirmed || hs[i].Date.Year == 2028
	}
	cal := worktime.DefaultDesk(hs)
	if !cal.Confirmed(2028) || strings.Contains(cal.Day(date(t, "2028-10-03")).Because, "미확정") {
		t.Error("2028 was entered and still reads as not confirmed")
	}
	if worktime.DefaultDesk(nil).Confirmed(2026) || cal.Confirmed(1999) {
		t.Error("a year without holidays reads as confirmed")
	}
}

func TestWorkingDayArithmetic(t *testing.T) {
	t.Parallel()
	cal := desk()
	tests := []struct {
		from string
		n    int
		want string
	}{
		{"2026-09-23", 1, "2026-09-28"},
		{"2026-09-26", 1, "2026-09-28"},
		{"2026-09-26", 0, "2026-09-26"},
		{"2026-09-28", -1, "2026-09-23"},
		{"2026-09-26", -1, "2026-09-23"},
		{"2026-11-23", 10, "2026-12-07"},
		{"2100-12-31", 1, ""},
		{"2000-01-03", -1, ""},
		{"2000-01-04", -1, "2000-01-03"},
		{"1999-12-31", 1, ""},
	}
	for _, tt := range tests {
		if got := cal.AddWorkingDays(date(t, tt.from), tt.n); got.String() != tt.want {
			t.Errorf("%s %+d working days is %q, want %q", tt.from, tt.n, got, tt.want)
		}
	}
	if got := cal.NextWorkingDay(date(t, "2026-12-31")); got.String() != "2027-01-04" {
		t.Errorf("after new year's eve 2026: %s", got)
	}
	if n := cal.WorkingDaysBetween(date(t, "2026-09-28"), date(t, "2026-09-23")); n != -1 {
		t.Errorf("backwards: %d", n)
	}
}

func TestACalendarThatIsNeverOpen(t *testing.T) {
	t.Parallel()
	cal := worktime.New(worktime.Config{})
	now := at(t, "2026-11-23 10:00")
	if cal.IsOpen(now) || !cal.NextOpen(now).IsZero() || !cal.NextClose(now).IsZero() || !cal.NextDayOpen(now).IsZero() ||
		!cal.Add(now, time.Minute).IsZero() || !cal.NextWorkingDay(worktime.DateOf(now)).IsZero() {
		t.Error("something opens")
	}
	if _, ok := cal.Period(now); ok {
		t.Error("a period that nothing ends")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	d := date(t, "2026-11-23")
	good := worktime.Config{Week: worktime.OfficeWeek(), Lunch: worktime.Interval{From: 720, To: 780}, Holidays: worktime.BuiltIn(),
		Exceptions: []worktime.Exception{{Date: d, Scope: worktime.ScopeDesk, Closed: true}}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	week := func(ivs ...worktime.Interval) worktime.Config {
		return worktime.Config{Week: worktime.Week{time.Monday: ivs}}
	}
	exception := func(e worktime.Exception) worktime.Config {
		return worktime.Config{Exceptions: []worktime.Exception{e}}
	}
	iv := func(from, to int) worktime.Interval { return worktime.Interval{From: from, To: to} }
	for why, cfg := range map[string]worktime.Config{
		"월요일: 시작이 끝보다":   week(iv(600, 540)),
		"24:00을 넘을 수":    week(iv(600, 1441)),
		"서로 겹쳐요":         week(iv(600, 720), iv(540, 601)),
		"점심시간":           {Lunch: iv(780, 720)},
		"휴일 날짜가 달력에 없어요": {Holidays: []worktime.Holiday{{Date: worktime.Date{Year: 2026, Month: 2, Day: 30}, Name: "x"}}},
		"휴일 이름을":         {Holidays: []worktime.Holiday{{Date: d, Name: " "}}},
		"예외 날짜가 달력에 없어요": exception(worktime.Exception{Scope: worktime.ScopeDesk, Closed: true}),
		"적용 대상을":         exception(worktime.Exception{Date: d, Scope: "department:", Closed: true}),
		"휴무와 시간을 함께":     exception(worktime.Exception{Date: d, Scope: worktime.ScopeDesk, Closed: true, Intervals: []worktime.Interval{iv(540, 600)}}),
		"휴무인지":           exception(worktime.Exception{Date: d, Scope: worktime.ScopeDesk}),
		"40자까지":          exception(worktime.Exception{Date: d, Scope: worktime.ScopeDesk, Closed: true, Name: strings.Repeat("가", 41)}),
	} {
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
		worktime.New(cfg).Explain(at(t, "2026-11-23 10:00")) // New bears what Validate refuses
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 27, 15, 0, 0, 0, time.UTC) // 00:00 of the 28th in Seoul
	if got := worktime.DateOf(now); got.String() != "2026-09-28" || got.Weekday() != time.Monday {
		t.Errorf("DateOf: %s", got)
	}
	if got := worktime.Korean(now.Add(9 * time.Hour)); got != "9월 28일(월) 09:00" {
		t.Errorf("Korean: %s", got)
	}
	if got := worktime.KoreanDate(date(t, "2026-11-01")); got != "11월 1일(일)" {
		t.Errorf("KoreanDate: %s", got)
	}
	d := date(t, "2028-02-28")
	if got := d.AddDays(2); got.String() != "2028-03-01" || !d.Before(got) || !got.After(d) || d.Compare(d) != 0 {
		t.Errorf("AddDays: %s", got)
	}
	if name, offset := d.At(9, 0).Zone(); offset != 9*3600 {
		t.Errorf("Seoul is %s, %d", name, offset)
	}
	if text, err := (worktime.Date{}).MarshalText(); err != nil || len(text) != 0 {
		t.Errorf("no date is written %q", text)
	}
	back := d
	if err := back.UnmarshalText(nil); err != nil || !back.IsZero() {
		t.Errorf("empty text reads as %v, %v", back, err)
	}
	if err := back.UnmarshalText([]byte("2026-02-30")); err == nil || !back.IsZero() {
		t.Errorf("an impossible date reads as %v", back)
	}
}

// anyCalendar draws hours with gaps, nights, whole days and days off, but at least one interval.
var anyCalendar = rapid.Custom(func(rt *rapid.T) *worktime.Calendar {
	cfg := worktime.Config{Scope: worktime.ScopeDesk}
	if rapid.Bool().Draw(rt, "holidays") {
		cfg.Holidays = worktime.BuiltIn()
	}
	for wd := range cfg.Week {
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(0, 24), 0, 6, rapid.ID).Draw(rt, "cuts")
		slices.Sort(cuts)
		for i := 0; i+1 < len(cuts); i += 2 {
			cfg.Week[wd] = append(cfg.Week[wd], worktime.Interval{From: cuts[i] * 60, To: cuts[i+1] * 60})
		}
	}
	cfg.Week[time.Wednesday] = append(cfg.Week[time.Wednesday], worktime.Interval{From: 601, To: 659})
	return worktime.New(cfg)
})

func TestCalendarProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cal := anyCalendar.Draw(rt, "calendar")
		now := anyInstant(rt, "now")
		open, shut := cal.NextOpen(now), cal.NextClose(now)
		if !open.After(now) || !cal.IsOpen(open) || cal.IsOpen(open.Add(-time.Millisecond)) {
			rt.Fatalf("%s: the next opening %s is none", now, open)
		}
		if !shut.After(now) || cal.IsOpen(shut) || !cal.IsOpen(shut.Add(-time.Millisecond)) {
			rt.Fatalf("%s: the next close %s is none", now, shut)
		}
		if cal.IsOpen(now) != shut.Before(open) {
			rt.Fatalf("%s: open %v, closes %s, opens %s", now, cal.IsOpen(now), shut, open)
		}
		if s := cal.Explain(now); s.Because == "" || s.Open != cal.IsOpen(now) || s.String() == "" {
			rt.Fatalf("%s is not explained: %+v", now, s)
		}
		period, ok := cal.Period(now)
		if ok == cal.WithinDay(now) || cal.IsOpen(now) && ok {
			rt.Fatalf("%s: period %s %v, within the day %v", now, period, ok, cal.WithinDay(now))
		}
		if first, working := cal.DayOpen(period); ok && (!working || !first.After(now) || !first.Equal(cal.NextDayOpen(now))) {
			rt.Fatalf("%s: period %s opens %s", now, period, first)
		}
	})
}

func TestWorkingTimeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cal := anyCalendar.Draw(rt, "calendar")
		t1, t2 := anyInstant(rt, "t1"), anyInstant(rt, "t2")
		if t2.Before(t1) {
			t1, t2 = t2, t1
		}
		a := time.Duration(rapid.Int64Range(1, int64(60*time.Hour)).Draw(rt, "a"))
		b := time.Duration(rapid.Int64Range(0, int64(60*time.Hour)).Draw(rt, "b"))
		end := cal.Add(t1, a)
		if got := cal.Between(t1, end); got != a {
			rt.Fatalf("%s + %s = %s, but %s lie between", t1, a, end, got)
		}
		if !cal.IsOpen(end.Add(-1)) {
			rt.Fatalf("%s + %s = %s does not end working time", t1, a, end)
		}
		if two, one := cal.Add(end, b), cal.Add(t1, a+b); !two.Equal(one) {
			rt.Fatalf("%s + %s + %s: %s in two steps, %s in one", t1, a, b, two, one)
		}
		if cal.Add(t2, a).Before(end) {
			rt.Fatalf("%s starts later than %s and ends earlier", t2, t1)
		}
		if cal.Between(t1, t2) < 0 || cal.Between(t2, t1) != -cal.Between(t1, t2) {
			rt.Fatalf("between %s and %s: %s", t1, t2, cal.Between(t1, t2))
		}
		d, n := worktime.DateOf(t1), rapid.IntRange(-300, 300).Filter(func(n int) bool { return n != 0 }).Draw(rt, "n")
		moved := cal.AddWorkingDays(d, n)
		if !cal.IsWorkingDay(moved) {
			rt.Fatalf("%s %+d is %s, no working day", d, n, moved)
		}
		if n > 0 && cal.WorkingDaysBetween(d, moved) != n {
			rt.Fatalf("%s %+d is %s, %d away", d, n, moved, cal.WorkingDaysBetween(d, moved))
		}
	})
}

func TestIsOpenAndNextOpenAllocateNothing(t *testing.T) {
	cal, now := desk(), at(t, "2026-09-23 22:30")
	if n := testing.AllocsPerRun(100, func() { cal.IsOpen(now); cal.NextOpen(now); cal.Explain(now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkIsOpen(b *testing.B) {
	cal, now := desk(), at(b, "2026-11-23 10:00")
	for b.Loop() {
		cal.IsOpen(now)
	}
}

func BenchmarkNextOpen(b *testing.B) {
	cal, now := desk(), at(b, "2026-09-23 22:30")
	for b.Loop() {
		cal.NextOpen(now)
	}
}

func BenchmarkExplain(b *testing.B) {
	cal, now := desk(), at(b, "2026-09-23 22:30")
	for b.Loop() {
		cal.Explain(now)
	}
}

func BenchmarkDue(b *testing.B) {
	cal, now, r := statutory(b), at(b, "2026-09-14 10:00"), rule(b, "days:14")
	for b.Loop() {
		if _, err := cal.Due(r, now, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	holidays := worktime.BuiltIn()
	for b.Loop() {
		worktime.DefaultDesk(holidays)
	}
}
