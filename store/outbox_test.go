package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/kakao/event"
	"toktok/store/storetest"
)

var (
	ctx      = context.Background()
	operator = store.Actor{Role: store.RoleOperator, Name: "김상담"}
)

// out is a store with one citizen's case, and a sender that the test plays itself.
type out struct {
	testing.TB
	db     *store.DB
	clock  *storetest.Clock
	number string
}

const (
	friend   = true
	stranger = false
)

func outbox(t testing.TB, isFriend bool, with ...func(*store.Options)) *out {
	t.Helper()
	db, clock := storetest.New(t, "2026-11-23 10:00", with...)
	o := &out{TB: t, db: db, clock: clock}
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼져 있어요", Friend: isFriend})
	o.number = store.Value(db, `select number from tickets order by id desc limit 1`)
	clock.Advance(time.Minute)
	return o
}

func noEvents(o *store.Options) { o.Outside.EventReady = false }

func (o *out) reply(text string) store.Message {
	o.Helper()
	m, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: text})
	if err != nil {
		o.Fatalf("reply: %v", err)
	}
	return m
}

// says is a citizen's call whose answer is written.
func (o *out) says(text string, isFriend bool) storetest.Heard {
	o.Helper()
	return storetest.Say(o, o.db, storetest.Call{Text: text, Friend: isFriend})
}

// hears is a call whose answer is not written yet.
func (o *out) hears(text string, isFriend bool) storetest.Heard {
	o.Helper()
	return storetest.Hear(o, o.db.Receive(ctx, storetest.Call{Text: text, Friend: isFriend}.In(o.db)))
}

func (o *out) written(h storetest.Heard, written bool) {
	o.Helper()
	if err := o.db.SettleOffer(ctx, h.Offer, written); err != nil {
		o.Fatalf("settle offer: %v", err)
	}
}

func (o *out) claims() []store.Attempt {
	o.Helper()
	work, _, err := o.db.ClaimAttempts(ctx, store.Claim{Max: 10, Jitter: 0.5})
	if err != nil {
		o.Fatalf("claim: %v", err)
	}
	return work
}

// claim expects exactly one piece of work.
func (o *out) claim() store.Attempt {
	o.Helper()
	work := o.claims()
	if len(work) != 1 {
		o.Fatalf("claimed %d attempts, want 1: %+v", len(work), work)
	}
	return work[0]
}

func (o *out) settle(a store.Attempt, r store.Report) {
	o.Helper()
	if err := o.db.SettleAttempt(ctx, a.ID, r); err != nil {
		o.Fatalf("settle: %v", err)
	}
}

// event is the skill call of the event block.
func (o *out) event(uid string) storetest.Heard {
	o.Helper()
	return storetest.Hear(o, o.db.Receive(ctx, storetest.Call{Text: "toktok_reply", Friend: true, Block: "66f0aa01c3d2e14b7a9f0030", Params: map[string]any{event.AttemptParam: uid}}.In(o.db)))
}

func (o *out) want(m store.Message, state string) {
	o.Helper()
	d := store.DeliveryOf(o.db, m.ID)
	got := d.State
	if strings.Contains(state, ":") {
		got += ": " + d.Reason
	}
	if got != state {
		o.Errorf("delivery of %q is %q (%s), want %q", m.Text, got, d.Reason, state)
	}
}

func (o *out) ticket(column string) string {
	return store.Value(o.db, `select coalesce(`+column+`, 'none') from tickets where number = ?`, o.number)
}

var (
	accepted = store.Report{Verdict: store.VerdictTaken, Task: "task-1"}
	lost     = store.Report{Verdict: store.VerdictLost, Reason: "time-out"}
)

func polled(status string, errorType int) store.Report {
	task := event.Task{TaskID: "task-1", Status: status, Total: 1}
	if errorType != 0 {
		task.Failures = []event.Failure{{UserID: "citizen", Type: errorType}}
	}
	return store.Report{Verdict: store.VerdictPolled, Result: task}
}

