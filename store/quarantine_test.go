package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// breakIntake makes every new case fail until mend is called.
func breakIntake(t *testing.T, db *store.DB) (mend func()) {
	t.Helper()
	if err := store.Exec(db, `create trigger broken before insert on rounds begin select raise(abort, 'broken'); end`); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := store.Exec(db, `drop trigger broken`); err != nil {
			t.Fatal(err)
		}
	}
}

// RULES B3: our own failure loses nothing, and the replay knows when the words came.
func TestFailureIsKeptAsideAndReplayed(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-12-31 23:58")
	mend := breakIntake(t, o.db)
	h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "번호는 850101-1234567 이고 가로등이 꺼졌어요", Callback: "https://bot-api.kakao.com/cb"})
	if got := strings.TrimSpace(h.Text()); got != "글을 받았지만 처리 중 문제가 생겼어요. 상담원이 확인합니다." || h.Waiting != "" {
		t.Errorf("the citizen reads %q", got)
	}
	kept := must(o.db.Quarantine(bg, o.admin))(t)
	if len(kept) != 1 || kept[0].Reason != "failed" || kept[0].Detail == "" || strings.Contains(string(kept[0].Body), "850101") || !strings.Contains(string(kept[0].Body), "가로등이 꺼졌어요") {
		t.Fatalf("kept aside: %+v", kept)
	}
	if got := stored(o.db); got != "0 citizens, 0 cases, 0 messages, 1 kept aside" {
		t.Errorf("stored %s", got)
	}

	// While it still fails, a replay changes nothing.
	o.clock.Set(storetest.At("2027-01-04 10:00"))
	if err := o.db.Replay(bg, o.admin, kept[0].ID); err == nil {
		t.Error("a failing replay reports nothing")
	}
	if got := must(o.db.Quarantine(bg, o.admin))(t); len(got) != 1 {
		t.Errorf("%d rows after a failing replay, want the one", len(got))
	}
	mend()
	wantKind(t, o.db.Replay(bg, o.operator, kept[0].ID), store.Forbidden)
	if err := o.db.Replay(bg, o.admin, kept[0].ID); err != nil {
		t.Fatal(err)
	}
	tk := must(o.db.Ticket(bg, o.admin, "2026-000001"))(t) // of the year in which it came
	if at := storetest.At("2026-12-31 23:58"); !tk.ReceivedAt.Equal(at) || !tk.AwaitingSince.Equal(at) || tk.State != store.StateWaiting || tk.FollowUpOn != "2027-01-04" {
		t.Errorf("replayed: %s received %s awaiting %s queue %q", tk.State, tk.ReceivedAt, tk.AwaitingSince, tk.FollowUpOn)
	}
	if n := must(o.db.Stragglers(bg, store.Job("opening")))(t); n != 1 {
		t.Errorf("%d cases joined the running day, want the replayed one", n)
	}
	wantKind(t, o.db.Replay(bg, o.admin, kept[0].ID), store.NotFound)
	if got := store.Value(o.db, `select handled_by || ' ' || message || ' ' || length(body) from quarantine`); got != "admin:chief 1 0" {
		t.Errorf("the row afterwards: %s", got)
	}
	// Nobody read the replayed answer, so the next one tells what is told once.
	h = storetest.Say(t, o.db, storetest.Call{User: "a", Text: "언제 되나요"})
	if !strings.Contains(h.Text(), "답변 확인") || !strings.HasSuffix(strings.TrimSpace(h.Text()), "/privacy") {
		t.Errorf("the next answer %q", h.Text())
	}
}

// Words that come out of quarantine may be older than those that wait; then the citizen has waited since then.
func TestReplayedWordsCountFromTheirArrival(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	mend := breakIntake(t, o.db)
	storetest.Say(t, o.db, storetest.Call{User: "a", Text: "첫 글"})
	mend()
	o.clock.Advance(time.Hour)
	n := o.write(t, "a", "둘째 글")
	if err := o.db.Replay(bg, o.admin, must(o.db.Quarantine(bg, o.admin))(t)[0].ID); err != nil {
		t.Fatal(err)
	}
	if tk := must(o.db.Ticket(bg, o.admin, n))(t); !tk.AwaitingSince.Equal(storetest.At("2026-11-24 10:00")) || tk.Unread != 2 {
		t.Errorf("awaiting since %s, unread %d", tk.AwaitingSince, tk.Unread)
	}
}

