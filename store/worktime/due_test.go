package worktime_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"toktok/store/worktime"
)

func statutory(tb testing.TB) *worktime.Calendar {
	tb.Helper()
	c, err := worktime.Statutory(worktime.BuiltIn(), 0)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func date(tb testing.TB, s string) worktime.Date {
	tb.Helper()
	d, err := worktime.ParseDate(s)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// at reads "2006-01-02 15:04" in Seoul, seconds and fractions allowed.
func at(tb testing.TB, s string) time.Time {
	tb.Helper()
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if v, err := time.ParseInLocation(layout, s, worktime.Seoul); err == nil {
			return v
		}
	}
	tb.Fatalf("bad time %q", s)
	return time.Time{}
}

func rule(tb testing.TB, s string) worktime.Rule {
	tb.Helper()
	r, err := worktime.ParseRule(s)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func days(tb testing.TB, from, to, kind string) worktime.Exclusion {
	tb.Helper()
	e, err := worktime.ParseExclusion(from, to, kind)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// The worked examples of domain-korea.md §1.3, in their order and numbers.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	cal := statutory(t)
	tests := []struct {
		n        int
		rule     string
		accepted string
		excluded []worktime.Exclusion
		extended []worktime.Extension
		want     string
	}{
		{n: 1, rule: "immediate", accepted: "2026-11-23 10:00", want: "2026-11-23T14:00:00+09:00"},
		{n: 2, rule: "immediate", accepted: "2026-11-23 17:30", want: "2026-11-24T11:30:00+09:00"},
		{n: 3, rule: "immediate", accepted: "2026-09-23 16:30", want: "2026-09-28T10:30:00+09:00"},
		{n: 4, rule: "days:3", accepted: "2026-11-24 14:00", want: "2026-11-27T14:00:00+09:00"},
		{n: 5, rule: "days:5", accepted: "2026-04-29 10:00", want: "2026-05-08T10:00:00+09:00"},
		{n: 6, rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-01"},
		{n: 7, rule: "days:7", accepted: "2026-04-30 10:00", want: "2026-05-12"},
		{n: 8, rule: "days:7", accepted: "2026-07-13 10:00", want: "2026-07-22"},
		{n: 9, rule: "days:14", accepted: "2026-09-14 10:00", want: "2026-10-06"},
		{n: 10, rule: "days:14", accepted: "2027-01-29 10:00", want: "2027-02-19"},
		{n: 11, rule: "days:7", accepted: "2027-04-30 10:00", want: "2027-05-12"},
		{n: 12, rule: "days:7", accepted: "2027-07-16 10:00", want: "2027-07-27"},
		{n: 13, rule: "days:7", accepted: "2025-10-02 10:00", want: "2025-10-17"},
		{n: 14, rule: "days:7", accepted: "2026-10-03 10:00", want: "2026-10-15"},
		{n: 15, rule: "days:7", accepted: "2026-12-24 10:00", want: "2027-01-05"},
		{n: 16, rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-10",
			extended: []worktime.Extension{{Days: 7, Ground: "coop"}}},
		{n: 17, rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-07",
			excluded: []worktime.Exclusion{days(t, "2026-11-25", "2026-11-30", "supplement")}},
		{n: 18, rule: "days:7", accepted: "2026-11-02 10:00", want: "2026-11-20",
			excluded: []worktime.Exclusion{days(t, "2026-11-04", "2026-11-13", "investigation")}},
		{n: 19, rule: "days:30", accepted: "2026-11-24 10:00", want: "2027-01-06"},
		{n: 20, rule: "months:1", accepted: "2026-11-24 10:00", want: "2026-12-23"},
		{n: 21, rule: "hours:8", accepted: "2026-11-27 17:00", want: "2026-11-30T17:00:00+09:00"},
		{n: 22, rule: "hours:8", accepted: "2026-07-10 20:15", want: "2026-07-13T18:00:00+09:00"},
	}
	for _, tt := range tests {
		due, err := cal.Due(rule(t, tt.rule), at(t, tt.accepted), tt.excluded, tt.extended)
		if err != nil {
			t.Errorf("#%d: %v", tt.n, err)
			continue
		}
		if due.String() != tt.want {
			t.Errorf("#%d %s from %s is due %s, want %s\n%v", tt.n, tt.rule, tt.accepted, due, tt.want, due.Steps)
		}
		if !due.Confirmed {
			t.Errorf("#%d reads as not confirmed", tt.n)
		}
	}
}

func TestDueAtTheEdges(t *testing.T) {
	t.Parallel()
	cal := statutory(t)
	outage := func(from, to string) []worktime.Exclusion {
		return []worktime.Exclusion{days(t, from, to, "outage")}
	}
	tests := []struct {
		why, rule, accepted string
		excluded            []worktime.Exclusion
		extended            []worktime.Extension
		want                string
	}{
		{why: "runs out exactly at noon", rule: "immediate", accepted: "2026-11-23 09:00", want: "2026-11-23T12:00:00+09:00"},
		{why: "runs out exactly at the close", rule: "immediate", accepted: "2026-11-23 15:00", want: "2026-11-23T18:00:00+09:00"},
		{why: "starts in lunch", rule: "immediate", accepted: "2026-11-23 12:20", want: "2026-11-23T16:00:00+09:00"},
		{why: "starts at the beginning of lunch", rule: "immediate", accepted: "2026-11-23 12:00", want: "2026-11-23T16:00:00+09:00"},
		{why: "starts at the close", rule: "immediate", accepted: "2026-11-23 18:00", want: "2026-11-24T12:00:00+09:00"},
		{why: "starts before the opening", rule: "immediate", accepted: "2026-11-23 07:00", want: "2026-11-23T12:00:00+09:00"},
		{why: "17:59 consumes its whole day", rule: "days:7", accepted: "2026-11-23 17:59", want: "2026-12-01"},
		{why: "so does the evening", rule: "days:7", accepted: "2026-11-23 22:30", want: "2026-12-01"},
		{why: "five days are hours", rule: "days:5", accepted: "2026-11-23 17:59", want: "2026-11-30T17:59:00+09:00"},
		{why: "six days are days", rule: "days:6", accepted: "2026-11-23 17:59", want: "2026-11-30"},
		{why: "a week ends on the day before its weekday", rule: "weeks:1", accepted: "2026-11-24 10:00", want: "2026-11-30"},
		{why: "a week from Monday ends on Sunday and moves on", rule: "weeks:1", accepted: "2026-11-23 10:00", want: "2026-11-30"},
		{why: "a month from the 31st ends with February", rule: "months:1", accepted: "2027-01-31 10:00", want: "2027-03-02"},
		{why: "a month from the first ends with the month", rule: "months:1", accepted: "2026-12-01 10:00", want: "2026-12-31"},
		{why: "a month over the end of a leap February", rule: "months:1", accepted: "2028-01-30 10:00", want: "2028-02-29"},
		{why: "a year, ending on a Sunday before a Monday", rule: "years:1", accepted: "2026-11-29 10:00", want: "2027-11-29"},
		{why: "a month with ten excluded days", rule: "months:1", accepted: "2026-11-24 10:00", want: "2027-01-04",
			excluded: []worktime.Exclusion{days(t, "2026-12-01", "2026-12-10", "supplement")}},
		{why: "supplement against hours takes both end days out", rule: "days:3", accepted: "2026-11-24 14:00", want: "2026-12-01T14:00:00+09:00",
			excluded: []worktime.Exclusion{days(t, "2026-11-25", "2026-11-26", "supplement")}},
		{why: "an outage stops hours by the minute", rule: "immediate", accepted: "2026-11-23 10:00", want: "2026-11-23T14:30:00+09:00",
			excluded: outage("2026-11-23T11:30:00+09:00", "2026-11-23T12:10:00+09:00")},
		{why: "an outage inside the morning", rule: "immediate", accepted: "2026-11-23 10:00", want: "2026-11-23T14:30:00+09:00",
			excluded: outage("2026-11-23T10:30:00+09:00", "2026-11-23T11:00:00+09:00")},
		{why: "an outage of an hour takes no day out", rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-01",
			excluded: outage("2026-11-24T11:00:00+09:00", "2026-11-24T12:00:00+09:00")},
		{why: "an outage of a whole working day does", rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-02",
			excluded: outage("2026-11-24T08:00:00+09:00", "2026-11-24T18:00:00+09:00")},
		{why: "one that ends at noon does not", rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-01",
			excluded: outage("2026-11-24T08:00:00+09:00", "2026-11-24T12:00:00+09:00")},
		{why: "an end on a Sunday moves past an excluded Monday", rule: "weeks:1", accepted: "2026-11-23 10:00", want: "2026-12-01",
			excluded: []worktime.Exclusion{days(t, "2026-11-30", "2026-11-30", "hearing")}},
		{why: "overlapping exclusions count once", rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-07",
			excluded: []worktime.Exclusion{days(t, "2026-11-25", "2026-11-27", "supplement"), days(t, "2026-11-26", "2026-11-30", "hearing")}},
		{why: "an exclusion reaches into the extension", rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-14",
			excluded: []worktime.Exclusion{days(t, "2026-12-03", "2026-12-04", "supplement")},
			extended: []worktime.Extension{{Days: 7, Ground: "site"}}},
		{why: "two extensions follow each other", rule: "days:7", accepted: "2026-11-23 10:00", want: "2026-12-15",
			extended: []worktime.Extension{{Days: 7, Ground: "coop"}, {Days: 3, Ground: "similar"}}},
		{why: "hours extend by eight a day", rule: "days:3", accepted: "2026-11-24 14:00", want: "2026-12-01T14:00:00+09:00",
			extended: []worktime.Extension{{Days: 2, Ground: "force"}}},
		{why: "a month extends by working days", rule: "months:1", accepted: "2026-11-24 10:00", want: "2026-12-28",
			extended: []worktime.Extension{{Days: 2, Ground: "force"}}},
	}
	for _, tt := range tests {
		due, err := cal.Due(rule(t, tt.rule), at(t, tt.accepted), tt.excluded, tt.extended)
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		if due.String() != tt.want {
			t.Errorf("%s: due %s, want %s\n%v", tt.why, due, tt.want, due.Steps)
		}
	}
}

func TestDueRefuses(t *testing.T) {
	t.Parallel()
	cal := statutory(t)
	never := worktime.New(worktime.Config{Name: "없음", Scope: worktime.ScopeStatutory})
	ok := at(t, "2026-11-23 10:00")
	tests := []struct {
		why      string
		cal      *worktime.Calendar
		rule     string
		accepted time.Time
		excluded []worktime.Exclusion
		extended []worktime.Extension
		field    string
	}{
		{"no acceptance", cal, "days:7", time.Time{}, nil, nil, "accepted_at"},
		{"next century", cal, "days:7", at(t, "2101-01-03 10:00"), nil, nil, "accepted_at"},
		{"runs off the calendar", cal, "years:10", at(t, "2099-01-05 10:00"), nil, nil, "rule"},
		{"never a working day, in days", never, "days:7", ok, nil, nil, "rule"},
		{"never a working minute, in hours", never, "immediate", ok, nil, nil, "rule"},
		{"never a working day, by the calendar", never, "months:1", ok, nil, nil, "rule"},
		{"exclusion without an end", cal, "days:7", ok, []worktime.Exclusion{{From: date(t, "2026-11-25")}}, nil, "exclusions"},
		{"exclusion backwards", cal, "days:7", ok, []worktime.Exclusion{{From: date(t, "2026-11-25"), To: date(t, "2026-11-24")}}, nil, "exclusions"},
		{"outage backwards", cal, "days:7", ok, []worktime.Exclusion{{Begin: ok, End: ok.Add(-1)}}, nil, "exclusions"},
		{"endless exclusion", cal, "days:7", ok, []worktime.Exclusion{{From: date(t, "2026-11-25"), To: date(t, "9999-12-31")}}, nil, "rule"},
		{"extension longer than the period", cal, "days:7", ok, nil, []worktime.Extension{{Days: 8, Ground: "coop"}}, "extensions"},
		{"three extensions", cal, "days:7", ok, nil, []worktime.Extension{{1, "coop"}, {1, "coop"}, {1, "coop"}}, "extensions"},
		{"too much work is no ground", cal, "days:7", ok, nil, []worktime.Extension{{1, "workload"}}, "extensions"},
		{"extension of nothing", cal, "days:7", ok, nil, []worktime.Extension{{0, "coop"}}, "extensions"},
		{"three hours cannot grow by a day", cal, "immediate", ok, nil, []worktime.Extension{{1, "coop"}}, "extensions"},
	}
	for _, tt := range tests {
		_, err := tt.cal.Due(rule(t, tt.rule), tt.accepted, tt.excluded, tt.extended)
		e, ok := errors.AsType[*worktime.Error](err)
		if !ok || e.Field != tt.field || e.Text == "" {
			t.Errorf("%s: got %v, want an error on %s", tt.why, err, tt.field)
		}
	}
	if _, err := cal.Due(worktime.Rule{}, ok, nil, nil); err == nil {
		t.Error("a due date without a rule")
	}
}

func TestStepsShowTheArithmetic(t *testing.T) {
	t.Parallel()
	cal := statutory(t)
	tests := []struct {
		rule, accepted string
		excluded       []worktime.Exclusion
		extended       []worktime.Extension
		want           []worktime.Step
	}{
		{rule: "immediate", accepted: "2026-09-23 16:30", want: []worktime.Step{
			{"2026-09-23", true, "즉시 처리(민원처리법 시행령 §19) 16:30–18:00", "1시간 30분"},
			{"2026-09-24", false, "추석 연휴", "제외"},
			{"2026-09-25", false, "추석 연휴", "제외"},
			{"2026-09-26", false, "추석 연휴", "제외"},
			{"2026-09-27", false, "일요일", "제외"},
			{"2026-09-28", true, "업무시간 09:00–10:30", "3시간"},
		}},
		{rule: "hours:8", accepted: "2026-07-10 20:15", want: []worktime.Step{
			{"2026-07-10", false, "업무시간이 끝난 뒤", "제외"},
			{"2026-07-11", false, "토요일", "제외"},
			{"2026-07-12", false, "일요일", "제외"},
			{"2026-07-13", true, "근무시간 계산(민원처리법 §19①) 09:00–12:00, 13:00–18:00", "8시간"},
		}},
		{rule: "days:6", accepted: "2026-11-23 17:59",
			excluded: []worktime.Exclusion{days(t, "2026-11-25", "2026-11-26", "supplement")},
			extended: []worktime.Extension{{1, "coop"}},
			want: []worktime.Step{
				{"2026-11-23", true, "접수일 산입(민원처리법 §19②)", "1일째"},
				{"2026-11-24", true, "업무일", "2일째"},
				{"2026-11-25", false, "보완 기간(민원처리법 시행령 §20)", "제외"},
				{"2026-11-26", false, "보완 기간(민원처리법 시행령 §20)", "제외"},
				{"2026-11-27", true, "업무일", "3일째"},
				{"2026-11-28", false, "토요일", "제외"},
				{"2026-11-29", false, "일요일", "제외"},
				{"2026-11-30", true, "업무일", "4일째"},
				{"2026-12-01", true, "업무일", "5일째"},
				{"2026-12-02", true, "업무일", "6일째"},
				{"2026-12-03", true, "연장: 관계 기관 협조(민원처리법 시행령 §21)", "연장 1일째"},
			}},
		{rule: "days:6", accepted: "2026-10-03 10:00", want: []worktime.Step{
			{"2026-10-03", false, "개천절", "제외"},
			{"2026-10-04", false, "일요일", "제외"},
			{"2026-10-05", false, "대체공휴일(개천절)", "제외"},
			{"2026-10-06", true, "첫 업무일(민원처리법 §19②)", "1일째"},
			{"2026-10-07", true, "업무일", "2일째"},
			{"2026-10-08", true, "업무일", "3일째"},
			{"2026-10-09", false, "한글날", "제외"},
			{"2026-10-10", false, "토요일", "제외"},
			{"2026-10-11", false, "일요일", "제외"},
			{"2026-10-12", true, "업무일", "4일째"},
			{"2026-10-13", true, "업무일", "5일째"},
			{"2026-10-14", true, "업무일", "6일째"},
		}},
		{rule: "weeks:1", accepted: "2026-11-23 10:00", want: []worktime.Step{
			{"2026-11-23", true, "첫날 산입(민원처리법 §19③)", "1일째"},
			{"2026-11-29", true, "처리기간 1주의 마지막 날(민법 §160)", "7일째"},
			{"2026-11-29", false, "일요일: 다음 날로(민법 §161)", "제외"},
			{"2026-11-30", true, "다음 업무일(민법 §161)", "처리기한"},
		}},
		// The period ends with the day, so the extension does not list that day again.
		{rule: "hours:8", accepted: "2026-11-23 09:00", extended: []worktime.Extension{{1, "site"}}, want: []worktime.Step{
			{"2026-11-23", true, "근무시간 계산(민원처리법 §19①) 09:00–12:00, 13:00–18:00", "8시간"},
			{"2026-11-24", true, "연장: 사실관계·현장 확인(민원처리법 시행령 §21) 09:00–12:00, 13:00–18:00", "연장 8시간"},
		}},
	}
	for _, tt := range tests {
		due, err := cal.Due(rule(t, tt.rule), at(t, tt.accepted), tt.excluded, tt.extended)
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		if diff := cmp.Diff(tt.want, due.Steps); diff != "" {
			t.Errorf("%s from %s (-want +got):\n%s", tt.rule, tt.accepted, diff)
		}
	}
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	cal := statutory(t)
	day, err := cal.Due(rule(t, "days:7"), at(t, "2026-11-23 10:00"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	instant, err := cal.Due(rule(t, "immediate"), at(t, "2026-11-23 10:00"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		due  worktime.Due
		now  string
		want bool
	}{
		{day, "2026-12-01 18:00", false},
		{day, "2026-12-01 23:59:59.999", false},
		{day, "2026-12-02 00:00", true},
		{instant, "2026-11-23 14:00", false},
		{instant, "2026-11-23 14:00:00.001", true},
	}
	for _, tt := range tests {
		now := at(t, tt.now)
		if got := tt.due.Overdue(now); got != tt.want {
			t.Errorf("%s at %s: overdue = %v", tt.due, tt.now, got)
		}
		if got := now.After(tt.due.Last()); got != tt.want {
			t.Errorf("%s at %s: after Last = %v", tt.due, tt.now, got)
		}
	}
	if day.Korean() != "12월 1일(화)" || instant.Korean() != "11월 23일(월) 14:00" {
		t.Errorf("Korean: %s, %s", day.Korean(), instant.Korean())
	}
}

func TestDueThroughAnUnconfirmedYearSaysSo(t *testing.T) {
	t.Parallel()
	due, err := statutory(t).Due(rule(t, "days:7"), at(t, "2027-12-30 10:00"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if due.Confirmed {
		t.Errorf("due %s rests on 2028 and reads as confirmed", due)
	}
}

var anyRule = rapid.SampledFrom([]string{"immediate", "hours:1", "hours:8", "days:1", "days:5", "days:6", "days:7", "days:14", "days:30", "weeks:2", "months:1", "months:3", "years:1"})

// anyInstant draws milliseconds between 2021 and 2028.
func anyInstant(rt *rapid.T, name string) time.Time {
	from := time.Date(2021, 1, 1, 0, 0, 0, 0, worktime.Seoul).UnixMilli()
	to := time.Date(2028, 6, 1, 0, 0, 0, 0, worktime.Seoul).UnixMilli()
	return time.UnixMilli(rapid.Int64Range(from, to).Draw(rt, name)).In(worktime.Seoul)
}

func TestAHolidayNeverMakesADeadlineEarlier(t *testing.T) {
	t.Parallel()
	base := worktime.BuiltIn()
	before := statutory(t)
	rapid.Check(t, func(rt *rapid.T) {
		accepted := anyInstant(rt, "accepted")
		r := rule(t, anyRule.Draw(rt, "rule"))
		extra := worktime.Holiday{Date: worktime.DateOf(accepted).AddDays(rapid.IntRange(-3, 40).Draw(rt, "offset")), Name: "임시공휴일", Kind: worktime.KindTemporary, Confirmed: true}
		after, err := worktime.Statutory(append(slices.Clone(base), extra), 0)
		if err != nil {
			rt.Fatal(err)
		}
		d1, err1 := before.Due(r, accepted, nil, nil)
		d2, err2 := after.Due(r, accepted, nil, nil)
		if err1 != nil || err2 != nil {
			rt.Fatal(err1, err2)
		}
		if d2.Last().Before(d1.Last()) {
			rt.Fatalf("%s with a holiday on %s: %s before %s", r, extra.Date, d2, d1)
		}
	})
}

func TestDueProperties(t *testing.T) {
	t.Parallel()
	cal := statutory(t)
	rapid.Check(t, func(rt *rapid.T) {
		accepted := anyInstant(rt, "accepted")
		r := rule(t, anyRule.Draw(rt, "rule"))
		from := worktime.DateOf(accepted).AddDays(rapid.IntRange(0, 20).Draw(rt, "from"))
		pause := worktime.Exclusion{From: from, To: from.AddDays(rapid.IntRange(0, 20).Draw(rt, "length")), Kind: "supplement"}
		plain, err := cal.Due(r, accepted, nil, nil)
		if err != nil {
			rt.Fatal(err)
		}
		paused, err := cal.Due(r, accepted, []worktime.Exclusion{pause}, nil)
		if err != nil {
			rt.Fatal(err)
		}
		later, err := cal.Due(r, accepted.Add(time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(rt, "later"))), nil, nil)
		if err != nil {
			rt.Fatal(err)
		}
		if paused.Last().Before(plain.Last()) || later.Last().Before(plain.Last()) {
			rt.Fatalf("%s: plain %s, paused %s, accepted later %s", r, plain, paused, later)
		}
		for _, d := range []worktime.Due{plain, paused} {
			if !cal.IsWorkingDay(d.On) || d.Last().Before(accepted) {
				rt.Fatalf("%s is due on %s, no working day or before acceptance", r, d)
			}
			last := d.Steps[len(d.Steps)-1]
			if !last.Counts || last.On != d.On.String() {
				rt.Fatalf("the last step is %+v, the due date %s", last, d)
			}
			for _, s := range d.Steps {
				if s.On == "" || s.Because == "" || s.Sum == "" {
					rt.Fatalf("a step without a word: %+v", s)
				}
			}
		}
		for _, s := range paused.Steps {
			if s.Counts && s.On >= pause.From.String() && s.On <= pause.To.String() {
				rt.Fatalf("%s counts inside the pause %v", s.On, pause)
			}
		}
		if r.Instant() {
			if want := cal.Add(accepted, hoursOf(r)); !plain.At.Equal(want) {
				rt.Fatalf("%s from %s: steps lead to %s, the running sums to %s", r, accepted, plain.At, want)
			}
		}
	})
}

func hoursOf(r worktime.Rule) time.Duration {
	return map[string]time.Duration{"immediate": 3, "hours:1": 1, "hours:8": 8, "days:1": 8, "days:5": 40}[r.String()] * time.Hour
}

func TestLunchMayMoveByAnHour(t *testing.T) {
	t.Parallel()
	cal, err := worktime.Statutory(worktime.BuiltIn(), -30)
	if err != nil {
		t.Fatal(err)
	}
	due, err := cal.Due(rule(t, "immediate"), at(t, "2026-11-23 11:30"), nil, nil)
	if err != nil || due.String() != "2026-11-23T15:30:00+09:00" {
		t.Errorf("lunch 11:30–12:30: due %s, %v", due, err)
	}
	for _, m := range []int{-61, 61} {
		if _, err := worktime.Statutory(nil, m); err == nil || !strings.Contains(err.Error(), "한 시간") {
			t.Errorf("a lunch moved by %d minutes: %v", m, err)
		}
	}
}
