package schedule

import (
	"context"
	"fmt"
	"sync"
	"time"

	"toktok/store"
	"toktok/store/worktime"
)

const (
	drifts = time.Minute         // RULES E5: beyond it an alarm
	jumps  = time.Hour           // RULES E5: beyond it nothing opens or closes
	absent = 14 * 24 * time.Hour // RULES E5: off for longer, a person has to look at the clock
)

// watch holds the wall clock against the monotonic one.
type watch struct {
	wall func() time.Time
	mono func() time.Duration // since any fixed instant

	mu       sync.Mutex
	wallBase time.Time
	monoBase time.Duration
	rebased  time.Duration // the drift the workers know of
	jumped   bool
	started  string // why the clock was held at a start
}

func newWatch(wall func() time.Time) *watch {
	began := wall()
	// Both instants carry the monotonic reading of the process, so their difference ignores the wall.
	return &watch{wall: wall, mono: func() time.Duration { return wall().Sub(began) }, wallBase: began}
}

// drift is how far the wall has moved against the monotonic clock.
func (w *watch) drift() time.Duration {
	return w.wall().Round(0).Sub(w.wallBase.Round(0)) - (w.mono() - w.monoBase)
}

// ClockState is what the status page shows of the clock.
type ClockState struct {
	OK   bool
	Held bool   // nothing opens or closes until ConfirmClock
	Text string // Korean; "" when OK
}

// Clock judges the clock (RULES E5). The demo's is always right.
func (s *Scheduler) Clock(ctx context.Context) ClockState {
	if s.demo != nil {
		return ClockState{OK: true}
	}
	// The newest row is read before the clock: a row committed in between would look like one from the future.
	newest, err := s.db.NewestInstant(ctx)
	if err != nil {
		s.log.Error("schedule: cannot read the newest row", "err", err)
		return ClockState{Held: true, Text: "저장소를 읽지 못해 시계를 확인하지 못했어요."}
	}
	now := s.db.Now()
	drift, moved, jumped, started := s.watch.look()
	if moved {
		s.log.Warn("schedule: the wall clock moved against the monotonic clock", "by", drift.String())
		for _, worker := range s.workers {
			worker.Rebase()
		}
	}
	switch {
	case started != "":
		return ClockState{Held: true, Text: started}
	case jumped:
		return ClockState{Held: true, Text: fmt.Sprintf("서버 시계가 한 시간 넘게 뛰었어요(지금 %s). 시계를 확인해 주세요.", worktime.Korean(now))}
	case now.Before(newest):
		return ClockState{Held: true, Text: fmt.Sprintf("서버 시계(%s)가 가장 새로운 기록(%s)보다 늦어요. 시계를 확인해 주세요.", worktime.Korean(now), worktime.Korean(newest))}
	case drift.Abs() > drifts:
		return ClockState{Text: fmt.Sprintf("서버 시계가 %s 움직였어요.", drift.Abs().Round(time.Second))}
	}
	return ClockState{OK: true}
}

// look reads the drift; moved says that it is news to the workers.
func (w *watch) look() (drift time.Duration, moved, jumped bool, started string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	drift = w.drift()
	if moved = (drift - w.rebased).Abs() > drifts; moved {
		w.rebased = drift
	}
	w.jumped = w.jumped || drift.Abs() > jumps
	return drift, moved, w.jumped, w.started
}

// trust takes the wall clock as it is from now on.
func (w *watch) trust() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wallBase, w.monoBase = w.wall(), w.mono()
	w.rebased, w.jumped, w.started = 0, false, ""
}

// judgeStart holds the clock when it stands long after the newest row: the machine was off for weeks, or it is wrong.
func (s *Scheduler) judgeStart(ctx context.Context, now time.Time) error {
	if s.demo != nil {
		return nil
	}
	if found := s.db.FoundInstant(); !found.IsZero() && now.Sub(found) > absent {
		reason := fmt.Sprintf("마지막 기록(%s) 뒤로 14일이 넘게 지났어요. 서버 시계를 확인해 주세요.", worktime.Korean(found))
		if err := s.db.HoldClock(ctx, reason); err != nil {
			return err
		}
	}
	held, err := s.db.ClockHeld(ctx)
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.watch.started = held
	return err
}

// ConfirmClock records that an admin found the clock right; what was held back runs or is recorded as missed at once.
func (s *Scheduler) ConfirmClock(ctx context.Context, who store.Actor) error {
	if err := s.db.ConfirmClock(ctx, who); err != nil {
		return err
	}
	s.watch.trust()
	s.Kick()
	return nil
}
