package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestFaultsOfKakaoTalk: whatever goes wrong on the way, the reply ends as RULES D says, and the citizen never reads it
// twice. Each reply meets one fault; the clock then runs over back-offs and polls.
func TestFaultsOfKakaoTalk(t *testing.T) {
	t.Parallel()
	s := start(t, "demo", "TOKTOK_DEMO_NOW=2026-09-22T10:00:00+09:00")
	tests := []struct {
		fault string
		count int
		end   string // state
		route string
		shown int // times on the screen before the citizen does anything
		calls int // of the Event API, at least
		step  time.Duration
	}{
		{"event_429", 1, "delivered", "event", 1, 2, 5 * time.Second},
		{"event_500", 1, "delivered", "event", 1, 2, 5 * time.Second},
		{"event_lost", 1, "delivered", "event", 1, 1, 5 * time.Second},
		{"event_json", 1, "delivered", "event", 1, 1, 5 * time.Second},
		{"no_skill_call", 1, "delivered", "event", 1, 2, 5 * time.Second},
		{"no_skill_call", 8, "pickup", "pickup", 0, 3, 5 * time.Second},
		{"task_500", 1, "delivered", "event", 1, 1, 30 * time.Second},
		{"task_500", 20, "delivered", "event", 1, 1, 30 * time.Second},
		{"not_friend", 1, "pickup", "pickup", 0, 1, 5 * time.Second},
		{"blocked", 1, "pickup", "pickup", 0, 1, 5 * time.Second},
		{"skill_slow", 1, "delivered", "event", 1, 2, 5 * time.Second},
		{"skill_cut", 1, "delivered", "event", 1, 2, 5 * time.Second},
		{"skill_slow", 8, "pickup", "pickup", 0, 3, 5 * time.Second},
	}
	for i, tt := range tests {
		name := fmt.Sprintf("%s %d", tt.fault, tt.count)
		t.Run(name, func(t *testing.T) {
			defer func(outer testing.TB) { s.t = outer }(s.t)
			s.t = t
			citizen := s.phone(fmt.Sprintf("%d번 시민", i), true)
			number := numberIn(t, citizen.say(fmt.Sprintf("%s 때 보낸 글이에요", name)).texts())
			before := len(s.exchanges("api", "/talk"))
			s.fault(tt.fault, tt.count)
			words := fmt.Sprintf("%d번 답변이에요.", i)
			m := s.reply(number, words)
			d := s.until(number, m.ID, tt.end, tt.step, 2*time.Hour)
			s.fault(tt.fault, 0)
			if !d.is(tt.end, tt.route) {
				t.Errorf("the delivery is %v", &d)
			}
			if calls := len(s.exchanges("api", "/talk")) - before; calls < tt.calls || calls > 8 {
				t.Errorf("%d calls of the Event API", calls)
			}
			if n, ways := citizen.times(words); n != tt.shown {
				t.Errorf("shown %d times (%v), want %d", n, ways, tt.shown)
			}
			// The citizen writes on and asks: what waited comes now, what was shown never again.
			citizen.say("그래서 어떻게 되나요?")
			s.advance(time.Minute)
			citizen.say("답변 확인")
			s.advance(time.Hour)
			if n, ways := citizen.times(words); n != 1 {
				t.Errorf("in the end the reply stands %d times on the screen (%v)", n, ways)
			}
			s.reaches(number, m.ID, "delivered", "")
		})
	}
}

// TestEventThatIsNeverAnswered is apart because our client's own patience runs on real time.
func TestEventThatIsNeverAnswered(t *testing.T) {
	t.Parallel()
	s := start(t, "demo", "TOKTOK_DEMO_NOW=2026-09-22T10:00:00+09:00")
	citizen := s.phone("기다리는 시민", true)
	number := numberIn(t, citizen.say("언제 고치나요?").texts())
	s.fault("event_timeout", 1)
	m := s.reply(number, "내일 고쳐요.")
	s.reaches(number, m.ID, "sending", "event")
	if d := s.until(number, m.ID, "delivered", 2*time.Second, 2*time.Hour); !d.is("delivered", "event") || len(d.Attempts) != 2 {
		t.Errorf("the delivery is %v", &d)
	}
	citizen.say("네, 부탁해요")
	if n, ways := citizen.times(m.Text); n != 1 {
		t.Errorf("shown %d times (%v)", n, ways)
	}
}

