package db

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// readDeadline is what a read gets whose context has none (reliability-security.md §2.1):
// a forgotten read would pin the WAL.
const readDeadline = 5 * time.Second

// readStmts holds the reader pool's prepared statements by text.
type readStmts struct {
	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
}

// Rows is [sql.Rows] with the deadline that Close ends.
type Rows struct {
	*sql.Rows
	cancel context.CancelFunc
}

// Close ends the read; it may be called more than once.
func (r *Rows) Close() error {
	err := r.Rows.Close()
	r.cancel()
	return err
}

// Row is the result of [Engine.QueryRow]; Scan must be called.
type Row struct {
	row    *sql.Row
	cancel context.CancelFunc
	err    error
}

// Scan is that of [sql.Row], with [sql.ErrNoRows] for none.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.cancel()
	return classify("query", r.row.Scan(dest...))
}

// Err gives the error of the query before Scan.
func (r *Row) Err() error {
	if r.err != nil {
		return r.err
	}
	return classify("query", r.row.Err())
}

// Query reads through the pool, with a statement prepared once and a deadline of
// five seconds when ctx has none. The rows must be closed.
func (e *Engine) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	if err := checkArgs("query", args); err != nil {
		return nil, err
	}
	ctx, cancel := deadline(ctx)
	rows, err := e.queryRows(ctx, query, args)
	if err != nil {
		cancel()
		return nil, classify("query", err)
	}
	return &Rows{Rows: rows, cancel: cancel}, nil
}

func (e *Engine) queryRows(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	s, err := e.readStmt(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return e.reader.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// QueryRow is Query for at most one row.
func (e *Engine) QueryRow(ctx context.Context, query string, args ...any) *Row {
	if err := checkArgs("query", args); err != nil {
		return &Row{err: err}
	}
	ctx, cancel := deadline(ctx)
	s, err := e.readStmt(ctx, query)
	switch {
	case err != nil:
		cancel()
		return &Row{err: classify("query", err)}
	case s == nil:
		return &Row{row: e.reader.QueryRowContext(ctx, query, args...), cancel: cancel}
	}
	return &Row{row: s.QueryRowContext(ctx, args...), cancel: cancel}
}

func deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, readDeadline)
}

// readStmt gives the prepared statement for query; nil when there are so many texts
// already that this one runs unprepared.
func (e *Engine) readStmt(ctx context.Context, query string) (*sql.Stmt, error) {
	e.reads.mu.RLock()
	s, full := e.reads.stmts[query], len(e.reads.stmts) >= maxStatements
	e.reads.mu.RUnlock()
	if s != nil || full {
		return s, nil
	}
	fresh, err := e.reader.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	e.reads.mu.Lock()
	defer e.reads.mu.Unlock()
	if s := e.reads.stmts[query]; s != nil {
		return s, fresh.Close()
	}
	if e.reads.stmts == nil {
		e.reads.stmts = map[string]*sql.Stmt{}
	}
	e.reads.stmts[query] = fresh
	return fresh, nil
}

func (s *readStmts) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.stmts {
		st.Close()
	}
	clear(s.stmts)
}
