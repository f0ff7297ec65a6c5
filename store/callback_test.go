package store_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

const callbackURL = "https://bot-api.kakao.com/v1/bots/66f0a9ffc3d2e14b7a9f0000/callback/token"

// calledBack is a case whose citizen's last call brought a callback.
func calledBack(t testing.TB, isFriend bool, with ...func(*store.Options)) *out {
	t.Helper()
	o := outbox(t, isFriend, with...)
	h := storetest.Say(t, o.db, storetest.Call{Text: "몇 시에 오나요?", Friend: isFriend, Callback: callbackURL})
	if h.Waiting == "" {
		t.Fatalf("the callback was not used: %q", h.Bubbles)
	}
	return o
}

func TestCallbackCarriesTheReplyOnce(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	o.clock.Advance(10 * time.Second)
	m := o.reply("세 시쯤 가요.")
	a := o.claim()
	if a.Route != "callback" || a.Target != callbackURL || len(a.Bubbles) != 1 {
		t.Fatalf("attempt %+v", a)
	}
	if got := a.Until.Sub(a.From); got != callbackWindow {
		t.Errorf("window of %v", got)
	}
	o.settle(a, store.Report{Verdict: store.VerdictTaken})
	o.want(m, "delivered")
	if d := store.DeliveryOf(o.db, m.ID); d.Route != "callback" {
		t.Errorf("route %q", d.Route)
	}
	next := o.reply("도착했어요.")
	if a := o.claim(); a.Route != "event" {
		t.Errorf("the used callback was used again: %+v", a)
	}
	o.want(next, "sending")
}

// callbackWindow is until − from: 50 s less the 1.2 s in which Kakao refuses (RULES D4).
const callbackWindow = 50*time.Second - 1200*time.Millisecond

func TestCallbackFailOnTheFirstTryIsNotDelivered(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	m := o.reply("세 시쯤 가요.")
	o.settle(o.claim(), store.Report{Verdict: store.VerdictRefused, Reason: "refused"})
	o.want(m, "queued")
	if a := o.claim(); a.Route != "event" {
		t.Errorf("next route %q", a.Route)
	}

	p := calledBack(t, stranger)
	n := p.reply("세 시쯤 가요.")
	p.settle(p.claim(), store.Report{Verdict: store.VerdictRefused, Reason: "refused"})
	p.want(n, "pickup")
}

func TestCallbackFailOnARepeatAfterALostAnswerIsDelivered(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	m := o.reply("세 시쯤 가요.")
	first := o.claim()
	o.settle(first, lost)
	o.want(m, "sending")
	o.clock.Advance(3 * time.Second)
	repeat := o.claim()
	if repeat.ID != first.ID || repeat.Target != callbackURL || len(repeat.Bubbles) != 1 {
		t.Fatalf("repeat %+v", repeat)
	}
	o.settle(repeat, store.Report{Verdict: store.VerdictRefused, Reason: "refused"})
	o.want(m, "delivered: inferred")
}

func TestCallbackOfWhichARepeatProvesNothingIsUnknown(t *testing.T) {
	t.Parallel()
	for name, verdict := range map[string]store.Verdict{"busy": store.VerdictBusy, "too late": store.VerdictTooLate, "unreached": store.VerdictUnreached} {
		o := calledBack(t, friend)
		m := o.reply("세 시쯤 가요.")
		o.settle(o.claim(), lost)
		o.clock.Advance(3 * time.Second)
		o.settle(o.claim(), store.Report{Verdict: verdict, Reason: name})
		o.clock.Advance(time.Minute)
		if work := o.claims(); len(work) != 0 {
			t.Errorf("%s: what may have been shown goes again: %+v", name, work)
		}
		o.want(m, "unknown: no answer")
	}
}

func TestCallbackLostToTheEndIsUnknown(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	m := o.reply("세 시쯤 가요.")
	o.settle(o.claim(), lost)
	o.clock.Advance(time.Minute)
	if work := o.claims(); len(work) != 0 {
		t.Errorf("posted after the window: %+v", work)
	}
	o.want(m, "unknown: no answer")
	if work := o.claims(); len(work) != 0 {
		t.Errorf("what may have been shown goes by another route: %+v", work)
	}
}

