package schedule

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/worktime"
)

// demo is a store with the demo's clock, and its scheduler, switched on but for its timers.
func demo(t testing.TB, at string) (*store.DB, *store.DemoClock, *Scheduler) {
	t.Helper()
	return demoIn(t, t.TempDir(), storetest.At(at))
}

func demoIn(t testing.TB, dir string, at time.Time) (*store.DB, *store.DemoClock, *Scheduler) {
	t.Helper()
	ctx := context.Background()
	clock := store.NewDemoClock(at)
	db := storetest.Open(t, clock, dir, func(o *store.Options) { o.Mode = "demo" })
	if err := db.ResumeDemoClock(ctx, clock, at); err != nil {
		t.Fatal(err)
	}
	s := New(Options{DB: db, Demo: clock})
	if err := s.begin(ctx); err != nil {
		t.Fatal(err)
	}
	return db, clock, s
}

func stepTo(t testing.TB, s *Scheduler, at string) []Ran {
	t.Helper()
	ran, err := s.StepTo(context.Background(), storetest.At(at))
	if err != nil {
		t.Fatal(err)
	}
	return ran
}

func only(ran []Ran, job string) (list []string) {
	for _, r := range ran {
		if r.Job == job {
			list = append(list, r.ScheduledFor.Format("01-02 15:04 ")+string(r.Outcome))
		}
	}
	return list
}

// A month stepped through equals the calendar: an oracle that knows nothing of worktime.
func TestMonthEqualsTheCalendar(t *testing.T) {
	t.Parallel()
	db, _, s := demo(t, "2026-08-31 23:59")
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	ran := stepTo(t, s, "2026-09-30 23:59:59")
	chuseok := map[int]bool{24: true, 25: true, 26: true}
	var opening, closing, due []string
	for day := 1; day <= 30; day++ {
		if wd := time.Date(2026, 9, day, 0, 0, 0, 0, time.UTC).Weekday(); wd != time.Saturday && wd != time.Sunday && !chuseok[day] {
			opening = append(opening, fmt.Sprintf("09-%02d 09:00 done", day))
			closing = append(closing, fmt.Sprintf("09-%02d 18:00 done", day))
		}
		for hour := range 24 {
			due = append(due, fmt.Sprintf("09-%02d %02d:00 done", day, hour))
		}
	}
	for job, want := range map[string][]string{"opening": opening, "closing": closing, "due": due} {
		if diff := cmp.Diff(want, only(ran, job)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", job, diff)
		}
	}
	for i := 1; i < len(ran); i++ {
		if ran[i].ScheduledFor.Before(ran[i-1].ScheduledFor) {
			t.Fatalf("%v ran after %v", ran[i], ran[i-1])
		}
	}
	// Nobody answered: the citizen is told each morning, and each evening, and waits since August.
	if o, c := lines(t, db, "opening_line"), lines(t, db, "closing_line"); o != len(opening) || c != len(closing) {
		t.Errorf("told %d times in the morning and %d in the evening on %d days", o, c, len(opening))
	}
	ticket, err := db.Ticket(context.Background(), admin, "2026-000001")
	if err != nil || ticket.State != store.StateWaiting || ticket.FollowUpOn != "2026-10-01" || ticket.AwaitingSince.Day() != 31 {
		t.Errorf("the case lies at %s until %s, since %v, %v", ticket.State, ticket.FollowUpOn, ticket.AwaitingSince, err)
	}
}

