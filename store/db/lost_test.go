package db_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"

	"toktok/store/db"
)

func TestFullDisk(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	var pages string
	pages, err := e.WriterPragma("page_count")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.OnWriter("pragma max_page_count = " + pages + "0"); err != nil { // ten times as many
		t.Fatal(err)
	}
	big := strings.Repeat("x", 8<<20)
	release := hold(t, e)
	a := e.Enqueue(insertOnce("a"))
	full := e.Enqueue(func(tx *db.Tx) error {
		if err := insertOnce("half")(tx); err != nil {
			return err
		}
		return insertItem(1, big)(tx)
	})
	c := e.Enqueue(insertOnce("c"))
	release()
	if err := errors.Join(a(), c()); err != nil {
		t.Errorf("neighbours: %v", err)
	}
	if err := full(); !errors.Is(err, db.ErrFull) {
		t.Errorf("the big write: %v, want ErrFull", err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "c"})

	// It recovers by itself as soon as there is room.
	if err := e.OnWriter("pragma max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(t.Context(), insertItem(1, big)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// cancels are the contexts that the SQL function cancel_run(n) ends.
var cancels struct {
	sync.Mutex
	fns []context.CancelFunc
}

func init() {
	sqlite.MustRegisterScalarFunction("cancel_run", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		cancels.Lock()
		defer cancels.Unlock()
		cancels.fns[args[0].(int64)]()
		return int64(0), nil
	})
}

// endless is a write that only an interrupt ends, which it asks for itself when it
// has begun to write.
const endless = `insert into item (at) with recursive n(i) as (select 1 union all select i + 1 from n)
	select case when i = 100 then cancel_run(?) else i end from n`

// interrupted makes SQLite roll back the whole transaction (RULES G1, measured).
func interrupted(tx *db.Tx) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancels.Lock()
	n := len(cancels.fns)
	cancels.fns = append(cancels.fns, cancel)
	cancels.Unlock()
	return tx.ExecUntil(ctx, endless, n)
}

func TestLostTransactionRunsNeighboursAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		bad   func(*db.Tx) error
		is    error
		rerun uint64
	}{
		{"error returned", interrupted, context.Canceled, 3},
		{"error overlooked", func(tx *db.Tx) error { interrupted(tx); return nil }, db.ErrAborted, 3},
		{"goes on writing", func(tx *db.Tx) error {
			interrupted(tx)
			// Outside the transaction this would be stored at once.
			return insertOnce("autocommit")(tx)
		}, db.ErrAborted, 3},
		{"goes on reading", func(tx *db.Tx) error {
			interrupted(tx)
			var n int
			return tx.QueryRow(`select count(*) from once`).Scan(&n)
		}, db.ErrAborted, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := open(t, db.Options{Now: stopped})
			var runs [3]int
			var told []string
			neighbour := func(i int, key string) func(*db.Tx) error {
				return func(tx *db.Tx) error {
					runs[i]++
					tx.AfterCommit(func() { told = append(told, key) })
					return insertOnce(key)(tx)
				}
			}
			release := hold(t, e)
			a := e.Enqueue(neighbour(0, "a"))
			failing := e.Enqueue(func(*db.Tx) error { runs[1]++; return errors.New("no") }) // before it wrote: nothing to undo
			culprit := 0
			bad := e.Enqueue(func(tx *db.Tx) error {
				culprit++
				if err := insertOnce("bad")(tx); err != nil {
					return err
				}
				return tt.bad(tx)
			})
			c := e.Enqueue(neighbour(2, "c"))
			release()
			if err := errors.Join(a(), c()); err != nil {
				t.Errorf("neighbours: %v", err)
			}
			if err := failing(); err == nil || err.Error() != "no" {
				t.Errorf("the failing neighbour: %v, want its own error", err)
			}
			if err := bad(); !errors.Is(err, tt.is) {
				t.Errorf("the culprit: %v, want %v", err, tt.is)
			}
			equal(t, "stored", stored(t, e), []string{"a", "c"})
			equal(t, "items", count(t, e, "item"), 0)
			equal(t, "runs", runs, [3]int{2, 2, 1})
			equal(t, "runs of the culprit", culprit, 1)
			equal(t, "told after commit", told, []string{"a", "c"})
			if s := e.Stats(); s.Rerun != tt.rerun {
				t.Errorf("rerun %d, want %d", s.Rerun, tt.rerun)
			}
		})
	}
}

