package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"toktok/store"
	"toktok/store/kakao/event"
	"toktok/store/storetest"
)

// world is a citizen, the truth of what his phone has shown, and a Kakao that loses answers but does not lie.
type world struct {
	*rapid.T
	out
	dir     string
	replies []store.Message
	shown   map[string]int  // by bubble
	events  []*kakaoEvent   // by attempt, as far as Kakao knows of them
	posts   map[string]bool // callbacks that were shown
	tried   map[string]bool // callbacks that were posted; Kakao takes back no address it has not used
	work    []store.Attempt // claimed, not yet exchanged
	answers []*openAnswer   // computed, not yet written
	calls   int
}

type kakaoEvent struct {
	uid    string
	called bool
	result string // "" pending, ok, ours, user
}

type openAnswer struct {
	offer   int64
	bubbles []string
	event   *kakaoEvent // nil: an ordinary call
}

// fails lets helpers that want a testing.TB report to rapid.
type fails struct {
	testing.TB
	t *rapid.T
}

func (f fails) Helper()                        {}
func (f fails) Errorf(format string, a ...any) { f.t.Errorf(format, a...) }
func (f fails) Fatalf(format string, a ...any) { f.t.Fatalf(format, a...) }
func (f fails) Cleanup(func())                 {} // the world closes its own stores

// beginning is a folder with one friend's case in it, which worlds copy: making it anew costs more than playing.
func beginning(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 10:00"))
	db := storetest.Open(t, clock, dir)
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼져 있어요", Friend: true})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "key")) // a copy would be open to others; each world makes its own
	return dir
}

func newWorld(t *rapid.T, tb testing.TB, template string) *world {
	dir, err := os.MkdirTemp(tb.TempDir(), "world")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, dir: dir, shown: map[string]int{}, posts: map[string]bool{}, tried: map[string]bool{}}
	w.out = out{TB: fails{tb, t}, clock: &storetest.Clock{}}
	w.clock.Set(storetest.At("2026-11-23 10:00"))
	w.db = storetest.Open(w.out.TB, w.clock, w.dir)
	w.number = store.Value(w.db, `select number from tickets`)
	return w
}

func (w *world) says(friend bool, callback string) {
	w.calls++
	w.clock.Advance(time.Millisecond)
	h := storetest.Hear(w.out.TB, w.db.Receive(ctx, storetest.Call{
		Text: fmt.Sprint("글 ", w.calls), Friend: friend, Callback: callback, Request: fmt.Sprint("say-", w.calls),
	}.In(w.db)))
	if h.Offer != 0 {
		w.answers = append(w.answers, &openAnswer{offer: h.Offer, bubbles: h.Bubbles})
	}
}

// phone shows bubbles; only those of replies are counted.
func (w *world) phone(bubbles []string) {
	for _, b := range bubbles {
		if strings.HasPrefix(b, "답변 번호") {
			if w.shown[b]++; w.shown[b] > 1 {
				w.Fatalf("%q was shown twice", b)
			}
		}
	}
}

// write ends an answer: written, it is on the phone.
func (w *world) write(a *openAnswer, written bool) {
	w.reveal(a, written)
	if err := w.db.SettleOffer(ctx, a.offer, written); err != nil {
		w.Fatalf("settle offer: %v", err)
	}
}

func (w *world) reveal(a *openAnswer, written bool) {
	if written {
		w.phone(a.bubbles)
	}
	if a.event != nil {
		if a.event.result = "ours"; written {
			a.event.result = "ok"
		}
	}
}

// call is Kakao fetching the words of an event it has taken; it does so once.
func (w *world) call(e *kakaoEvent) {
	e.called = true
	h := w.event(e.uid)
	if h.Offer == 0 { // the line that points to what was shown
		e.result = "ok"
		return
	}
	w.answers = append(w.answers, &openAnswer{h.Offer, h.Bubbles, e})
}

