package store_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// lateAnswer makes a call whose commit is told too late: the batch it is in ends only when release is called.
func lateAnswer(t *testing.T, db *store.DB, c storetest.Call) (h storetest.Heard, release func()) {
	t.Helper()
	for range 5 {
		first, last := make(chan struct{}), make(chan struct{})
		var running sync.WaitGroup
		write := func(fn func(*store.Tx) error) {
			running.Go(func() {
				if err := db.Write(bg, store.System("test"), fn); err != nil {
					t.Error(err)
				}
			})
		}
		begun := make(chan struct{}, 2) // a closure may run twice
		write(func(*store.Tx) error { begun <- struct{}{}; <-first; return nil })
		<-begun
		heard := make(chan store.Answer, 1)
		go func() { heard <- db.Receive(bg, c.In(db)) }()
		write(func(tx *store.Tx) error { tx.AfterCommit(func() { <-last }); return nil })
		for db.Stats().QueueLen < 2 { // both wait: they become one batch
			time.Sleep(time.Millisecond)
		}
		close(first)
		h = storetest.Hear(t, <-heard)
		release = func() { close(last); running.Wait() }
		if !strings.Contains(h.Text(), "이용이 몰려") {
			return h, release
		}
		release() // the machine was so slow that the batch ended between the two
	}
	t.Fatal("no batch held both")
	return h, release
}

// A commit that takes longer than Kakao waits: the citizen reads that it is not known yet, and nothing is lost: neither
// his words nor the reply that the lost answer carried.
func TestAnswerAfterTheBudget(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "가로등이 꺼졌어요")
	must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "오늘 고쳐요."}))(t)
	h, release := lateAnswer(t, o.db, storetest.Call{User: "a", Text: "언제 오나요"})
	if !strings.Contains(h.Text(), "저장됐는지 아직 확인하지 못했어요") || h.Offer != 0 {
		t.Errorf("answer %q", h.Bubbles)
	}
	release()
	eventually(t, "the reply waits again", func() bool { return store.Value(o.db, `select state from deliveries`) == "pickup" })
	if got := stored(o.db); got != "1 citizens, 1 cases, 2 messages, 0 kept aside" {
		t.Errorf("stored %s", got)
	}
	o.clock.Advance(time.Minute)
	if h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "답변 확인"}); h.Bubbles[0] != "오늘 고쳐요." {
		t.Errorf("the reply that nobody saw: %q", h.Bubbles)
	}
}

func TestFailureAfterTheBudgetIsKeptAside(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 10:00")
	breakIntake(t, db)
	h, release := lateAnswer(t, db, storetest.Call{Text: "가로등이 꺼졌어요"})
	if !strings.Contains(h.Text(), "아직 확인하지 못했어요") {
		t.Errorf("answer %q", h.Bubbles)
	}
	release()
	eventually(t, "the words are kept aside", func() bool { return stored(db) == "0 citizens, 0 cases, 0 messages, 1 kept aside" })
}

// eventually waits for what happens behind the answer.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
