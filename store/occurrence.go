package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Outcome is how an occurrence of a job ended.
type Outcome string

// The outcomes of the ledger (RULES H2); running is not one yet.
const (
	OutcomeRunning Outcome = "running"
	OutcomeDone    Outcome = "done"
	OutcomeFailed  Outcome = "failed"
	OutcomeMissed  Outcome = "missed"  // the machine was off, or the clock held, until its window had passed
	OutcomeSkipped Outcome = "skipped" // not run on purpose
)

// Occurrence is one row of the ledger: a job and the instant it was due. The ledger decides what is run, so that each
// occurrence is run once, however often somebody looks.
type Occurrence struct {
	Job          string
	ScheduledFor time.Time
	Outcome      Outcome
	StartedAt    time.Time
	EndedAt      time.Time
	Detail       string // English or Korean for the system page; never citizens' words
}

const occurrenceColumns = `job, scheduled_for, outcome, started_at, ended_at, detail`

func scanOccurrence(rows *sql.Rows) (o Occurrence, err error) {
	return o, rows.Scan(&o.Job, instant{&o.ScheduledFor}, &o.Outcome, instant{&o.StartedAt}, instant{&o.EndedAt}, &o.Detail)
}

// BeginOccurrence claims an occurrence; false means that the ledger has it already.
func (s *DB) BeginOccurrence(ctx context.Context, job string, scheduled time.Time) (mine bool, err error) {
	err = s.Write(ctx, Job(job), func(tx *Tx) error {
		res, err := tx.Exec(`/* BeginOccurrence */ insert into occurrences (job, scheduled_for, outcome, started_at) values (?, ?, 'running', ?)
			on conflict do nothing`, job, ms(scheduled), ms(tx.Now))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		mine = n == 1
		return err
	})
	return mine, err
}

// AgainOccurrence claims an interrupted occurrence for another run; false means that it is not one any more.
func (s *DB) AgainOccurrence(ctx context.Context, o Occurrence) (mine bool, err error) {
	err = s.Write(ctx, Job(o.Job), func(tx *Tx) error {
		res, err := tx.Exec(`/* AgainOccurrence */ update occurrences set outcome = 'running', started_at = ?, ended_at = null
			where job = ? and scheduled_for = ? and outcome = 'failed' and detail = ?`, ms(tx.Now), o.Job, ms(o.ScheduledFor), interrupted)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		mine = n == 1
		return err
	})
	return mine, err
}

// EndOccurrence records how a claimed occurrence went.
func (s *DB) EndOccurrence(ctx context.Context, job string, scheduled time.Time, outcome Outcome, detail string) error {
	return s.Write(ctx, Job(job), func(tx *Tx) error {
		_, err := tx.Exec(`/* EndOccurrence */ update occurrences set outcome = ?, ended_at = ?, detail = ? where job = ? and scheduled_for = ?`,
			string(outcome), ms(tx.Now), detail, job, ms(scheduled))
		return err
	})
}

