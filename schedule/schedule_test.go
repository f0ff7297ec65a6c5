package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/worktime"
)

var admin = store.Actor{Role: store.RoleAdmin, Name: "관리자"}

// rig is an office whose machine can be switched on and off, with a clock that stands where the test sets it.
type rig struct {
	testing.TB
	clock *storetest.Clock
	dir   string
	db    *store.DB
	s     *Scheduler
	desk  bool // only opening and closing
}

// newRig makes the office and switches it on.
func newRig(t testing.TB, at string) *rig {
	t.Helper()
	r := &rig{TB: t, clock: &storetest.Clock{}, dir: t.TempDir()}
	r.on(at)
	return r
}

func (r *rig) on(at string) {
	r.Helper()
	r.at(at)
	r.db = storetest.Open(r, r.clock, r.dir)
	r.s = New(Options{DB: r.db})
	if r.desk {
		r.s.jobs = r.s.jobs[:2]
	}
	if err := r.s.begin(context.Background()); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) off() {
	r.Helper()
	if err := r.db.Close(); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) at(s string) { r.clock.Set(storetest.At(s)) }

func (r *rig) tick(at string) {
	r.at(at)
	r.s.tick(context.Background())
}

func (r *rig) says(user string) {
	storetest.Say(r, r.db, storetest.Call{User: user, Text: "가로등이 꺼졌어요", Friend: true})
}

// ledger lists a job's rows, oldest first: "11-23 09:00 done".
func (r *rig) ledger(job string) (list []string) {
	r.Helper()
	rows, err := r.db.LastOccurrences(context.Background(), admin, job, 1000)
	if err != nil {
		r.Fatal(err)
	}
	for i := range rows {
		o := rows[len(rows)-1-i]
		list = append(list, o.ScheduledFor.Format("01-02 15:04 ")+string(o.Outcome))
	}
	return list
}

func (r *rig) wantLedger(job string, want ...string) {
	r.Helper()
	if diff := cmp.Diff(want, r.ledger(job)); diff != "" {
		r.Errorf("ledger of %s at %s (-want +got):\n%s", job, worktime.Korean(r.clock.Now()), diff)
	}
}

// lines counts what the first citizen was told by a job.
func lines(t testing.TB, db *store.DB, key string) (n int) {
	t.Helper()
	thread, err := db.Thread(context.Background(), admin, "2026-000001")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range thread.Messages {
		if m.Key == key {
			n++
		}
	}
	return n
}

// The citizen wrote on Sunday, the machine was off, and is switched on on Monday or later (DESIGN §6).
func TestCatchUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		on               string
		opening, closing []string
		told             int
	}{
		{on: "2026-11-23 08:59:59"},
		{on: "2026-11-23 09:00:01", opening: []string{"11-23 09:00 done"}, told: 1},
		{on: "2026-11-23 10:40", opening: []string{"11-23 09:00 done"}, told: 1},
		{on: "2026-11-23 17:59", opening: []string{"11-23 09:00 done"}, told: 1},
		{on: "2026-11-23 18:01", opening: []string{"11-23 09:00 missed"}, closing: []string{"11-23 18:00 done"}},
		{on: "2026-11-24 08:59", opening: []string{"11-23 09:00 missed"}, closing: []string{"11-23 18:00 done"}},
		{on: "2026-11-24 09:00", opening: []string{"11-23 09:00 missed", "11-24 09:00 done"}, closing: []string{"11-23 18:00 missed"}, told: 1},
	} {
		t.Run(c.on, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "2026-11-22 12:00")
			r.says("citizen")
			r.off()
			r.on(c.on)
			r.wantLedger("opening", c.opening...)
			r.wantLedger("closing", c.closing...)
			if got := lines(t, r.db, "opening_line"); got != c.told {
				t.Errorf("the citizen was told %d times, want %d", got, c.told)
			}
			// Who was told is answered; Tuesday's opening takes everybody else along, and nobody is told twice.
			if c.told > 0 {
				if _, err := r.db.Reply(context.Background(), admin, "2026-000001", store.ReplyInput{Text: "고쳤어요."}); err != nil {
					t.Fatal(err)
				}
			}
			r.tick("2026-11-24 09:00")
			if got := lines(t, r.db, "opening_line"); got != 1 {
				t.Errorf("after Tuesday's opening the citizen was told %d times", got)
			}
			if w, err := r.db.Worklist(context.Background(), admin, "2026-11-24"); err != nil || w.Outcomes[""] != 0 {
				t.Errorf("left on Tuesday's worklist: %v, %v", w.Outcomes, err)
			}
		})
	}
}

