package store_test

import (
	"context"
	"strings"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/worktime"
)

func TestCalendarStatus(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-09-01 10:00")
	for _, c := range []struct{ at, of, want string }{
		{"2026-09-23 22:30", "", "업무시간 외 · 다음 업무 9월 28일(월) 09:00"},
		{"2026-09-24 10:00", "desk", "휴무: 추석 연휴 · 다음 업무 9월 28일(월) 09:00"},
		{"2026-09-23 17:59:59.999", "desk", "업무 중 · 9월 23일(수) 18:00까지"},
		{"2026-09-23 18:00", "desk", "업무시간 외 · 다음 업무 9월 28일(월) 09:00"},
		{"2026-09-23 12:30", "desk", "업무 중 · 9월 23일(수) 18:00까지"},
		{"2026-09-23 12:30", "statutory", "점심시간 · 다음 업무 9월 23일(수) 13:00"},
	} {
		got, err := db.CalendarStatus(storetest.At(c.at), c.of)
		if err != nil || got.String() != c.want {
			t.Errorf("%s of %q: %q, %v, want %q", c.at, c.of, got, err, c.want)
		}
	}
	if _, err := db.CalendarStatus(db.Now(), "77"); store.KindOf(err) != store.NotFound {
		t.Errorf("an unknown department: %v", err)
	}
	if _, err := db.CalendarStatus(db.Now(), "somewhere"); store.KindOf(err) != store.Invalid {
		t.Errorf("no calendar at all: %v", err)
	}
}

// Exceptions of the desk never touch a legal clock; a 임시공휴일 touches every calendar (RULES F).
func TestExceptionsAndHolidays(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, _ := storetest.New(t, "2026-11-23 08:00")
	setRows(t, db, `insert into departments (id, name) values (3, '도로과')`)
	monday, tuesday := worktime.NewDate(2026, 11, 23), worktime.NewDate(2026, 11, 24)
	department := worktime.DepartmentScope("3")

	version := db.CalendarVersion()
	id, err := db.AddException(ctx, anAdmin, store.HourException{Scope: worktime.ScopeDesk, Date: monday, Closed: true, Name: "개청기념일"})
	if err != nil {
		t.Fatal(err)
	}
	if db.Desk().IsWorkingDay(monday) || !db.Statutory().IsWorkingDay(monday) || db.CalendarVersion() == version {
		t.Error("a closed day of the desk has to close the desk, and nothing else, at once")
	}
	if _, err := db.AddException(ctx, anAdmin, store.HourException{Scope: department, Date: tuesday, Hours: worktime.Interval{From: 600, To: 720}, Name: "교육"}); err != nil {
		t.Fatal(err)
	}
	own, err := db.Calendar("3")
	if err != nil {
		t.Fatal(err)
	}
	if own.IsOpen(storetest.At("2026-11-24 09:30")) || !own.IsOpen(storetest.At("2026-11-24 10:30")) || !db.Desk().IsOpen(storetest.At("2026-11-24 09:30")) {
		t.Error("an exception of a department belongs to its calendar alone")
	}
	if err := db.AddHoliday(ctx, anAdmin, tuesday, "임시공휴일"); err != nil {
		t.Fatal(err)
	}
	if db.Desk().IsWorkingDay(tuesday) || db.Statutory().IsWorkingDay(tuesday) {
		t.Error("a temporary holiday belongs to desk and law")
	}
	if err := db.AddHoliday(ctx, anAdmin, tuesday, "임시공휴일"); store.KindOf(err) != store.Conflict {
		t.Errorf("the same holiday twice: %v", err)
	}
	if err := db.RemoveHoliday(ctx, anAdmin, tuesday, "임시공휴일"); err != nil || !db.Desk().IsWorkingDay(tuesday) {
		t.Errorf("taken back, the day works again: %v", err)
	}
	if err := db.RemoveException(ctx, anAdmin, id); err != nil || !db.Desk().IsWorkingDay(monday) {
		t.Errorf("taken back, the desk works again: %v", err)
	}
	if err := db.RemoveException(ctx, anAdmin, id); store.KindOf(err) != store.NotFound {
		t.Errorf("taken back twice: %v", err)
	}
	if list, err := db.Exceptions(ctx, anAdmin, "", monday); err != nil || len(list) != 1 || list[0].Name != "교육" || list[0].Scope != department {
		t.Errorf("what is left: %+v, %v", list, err)
	}
}

