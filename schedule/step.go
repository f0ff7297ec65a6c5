package schedule

import (
	"context"
	"time"

	"toktok/store"
)

// Ran is an occurrence that was run or recorded.
type Ran struct {
	Job          string
	ScheduledFor time.Time
	Outcome      store.Outcome
}

// farthest is how far one step may go; beyond it the answer would be too long to be of use.
const farthest = 3 * 366 * 24 * time.Hour

// StepTo moves the demo's clock. Forward it steps through every occurrence in order, with the clock standing at its
// time while it runs, and lets the clock run on from target. Backward it sets the clock and runs nothing: what the
// ledger has is not run again (RULES E4).
func (s *Scheduler) StepTo(ctx context.Context, target time.Time) ([]Ran, error) {
	if s.demo == nil {
		return nil, &store.Error{Kind: store.NotFound, Text: "시계는 체험 모드에서만 옮길 수 있어요."}
	}
	if err := s.take(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	defer s.Kick()
	now := s.db.Now()
	switch {
	case target.Year() < 2001 || target.Year() > 2099:
		return nil, &store.Error{Kind: store.Invalid, Text: "2001년부터 2099년 사이의 시각을 적어 주세요."}
	case target.Sub(now) > farthest:
		return nil, &store.Error{Kind: store.Invalid, Text: "시계는 한 번에 3년까지 앞으로 옮길 수 있어요."}
	case !target.After(now):
		s.demo.Run(target)
		s.floor = target
		return nil, s.saveClock(ctx)
	}
	s.demo.Stand(now)
	w := walk{s: s, goal: target, ran: s.work(ctx), left: patience(target.Sub(now))}
	defer w.release()
	w.settle(ctx)
	if err := w.to(ctx, now, target); err != nil {
		s.demo.Run(time.Time{}) // on from the last step
		return w.ran, err
	}
	s.demo.Run(target)
	s.tend(ctx)
	w.release()
	w.left = settleOnce // what the last instants brought is on its way when the answer comes
	w.settle(ctx)
	return w.ran, s.saveClock(ctx)
}

// saveClock keeps how far the demo's clock is from the wall's, for the next start.
func (s *Scheduler) saveClock(ctx context.Context) error {
	return s.db.SaveDemoClock(ctx, s.db.Now().Sub(s.db.Real()))
}

// walk is one way through time. Runs that would find nothing, as most of a year's hourly ones, are entered together
// before the next one that works.
type walk struct {
	s     *Scheduler
	goal  time.Time
	ran   []Ran
	idle  []store.Occurrence
	quiet []time.Time // by job: until then a run finds nothing; zero = not asked since the last one that worked
	wake  time.Time
	asked bool          // wake is known
	left  time.Duration // that settle may still wait
	deaf  bool          // Kakao did not come for what it took: it is not waited for again
}

func (w *walk) to(ctx context.Context, from, target time.Time) error {
	s := w.s
	next := make([]time.Time, len(s.jobs))
	for i, j := range s.jobs {
		next[i] = j.next(s.db.Desk(), from)
	}
	w.stir()
	for {
		first := -1
		for i, at := range next {
			if !at.IsZero() && !at.After(target) && (first < 0 || at.Before(next[first])) {
				first = i
			}
		}
		limit := target
		if first >= 0 {
			limit = next[first]
		}
		woke, err := w.wakeUp(ctx, limit)
		if err != nil {
			return err
		}
		if woke {
			continue
		}
		if first < 0 {
			return w.flush(ctx)
		}
		if err := w.step(ctx, first, limit); err != nil {
			return err
		}
		next[first] = s.jobs[first].next(s.db.Desk(), limit)
	}
}

// stir forgets what was known to be quiet.
func (w *walk) stir() {
	w.quiet = make([]time.Time, len(w.s.jobs))
	w.asked = false
}

// step runs one occurrence, or notes it when it would find nothing to do.
func (w *walk) step(ctx context.Context, i int, at time.Time) (err error) {
	s, j := w.s, w.s.jobs[i]
	if w.quiet[i].IsZero() {
		if w.quiet[i], err = j.quiet(ctx, s.db); err != nil {
			return err
		}
	}
	if !at.After(w.quiet[i]) {
		w.idle = append(w.idle, store.Occurrence{Job: j.id, ScheduledFor: at, Outcome: store.OutcomeDone, StartedAt: at, EndedAt: at, Detail: "0건"})
		return ctx.Err()
	}
	s.demo.Stand(at)
	w.idle = append(w.idle, store.Occurrence{Job: j.id, ScheduledFor: at, Outcome: store.OutcomeRunning, StartedAt: at})
	if err := w.flush(ctx); err != nil {
		return err
	}
	n := len(w.ran) - 1
	if n < 0 || w.ran[n].Outcome != store.OutcomeRunning {
		return nil // the ledger has it already
	}
	row, err := s.perform(ctx, j, at)
	w.ran[n].Outcome = row.Outcome
	w.stir()
	w.settle(ctx)
	return err
}

// quieter is a worker that can say when nothing is left to do at the clock's present instant, and when those it speaks
// to have come back to it, as far as that is over at a later one; and that can be held.
type quieter interface {
	Quiet(ctx context.Context) error
	Heard(ctx context.Context, at time.Time) error
	Hold(on bool)
}

// What a step may wait for the workers, each time and in all: a Kakao that does not answer must not stop the clock.
const (
	settleOnce = time.Second
	settleAll  = 3 * time.Second
	settleYear = time.Second
)

// patience is what a step may wait in all: less the farther it goes, because a year has to be done in 5 s (RULES E4).
func patience(span time.Duration) time.Duration {
	const year = 365 * 24 * time.Hour
	return settleAll - time.Duration(float64(settleAll-settleYear)*min(1, float64(span)/float64(year)))
}

// settle lets the workers send what this instant brought, and Kakao fetch it, before the clock goes on: a line of 18:00
// that is still waiting at the next opening would have expired, and an event whose words are fetched a moment later
// would count as lost after the minute that a step skips. When the patience is used up the workers are held: what they
// began would only be overtaken by the clock.
func (w *walk) settle(ctx context.Context) {
	began := w.s.db.Real()
	for _, worker := range w.s.workers {
		q, ok := worker.(quieter)
		if !ok {
			continue
		}
		if w.left <= 0 {
			q.Hold(true)
			continue
		}
		wait, cancel := context.WithTimeout(ctx, settleOnce)
		err := q.Quiet(wait)
		if err == nil && !w.deaf {
			err = q.Heard(wait, w.goal)
			w.deaf = err != nil
		}
		if err != nil && ctx.Err() == nil {
			w.s.log.Warn("schedule: step goes on while messages are on their way", "err", err)
		}
		cancel()
	}
	w.left -= w.s.db.Real().Sub(began)
}

// release lets the workers go on.
func (w *walk) release() {
	for _, worker := range w.s.workers {
		if q, ok := worker.(quieter); ok {
			q.Hold(false)
		}
	}
}

// wakeUp brings back what is snoozed until limit at the latest; each at its own instant.
func (w *walk) wakeUp(ctx context.Context, limit time.Time) (woke bool, err error) {
	if !w.asked {
		if w.wake, err = w.s.db.NextWake(ctx); err != nil {
			return false, err
		}
		w.asked = true
	}
	if w.wake.IsZero() || w.wake.After(limit) {
		return false, nil
	}
	if err := w.flush(ctx); err != nil {
		return false, err
	}
	if w.wake.After(w.s.db.Now()) {
		w.s.demo.Stand(w.wake)
	}
	woken, err := w.s.db.WakeDue(ctx, store.Job("wake"))
	w.stir()
	if woken == 0 {
		w.wake, w.asked = time.Time{}, true // somebody was faster; never turn in place
	}
	w.settle(ctx)
	return woken > 0, err
}

// flush enters the idle runs, and claims the one that comes after them, in one commit.
func (w *walk) flush(ctx context.Context) error {
	entered, err := w.s.record(ctx, w.idle)
	w.ran, w.idle = append(w.ran, entered...), nil
	return err
}
