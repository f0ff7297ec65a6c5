package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"toktok/store/db"
	"toktok/store/wording"
	"toktok/store/worktime"
)

// enqueue puts a case on the worklist of the closed period in which an instant lies. A row that was settled because a
// person answered is opened again when the citizen writes in the same night; one whose line was sent stays settled.
func (tx *Tx) enqueue(t *Ticket, at time.Time) error {
	period, opens, closed := tx.inClosedPeriod(at)
	if !closed {
		return fmt.Errorf("store: ticket %d queued at %s, which is in no closed period", t.ID, at.Format(time.RFC3339))
	}
	t.FollowUpOn = period.String()
	_, err := tx.Exec(`/* enqueue */ insert into queue_items (period, ticket, queued_at, promised_at) values (?, ?, ?, ?)
		on conflict (period, ticket) do update set outcome = null, worked_at = null where outcome in ('answered', 'closed')`,
		t.FollowUpOn, t.ID, ms(tx.Now), ms(opens))
	return err
}

// settleItem ends the open queue rows of a case: followed, wrote, answered or closed.
func (tx *Tx) settleItem(t *Ticket, outcome string) error {
	t.FollowUpOn = ""
	_, err := tx.Exec(`/* settleItem */ update queue_items set outcome = ?, worked_at = ? where ticket = ? and outcome is null`,
		outcome, ms(tx.Now), t.ID)
	return err
}

// Closing moves what still awaits an answer into the queue of the next opening, one transaction a case (row 16). It is
// level-triggered: it works whatever is open in a closed period, so a second run changes nothing. It returns how many
// cases it moved; cases that failed are joined in the error and do not stop the others.
func (s *DB) Closing(ctx context.Context, who Actor, at time.Time) (moved int, err error) {
	desk := s.Desk()
	period, closed := desk.Period(at)
	if !closed || desk.WithinDay(s.Now()) {
		return 0, nil
	}
	opens, _ := desk.DayOpen(period)
	var list []int64
	for _, test := range []bool{false, true} {
		ids, err := s.caseIDs(ctx, `/* Closing */ select id from tickets where test = ? and state in ('open', 'waiting') and awaiting_since is not null
			and ((state = 'open' and coalesce(snooze_until, 0) <= ?) or (state = 'waiting' and coalesce(follow_up_on, '') < ?))
			order by awaiting_since, id`, test, ms(opens), period.String())
		if err != nil {
			return 0, err
		}
		list = append(list, ids...)
	}
	return s.eachCase(ctx, who, list, (*Tx).closeCase)
}

// Opening works the queue of the period that ends with the opening of the day of at, in order of waiting, one
// transaction a case (row 17). It also takes along what waits without a row: from a missed closing, or from an opening
// that was missed. Rows that have their outcome are left alone, so a second run, or one after a crash, goes on where
// the first one stopped.
func (s *DB) Opening(ctx context.Context, who Actor, at time.Time) (followed int, err error) {
	desk := s.Desk()
	day := worktime.DateOf(at)
	opens, works := desk.DayOpen(day)
	now := s.Now()
	if !works || now.Before(opens) || worktime.DateOf(now) != day || !desk.WithinDay(now) {
		return 0, nil
	}
	if err := s.settleAnswered(ctx, who, day); err != nil {
		return 0, err
	}
	var list []int64
	for _, test := range []bool{false, true} {
		ids, err := s.caseIDs(ctx, `/* Opening */ select t.id from tickets t
			where t.test = ?1 and t.state in ('waiting', 'open') and t.awaiting_since is not null and coalesce(t.snooze_until, 0) <= ?2
			and (exists (select 1 from queue_items q where q.ticket = t.id and q.period = ?3 and q.outcome is null)
			 or (t.awaiting_since < ?4 and not exists (select 1 from queue_items q where q.ticket = t.id and q.period = ?3)))
			order by t.awaiting_since, t.id`, test, ms(now), day.String(), ms(opens))
		if err != nil {
			return 0, err
		}
		list = append(list, ids...)
	}
	return s.eachCase(ctx, who, list, func(tx *Tx, id int64) (bool, error) { return tx.openCase(id, day) })
}

// Stragglers opens what joined today's queue after the opening had worked it: words that arrived before the opening and
// were stored after it, a body replayed from quarantine, a night the demo lived twice. For the hours after the opening.
func (s *DB) Stragglers(ctx context.Context, who Actor) (opened int, err error) {
	now := s.Now()
	if !s.Desk().WithinDay(now) {
		return 0, nil
	}
	day := worktime.DateOf(now)
	var list []int64
	for _, test := range []bool{false, true} {
		ids, err := s.caseIDs(ctx, `/* Stragglers */ select id from tickets where test = ? and state = 'waiting' and follow_up_on <= ? order by awaiting_since, id`,
			test, day.String())
		if err != nil {
			return 0, err
		}
		list = append(list, ids...)
	}
	return s.eachCase(ctx, who, list, func(tx *Tx, id int64) (bool, error) { return tx.openCase(id, day) })
}

