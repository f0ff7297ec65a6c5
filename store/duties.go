package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// WakeDue brings back what was snoozed until now (row 19) and returns how many cases came back.
func (s *DB) WakeDue(ctx context.Context, who Actor) (woken int, err error) {
	list, err := s.caseIDs(ctx, `/* WakeDue */ select id from tickets where snooze_until <= ? order by snooze_until, id`, ms(s.Now()))
	if err != nil {
		return 0, err
	}
	return s.eachCase(ctx, who, list, func(tx *Tx, id int64) (bool, error) {
		t, err := ticketByID(tx, id)
		if err != nil || t.SnoozeUntil.IsZero() || t.SnoozeUntil.After(tx.Now) {
			return false, err
		}
		if t.State == StateWaiting {
			// It comes back with the opening anyway; waiting cases are not snoozed.
			t.SnoozeUntil = time.Time{}
		} else if _, err := tx.move(t, ActWake, facts{Log: "보류가 끝나 다시 올라왔어요."}); err != nil {
			return false, err
		}
		return true, tx.finish(t)
	})
}

// NextWake is when the next snoozed case comes back; zero = none.
func (s *DB) NextWake(ctx context.Context) (at time.Time, err error) {
	err = s.read(ctx).QueryRow(`/* NextWake */ select min(snooze_until) from tickets where snooze_until is not null`).Scan(instant{&at})
	return at, err
}

// The marks that job due leaves in a thread, once each time a limit passes.
const (
	lateAccept Action = "accept_late"
	lateTake   Action = "take_late"
)

// unmarked are the cases past a limit whose thread does not say so yet; the mark is newer than the limit it is about,
// so a new round or a new transfer gets one of its own.
const (
	unmarkedAccept = ` from tickets t where accepted_at is null and accept_by is not null and state <> 'closed' and test = 0
		and not exists (select 1 from messages m where m.ticket = t.id and m.kind = 'log' and m.key = 'accept_late' and m.at >= t.accept_by)`
	unmarkedTake = ` from tickets t where take_by is not null and taken_at is null and state = 'review' and test = 0
		and not exists (select 1 from messages m where m.ticket = t.id and m.kind = 'log' and m.key = 'take_late' and m.at >= t.take_by)`
	unheardNotice = ` from deliveries d where class = 'notice' and state in ('pickup', 'unknown')
		and not exists (select 1 from call_tasks c where c.delivery = d.id)`
)

// MarkDue is job due: it marks cases nobody has accepted or taken in time, and makes a call task of each legal notice
// the citizen has not seen after a working day (RULES A5). Level-triggered: what is marked stays marked.
func (s *DB) MarkDue(ctx context.Context, who Actor) (marked int, err error) {
	now := ms(s.Now())
	var faults []error
	for _, late := range []struct {
		action Action
		where  string
		column string
		text   string
	}{
		{lateAccept, unmarkedAccept, "accept_by", "접수 기한(근무 8시간)이 지났어요."},
		{lateTake, unmarkedTake, "take_by", "부서가 확인할 기한이 지났어요."},
	} {
		list, err := s.caseIDs(ctx, `/* MarkDue */ select id`+late.where+` and `+late.column+` < ? order by `+late.column+`, id`, now)
		if err != nil {
			return marked, err
		}
		n, err := s.eachCase(ctx, who, list, func(tx *Tx, id int64) (bool, error) {
			t, err := ticketByID(tx, id)
			if err != nil {
				return false, err
			}
			if err := tx.logEntry(t, late.action, late.text); err != nil {
				return false, err
			}
			return true, errors.Join(tx.audit(string(late.action), t.ID, "", ""), tx.finish(t))
		})
		marked += n
		faults = append(faults, err)
	}
	n, err := s.callUnheard(ctx, who)
	return marked + n, errors.Join(append(faults, err)...)
}

