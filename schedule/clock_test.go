package schedule

import (
	"context"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// jump moves the wall clock, but not the monotonic one.
func (r *rig) jump(at string) {
	r.Helper()
	mono, by := r.s.watch.mono, storetest.At(at).Sub(r.clock.Now())
	r.at(at)
	r.s.watch.mono = func() time.Duration { return mono() - by }
}

func TestClockThatDrifts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-23 10:00")
	told := &worker{}
	r.s.workers = []Worker{told}
	r.jump("2026-11-23 10:00:59")
	if c := r.s.Clock(ctx); !c.OK || told.told.Load() != 0 {
		t.Errorf("a minute is no alarm: %+v", c)
	}
	r.jump("2026-11-23 10:02:30")
	for range 3 {
		if c := r.s.Clock(ctx); c.OK || c.Held || !strings.Contains(c.Text, "움직였어요") {
			t.Errorf("more than a minute is an alarm, and no more: %+v", c)
		}
	}
	if told.told.Load() != 1 {
		t.Errorf("the workers were told %d times", told.told.Load())
	}
}

// A clock that jumped ahead opens nothing until an admin has looked at it; then it catches up (RULES E5).
func TestClockThatJumped(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-22 12:00")
	r.says("citizen")
	r.jump("2026-11-23 09:30")
	r.s.tick(ctx)
	r.wantLedger("opening")
	if c := r.s.Clock(ctx); !c.Held || !strings.Contains(c.Text, "뛰었어요") {
		t.Errorf("shown: %+v", c)
	}
	if due := r.ledger("due"); len(due) == 0 {
		t.Error("only opening and closing are held")
	}
	if err := r.s.RunNow(ctx, "opening"); store.KindOf(err) != store.Conflict {
		t.Errorf("run by hand: %v", err)
	}
	// Set back, the clock was still wrong once: it stays held.
	r.jump("2026-11-22 12:01")
	if c := r.s.Clock(ctx); !c.Held {
		t.Errorf("forgotten: %+v", c)
	}
	r.at("2026-11-23 09:40")
	if err := r.s.ConfirmClock(ctx, store.Actor{Role: store.RoleOperator}); store.KindOf(err) != store.Forbidden {
		t.Errorf("an operator confirms: %v", err)
	}
	if err := r.s.ConfirmClock(ctx, admin); err != nil {
		t.Fatal(err)
	}
	r.s.tick(ctx)
	r.wantLedger("opening", "11-23 09:00 done")
	if c := r.s.Clock(ctx); !c.OK {
		t.Errorf("after the confirmation: %+v", c)
	}
}

// Held over the whole window, the occurrence is missed, and the case goes along with the next one.
func TestClockConfirmedTooLate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-22 12:00")
	r.says("citizen")
	r.jump("2026-11-23 09:30")
	r.s.tick(ctx)
	r.at("2026-11-23 19:00")
	if err := r.s.ConfirmClock(ctx, admin); err != nil {
		t.Fatal(err)
	}
	r.s.tick(ctx)
	r.wantLedger("opening", "11-23 09:00 missed")
	r.tick("2026-11-24 09:00")
	r.wantLedger("opening", "11-23 09:00 missed", "11-24 09:00 done")
	if got := lines(t, r.db, "opening_line"); got != 1 {
		t.Errorf("told %d times", got)
	}
}

func TestClockBeforeTheNewestRow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-23 12:00") // Monday
	r.says("citizen")
	r.off()
	r.on("2026-11-20 18:30") // the battery of the board is empty
	r.wantLedger("closing")
	if c := r.s.Clock(ctx); !c.Held || !strings.Contains(c.Text, "늦어요") {
		t.Errorf("shown: %+v", c)
	}
	// With the time set right, the next start has nothing to confirm.
	r.off()
	r.on("2026-11-23 18:05")
	r.wantLedger("closing", "11-23 18:00 done")
	if c := r.s.Clock(ctx); !c.OK {
		t.Errorf("afterwards: %+v", c)
	}
}

// Three weeks after the newest row the machine was off, or its clock is wrong: a person has to say which, even after
// another restart.
func TestClockLongAfterTheNewestRow(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, "2026-11-02 12:00")
	r.says("citizen")
	r.off()
	r.on("2026-11-16 11:59")
	if c := r.s.Clock(ctx); !c.OK {
		t.Errorf("just under 14 days: %+v", c)
	}
	r.off()
	r.on("2026-12-07 09:30")
	r.says("another")
	r.off()
	r.on("2026-12-07 09:40")
	if c := r.s.Clock(ctx); !c.Held || !strings.Contains(c.Text, "14일") {
		t.Errorf("shown: %+v", c)
	}
	for _, o := range r.ledger("opening") {
		if strings.HasPrefix(o, "12-") {
			t.Errorf("opened on a clock in doubt: %s", o)
		}
	}
	if err := r.s.ConfirmClock(ctx, admin); err != nil {
		t.Fatal(err)
	}
	r.s.tick(ctx)
	got := r.ledger("opening")
	if last := got[len(got)-1]; last != "12-07 09:00 done" {
		t.Errorf("after the confirmation: %v", got)
	}
	// Beyond the look-back nothing is told of: 12-07 09:40 less 14 days is 11-23 09:40.
	if got[len(got)-10] != "11-24 09:00 missed" {
		t.Errorf("missed while off: %v", got)
	}
	r.off()
	r.on("2026-12-07 10:00")
	if c := r.s.Clock(ctx); !c.OK {
		t.Errorf("after the next restart: %+v", c)
	}
}

func TestTimeOffIsNoJump(t *testing.T) {
	t.Parallel()
	r := newRig(t, "2026-11-20 12:00")
	r.says("citizen")
	r.off()
	r.on("2026-11-30 09:30")
	if c := r.s.Clock(context.Background()); !c.OK {
		t.Errorf("ten days off: %+v", c)
	}
	if got := r.ledger("opening"); got[len(got)-1] != "11-30 09:00 done" || len(got) != 6 {
		t.Errorf("caught up: %v", got)
	}
}

// The demo's clock may go where it likes.
func TestDemoClockIsNeverHeld(t *testing.T) {
	t.Parallel()
	_, _, s := demo(t, "2026-11-23 10:00")
	stepTo(t, s, "2027-01-04 10:00")
	stepTo(t, s, "2026-11-23 10:00")
	if c := s.Clock(context.Background()); !c.OK || c.Held {
		t.Errorf("held: %+v", c)
	}
}
