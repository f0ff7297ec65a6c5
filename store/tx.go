package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"toktok/store/db"
	"toktok/store/live"
)

// Tx is one closure of the shared commit: Now is fixed when it starts; notices, kicks and cache changes wait for the
// COMMIT. A closure may run twice (RULES G1), so it keeps nothing outside itself.
type Tx struct {
	*db.Tx
	Now     time.Time
	Who     Actor
	s       *DB
	changes []live.Change
	outbox  bool
	photos  bool
	times   bool
	refresh bool

	counts    map[string]int64
	audits    []auditRow
	reindexed []changeRow
	numbered  []int // years whose next number this closure took
}

// Write runs fn in the shared transaction and returns when it is on disk. ctx bounds only the wait in the queue.
func (s *DB) Write(ctx context.Context, who Actor, fn func(*Tx) error) error {
	return s.engine.Write(ctx, s.closure(who, fn))
}

// closure gives fn its Tx and gathers what the commit and those who wait for it need.
func (s *DB) closure(who Actor, fn func(*Tx) error) func(*db.Tx) error {
	return func(t *db.Tx) error {
		tx := &Tx{Tx: t, Now: t.Now.In(seoul).Truncate(time.Millisecond), Who: who, s: s}
		survives := false
		defer func() {
			if !survives {
				tx.returnNumbers()
			}
		}()
		if err := fn(tx); err != nil {
			return err
		}
		survives = true
		t.Scope = tx
		if len(tx.changes) > 0 || tx.outbox || tx.photos || tx.times || tx.refresh {
			t.AfterCommit(tx.after)
		}
		return nil
	}
}

func (tx *Tx) after() {
	if tx.refresh {
		// Readers wait on the cache, not on us: the reload happens on the writer's way out, before Write returns.
		if err := tx.s.reload(context.Background()); err != nil {
			tx.s.log.Error("reload of cached settings failed", "err", err)
		}
	}
	tx.s.hub.Publish(tx.changes...)
	if tx.outbox {
		signal(tx.s.outbox)
	}
	if tx.photos {
		signal(tx.s.photos)
	}
	if tx.times {
		signal(tx.s.times)
	}
}

// changed queues the notice that a case changed.
func (tx *Tx) changed(t *Ticket, former int64, kind string) {
	tx.changes = append(tx.changes, live.Change{
		Topic: "ticket", Number: t.Number, Ticket: t.ID, Department: t.Department.ID, Citizen: t.Citizen.ID, Former: former, Kind: kind,
	})
}

// querier is what scan functions need: the transaction, or a reader bound to a context.
type querier interface {
	query(query string, args ...any) (rows *sql.Rows, done func() error, err error)
	QueryRow(query string, args ...any) rowScanner
}

// rowScanner is a row not yet read.
type rowScanner interface{ Scan(dest ...any) error }

// QueryRow runs a statement that returns at most one row.
func (tx *Tx) QueryRow(query string, args ...any) rowScanner { return tx.Tx.QueryRow(query, args...) }

func (tx *Tx) query(query string, args ...any) (*sql.Rows, func() error, error) {
	rows, err := tx.Tx.Query(query, args...)
	if err != nil {
		return nil, nil, err
	}
	return rows, rows.Close, nil
}

// reader reads committed rows; every read has a deadline (DESIGN §8), the engine's 5 s unless ctx is shorter.
type reader struct {
	ctx context.Context
	e   *db.Engine
}

func (r reader) Query(query string, args ...any) (*db.Rows, error) {
	return r.e.Query(r.ctx, query, args...)
}

func (r reader) QueryRow(query string, args ...any) rowScanner {
	return r.e.QueryRow(r.ctx, query, args...)
}

func (r reader) query(query string, args ...any) (*sql.Rows, func() error, error) {
	rows, err := r.e.Query(r.ctx, query, args...)
	if err != nil {
		return nil, nil, err
	}
	return rows.Rows, rows.Close, nil
}

func (s *DB) read(ctx context.Context) reader { return reader{ctx, s.engine} }

// all scans every row; it closes them and checks their error, so that no caller can forget.
func all[T any](q querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, done, err := q.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer done()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func one[T any](q querier, scan func(*sql.Rows) (T, error), what, query string, args ...any) (T, error) {
	list, err := all(q, scan, query, args...)
	if err != nil || len(list) == 0 {
		var zero T
		if err == nil {
			err = notFound(what)
		}
		return zero, err
	}
	return list[0], nil
}

func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