// What arrived before nine and was stored after the opening had run does not wait for another day.
func TestStragglerIsOpenedByTheNextTick(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-24 08:59:59.900")
	in := storetest.Call{Text: "아슬아슬한 글", Friend: true}.In(r.db)
	r.tick("2026-11-24 09:00")
	r.clock.Advance(300 * time.Millisecond)
	r.db.Receive(ctx, in)
	r.tick("2026-11-24 09:01")
	ticket, err := r.db.Ticket(ctx, admin, "2026-000001")
	if err != nil || ticket.State != store.StateOpen || lines(t, r.db, "opening_line") != 1 {
		t.Errorf("the case is %s, told %d times, %v", ticket.State, lines(t, r.db, "opening_line"), err)
	}
}

func TestTwoTicksRunAnOccurrenceOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, "2026-11-22 12:00")
	r.says("citizen")
	var runs atomic.Int32
	work := r.s.jobs[0].run
	r.s.jobs[0].run = func(ctx context.Context, db *store.DB, at time.Time) (int, error) {
		runs.Add(1)
		return work(ctx, db, at)
	}
	// A second scheduler on the same store has no turn to share; only the ledger keeps them apart.
	other := New(Options{DB: r.db})
	other.jobs = r.s.jobs
	r.at("2026-11-23 09:00")
	var wg sync.WaitGroup
	for range 2 {
		for _, s := range []*Scheduler{r.s, other} {
			wg.Go(func() {
				for range 50 {
					s.tick(context.Background())
				}
			})
		}
	}
	wg.Wait()
	if runs.Load() != 1 || lines(t, r.db, "opening_line") != 1 {
		t.Errorf("the opening ran %d times and told the citizen %d times", runs.Load(), lines(t, r.db, "opening_line"))
	}
}

// The process dies in the middle of the batch; the next start goes on with it (RULES H2).
func TestInterruptedOpeningGoesOn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, c := range []struct {
		on, want string
		followed int
	}{
		{"2026-11-23 09:20", "11-23 09:00 done", 40},
		{"2026-11-23 18:20", "11-23 09:00 failed", 1},
	} {
		r := newRig(t, "2026-11-22 12:00")
		for i := range 40 {
			r.says(fmt.Sprint("citizen", i))
		}
		r.at("2026-11-23 09:00")
		half, die := context.WithCancel(ctx)
		work := r.s.jobs[0].run
		r.s.jobs[0].run = func(ctx context.Context, db *store.DB, at time.Time) (int, error) {
			notices := db.Live().Subscribe(nil)
			go func() { <-notices.C(); die() }()
			n, err := work(ctx, db, at)
			die()
			return n, errors.Join(err, ctx.Err())
		}
		r.s.tick(half)
		r.wantLedger("opening", "11-23 09:00 running")
		r.off()
		r.on(c.on)
		if got := r.ledger("opening"); len(got) != 1 || got[0] != c.want {
			t.Errorf("switched on at %s: %v, want %s", c.on, got, c.want)
		}
		if got := lines(t, r.db, "opening_line"); got != 1 {
			t.Errorf("switched on at %s: told %d times", c.on, got)
		}
		if w, err := r.db.Worklist(ctx, admin, "2026-11-23"); err != nil || w.Outcomes["followed"] < c.followed {
			t.Errorf("switched on at %s: %v, %v", c.on, w.Outcomes, err)
		}
		r.tick("2026-11-24 09:00")
		if w, err := r.db.Worklist(ctx, admin, "2026-11-24"); err != nil || w.Outcomes[""] != 0 {
			t.Errorf("left on Tuesday's worklist: %v, %v", w.Outcomes, err)
		}
	}
}

