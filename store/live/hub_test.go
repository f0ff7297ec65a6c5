package live_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store/live"
)

// drain reads what is there until the channel is closed.
func drain(s *live.Sub) []live.Change {
	var got []live.Change
	for c := range s.C() {
		got = append(got, c)
	}
	return got
}

func TestEverySubscriberHearsEverythingInOrder(t *testing.T) {
	t.Parallel()
	hub := live.New(10)
	a, b := hub.Subscribe(nil), hub.Subscribe(nil)
	want := []live.Change{{Topic: "ticket", Number: "2026-000001"}, {Topic: "ticket", Number: "2026-000002"}, {Topic: "outbox"}}
	hub.Publish(want[:2]...)
	hub.Publish()
	hub.Publish(want[2])
	hub.Close()
	for i, s := range []*live.Sub{a, b} {
		if diff := cmp.Diff(want, drain(s)); diff != "" {
			t.Errorf("subscriber %d (-want +got):\n%s", i, diff)
		}
		if s.Lagged() {
			t.Errorf("subscriber %d: lagged after an ordinary end", i)
		}
	}
}

func TestFilterDecidesWhoHears(t *testing.T) {
	t.Parallel()
	hub := live.New(4)
	own := hub.Subscribe(func(c live.Change) bool { return c.Department == 7 || c.Former == 7 })
	hub.Publish(
		live.Change{Topic: "ticket", Ticket: 1, Department: 7},
		live.Change{Topic: "ticket", Ticket: 2, Department: 8},
		live.Change{Topic: "ticket", Ticket: 3, Department: 8, Former: 7, Kind: "gone"},
	)
	hub.Close()
	want := []live.Change{
		{Topic: "ticket", Ticket: 1, Department: 7},
		{Topic: "ticket", Ticket: 3, Department: 8, Former: 7, Kind: "gone"},
	}
	if diff := cmp.Diff(want, drain(own)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefusedChangesDoNotFillTheBuffer(t *testing.T) {
	t.Parallel()
	hub := live.New(1)
	s := hub.Subscribe(func(c live.Change) bool { return c.Topic == "ticket" })
	for range 50 {
		hub.Publish(live.Change{Topic: "outbox"})
	}
	hub.Publish(live.Change{Topic: "ticket"})
	if s.Lagged() || hub.Len() != 1 {
		t.Fatalf("lagged=%v len=%d, want a connected subscriber", s.Lagged(), hub.Len())
	}
}

func TestSlowSubscriberIsDisconnectedAndTheOthersHearAll(t *testing.T) {
	t.Parallel()
	hub := live.New(2)
	slow, quick := hub.Subscribe(nil), hub.Subscribe(nil)
	var got []live.Change
	for i := range 5 {
		c := live.Change{Topic: "ticket", Ticket: int64(i)}
		hub.Publish(c)
		got = append(got, <-quick.C())
	}
	if len(got) != 5 || quick.Lagged() {
		t.Errorf("quick one heard %d of 5, lagged=%v", len(got), quick.Lagged())
	}
	if !slow.Lagged() {
		t.Error("slow one does not know that it missed something")
	}
	want := []live.Change{{Topic: "ticket", Ticket: 0}, {Topic: "ticket", Ticket: 1}}
	if diff := cmp.Diff(want, drain(slow)); diff != "" {
		t.Errorf("what was in its buffer (-want +got):\n%s", diff)
	}
	if hub.Len() != 1 {
		t.Errorf("Len = %d, want 1", hub.Len())
	}
	again := hub.Subscribe(nil)
	hub.Publish(live.Change{Topic: "after"})
	if c := <-again.C(); c.Topic != "after" || again.Lagged() {
		t.Errorf("after connecting again: %+v lagged=%v", c, again.Lagged())
	}
}

func TestOneBatchLargerThanTheBufferLags(t *testing.T) {
	t.Parallel()
	hub := live.New(2)
	s := hub.Subscribe(nil)
	hub.Publish(make([]live.Change, 3)...)
	if n := len(drain(s)); n != 2 || !s.Lagged() {
		t.Errorf("read %d, lagged=%v; want 2 and lagged", n, s.Lagged())
	}
}

func TestBufferIsAtLeastOne(t *testing.T) {
	t.Parallel()
	hub := live.New(0)
	s := hub.Subscribe(nil)
	hub.Publish(live.Change{Topic: "ticket"})
	if c, ok := <-s.C(); !ok || c.Topic != "ticket" {
		t.Errorf("got %+v, %v", c, ok)
	}
}

func TestCloseEndsOnlyOneAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	hub := live.New(1)
	a, b := hub.Subscribe(nil), hub.Subscribe(nil)
	a.Close()
	a.Close()
	hub.Publish(live.Change{Topic: "ticket"})
	if got := drain(a); len(got) != 0 || a.Lagged() {
		t.Errorf("closed one heard %v, lagged=%v", got, a.Lagged())
	}
	if c := <-b.C(); c.Topic != "ticket" {
		t.Errorf("other one heard %+v", c)
	}
	if hub.Len() != 1 {
		t.Errorf("Len = %d, want 1", hub.Len())
	}
}

func TestHubCloseEndsAllNowAndLater(t *testing.T) {
	t.Parallel()
	hub := live.New(1)
	early := hub.Subscribe(nil)
	hub.Close()
	hub.Close()
	late := hub.Subscribe(nil)
	hub.Publish(live.Change{Topic: "ticket"})
	for name, s := range map[string]*live.Sub{"early": early, "late": late} {
		if got := drain(s); len(got) != 0 || s.Lagged() {
			t.Errorf("%s heard %v, lagged=%v", name, got, s.Lagged())
		}
		s.Close()
	}
	if hub.Len() != 0 {
		t.Errorf("Len = %d, want 0", hub.Len())
	}
}

// In the bubble a publisher that waited for the sleeping listener would show as elapsed time.
func TestPublishNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := live.New(1)
		s := hub.Subscribe(nil)
		ended := make(chan int, 1)
		go func() {
			time.Sleep(time.Hour)
			ended <- len(drain(s))
		}()
		start := time.Now()
		for range 1000 {
			hub.Publish(live.Change{Topic: "ticket"})
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("publishing took %v of the listener's time", d)
		}
		if n := <-ended; n != 1 || !s.Lagged() {
			t.Errorf("listener read %d, lagged=%v; want its buffer and lagged", n, s.Lagged())
		}
	})
}

