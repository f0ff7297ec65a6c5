package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

const (
	tooMany = "많은 글이 이어지고 있어요. 곧 확인할게요."
	noMore  = "저장하지 못했어요. 내일 다시"
)

// RULES B7: twenty a minute and two hundred a day in full, a thousand a day at all, for each citizen.
func TestOneCitizenCannotBuryTheDesk(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	said := 0
	says := func() string {
		said++
		return storetest.Say(t, db, storetest.Call{Text: fmt.Sprint("글 ", said)}).Text()
	}
	for i := 1; i <= 20; i++ {
		if got := says(); strings.Contains(got, tooMany) {
			t.Fatalf("message %d of the minute: %q", i, got)
		}
	}
	watch := db.Live().Subscribe(nil)
	defer watch.Close()
	if got := says(); !strings.Contains(got, tooMany) {
		t.Errorf("message 21 of the minute: %q", got)
	}
	select {
	case c := <-watch.C():
		t.Errorf("the desk is told live of a flood: %+v", c)
	default:
	}
	if c := list(t, db)[0]; !c.Flooded || c.Unread != 21 {
		t.Errorf("flooded %v, unread %d", c.Flooded, c.Unread)
	}
	if got := storetest.Say(t, db, storetest.Call{User: "another", Text: "글"}).Text(); strings.Contains(got, tooMany) {
		t.Errorf("another citizen in the same minute: %q", got)
	}
	<-watch.C()
	clock.Set(storetest.At("2026-11-23 10:00:59.999"))
	if got := says(); !strings.Contains(got, tooMany) {
		t.Errorf("at the end of the minute: %q", got)
	}
	clock.Set(storetest.At("2026-11-23 10:01"))
	if got := says(); strings.Contains(got, tooMany) {
		t.Errorf("in the next minute: %q", got)
	}
	<-watch.C()

	day := func(n int) {
		t.Helper()
		clock.Advance(time.Minute)
		if err := store.Exec(db, `update citizens set day_count = ? where id = 1`, n-1); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range map[int]string{200: "✓ 받았어요", 201: tooMany, 1000: tooMany, 1001: noMore, 5000: noMore} {
		day(n)
		before := store.Value(db, `select (select count(*) from messages) || ' ' || (select count(*) from journal)`)
		got := says()
		if !strings.Contains(got, want) {
			t.Errorf("message %d of the day: %q, want %q", n, got, want)
		}
		after := store.Value(db, `select (select count(*) from messages) || ' ' || (select count(*) from journal)`)
		if (before == after) != (want == noMore) {
			t.Errorf("message %d of the day: messages and journal %s, then %s", n, before, after)
		}
	}
	clock.Set(storetest.At("2026-11-23 23:59:59"))
	day(1001) // a minute later it is the next day
	if got := says(); strings.Contains(got, tooMany) || strings.Contains(got, noMore) {
		t.Errorf("the next day: %q", got)
	}
}

// An urgent word is an alarm also from somebody who floods.
func TestUrgentWordsOfAFlood(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	for i := range 21 {
		storetest.Say(t, db, storetest.Call{Text: fmt.Sprint("글 ", i)})
	}
	watch := db.Live().Subscribe(nil)
	defer watch.Close()
	h := storetest.Say(t, db, storetest.Call{Text: "가스 냄새가 나요"})
	if !strings.Contains(h.Bubbles[0], "119") {
		t.Errorf("answer %q", h.Bubbles)
	}
	select {
	case c := <-watch.C():
		if c.Kind != "urgent" {
			t.Errorf("told as %q", c.Kind)
		}
	case <-time.After(10 * time.Second):
		t.Error("the desk is not told")
	}
}

// RULES B7: whom staff have blocked reads one text with the telephone; his words are kept, but no case is made.
func TestBlockedCitizen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 10:00")
	set := o.db.Settings()
	set.Contact = "054-779-8585"
	if err := o.db.SaveSettings(bg, o.admin, set); err != nil {
		t.Fatal(err)
	}
	n := o.write(t, "a", "첫 글")
	must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "답변이에요."}))(t)
	if err := store.Exec(o.db, `update citizens set blocked_at = ?, blocked_until = ?, blocked_by = 'admin:chief', block_reason = '폭언'`,
		storetest.At("2026-11-23 10:00").UnixMilli(), storetest.At("2026-11-23 12:00").UnixMilli()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"막힌 동안의 글", "답변 확인", "진행상황"} {
		h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: text})
		if len(h.Bubbles) != 1 || !strings.Contains(h.Bubbles[0], "상담해 드리기 어려워요") || !strings.Contains(h.Bubbles[0], "054-779-8585") {
			t.Errorf("%q is answered %q", text, h.Bubbles)
		}
	}
	if got := stored(o.db); got != "1 citizens, 1 cases, 1 messages, 0 kept aside" {
		t.Errorf("stored %s", got)
	}
	if got := store.Value(o.db, `select count(*) from journal where cast(body as text) like '%막힌 동안의 글%'`); got != "1" {
		t.Errorf("the words are kept %s times", got)
	}
	o.clock.Set(storetest.At("2026-11-23 12:00"))
	if h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "다시 쓸게요"}); h.Bubbles[0] != "답변이에요." {
		t.Errorf("after the block: %q", h.Bubbles)
	}
}

// What a call tells of friendship, and what Kakao's notices tell of it.
func TestFriendshipComesAndGoes(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	friend := func(want string) {
		t.Helper()
		if got := store.Value(db, `select friend || case when blocked_at is null then '' else ' blocked' end from identities`); got != want {
			t.Errorf("friend %s, want %s", got, want)
		}
	}
	in := storetest.Call{Text: "글", Friend: true}.In(db)
	in.Body = []byte(strings.Replace(string(in.Body), `"botUserKey":"citizen"`, `"botUserKey":"citizen","appUserId":"77"`, 1))
	db.Receive(bg, in)
	friend("1")
	clock.Advance(time.Minute)
	storetest.Say(t, db, storetest.Call{Text: "지금은 친구가 아니에요"}) // Kakao leaves isFriend out then
	friend("0")
	for _, n := range []struct {
		app, what string
		at        time.Duration
		want      string
	}{
		{"77", "added", time.Minute, "1"},
		{"77", "blocked", -3 * time.Minute, "1"}, // older than what is known
		{"78", "blocked", time.Minute, "1"},      // somebody else
		{"77", "blocked", 2 * time.Minute, "0 blocked"},
		{"77", "blocked", 2 * time.Minute, "0 blocked"}, // twice
	} {
		now := clock.Now()
		clock.Advance(3 * time.Minute)
		if err := db.ChannelChanged(bg, n.app, n.what, now.Add(n.at)); err != nil {
			t.Error(err)
		}
		friend(n.want)
	}
	storetest.Say(t, db, storetest.Call{Text: "다시 추가했어요", Friend: true})
	friend("1")
	wantKind(t, db.ChannelChanged(bg, "77", "renamed", clock.Now()), store.Invalid)
	wantKind(t, db.ChannelChanged(bg, "", "added", clock.Now()), store.Invalid)
}
