package schedule

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"toktok/store"
	"toktok/store/worktime"
)

const (
	// lookBack bounds what a start records as missed (RULES E5 holds the clock beyond it).
	lookBack = 14 * 24 * time.Hour
	// slack is how late a run may start without being called late.
	slack = time.Minute
	// retry is the pause after work that is due and failed, so that it never becomes a hot loop.
	retry = 30 * time.Second
)

// occurrence is a job and the instant it is due.
type occurrence struct {
	job job
	at  time.Time
}

// tick does what is due now; ticks that come meanwhile wait for it.
func (s *Scheduler) tick(ctx context.Context) {
	if s.take(ctx) != nil {
		return
	}
	defer s.release()
	s.work(ctx)
}

// work runs or records what is due and brings back snoozed cases. The caller has the turn.
func (s *Scheduler) work(ctx context.Context) (ran []Ran) {
	now := s.db.Now()
	list, err := s.due(ctx, now)
	if err != nil {
		s.log.Error("schedule: cannot read the ledger", "err", err)
	}
	var missed []store.Occurrence
	for _, o := range list {
		if until := o.job.until(s.db.Desk(), o.at); !now.Before(until) {
			missed = append(missed, store.Occurrence{Job: o.job.id, ScheduledFor: o.at, Outcome: store.OutcomeMissed, EndedAt: now, Detail: "제때 실행할 수 없었어요"})
		}
	}
	entered, err := s.record(ctx, missed)
	if err != nil {
		s.log.Error("schedule: cannot record missed occurrences", "err", err)
	}
	ran = append(ran, entered...)
	for _, o := range list {
		if until := o.job.until(s.db.Desk(), o.at); !now.Before(until) || ctx.Err() != nil {
			continue
		}
		row, mine, err := s.run(ctx, o.job, o.at)
		if err != nil {
			s.log.Error("schedule: ledger", "job", o.job.id, "scheduled_for", o.at, "err", err)
		}
		if mine {
			ran = append(ran, Ran{o.job.id, o.at, row.Outcome})
		}
	}
	s.tend(ctx)
	return ran
}

// tend does what has no occurrence of its own: snoozed cases whose time has come, and cases that joined the queue of an
// opening which has already worked it, or that it failed on.
func (s *Scheduler) tend(ctx context.Context) {
	_, err := s.db.WakeDue(ctx, store.Job("wake"))
	now, desk := s.db.Now(), s.db.Desk()
	if opens, works := desk.DayOpen(worktime.DateOf(now)); works && desk.WithinDay(now) {
		last, ok, lastErr := s.db.LastOccurrence(ctx, "opening", now)
		if ok && !last.ScheduledFor.Before(opens) && (last.Outcome == store.OutcomeDone || last.Outcome == store.OutcomeFailed) {
			_, lastErr = s.db.Stragglers(ctx, store.Job("opening"))
		}
		err = errors.Join(err, lastErr)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("schedule: cases that come back", "err", err)
	}
}

// due lists what came due since the newest row of each job's ledger, oldest first.
func (s *Scheduler) due(ctx context.Context, now time.Time) (list []occurrence, err error) {
	desk := s.db.Desk()
	held := s.Clock(ctx).Held
	for _, j := range s.jobs {
		if j.held && held {
			continue
		}
		from := s.floor
		last, ok, err := s.db.LastOccurrence(ctx, j.id, now)
		if err != nil {
			return nil, err
		}
		if ok && last.ScheduledFor.After(from) {
			from = last.ScheduledFor
		}
		if edge := now.Add(-lookBack); from.Before(edge) {
			from = edge
		}
		for at := j.next(desk, from); !at.IsZero() && !at.After(now); at = j.next(desk, at) {
			list = append(list, occurrence{j, at})
		}
	}
	// Stable: at the same instant the order of the table stays.
	slices.SortStableFunc(list, func(a, b occurrence) int { return a.at.Compare(b.at) })
	return list, nil
}

// run claims an occurrence and performs it; mine is false when the ledger has it already. A run that is cut short by
// the end of the process stays running in the ledger, for the next start to find.
func (s *Scheduler) run(ctx context.Context, j job, at time.Time) (row store.Occurrence, mine bool, err error) {
	mine, err = s.db.BeginOccurrence(ctx, j.id, at)
	if err != nil || !mine {
		return row, false, err
	}
	row, err = s.perform(ctx, j, at)
	return row, true, err
}

