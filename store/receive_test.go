package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

var admin = store.Actor{Role: store.RoleAdmin, Name: "관리자"}

// list reads the cases of a state as the desk would.
func list(t *testing.T, db *store.DB, states ...store.State) []*store.Ticket {
	t.Helper()
	page, err := db.Tickets(context.Background(), admin, store.ListQuery{States: states, Limit: 200, Sort: "newest"})
	if err != nil {
		t.Fatal(err)
	}
	return page.Tickets
}

func TestFirstMessageWhileOpen(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	h := storetest.Say(t, db, storetest.Call{Text: "중앙로 12 앞 가로등이 꺼져 있어요\n사흘째예요", Friend: true})
	want := "접수번호 2026-000001"
	if len(h.Bubbles) != 1 || !strings.HasPrefix(h.Bubbles[0], want) {
		t.Errorf("answer %q, want one bubble that begins %q", h.Bubbles, want)
	}
	if !strings.HasSuffix(h.Bubbles[0], "https://talk.example.kr/privacy") {
		t.Errorf("the very first answer does not end with the privacy link: %q", h.Bubbles[0])
	}
	got := list(t, db, store.StateOpen)
	if len(got) != 1 {
		t.Fatalf("%d open cases, want 1", len(got))
	}
	c := got[0]
	if c.Subject != "중앙로 12 앞 가로등이 꺼져 있어요" || c.Unread != 1 || !c.AwaitingSince.Equal(storetest.At("2026-11-23 10:00")) || c.Citizen.Friend == nil || !*c.Citizen.Friend {
		t.Errorf("case %+v", c)
	}
	if want := storetest.At("2026-11-23 18:00").Add(time.Hour + 15*time.Hour); c.AcceptBy.After(want) || c.AcceptBy.IsZero() {
		t.Errorf("accept by %v", c.AcceptBy)
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "빨리 부탁드려요", Friend: true}); len(h.Bubbles) != 1 || h.Bubbles[0] != "✓ 받았어요" {
		t.Errorf("second answer %q", h.Bubbles)
	}
	if n := len(list(t, db)); n != 1 {
		t.Errorf("%d cases after a second message, want 1", n)
	}
}

func TestFirstMessageWhileClosedPromisesTheNextOpening(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-09-23 22:30")
	h := storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	for _, want := range []string{"접수번호 2026-000001", "9월 28일(월) 09:00", "112", "119"} {
		if !strings.Contains(h.Text(), want) {
			t.Errorf("answer %q lacks %q", h.Text(), want)
		}
	}
	got := list(t, db, store.StateWaiting)
	if len(got) != 1 || got[0].FollowUpOn != "2026-09-28" {
		t.Fatalf("waiting cases: %+v", got)
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "하나 더요", Friend: true}); h.Bubbles[0] != "✓ 받았어요" {
		t.Errorf("the opening is told twice in a period: %q", h.Bubbles)
	}
}

func TestHalfOpenBoundary(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]store.State{
		"2026-11-23 08:59:59.999": store.StateWaiting, "2026-11-23 09:00:00.000": store.StateOpen,
		"2026-11-23 17:59:59.999": store.StateOpen, "2026-11-23 18:00:00.000": store.StateWaiting,
	} {
		db, _ := storetest.New(t, at)
		storetest.Say(t, db, storetest.Call{Text: "안녕하세요"})
		if got := list(t, db)[0].State; got != want {
			t.Errorf("at %s the case is %s, want %s", at, got, want)
		}
	}
}

// TestConcurrentFirstMessages: numbers have no gaps and no doubles under 64 at once.
func TestConcurrentFirstMessages(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	const n = 64
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			h := storetest.Hear(t, db.Receive(context.Background(), storetest.Call{User: fmt.Sprint("citizen-", i), Text: "처음 글이에요"}.In(db)))
			mu.Lock()
			defer mu.Unlock()
			seen[strings.TrimPrefix(strings.SplitN(h.Text(), "\n", 2)[0], "접수번호 ")] = true
		})
	}
	wg.Wait()
	for i := 1; i <= n; i++ {
		if !seen[fmt.Sprintf("2026-%06d", i)] {
			t.Errorf("number %d was given to nobody", i)
		}
	}
	if len(seen) != n {
		t.Errorf("%d different numbers, want %d", len(seen), n)
	}
}

