package db

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"
)

// Statements without rows go to the driver directly, through the writer's own connection: an intake is ten of them, and
// what database/sql does for each (locks, retries, conversions by reflection) is a seventh of its time.

var errDriver = errors.New("the driver does not prepare statements as it did")

// prepareExec gives the driver's prepared statement for query.
func (w *writer) prepareExec(query string) (s driver.StmtExecContext, err error) {
	if s, ok := w.execs[query]; ok {
		return s, nil
	}
	if verb := controlVerb(query); verb != "" {
		return nil, misuse("exec", verb+" belongs to the engine")
	}
	err = w.conn.Raw(func(dc any) error {
		conn, ok := dc.(driver.ConnPrepareContext)
		if !ok {
			return errDriver
		}
		made, err := conn.PrepareContext(background, query)
		if err != nil {
			return err
		}
		if s, ok = made.(driver.StmtExecContext); !ok {
			return errors.Join(errDriver, made.Close())
		}
		return nil
	})
	if err != nil {
		return nil, classify("exec", err)
	}
	w.execs[query] = s
	return s, nil
}

// execRaw runs a statement without rows.
func (w *writer) execRaw(s driver.StmtExecContext, args []driver.NamedValue) (res sql.Result, err error) {
	err = w.conn.Raw(func(any) error {
		res, err = s.ExecContext(background, args)
		return err
	})
	if err != nil {
		return nil, classify("exec", err)
	}
	return res, nil
}

// dropExecs closes the statements of execRaw.
func (w *writer) dropExecs() {
	if len(w.execs) == 0 {
		return
	}
	_ = w.conn.Raw(func(any) error { // a statement that does not close goes with its connection
		for _, s := range w.execs {
			if c, ok := s.(io.Closer); ok {
				c.Close()
			}
		}
		return nil
	})
	clear(w.execs)
}

// values turns arguments into what the driver takes, and refuses times as checkArgs does. The slice is the writer's and
// serves one statement.
func (w *writer) values(op string, args []any) ([]driver.NamedValue, error) {
	w.args = w.args[:0]
	for i, a := range args {
		v := driver.NamedValue{Ordinal: i + 1}
		if n, ok := a.(sql.NamedArg); ok {
			v.Name, a = n.Name, n.Value
		}
		switch a := a.(type) {
		case nil, int64, string, []byte, bool, float64:
			v.Value = a
		case int:
			v.Value = int64(a)
		default:
			got, err := driver.DefaultParameterConverter.ConvertValue(a)
			if err != nil {
				return nil, &Error{Kind: KindMisuse, Op: op, Err: fmt.Errorf("argument %d: %w", i+1, err)}
			}
			if _, is := got.(time.Time); is {
				return nil, &Error{Kind: KindMisuse, Op: op, Err: fmt.Errorf("argument %d is a %T: store unix milliseconds", i+1, a)}
			}
			v.Value = got
		}
		w.args = append(w.args, v)
	}
	return w.args, nil
}