func TestReplyToSomeoneWhoIsNoFriendWaitsForHisNextWords(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	m := o.reply("오늘 고칠게요.")
	o.want(m, "pickup")
	if work := o.claims(); len(work) != 0 {
		t.Errorf("something was pushed to a stranger: %+v", work)
	}
	h := o.hears("답변 확인", stranger)
	if !strings.Contains(h.Text(), "오늘 고칠게요.") {
		t.Errorf("답변 확인 reads %q", h.Text())
	}
	o.want(m, "offered")
	o.written(h, true)
	o.want(m, "delivered")
	if o.ticket("notified_at") == "none" {
		t.Error("the case does not know that the citizen was told")
	}
	o.clock.Advance(time.Minute) // a repeat of the same call within seconds gets the same bytes (RULES B1)
	if again := o.says("답변 확인", stranger); strings.Contains(again.Text(), "오늘 고칠게요.") {
		t.Error("the reply was shown twice")
	}
}

func TestFriendIsToldByPickupWhereNoEventIsSetUp(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend, noEvents)
	m := o.reply("오늘 고칠게요.")
	o.want(m, "pickup")
	o.says("여보세요", friend)
	o.want(m, "delivered")
}

func TestOfferNotWrittenGoesBackToPickup(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	m := o.reply("오늘 고칠게요.")
	o.written(o.hears("여보세요", stranger), false)
	o.want(m, "pickup: not written")
	o.says("여보세요 또", stranger)
	o.want(m, "delivered")
}

func TestTwoParallelCallsWhileAnOfferIsOpenShowItOnce(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	m := o.reply("오늘 고칠게요.")
	shown := make([]string, 2)
	var wg sync.WaitGroup
	for i := range shown {
		wg.Go(func() {
			shown[i] = storetest.Hear(t, o.db.Receive(ctx, storetest.Call{Text: fmt.Sprint("몇 시에 오나요 ", i)}.In(o.db))).Text()
		})
	}
	wg.Wait()
	n := strings.Count(shown[0]+shown[1], "오늘 고칠게요.")
	if n != 1 {
		t.Errorf("two calls at once showed the reply %d times", n)
	}
	o.want(m, "offered")
}

func TestRestartWithAnOpenOfferIsUnknown(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 10:00"))
	dir := t.TempDir()
	o := &out{TB: t, db: storetest.Open(t, clock, dir), clock: clock}
	o.says("가로등이 꺼져 있어요", stranger)
	o.number = store.Value(o.db, `select number from tickets`)
	m := o.reply("오늘 고칠게요.")
	h := o.hears("여보세요", stranger)
	if err := o.db.Close(); err != nil {
		t.Fatal(err)
	}
	o.db = storetest.Open(t, clock, dir)
	o.want(m, "unknown: restart")
	o.written(h, true) // an answer of the former process changes nothing
	o.want(m, "unknown: restart")
	if again := o.says("또 저예요", stranger); strings.Contains(again.Text(), "오늘 고칠게요.") {
		t.Error("what may have been shown was shown again without being asked")
	}
}

func TestReplyToNobodyIsACallTask(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	if err := store.Exec(o.db, `delete from identities`); err != nil {
		t.Fatal(err)
	}
	m := o.reply("오늘 고칠게요.")
	o.want(m, "failed: no route")
	if n := store.Value(o.db, `select count(*) from call_tasks where done_at is null`); n != "1" {
		t.Errorf("%s call tasks", n)
	}
	d, err := o.db.HandledByPhone(ctx, operator, m.Delivery.ID)
	if err != nil || d.State != "cancelled" || d.Route != "phone" || d.Reason != "phone" {
		t.Errorf("handled by phone: %+v, %v", d, err)
	}
	if n := store.Value(o.db, `select count(*) from call_tasks where done_at is null`); n != "0" || o.ticket("notified_at") == "none" {
		t.Errorf("%s call tasks left, notified_at %s", n, o.ticket("notified_at"))
	}
}