func TestFaultsOfTheCallback(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault string
		route string
		via   string
	}{
		{"callback_fail", "event", "event"},       // refused at the first try: certainly not shown, the next route
		{"callback_lost", "callback", "callback"}, // shown, and the repeat's refusal proves it (RULES D4)
	} {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			s := start(t, "demo", "TOKTOK_DEMO_NOW=2026-09-22T10:00:00+09:00")
			citizen := s.phone("콜백 시민", true)
			citizen.set("callback", "callback", true)
			got := citizen.say("지금 바로 알고 싶어요")
			if !got.Waiting {
				t.Fatalf("the answer is %+v", got)
			}
			number := numberIn(t, got.texts())
			s.fault(tt.fault, 1)
			m := s.reply(number, "바로 알려 드려요.")
			d := s.until(number, m.ID, "delivered", time.Second, 10*time.Minute)
			if !d.is("delivered", tt.route) {
				t.Errorf("the delivery is %v", &d)
			}
			citizen.set("callback", "callback", false)
			citizen.say("네 확인했고 하나 더 있어요")
			if n, ways := citizen.times(m.Text); n != 1 || ways[0] != tt.via {
				t.Errorf("shown %d times (%v), want once by %s", n, ways, tt.via)
			}
		})
	}
}

func TestReplyWhileTheCitizenLeftAndBlockedAndCameBack(t *testing.T) {
	t.Parallel()
	s := start(t, "demo", "TOKTOK_DEMO_NOW=2026-09-22T10:00:00+09:00")
	citizen := s.phone("떠난 시민", true)
	number := numberIn(t, citizen.say("가로수를 잘라 주세요").texts())
	citizen.set("block", "blocked", true)
	first := s.reply(number, "내일 자를게요.")
	s.until(number, first.ID, "pickup", 5*time.Second, 10*time.Minute)
	second := s.reply(number, "오전 10시쯤이에요.")
	s.reaches(number, second.ID, "pickup", "pickup") // the event is off for him: not even tried
	if calls := len(s.exchanges("api", "/talk")); calls == 0 {
		t.Error("the event was never tried")
	}
	tried := len(s.exchanges("api", "/talk"))
	citizen.set("block", "blocked", false)
	got := citizen.say("다시 왔어요").texts()
	if len(got) != 3 || got[0] != first.Text || got[1] != second.Text || !strings.HasPrefix(got[2], "✓ 받았어요") {
		t.Errorf("the answer is %q", got)
	}
	if now := len(s.exchanges("api", "/talk")); now != tried {
		t.Errorf("%d further events", now-tried)
	}
	// A friend again: events work again.
	third := s.reply(number, "다녀왔어요.")
	s.until(number, third.ID, "delivered", 2*time.Second, 10*time.Minute)
	if n, ways := citizen.times(third.Text); n != 1 || ways[0] != "event" {
		t.Errorf("shown %d times (%v)", n, ways)
	}
}

func TestReplyUnderWayWhenTheMachineDiesIsNeverShownTwice(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	friend := k.person("friend", true)
	number := numberIn(t, friend.say("물이 새요."))
	// Strike at different moments of a reply's way.
	for i, moment := range []func(id int64) bool{
		func(int64) bool { return true },
		func(int64) bool { return friend.asked() > 0 },
		func(id int64) bool { return s.message(number, id).Delivery.State == "accepted" },
	} {
		words := fmt.Sprintf("%d번째 답이에요.", i)
		asked := friend.asked()
		m := s.reply(number, words)
		eventually(t, "the moment", func() (string, bool) { return fmt.Sprint(friend.asked() - asked), moment(m.ID) })
		k.part()
		s.kill()
		s.run()
		k.meet(s)
		eventually(t, "the reply has its end", func() (string, bool) {
			d := s.message(number, m.ID).Delivery
			s.advance(5 * time.Second)
			return d.String(), d.State == "delivered" || d.State == "unknown"
		})
		n, ways := friend.times(words)
		if d := s.message(number, m.ID).Delivery; n > 1 || n == 0 && d.State != "unknown" {
			t.Errorf("struck at moment %d: shown %d times (%v), and the office reads %v", i, n, ways, d)
		}
	}
}
