package db

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Kind says what went wrong, for callers that answer differently to each.
type Kind int

// The kinds of an [Error].
const (
	KindOther      Kind = iota
	KindBusy            // too many writes wait, or another process holds the file
	KindWaited          // the caller's context ended while the write still waited; nothing was stored
	KindClosed          // the engine is closed
	KindFull            // the disk or the database is full
	KindIO              // the disk failed
	KindCorrupt         // the file is damaged or not a database
	KindReadOnly        // the file cannot be written
	KindUnique          // a value exists already
	KindForeignKey      // a reference points nowhere, or is still pointed at
	KindConstraint      // any other constraint
	KindAborted         // SQLite rolled the whole transaction back
	KindPanic           // a closure panicked
	KindMisuse          // the caller broke a rule of this package
	KindForeign         // the file belongs to another program
	KindNewer           // the file was written by a newer version of the program
	KindMigration       // a migration failed
)

// Error is what this package returns; it unwraps to the driver's error.
type Error struct {
	Kind Kind
	Op   string // what was tried: "write", "commit", "open" …
	Err  error
}

// Error implements error. It never contains bound values.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return "db: " + e.Op
	case e.Op == "":
		return "db: " + e.Err.Error()
	}
	return "db: " + e.Op + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrFull) true for every error of that kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Err == nil && t.Kind == e.Kind
}

// Targets for errors.Is, one for each kind that callers ask for.
var (
	ErrBusy     error = &Error{Kind: KindBusy, Op: "too many writes are waiting"}
	ErrWaited   error = &Error{Kind: KindWaited, Op: "the write waited too long"}
	ErrClosed   error = &Error{Kind: KindClosed, Op: "the database is closed"}
	ErrFull     error = &Error{Kind: KindFull, Op: "the disk is full"}
	ErrIO       error = &Error{Kind: KindIO, Op: "the disk failed"}
	ErrCorrupt  error = &Error{Kind: KindCorrupt, Op: "the database is damaged"}
	ErrReadOnly error = &Error{Kind: KindReadOnly, Op: "the database cannot be written"}
	ErrAborted  error = &Error{Kind: KindAborted, Op: "the transaction was rolled back"}
	ErrPanic    error = &Error{Kind: KindPanic, Op: "a write failed inside"}
	ErrForeign  error = &Error{Kind: KindForeign, Op: "the file belongs to another program"}
	ErrNewer    error = &Error{Kind: KindNewer, Op: "the data was written by a newer version"}
)

// IsUnique says whether err is a value that exists already.
func IsUnique(err error) bool { return KindOf(err) == KindUnique }

// IsForeignKey says whether err is a broken reference.
func IsForeignKey(err error) bool { return KindOf(err) == KindForeignKey }

// IsConstraint says whether err is a broken constraint of any sort.
func IsConstraint(err error) bool {
	switch KindOf(err) {
	case KindUnique, KindForeignKey, KindConstraint:
		return true
	}
	return false
}

// KindOf gives the kind of err, also of a bare driver error as Scan returns it.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return kindOfCode(e.Code())
	}
	return KindOther
}

// kindOfCode maps SQLite's extended result codes (https://www.sqlite.org/rescode.html).
func kindOfCode(code int) Kind {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return KindUnique
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return KindForeignKey
	}
	switch code & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return KindConstraint
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return KindBusy
	case sqlite3.SQLITE_FULL:
		return KindFull
	case sqlite3.SQLITE_IOERR:
		return KindIO
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return KindCorrupt
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return KindReadOnly
	case sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_ABORT:
		return KindAborted
	case sqlite3.SQLITE_MISUSE:
		return KindMisuse
	}
	return KindOther
}

// classify gives a driver error its kind and leaves every other error as it is,
// so that what a closure returns comes back to its caller unchanged.
func classify(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return &Error{Kind: kindOfCode(e.Code()), Op: op, Err: err}
	}
	return err
}

// failed is classify for the engine's own steps: it always names the step.
func failed(op string, err error) error {
	return &Error{Kind: KindOf(err), Op: op, Err: err}
}

func misuse(op, text string) error {
	return &Error{Kind: KindMisuse, Op: op, Err: errors.New(text)}
}