func TestWhatCannotBeReplayed(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-24 10:00"))
	dir := t.TempDir()
	db := storetest.Open(t, clock, dir, func(o *store.Options) { o.Outside.BotIDs = []string{"the-other-bot"} })
	for _, c := range []storetest.Call{
		{Text: "봇을 잘못 적었을 때 온 글"}, {Text: "시험", Surface: "BuilderBotTest"}, {Text: "시험", Params: map[string]any{"ignoreMe": "true"}},
	} {
		if h := storetest.Say(t, db, c); !strings.Contains(h.Text(), "연결되어 있지 않아요") {
			t.Errorf("foreign bot: %q", h.Text())
		}
	}
	db.Receive(bg, store.In{Body: []byte(`{"cut`), Arrived: db.Now(), Real: db.Real()})
	first := must(db.Quarantine(bg, admin))(t)[0]
	wantKind(t, db.Replay(bg, admin, first.ID), store.Invalid)
	db.Close()

	// The officer corrects the setting and starts again.
	db = storetest.Open(t, clock, dir)
	kept := must(db.Quarantine(bg, admin))(t)
	if len(kept) != 4 || kept[0].Reason != "wrong_bot" {
		t.Fatalf("kept aside: %+v", kept)
	}
	if err := db.Replay(bg, admin, kept[0].ID); err != nil {
		t.Error(err)
	}
	for _, q := range kept[1:] { // tests are no cases, and what cannot be read is for a person
		wantKind(t, db.Replay(bg, admin, q.ID), store.Invalid)
		if err := db.Discard(bg, admin, q.ID); err != nil {
			t.Error(err)
		}
	}
	if got := stored(db); got != "1 citizens, 1 cases, 1 messages, 4 kept aside" {
		t.Errorf("stored %s", got)
	}
	if got := must(db.Quarantine(bg, admin))(t); len(got) != 0 {
		t.Errorf("%d rows still wait", len(got))
	}
	if got := store.Value(db, `select sum(length(body)) from quarantine`); got != "0" {
		t.Errorf("%s bytes of handled bodies are kept", got)
	}
}

// Too many at once, and a store that cannot write: the citizen is told that nothing was stored, and nothing is.
func TestRefusalsSayThatNothingWasStored(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 10:00", func(o *store.Options) { o.Queue = 1 })
	gate, held := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- db.Write(context.Background(), store.System("test"), func(*store.Tx) error {
			close(held)
			<-gate
			return nil
		})
	}()
	<-held
	waits := make(chan store.Answer, 8)
	for i := range cap(waits) { // one finds the only place in the queue
		in := storetest.Call{User: string(rune('a' + i)), Text: "글"}.In(db)
		go func() { waits <- db.Receive(bg, in) }()
	}
	refused := 0
	for range cap(waits) - 1 {
		h := storetest.Hear(t, <-waits)
		if !strings.Contains(h.Text(), "이용이 몰려 글을 저장하지 못했어요") || !strings.Contains(h.Text(), "112·119") {
			t.Errorf("refused with %q", h.Text())
		}
		refused++
	}
	close(gate)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if h := storetest.Hear(t, <-waits); !strings.Contains(h.Text(), "접수번호 2026-000001") {
		t.Errorf("the one that waited reads %q", h.Text())
	}
	if got := stored(db); refused != 7 || got != "1 citizens, 1 cases, 1 messages, 0 kept aside" {
		t.Errorf("%d refused, stored %s", refused, got)
	}
	db.Close()
	if h := storetest.Hear(t, db.Receive(bg, storetest.Call{Text: "글"}.In(db))); !strings.Contains(h.Text(), "글을 저장하지 못했어요") {
		t.Errorf("a store that cannot write: %q", h.Text())
	}
}