// A closure that fails after it wrote takes the first try of its batch with it; the second goes in savepoints, where
// the same failure undoes only itself.
func TestLateFailureRunsTheBatchAgain(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	release := hold(t, e)
	runs := map[string]int{}
	write := func(key string, err error) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			runs[key]++
			return errors.Join(insertOnce(key)(tx), err)
		}
	}
	a := e.Enqueue(write("a", nil))
	late := e.Enqueue(write("late", errors.New("no")))
	b := e.Enqueue(write("b", nil))
	release()
	if err := errors.Join(a(), b()); err != nil {
		t.Errorf("neighbours: %v", err)
	}
	if err := late(); err == nil || err.Error() != "no" {
		t.Errorf("the late failure: %v, want its own error", err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "b"})
	equal(t, "runs", runs, map[string]int{"a": 2, "late": 1, "b": 1})
}

// When the second try loses its transaction as well, every closure runs alone.
func TestSecondTryLost(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	release := hold(t, e)
	a := e.Enqueue(insertOnce("a"))
	runs := 0
	turns := e.Enqueue(func(tx *db.Tx) error {
		runs++
		if err := insertOnce("turns")(tx); err != nil || runs == 1 {
			return err
		}
		return interrupted(tx)
	})
	late := e.Enqueue(func(tx *db.Tx) error { return errors.Join(insertOnce("late")(tx), errors.New("no")) })
	release()
	if err := a(); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
	if err := turns(); !errors.Is(err, context.Canceled) {
		t.Errorf("the closure that was interrupted: %v", err)
	}
	if err := late(); err == nil || err.Error() != "no" {
		t.Errorf("the late failure: %v, want its own error", err)
	}
	equal(t, "stored", stored(t, e), []string{"a"})
	equal(t, "runs of the closure that was interrupted", runs, 2)
}

func TestLostTransactionAlone(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	if err := e.Write(t.Context(), interrupted); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := e.Write(t.Context(), insertOnce("next")); err != nil {
		t.Errorf("the next write: %v", err)
	}
	equal(t, "stored", stored(t, e), []string{"next"})
}

func TestRollbackInsideAStatement(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	if err := e.Write(t.Context(), insertOnce("taken")); err != nil {
		t.Fatal(err)
	}
	release := hold(t, e)
	a := e.Enqueue(insertOnce("a"))
	bad := e.Enqueue(func(tx *db.Tx) error {
		_, err := tx.Exec(`insert or rollback into once values ('taken')`)
		return err
	})
	c := e.Enqueue(insertOnce("c"))
	release()
	if err := errors.Join(a(), c()); err != nil {
		t.Errorf("neighbours: %v", err)
	}
	if err := bad(); !db.IsUnique(err) {
		t.Errorf("the culprit: %v, want unique", err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "c", "taken"})
}

func TestBrokenConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	if err := e.Write(t.Context(), insertOnce("a")); err != nil {
		t.Fatal(err)
	}
	e.BreakWriter()
	if err := e.Write(t.Context(), insertOnce("b")); err != nil {
		t.Fatalf("after the connection broke: %v", err)
	}
	if err := e.Write(t.Context(), interrupted); err == nil { // the new one is watched too
		t.Error("no error")
	}
	equal(t, "stored", stored(t, e), []string{"a", "b"})
	if v, err := e.WriterPragma("synchronous"); err != nil || v != "2" {
		t.Errorf("synchronous = %s, %v on the new connection", v, err)
	}
}