func TestStepStandsAtEachOccurrence(t *testing.T) {
	t.Parallel()
	db, _, s := demo(t, "2026-09-23 22:30")
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	var stood []string
	for i, j := range s.jobs[:2] {
		s.jobs[i].run = func(ctx context.Context, db *store.DB, at time.Time) (int, error) {
			stood = append(stood, db.Now().Format("01-02 15:04:05.000"))
			if !db.Now().Equal(at) {
				t.Errorf("%s of %v ran at %v", j.id, at, db.Now())
			}
			return j.run(ctx, db, at)
		}
	}
	ran := stepTo(t, s, "2026-09-28 09:05")
	if diff := cmp.Diff([]string{"09-28 09:00:00.000"}, stood); diff != "" {
		t.Errorf("the clock stood at (-want +got):\n%s", diff)
	}
	if got := only(ran, "opening"); len(got) != 1 || got[0] != "09-28 09:00 done" {
		t.Errorf("ran %v", got)
	}
	if now := db.Now(); now.Before(storetest.At("2026-09-28 09:05")) || now.After(storetest.At("2026-09-28 09:06")) {
		t.Errorf("the clock goes on from %v", now)
	}
	if got := lines(t, db, "opening_line"); got != 1 {
		t.Errorf("told %d times", got)
	}
}

func TestBackwardRunsNothingAgain(t *testing.T) {
	t.Parallel()
	db, _, s := demo(t, "2026-11-22 12:00")
	rebased := &worker{}
	s.workers = []Worker{rebased}
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	first := stepTo(t, s, "2026-11-23 10:00")
	if len(only(first, "opening")) != 1 {
		t.Fatalf("ran %v", first)
	}
	if ran := stepTo(t, s, "2026-11-22 20:00"); len(ran) != 0 {
		t.Errorf("backward ran %v", ran)
	}
	if now := db.Now(); now.Sub(storetest.At("2026-11-22 20:00")) > time.Minute {
		t.Errorf("the clock shows %v", now)
	}
	if rebased.told.Load() < 2 {
		t.Error("the workers were not told that the clock moved")
	}
	again := stepTo(t, s, "2026-11-23 10:30")
	if len(only(again, "opening")) != 0 || len(only(again, "due")) != 0 {
		t.Errorf("ran again: %v", again)
	}
	if got := lines(t, db, "opening_line"); got != 1 {
		t.Errorf("told %d times", got)
	}
	// What is new in the time lived twice is run: Sunday became a working day.
	stepTo(t, s, "2026-11-20 20:00")
	if _, err := db.AddException(context.Background(), admin, store.HourException{
		Scope: worktime.ScopeDesk, Date: worktime.NewDate(2026, 11, 22), Hours: worktime.Interval{From: 840, To: 960}, Name: "행사",
	}); err != nil {
		t.Fatal(err)
	}
	again = stepTo(t, s, "2026-11-23 11:00")
	if diff := cmp.Diff([]string{"11-22 14:00 done"}, only(again, "opening")); diff != "" {
		t.Errorf("ran in the second life (-want +got):\n%s", diff)
	}
}

// A snoozed case comes back at its instant, between two occurrences.
func TestStepWakes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, _, s := demo(t, "2026-11-23 10:00")
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	until := storetest.At("2026-11-23 14:17:30")
	if _, err := db.Change(ctx, admin, "2026-000001", store.ChangeInput{SnoozeUntil: &until}); err != nil {
		t.Fatal(err)
	}
	stepTo(t, s, "2026-11-23 15:00")
	thread, err := db.Thread(ctx, admin, "2026-000001")
	if err != nil {
		t.Fatal(err)
	}
	woke := time.Time{}
	for _, m := range thread.Messages {
		if m.Key == string(store.ActWake) {
			woke = m.At
		}
	}
	if !woke.Equal(until) || !thread.Ticket.SnoozeUntil.IsZero() {
		t.Errorf("woke at %v, still snoozed until %v", woke, thread.Ticket.SnoozeUntil)
	}
}

