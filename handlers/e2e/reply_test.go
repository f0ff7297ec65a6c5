package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// office is a city on an ordinary Tuesday morning.
func office(t *testing.T) (*server, *kakao) {
	t.Helper()
	k := newKakao(t)
	s := city(t, "2026-09-22T10:00:00+09:00", k.env()...)
	k.meet(s)
	s.staff = s.addToken("상담", "operator")
	return s, k
}

// once checks that the words stand once on the screen, and came that way.
func (p *person) once(words, via string) {
	p.k.t.Helper()
	if n, ways := p.times(words); n != 1 || ways[0] != via {
		p.k.t.Errorf("%q stands %d times on the screen (%v), want once by %s", words, n, ways, via)
	}
}

func TestReplyReachesFriendByEventOnce(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	friend := k.person("friend", true)
	number := numberIn(t, friend.say("버스 정류장 유리가 깨졌어요."))
	m := s.reply(number, "오늘 안에 고칠게요.")
	d := s.eventReached(number, m.ID)
	if len(d.Attempts) != 1 || d.Attempts[0].Route != "event" || d.Attempts[0].Outcome != "delivered" {
		t.Errorf("the attempts are %+v", d.Attempts)
	}
	friend.once(m.Text, "event")
	if c := s.ticket(number); c.State != "answered" || c.AwaitingSince != nil {
		t.Errorf("the case is %s, awaiting %v", c.State, c.AwaitingSince)
	}
	// What was delivered is not handed out again, by no way.
	friend.say("네, 그런데 의자도 부서졌어요.")
	friend.say("답변 확인")
	friend.once(m.Text, "event")
	if friend.asked() != 1 || friend.posted() != 0 {
		t.Errorf("%d events and %d callbacks for one reply", friend.asked(), friend.posted())
	}
}

// eventReached lets the clock run until the event's task is known to have succeeded.
func (s *server) eventReached(number string, id int64) delivery {
	s.t.Helper()
	s.reachesAny(number, id, "accepted", "delivered")
	s.settle(number)
	return s.reaches(number, id, "delivered", "event")
}

// reachesAny waits until the delivery is in one of the states.
func (s *server) reachesAny(number string, id int64, states ...string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("message %d of %s is one of %v", id, number, states), func() (string, bool) {
		d := s.message(number, id).Delivery
		return d.String(), d != nil && slices.Contains(states, d.State)
	})
}

func TestReplyReachesNonFriendByPickupWithHisNextMessageOnce(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	stranger := k.person("stranger", false)
	first := stranger.say("공원 화장실 불이 안 켜져요.")
	if !strings.Contains(strings.Join(first, "\n"), "채널을 추가하면") {
		t.Errorf("a non-friend is not told how answers come: %q", first)
	}
	number := numberIn(t, first)
	m := s.reply(number, "전구를 바꾸러 갈게요.")
	s.reaches(number, m.ID, "pickup", "pickup")
	got := stranger.say("어느 화장실인지 아시죠?")
	if len(got) != 2 || got[0] != m.Text || !strings.HasPrefix(got[1], "✓ 받았어요") {
		t.Errorf("the answer is %q, want the reply and then the receipt", got)
	}
	d := s.reaches(number, m.ID, "delivered", "pickup")
	if d.Reason != "" {
		t.Errorf("the delivery is %v", d)
	}
	stranger.say("네네 거기요")
	stranger.say("답변 확인")
	stranger.once(m.Text, "answer")
	if stranger.asked() != 0 {
		t.Errorf("%d events for a non-friend", stranger.asked())
	}
}

func TestReplyReachesNonFriendByPickupWhenHeAsksForIt(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	stranger := k.person("stranger", false)
	number := numberIn(t, stranger.say("여권은 어디서 만들어요?"))
	var want []string
	for _, text := range []string{"시민봉사과에서 만드실 수 있어요.", "사진 1장을 가져와 주세요.", "평일 09:00부터 18:00까지예요.", "주차장은 뒤쪽이에요."} {
		m := s.reply(number, text)
		s.reaches(number, m.ID, "pickup", "pickup")
		want = append(want, text)
	}
	if got := stranger.say("답변 확인"); !slices.Equal(got, want[:3]) {
		t.Errorf("asked for the answers: %q, want the three oldest in order", got)
	}
	s.advance(5 * time.Second) // the same words within 3 s are one call, repeated (RULES B1)
	if got := stranger.say("답변 확인"); len(got) == 0 || got[0] != want[3] {
		t.Errorf("asked for the rest: %q", got)
	}
	s.advance(5 * time.Second)
	if got := stranger.say("답변 확인"); len(got) != 1 || got[0] != "새로 도착한 답변이 없어요." {
		t.Errorf("asked for nothing: %q", got)
	}
	for _, text := range want {
		stranger.once(text, "answer")
	}
	c := s.ticket(number)
	for _, m := range c.Messages {
		if m.Kind == "reply" && !m.Delivery.is("delivered", "pickup") {
			t.Errorf("%q: %v", m.Text, m.Delivery)
		}
		if m.Kind == "citizen" && strings.Contains(m.Text, "답변 확인") {
			t.Error("the command was stored as a message")
		}
	}
	if c.State != "answered" {
		t.Errorf("the case is %s", c.State)
	}
}

