package store

import (
	"errors"
	"fmt"

	"toktok/store/db"
	"toktok/store/hangul"
)

// Kind says what sort of trouble an error is; handlers map it to a status, nobody else may.
type Kind string

// The kinds, with the codes RULES H4 gives them.
const (
	Invalid         Kind = "invalid"
	Unauthenticated Kind = "unauthenticated"
	Forbidden       Kind = "forbidden"
	NotFound        Kind = "not_found"
	Conflict        Kind = "conflict"
	WrongState      Kind = "wrong_state"
	TooLarge        Kind = "too_large"
	TooMany         Kind = "too_many"
	Unavailable     Kind = "unavailable"
	Internal        Kind = "internal"
)

// Error is what people may read (Text, Fields) and what only the log may (Err).
type Error struct {
	Kind    Kind
	Text    string            // Korean: what happened and what to do
	Fields  map[string]string // form field to message
	State   State             // with WrongState: where the case lies
	Allowed []Action          // with WrongState: what may be done there
	Newer   []Message         // with Conflict: the staff replies the author has not seen
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Kind, e.Err)
	}
	return string(e.Kind) + ": " + e.Text
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err; foreign errors are Internal, the engine's troubles Unavailable.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	for _, busy := range []error{db.ErrBusy, db.ErrWaited, db.ErrClosed, db.ErrFull, db.ErrIO, db.ErrReadOnly, db.ErrCorrupt} {
		if errors.Is(err, busy) {
			return Unavailable
		}
	}
	return Internal
}

func invalid(field, text string) error {
	return &Error{Kind: Invalid, Text: text, Fields: map[string]string{field: text}}
}

func notFound(what string) error {
	return &Error{Kind: NotFound, Text: what + hangul.Josa(what, "을/를") + " 찾을 수 없어요. 주소나 번호를 다시 확인해 주세요."}
}

func forbidden() error {
	return &Error{Kind: Forbidden, Text: "이 일을 할 권한이 없어요. 관리자에게 문의해 주세요."}
}

// wrap adds the operation to a foreign error; errors with a kind pass, so that their text survives.
func wrap(err *error, format string, args ...any) {
	if *err == nil {
		return
	}
	if _, ok := errors.AsType[*Error](*err); ok {
		return
	}
	*err = fmt.Errorf(format+": %w", append(args, *err)...)
}