// TOKTOK_DEMO_NOW means the machine was off until then; without it the demo goes on from the stored clock (RULES E4).
func TestDemoRestart(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	db, _, s := demoIn(t, dir, storetest.At("2026-11-22 12:00"))
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	stepTo(t, s, "2026-11-23 08:00")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, _, _ = demoIn(t, dir, time.Time{})
	if now := db.Now(); now.Before(storetest.At("2026-11-23 08:00")) || now.After(storetest.At("2026-11-23 08:05")) {
		t.Errorf("the demo goes on at %v", now)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, _, _ = demoIn(t, dir, storetest.At("2026-11-23 10:40"))
	rows, err := db.LastOccurrences(ctx, admin, "opening", 5)
	if err != nil || len(rows) != 1 || rows[0].Outcome != store.OutcomeDone || lines(t, db, "opening_line") != 1 {
		t.Errorf("caught up: %+v, %v", rows, err)
	}
	rows, err = db.LastOccurrences(ctx, admin, "due", 5)
	if err != nil || len(rows) < 3 || rows[0].Outcome != store.OutcomeDone || rows[1].Outcome != store.OutcomeMissed {
		t.Errorf("hours in which the machine was off: %+v, %v", rows, err)
	}
}

func TestStepRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	_, _, s := demo(t, "2026-11-23 10:00")
	for _, at := range []string{"2030-01-01 00:00", "1999-01-01 00:00"} {
		if _, err := s.StepTo(ctx, storetest.At(at)); store.KindOf(err) != store.Invalid {
			t.Errorf("to %s: %v", at, err)
		}
	}
	r := newRig(t, "2026-11-23 10:00")
	if _, err := r.s.StepTo(ctx, storetest.At("2026-11-24 10:00")); store.KindOf(err) != store.NotFound {
		t.Errorf("production steps: %v", err)
	}
}

// A step that is cut short leaves the clock running where it stood, and the rest for the next one.
func TestStepCutShort(t *testing.T) {
	t.Parallel()
	db, _, s := demo(t, "2026-11-22 12:00")
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	ctx, cut := context.WithCancel(context.Background())
	work := s.jobs[1].run
	s.jobs[1].run = func(inner context.Context, db *store.DB, at time.Time) (int, error) {
		n, err := work(inner, db, at)
		if at.Day() == 24 {
			cut()
		}
		return n, err
	}
	if _, err := s.StepTo(ctx, storetest.At("2026-11-30 12:00")); err == nil {
		t.Fatal("the step went on")
	}
	if now := db.Now(); now.Before(storetest.At("2026-11-24 18:00")) || now.After(storetest.At("2026-11-24 18:05")) {
		t.Errorf("the clock goes on from %v", now)
	}
	ran := stepTo(t, s, "2026-11-25 12:00")
	if got := only(ran, "opening"); len(got) != 1 || got[0] != "11-25 09:00 done" {
		t.Errorf("the next step ran %v", got)
	}
}

// worker counts how often it was told that the clock moved.
type worker struct{ told atomic.Int32 }

func (w *worker) Run(ctx context.Context) { <-ctx.Done() }
func (w *worker) Rebase()                 { w.told.Add(1) }

// A year in under 5 s (RULES E4), with three citizens whom nobody answers.
func BenchmarkStepYear(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		db, _, s := demo(b, "2026-01-01 12:00")
		for i := range 3 {
			storetest.Say(b, db, storetest.Call{User: fmt.Sprint("citizen", i), Text: "가로등이 꺼졌어요", Friend: true})
		}
		b.StartTimer()
		ran := stepTo(b, s, "2027-01-01 12:00")
		b.ReportMetric(float64(len(ran)), "occurrences")
	}
}

// A step waits for the workers less the farther it goes: a year has to be done in 5 s (RULES E4).
func TestPatienceShrinksWithTheDistance(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, c := range []struct {
		span     time.Duration
		from, to time.Duration
	}{{0, settleAll, settleAll}, {3 * day, settleAll - 50*time.Millisecond, settleAll}, {365 * day, settleYear, settleYear}, {farthest, settleYear, settleYear}} {
		if got := patience(c.span); got < c.from || got > c.to {
			t.Errorf("%s: %s, want %s to %s", c.span, got, c.from, c.to)
		}
	}
}
