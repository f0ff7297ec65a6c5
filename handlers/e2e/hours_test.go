package e2e

import (
	"slices"
	"strings"
	"testing"
)

// The line of the morning (RULES D6, row 17).
const openingLine = "상담을 시작했어요"

// evening is a city on the eve of Chuseok 2026: closed from Wednesday evening to Monday morning.
func evening(t *testing.T) (*server, *kakao) {
	t.Helper()
	k := newKakao(t)
	s := city(t, "2026-09-23T22:30:00+09:00", k.env()...)
	k.meet(s)
	return s, k
}

// wait writes a first message after hours and checks what the citizen is told and what the office sees.
func waits(t *testing.T, s *server, p *person) (number string) {
	t.Helper()
	got := p.say("집 앞 가로등이 꺼졌어요.")
	if all := strings.Join(got, "\n"); !strings.Contains(all, "9월 28일(월) 09:00") {
		t.Fatalf("the answer does not tell the next opening: %q", got)
	}
	number = numberIn(t, got)
	c := s.ticket(number)
	if c.State != "waiting" || c.FollowUpOn == nil || *c.FollowUpOn != "2026-09-28" || c.AwaitingSince == nil {
		t.Fatalf("the case is %+v", c)
	}
	return number
}

// followedUp checks that the case was opened and its citizen told exactly once, by the event.
func followedUp(t *testing.T, s *server, p *person, number string) {
	t.Helper()
	eventually(t, "the morning line is on the citizen's screen", func() (string, bool) {
		n, _ := p.times(openingLine)
		return s.ticket(number).State, n > 0
	})
	s.settle(number)
	if n, ways := p.times(openingLine); n != 1 || ways[0] != "event" || p.asked() != 1 {
		t.Errorf("the morning line was shown %d times (%v) with %d event calls, want once", n, ways, p.asked())
	}
	c := s.ticket(number)
	if lines := c.lines(openingLine); c.State != "open" || c.FollowUpOn != nil || len(lines) != 1 || !lines[0].Delivery.is("delivered", "event") {
		t.Errorf("after the opening the case is %s, follow-up %v, lines %+v", c.State, c.FollowUpOn, lines)
	}
}

func has(list []occurrence, job, at, outcome string) bool {
	return slices.Contains(list, occurrence{job, at + "+09:00", outcome})
}

func TestNightMessageIsFollowedUpOnceAtTheNextOpening(t *testing.T) {
	t.Parallel()
	s, k := evening(t)
	friend := k.person("friend", true)
	number := waits(t, s, friend)

	s.clock("2026-09-28T08:59:00")
	s.rest(number)
	if friend.asked() != 0 {
		t.Fatal("an event was sent before the opening")
	}
	if ran := s.clock("2026-09-28T09:00:30"); !has(ran, "opening", "2026-09-28T09:00:00", "done") {
		t.Fatalf("ran %+v", ran)
	}
	followedUp(t, s, friend, number)

	// No later move of the clock makes a second one: within the day, back over the opening and forward again.
	for _, at := range []string{"2026-09-28T12:00:00", "2026-09-28T08:30:00", "2026-09-28T09:10:00", "2026-09-25T10:00:00", "2026-09-28T17:59:00"} {
		if ran := s.clock(at); slices.ContainsFunc(ran, func(o occurrence) bool { return o.Job == "opening" }) {
			t.Errorf("moving to %s ran %+v", at, ran)
		}
		s.rest(number)
	}
	if n, _ := friend.times(openingLine); n != 1 || friend.asked() != 1 {
		t.Errorf("after later moves of the clock the line was shown %d times, events %d", n, friend.asked())
	}
	if lines := s.ticket(number).lines(openingLine); len(lines) != 1 {
		t.Errorf("the case has %d morning lines", len(lines))
	}
}