// exchange carries one piece of work to Kakao. received says whether it got there, heard whether its answer got back.
func (w *world) exchange(a store.Attempt, received, heard bool, fault string) {
	r := lost
	switch {
	case a.Poll:
		i := slices.IndexFunc(w.events, func(e *kakaoEvent) bool { return "task-"+e.uid == a.Task })
		if heard && received {
			r = map[string]store.Report{"": polled("", 0), "ok": polled("ALL SUCCESS", 0), "ours": polled("1 FAIL", event.SkillTimeout), "user": polled("1 FAIL", 777)}[w.events[i].result]
		}
	case a.Route == store.RouteCallback:
		defer func() { w.tried[a.Target] = true }()
		switch {
		case !received:
			if fault != "" {
				r = store.Report{Verdict: store.VerdictUnreached, Reason: "dial"}
			}
		case w.posts[a.Target] && heard, fault == "refuse" && heard && !w.tried[a.Target]:
			r = store.Report{Verdict: store.VerdictRefused, Reason: "refused"}
		case w.posts[a.Target]:
		default:
			w.posts[a.Target] = true
			w.phone(a.Bubbles)
			if heard {
				r = store.Report{Verdict: store.VerdictTaken}
			}
		}
	case received && fault == "":
		e := &kakaoEvent{uid: a.UID}
		w.events = append(w.events, e)
		if heard {
			r = store.Report{Verdict: store.VerdictTaken, Task: "task-" + a.UID}
		}
	case received && fault == "user":
		w.events = append(w.events, &kakaoEvent{uid: a.UID, called: true, result: "user"})
		if heard {
			r = store.Report{Verdict: store.VerdictTaken, Task: "task-" + a.UID}
		}
	case received:
		r = store.Report{Verdict: store.VerdictRefused, Reason: "refused"}
	case fault != "":
		r = store.Report{Verdict: store.VerdictUnreached, Reason: "dial"}
	}
	r.Jitter = 0.5
	w.settle(a, r)
}

// crash ends the process: exchanges and answers under way got as far as chance has it.
func (w *world) crash() {
	for _, a := range w.answers {
		w.reveal(a, rapid.Bool().Draw(w.T, "answer arrived"))
	}
	for _, a := range w.work {
		if a.Poll || !rapid.Bool().Draw(w.T, "request arrived") {
			continue
		}
		if a.Route == store.RouteCallback {
			w.tried[a.Target] = true
			if !w.posts[a.Target] {
				w.posts[a.Target] = true
				w.phone(a.Bubbles)
			}
			continue
		}
		w.events = append(w.events, &kakaoEvent{uid: a.UID})
	}
	w.answers, w.work = nil, nil
	if err := w.db.Close(); err != nil {
		w.Fatalf("close: %v", err)
	}
	w.db = storetest.Open(w.out.TB, w.clock, w.dir)
}

func take[T any](t *rapid.T, list *[]T) T {
	i := rapid.IntRange(0, len(*list)-1).Draw(t, "which")
	v := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return v
}

func (w *world) claimAll() {
	busy := make([]int64, 0, len(w.work))
	for _, a := range w.work {
		busy = append(busy, a.ID)
	}
	work, _, err := w.db.ClaimAttempts(ctx, store.Claim{Max: 5, Busy: busy, Jitter: 0.5})
	if err != nil {
		w.Fatalf("claim: %v", err)
	}
	w.work = append(w.work, work...)
}

func (w *world) uncalled() []*kakaoEvent {
	var list []*kakaoEvent
	for _, e := range w.events {
		if !e.called {
			list = append(list, e)
		}
	}
	return list
}

