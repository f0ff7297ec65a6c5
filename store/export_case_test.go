package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TableSays is what RULES A says of an action in a state: "ok", "forbidden" or "wrong_state". holds names the guards
// that are true of the case.
func TableSays(st State, a Action, role Role, holds ...string) string {
	_, err := find(st, a, role, func(g guard) bool { return slices.Contains(holds, string(g)) })
	if err == nil {
		return "ok"
	}
	return string(KindOf(err))
}

// AllowedIn is the list a wrong_state answer carries.
func AllowedIn(st State, role Role, accepted bool) []Action { return allowed(st, role, accepted) }

// AcceptLimit is the instant until which a case of that arrival has to be accepted.
func (s *DB) AcceptLimit(at time.Time) time.Time {
	tx := &Tx{s: s}
	return tx.acceptBy(at)
}

// recorder keeps the statements that pass it.
type recorder struct {
	reader
	seen *[]statement
}

type statement struct {
	query string
	args  []any
}

func (r recorder) query(query string, args ...any) (*sql.Rows, func() error, error) {
	*r.seen = append(*r.seen, statement{query, args})
	return r.reader.query(query, args...)
}

func (r recorder) QueryRow(query string, args ...any) rowScanner {
	*r.seen = append(*r.seen, statement{query, args})
	return r.reader.QueryRow(query, args...)
}

// bigScan is a step of a plan that walks a whole table, or builds an index for the occasion.
var bigScan = regexp.MustCompile(`^SCAN (t|c|g|d|a|u|i|m|l|r|tickets|messages|citizens|identities|dues|deliveries|files|attempts|ad|x)\b|AUTOMATIC`)

// scans returns the steps of the statement's plan that no list may have.
func (s *DB) scans(ctx context.Context, st statement) (bad []string, err error) {
	rows, err := s.read(ctx).Query("explain query plan "+st.query, st.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		if bigScan.MatchString(detail) {
			bad = append(bad, detail)
		}
	}
	return bad, rows.Err()
}

// ListScans returns the bad plan steps of every statement that the list runs.
func (s *DB) ListScans(ctx context.Context, who Actor, q ListQuery) (bad []string, statements int, err error) {
	if err := q.check(who); err != nil {
		return nil, 0, err
	}
	for i, run := range q.stretches() {
		for _, from := range []position{{run: i}, {run: i, set: true, key: 1, id: 1}} {
			query, args, ok := q.sql(who, run, from, 51)
			if !ok {
				continue
			}
			statements++
			steps, err := s.scans(ctx, statement{query, args})
			if err != nil {
				return nil, 0, err
			}
			bad = append(bad, steps...)
		}
	}
	return bad, statements, nil
}

// ThreadScans returns the bad plan steps of reading a thread.
func (s *DB) ThreadScans(ctx context.Context, who Actor, number string) (bad []string, statements int, err error) {
	var seen []statement
	q := recorder{s.read(ctx), &seen}
	t, err := ticketByNumber(q, who, number)
	if err != nil {
		return nil, 0, err
	}
	if _, _, err := messagesOf(q, t.ID, 0); err != nil {
		return nil, 0, err
	}
	if _, err := othersOf(q, who, t); err != nil {
		return nil, 0, err
	}
	if _, err := linksOf(q, who, t.ID); err != nil {
		return nil, 0, err
	}
	if _, err := transfersOf(q, t.ID); err != nil {
		return nil, 0, err
	}
	for _, st := range seen {
		steps, err := s.scans(ctx, st)
		if err != nil {
			return nil, 0, err
		}
		bad = append(bad, steps...)
	}
	return bad, len(seen), nil
}

