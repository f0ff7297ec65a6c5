package db

import (
	"context"
	"database/sql/driver"
	"time"
)

// Enqueue puts fn into the queue and gives the wait for its answer, so that a test
// decides who stands in which order in a batch.
func (e *Engine) Enqueue(fn func(*Tx) error) (wait func() error) {
	r, err := e.enqueue(context.Background(), fn)
	if err != nil {
		return func() error { return err }
	}
	return func() error { <-r.done; return r.err }
}

// OnWriter runs a statement on the writer's connection, outside any transaction.
func (e *Engine) OnWriter(query string) (err error) {
	e.writer.pause(context.Background(), func() {
		_, err = e.writer.conn.ExecContext(context.Background(), query)
	})
	return err
}

// BreakWriter makes the pool drop the writer's connection.
func (e *Engine) BreakWriter() {
	e.writer.pause(context.Background(), func() {
		_ = e.writer.conn.Raw(func(any) error { return driver.ErrBadConn })
	})
}

// WriterPragma reads a PRAGMA on the writer's connection.
func (e *Engine) WriterPragma(name string) (v string, err error) {
	e.writer.pause(context.Background(), func() {
		err = e.writer.conn.QueryRowContext(context.Background(), "pragma "+name).Scan(&v)
	})
	return v, err
}

// ExecUntil runs a statement that ctx interrupts.
func (tx *Tx) ExecUntil(ctx context.Context, query string, args ...any) error {
	_, err := tx.w.conn.ExecContext(ctx, query, args...)
	return err
}

// CachedStatements is how many texts the writer has prepared.
func (e *Engine) CachedStatements() (n int) {
	e.writer.pause(context.Background(), func() { n = len(e.writer.stmts) })
	return n
}

// PauseAt makes the writer wait for a restart of the WAL from so many pages on.
func (o Options) PauseAt(pages int64) Options {
	o.pauseAt = pages
	return o
}

// MaxStatements and ReadDeadline are the limits the tests go by.
const (
	MaxStatements = maxStatements
	ReadDeadline  = readDeadline
)

// Deadline shows the deadline a read gets.
func Deadline(ctx context.Context) (time.Time, context.CancelFunc) {
	ctx, cancel := deadline(ctx)
	at, _ := ctx.Deadline()
	return at, cancel
}