// TestNoDeliveryIsShownTwiceAndNoneIsLost plays random outcomes and crashes, then lets everything work: each reply is
// then delivered, or visibly waits or is unknown; what the phone has shown is not sent again, and what it has not shown
// is never called delivered.
func TestNoDeliveryIsShownTwiceAndNoneIsLost(t *testing.T) {
	t.Parallel()
	template := beginning(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt, t, template)
		defer func() { w.db.Close(); os.RemoveAll(w.dir) }()
		for range rapid.IntRange(5, 30).Draw(rt, "steps") {
			w.step(rapid.SampledFrom([]string{"reply", "say", "callback", "claim", "claim", "exchange", "exchange", "call", "write", "write", "wait", "crash"}).Draw(rt, "step"))
		}
		w.drain()
		for _, m := range w.replies {
			d, shown := store.DeliveryOf(w.db, m.ID), w.shown[m.Text]
			switch {
			case d.State == "delivered" && shown == 1, d.State == "unknown", d.State == "pickup" && shown == 0:
			default:
				rt.Errorf("%q ends %s: %q (%s) and was shown %d times, tries %+v", m.Text, d.State, d.Reason, d.Route, shown, d.Attempts)
			}
		}
	})
}

func (w *world) step(what string) {
	t := w.T
	yes := func(label string) bool { return rapid.Bool().Draw(t, label) }
	switch what {
	case "reply":
		w.replies = append(w.replies, w.reply(fmt.Sprintf("답변 번호 %d번입니다.", len(w.replies)+1)))
	case "say":
		w.says(yes("friend"), "")
	case "callback":
		w.says(true, fmt.Sprint(callbackURL, w.calls))
	case "claim":
		w.claimAll()
	case "exchange":
		if len(w.work) > 0 {
			w.exchange(take(t, &w.work), yes("received"), yes("heard"), rapid.SampledFrom([]string{"", "", "", "refuse", "user"}).Draw(t, "fault"))
		}
	case "call":
		if list := w.uncalled(); len(list) > 0 {
			w.call(rapid.SampledFrom(list).Draw(t, "event"))
		}
	case "write":
		if len(w.answers) > 0 {
			w.write(take(t, &w.answers), yes("written"))
		}
	case "wait":
		w.clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 3, 10, 61, 600, 1900}).Draw(t, "seconds")) * time.Second)
	case "crash":
		w.crash()
	}
}

// drain lets everything work until nothing moves any more.
func (w *world) drain() {
	for range 60 {
		for len(w.answers) > 0 {
			w.write(take(w.T, &w.answers), true)
		}
		for _, e := range w.uncalled() {
			w.call(e)
		}
		for len(w.work) > 0 {
			w.exchange(take(w.T, &w.work), true, true, "")
		}
		if len(w.answers) == 0 && len(w.uncalled()) == 0 {
			if store.Value(w.db, `select count(*) from deliveries where state in ('queued', 'sending', 'accepted', 'offered')`) == "0" {
				return
			}
			w.clock.Advance(20 * time.Second)
		}
		w.claimAll()
		if len(w.work) == 0 {
			w.clock.Advance(10 * time.Minute)
			w.claimAll()
		}
	}
	w.Fatalf("does not come to rest: %s", store.Value(w.db, `select group_concat(state || ' ' || reason) from deliveries`))
}

// TestStepsOfDeliveries holds the table against RULES D5: ends have no way out, and every state reaches an end.
func TestStepsOfDeliveries(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"delivered", "cancelled"} {
		if len(store.DeliverySteps[end]) != 0 {
			t.Errorf("%s leads on to %v", end, store.DeliverySteps[end])
		}
	}
	for from, to := range store.DeliverySteps {
		for _, s := range to {
			if _, known := store.DeliverySteps[s]; !known {
				t.Errorf("%s leads to %q, which is no state", from, s)
			}
		}
		if len(to) > 0 && !slices.Contains(to, "delivered") && !slices.Contains(to, "cancelled") {
			t.Errorf("%s has no end", from)
		}
	}
	for try, want := range map[int]time.Duration{0: 10 * time.Second, 1: 10 * time.Second, 2: 30 * time.Second, 6: time.Hour, 99: time.Hour} {
		if got := store.Wait(try, 0.5); got != want {
			t.Errorf("back-off of try %d is %v, want %v", try, got, want)
		}
		if low, high := store.Wait(try, 0), store.Wait(try, 0.999); low < want*89/100 || high > want*111/100 {
			t.Errorf("jitter of try %d reaches from %v to %v", try, low, high)
		}
	}
}