func (s *DB) caseIDs(ctx context.Context, query string, args ...any) ([]int64, error) {
	return all(s.read(ctx), func(rows *sql.Rows) (id int64, err error) { return id, rows.Scan(&id) }, query, args...)
}

// errShut ends a batch whose hour is over.
var errShut = errors.New("the office opened or closed before all cases were worked")

// together is how many cases of a job share a commit: some ten milliseconds of the writer's time (RULES G1).
const together = 32

// eachCase runs fn for every case, in order, in a transaction of its own, and counts those it changed. Cases do not wait
// for one another's commit: at 09:00 ten thousand would stand in line for the disk.
func (s *DB) eachCase(ctx context.Context, who Actor, list []int64, fn func(*Tx, int64) (bool, error)) (n int, err error) {
	var faults []error
	for slice := range slices.Chunk(list, together) {
		changed := make([]bool, len(slice))
		work := make([]func(*db.Tx) error, len(slice))
		for i, id := range slice {
			work[i] = s.closure(who, func(tx *Tx) (err error) {
				changed[i], err = fn(tx, id)
				return err
			})
		}
		for i, err := range s.engine.WriteEach(ctx, work...) {
			switch {
			case err == nil && changed[i]:
				n++
			case errors.Is(err, errShut), err != nil && ctx.Err() != nil:
				return n, errors.Join(append(faults, err, ctx.Err())...)
			case err != nil:
				s.log.Error("queue: case failed", "ticket", slice[i], "who", who.Label(), "err", err)
				faults = append(faults, fmt.Errorf("ticket %d: %w", slice[i], err))
			}
		}
		if ctx.Err() != nil {
			return n, errors.Join(append(faults, ctx.Err())...)
		}
	}
	return n, errors.Join(faults...)
}

// closeCase is row 16 for one case. A waiting case whose opening was missed only gets its new date.
func (tx *Tx) closeCase(id int64) (bool, error) {
	period, opens, closed := tx.inClosedPeriod(tx.Now)
	if !closed {
		return false, errShut
	}
	t, err := ticketByID(tx, id)
	if err != nil || t.AwaitingSince.IsZero() {
		return false, err
	}
	switch {
	case t.State == StateWaiting && t.FollowUpOn < period.String():
		if err := tx.enqueue(t, tx.Now); err != nil {
			return false, err
		}
		return true, tx.finish(t)
	case t.State != StateOpen || t.SnoozeUntil.After(opens):
		return false, nil
	}
	if _, err := tx.move(t, ActClosing, facts{Log: "업무가 끝나 다음 업무 때 이어서 답해요."}); err != nil {
		return false, err
	}
	v := tx.ticketVars(t)
	v.NextOpen = opens
	if _, err := tx.line(t, wording.ClosingLine, v, opens); err != nil {
		return false, err
	}
	return true, tx.finish(t)
}

// openCase is row 17 for one case: it becomes open, and the citizen is told once in this period.
func (tx *Tx) openCase(id int64, day worktime.Date) (bool, error) {
	opens, works := tx.s.Desk().DayOpen(day)
	closes, _ := tx.s.Desk().DayClose(day)
	if !works || tx.Now.Before(opens) || !tx.Now.Before(closes) {
		return false, errShut
	}
	t, err := ticketByID(tx, id)
	if err != nil || t.AwaitingSince.IsZero() || t.State != StateWaiting && t.State != StateOpen || t.SnoozeUntil.After(tx.Now) {
		return false, err
	}
	tell, err := tx.untold(t, day, opens)
	if err != nil || !tell && t.State == StateOpen {
		return false, err
	}
	if t.State == StateWaiting {
		if _, err := tx.move(t, ActOpening, facts{Log: "업무를 시작해 답변 대기로 옮겼어요."}); err != nil {
			return false, err
		}
	}
	if tell {
		delivery, err := tx.line(t, wording.OpeningLine, tx.ticketVars(t), closes)
		if err != nil {
			return false, err
		}
		if _, err := tx.Exec(`/* openCase */ update queue_items set delivery = ? where period = ? and ticket = ?`,
			idOrNil(delivery), day.String(), t.ID); err != nil {
			return false, err
		}
	}
	if err := tx.settleItem(t, "followed"); err != nil { // also rows of openings that were missed
		return false, err
	}
	return true, tx.finish(t)
}

// untold reports whether the case has still to be told of this opening: its row is open, or it waits since before and
// has none, which is made good here.
func (tx *Tx) untold(t *Ticket, day worktime.Date, opens time.Time) (bool, error) {
	var open bool
	err := tx.QueryRow(`/* untold */ select outcome is null from queue_items where period = ? and ticket = ?`, day.String(), t.ID).Scan(&open)
	if !isNoRows(err) {
		return open, err
	}
	if !t.AwaitingSince.Before(opens) {
		return false, nil
	}
	_, err = tx.Exec(`/* untold */ insert into queue_items (period, ticket, queued_at, promised_at) values (?, ?, ?, ?)`,
		day.String(), t.ID, ms(tx.Now), ms(opens))
	return true, err
}

