package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// Two copies of one request that come at the same time are one message, and both read the same bytes (RULES B1).
func TestParallelCopiesOfARequestAreOneMessage(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	for _, known := range []bool{false, true} { // a new citizen's first message, and one of somebody known
		clock.Advance(time.Minute)
		in := storetest.Call{Text: fmt.Sprint("도로가 파였어요 ", known), Request: fmt.Sprint("same-", known)}.In(db)
		answers := make([]string, 16)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = string(db.Receive(bg, in).Body) })
		}
		wg.Wait()
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("known %v: one read %s, another %s", known, answers[0], a)
			}
		}
	}
	want := "1 citizens, 1 cases, 2 messages, 0 kept aside"
	if got := stored(db); got != want {
		t.Errorf("stored %s, want %s", got, want)
	}
	if got := store.Value(db, `select group_concat(repeats) from messages`); got != "1,1" {
		t.Errorf("repeats %s: the citizen said it once", got)
	}
}

// Different first words of one new citizen that come at the same time are one citizen and one case.
func TestParallelFirstMessagesOfOneCitizen(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	var wg sync.WaitGroup
	for i := range 16 {
		in := storetest.Call{Text: fmt.Sprint("글 ", i)}.In(db)
		wg.Go(func() { storetest.Hear(t, db.Receive(bg, in)) })
	}
	wg.Wait()
	if got, want := stored(db), "1 citizens, 1 cases, 16 messages, 0 kept aside"; got != want {
		t.Errorf("stored %s, want %s", got, want)
	}
}

func stored(db *store.DB) string {
	return store.Value(db, `select (select count(*) from citizens) || ' citizens, ' || (select count(*) from tickets) || ' cases, ' ||
		(select count(*) from messages where kind = 'citizen') || ' messages, ' || (select count(*) from quarantine) || ' kept aside'`)
}

// What makes two calls the same, and for how long.
func TestRepeats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what          string
		first, second storetest.Call
		after         time.Duration
		between       int // other messages in between
		same          bool
	}{
		{"same request after ten minutes less a moment", storetest.Call{Request: "r"}, storetest.Call{Request: "r"}, 10*time.Minute - time.Millisecond, 0, true},
		{"same request after ten minutes", storetest.Call{Request: "r"}, storetest.Call{Request: "r"}, 10 * time.Minute, 0, false},
		{"same request after many others", storetest.Call{Request: "r"}, storetest.Call{Request: "r"}, 5 * time.Minute, 60, true},
		{"same words within three seconds", storetest.Call{}, storetest.Call{}, 3*time.Second - time.Millisecond, 0, true},
		{"same words after three seconds", storetest.Call{}, storetest.Call{}, 3 * time.Second, 0, false},
		{"other block", storetest.Call{}, storetest.Call{Block: "other"}, time.Second, 0, false},
		{"other button", storetest.Call{Extra: map[string]any{"a": 1}}, storetest.Call{Extra: map[string]any{"a": 2}}, time.Second, 0, false},
		{"other photo", storetest.Call{Photo: "https://a.kakaocdn.net/1.jpg"}, storetest.Call{Photo: "https://a.kakaocdn.net/2.jpg"}, time.Second, 0, false},
		{"other plugin photos", storetest.Call{Secure: []string{"http://a.kakaocdn.net/1"}}, storetest.Call{Secure: []string{"http://a.kakaocdn.net/2"}}, time.Second, 0, false},
		{"another citizen", storetest.Call{User: "a", Request: "r"}, storetest.Call{User: "b", Request: "r"}, time.Second, 0, false},
	} {
		db, clock := storetest.New(t, "2026-11-23 10:00")
		c.first.Text, c.second.Text = "네 알려 주세요", "네 알려 주세요"
		one := db.Receive(bg, c.first.In(db))
		for i := range c.between {
			storetest.Say(t, db, storetest.Call{User: c.first.User, Text: fmt.Sprint("다른 글 ", i)})
		}
		clock.Advance(c.after)
		two := db.Receive(bg, c.second.In(db))
		want := c.between + 2
		if c.same {
			want--
		}
		if got := store.Value(db, `select count(*) from messages where kind = 'citizen'`); got != fmt.Sprint(want) {
			t.Errorf("%s: %s messages, want %d", c.what, got, want)
		}
		if c.same && string(one.Body) != string(two.Body) {
			t.Errorf("%s: other bytes", c.what)
		}
	}
}

// The three seconds run from the first message, however often it is tapped.
func TestTapsDoNotProlongEachOther(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	for range 3 {
		storetest.Say(t, db, storetest.Call{Text: "여보세요"})
		clock.Advance(2 * time.Second)
	}
	if got := store.Value(db, `select group_concat(repeats) from messages`); got != "2,1" {
		t.Errorf("messages repeated %s, want two, the first of them tapped twice", got)
	}
}