func TestEventShowsTheReplyToAFriendOnce(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	o.want(m, "queued")
	a := o.claim()
	if a.Route != "event" || a.Scope != storetest.BotID || a.Target != "citizen" || len(a.UID) < 22 {
		t.Errorf("attempt %+v", a)
	}
	o.want(m, "sending")
	o.settle(a, accepted)
	o.want(m, "accepted")
	h := o.event(a.UID)
	if len(h.Bubbles) != 1 || h.Bubbles[0] != "오늘 고칠게요." {
		t.Errorf("the event shows %q", h.Bubbles)
	}
	o.want(m, "offered")
	o.written(h, true)
	o.want(m, "accepted")
	if again := o.event(a.UID); strings.Contains(again.Text(), "고칠게요") {
		t.Error("a second skill call showed it again")
	}
	o.clock.Advance(2 * time.Second)
	poll := o.claim()
	if !poll.Poll || poll.Task != "task-1" {
		t.Errorf("after 2 s: %+v", poll)
	}
	o.settle(poll, polled("ALL SUCCESS", 0))
	o.want(m, "delivered")
	if d := store.DeliveryOf(o.db, m.ID); d.Route != "event" || len(d.Attempts) != 1 || d.Attempts[0].Outcome != "delivered" {
		t.Errorf("delivery %+v", d)
	}
	if o.ticket("notified_at") == "none" {
		t.Error("not notified")
	}
}

func TestSkillCallBeforeTheAPIAnswer(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	a := o.claim()
	o.written(o.event(a.UID), true)
	o.want(m, "accepted")
	o.settle(a, accepted)
	o.want(m, "accepted")
	o.clock.Advance(2 * time.Second)
	o.settle(o.claim(), polled("ALL SUCCESS", 0))
	o.want(m, "delivered")
}

func TestReplyAgainstPickupIsShownOnce(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	o.says("여보세요", friend) // first: queued, so the answer takes it
	o.want(m, "delivered")
	if work := o.claims(); len(work) != 0 {
		t.Errorf("pushed although shown: %+v", work)
	}

	second := o.reply("내일 고칠게요.")
	a := o.claim() // now the sender is first
	if h := o.says("여보세요", friend); strings.Contains(h.Text(), "내일 고칠게요.") {
		t.Error("the answer took what a sender owns")
	}
	o.settle(a, accepted)
	o.written(o.event(a.UID), true)
	o.clock.Advance(2 * time.Second)
	o.settle(o.claim(), polled("ALL SUCCESS", 0))
	o.want(second, "delivered")
}

func TestLostAPIAnswerWithSkillCallIsDelivered(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	a := o.claim()
	o.written(o.event(a.UID), true)
	o.settle(a, lost)
	o.want(m, "delivered: inferred")

	m = o.reply("내일 고칠게요.") // the call comes after the loss is known
	a = o.claim()
	o.settle(a, lost)
	o.want(m, "sending")
	o.clock.Advance(30 * time.Second)
	o.written(o.event(a.UID), true)
	o.want(m, "delivered: inferred")
}

func TestLostAPIAnswerWithoutSkillCallIsTriedAgainAfterAMinute(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	first := o.claim()
	o.settle(first, lost)
	o.clock.Advance(59 * time.Second)
	if work := o.claims(); len(work) != 0 {
		t.Errorf("tried again before the minute was over: %+v", work)
	}
	o.clock.Advance(time.Second)
	o.claims()
	o.want(m, "queued: no call")
	o.clock.Advance(time.Minute)
	second := o.claim()
	if second.UID == first.UID {
		t.Error("the new attempt carries the old id")
	}
	// The first attempt's call may come late, in any order with the second's.
	shown := o.event(first.UID).Text() + o.event(second.UID).Text() + o.event(first.UID).Text()
	if n := strings.Count(shown, "오늘 고칠게요."); n != 1 {
		t.Errorf("two attempts showed it %d times", n)
	}
}

func TestThreeTriesOnOurOwnErrorsThenPickup(t *testing.T) {
	t.Parallel()
	for _, code := range []int{event.BadBubbles, event.SkillError, event.SkillHTTP, event.SkillTimeout} {
		o := outbox(t, friend)
		m := o.reply("오늘 고칠게요.")
		for try := range 3 {
			o.want(m, "queued")
			a := o.claim()
			o.settle(a, accepted)
			o.written(o.event(a.UID), try == 1)
			o.clock.Advance(2 * time.Second)
			o.settle(o.claim(), polled("1 FAIL", code))
			o.clock.Advance(time.Hour)
		}
		o.want(m, fmt.Sprintf("pickup: kakao %d", code))
		if off := store.Value(o.db, `select coalesce(event_off_since, 'none') from identities`); off != "none" {
			t.Errorf("errorType %d of ours was blamed on the citizen", code)
		}
	}
}

