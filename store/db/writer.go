package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"modernc.org/sqlite"
)

// maxStatements bounds the writer's prepared statements. The product has a few
// hundred texts; past the bound all are dropped between two batches.
const maxStatements = 512

// writer owns the only connection that writes. Its fields belong to its goroutine,
// except done and pauses.
type writer struct {
	e    *Engine
	pool *sql.DB
	conn *sql.Conn

	control [controls]*sql.Stmt               // of the transaction
	stmts   map[string]*cached                // of the closures, by text
	execs   map[string]driver.StmtExecContext // the same for statements without rows: see execRaw
	args    []driver.NamedValue               // of the statement that runs
	loose   []*sql.Stmt                       // of the closures, used once

	open       bool   // a transaction of ours is open
	rolledBack bool   // SQLite has ended it with a rollback
	survivors  int    // closures that succeeded in the open transaction
	careful    bool   // every closure gets a savepoint
	batches    uint64 // transactions begun
	scopes     []any  // of the survivors, for BeforeCommit
	batch      []*request

	pauses chan func()
	done   chan struct{}
}

// The statements of the transaction, as indexes of writer.control.
const (
	begin = iota
	commit
	rollback
	savepoint
	release
	undo
	controls
)

var controlTexts = [controls]string{
	begin:     "begin immediate",
	commit:    "commit",
	rollback:  "rollback",
	savepoint: "savepoint closure",
	release:   "release closure",
	undo:      "rollback to closure",
}

// exec runs one of the transaction's statements.
func (w *writer) exec(which int) error {
	_, err := w.control[which].ExecContext(background)
	return err
}

// cached is a prepared statement and the last rows read through it.
type cached struct {
	*sql.Stmt
	rows  *sql.Rows
	reads bool // a select: it changes nothing
}

// inUse says whether rows of this statement are still being read.
func (c *cached) inUse() bool {
	if c.rows == nil {
		return false
	}
	_, err := c.rows.Columns() // an error means closed
	return err == nil
}

func newWriter(ctx context.Context, e *Engine) (*writer, error) {
	pool, err := openPool(ctx, writerDSN(e.o.Path), 1)
	if err != nil {
		return nil, failed("open", err)
	}
	w := &writer{e: e, pool: pool, pauses: make(chan func()), done: make(chan struct{})}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(failed("open", err), pool.Close())
	}
	return w, nil
}

// connect takes the pool's connection and prepares the statements of the transaction.
func (w *writer) connect(ctx context.Context) error {
	conn, err := w.pool.Conn(ctx)
	if err != nil {
		return err
	}
	err = conn.Raw(func(dc any) error {
		hooks, ok := dc.(sqlite.HookRegisterer)
		if !ok {
			return errors.New("the driver has no rollback hook")
		}
		hooks.RegisterRollbackHook(func() { w.rolledBack = true })
		return nil
	})
	var control [controls]*sql.Stmt
	for i, text := range controlTexts {
		if err == nil {
			control[i], err = conn.PrepareContext(ctx, text)
		}
	}
	if err != nil {
		closeAll(control[:])
		return errors.Join(err, conn.Close())
	}
	w.conn, w.control, w.stmts, w.loose = conn, control, map[string]*cached{}, nil
	w.execs = map[string]driver.StmtExecContext{}
	w.open = false
	return nil
}

// reconnect replaces a connection whose state is no longer certain.
func (w *writer) reconnect() {
	w.e.o.Log.Warn("db: writer connection replaced")
	w.forget()
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // the pool drops it
	if err := w.connect(context.Background()); err != nil {
		w.trouble("reconnect", err) // the next BEGIN fails and tries again
	}
}

func (w *writer) start() { go w.loop() }

// loop serves the queue until it is closed and empty.
func (w *writer) loop() {
	orderly := false
	defer func() {
		if orderly {
			close(w.done)
			return
		}
		// A closure ended this goroutine (runtime.Goexit, as testing's FailNow does).
		w.rollback()
		for _, r := range w.batch {
			if !r.settled {
				r.err = ErrPanic
			}
			r.answer()
		}
		w.start()
	}()
	for {
		w.batch = w.batch[:0]
		// The callers answered last get to run, so that their next writes are waiting
		// when the batch begins: not a wait, but twice the batch at 8 and 64 callers.
		runtime.Gosched()
		select {
		case r, ok := <-w.e.queue:
			if !ok {
				orderly = true
				return
			}
			w.commitTogether(r)
			w.trim()
		case fn := <-w.pauses:
			fn()
		}
	}
}

