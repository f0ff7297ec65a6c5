package worktime_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store/worktime"
)

// The published calendars 2021–2027 and the computed one of 2028: S substitute, T temporary,
// E election, x2 two holidays on one day; the weekday is given where it is a weekend.
var publishedYears = map[int]string{
	2021: "01-01 02-11 02-12 02-13(Sat) 03-01 05-05 05-19 06-06(Sun) 08-15(Sun) 08-16S 09-20 09-21 09-22 10-03(Sun) 10-04S 10-09(Sat) 10-11S 12-25(Sat)",
	2022: "01-01(Sat) 01-31 02-01 02-02 03-01 03-09E 05-05 05-08(Sun) 06-01E 06-06 08-15 09-09 09-10(Sat) 09-11(Sun) 09-12S 10-03 10-09(Sun) 10-10S 12-25(Sun)",
	2023: "01-01(Sun) 01-21(Sat) 01-22(Sun) 01-23 01-24S 03-01 05-05 05-27(Sat) 05-29S 06-06 08-15 09-28 09-29 09-30(Sat) 10-02T 10-03 10-09 12-25",
	2024: "01-01 02-09 02-10(Sat) 02-11(Sun) 02-12S 03-01 04-10E 05-05(Sun) 05-06S 05-15 06-06 08-15 09-16 09-17 09-18 10-01T 10-03 10-09 12-25",
	2025: "01-01 01-27T 01-28 01-29 01-30 03-01(Sat) 03-03S 05-05x2 05-06S 06-03T 06-06 08-15 10-03 10-05(Sun) 10-06 10-07 10-08S 10-09 12-25",
	2026: "01-01 02-16 02-17 02-18 03-01(Sun) 03-02S 05-01 05-05 05-24(Sun) 05-25S 06-03E 06-06(Sat) 07-17 08-15(Sat) 08-17S 09-24 09-25 09-26(Sat) 10-03(Sat) 10-05S 10-09 12-25",
	2027: "01-01 02-06(Sat) 02-07(Sun) 02-08 02-09S 03-01 05-01(Sat) 05-03S 05-05 05-13 06-06(Sun) 07-17(Sat) 07-19S 08-15(Sun) 08-16S 09-14 09-15 09-16 10-03(Sun) 10-04S 10-09(Sat) 10-11S 12-25(Sat) 12-27S",
	2028: "01-01(Sat) 01-26 01-27 01-28 03-01 04-12E 05-01 05-02 05-05 06-06 07-17 08-15 10-02 10-03x2 10-04 10-05S 10-09 12-25",
}

