package schedule

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"toktok/store"
	"toktok/store/worktime"
)

// job is one line of the table. Jobs are level-triggered: what a run finds to do follows from the rows, so that a run
// that was missed is made good by the next one.
type job struct {
	id, text string
	timeout  time.Duration
	next     func(desk *worktime.Calendar, after time.Time) time.Time // first occurrence strictly after; zero = none
	until    func(desk *worktime.Calendar, at time.Time) time.Time    // from here on a late run makes no sense
	held     bool                                                     // not run while the clock is in doubt (RULES E5)
	resume   bool                                                     // run again after the process died in the middle
	run      func(ctx context.Context, db *store.DB, at time.Time) (cases int, err error)
	quiet    func(ctx context.Context, db *store.DB) (until time.Time, err error) // up to then a run would find nothing
}

// endless stands for "until something happens".
var endless = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// table is RULES H2 as far as the work exists. At the same instant jobs run in this order.
func table() ([]job, error) {
	hourly, err := cron.ParseStandard("CRON_TZ=Asia/Seoul 0 * * * *")
	if err != nil {
		return nil, fmt.Errorf("schedule: spec of due: %w", err)
	}
	half, err := cron.ParseStandard("CRON_TZ=Asia/Seoul 30 * * * *")
	if err != nil {
		return nil, fmt.Errorf("schedule: spec of sweep: %w", err)
	}
	return []job{
		{
			id: "opening", text: "업무 시작: 밤사이 기다린 민원을 답변 대기로 옮기고 알려요", timeout: 10 * time.Minute,
			next: nextOpening, until: dayClose, held: true, resume: true, quiet: quietQueue,
			run: func(ctx context.Context, db *store.DB, at time.Time) (int, error) {
				return db.Opening(ctx, store.Job("opening"), at)
			},
		},
		{
			id: "closing", text: "업무 종료: 답을 기다리는 민원을 다음 업무로 넘기고 알려요", timeout: 10 * time.Minute,
			next: nextClosing, until: nextOpening, held: true, resume: true, quiet: quietQueue,
			run: func(ctx context.Context, db *store.DB, at time.Time) (int, error) {
				return db.Closing(ctx, store.Job("closing"), at)
			},
		},
		{
			id: "due", text: "기한 확인: 접수·확인 기한이 지난 민원과 전화할 일을 표시해요", timeout: 5 * time.Minute,
			next: spec(hourly), until: span(time.Hour),
			run: func(ctx context.Context, db *store.DB, _ time.Time) (int, error) {
				return db.MarkDue(ctx, store.Job("due"))
			},
			quiet: func(ctx context.Context, db *store.DB) (time.Time, error) { return orEndless(db.NextDue(ctx)) },
		},
		{
			id: "sweep", text: "정리: 보관 시간이 지난 접수 기록과 로그인을 지워요", timeout: 5 * time.Minute,
			next: spec(half), until: span(time.Hour),
			run: func(ctx context.Context, db *store.DB, _ time.Time) (int, error) {
				return db.Sweep(ctx, store.Job("sweep"))
			},
			quiet: func(ctx context.Context, db *store.DB) (time.Time, error) { return orEndless(db.NextSweep(ctx)) },
		},
	}, nil
}

// spec takes the calendar's place for jobs at fixed times.
func spec(c cron.Schedule) func(*worktime.Calendar, time.Time) time.Time {
	return func(_ *worktime.Calendar, after time.Time) time.Time { return c.Next(after.In(worktime.Seoul)) }
}

func span(d time.Duration) func(*worktime.Calendar, time.Time) time.Time {
	return func(_ *worktime.Calendar, at time.Time) time.Time { return at.Add(d) }
}

// nextOpening is the first opening of a working day after an instant. A day that begins where the day before ended at
// midnight opens nothing.
func nextOpening(desk *worktime.Calendar, after time.Time) time.Time {
	for {
		at := desk.NextDayOpen(after)
		if at.IsZero() || !desk.WithinDay(at.Add(-time.Millisecond)) {
			return at
		}
		after = at
	}
}

// nextClosing is the first last close of a working day after an instant; one that runs on at midnight is none.
func nextClosing(desk *worktime.Calendar, after time.Time) time.Time {
	// The close of a day that ends at midnight lies on the next date, so the search starts a day earlier.
	for day := worktime.DateOf(after).AddDays(-1); !day.IsZero(); day = desk.NextWorkingDay(day) {
		if at, ok := desk.DayClose(day); ok && at.After(after) && !desk.WithinDay(at) {
			return at
		}
	}
	return time.Time{}
}

// dayClose is the end of the working day that opens at an instant.
func dayClose(desk *worktime.Calendar, at time.Time) time.Time {
	closes, _ := desk.DayClose(worktime.DateOf(at))
	return closes
}

func quietQueue(ctx context.Context, db *store.DB) (time.Time, error) {
	idle, err := db.QueueIdle(ctx)
	if err != nil || !idle {
		return time.Time{}, err
	}
	return endless, nil
}

func orEndless(at time.Time, err error) (time.Time, error) {
	if at.IsZero() {
		at = endless
	}
	return at, err
}
