package store_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"toktok/store"
	"toktok/store/db"
	"toktok/store/storetest"
)

var errInjected = errors.New("injected")

// failures are ways in which a closure fails after it has taken its number: alone, or with the transaction of all.
var failures = map[string]func(*store.Tx) error{
	"error": func(*store.Tx) error { return errInjected },
	"panic": func(*store.Tx) error { panic(errInjected) },
	"constraint": func(tx *store.Tx) error {
		_, err := tx.Exec(`insert into counters (name, value) values ('x', null)`)
		return err
	},
	"rollback of all": func(tx *store.Tx) error {
		_, err := tx.Exec(`insert or rollback into counters (name, value) values ('twice', 1), ('twice', 1)`)
		return err
	},
}

// together lets n closures stand in line behind one that waits for them, so that they share a batch.
func together(t *testing.T, s *store.DB, n int, write func(i int) error) []error {
	t.Helper()
	begun, ready := make(chan struct{}), make(chan struct{})
	tell := sync.OnceFunc(func() { close(begun) }) // a closure may run twice
	var wg sync.WaitGroup
	wg.Go(func() {
		// It stands in the same batch and shares its fate.
		_ = s.Write(ctx, store.System("test"), func(*store.Tx) error { tell(); <-ready; return nil })
	})
	<-begun
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = write(i) })
	}
	for s.Stats().QueueLen < n {
		runtime.Gosched()
	}
	close(ready)
	wg.Wait()
	return errs
}

// evidence fails unless numbers, counters, audit rows and the search's list say of n cases of one message each exactly
// what the rows say.
func evidence(t *testing.T, s *store.DB, n int) {
	t.Helper()
	first, last := "none", "none"
	if n > 0 {
		first, last = "2026-000001", fmt.Sprintf("2026-%06d", n)
	}
	for what, c := range map[string]struct{ query, want string }{
		"numbers":         {`select count(*) || ' ' || count(distinct number) || ' ' || coalesce(min(number), 'none') || ' ' || coalesce(max(number), 'none') from tickets`, fmt.Sprint(n, " ", n, " ", first, " ", last)},
		"number counter":  {`select coalesce((select value from counters where name = 'number:2026'), 0)`, fmt.Sprint(n)},
		"order":           {`select count(*) from tickets a join tickets b on b.id > a.id where b.number < a.number`, "0"},
		"messages":        {`select count(*) from messages`, fmt.Sprint(n)},
		"audit rows":      {`select count(*) || ' ' || count(distinct ticket) from audit where action = 'message'`, fmt.Sprint(n, " ", n)},
		"audit of ghosts": {`select count(*) from audit where ticket is not null and ticket not in (select id from tickets)`, "0"},
		"search changes":  {`select count(*) || ' ' || count(distinct message) from changes where message in (select id from messages)`, fmt.Sprint(n, " ", n)},
		"changes, ghosts": {`select count(*) from changes where message not in (select id from messages)`, "0"},
	} {
		if got := store.Value(s, c.query); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
	if broken, err := s.Broken(ctx); err != nil || len(broken) > 0 {
		t.Errorf("broken: %q, %v", broken, err)
	}
}

// 64 first messages at once, of which every third closure fails: the others are stored once, with numbers without gap
// or double, and leave exactly their own evidence (RULES G1, G4).
func TestFailuresInABatchLeaveNoGap(t *testing.T) {
	t.Parallel()
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := storetest.New(t, "2026-11-23 10:00")
			errs := together(t, s, 64, func(i int) error {
				in := storetest.Call{User: fmt.Sprint("citizen", i), Text: fmt.Sprint("가로등 ", i)}.In(s)
				return store.TakeThen(s, in, func(tx *store.Tx) error {
					if i%3 == 0 {
						return fail(tx)
					}
					return nil
				})
			})
			stored := 0
			for i, err := range errs {
				switch {
				case i%3 != 0 && err != nil:
					t.Errorf("neighbour %d: %v", i, err)
				case i%3 == 0 && err == nil:
					t.Errorf("closure %d failed and was told that it is stored", i)
				case i%3 == 0 && name == "panic" && !errors.Is(err, db.ErrPanic), i%3 == 0 && name == "error" && !errors.Is(err, errInjected):
					t.Errorf("closure %d was told %v", i, err)
				case i%3 != 0:
					stored++
				}
			}
			evidence(t, s, stored)
			storetest.Say(t, s, storetest.Call{User: "afterwards", Text: "다음 글"})
			evidence(t, s, stored+1)
		})
	}
}

// The batch fails whole, after its last closure: everyone is told, nothing is left, and the numbers begin where they were.
func TestFailingEvidenceFailsTheBatch(t *testing.T) {
	t.Parallel()
	s, _ := storetest.New(t, "2026-11-23 10:00")
	if err := store.Exec(s, `create trigger full before insert on audit when new.action = 'message' begin select raise(abort, 'no room'); end`); err != nil {
		t.Fatal(err)
	}
	take := func(i int) error {
		in := storetest.Call{User: fmt.Sprint("citizen", i), Text: fmt.Sprint("가로등 ", i)}.In(s)
		return store.TakeThen(s, in, func(*store.Tx) error { return nil })
	}
	for i, err := range together(t, s, 64, take) {
		if err == nil || !strings.Contains(err.Error(), "no room") {
			t.Errorf("caller %d was told %v", i, err)
		}
	}
	evidence(t, s, 0)
	if err := store.Exec(s, `drop trigger full`); err != nil {
		t.Fatal(err)
	}
	for i, err := range together(t, s, 64, take) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	evidence(t, s, 64)
}
