package db_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store/db"
)

// insertOnce stores a key that can be stored only once.
func insertOnce(key string) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into once values (?)`, key)
		return err
	}
}

func insertItem(at int, body any) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into item (at, body) values (?, ?)`, at, body)
		return err
	}
}

func count(t *testing.T, e *db.Engine, table string) (n int) {
	t.Helper()
	if err := e.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// stored gives the keys in the table once, in order.
func stored(t *testing.T, e *db.Engine) []string {
	t.Helper()
	rows, err := e.Query(t.Context(), `select key from once order by key`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return keys
}

// hold keeps the writer inside a closure until release: what is enqueued meanwhile
// becomes one batch with it. The closure itself stores nothing.
func hold(t *testing.T, e *db.Engine) (release func()) {
	t.Helper()
	gate, began := make(chan struct{}), make(chan struct{}, 2)
	wait := e.Enqueue(func(*db.Tx) error {
		began <- struct{}{}
		<-gate
		return nil
	})
	<-began
	return sync.OnceFunc(func() {
		close(gate)
		if err := wait(); err != nil {
			t.Logf("the holding closure: %v", err)
		}
	})
}

// stopped is a clock that stands, so that a batch never ends by time.
func stopped() time.Time { return time.UnixMilli(1_790_000_000_000) }

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Commits are measured by the wall, whatever the clock of tx.Now was set to meanwhile.
func TestMeasuresByTheRealClock(t *testing.T) {
	t.Parallel()
	var leap atomic.Int64
	e := open(t, db.Options{
		Now:  func() time.Time { return time.UnixMilli(1_790_000_000_000).Add(time.Duration(leap.Add(1)) * time.Hour) },
		Real: stopped,
	})
	if err := e.Write(t.Context(), insertOnce("one")); err != nil {
		t.Fatal(err)
	}
	if s := e.Stats(); s.CommitP99 > time.Second {
		t.Errorf("a commit took %s", s.CommitP99)
	}
}

func TestDeadlineInQueue(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	release := hold(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	var ran atomic.Bool
	result := make(chan error, 1)
	go func() {
		result <- e.Write(ctx, func(tx *db.Tx) error {
			ran.Store(true)
			return insertOnce("late")(tx)
		})
	}()
	for e.QueueLen() == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-result; !errors.Is(err, db.ErrWaited) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want ErrWaited and context.Canceled", err)
	}
	release()
	if err := e.Write(t.Context(), insertOnce("next")); err != nil {
		t.Fatal(err)
	}
	equal(t, "stored", stored(t, e), []string{"next"})
	if ran.Load() {
		t.Error("the closure ran although its caller was told that it would not")
	}
	if err := e.Write(ctx, insertOnce("dead")); !errors.Is(err, db.ErrWaited) {
		t.Errorf("write with an ended context: %v, want ErrWaited", err)
	}
}

func TestDeadlineAfterBeginIsNotSeen(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Write(ctx, func(tx *db.Tx) error {
		cancel()
		if err := insertOnce("a")(tx); err != nil {
			return err
		}
		return insertOnce("b")(tx)
	})
	if err != nil {
		t.Errorf("Write: %v", err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "b"})
}

func TestPanicIsThatClosuresError(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	e := open(t, db.Options{Now: stopped, Log: slog.New(slog.NewTextHandler(&log, nil))})
	release := hold(t, e)
	a := e.Enqueue(insertOnce("a"))
	bad := e.Enqueue(func(tx *db.Tx) error {
		insertOnce("half")(tx)
		panic("홍길동의 글")
	})
	c := e.Enqueue(insertOnce("c"))
	index := e.Enqueue(func(tx *db.Tx) error {
		keys := []string{}
		return insertOnce(keys[len(keys)])(tx)
	})
	release()
	if err := errors.Join(a(), c()); err != nil {
		t.Errorf("neighbours: %v", err)
	}
	if err := bad(); !errors.Is(err, db.ErrPanic) || strings.Contains(err.Error(), "홍길동") {
		t.Errorf("the caller reads %v, want ErrPanic without the panic's words", err)
	}
	if err := index(); !errors.Is(err, db.ErrPanic) {
		t.Errorf("a runtime error: %v, want ErrPanic", err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "c"})
	if text := log.String(); !strings.Contains(text, "write_test.go") || !strings.Contains(text, "index out of range") {
		t.Errorf("the log has no stack or no cause: %s", text)
	} else if strings.Contains(text, "홍길동") {
		t.Errorf("the log has the panic's words: %s", text)
	}
}

func TestGoexitInAClosure(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	err := e.Write(t.Context(), func(tx *db.Tx) error {
		if err := insertOnce("half")(tx); err != nil {
			return err
		}
		runtime.Goexit()
		return nil
	})
	if !errors.Is(err, db.ErrPanic) {
		t.Errorf("error %v, want ErrPanic", err)
	}
	if err := e.Write(t.Context(), insertOnce("next")); err != nil {
		t.Errorf("the next write: %v", err)
	}
	equal(t, "stored", stored(t, e), []string{"next"})
}

func TestConstraintUndoesOnlyItsClosure(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	if err := e.Write(t.Context(), insertOnce("taken")); err != nil {
		t.Fatal(err)
	}
	both := func(second func(*db.Tx) error) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			if err := insertOnce("half")(tx); err != nil {
				return err
			}
			return second(tx)
		}
	}
	release := hold(t, e)
	a := e.Enqueue(insertOnce("a"))
	unique := e.Enqueue(both(insertOnce("taken")))
	check := e.Enqueue(both(func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into parent (name) values ('')`)
		return err
	}))
	own := errors.New("our own rule")
	refused := e.Enqueue(both(func(*db.Tx) error { return own }))
	tolerant := e.Enqueue(func(tx *db.Tx) error {
		if err := insertOnce("taken")(tx); !db.IsUnique(err) {
			return fmt.Errorf("want unique, got %v", err)
		}
		return insertOnce("tolerant")(tx)
	})
	c := e.Enqueue(insertOnce("c"))
	release()
	if err := errors.Join(a(), c(), tolerant()); err != nil {
		t.Errorf("neighbours: %v", err)
	}
	if err := unique(); !db.IsUnique(err) || !db.IsConstraint(err) {
		t.Errorf("unique: %v", err)
	}
	if err := check(); db.IsUnique(err) || !db.IsConstraint(err) {
		t.Errorf("check: %v", err)
	}
	if err := refused(); err != own {
		t.Errorf("a closure's own error came back as %v", err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "c", "taken", "tolerant"})
	if s := e.Stats(); s.Batches != 2 || s.Rerun != 2 || s.Failed != 3 {
		t.Errorf("batches %d, rerun %d, failed %d; want 2, 2, 3", s.Batches, s.Rerun, s.Failed)
	}
}

func TestFailingCommitIsToldToAll(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	var after atomic.Int32
	counted := func(key string) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			tx.AfterCommit(func() { after.Add(1) })
			return insertOnce(key)(tx)
		}
	}
	release := hold(t, e)
	waits := []func() error{
		e.Enqueue(counted("a")),
		e.Enqueue(func(tx *db.Tx) error { // a deferred reference: only COMMIT finds it
			_, err := tx.Exec(`insert into item (parent, at) values (99, 1)`)
			return err
		}),
		e.Enqueue(counted("c")),
	}
	release()
	for i, wait := range waits {
		if err := wait(); !db.IsForeignKey(err) {
			t.Errorf("write %d of the batch: %v, want the foreign key error", i, err)
		}
	}
	if got := stored(t, e); len(got) != 0 || after.Load() != 0 {
		t.Errorf("stored %v and %d functions run after a COMMIT that failed", got, after.Load())
	}
	if err := errors.Join(e.Write(t.Context(), counted("a")), e.Write(t.Context(), counted("c"))); err != nil {
		t.Errorf("the same writes again: %v", err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "c"})
}

func TestBeforeCommit(t *testing.T) {
	t.Parallel()
	refuse := errors.New("the chain is broken")
	var broken, panics atomic.Bool
	var after []string
	e := open(t, db.Options{Now: stopped, BeforeCommit: func(tx *db.Tx) error {
		if panics.Load() {
			panic("x")
		}
		if broken.Load() {
			return refuse
		}
		tx.AfterCommit(func() { after = append(after, "chain") })
		_, err := tx.Exec(`insert into parent (name) select 'sealed ' || count(*) from once`)
		return err
	}})
	batch := func() (errs []error) {
		release := hold(t, e)
		a := e.Enqueue(func(tx *db.Tx) error {
			tx.AfterCommit(func() { after = append(after, "a") })
			return insertOnce("a")(tx)
		})
		b := e.Enqueue(func(tx *db.Tx) error { return errors.Join(insertOnce("b")(tx), refuse) })
		c := e.Enqueue(insertOnce("c"))
		release()
		return []error{a(), b(), c()}
	}
	broken.Store(true)
	for i, err := range batch() {
		if !errors.Is(err, refuse) {
			t.Errorf("write %d: %v, want the hook's error", i, err)
		}
	}
	broken.Store(false)
	panics.Store(true)
	if err := batch()[0]; db.KindOf(err) == db.KindOther || !errors.Is(err, db.ErrPanic) && !strings.Contains(err.Error(), "failed inside") {
		t.Errorf("a panicking hook: %v", err)
	}
	panics.Store(false)
	if got := stored(t, e); len(got) != 0 {
		t.Errorf("stored %v although the hook refused", got)
	}
	if errs := batch(); errs[0] != nil || !errors.Is(errs[1], refuse) || errs[2] != nil {
		t.Errorf("errors %v", errs)
	}
	equal(t, "stored", stored(t, e), []string{"a", "c"})
	var sealed string
	if err := e.QueryRow(t.Context(), `select name from parent`).Scan(&sealed); err != nil || sealed != "sealed 2" {
		t.Errorf("the hook saw %q, %v; want the two surviving rows, once", sealed, err)
	}
	equal(t, "after", after, []string{"a", "chain"})
}

func TestAfterCommitOrder(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	var order []int64 // written on the writer's goroutine, read after the last answer
	var seen atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 40 {
				told := false
				err := e.Write(t.Context(), func(tx *db.Tx) error {
					id, err := tx.Insert(`insert into item (at) values (1)`)
					if err != nil {
						return err
					}
					tx.AfterCommit(func() { order = append(order, id) })
					tx.AfterCommit(func() { told = true })
					if i%10 == 9 {
						return errors.New("no")
					}
					return nil
				})
				if told != (err == nil) {
					t.Errorf("told %v, error %v", told, err)
				}
				if err == nil {
					seen.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if !slices.IsSorted(order) || int64(len(order)) != seen.Load() || seen.Load() != 8*36 {
		t.Errorf("%d functions for %d commits, in order: %v", len(order), seen.Load(), slices.IsSorted(order))
	}
}

func TestAfterCommitSeesTheCommit(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	var got int
	err := e.Write(t.Context(), func(tx *db.Tx) error {
		tx.AfterCommit(func() { panic("a listener that fails") })
		tx.AfterCommit(func() { got = count(t, e, "once") })
		return insertOnce("a")(tx)
	})
	if err != nil || got != 1 {
		t.Errorf("a reader saw %d rows, %v; want 1", got, err)
	}
}

func TestFullQueueIsBusyAtOnce(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped, Queue: 2})
	release := hold(t, e)
	a, b := e.Enqueue(insertOnce("a")), e.Enqueue(insertOnce("b"))
	if n := e.QueueLen(); n != 2 {
		t.Errorf("QueueLen %d, want 2", n)
	}
	if err := e.Write(t.Context(), insertOnce("c")); !errors.Is(err, db.ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	release()
	if err := errors.Join(a(), b(), e.Write(t.Context(), insertOnce("d"))); err != nil {
		t.Error(err)
	}
	equal(t, "stored", stored(t, e), []string{"a", "b", "d"})
}

func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Now: stopped})
	release := hold(t, e)
	var waits []func() error
	for i := range 300 {
		waits = append(waits, e.Enqueue(insertItem(i, nil)))
	}
	release()
	for _, wait := range waits {
		if err := wait(); err != nil {
			t.Fatal(err)
		}
	}
	if s := e.Stats(); s.Batches != 7 || s.Writes != 301 {
		t.Errorf("%d writes in %d batches, want 301 in 7", s.Writes, s.Batches)
	}

	// A clock that runs 15 ms with each reading ends the batch by time.
	var at atomic.Int64
	slow := open(t, db.Options{Now: func() time.Time { return time.UnixMilli(at.Add(15)) }})
	release = hold(t, slow)
	a, b := slow.Enqueue(insertOnce("a")), slow.Enqueue(insertOnce("b"))
	release()
	if err := errors.Join(a(), b()); err != nil {
		t.Fatal(err)
	}
	if s := slow.Stats(); s.Batches != 3 {
		t.Errorf("%d batches, want 3", s.Batches)
	}
}

func TestNowIsTakenWhenTheClosureStarts(t *testing.T) {
	t.Parallel()
	var at atomic.Int64
	e := open(t, db.Options{Now: func() time.Time { return time.UnixMilli(at.Load()) }})
	at.Store(1000)
	release := hold(t, e)
	var now time.Time
	wait := e.Enqueue(func(tx *db.Tx) error { now = tx.Now; return nil })
	at.Store(1005)
	release()
	if err := wait(); err != nil || now.UnixMilli() != 1005 {
		t.Errorf("tx.Now = %d, %v; want 1005", now.UnixMilli(), err)
	}
}

func TestManyWritersExactlyOnce(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	const writers, each = 64, 200
	var acknowledged atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				key := fmt.Sprintf("%d-%d", w, i)
				err := e.Write(t.Context(), func(tx *db.Tx) error {
					if err := insertOnce(key)(tx); err != nil {
						return err
					}
					switch i % 50 {
					case 7:
						return errors.New("refused")
					case 23:
						panic("broken")
					}
					return nil
				})
				switch bad := i%50 == 7 || i%50 == 23; {
				case err == nil && !bad:
					acknowledged.Add(1)
				case err == nil || !bad:
					t.Errorf("write %s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
	var n, distinct int
	if err := e.QueryRow(t.Context(), `select count(*), count(distinct key) from once`).Scan(&n, &distinct); err != nil {
		t.Fatal(err)
	}
	if want := writers * (each - 8); n != want || distinct != want || acknowledged.Load() != int64(want) {
		t.Errorf("stored %d, distinct %d, acknowledged %d; want %d each", n, distinct, acknowledged.Load(), want)
	}
	if s := e.Stats(); s.MeanBatch < 2 || s.Batches == 0 || s.CommitP50 <= 0 || s.CommitP99 < s.CommitP50 {
		t.Errorf("stats %+v: commits are not shared or not measured", s)
	}
}