// Numbers stay without gaps beside messages that fail after they were given one.
func TestFailuresLeaveNoGap(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	if err := store.Exec(db, `create trigger broken before insert on messages when new.text like '실패%' begin select raise(abort, 'broken'); end`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 96 {
		text := "처음 글이에요"
		if i%3 == 0 {
			text = "실패하는 글이에요"
		}
		in := storetest.Call{User: fmt.Sprint("citizen-", i), Text: text}.In(db)
		wg.Go(func() { storetest.Hear(t, db.Receive(context.Background(), in)) })
	}
	wg.Wait()
	if got := store.Value(db, `select count(*) || ' ' || min(number) || ' ' || max(number) from tickets`); got != "64 2026-000001 2026-000064" {
		t.Errorf("cases and their numbers: %s", got)
	}
	if got := store.Value(db, `select count(*) from quarantine`); got != "32" {
		t.Errorf("%s kept aside, want 32", got)
	}
}

func TestSameRequestGetsTheSameBytes(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	call := storetest.Call{Text: "도로가 파였어요", Request: "r-1"}
	first := db.Receive(context.Background(), call.In(db))
	clock.Advance(9 * time.Minute)
	again := db.Receive(context.Background(), call.In(db))
	if string(first.Body) != string(again.Body) {
		t.Errorf("repeat got other bytes:\n%s\n%s", first.Body, again.Body)
	}
	clock.Advance(2 * time.Minute)
	call.Request = "r-2"
	storetest.Say(t, db, call) // the same words much later: a second message
	call.Request = "r-3"
	storetest.Say(t, db, call) // a double tap: counted on the message
	clock.Advance(5 * time.Second)
	storetest.Say(t, db, call) // Kakao's own second try of the second tap: the citizen did nothing
	c := list(t, db)
	if len(c) != 1 {
		t.Fatalf("%d cases, want 1", len(c))
	}
	th, err := db.Thread(context.Background(), admin, c[0].Number)
	if err != nil {
		t.Fatal(err)
	}
	var repeats []int
	for _, m := range th.Messages {
		if m.Kind == store.FromCitizen {
			repeats = append(repeats, m.Repeats)
		}
	}
	if fmt.Sprint(repeats) != "[1 2]" {
		t.Errorf("repeats %v, want two messages, of which the citizen sent the second twice", repeats)
	}
}

func TestPersonalNumbersNeverArrive(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	h := storetest.Say(t, db, storetest.Call{Text: "제 번호는 850101-1234567 이고 전화는 010-1234-5678"})
	if !strings.Contains(h.Text(), "이런 번호는 보내지 말아 주세요") {
		t.Errorf("the citizen is not told: %q", h.Text())
	}
	th, err := db.Thread(context.Background(), admin, "2026-000001")
	if err != nil {
		t.Fatal(err)
	}
	if got := th.Messages[0].Text; !strings.Contains(got, "[주민등록번호 가림]") || !strings.Contains(got, "010-1234-5678") {
		t.Errorf("stored %q", got)
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "850101-1234567"}); strings.Contains(h.Text(), "말아 주세요") {
		t.Errorf("told twice: %q", h.Text())
	}
}

func TestUrgentWordsPutHelpFirst(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 22:00")
	h := storetest.Say(t, db, storetest.Call{Text: "옆집에서 가스 냄새가 심하게 나요"})
	if len(h.Bubbles) != 2 || !strings.Contains(strings.SplitN(h.Bubbles[0], "\n", 2)[0], "119") {
		t.Fatalf("answer %q, want help first", h.Bubbles)
	}
	if c := list(t, db)[0]; !c.Urgent {
		t.Error("the case is not flagged")
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "가스 냄새가 더 심해요"}); len(h.Bubbles) != 1 {
		t.Errorf("help is told twice a day: %q", h.Bubbles)
	}
}