func TestCallbackClaimedByTwoSendersHasOneWinner(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	for i := range 2 {
		if err := store.Exec(o.db, `insert into attempts (uid, citizen, route, state, at, lease) values (?, 1, 'callback', 'done', 0, 0)`, i); err != nil {
			t.Fatal(err)
		}
	}
	wins := make([]bool, 2)
	var wg sync.WaitGroup
	for i := range wins {
		wg.Go(func() {
			var err error
			if wins[i], err = store.ClaimCallback(o.db, 1, int64(i+1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wins[0] == wins[1] {
		t.Errorf("winners %v", wins)
	}
	m := o.reply("세 시쯤 가요.")
	if a := o.claim(); a.Route != "event" {
		t.Errorf("the loser takes %q", a.Route)
	}
	o.want(m, "sending")
}

func TestUnusedCallbackEndsWithOneLinePerCase(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	o.clock.Advance(46 * time.Second)
	if work := o.claims(); len(work) != 0 {
		t.Errorf("ended too early: %+v", work)
	}
	o.clock.Advance(time.Second)
	a := o.claim()
	if a.Route != "callback" || len(a.Bubbles) != 1 {
		t.Fatalf("end line %+v", a)
	}
	o.settle(a, store.Report{Verdict: store.VerdictTaken})
	o.clock.Advance(time.Minute)

	again := func() []store.Attempt {
		storetest.Say(t, o.db, storetest.Call{Text: "아직인가요?", Friend: true, Callback: callbackURL + "2"})
		o.clock.Advance(48 * time.Second)
		work := o.claims()
		o.clock.Advance(time.Minute)
		return work
	}
	if work := again(); len(work) != 0 {
		t.Errorf("a second end line before a person answered: %+v", work)
	}
	o.settle(func() store.Attempt { o.reply("세 시쯤 가요."); return o.claim() }(), accepted)
	o.written(o.event(""), true)
	o.clock.Advance(2 * time.Second)
	o.settle(o.claim(), polled("ALL SUCCESS", 0))
	if work := again(); len(work) != 1 || work[0].Route != "callback" {
		t.Errorf("after a person answered the line may come again: %+v", work)
	}
}

func TestEndLineThatFailsIsNotSentByEvent(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	o.clock.Advance(48 * time.Second)
	o.settle(o.claim(), store.Report{Verdict: store.VerdictRefused})
	if got := store.Value(o.db, `select state || ': ' || reason from deliveries where class = 'line'`); got != "cancelled: no route" {
		t.Errorf("the line is %q", got)
	}
}

func TestCallbackIsNotUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at, url, text string
		before        func(*out)
	}{
		"while the office is closed":     {at: "2026-11-23 20:00"},
		"for urgent words":               {text: "가스 냄새가 나요"},
		"for an address not of Kakao":    {url: "https://kakao.com.example.org/x"},
		"for plain http":                 {url: "http://bot-api.kakao.com/x"},
		"for another port":               {url: "https://bot-api.kakao.com:8443/x"},
		"while something waits":          {before: func(o *out) { o.reply("답변이에요."); o.reply(strings.Repeat("길게 알려 드려요. ", 60)) }},
		"while another callback is open": {before: func(o *out) { storetest.Say(o, o.db, storetest.Call{Text: "여보세요", Callback: callbackURL}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := outbox(t, stranger)
			if c.at != "" {
				o.clock.Set(storetest.At(c.at))
			}
			if c.before != nil {
				c.before(o)
			}
			if c.url == "" {
				c.url = callbackURL + "-other"
			}
			if c.text == "" {
				c.text = "몇 시에 오나요?"
			}
			if h := storetest.Say(t, o.db, storetest.Call{Text: c.text, Callback: c.url}); h.Waiting != "" {
				t.Errorf("used: %q", h.Waiting)
			}
		})
	}
}

func TestCallbackThatWasNeverPromisedIsNotUsed(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	if err := o.db.CallbackAnswered(ctx, callbackURL, false); err != nil {
		t.Fatal(err)
	}
	o.reply("세 시쯤 가요.")
	if a := o.claim(); a.Route != "event" {
		t.Errorf("route %q", a.Route)
	}
}

func TestCallbackAfterACrashIsRepeatedInsideItsWindow(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 10:00"))
	dir := t.TempDir()
	o := &out{TB: t, db: storetest.Open(t, clock, dir), clock: clock}
	storetest.Say(t, o.db, storetest.Call{Text: "몇 시에 오나요?", Friend: true, Callback: callbackURL})
	o.number = store.Value(o.db, `select number from tickets`)
	m := o.reply("세 시쯤 가요.")
	o.claim()
	o.db.Close()
	o.db = storetest.Open(t, clock, dir)
	clock.Advance(5 * time.Second)
	o.settle(o.claim(), store.Report{Verdict: store.VerdictRefused})
	o.want(m, "delivered: inferred")
}
