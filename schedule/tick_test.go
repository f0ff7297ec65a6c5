package schedule

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/worktime"
)

// office runs fn in a bubble of fake time with a real store and a running scheduler.
type office struct {
	testing.TB
	dir string
	db  *store.DB
	s   *Scheduler
}

func (o *office) on(change ...func(*Scheduler)) {
	o.Helper()
	o.db = storetest.Open(o, store.WallClock{}, o.dir)
	o.s = New(Options{DB: o.db})
	for _, f := range change {
		f(o.s)
	}
	if err := o.s.Start(context.Background()); err != nil {
		o.Fatal(err)
	}
}

func (o *office) off() {
	o.Helper()
	if err := o.s.Stop(context.Background()); err != nil {
		o.Error(err)
	}
	if err := o.db.Close(); err != nil {
		o.Error(err)
	}
}

// until sleeps to an instant, and lets what it brings finish.
func (o *office) until(at string) {
	time.Sleep(time.Until(storetest.At(at)))
	synctest.Wait()
}

func (o *office) row(job, at string) string {
	o.Helper()
	row, ok, err := o.db.LastOccurrence(context.Background(), job, storetest.At(at))
	if err != nil || !ok || !row.ScheduledFor.Equal(storetest.At(at)) {
		return ""
	}
	return string(row.Outcome) + " at " + row.StartedAt.Format("01-02 15:04:05.000")
}

// The example of the issue, with the machine on all the time and off from eight to twenty to eleven.
func TestFollowUpByTheTimer(t *testing.T) {
	for _, c := range []struct{ name, off, on, want string }{
		{"on all the time", "", "", "done at 09-28 09:00:00.000"},
		{"off until 10:40", "2026-09-28 08:00", "2026-09-28 10:40", "done at 09-28 10:40:00.000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				o := &office{TB: t, dir: dir}
				o.until("2026-09-23 22:30")
				o.on()
				storetest.Say(t, o.db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
				// The days between are slept through with the machine off: nothing is due in them.
				o.until("2026-09-23 22:31")
				o.off()
				o.until("2026-09-28 07:30")
				o.on()
				if c.off != "" {
					o.until(c.off)
					o.off()
					o.until(c.on)
					o.on()
				}
				o.until("2026-09-28 11:00")
				if got := o.row("opening", "2026-09-28 09:00"); got != c.want {
					t.Errorf("the opening is %q, want %q", got, c.want)
				}
				if got := lines(t, o.db, "opening_line"); got != 1 {
					t.Errorf("the citizen was told %d times", got)
				}
				o.off()
			})
		})
	}
}

// A day closed at 08:59 does not open at 09:00, and one closed for the evening closes earlier.
func TestTimerFollowsTheCalendar(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		o := &office{TB: t, dir: dir}
		o.until("2026-11-24 08:58")
		o.on()
		storetest.Say(t, o.db, storetest.Call{Text: "눈이 많이 와요", Friend: true})
		o.until("2026-11-24 08:59")
		id, err := o.db.AddException(ctx, admin, store.HourException{Scope: worktime.ScopeDesk, Date: worktime.NewDate(2026, 11, 24), Closed: true, Name: "폭설"})
		if err != nil {
			t.Fatal(err)
		}
		o.until("2026-11-24 09:05")
		if got := o.row("opening", "2026-11-24 09:00"); got != "" || lines(t, o.db, "opening_line") != 0 {
			t.Errorf("the closed day opened: %q", got)
		}
		// The snow was not so bad: the office opens at half past nine after all.
		if err := o.db.RemoveException(ctx, admin, id); err != nil {
			t.Fatal(err)
		}
		if _, err := o.db.AddException(ctx, admin, store.HourException{
			Scope: worktime.ScopeDesk, Date: worktime.NewDate(2026, 11, 24), Hours: worktime.Interval{From: 570, To: 660}, Name: "단축",
		}); err != nil {
			t.Fatal(err)
		}
		o.until("2026-11-24 11:01")
		if got := o.row("opening", "2026-11-24 09:30"); got != "done at 11-24 09:30:00.000" {
			t.Errorf("the late opening is %q", got)
		}
		if got := o.row("closing", "2026-11-24 11:00"); got != "done at 11-24 11:00:00.000" {
			t.Errorf("the early closing is %q", got)
		}
		o.off()
	})
}

func TestSnoozeWakesByTheTimer(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		o := &office{TB: t, dir: dir}
		o.until("2026-11-24 10:00")
		o.on()
		storetest.Say(t, o.db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
		until := storetest.At("2026-11-24 10:10:20")
		if _, err := o.db.Change(ctx, admin, "2026-000001", store.ChangeInput{SnoozeUntil: &until}); err != nil {
			t.Fatal(err)
		}
		o.until("2026-11-24 10:10:19")
		if ticket, _ := o.db.Ticket(ctx, admin, "2026-000001"); ticket.SnoozeUntil.IsZero() {
			t.Error("woke too early")
		}
		o.until("2026-11-24 10:10:20.050")
		ticket, err := o.db.Ticket(ctx, admin, "2026-000001")
		if err != nil || !ticket.SnoozeUntil.IsZero() {
			t.Errorf("still snoozed until %v, %v", ticket.SnoozeUntil, err)
		}
		o.off()
	})
}

// Stop waits for a job under way, which runs again at the next start.
func TestStopInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o := &office{TB: t, dir: dir}
		o.until("2026-11-24 08:59")
		o.on(func(s *Scheduler) {
			s.jobs[0].run = func(ctx context.Context, _ *store.DB, _ time.Time) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			}
		})
		storetest.Say(t, o.db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
		o.until("2026-11-24 09:00:01")
		o.off()
		o.until("2026-11-24 09:03")
		o.on()
		synctest.Wait()
		if got := o.row("opening", "2026-11-24 09:00"); got != "done at 11-24 09:03:00.000" {
			t.Errorf("the opening is %q", got)
		}
		if got := lines(t, o.db, "opening_line"); got != 1 {
			t.Errorf("the citizen was told %d times", got)
		}
		o.off()
	})
}