// RecordOccurrences enters occurrences that are not run, all in one commit, and returns those the ledger did not have.
func (s *DB) RecordOccurrences(ctx context.Context, list []Occurrence) (entered []Occurrence, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	err = s.Write(ctx, System("schedule"), func(tx *Tx) error {
		entered = nil // a closure may run twice
		for _, o := range list {
			res, err := tx.Exec(`/* RecordOccurrences */ insert into occurrences (job, scheduled_for, outcome, started_at, ended_at, detail)
				values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
				o.Job, ms(o.ScheduledFor), string(o.Outcome), msOrNil(o.StartedAt), msOrNil(o.EndedAt), o.Detail)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n == 1 {
				entered = append(entered, o)
			}
		}
		return nil
	})
	return entered, err
}

// LastOccurrence returns a job's newest row at or before an instant; false means that there is none.
func (s *DB) LastOccurrence(ctx context.Context, job string, upTo time.Time) (Occurrence, bool, error) {
	list, err := all(s.read(ctx), scanOccurrence, `/* LastOccurrence */ select `+occurrenceColumns+` from occurrences
		where job = ? and scheduled_for <= ? order by scheduled_for desc limit 1`, job, ms(upTo))
	if err != nil || len(list) == 0 {
		return Occurrence{}, false, err
	}
	return list[0], true, nil
}

// LastOccurrences lists the newest rows of a job up to now, newest first.
func (s *DB) LastOccurrences(ctx context.Context, who Actor, job string, limit int) ([]Occurrence, error) {
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	return all(s.read(ctx), scanOccurrence, `/* LastOccurrences */ select `+occurrenceColumns+` from occurrences
		where job = ? and scheduled_for <= ? order by scheduled_for desc limit ?`, job, ms(s.Now()), limit)
}

const interrupted = "interrupted"

// RecoverOccurrences settles what a dead process left running: the rows become failed (interrupted) and are returned,
// so that what is still inside its window can be run again.
func (s *DB) RecoverOccurrences(ctx context.Context) (cut []Occurrence, err error) {
	err = s.Write(ctx, System("start"), func(tx *Tx) error {
		cut, err = all(tx, scanOccurrence, `/* RecoverOccurrences */ update occurrences set outcome = 'failed', ended_at = ?, detail = ?
			where outcome = 'running' returning `+occurrenceColumns, ms(tx.Now), interrupted)
		return err
	})
	return cut, err
}

// Since returns the instant from which occurrences count: the first start of this store. It is entered once.
func (s *DB) Since(ctx context.Context) (since time.Time, err error) {
	err = s.Write(ctx, System("start"), func(tx *Tx) error {
		if _, err := tx.Exec(`/* Since */ insert into settings (key, value, changed_at, changed_by) values ('schedule.since', ?, ?, 'start')
			on conflict do nothing`, fmt.Sprint(ms(tx.Now)), ms(tx.Now)); err != nil {
			return err
		}
		var v int64
		err := tx.QueryRow(`/* Since */ select cast(value as integer) from settings where key = 'schedule.since'`).Scan(&v)
		since = fromMS(v)
		return err
	})
	return since, err
}

// newestRow is the time of the newest trace of work that counts: audit rows written after the clock was last confirmed
// (RULES E5). Ledger rows do not: a wrong clock would write its own alibi.
func newestRow(q querier) (newest time.Time, err error) {
	err = q.QueryRow(`/* newestRow */ select (select at from audit
		where +id > coalesce((select cast(value as integer) from settings where key = 'clock.confirmed'), 0) order by at desc limit 1)`).
		Scan(instant{&newest})
	return newest, err
}

// NewestInstant is the time of the newest row; zero in an empty store.
func (s *DB) NewestInstant(ctx context.Context) (time.Time, error) { return newestRow(s.read(ctx)) }

// FoundInstant is the time of the newest row when the file was opened, before this process wrote any.
func (s *DB) FoundInstant() time.Time { return s.cache.Load().found }

// HoldClock remembers over restarts that the clock was found implausible at start; ConfirmClock takes it back.
func (s *DB) HoldClock(ctx context.Context, reason string) error {
	return s.Write(ctx, System("start"), func(tx *Tx) error {
		if _, err := tx.Exec(`/* HoldClock */ insert into settings (key, value, changed_at, changed_by) values ('clock.hold', ?, ?, 'start')
			on conflict do nothing`, reason, ms(tx.Now)); err != nil {
			return err
		}
		return tx.audit("clock_hold", 0, "", "")
	})
}

// ClockHeld returns why the clock is held since an earlier start, "" when it is not.
func (s *DB) ClockHeld(ctx context.Context) (reason string, err error) {
	err = s.read(ctx).QueryRow(`/* ClockHeld */ select coalesce((select value from settings where key = 'clock.hold'), '')`).Scan(&reason)
	return reason, err
}

// ConfirmClock records that an admin has looked at the clock and found it right: rows written so far say nothing about
// it any more (RULES E5).
func (s *DB) ConfirmClock(ctx context.Context, who Actor) error {
	if err := who.need(MayOperate); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		if err := tx.audit("clock_confirm", 0, "", ""); err != nil {
			return err
		}
		if err := tx.flushAudit(); err != nil { // its id is what is kept
			return err
		}
		if _, err := tx.Exec(`/* ConfirmClock */ delete from settings where key = 'clock.hold'`); err != nil {
			return err
		}
		_, err := tx.Exec(`/* ConfirmClock */ insert into settings (key, value, changed_at, changed_by)
			values ('clock.confirmed', (select cast(max(id) as text) from audit), ?, ?)
			on conflict (key) do update set value = excluded.value, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
			ms(tx.Now), who.Label())
		tx.times = true
		return err
	})
}

// SaveDemoClock keeps how far the demo's clock is ahead of the wall's.
func (s *DB) SaveDemoClock(ctx context.Context, ahead time.Duration) error {
	return s.Write(ctx, System("demo"), func(tx *Tx) error {
		_, err := tx.Exec(`/* SaveDemoClock */ insert into settings (key, value, changed_at, changed_by) values ('demo.clock', ?, ?, 'demo')
			on conflict (key) do update set value = excluded.value, changed_at = excluded.changed_at`,
			fmt.Sprint(ahead.Milliseconds()), ms(tx.Now))
		return err
	})
}

// ResumeDemoClock sets the demo's clock at start: to at, if that is given, else to where it has run on to since the
// last time, else it leaves it alone (RULES E4).
func (s *DB) ResumeDemoClock(ctx context.Context, clock *DemoClock, at time.Time) error {
	if !at.IsZero() {
		clock.Run(at)
		return nil
	}
	var ahead sql.NullInt64
	if err := s.read(ctx).QueryRow(`/* ResumeDemoClock */ select (select cast(value as integer) from settings where key = 'demo.clock')`).Scan(&ahead); err != nil {
		return err
	}
	if ahead.Valid {
		clock.Run(s.Real().Add(time.Duration(ahead.Int64) * time.Millisecond))
	}
	return nil
}