func TestOtherFailureGoesToPickupUntilAFriendSpeaks(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	a := o.claim()
	o.settle(a, accepted)
	o.clock.Advance(2 * time.Second)
	o.settle(o.claim(), polled("1 FAIL", 777))
	o.want(m, "pickup: kakao 777")
	if store.Value(o.db, `select coalesce(event_off_since, 'none') from identities`) == "none" {
		t.Error("event_off_since is not set")
	}
	next := o.reply("덧붙여요.")
	o.want(next, "pickup")
	o.says("네 여기요", friend)
	o.want(m, "delivered")
	o.want(next, "delivered")
	o.want(o.reply("다시 알려요."), "queued")
}

func TestNoResultAfterHalfAnHour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		written bool
		want    string
	}{{true, "delivered: inferred"}, {false, "unknown: no result"}} {
		o := outbox(t, friend)
		m := o.reply("오늘 고칠게요.")
		a := o.claim()
		o.settle(a, accepted)
		o.written(o.event(a.UID), c.written)
		start := o.clock.Now()
		for _, after := range []time.Duration{2, 5, 15, 60, 300, 1800} {
			o.clock.Set(start.Add(after * time.Second))
			if poll := o.claim(); !poll.Poll {
				t.Errorf("after %d s: %+v", after, poll)
			}
			if work := o.claims(); len(work) != 0 {
				t.Errorf("polled twice at %d s", after)
			}
		}
		o.want(m, "accepted")
		o.clock.Advance(time.Minute)
		o.claims()
		o.want(m, c.want)
	}
}

func TestTaskSucceededWithoutOurWordsIsNotDelivered(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	for range 3 {
		a := o.claim()
		o.settle(a, accepted)
		o.clock.Advance(2 * time.Second)
		o.settle(o.claim(), polled("ALL SUCCESS", 0))
		o.want(m, "accepted")
		o.clock.Advance(time.Minute)
		o.claims()
		o.clock.Advance(time.Hour)
	}
	o.want(m, "pickup: no call")
}

func TestEventCallWithoutItsIDIsMatchedToTheAttemptInFlight(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	messages := store.Value(o.db, `select count(*) from messages where kind = 'citizen'`)
	if h := o.event(""); strings.Contains(h.Text(), "고칠게요") {
		t.Error("shown before an attempt was recorded")
	}
	o.claim()
	if h := o.event("foreign-id"); !strings.Contains(h.Text(), "오늘 고칠게요.") {
		t.Errorf("the call reads %q", h.Text())
	}
	o.want(m, "offered")
	if now := store.Value(o.db, `select count(*) from messages where kind = 'citizen'`); now != messages {
		t.Error("an event call was stored as a message")
	}
}

func TestOrderIsKeptAndThreeBubblesShareAnEvent(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	long := strings.Repeat("가로등을 하나씩 점검하고 있어요. ", 40)
	one, two, three := o.reply("첫째예요."), o.reply(long), o.reply("셋째예요.")
	a := o.claim()
	o.settle(a, accepted)
	if work := o.claims(); len(work) != 0 {
		t.Errorf("a second attempt in flight: %+v", work)
	}
	h := o.event(a.UID)
	if len(h.Bubbles) != 3 || h.Bubbles[0] != "첫째예요." || !strings.HasPrefix(h.Bubbles[1], "(1/2)") {
		t.Errorf("bubbles %q", h.Bubbles)
	}
	o.written(h, true)
	o.want(three, "queued")
	o.clock.Advance(2 * time.Second)
	o.settle(o.claims()[0], polled("ALL SUCCESS", 0))
	o.want(one, "delivered")
	o.want(two, "delivered")
	next := o.claim()
	if h := o.event(next.UID); len(h.Bubbles) != 1 || h.Bubbles[0] != "셋째예요." {
		t.Errorf("then %q", h.Bubbles)
	}
}

func TestNewReplyDoesNotOvertakeOneInBackOff(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	first := o.reply("첫째예요.")
	o.settle(o.claim(), store.Report{Verdict: store.VerdictUnreached, Reason: "dial", Jitter: 0.5})
	o.want(first, "queued: dial")
	o.reply("둘째예요.")
	if work := o.claims(); len(work) != 0 {
		t.Errorf("overtaken: %+v", work)
	}
	o.clock.Advance(10 * time.Second)
	if h := o.event(o.claim().UID); len(h.Bubbles) != 2 || h.Bubbles[0] != "첫째예요." {
		t.Errorf("bubbles %q", h.Bubbles)
	}
}