func TestBuiltInHolidayRemovedAndConfirmed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, clock := storetest.New(t, "2026-11-23 08:00")
	christmas := worktime.NewDate(2026, 12, 25)
	if err := db.RemoveHoliday(ctx, anAdmin, christmas, "성탄절"); err != nil {
		t.Fatal(err)
	}
	if !db.Desk().IsWorkingDay(christmas) || !db.Statutory().IsWorkingDay(christmas) {
		t.Error("a holiday taken out is a working day")
	}
	list, err := db.Holidays(ctx, anOperator, 2026)
	if err != nil {
		t.Fatal(err)
	}
	if last := list[len(list)-1]; last.Name != "성탄절" || !last.Removed || !last.EnteredAt.Equal(clock.Now()) {
		t.Errorf("the page has to show what was taken out and when: %+v", last)
	}
	if err := db.AddHoliday(ctx, anAdmin, christmas, "성탄절"); err != nil || db.Desk().IsWorkingDay(christmas) {
		t.Errorf("put back: %v", err)
	}

	if db.Desk().Confirmed(2028) || !db.Desk().Confirmed(2027) {
		t.Error("2028 waits for a person, 2027 does not")
	}
	if err := db.ConfirmHolidays(ctx, anAdmin, 2028); err != nil || !db.Desk().Confirmed(2028) || !db.Statutory().Confirmed(2028) {
		t.Errorf("2028 was confirmed: %v", err)
	}
}

func TestHours(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 08:00"))
	db := storetest.Open(t, clock, dir)
	week := worktime.OfficeWeek()
	for day := range week {
		if len(week[day]) > 0 {
			week[day] = []worktime.Interval{{From: 540, To: 720}, {From: 780, To: 1080}}
		}
	}
	week[6] = []worktime.Interval{{From: 600, To: 720}}
	if err := db.SaveHours(ctx, anAdmin, worktime.ScopeDesk, week); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.Open(t, clock, dir)
	if db.Desk().IsOpen(storetest.At("2026-11-23 12:30")) || !db.Desk().IsOpen(storetest.At("2026-11-28 10:30")) {
		t.Error("lunch and Saturday are not as saved")
	}
	if !db.Statutory().IsOpen(storetest.At("2026-11-23 11:00")) || db.Statutory().IsOpen(storetest.At("2026-11-28 10:30")) {
		t.Error("hours of the desk touched the statutory calendar")
	}
	if got, own, err := db.Hours(ctx, anOperator, worktime.ScopeDesk); err != nil || !own || len(got[1]) != 2 {
		t.Errorf("hours read back: %v own=%v %v", got, own, err)
	}
	for name, c := range map[string]struct {
		scope worktime.Scope
		week  worktime.Week
	}{
		"overlap":            {worktime.ScopeDesk, worktime.Week{1: {{From: 540, To: 720}, {From: 700, To: 1080}}}},
		"end before start":   {worktime.ScopeDesk, worktime.Week{1: {{From: 720, To: 540}}}},
		"never open":         {worktime.ScopeDesk, worktime.Week{}},
		"statutory":          {worktime.ScopeStatutory, worktime.OfficeWeek()},
		"unknown department": {worktime.DepartmentScope("9"), worktime.OfficeWeek()},
	} {
		if err := db.SaveHours(ctx, anAdmin, c.scope, c.week); store.KindOf(err) != store.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := db.SaveHours(ctx, anOperator, worktime.ScopeDesk, week); store.KindOf(err) != store.Forbidden {
		t.Errorf("an anOperator may not: %v", err)
	}
}

func TestLunchShiftMovesLegalClocksOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, _ := storetest.New(t, "2026-11-23 08:00")
	set := db.Settings()
	set.LunchShift = 30
	version := db.CalendarVersion()
	if err := db.SaveSettings(ctx, anAdmin, set); err != nil {
		t.Fatal(err)
	}
	if !db.Statutory().IsOpen(storetest.At("2026-11-23 12:15")) || db.Statutory().IsOpen(storetest.At("2026-11-23 13:15")) {
		t.Error("lunch did not move to 12:30")
	}
	if db.CalendarVersion() == version {
		t.Error("the calendar's version has to grow: due dates name the one they were computed with")
	}
}

func TestComputeDue(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 08:00")
	// domain-korea.md §1.3, examples 3 and 17.
	due, err := db.ComputeDue("immediate", storetest.At("2026-09-23 16:30"), nil, nil)
	if err != nil || due.String() != "2026-09-28T10:30:00+09:00" || len(due.Steps) == 0 {
		t.Errorf("3 working hours over 추석: %v, %v", due, err)
	}
	pause, err := worktime.ParseExclusion("2026-11-25", "2026-11-30", "supplement")
	if err != nil {
		t.Fatal(err)
	}
	due, err = db.ComputeDue("days:7", storetest.At("2026-11-23 09:10"), []worktime.Exclusion{pause}, nil)
	if err != nil || due.String() != "2026-12-07" {
		t.Errorf("7 days with a supplement: %v, %v", due, err)
	}
	_, err = db.ComputeDue("soon", db.Now(), nil, nil)
	if e, ok := err.(*store.Error); !ok || e.Kind != store.Invalid || !strings.Contains(e.Fields["rule"], "처리기간") {
		t.Errorf("no rule: %v", err)
	}
}

func setRows(t *testing.T, db *store.DB, query string, args ...any) {
	t.Helper()
	if err := store.Exec(db, query, args...); err != nil {
		t.Fatal(err)
	}
}
