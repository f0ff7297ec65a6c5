package store_test

import (
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// sayAt lets a call arrive earlier than it is stored.
func sayAt(t *testing.T, db *store.DB, c storetest.Call, arrived string) storetest.Heard {
	t.Helper()
	in := c.In(db)
	in.Arrived = storetest.At(arrived)
	return storetest.Hear(t, db.Receive(bg, in))
}

// RULES B6: the arrival decides, not the commit.
func TestArrivalDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arrived, stored string
		number          string
		state           store.State
		period          string
	}{
		{"2026-12-31 23:59:59.999", "2027-01-01 00:00:00.010", "2026-000001", store.StateWaiting, "2027-01-04"},
		{"2027-01-01 00:00:00.000", "2027-01-01 00:00:00.010", "2027-000001", store.StateWaiting, "2027-01-04"},
		{"2026-11-23 17:59:59.999", "2026-11-23 18:00:00.500", "2026-000001", store.StateOpen, ""},
		{"2026-11-24 08:59:59.999", "2026-11-24 09:00:00.500", "2026-000001", store.StateWaiting, "2026-11-24"},
	} {
		db, _ := storetest.New(t, c.stored)
		h := sayAt(t, db, storetest.Call{Text: "가로등이 꺼졌어요"}, c.arrived)
		if !strings.HasPrefix(h.Text(), "접수번호 "+c.number) {
			t.Errorf("arrived %s: %q", c.arrived, h.Text())
		}
		got := list(t, db)[0]
		if at := storetest.At(c.arrived); got.State != c.state || got.FollowUpOn != c.period || !got.ReceivedAt.Equal(at) || !got.AwaitingSince.Equal(at) {
			t.Errorf("arrived %s: %s %q received %s awaiting %s", c.arrived, got.State, got.FollowUpOn, got.ReceivedAt, got.AwaitingSince)
		}
	}
}

// Each year counts from one, and the year that ends goes on with its own numbers.
func TestNumbersOfTwoYears(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2027-01-01 00:00:01")
	for i, c := range []struct{ arrived, number string }{
		{"2026-12-31 23:59:58", "2026-000001"}, {"2027-01-01 00:00:00", "2027-000001"}, {"2026-12-31 23:59:59", "2026-000002"}, {"2027-01-01 00:00:01", "2027-000002"},
	} {
		if h := sayAt(t, db, storetest.Call{User: string(rune('a' + i)), Text: "글"}, c.arrived); !strings.HasPrefix(h.Text(), "접수번호 "+c.number) {
			t.Errorf("arrived %s: %q, want %s", c.arrived, h.Text(), c.number)
		}
	}
}

// The next opening and the emergency numbers are told once in each closed period (rows 6, 7 and 10).
func TestReceiptsOfTheNight(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 17:30")
	says := func(at, text string) string {
		t.Helper()
		o.clock.Set(storetest.At(at))
		return strings.Join(storetest.Say(t, o.db, storetest.Call{User: "a", Text: text, Friend: true}).Bubbles, "\n")
	}
	short := func(at, got string) {
		t.Helper()
		if got != "✓ 받았어요" {
			t.Errorf("at %s: %q, want the short line", at, got)
		}
	}
	full := func(at, got, opens string) {
		t.Helper()
		for _, want := range []string{opens, "112·119"} {
			if !strings.Contains(got, want) {
				t.Errorf("at %s: %q lacks %q", at, got, want)
			}
		}
	}
	n := o.write(t, "a", "가로등이 꺼졌어요")
	short("17:40", says("2026-11-23 17:40", "두 개나요"))                       // row 5
	full("18:10", says("2026-11-23 18:10", "밤에는 위험해요"), "11월 24일(화) 09:00") // row 6
	short("23:00", says("2026-11-23 23:00", "부탁드려요"))                       // row 3
	short("08:59", says("2026-11-24 08:59:59", "아직이에요"))
	if tk := must(o.db.Ticket(bg, o.admin, n))(t); tk.State != store.StateWaiting || tk.FollowUpOn != "2026-11-24" || !tk.AwaitingSince.Equal(storetest.At("2026-11-23 17:30")) {
		t.Errorf("after the night: %s %s awaiting %s", tk.State, tk.FollowUpOn, tk.AwaitingSince)
	}
	short("09:00", says("2026-11-24 09:00", "이제 여셨나요")) // row 4
	if got := store.Value(o.db, `select period || ' ' || outcome from queue_items`); got != "2026-11-24 wrote" {
		t.Errorf("queue rows %q", got)
	}
	must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "오늘 고쳐요."}))(t)
	if got := says("2026-11-24 20:00", "아직 꺼져 있어요"); !strings.HasPrefix(got, "오늘 고쳐요.") {
		t.Errorf("the waiting answer is not first: %q", got)
	} else {
		full("20:00", got, "11월 25일(수) 09:00") // row 7, a new night
	}
	if tk := must(o.db.Ticket(bg, o.admin, n))(t); tk.State != store.StateWaiting || !tk.DoneAt.IsZero() || !tk.AwaitingSince.Equal(o.clock.Now()) {
		t.Errorf("answered and written to again: %+v", tk)
	}
	short("20:01", says("2026-11-24 20:01", "사진을 보낼게요"))
	must(o.db.FinishTicket(bg, o.operator, n, store.FinishInput{Text: "고쳤어요."}))(t)
	got := says("2026-11-24 22:00", "또 꺼졌어요") // row 10, in the same night
	full("22:00", got, "11월 25일(수) 09:00")
	if !strings.Contains(got, "접수번호 "+n) || !strings.Contains(got, "2회차") {
		t.Errorf("reopened: %q", got)
	}
	short("22:05", says("2026-11-24 22:05", "부탁드려요"))
}