func TestNightMessageAnsweredBeforeTheOpeningIsNotFollowedUp(t *testing.T) {
	t.Parallel()
	s, k := evening(t)
	friend := k.person("friend", true)
	number := waits(t, s, friend)
	s.clock("2026-09-28T08:40:00")
	m := s.reply(number, "오늘 오전에 나가 볼게요.")
	s.settle(number)
	s.reaches(number, m.ID, "delivered", "event")
	s.clock("2026-09-28T09:00:30")
	s.rest(number)
	if n, _ := friend.times(openingLine); n != 0 || friend.asked() != 1 {
		t.Errorf("answered before nine, and told %d times that we begin (%d events)", n, friend.asked())
	}
	if c := s.ticket(number); c.State != "answered" || len(c.lines(openingLine)) != 0 {
		t.Errorf("the case is %s with %d morning lines", c.State, len(c.lines(openingLine)))
	}
}

func TestNonFriendsMorningLineEndsCancelledNoRoute(t *testing.T) {
	t.Parallel()
	s, k := evening(t)
	stranger := k.person("stranger", false)
	number := waits(t, s, stranger)
	s.clock("2026-09-28T09:00:30")
	var lines []message
	eventually(t, "the morning line has its end", func() (string, bool) {
		lines = s.ticket(number).lines(openingLine)
		return s.ticket(number).State, len(lines) == 1 && lines[0].Delivery.is("cancelled", "")
	})
	if lines[0].Delivery.Reason != "no route" {
		t.Errorf("its delivery is %v", lines[0].Delivery)
	}
	if got := s.ticket(number).State; got != "open" {
		t.Errorf("the case is %s", got)
	}
	stranger.say("언제쯤 될까요?")
	if n, _ := stranger.times(openingLine); n != 0 || stranger.asked() != 0 {
		t.Errorf("a cancelled line was shown %d times, %d events", n, stranger.asked())
	}
}

func TestNightMessageIsFollowedUpOnceWhenTheMachineWasOffAtTheOpening(t *testing.T) {
	t.Parallel()
	s, k := evening(t)
	friend, stranger := k.person("friend", true), k.person("stranger", false)
	number, other := waits(t, s, friend), waits(t, s, stranger)
	s.clock("2026-09-28T08:00:00")
	s.rest(number)
	k.part()
	s.stop()

	s.run("TOKTOK_DEMO_NOW=2026-09-28T10:40:00+09:00")
	k.meet(s)
	followedUp(t, s, friend, number)
	if got := s.job("opening"); got.Outcome != "done" || got.ScheduledFor != "2026-09-28T09:00:00+09:00" {
		t.Errorf("the opening is recorded as %+v", got)
	}
	if lines := s.ticket(other).lines(openingLine); len(lines) != 1 || lines[0].Delivery.Reason != "no route" || stranger.asked() != 0 {
		t.Errorf("the non-friend's lines: %+v", lines)
	}

	// A further start, after a power cut, catches up nothing.
	k.part()
	s.kill()
	s.run("TOKTOK_DEMO_NOW=2026-09-28T10:50:00+09:00")
	k.meet(s)
	s.rest(number)
	if n, _ := friend.times(openingLine); n != 1 || friend.asked() != 1 {
		t.Errorf("after another start the line was shown %d times, events %d", n, friend.asked())
	}
}

func TestOpeningMissedForAWholeDayIsTakenAlongByTheNext(t *testing.T) {
	t.Parallel()
	s, k := evening(t)
	friend := k.person("friend", true)
	number := waits(t, s, friend)
	s.clock("2026-09-28T08:00:00")
	s.rest(number)
	k.part()
	s.stop()

	s.run("TOKTOK_DEMO_NOW=2026-09-28T20:00:00+09:00")
	k.meet(s)
	s.rest(number)
	if got := s.job("opening"); got.Outcome != "missed" || got.ScheduledFor != "2026-09-28T09:00:00+09:00" {
		t.Errorf("the opening is recorded as %+v", got)
	}
	if friend.asked() != 0 || s.ticket(number).State != "waiting" {
		t.Errorf("after the missed day: %d events, the case is %s", friend.asked(), s.ticket(number).State)
	}
	if ran := s.clock("2026-09-29T09:00:30"); !has(ran, "opening", "2026-09-29T09:00:00", "done") {
		t.Errorf("ran %+v", ran)
	}
	followedUp(t, s, friend, number)
}