func TestEightGoroutinesClaimEachAttemptOnce(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	for i := range 40 {
		storetest.Say(t, db, storetest.Call{User: fmt.Sprint("user", i), Text: "가로등이 꺼져 있어요", Friend: true})
		number := store.Value(db, `select number from tickets order by id desc limit 1`)
		if _, err := db.Reply(ctx, operator, number, store.ReplyInput{Text: "오늘 고칠게요."}); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(time.Second)
	var mu sync.Mutex
	claimed := map[string]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				work, _, err := db.ClaimAttempts(ctx, store.Claim{Max: 3})
				if err != nil {
					t.Error(err)
				}
				if len(work) == 0 {
					return
				}
				mu.Lock()
				for _, a := range work {
					claimed[a.Target]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(claimed) != 40 {
		t.Errorf("%d citizens have an attempt, want 40", len(claimed))
	}
	for user, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", user, n)
		}
	}
}

func TestTooManyRequestsPausesTheRouteForRetryAfter(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	o.settle(o.claim(), store.Report{Verdict: store.VerdictBusy, RetryAfter: 2 * time.Minute, Reason: "429"})
	o.want(m, "queued: 429")
	o.clock.Advance(119 * time.Second)
	o.reply("덧붙여요.")
	if work := o.claims(); len(work) != 0 {
		t.Errorf("sent before Retry-After was over: %+v", work)
	}
	due, err := o.db.NextOutbox(ctx, nil)
	if err != nil || due.Now(o.db.Now(), o.db.Real()) {
		t.Errorf("due %+v at %v: the dispatcher would spin (%v)", due, o.clock.Now(), err)
	}
	o.clock.Advance(time.Second)
	o.claim()
}

func TestRouteRestsAfterRepeatedFailuresAndCanBeReset(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	for range 5 {
		o.settle(o.claim(), store.Report{Verdict: store.VerdictRefused, Reason: "404 Invalid Event name", Jitter: 0.5})
		o.clock.Advance(time.Hour + time.Minute)
	}
	o.clock.Advance(-time.Hour - 30*time.Second)
	pauses, err := o.db.RoutePauses(ctx)
	if err != nil || len(pauses) != 1 || pauses[0].Route != "event" || pauses[0].Failures != 5 || pauses[0].Until.IsZero() {
		t.Fatalf("pauses %+v, %v", pauses, err)
	}
	if err := o.db.ResetRoute(ctx, operator, "event"); store.KindOf(err) != store.Forbidden {
		t.Errorf("an operator reset the route: %v", err)
	}
	if work := o.claims(); len(work) != 0 {
		t.Errorf("sent on a resting route: %+v", work)
	}
	if err := o.db.ResetRoute(ctx, store.Actor{Role: store.RoleAdmin, Name: "관리자"}, "event"); err != nil {
		t.Fatal(err)
	}
	o.claim()
	o.want(m, "sending")
}

func TestRefusedToTheEndFallsToPickup(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	for range 8 {
		o.settle(o.claim(), store.Report{Verdict: store.VerdictRefused, Reason: "refused"})
		o.clock.Advance(2 * time.Hour)
	}
	o.want(m, "pickup: refused")
}

func TestClockSetBackMovesRetriesWithIt(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	o.reply("오늘 고칠게요.")
	o.settle(o.claim(), store.Report{Verdict: store.VerdictUnreached, Reason: "dial", Jitter: 0.5})
	o.clock.Advance(-5 * time.Hour)
	if err := o.db.Rebase(ctx, 5*time.Hour); err != nil {
		t.Fatal(err)
	}
	o.clock.Advance(10 * time.Second)
	o.claim()
}

func TestCrashBetweenRecordingAndSendingIsTriedAgain(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 10:00"))
	dir := t.TempDir()
	o := &out{TB: t, db: storetest.Open(t, clock, dir), clock: clock}
	o.says("가로등이 꺼져 있어요", friend)
	o.number = store.Value(o.db, `select number from tickets`)
	m := o.reply("오늘 고칠게요.")
	first := o.claim()
	o.db.Close()
	o.db = storetest.Open(t, clock, dir)
	o.want(m, "sending")
	if work := o.claims(); len(work) != 0 {
		t.Errorf("sent again while the first may still be on its way: %+v", work)
	}
	clock.Advance(91 * time.Second)
	o.claims()
	clock.Advance(time.Minute)
	if second := o.claim(); second.UID == first.UID {
		t.Error("the same attempt was given out again")
	}
}