// written puts a year's holidays into the notation of publishedYears.
func written(hs []worktime.Holiday) string {
	mark := map[string]string{worktime.KindSubstitute: "S", worktime.KindTemporary: "T", worktime.KindElection: "E"}
	var out []string
	for i := 0; i < len(hs); i++ {
		h := hs[i]
		s := h.Date.String()[5:] + mark[h.Kind]
		if wd := h.Date.Weekday(); wd == time.Saturday || wd == time.Sunday {
			s += "(" + wd.String()[:3] + ")"
		}
		n := 1
		for i+1 < len(hs) && hs[i+1].Date == h.Date {
			i, n = i+1, n+1
		}
		if n > 1 {
			s += fmt.Sprintf("x%d", n)
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestHolidaysAreThePublishedOnes(t *testing.T) {
	t.Parallel()
	for year, want := range publishedYears {
		hs := worktime.Holidays(year)
		if diff := cmp.Diff(strings.Fields(want), strings.Fields(written(hs))); diff != "" {
			t.Errorf("%d (-published +ours):\n%s", year, diff)
		}
		for _, h := range hs {
			if h.Confirmed != (year != 2028) {
				t.Errorf("%s %s: confirmed = %v", h.Date, h.Name, h.Confirmed)
			}
			if h.Name == "" || h.Source == "" {
				t.Errorf("%s has no name or source: %+v", h.Date, h)
			}
		}
	}
}

func TestWorkingDaysOfAYear(t *testing.T) {
	t.Parallel()
	cal := statutory(t)
	// 2028 is counted by hand from the table above: 260 weekdays less 18 holidays on weekdays.
	for year, want := range map[int]int{2021: 249, 2022: 247, 2023: 247, 2024: 246, 2025: 244, 2026: 245, 2027: 246, 2028: 243} {
		got := cal.WorkingDaysBetween(worktime.Date{Year: year - 1, Month: 12, Day: 31}, worktime.Date{Year: year, Month: 12, Day: 31})
		if got != want {
			t.Errorf("%d has %d working days, want %d", year, got, want)
		}
	}
}

func TestSubstituteRuleGrewOverTheYears(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why, date string
		want      string // name of the substitute on that date, "" for none
	}{
		{"설 before the rule of 2013: 2013-02-10 was a Sunday", "2013-02-12", ""},
		{"추석 2014 on Sunday: the very first substitute", "2014-09-10", "대체공휴일(추석 연휴)"},
		{"추석 2015 on Sunday", "2015-09-29", "대체공휴일(추석 연휴)"},
		{"3·1절 2015 on Sunday, before 2021", "2015-03-02", ""},
		{"설 2016 on Sunday", "2016-02-10", "대체공휴일(설 연휴)"},
		{"추석 2017 with 개천절 on a Tuesday", "2017-10-06", "대체공휴일(개천절·추석 연휴)"},
		{"어린이날 2018 on Saturday", "2018-05-07", "대체공휴일(어린이날)"},
		{"광복절 2020 on Saturday, before 2021", "2020-08-17", ""},
		{"현충일 2021 on Sunday: never", "2021-06-07", ""},
		{"광복절 2021, days after the rule of 2021-08-04", "2021-08-16", "대체공휴일(광복절)"},
		{"성탄절 2021 on Saturday, before 2023", "2021-12-27", ""},
		{"설 2021 on Saturday: gives nothing", "2021-02-15", ""},
		{"새해 첫날 2022 on Saturday: never", "2022-01-03", ""},
		{"부처님 오신 날 2022 on Sunday, before 2023", "2022-05-09", ""},
		{"성탄절 2022 on Sunday, before 2023", "2022-12-26", ""},
		{"부처님 오신 날 2023 on Saturday, days after the rule of 2023-05-04", "2023-05-29", "대체공휴일(부처님 오신 날)"},
		{"어린이날 and 부처님 오신 날 on one Monday give one day", "2025-05-06", "대체공휴일(어린이날·부처님 오신 날)"},
		{"and not a second one", "2025-05-07", ""},
		{"제헌절 2027 on Saturday", "2027-07-19", "대체공휴일(제헌절)"},
		{"노동절 2027 on Saturday", "2027-05-03", "대체공휴일(노동절)"},
		{"추석 2028 with 개천절", "2028-10-05", "대체공휴일(개천절·추석 연휴)"},
		{"and not a second one", "2028-10-06", ""},
	}
	for _, tt := range tests {
		d := date(t, tt.date)
		var got string
		for _, h := range worktime.Holidays(d.Year) {
			if h.Date == d {
				got = h.Name
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s is %q, want %q", tt.why, tt.date, got, tt.want)
		}
	}
}

func TestLunarDatesAreKoreanNotChinese(t *testing.T) {
	t.Parallel()
	// Tables for the Chinese meridian have these a day early.
	for day, name := range map[string]string{"2023-05-27": "부처님 오신 날", "2027-02-08": "설 연휴", "2028-01-28": "설 연휴"} {
		d := date(t, day)
		found := false
		for _, h := range worktime.Holidays(d.Year) {
			found = found || h.Date == d && h.Name == name
		}
		if !found {
			t.Errorf("%s is not %s", day, name)
		}
	}
}

func TestYearsBeyondTheTableKeepTheFixedHolidays(t *testing.T) {
	t.Parallel()
	for _, year := range []int{2000, 2012, 2051, 2100} {
		names := make(map[string]bool)
		for _, h := range worktime.Holidays(year) {
			names[h.Name] = true
			if h.Confirmed {
				t.Errorf("%s is confirmed", h.Date)
			}
		}
		if !names["새해 첫날"] || !names["성탄절"] || names["추석 연휴"] {
			t.Errorf("%d: %v", year, names)
		}
	}
	if hs := worktime.Holidays(2050); len(hs) < 17 {
		t.Errorf("2050 has only %d holidays", len(hs))
	}
	all := worktime.BuiltIn()
	if all[0].Date.Year != 2000 || all[len(all)-1].Date.Year != 2100 {
		t.Errorf("BuiltIn runs from %s to %s", all[0].Date, all[len(all)-1].Date)
	}
}

func FuzzSubstitutesFallOnFreeWeekdays(f *testing.F) {
	f.Add(uint16(2028))
	f.Fuzz(func(t *testing.T, n uint16) {
		year := 2000 + int(n)%101
		seen := make(map[worktime.Date]string)
		for _, h := range worktime.Holidays(year) {
			if h.Kind == worktime.KindSubstitute {
				if wd := h.Date.Weekday(); wd == time.Saturday || wd == time.Sunday || seen[h.Date] != "" {
					t.Errorf("%s %s lands on %v %s", h.Date, h.Name, wd, seen[h.Date])
				}
			}
			if h.Date.Year != year {
				t.Errorf("%s is not in %d", h.Date, year)
			}
			seen[h.Date] = h.Name
		}
	})
}