// A listener blocked on an empty channel is woken by each way a subscription can end.
func TestWaitingListenerIsWokenAtTheEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*live.Hub, *live.Sub){
		"own":   func(_ *live.Hub, s *live.Sub) { s.Close() },
		"hub's": func(h *live.Hub, _ *live.Sub) { h.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := live.New(1)
				s := hub.Subscribe(nil)
				woken := false
				go func() {
					drain(s)
					woken = true
				}()
				synctest.Wait()
				end(hub, s)
				synctest.Wait()
				if !woken {
					t.Error("listener still waits")
				}
			})
		})
	}
}

func TestConcurrentUseKeepsOneOrder(t *testing.T) {
	t.Parallel()
	const publishers, each = 8, 100
	hub := live.New(publishers * each)
	listeners := []*live.Sub{hub.Subscribe(nil), hub.Subscribe(nil), hub.Subscribe(nil)}
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				hub.Publish(live.Change{Topic: "ticket", Ticket: int64(p), Citizen: int64(i)})
			}
		})
		wg.Go(func() { // others come and go meanwhile
			for range each {
				s := hub.Subscribe(nil)
				hub.Len()
				s.Close()
			}
		})
	}
	wg.Wait()
	hub.Close()
	first := drain(listeners[0])
	if len(first) != publishers*each {
		t.Fatalf("heard %d, want %d", len(first), publishers*each)
	}
	next := make(map[int64]int64)
	for _, c := range first {
		if c.Citizen != next[c.Ticket] {
			t.Fatalf("publisher %d: heard %d, want %d", c.Ticket, c.Citizen, next[c.Ticket])
		}
		next[c.Ticket]++
	}
	for _, s := range listeners[1:] {
		if diff := cmp.Diff(first, drain(s)); diff != "" {
			t.Errorf("another order (-first +other):\n%s", diff)
		}
	}
}

// Whoever listens on the outside must not learn ids, least of all a foreign department's.
func TestJSONCarriesNoIDs(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]live.Change{
		`{"topic":"ticket","number":"2026-000123"}`: {Topic: "ticket", Number: "2026-000123", Ticket: 5, Department: 6, Former: 7, Citizen: 8},
		`{"topic":"outbox"}`:                        {Topic: "outbox"},
		`{"topic":"ticket","kind":"gone"}`:          {Topic: "ticket", Kind: "gone"},
	} {
		got, err := json.Marshal(c)
		if err != nil || string(got) != want {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{1, 200} {
		b.Run(fmt.Sprintf("%dsubscribers", n), func(b *testing.B) {
			hub := live.New(64)
			var wg sync.WaitGroup
			for i := range n {
				wants := func(c live.Change) bool { return c.Department == int64(i%10) }
				s := hub.Subscribe(wants)
				wg.Go(func() { // one that falls behind comes back, so that n of them stay
					for drain(s); s.Lagged(); drain(s) {
						s = hub.Subscribe(wants)
					}
				})
			}
			b.ReportAllocs()
			i := int64(0)
			for b.Loop() {
				hub.Publish(live.Change{Topic: "ticket", Number: "2026-000123", Department: i % 100})
				i++
			}
			hub.Close()
			wg.Wait()
		})
	}
}