func TestReplyReachesCallerWithFreshCallbackByCallbackOnce(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	for _, friend := range []bool{true, false} {
		caller := k.person(fmt.Sprintf("caller-%v", friend), friend)
		caller.callback = true
		number := numberIn(t, caller.say("쓰레기 봉투는 어디서 사요?"))
		if n, ways := caller.times(number); n != 1 || ways[0] != "waiting" {
			t.Fatalf("the receipt stands %d times (%v), want once as the waiting text", n, ways)
		}
		m := s.reply(number, "가까운 마트에서 사실 수 있어요.")
		d := s.reaches(number, m.ID, "delivered", "callback")
		if len(d.Attempts) != 1 || d.Attempts[0].Route != "callback" {
			t.Errorf("the attempts are %+v", d.Attempts)
		}
		caller.callback = false
		caller.say("고마워요, 하나 더 물을게요")
		caller.say("답변 확인")
		caller.once(m.Text, "callback")
		if caller.posted() != 1 || caller.asked() != 0 {
			t.Errorf("%d callbacks and %d events for one reply", caller.posted(), caller.asked())
		}
	}
}

func TestBubblesWaitingRepliesFirstReceiptLast(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	stranger := k.person("stranger", false)
	number := numberIn(t, stranger.say("도로에 구멍이 났어요."))
	replies := []string{"어느 도로인가요?", "사진도 보내 주세요.", "위험하면 피해서 다녀 주세요."}
	for _, text := range replies {
		m := s.reply(number, text)
		s.reaches(number, m.ID, "pickup", "pickup")
	}
	// RULES C2: waiting replies, oldest first; the last bubble is ours; what does not fit waits behind a button.
	a := stranger.raw("시청 앞 네거리예요")
	if got := texts(a); len(got) != 3 || got[0] != replies[0] || got[1] != replies[1] || !strings.HasPrefix(got[2], "✓ 받았어요") {
		t.Fatalf("the answer is %q", got)
	}
	if len(a.QuickReplies) == 0 || a.QuickReplies[0].Label != "답변 더 보기 (1)" || a.QuickReplies[0].MessageText != "답변 확인" {
		t.Errorf("the quick replies are %+v", a.QuickReplies)
	}
	// Words of danger put the help first, then the reply, then the receipt.
	got := stranger.say("가스 냄새가 심하게 나요")
	if len(got) != 3 || !strings.Contains(got[0], "119") || got[1] != replies[2] || !strings.Contains(got[2], "받았어요") {
		t.Errorf("the answer is %q", got)
	}
	for _, text := range replies {
		stranger.once(text, "answer")
	}
}

func TestRepliesWaitingForOneFriendShareOneEvent(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	friend := k.person("friend", true)
	number := numberIn(t, friend.say("놀이터 그네가 고장 났어요."))
	// At the desk somebody writes on while the first is on its way: order is kept and nothing doubled.
	var ids []int64
	var want []string
	for i := range 5 {
		text := fmt.Sprintf("%d번째 안내예요.", i+1)
		ids, want = append(ids, s.reply(number, text).ID), append(want, text)
	}
	for _, id := range ids {
		s.eventReached(number, id)
	}
	var got []string
	k.mu.Lock()
	for _, b := range friend.shown {
		if b.via == "event" {
			got = append(got, b.text)
		}
	}
	k.mu.Unlock()
	if !slices.Equal(got, want) {
		t.Errorf("the friend read %q, want %q", got, want)
	}
	if n := friend.asked(); n > 3 {
		t.Errorf("%d events for five replies: those that wait share one", n)
	}
}

func TestEventBlockRunTwiceShowsTheReplyOnce(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	friend := k.person("friend", true)
	number := numberIn(t, friend.say("분수대가 멈췄어요."))
	k.mu.Lock()
	k.runs = 2
	k.mu.Unlock()
	m := s.reply(number, "오후에 다시 틀어요.")
	s.eventReached(number, m.ID)
	eventually(t, "the block has run twice", func() (string, bool) {
		n, _ := friend.times("앞서 보내 드린 답변을 확인해 주세요.")
		return fmt.Sprint(n), n == 1
	})
	friend.once(m.Text, "event")
}