// Row 9: words on a case that lies with a department stay with it.
func TestWordsOnACaseInReview(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "보도블록이 깨졌어요")
	must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
	before := must(o.db.Ticket(bg, o.admin, n))(t)
	for _, at := range []string{"2026-11-24 11:00", "2026-11-24 19:00", "2026-11-24 19:10"} {
		o.clock.Set(storetest.At(at))
		h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "네"}) // assent is thanks only where we answered
		if got := h.Bubbles[len(h.Bubbles)-1]; !strings.Contains(got, "도로과에 함께 전달했어요") || !strings.Contains(got, "처리기한") {
			t.Errorf("at %s: %q", at, h.Bubbles)
		}
	}
	after := must(o.db.Ticket(bg, o.admin, n))(t)
	if after.State != store.StateReview || !after.AwaitingSince.Equal(storetest.At("2026-11-24 11:00")) || !after.DueAt.Equal(before.DueAt) || after.FollowUpOn != "" {
		t.Errorf("after: %s awaiting %s due %s queue %q", after.State, after.AwaitingSince, after.DueAt, after.FollowUpOn)
	}
}

// Rows 10 and 11: within the window the same number, a new round; after it a new number that follows the old one.
func TestWordsOnAClosedCase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at      string
		state   store.State
		follows bool
		says    []string
	}{
		{"2026-11-24 11:00", store.StateOpen, false, []string{"접수번호 2026-000001", "같은 번호로", "2회차"}},
		{"2026-11-24 20:00", store.StateWaiting, false, []string{"접수번호 2026-000001", "같은 번호로", "2회차", "11월 25일(수) 09:00"}},
		{"2026-11-25 10:00", store.StateOpen, true, []string{"접수번호 2026-000002", "2026-000001은"}},
		{"2026-11-25 20:00", store.StateWaiting, true, []string{"접수번호 2026-000002", "2026-000001은", "11월 26일(목) 09:00", "112·119"}},
	} {
		o := newOffice(t, "2026-11-24 10:00")
		set := o.db.Settings()
		set.ReopenDays = 0 // only on the day it was closed
		if err := o.db.SaveSettings(bg, o.admin, set); err != nil {
			t.Fatal(err)
		}
		n := o.write(t, "a", "가로등이 꺼졌어요")
		must(o.db.FinishTicket(bg, o.operator, n, store.FinishInput{Text: "고쳤어요."}))(t)
		o.clock.Set(storetest.At(c.at))
		h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "또 꺼졌어요"})
		got := h.Bubbles[len(h.Bubbles)-1]
		for _, want := range c.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", c.at, got, want)
			}
		}
		newest := must(o.db.NewestOf(bg, "a"))(t)
		tk := must(o.db.Ticket(bg, o.admin, newest))(t)
		if tk.State != c.state || (newest != n) != c.follows || !tk.ReceivedAt.Equal(o.clock.Now()) || !tk.AwaitingSince.Equal(o.clock.Now()) {
			t.Errorf("%s: %s is %s, received %s", c.at, newest, tk.State, tk.ReceivedAt)
		}
		if c.state == store.StateWaiting && tk.FollowUpOn == "" {
			t.Errorf("%s: not in the morning's queue", c.at)
		}
		th := must(o.db.Thread(bg, o.operator, newest))(t)
		switch {
		case c.follows && (len(th.Links) != 1 || th.Links[0].Kind != "follows" || th.Links[0].Number != n || tk.Round != 1):
			t.Errorf("%s: round %d, links %+v", c.at, tk.Round, th.Links)
		case !c.follows:
			if tk.Round != 2 || !tk.AcceptedAt.IsZero() || !tk.DoneAt.IsZero() || tk.AcceptBy.Before(o.clock.Now()) {
				t.Errorf("%s: round %d accepted %s done %s", c.at, tk.Round, tk.AcceptedAt, tk.DoneAt)
			}
			var reopened bool
			for _, m := range th.Messages {
				reopened = reopened || m.Kind == store.FromLog && strings.Contains(m.Text, "2회차")
			}
			if !reopened {
				t.Errorf("%s: the thread does not tell of the new round", c.at)
			}
		}
	}
}

// RULES B4: what a person or a case notice said counts as having spoken; an automatic line does not.
func TestNoticesCountAsSpeaking(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	spoke := func(n string) bool { return !must(o.db.Ticket(bg, o.admin, n))(t).TalkedAt.IsZero() }
	n := o.write(t, "a", "가로등이 꺼졌어요")
	o.clock.Set(storetest.At("2026-11-24 18:00"))
	must(o.db.Closing(bg, store.Job("closing"), o.clock.Now()))(t)
	o.clock.Set(storetest.At("2026-11-25 09:00"))
	must(o.db.Opening(bg, store.Job("opening"), o.clock.Now()))(t)
	if spoke(n) {
		t.Error("an automatic line counts as a person's words")
	}
	must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
	if !spoke(n) {
		t.Error("a case notice does not count")
	}
	o.clock.Advance(time.Hour)
	must(o.db.Reply(bg, o.roadStaff, n, store.ReplyInput{Text: "어느 쪽 가로등인가요?"}))(t)
	must(o.db.FinishTicket(bg, o.roadStaff, n, store.FinishInput{Text: "고쳤어요."}))(t)
	// The result is our last word, so thanks for it reopen nothing, though a question was asked on the way.
	if h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "감사합니다"}); !strings.Contains(h.Text(), "언제든 남겨 주세요") {
		t.Errorf("thanks for a result: %q", h.Text())
	}
}
