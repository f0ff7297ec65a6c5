package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/store/db"
)

func TestReadsHaveADeadline(t *testing.T) {
	t.Parallel()
	from := time.Now()
	at, cancel := db.Deadline(context.Background())
	defer cancel()
	if left := at.Sub(from); left < db.ReadDeadline || left > db.ReadDeadline+time.Minute {
		t.Errorf("a read without a deadline gets %v, want %v", left, db.ReadDeadline)
	}
	soon, cancelSoon := context.WithTimeout(t.Context(), time.Hour)
	defer cancelSoon()
	want, _ := soon.Deadline()
	if at, cancel := db.Deadline(soon); !at.Equal(want) {
		t.Errorf("the caller's own deadline became %v", at)
	} else {
		cancel()
	}
}

func TestEndlessReadIsInterrupted(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Readers: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	const forever = `with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n`
	if err := e.QueryRow(ctx, forever).Scan(new(int)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want DeadlineExceeded", err)
	}
	if err := e.QueryRow(t.Context(), `select 1`).Scan(new(int)); err != nil {
		t.Errorf("the next read on the only connection: %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	if err := e.QueryRow(t.Context(), `select key from once where key = ?`, "none").Scan(new(string)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v, want ErrNoRows", err)
	}
	if err := e.QueryRow(t.Context(), `select nothing from nowhere`).Scan(new(string)); err == nil {
		t.Error("QueryRow of nonsense gives no error")
	}
	if _, err := e.Query(t.Context(), `select nothing from nowhere`); err == nil {
		t.Error("Query of nonsense gives no error")
	}
}

func TestReadersSeeEachCommitWhole(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var n int
				if err := e.QueryRow(t.Context(), `select count(*) from item`).Scan(&n); err != nil || n%2 != 0 {
					t.Errorf("a reader saw %d rows, %v; they are written in pairs", n, err)
					return
				}
			}
		})
	}
	for i := range 300 {
		if err := e.Write(t.Context(), func(tx *db.Tx) error {
			return errors.Join(insertItem(i, nil)(tx), insertItem(i, nil)(tx))
		}); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestWALStaysBounded(t *testing.T) {
	t.Parallel()
	const pause = 256 // pages: 1 MiB
	e := open(t, db.Options{CheckpointEvery: time.Millisecond}.PauseAt(pause))
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 2 { // reads that overlap: there is always one
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := e.QueryRow(t.Context(), `select count(*), max(at) from item`).Scan(new(int), new(any)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	body := strings.Repeat("가", 4000)
	var biggest int64
	var mu sync.Mutex
	for w := range 4 {
		writers.Go(func() {
			for i := range 600 { // 4 × 600 × 12 kB = 29 MB in all
				if err := e.Write(t.Context(), insertItem(i, fmt.Sprint(w, body))); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				biggest = max(biggest, e.Stats().WALBytes)
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if s := e.Stats(); s.DBBytes < 20<<20 {
		t.Fatalf("the file has only %d bytes: nothing was moved into it", s.DBBytes)
	}
	if limit := int64(16 << 20); biggest > limit {
		t.Errorf("the WAL grew to %d bytes under load, want at most %d", biggest, limit)
	}
	t.Logf("the WAL was at most %d KiB", biggest>>10)
}

func TestStatsNameTheLastTrouble(t *testing.T) {
	t.Parallel()
	refuse := errors.New("the chain is broken")
	e := open(t, db.Options{Now: stopped, BeforeCommit: func(*db.Tx) error { return refuse }})
	if err := e.Write(t.Context(), insertOnce("a")); !errors.Is(err, refuse) {
		t.Fatal(err)
	}
	s := e.Stats()
	if s.LastError != "before commit: the chain is broken" || !s.LastAt.Equal(stopped()) || s.Failed != 1 || s.Writes != 0 {
		t.Errorf("stats %+v", s)
	}
}