// callUnheard makes call tasks of notices that are unheard for 8 working hours, and ends those of notices heard since.
func (s *DB) callUnheard(ctx context.Context, who Actor) (n int, err error) {
	heard, err := s.caseIDs(ctx, `/* callUnheard */ select c.id from call_tasks c join deliveries d on d.id = c.delivery
		where c.done_at is null and d.state = 'delivered'`)
	if err != nil {
		return 0, err
	}
	for _, id := range heard {
		if err := s.Write(ctx, who, func(tx *Tx) error {
			_, err := tx.Exec(`/* callUnheard */ update call_tasks set done_at = ?, done_by = ? where id = ? and done_at is null`, ms(tx.Now), who.Label(), id)
			return err
		}); err != nil {
			return 0, err
		}
	}
	type notice struct {
		id, ticket int64
		made       time.Time
	}
	list, err := all(s.read(ctx), func(rows *sql.Rows) (d notice, err error) {
		return d, rows.Scan(&d.id, &d.ticket, instant{&d.made})
	}, `/* callUnheard */ select id, ticket, created_at`+unheardNotice+` and created_at < ? order by created_at, id`, ms(s.Now().Add(-workingDay)))
	if err != nil {
		return 0, err
	}
	for _, d := range list {
		if s.Statutory().Add(d.made, workingDay).After(s.Now()) {
			continue
		}
		err := s.Write(ctx, who, func(tx *Tx) error {
			t, err := ticketByID(tx, d.ticket)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`/* callUnheard */ insert into call_tasks (ticket, delivery, reason, created_at)
				select ?, id, 'unheard', ?`+unheardNotice+` and d.id = ?`, d.ticket, ms(tx.Now), d.id); err != nil {
				return err
			}
			tx.changed(t, 0, "")
			return tx.audit("call_task", d.ticket, "", "")
		})
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// workingDay is one day of 8 working hours (민원처리법 §19①).
const workingDay = 8 * time.Hour

// NextDue is the next instant at which MarkDue will find something; zero = nothing is in sight.
func (s *DB) NextDue(ctx context.Context) (time.Time, error) {
	var accept, take, notice time.Time
	err := s.read(ctx).QueryRow(`/* NextDue */ select (select min(accept_by)`+unmarkedAccept+`), (select min(take_by)`+unmarkedTake+`),
		(select min(created_at)`+unheardNotice+`)`).Scan(instant{&accept}, instant{&take}, instant{&notice})
	if !notice.IsZero() {
		notice = s.Statutory().Add(notice, workingDay)
	}
	return earliest(accept, take, notice), err
}

// earliest returns the first of the instants that are set.
func earliest(list ...time.Time) (first time.Time) {
	for _, t := range list {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// Late counts what has passed its time, for the status page: nobody accepted it, nobody took it, its due date is over,
// and citizens to be called.
type Late struct {
	Accept, Take, Due, Calls int
}

// Late counts the cases the actor may see.
func (s *DB) Late(ctx context.Context, who Actor) (l Late, err error) {
	if err := who.need(MaySee); err != nil {
		return l, err
	}
	now := ms(s.Now())
	seen := func(rows *sql.Rows) (department int64, err error) { return department, rows.Scan(&department) }
	for _, count := range []struct {
		to    *int
		query string
	}{
		{&l.Accept, `/* Late */ select coalesce(department, 0) from tickets where accepted_at is null and accept_by is not null and state <> 'closed'
			and test = 0 and accept_by < ?`},
		{&l.Take, `/* Late */ select coalesce(department, 0) from tickets where take_by is not null and taken_at is null and state = 'review'
			and test = 0 and take_by < ?`},
		{&l.Due, `/* Late */ select coalesce(department, 0) from tickets where due_at is not null and test = 0 and done_at is null
			and state <> 'closed' and due_at < ?`},
		{&l.Calls, `/* Late */ select coalesce(t.department, 0) from call_tasks c join tickets t on t.id = c.ticket where c.done_at is null and c.created_at <= ?`},
	} {
		list, err := all(s.read(ctx), seen, count.query, now)
		if err != nil {
			return l, err
		}
		for _, department := range list {
			if who.Sees(department) {
				*count.to++
			}
		}
	}
	return l, nil
}

// How long is kept what is kept for a while only.
const (
	keepAnswers    = 24 * time.Hour      // Idempotency-Key (RULES H4)
	keepJournal    = 7 * 24 * time.Hour  // RULES B2
	keepQuarantine = 30 * 24 * time.Hour // RULES B2
	keepSessions   = 30 * 24 * time.Hour // after their last sign of life
	keepHourly     = 31 * 24 * time.Hour // ledger rows of the hourly jobs; those of the desk stay
)

// sweepSlice rows go at once: about a millisecond of the writer's time (RULES G1: at most 20).
const sweepSlice = 200

// Sweep deletes what has outlived its time and returns how many rows went. Sessions live by real time, all else by the
// service's.
func (s *DB) Sweep(ctx context.Context, who Actor) (gone int, err error) {
	now := s.Now()
	for _, old := range []struct {
		before time.Time
		query  string
	}{
		{now.Add(-keepAnswers), `/* Sweep */ delete from idempotency where (scope, key) in (select scope, key from idempotency where at < ? order by at limit ?)`},
		{now.Add(-keepJournal), `/* Sweep */ delete from journal where at < ? and id in (select id from journal order by id limit ?)`},
		{now.Add(-keepQuarantine), `/* Sweep */ delete from quarantine where id in (select id from quarantine where at < ? limit ?)`},
		{s.Real().Add(-keepSessions), `/* Sweep */ delete from sessions where id in (select id from sessions where last_seen < ? limit ?)`},
		{now.Add(-keepHourly), `/* Sweep */ delete from occurrences where (job, scheduled_for) in (select job, scheduled_for from occurrences
			where job in ('due', 'sweep') and scheduled_for < ? limit ?)`},
	} {
		for n := int64(sweepSlice); n == sweepSlice; {
			err := s.Write(ctx, who, func(tx *Tx) error {
				res, err := tx.Exec(old.query, ms(old.before), sweepSlice)
				if err != nil {
					return err
				}
				n, err = res.RowsAffected()
				return err
			})
			if err != nil {
				return gone, err
			}
			gone += int(n)
		}
	}
	return gone, nil
}

// NextSweep is the next instant at which Sweep will find something; zero = nothing is in sight.
func (s *DB) NextSweep(ctx context.Context) (time.Time, error) {
	var answer, journal, quarantine, hourly, session time.Time
	err := s.read(ctx).QueryRow(`/* NextSweep */ select (select min(at) from idempotency), (select at from journal order by id limit 1), (select min(at) from quarantine),
		(select min(scheduled_for) from occurrences where job in ('due', 'sweep')), (select min(last_seen) from sessions)`).
		Scan(instant{&answer}, instant{&journal}, instant{&quarantine}, instant{&hourly}, instant{&session})
	for _, kept := range []struct {
		oldest *time.Time
		span   time.Duration
	}{{&answer, keepAnswers}, {&journal, keepJournal}, {&quarantine, keepQuarantine}, {&hourly, keepHourly + 7*24*time.Hour}} { // ledger rows go a week at a time
		if !kept.oldest.IsZero() {
			*kept.oldest = kept.oldest.Add(kept.span)
		}
	}
	if !session.IsZero() {
		session = s.Now().Add(session.Add(keepSessions).Sub(s.Real()))
	}
	return earliest(answer, journal, quarantine, hourly, session), err
}