// answeredItems are open rows whose case awaits nobody any more.
const answeredItems = ` from queue_items q join tickets t on t.id = q.ticket
	where q.outcome is null and q.period <= ? and (t.awaiting_since is null or t.state not in ('waiting', 'open'))`

// settleAnswered ends rows whose case a person has answered, whatever way the case went since.
func (s *DB) settleAnswered(ctx context.Context, who Actor, day worktime.Date) error {
	list, err := s.caseIDs(ctx, `/* settleAnswered */ select q.ticket`+answeredItems, day.String())
	if err != nil || len(list) == 0 {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		_, err := tx.Exec(`/* settleAnswered */ update queue_items set worked_at = ?,
			outcome = case (select state from tickets t where t.id = ticket) when 'closed' then 'closed' else 'answered' end
			where (period, ticket) in (select q.period, q.ticket`+answeredItems+`)`, ms(tx.Now), day.String())
		return err
	})
}

// QueueIdle reports that neither closing nor opening would find a case: nothing waits and no row is open.
func (s *DB) QueueIdle(ctx context.Context) (idle bool, err error) {
	err = s.read(ctx).QueryRow(`/* QueueIdle */ select not exists (select 1 from tickets where test = 0 and state in ('waiting', 'open'))
		and not exists (select 1 from tickets where test = 1 and state in ('waiting', 'open'))
		and not exists (select 1 from queue_items where outcome is null)`).Scan(&idle)
	return idle, err
}

// WorkItem is one case of a worklist.
type WorkItem struct {
	Ticket     *Ticket
	QueuedAt   time.Time
	PromisedAt time.Time // the opening the citizen was told
	Outcome    string    // followed, wrote, answered, closed; "" = not worked yet
	WorkedAt   time.Time
	Delivery   int64 // of the opening line, 0 = none
	Handled    bool  // nobody waits for an answer any more
}

// Worklist is the 아침 대기 page: what a closed period left behind, in order of waiting, and how far it has come.
type Worklist struct {
	Period   worktime.Date
	Opens    time.Time
	Items    []WorkItem
	Outcomes map[string]int // by outcome, "" = not worked yet
	Handled  int
	Previous worktime.Date // neighbouring periods with rows; zero = none
	Next     worktime.Date
}

// Worklist returns the cases of a period (YYYY-MM-DD) that the actor may see; "" is the running night, or today.
func (s *DB) Worklist(ctx context.Context, who Actor, period string) (w Worklist, err error) {
	if err := who.need(MaySee); err != nil {
		return w, err
	}
	if period == "" {
		night, closed := s.Desk().Period(s.Now())
		if !closed {
			night = worktime.DateOf(s.Now())
		}
		period = night.String()
	}
	if w.Period, err = worktime.ParseDate(period); err != nil {
		return w, asInvalid(err)
	}
	w.Opens, _ = s.Desk().DayOpen(w.Period)
	w.Outcomes = make(map[string]int)
	q := s.read(ctx)
	list, err := all(q, scanTicket, `/* Worklist */ select `+ticketColumns+ticketTables+`
		where t.test = 0 and t.id in (select ticket from queue_items where period = ?)`, period)
	if err != nil {
		return w, err
	}
	cases := make(map[int64]*Ticket, len(list))
	for _, t := range list {
		if who.Sees(t.Department.ID) {
			cases[t.ID] = t
		}
	}
	items, err := all(q, scanWorkItem, `/* Worklist */ select q.ticket, q.queued_at, q.promised_at, coalesce(q.outcome, ''), q.worked_at, coalesce(q.delivery, 0)
		from queue_items q join tickets t on t.id = q.ticket where q.period = ?
		order by t.awaiting_since is null, t.awaiting_since, q.ticket`, period)
	if err != nil {
		return w, err
	}
	for _, item := range items {
		if item.Ticket = cases[item.Ticket.ID]; item.Ticket == nil {
			continue
		}
		if item.Handled = item.Ticket.AwaitingSince.IsZero(); item.Handled {
			w.Handled++
		}
		w.Outcomes[item.Outcome]++
		w.Items = append(w.Items, item)
	}
	var previous, next string
	if err := q.QueryRow(`/* Worklist */ select coalesce((select max(period) from queue_items where period < ?1), ''),
		coalesce((select min(period) from queue_items where period > ?1), '')`, period).Scan(&previous, &next); err != nil {
		return w, err
	}
	return w, errors.Join(w.Previous.UnmarshalText([]byte(previous)), w.Next.UnmarshalText([]byte(next)))
}

func scanWorkItem(rows *sql.Rows) (w WorkItem, err error) {
	w.Ticket = new(Ticket)
	return w, rows.Scan(&w.Ticket.ID, instant{&w.QueuedAt}, instant{&w.PromisedAt}, &w.Outcome, instant{&w.WorkedAt}, &w.Delivery)
}
