package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// RULES C3: four of five cases of the last days were answered within n minutes, rounded up to 5.
func TestHonestTimeWhileOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 10:00")
	asks := func(user string) string {
		t.Helper()
		o.clock.Advance(6 * time.Minute) // the figure is measured anew
		store.Present(o.db, store.RoleOperator)
		return storetest.Say(t, o.db, storetest.Call{User: user, Text: "얼마나 걸리나요", Friend: true}).Text()
	}
	answer := func(user, arrived string, after time.Duration) {
		t.Helper()
		o.clock.Set(storetest.At(arrived))
		n := o.write(t, user, "글")
		o.clock.Advance(after)
		must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "답변이에요."}))(t)
	}
	for i := range 19 { // 1 … 19 minutes
		answer(fmt.Sprint("c", i), "2026-11-23 10:00", time.Duration(i+1)*time.Minute)
	}
	for i := range 3 { // what came while the office was closed says nothing
		answer(fmt.Sprint("night", i), "2026-11-22 10:00", 30*time.Hour)
	}
	o.clock.Set(storetest.At("2026-11-23 11:00"))
	if got := asks("x"); strings.Contains(got, "보통") {
		t.Errorf("a time out of 19 cases: %q", got)
	}
	answer("c20", "2026-11-23 11:10", 20*time.Minute)
	if got := asks("y"); !strings.Contains(got, "보통 20분 안에 답해요") { // p80 is 16
		t.Errorf("with 20 cases: %q", got)
	}
	// Seen an operator, and still within the day.
	o.clock.Set(storetest.At("2026-11-23 17:34"))
	if got := asks("z"); !strings.Contains(got, "보통 20분") { // 17:40 and 20 minutes end at closing
		t.Errorf("just before closing: %q", got)
	}
	const late = "오늘 18:00까지 답하지 못하면 11월 24일(화) 09:00에 이어서 답해요"
	if got := asks("zz"); !strings.Contains(got, late) || strings.Contains(got, "보통") {
		t.Errorf("too late for today: %q", got)
	}
	// Nobody there: the same, in the middle of the day.
	o.clock.Set(storetest.At("2026-11-24 10:00"))
	asks("v")
	o.clock.Advance(10*time.Minute - time.Second)
	if got := storetest.Say(t, o.db, storetest.Call{User: "w", Text: "글"}).Text(); !strings.Contains(got, "보통 20분") {
		t.Errorf("an operator was seen within ten minutes: %q", got)
	}
	o.clock.Advance(time.Second)
	if got := storetest.Say(t, o.db, storetest.Call{User: "ww", Text: "글"}).Text(); !strings.Contains(got, "오늘 18:00까지") {
		t.Errorf("nobody was seen for ten minutes: %q", got)
	}
	// Department staff and auditors do not answer live.
	store.Present(o.db, store.RoleDepartment)
	store.Present(o.db, store.RoleAuditor)
	if got := storetest.Say(t, o.db, storetest.Call{User: "www", Text: "글"}).Text(); !strings.Contains(got, "오늘 18:00까지") {
		t.Errorf("a department's session counts: %q", got)
	}
	// After five working days the cases are history.
	o.clock.Set(storetest.At("2026-12-01 10:00"))
	if got := asks("history"); strings.Contains(got, "보통") {
		t.Errorf("a week later: %q", got)
	}
}

// Who was seen just before a restart is still there.
func TestPresenceOutlivesARestart(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-24 10:00"))
	dir := t.TempDir()
	db := storetest.Open(t, clock, dir)
	a, err := db.HireFast(bg, "desk", store.RoleOperator)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Exec(db, `insert into sessions (id, digest, staff, created_at, last_seen, address, agent) values ('s', x'01', ?, 0, ?, '', '')`,
		a.Staff, clock.Now().Add(-9*time.Minute).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	db.Close()
	db = storetest.Open(t, clock, dir)
	if got := storetest.Say(t, db, storetest.Call{User: "a", Text: "글"}).Text(); strings.Contains(got, "오늘 18:00까지") {
		t.Errorf("seen nine minutes ago: %q", got)
	}
	clock.Advance(2 * time.Minute)
	if got := storetest.Say(t, db, storetest.Call{User: "b", Text: "글"}).Text(); !strings.Contains(got, "오늘 18:00까지") {
		t.Errorf("seen eleven minutes ago: %q", got)
	}
}

// Once a case a citizen who is no friend of the channel is told how answers reach him.
func TestHintForNonFriendsOncePerCase(t *testing.T) {
	t.Parallel()
	for _, events := range []bool{true, false} {
		hint := "‘답변 확인’을 누르면 볼 수 있어요. 채널을 추가하면 바로"
		o := &office{}
		o.db, o.clock = storetest.New(t, "2026-11-24 10:00", func(s *store.Options) { s.Outside.EventReady = events })
		if !events {
			hint = "‘답변 확인’을 누르면 볼 수 있어요." // adding the channel would change nothing
		}
		says := func(text string, friend bool) string {
			o.clock.Advance(5 * time.Second)
			return storetest.Say(t, o.db, storetest.Call{User: "a", Text: text, Friend: friend}).Text()
		}
		if got := says("첫 글", true); strings.Contains(got, "답변 확인") {
			t.Errorf("a friend is told: %q", got)
		}
		if got := says("둘째 글", false); !strings.Contains(got, hint) || !events && strings.Contains(got, "채널") {
			t.Errorf("events %v, no friend any more: %q", events, got)
		}
		if got := says("셋째 글", false); strings.Contains(got, "답변 확인") {
			t.Errorf("told twice: %q", got)
		}
		must(o.db.FinishTicket(bg, admin, "2026-000001", store.FinishInput{Reason: "not_a_case"}))(t)
		if got := says("다른 민원", false); !strings.Contains(got, "접수번호 2026-000002") || !strings.Contains(got, hint) {
			t.Errorf("a new case: %q", got)
		}
	}
}