// What an opening failed on is made good by the ticks of its day, not by the next morning.
func TestFailedOpeningIsMadeGood(t *testing.T) {
	t.Parallel()
	r := newRig(t, "2026-11-22 12:00")
	r.says("citizen")
	work := r.s.jobs[0].run
	r.s.jobs[0].run = func(context.Context, *store.DB, time.Time) (int, error) { return 0, errors.New("the disk was full") }
	r.tick("2026-11-23 09:00")
	r.wantLedger("opening", "11-23 09:00 failed")
	r.s.jobs[0].run = work
	r.tick("2026-11-23 09:01")
	if ticket, err := r.db.Ticket(context.Background(), admin, "2026-000001"); err != nil || ticket.State != store.StateOpen || lines(t, r.db, "opening_line") != 1 {
		t.Errorf("at 09:01 the case is %s, told %d times, %v", ticket.State, lines(t, r.db, "opening_line"), err)
	}
	r.wantLedger("opening", "11-23 09:00 failed")
	r.tick("2026-11-23 09:02")
	if got := lines(t, r.db, "opening_line"); got != 1 {
		t.Errorf("told %d times", got)
	}
}

// A panic or an error ends that run only, is recorded and shown.
func TestPanicEndsOneRun(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-22 12:00")
	r.says("citizen")
	work := r.s.jobs[0].run
	r.s.jobs[0].run = func(context.Context, *store.DB, time.Time) (int, error) { panic("주민번호 900101-1234567") }
	r.tick("2026-11-23 09:00")
	r.wantLedger("opening", "11-23 09:00 failed")
	if due := r.ledger("due"); due[len(due)-1] != "11-23 09:00 done" {
		t.Errorf("the panic took the other jobs along: %v", due)
	}
	jobs, err := r.s.Jobs(ctx)
	if err != nil || jobs[0].Last.Detail != "panic: string" {
		t.Errorf("shown: %+v, %v", jobs[0].Last, err)
	}
	r.tick("2026-11-23 10:00")
	r.wantLedger("opening", "11-23 09:00 failed")
	r.s.jobs[0].run = func(context.Context, *store.DB, time.Time) (int, error) { return 0, errors.New("no luck") }
	r.tick("2026-11-24 09:00")
	r.s.jobs[0].run = work
	r.tick("2026-11-25 09:00")
	r.wantLedger("opening", "11-23 09:00 failed", "11-24 09:00 failed", "11-25 09:00 done")
	// Monday was made good by its next tick; on Tuesday the case was open already, on Wednesday it was told again.
	if got := lines(t, r.db, "opening_line"); got != 2 {
		t.Errorf("told %d times", got)
	}
}

func TestHungJobEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	r := newRig(t, "2026-11-23 08:00")
	r.s.jobs[0].timeout = time.Millisecond
	r.s.jobs[0].run = func(ctx context.Context, _ *store.DB, _ time.Time) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	r.tick("2026-11-23 09:00")
	r.wantLedger("opening", "11-23 09:00 failed")
}

func TestMidnightIsNoOpening(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-23 08:00")
	storm := []store.HourException{
		{Scope: worktime.ScopeDesk, Date: worktime.NewDate(2026, 11, 23), Hours: worktime.Interval{From: 540, To: 1440}, Name: "재난"},
		{Scope: worktime.ScopeDesk, Date: worktime.NewDate(2026, 11, 24), Hours: worktime.Interval{From: 0, To: 1080}, Name: "재난"},
	}
	for _, e := range storm {
		if _, err := r.db.AddException(ctx, admin, e); err != nil {
			t.Fatal(err)
		}
	}
	for at := storetest.At("2026-11-23 08:30"); at.Before(storetest.At("2026-11-25 10:00")); at = at.Add(30 * time.Minute) {
		r.clock.Set(at)
		r.s.tick(ctx)
	}
	r.wantLedger("opening", "11-23 09:00 done", "11-25 09:00 done")
	r.wantLedger("closing", "11-24 18:00 done")
}