// pause runs fn while no transaction is open; false when the writer has ended.
func (w *writer) pause(ctx context.Context, fn func()) bool {
	ran := make(chan struct{})
	select {
	case w.pauses <- func() { defer close(ran); fn() }:
		<-ran
		return true
	case <-w.done:
	case <-ctx.Done():
	}
	return false
}

// prepare gives the statement for query from the cache, or prepares it.
func (w *writer) prepare(op, query string) (*cached, error) {
	c, ok := w.stmts[query]
	if ok && !c.inUse() {
		return c, nil
	}
	if !ok {
		if verb := controlVerb(query); verb != "" {
			return nil, misuse(op, verb+" belongs to the engine")
		}
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, classify(op, err)
	}
	fresh := &cached{Stmt: s, reads: firstWord(query) == "select"}
	if ok {
		// The same text is being read further out: stepping its statement again
		// would disturb that loop, so this call gets one of its own.
		w.loose = append(w.loose, s)
	} else {
		w.stmts[query] = fresh
	}
	return fresh, nil
}

// trim keeps the number of statements bounded; only between batches, when no rows
// are open.
func (w *writer) trim() {
	if len(w.stmts)+len(w.execs) > maxStatements || len(w.loose) > 0 {
		w.drop()
	}
}

// controlVerb gives the first word of query when a closure must not say it, because
// it would change the transaction, the connection or the file under its neighbours.
func controlVerb(query string) string {
	switch verb := strings.ToUpper(firstWord(query)); verb {
	case "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "ATTACH", "DETACH", "VACUUM":
		return verb
	}
	return ""
}

// firstWord is the first word of a statement behind its comments, in small letters.
func firstWord(query string) string {
	rest := query
	for {
		rest = strings.TrimLeft(rest, " \t\r\n;")
		switch {
		case strings.HasPrefix(rest, "/*"):
			_, rest, _ = strings.Cut(rest[2:], "*/")
		case strings.HasPrefix(rest, "--"):
			_, rest, _ = strings.Cut(rest, "\n")
		default:
			end := strings.IndexFunc(rest, func(c rune) bool { return c < 'A' || c > 'z' })
			if end < 0 {
				end = len(rest)
			}
			return strings.ToLower(rest[:end])
		}
	}
}

// trouble records an error of the engine itself.
func (w *writer) trouble(op string, err error) {
	w.e.o.Log.Error("db: "+op+" failed", "err", err)
	w.e.stats.fault(w.e.o.Now(), op, err)
}

// protect runs foreign code; a panic becomes its error, with the stack in the log
// but not the panic's words, which may be a citizen's.
func (w *writer) protect(what string, fn func() error) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		cause := fmt.Sprintf("%T", v)
		if re, ok := v.(runtime.Error); ok {
			cause = re.Error()
		}
		w.e.o.Log.Error("db: panic in "+what, "cause", cause, "stack", string(debug.Stack()))
		err = &Error{Kind: KindPanic, Op: what, Err: errors.New("failed inside")}
	}()
	return fn()
}

// truncate empties the WAL into the file; called after the last write.
func (w *writer) truncate() error {
	busy, _, _, err := checkpoint(context.Background(), w.conn, "TRUNCATE")
	if err != nil {
		return failed("checkpoint", err)
	}
	if busy {
		w.e.o.Log.Warn("db: WAL kept at close, a reader is still open")
	}
	return nil
}

func (w *writer) close() error {
	w.forget()
	return errors.Join(w.conn.Close(), w.pool.Close())
}

// forget closes every statement. database/sql does not do it for statements of a
// single connection, and SQLite keeps a connection with open ones half alive. On a
// connection that is closed already the driver would crash.
func (w *writer) forget() {
	if w.conn.Raw(func(any) error { return nil }) != nil {
		clear(w.stmts)
		clear(w.execs)
		w.loose = nil
		return
	}
	w.drop()
	closeAll(w.control[:])
}

func closeAll(stmts []*sql.Stmt) {
	for _, s := range stmts {
		if s != nil {
			s.Close()
		}
	}
}

// drop closes the closures' statements.
func (w *writer) drop() {
	for _, c := range w.stmts {
		c.Close()
	}
	clear(w.stmts)
	w.dropExecs()
	closeAll(w.loose)
	w.loose = w.loose[:0]
}
