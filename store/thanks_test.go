package store_test

import (
	"strings"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

// RULES A6: only thanks on what is answered or closed changes nothing; anything else, or an answer to our question, does.
func TestOnlyThanks(t *testing.T) {
	t.Parallel()
	const polite = "네, 필요하시면 언제든 남겨 주세요."
	for _, c := range []struct {
		what  string
		state store.State
		ours  string // our last words
		call  storetest.Call
		quiet bool
	}{
		{"thanks for an answer", store.StateAnswered, "오늘 고쳐요.", storetest.Call{Text: "감사합니다!"}, true},
		{"assent with an emoji", store.StateAnswered, "오늘 고쳐요.", storetest.Call{Text: "넵 알겠습니다 👍"}, true},
		{"an emoji alone", store.StateAnswered, "오늘 고쳐요.", storetest.Call{Text: "🙏"}, true},
		{"thanks after the end", store.StateClosed, "고쳤어요.", storetest.Call{Text: "수고하세요"}, true},
		{"yes to a question", store.StateAnswered, "정문 앞인가요?", storetest.Call{Text: "네"}, false},
		{"yes to a question without its mark", store.StateAnswered, "사진을 보내 주시겠어요", storetest.Call{Text: "넵"}, false},
		{"yes to a question at the end", store.StateClosed, "이제 켜졌나요?", storetest.Call{Text: "네"}, false},
		{"thanks and more", store.StateAnswered, "오늘 고쳐요.", storetest.Call{Text: "감사합니다 그런데 몇 시에요"}, false},
		{"thanks with a question mark", store.StateAnswered, "오늘 고쳐요.", storetest.Call{Text: "네?"}, false},
		{"a photo", store.StateAnswered, "오늘 고쳐요.", storetest.Call{Photo: "https://talk.kakaocdn.net/dna/a.jpg"}, false},
		{"while it waits for us", store.StateOpen, "", storetest.Call{Text: "감사합니다"}, false},
		{"while a department works", store.StateReview, "", storetest.Call{Text: "감사합니다"}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, "2026-11-24 17:50")
			n := o.write(t, "a", "가로등이 꺼졌어요")
			switch c.state {
			case store.StateAnswered:
				must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: c.ours}))(t)
			case store.StateClosed:
				must(o.db.FinishTicket(bg, o.operator, n, store.FinishInput{Text: c.ours}))(t)
			case store.StateReview:
				must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
			}
			o.clock.Set(storetest.At("2026-11-24 19:00")) // words would go into the morning's queue
			before := must(o.db.Ticket(bg, o.admin, n))(t)
			c.call.User = "a"
			h := storetest.Say(t, o.db, c.call)
			after := must(o.db.Ticket(bg, o.admin, n))(t)
			if after.Unread != before.Unread+1 {
				t.Errorf("unread %d, was %d", after.Unread, before.Unread)
			}
			if got := strings.Contains(h.Text(), polite); got != c.quiet {
				t.Errorf("answer %q", h.Bubbles)
			}
			same := after.State == before.State && after.Round == before.Round && after.AwaitingSince.Equal(before.AwaitingSince) && after.DoneAt.Equal(before.DoneAt) &&
				after.FollowUpOn == before.FollowUpOn
			if same != (c.quiet || c.state == store.StateReview && !before.AwaitingSince.IsZero()) {
				t.Errorf("from %s round %d to %s round %d", before.State, before.Round, after.State, after.Round)
			}
			if rows := store.Value(o.db, `select count(*) from queue_items`); c.quiet && rows != "0" {
				t.Errorf("%s queue rows for thanks", rows)
			}
			if n := store.Value(o.db, `select count(*) from tickets`); n != "1" {
				t.Errorf("%s cases", n)
			}
		})
	}
}