// Broken returns what is wrong with the stored cases by the invariants of RULES A, and counters that do not count.
func (s *DB) Broken(ctx context.Context) ([]string, error) {
	r := s.read(ctx)
	var out []string
	for what, query := range map[string]string{
		"waiting or open without awaiting_since": `select number from tickets where state in ('waiting', 'open') and awaiting_since is null`,
		"answered with awaiting_since":           `select number from tickets where state = 'answered' and awaiting_since is not null`,
		"closed but snoozed, paused or awaited":  `select number from tickets where state = 'closed' and (snooze_until is not null or paused = 1 or awaiting_since is not null)`,
		"closed with an open commitment":         `select t.number from commitments k join tickets t on t.id = k.ticket where t.state = 'closed' and k.kept_at is null`,
		"review without department":              `select number from tickets where state = 'review' and department is null`,
		"closed without outcome":                 `select number from tickets where state = 'closed' and (outcome is null or closed_at is null)`,
		"clocks out of order": `select t.number || ' round ' || r.n || ': ' || r.received_at || ' ' || coalesce(r.accepted_at, '-') || ' ' || coalesce(r.done_at, '-') || ' ' || coalesce(r.notified_at, '-')
			from rounds r join tickets t on t.id = r.ticket where coalesce(r.accepted_at, r.received_at) < r.received_at
			or coalesce(r.done_at, r.accepted_at, r.received_at) < coalesce(r.accepted_at, r.received_at) or (r.notified_at is not null and r.notified_at < coalesce(r.done_at, 0))`,
		"done without being accepted":          `select number from tickets where done_at is not null and accepted_at is null and outcome is not 'withdrawn'`,
		"accepted without kind or due":         `select number from tickets where accepted_at is not null and (kind is null or due_at is null or due is null)`,
		"round and case differ":                `select t.number from tickets t left join rounds r on r.ticket = t.id and r.n = t.round where r.ticket is null or r.received_at is not t.received_at or r.accepted_at is not t.accepted_at or r.done_at is not t.done_at or r.notified_at is not t.notified_at or r.kind is not t.kind or r.due is not t.due`,
		"two queue rows of a period":           `select ticket from queue_items group by ticket, period having count(*) > 1`,
		"open queue row of what awaits nobody": `select t.number from queue_items q join tickets t on t.id = q.ticket where q.outcome is null and t.state in ('answered', 'closed')`,
		"two opening lines of a period":        `select ticket from messages where key = 'opening_line' group by ticket, date(at / 1000 + 32400, 'unixepoch') having count(*) > 1`,
		"message of another citizen":           `select m.id from messages m join tickets t on t.id = m.ticket where m.citizen <> t.citizen`,
		"unread is no count":                   `select number || ' has ' || unread from tickets t where unread <> (select count(*) from messages m where m.ticket = t.id and m.kind = 'citizen' and m.seen_at is null)`,
		"action without audit":                 `select t.number from tickets t where t.state <> 'waiting' and t.state <> 'open' and not exists (select 1 from audit a where a.ticket = t.id)`,
	} {
		list, err := all(r, func(rows *sql.Rows) (v string, err error) { return v, rows.Scan(&v) }, query)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		if len(list) > 0 {
			out = append(out, what+": "+strings.Join(list, ", "))
		}
	}
	real, err := all(r, scanCounter, `select 'count:' || state || ':' || coalesce(department, 0), count(*) from tickets where test = 0 group by 1
		union all select 'count:awaiting:' || coalesce(department, 0), count(*) from tickets where test = 0 and awaiting_since is not null group by 1`)
	if err != nil {
		return nil, err
	}
	kept, err := all(r, scanCounter, `select name, value from counters where name >= 'count:' and name < 'count;' and value <> 0`)
	if err != nil {
		return nil, err
	}
	byName := func(list []counter) map[string]int {
		m := map[string]int{}
		for _, c := range list {
			m[c.name] = c.value
		}
		return m
	}
	if a, b := fmt.Sprint(byName(real)), fmt.Sprint(byName(kept)); a != b {
		out = append(out, "counters: kept "+b+" but real "+a)
	}
	slices.Sort(out)
	return out, nil
}

// HireFast makes an account that nobody can sign in with, without the time a password hash takes.
func (s *DB) HireFast(ctx context.Context, login string, role Role, departments ...Department) (Actor, error) {
	a := Actor{Role: role, Name: login, Address: "10.0.0.1"}
	err := s.Write(ctx, System("test"), func(tx *Tx) error {
		id, err := tx.Insert(`insert into staff (login, name, role, password, created_at) values (?, ?, ?, '-', 0)`, login, login, role)
		a.Staff, a.Departments = id, nil
		for _, d := range departments {
			if _, err := tx.Exec(`insert into staff_departments (staff, department) values (?, ?)`, id, d.ID); err != nil {
				return err
			}
			a.Departments = append(a.Departments, d.ID)
		}
		return err
	})
	return a, err
}

// NewestOf is the number of the newest case of a test citizen.
func (s *DB) NewestOf(ctx context.Context, key string) (number string, err error) {
	err = s.read(ctx).QueryRow(`select t.number from tickets t join identities i on i.citizen = t.citizen where i.key = ? order by t.id desc limit 1`, key).Scan(&number)
	return number, err
}

// Scans returns the bad plan steps of any statement; a test shows with it that bad ones are noticed.
func (s *DB) Scans(ctx context.Context, query string, args ...any) ([]string, error) {
	return s.scans(ctx, statement{query, args})
}

// change edits a case the way only a test may.
func (s *DB) edit(ctx context.Context, number string, fn func(*Tx, *Ticket) error) error {
	return s.Write(ctx, System("test"), func(tx *Tx) error {
		t, err := ticketByNumber(tx, System("test"), number)
		if err != nil {
			return err
		}
		if err := fn(tx, t); err != nil {
			return err
		}
		return tx.finish(t)
	})
}

// SetDepartment gives a case a department without moving it.
func (s *DB) SetDepartment(ctx context.Context, number string, department int64) error {
	return s.edit(ctx, number, func(_ *Tx, t *Ticket) error { t.Department = Ref{ID: department}; return nil })
}

// ForceWaiting puts an open case into the morning's queue while the office is open.
func (s *DB) ForceWaiting(ctx context.Context, number string) error {
	return s.edit(ctx, number, func(_ *Tx, t *Ticket) error { t.State = StateWaiting; return nil })
}

// KnowContact gives the citizen of a case name and contact.
func (s *DB) KnowContact(ctx context.Context, number string) error {
	return s.edit(ctx, number, func(tx *Tx, t *Ticket) error {
		_, err := tx.Exec(`insert into contacts (citizen, name, phone) values (?, '홍길동', '010-0000-0000')`, t.Citizen.ID)
		return err
	})
}