// A second event is under way when Kakao at last comes for the first: the words are read then, and the second call
// points to them.
func TestLateSkillCallOfAnEarlierEventShowsTheWordsOnce(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m := o.reply("오늘 고칠게요.")
	first := o.claim()
	o.settle(first, accepted)
	o.clock.Advance(61 * time.Second)
	o.claims()
	o.clock.Advance(time.Minute)
	second := o.claim()
	if second.UID == first.UID {
		t.Fatal("no second event")
	}
	o.settle(second, store.Report{Verdict: store.VerdictTaken, Task: "task-2"})
	h := o.event(first.UID)
	if len(h.Bubbles) != 1 || h.Bubbles[0] != m.Text {
		t.Errorf("the late call shows %q", h.Bubbles)
	}
	if again := o.event(second.UID); again.Offer != 0 || again.Text() == m.Text {
		t.Errorf("the second call shows %q", again.Text())
	}
	o.written(h, true)
	o.want(m, "delivered")
	o.clock.Advance(3 * time.Second)
	o.settle(o.claim(), polled("ALL SUCCESS", 0))
	if work := o.claims(); len(work) != 0 {
		t.Errorf("then %+v is sent", work)
	}
}

// An answer is settled once, by whatever came first (RULES D1).
func TestOfferIsSettledOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settle []bool
		crash  bool
		want   string
	}{
		"written, then lost":            {[]bool{true, false}, false, "delivered"},
		"written twice":                 {[]bool{true, true}, false, "delivered"},
		"lost, then written":            {[]bool{false, true}, false, "pickup"},
		"lost twice":                    {[]bool{false, false}, false, "pickup"},
		"written after a restart":       {[]bool{true}, true, "unknown"},
		"lost after a restart":          {[]bool{false}, true, "unknown"},
		"never, until the next restart": {nil, true, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := outbox(t, stranger)
			m := o.reply("오늘 고칠게요.")
			h := o.hears("답변 확인", stranger)
			o.want(m, "offered")
			if c.crash {
				dir := o.db.Dir()
				if err := o.db.Close(); err != nil {
					t.Fatal(err)
				}
				o.db = storetest.Open(t, o.clock, dir)
			}
			for _, written := range c.settle {
				o.written(h, written)
			}
			o.want(m, c.want)
			if got := store.Value(o.db, `select count(*) from offers where state = 'open'`); got != "0" {
				t.Errorf("%s offers are open", got)
			}
			o.clock.Advance(time.Minute)
			if next := o.says("답변 확인", stranger); strings.Contains(next.Text(), m.Text) != (c.want == "pickup") {
				t.Errorf("the next call reads %q", next.Text())
			}
		})
	}
}

// The clock was set back while no process ran: nothing waits for the old time, but what was promised for a time does.
func TestClockSetBackBetweenTwoStarts(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	tomorrow := storetest.At("2026-11-24 09:00")
	promised, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "내일 보낼 글이에요.", NotBefore: tomorrow})
	if err != nil {
		t.Fatal(err)
	}
	m := o.reply("오늘 고칠게요.")
	o.settle(o.claim(), store.Report{Verdict: store.VerdictUnreached, Reason: "dial", Jitter: 0.5})
	o.want(m, "queued")
	o.clock.Advance(-24 * time.Hour)
	if err := o.db.RebaseAtStart(ctx); err != nil {
		t.Fatal(err)
	}
	a := o.claim()
	o.settle(a, accepted)
	o.event(a.UID)
	o.clock.Advance(-24 * time.Hour)
	if err := o.db.RebaseAtStart(ctx); err != nil {
		t.Fatal(err)
	}
	if work := o.claims(); len(work) != 0 {
		t.Errorf("asked at once: %+v", work)
	}
	o.clock.Advance(3 * time.Second)
	if poll := o.claim(); !poll.Poll || poll.Task != "task-1" {
		t.Errorf("then %+v", poll)
	}
	if d := store.DeliveryOf(o.db, promised.ID); d.State != "queued" || !d.NotBefore.Equal(tomorrow) {
		t.Errorf("what was promised for tomorrow: %+v", d)
	}
}
