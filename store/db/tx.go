package db

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"
)

// Tx is one closure's part of a transaction. It is valid only while its closure
// runs, and only on that goroutine.
type Tx struct {
	// Now was read from Options.Now when this closure started; it is the time of
	// everything the closure writes.
	Now time.Time
	// Scope is free for the layer above, such as who acts.
	Scope any
	// Batch numbers the transactions: closures of one transaction share it.
	Batch uint64
	// Survivors holds, in BeforeCommit alone, the Scope of each closure that is about to be committed, in order.
	Survivors []any

	w     *writer
	after []func()
	rows  []*sql.Rows
	ended bool
	wrote bool // a statement other than a select was run
}

// Exec runs a statement that returns no rows.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if err := tx.alive("exec"); err != nil {
		return nil, err
	}
	values, err := tx.w.values("exec", args)
	if err != nil {
		return nil, err
	}
	s, err := tx.w.prepareExec(query)
	if err != nil {
		return nil, err
	}
	tx.wrote = true
	return tx.w.execRaw(s, values)
}

// Insert runs an INSERT and gives the id of the last row.
func (tx *Tx) Insert(query string, args ...any) (int64, error) {
	res, err := tx.Exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// Query runs a statement that returns rows. Rows left open are closed when the
// closure ends.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	s, err := tx.stmt("query", query, args)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(background, args...)
	if err != nil {
		return nil, classify("query", err)
	}
	s.rows = rows
	tx.rows = append(tx.rows, rows)
	return rows, nil
}

// QueryRow runs a statement that returns at most one row. Scan must be called; it
// reports every error, also a refused argument.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	s, err := tx.stmt("query", query, args)
	if err != nil {
		return tx.w.conn.QueryRowContext(background, query, refused{err})
	}
	return s.QueryRowContext(background, args...)
}

// AfterCommit registers fn to run once after COMMIT, on the writer's goroutine and
// before Write returns, in the order of the commits; never when this closure failed
// or was run again. It must be quick.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// stmt gives the prepared statement for query, after checking that the closure may
// still run statements and that the driver can store the arguments.
func (tx *Tx) stmt(op, query string, args []any) (*cached, error) {
	if err := tx.alive(op); err != nil {
		return nil, err
	}
	if err := checkArgs(op, args); err != nil {
		return nil, err
	}
	s, err := tx.w.prepare(op, query)
	if err == nil && !s.reads {
		tx.wrote = true
	}
	return s, err
}

// alive refuses statements that would run outside the transaction.
func (tx *Tx) alive(op string) error {
	switch {
	case tx.ended:
		return misuse(op, "the transaction of this closure has ended")
	case tx.w.rolledBack:
		// SQLite has left the transaction: from here every statement would commit by itself.
		return ErrAborted
	}
	return nil
}

func (tx *Tx) end() {
	for _, r := range tx.rows {
		r.Close()
	}
	tx.ended = true
}

// checkArgs refuses times: the driver would store Go's String() of them, with the
// monotonic suffix (go-deps.md §1.2). Instants are unix milliseconds.
func checkArgs(op string, args []any) error {
	for i, a := range args {
		if n, ok := a.(sql.NamedArg); ok {
			a = n.Value
		}
		switch a.(type) {
		case nil, int64, int, string, []byte, bool, float64:
			continue
		}
		got, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return &Error{Kind: KindMisuse, Op: op, Err: fmt.Errorf("argument %d: %w", i+1, err)}
		}
		if _, is := got.(time.Time); !is {
			continue
		}
		return &Error{Kind: KindMisuse, Op: op, Err: fmt.Errorf("argument %d is a %T: store unix milliseconds", i+1, a)}
	}
	return nil
}

// refused carries an error through database/sql to Row.Scan, which offers no other way.
type refused struct{ err error }

func (r refused) Value() (driver.Value, error) { return nil, r.err }