func TestOddBodiesGetAPoliteAnswerAndLoseNothing(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	for name, body := range map[string]string{
		"empty": "", "no JSON": "hello", "cut": `{"userRequest":{"utterance":"가로등`, "list": `[]`, "no user": `{"userRequest":{"utterance":"안녕"}}`,
		"numbers": `{"userRequest":7,"bot":[],"action":"x"}`, "not UTF-8": "\xff\xfe{}",
	} {
		a := db.Receive(context.Background(), store.In{Body: []byte(body), Arrived: db.Now(), Real: db.Real()})
		if h := storetest.Hear(t, a); !strings.Contains(h.Text(), "상담원이 확인합니다") {
			t.Errorf("%s: answer %q", name, h.Text())
		}
	}
	kept, err := db.Quarantine(context.Background(), admin)
	if err != nil || len(kept) != 7 {
		t.Fatalf("%d kept aside, want 7 (%v)", len(kept), err)
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "안녕하세요", Bot: "other"}); !strings.Contains(h.Text(), "연결되어 있지 않아요") {
		t.Errorf("foreign bot: %q", h.Text())
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "  \n "}); !strings.Contains(h.Text(), "내용이 비어") {
		t.Errorf("empty words: %q", h.Text())
	}
	if n := len(list(t, db)); n != 0 {
		t.Errorf("%d cases were made of odd bodies", n)
	}
}

func TestTestsAreNotCases(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	h := storetest.Say(t, db, storetest.Call{Text: "테스트", Surface: "BuilderBotTest"})
	if !strings.HasPrefix(h.Text(), "접수번호 시험") {
		t.Errorf("bot test reads %q", h.Text())
	}
	h = storetest.Say(t, db, storetest.Call{Text: "개발 채널이에요", Bot: storetest.BotID + "!"})
	if !strings.HasPrefix(h.Text(), "접수번호 시험") {
		t.Errorf("development bot reads %q", h.Text())
	}
	if n := len(list(t, db)); n != 0 {
		t.Errorf("%d tests stand in the list", n)
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "진짜"}); !strings.HasPrefix(h.Text(), "접수번호 2026-000001") {
		t.Errorf("a test used up a number: %q", h.Text())
	}
}

func TestCommandsAreNeverMessages(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	storetest.Say(t, db, storetest.Call{User: "a", Text: "가로등"})
	storetest.Say(t, db, storetest.Call{User: "b", Text: "도로"})
	for text, want := range map[string]string{"진행상황": "2026-000001", "2026-000001": "답변 대기", "2026-000002": "찾지 못했어요", "2026-999999": "찾지 못했어요", "답변 확인": "새로 도착한 답변이 없어요"} {
		clock.Advance(5 * time.Second)
		if h := storetest.Say(t, db, storetest.Call{User: "a", Text: text}); !strings.Contains(h.Text(), want) {
			t.Errorf("%q is answered %q, want %q in it", text, h.Text(), want)
		}
	}
	th, err := db.Thread(context.Background(), admin, "2026-000001")
	if err != nil || len(th.Messages) != 1 {
		t.Errorf("%d messages, want the first alone (%v)", len(th.Messages), err)
	}
}

func TestWithdrawNeedsTheButtonAndTheOwner(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	storetest.Say(t, db, storetest.Call{User: "a", Text: "가로등"})
	clock.Advance(5 * time.Second)
	if h := storetest.Say(t, db, storetest.Call{User: "a", Text: "취하"}); !strings.Contains(h.Text(), "취하할까요") {
		t.Errorf("not asked: %q", h.Text())
	}
	if h := storetest.Say(t, db, storetest.Call{User: "b", Text: "취하할게요", Extra: map[string]any{"op": "withdraw", "case": "2026-000001"}}); !strings.Contains(h.Text(), "찾지 못했어요") {
		t.Errorf("a stranger's button: %q", h.Text())
	}
	if got := list(t, db, store.StateOpen); len(got) != 1 {
		t.Fatalf("%d open cases, want 1", len(got))
	}
	storetest.Say(t, db, storetest.Call{User: "a", Text: "취하할게요", Extra: map[string]any{"op": "withdraw", "case": "2026-000001"}})
	if got := list(t, db, store.StateClosed); len(got) != 1 || got[0].Outcome != "withdrawn" {
		t.Errorf("closed cases %+v", got)
	}
}

func TestFloodIsStoredQuietlyAndBounded(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	for i := range 25 {
		clock.Advance(time.Second)
		h := storetest.Say(t, db, storetest.Call{Text: fmt.Sprint("글 ", i)})
		if i == 24 && !strings.Contains(h.Text(), "많은 글이 이어지고 있어요") {
			t.Errorf("message %d: %q", i, h.Text())
		}
	}
	if c := list(t, db)[0]; !c.Flooded || c.Unread != 25 {
		t.Errorf("flooded %v, unread %d", c.Flooded, c.Unread)
	}
}