// perform runs a claimed occurrence and records how it went.
func (s *Scheduler) perform(ctx context.Context, j job, at time.Time) (store.Occurrence, error) {
	row := store.Occurrence{Job: j.id, ScheduledFor: at, Outcome: store.OutcomeDone}
	began := s.db.Now()
	cases, err := s.protected(ctx, j, at)
	switch {
	case ctx.Err() != nil:
		row.Outcome = store.OutcomeRunning
		return row, ctx.Err()
	case err != nil:
		row.Outcome, row.Detail = store.OutcomeFailed, err.Error()
		s.log.Error("schedule: job failed", "job", j.id, "scheduled_for", at, "err", err)
	default:
		row.Detail = fmt.Sprintf("%d건", cases)
		if late := began.Sub(at); late > slack {
			row.Detail += fmt.Sprintf(", %s 늦게 실행", late.Round(time.Minute))
		}
	}
	return row, s.db.EndOccurrence(ctx, j.id, at, row.Outcome, row.Detail)
}

// protected turns a panic into an error: it ends this run only. What was panicked with may be a citizen's words and
// stays out of the ledger.
func (s *Scheduler) protected(ctx context.Context, j job, at time.Time) (cases int, err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		cause := fmt.Sprintf("%T", v)
		if fault, ok := v.(runtime.Error); ok {
			cause = fault.Error()
		}
		s.log.Error("schedule: panic in a job", "job", j.id, "cause", cause, "stack", string(debug.Stack()))
		err = errors.New("panic: " + cause)
	}()
	ctx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	return j.run(ctx, s.db, at)
}

// rerun performs again what a dead process left in the middle, if its window lasts (RULES H2).
func (s *Scheduler) rerun(ctx context.Context, cut []store.Occurrence) {
	now := s.db.Now()
	for _, o := range cut {
		i := slices.IndexFunc(s.jobs, func(j job) bool { return j.id == o.Job })
		if i < 0 || !s.jobs[i].resume || o.ScheduledFor.After(now) || !now.Before(s.jobs[i].until(s.db.Desk(), o.ScheduledFor)) || s.Clock(ctx).Held {
			continue
		}
		mine, err := s.db.AgainOccurrence(ctx, o)
		if err == nil && mine {
			_, err = s.perform(ctx, s.jobs[i], o.ScheduledFor)
		}
		if err != nil {
			s.log.Error("schedule: interrupted job", "job", o.Job, "scheduled_for", o.ScheduledFor, "err", err)
		}
	}
}

// record enters occurrences that are not run, in slices that do not hold the writer up.
func (s *Scheduler) record(ctx context.Context, list []store.Occurrence) (ran []Ran, err error) {
	for slice := range slices.Chunk(list, 200) {
		entered, err := s.db.RecordOccurrences(ctx, slice)
		if err != nil {
			return ran, err
		}
		for _, o := range entered {
			ran = append(ran, Ran{o.Job, o.ScheduledFor, o.Outcome})
		}
	}
	return ran, nil
}

// loop sleeps until the next instant at which something is due and works it.
func (s *Scheduler) loop(ctx context.Context) {
	timer := time.NewTimer(s.wait(ctx))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			s.tick(ctx)
		case <-s.again:
			s.tick(ctx)
		case <-s.db.Times():
			// Hours, holidays or a snooze changed; a holiday entered at 08:59 takes the opening of 09:00 away.
		case <-ctx.Done():
			return
		}
		timer.Reset(s.wait(ctx))
	}
}

// wait is how long nothing is due.
func (s *Scheduler) wait(ctx context.Context) time.Duration {
	now, desk := s.db.Now(), s.db.Desk()
	wait := time.Hour
	for _, j := range s.jobs {
		if at := j.next(desk, now); !at.IsZero() {
			wait = min(wait, at.Sub(now))
		}
	}
	wake, err := s.db.NextWake(ctx)
	switch {
	case err != nil:
		wait = min(wait, retry)
	case !wake.IsZero() && wake.After(now):
		wait = min(wait, wake.Sub(now))
	case !wake.IsZero():
		wait = min(wait, retry) // due, and it failed
	}
	return max(wait, time.Millisecond)
}
