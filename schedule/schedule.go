// Package schedule owns what becomes due: the table of jobs, when each occurrence is run, caught up or recorded as
// missed, the demo's steps through time, and the workers that carry messages out and fetch photos.
//
// The ledger in the store decides what is due; cron only reads specs and ticks. The package may import store and its
// leaves, robfig/cron and metrics; never handlers.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"toktok/store"
	"toktok/store/worktime"
)

// Options is what a Scheduler needs.
type Options struct {
	DB      *store.DB
	Demo    *store.DemoClock // the clock StepTo moves; nil in production
	Log     *slog.Logger     // nil discards
	Workers []Worker
}

// Worker runs beside the jobs, such as the dispatcher.
type Worker interface {
	// Run works until ctx ends, then returns.
	Run(ctx context.Context)
	// Rebase says that the clock was moved: instants the worker waits for have to be looked up again.
	Rebase()
}

// Scheduler runs jobs and workers. Its methods may be called from any goroutine.
type Scheduler struct {
	db      *store.DB
	demo    *store.DemoClock
	log     *slog.Logger
	workers []Worker
	jobs    []job
	broken  error // a spec that does not parse
	watch   *watch

	turn  chan struct{} // holds the token of whoever runs jobs: one at a time
	again chan struct{} // the loop looks again at once
	floor time.Time     // occurrences up to here are none of ours; guarded by turn

	mu   sync.Mutex
	cron *cron.Cron
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// New prepares a scheduler; nothing runs before Start.
func New(o Options) *Scheduler {
	s := &Scheduler{
		db: o.DB, demo: o.Demo, log: o.Log, workers: o.Workers,
		turn: make(chan struct{}, 1), again: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.jobs, s.broken = table()
	s.watch = newWatch(o.DB.Real)
	return s
}

// Start settles what a dead process left, catches up or records as missed what came due while the machine was off, and
// goes on until Stop. ctx bounds the start only.
func (s *Scheduler) Start(ctx context.Context) error {
	if s.broken != nil {
		return s.broken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		return errors.New("schedule: started twice")
	}
	if err := s.begin(ctx); err != nil {
		return fmt.Errorf("schedule: start: %w", err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	// The timer of the loop is exact; the tick of cron heals what it cannot see, such as a wall clock that was set.
	quiet := cron.DiscardLogger
	s.cron = cron.New(cron.WithLocation(worktime.Seoul), cron.WithLogger(quiet),
		cron.WithChain(cron.SkipIfStillRunning(quiet), cron.Recover(cronLog{s.log})))
	if _, err := s.cron.AddFunc("* * * * *", func() { s.tick(run) }); err != nil {
		stop()
		return fmt.Errorf("schedule: tick: %w", err)
	}
	s.stop = stop
	for _, w := range s.workers {
		s.wg.Go(func() { w.Run(run) })
	}
	s.wg.Go(func() { s.loop(run) })
	s.cron.Start()
	return nil
}

// begin is the part of the start that other goroutines must not see half done.
func (s *Scheduler) begin(ctx context.Context) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.release()
	if s.demo != nil {
		if err := s.saveClock(ctx); err != nil {
			return err
		}
	}
	if err := s.db.RebaseAtStart(ctx); err != nil {
		return err
	}
	since, err := s.db.Since(ctx)
	if err != nil {
		return err
	}
	now := s.db.Now()
	if s.floor = since; since.After(now) {
		s.floor = now
	}
	if err := s.judgeStart(ctx, now); err != nil {
		return err
	}
	cut, err := s.db.RecoverOccurrences(ctx)
	if err != nil {
		return err
	}
	s.rerun(ctx, cut)
	s.work(ctx)
	return nil
}

// Stop ends jobs and workers and waits for them as long as ctx allows. A job that is cut short runs again at the next
// start if its window still lasts.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return nil
	}
	s.stop()
	s.stop = nil
	ended := s.cron.Stop()
	done := make(chan struct{})
	go func() {
		<-ended.Done()
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("schedule: still running: %w", ctx.Err())
	}
}

// Kick makes everybody look for due work at once.
func (s *Scheduler) Kick() {
	select {
	case s.again <- struct{}{}:
	default:
	}
	for _, w := range s.workers {
		w.Rebase()
	}
}

// take waits for the turn to run jobs.
func (s *Scheduler) take(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Scheduler) release() { <-s.turn }

// JobInfo is a job as the system page shows it.
type JobInfo struct {
	ID   string
	Text string // Korean
	Last LastRun
	Next time.Time // zero: no occurrence in sight
}

// LastRun is the newest row of a job's ledger; ScheduledFor is zero when there is none.
type LastRun struct {
	ScheduledFor time.Time
	Outcome      store.Outcome
	Detail       string
}

// Jobs lists the jobs with their newest row and their next occurrence.
func (s *Scheduler) Jobs(ctx context.Context) ([]JobInfo, error) {
	now, desk := s.db.Now(), s.db.Desk()
	list := make([]JobInfo, 0, len(s.jobs))
	for _, j := range s.jobs {
		info := JobInfo{ID: j.id, Text: j.text, Next: j.next(desk, now)}
		last, ok, err := s.db.LastOccurrence(ctx, j.id, now)
		if err != nil {
			return nil, err
		}
		if ok {
			info.Last = LastRun{last.ScheduledFor, last.Outcome, last.Detail}
		}
		list = append(list, info)
	}
	return list, nil
}

// RunNow runs a job at once, outside its times; the ledger shows it at this instant.
func (s *Scheduler) RunNow(ctx context.Context, id string) error {
	for _, j := range s.jobs {
		if j.id != id {
			continue
		}
		if err := s.take(ctx); err != nil {
			return err
		}
		defer s.release()
		now := s.db.Now()
		if j.held && s.Clock(ctx).Held {
			return &store.Error{Kind: store.Conflict, Text: "시계를 확인할 때까지 실행하지 않아요. 시스템 화면에서 시계를 먼저 확인해 주세요."}
		}
		switch o, _, err := s.run(ctx, j, now); {
		case err != nil:
			return err
		case o.Outcome == store.OutcomeFailed:
			return &store.Error{Kind: store.Internal, Text: "작업이 실패했어요. 시스템 화면에서 이유를 확인해 주세요.", Err: errors.New(o.Detail)}
		}
		return nil
	}
	return &store.Error{Kind: store.NotFound, Text: "그런 작업이 없어요."}
}

// cronLog takes the panics that cron recovers; ours are recovered and recorded before.
type cronLog struct{ log *slog.Logger }

func (l cronLog) Info(string, ...any) {}

func (l cronLog) Error(_ error, msg string, _ ...any) { l.log.Error("schedule: tick: " + msg) }