// A gap makes neither a closing nor an opening (RULES E3).
func TestLunchIsNoOccurrence(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-23 08:00")
	week := worktime.OfficeWeek()
	week[time.Monday] = []worktime.Interval{{From: 540, To: 720}, {From: 780, To: 1080}}
	if err := r.db.SaveHours(ctx, admin, worktime.ScopeDesk, week); err != nil {
		t.Fatal(err)
	}
	for at := storetest.At("2026-11-23 08:30"); at.Before(storetest.At("2026-11-23 19:00")); at = at.Add(10 * time.Minute) {
		r.clock.Set(at)
		r.s.tick(ctx)
	}
	r.wantLedger("opening", "11-23 09:00 done")
	r.wantLedger("closing", "11-23 18:00 done")
}

// Weeks with the machine on and off at random: every working day's opening is run once, or missed because the
// machine was off from nine to six.
func TestRandomOutages(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			r := newRig(t, "2026-09-01 00:00")
			r.desk = true
			r.s.jobs = r.s.jobs[:2]
			on := map[string]bool{} // working days on which the machine was on at some time of the day's hours
			now, end := r.clock.Now(), storetest.At("2026-10-01 00:00")
			for now.Before(end) {
				for up := now.Add(time.Duration(random.IntN(48*60)) * time.Minute); now.Before(up) && now.Before(end); now = now.Add(time.Duration(1+random.IntN(90)) * time.Minute) {
					r.clock.Set(now)
					r.s.tick(context.Background())
					if r.db.Desk().WithinDay(now) {
						on[now.Format("01-02")] = true
					}
				}
				r.off()
				now = now.Add(time.Duration(random.IntN(60*60)) * time.Minute)
				r.on(now.Format("2006-01-02 15:04:05"))
				if r.db.Desk().WithinDay(now) {
					on[now.Format("01-02")] = true
				}
			}
			var want []string
			last := r.clock.Now()
			for day := worktime.NewDate(2026, 9, 1); day.At(9, 0).Before(last) || day.At(9, 0).Equal(last); day = day.AddDays(1) {
				if !r.db.Desk().IsWorkingDay(day) {
					continue
				}
				outcome := " 09:00 missed"
				name := fmt.Sprintf("%02d-%02d", day.Month, day.Day)
				if on[name] {
					outcome = " 09:00 done"
				}
				want = append(want, name+outcome)
			}
			r.wantLedger("opening", want...)
		})
	}
}

func TestJobsAreShown(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-20 17:00") // Friday
	jobs, err := r.s.Jobs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	next := map[string]string{}
	for _, j := range jobs {
		if j.Text == "" || strings.Contains(j.Text, j.ID) {
			t.Errorf("job %s has no words for the page", j.ID)
		}
		next[j.ID] = j.Next.Format("01-02 15:04")
	}
	want := map[string]string{"opening": "11-23 09:00", "closing": "11-20 18:00", "due": "11-20 18:00", "sweep": "11-20 17:30"}
	if diff := cmp.Diff(want, next); diff != "" {
		t.Errorf("next occurrences (-want +got):\n%s", diff)
	}
	r.tick("2026-11-20 18:02")
	jobs, _ = r.s.Jobs(ctx)
	if last := jobs[1].Last; !last.ScheduledFor.Equal(storetest.At("2026-11-20 18:00")) || last.Outcome != store.OutcomeDone || !strings.Contains(last.Detail, "늦게") {
		t.Errorf("a late run is shown as %+v", last)
	}
}

func TestRunNow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-22 12:00")
	r.says("citizen")
	if err := r.s.RunNow(ctx, "opening"); err != nil {
		t.Errorf("on a Sunday there is nothing to open, and no error: %v", err)
	}
	if lines(t, r.db, "opening_line") != 0 {
		t.Error("the citizen was told on a Sunday")
	}
	if err := r.s.RunNow(ctx, "nothing"); store.KindOf(err) != store.NotFound {
		t.Errorf("an unknown job: %v", err)
	}
	r.s.jobs[2].run = func(context.Context, *store.DB, time.Time) (int, error) { return 0, errors.New("no luck") }
	if err := r.s.RunNow(ctx, "due"); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("a failing job: %v", err)
	}
	r.tick("2026-11-23 09:00")
	r.wantLedger("opening", "11-22 12:00 done", "11-23 09:00 done")
}

func TestStartTwiceAndStop(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	s := New(Options{DB: db, Log: slog.New(slog.DiscardHandler)})
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(ctx); err == nil {
		t.Error("started twice")
	}
	for range 2 {
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}
