package simulator

import (
	"fmt"
	"slices"
	"time"
)

// Fault is one thing that can go wrong at Kakao's, or on the way.
type Fault string

// All faults. Those of the Event API and of the callback strike one request each.
const (
	FaultEvent429     Fault = "event_429"     // too many requests, with Retry-After; nothing is run
	FaultEvent500     Fault = "event_500"     // internal error; nothing is run
	FaultEventTimeout Fault = "event_timeout" // no answer until the caller gives up; nothing is run
	FaultEventLost    Fault = "event_lost"    // the event is run, but the answer is cut off
	FaultEventJSON    Fault = "event_json"    // the event is run, but the answer is broken JSON
	FaultNoSkillCall  Fault = "no_skill_call" // accepted, but the block never runs and the task never ends
	FaultNotFriend    Fault = "not_friend"    // accepted, but the task fails: not a friend
	FaultBlocked      Fault = "blocked"       // accepted, but the task fails: blocked
	FaultTask500      Fault = "task_500"      // asking for a task's result fails

	FaultSkillSlow Fault = "skill_slow" // our answer reaches Kakao too late: the citizen sees nothing
	FaultSkillCut  Fault = "skill_cut"  // the connection breaks once our server has the request

	FaultCallbackFail Fault = "callback_fail" // refused; nothing is shown
	FaultCallbackLost Fault = "callback_lost" // shown, but the answer is cut off
)

// faultTexts holds the words of the panel, in its order.
var faultTexts = []struct {
	fault Fault
	text  string
}{
	{FaultEvent429, "이벤트 API: 너무 많아요 (429)"},
	{FaultEvent500, "이벤트 API: 서버 오류 (500)"},
	{FaultEventTimeout, "이벤트 API: 답이 없어요"},
	{FaultEventLost, "이벤트 API: 실행됐지만 답이 끊겨요"},
	{FaultEventJSON, "이벤트 API: 실행됐지만 답이 깨져요"},
	{FaultNoSkillCall, "이벤트 API: 접수만 되고 스킬을 부르지 않아요"},
	{FaultNotFriend, "이벤트 API: 채널 친구가 아니에요"},
	{FaultBlocked, "이벤트 API: 채널을 차단했어요"},
	{FaultTask500, "작업 결과 조회: 서버 오류 (500)"},
	{FaultSkillSlow, "스킬: 답이 5초보다 늦게 닿아요"},
	{FaultSkillCut, "스킬: 요청 뒤에 연결이 끊겨요"},
	{FaultCallbackFail, "콜백: 거절돼요 (FAIL)"},
	{FaultCallbackLost, "콜백: 표시됐지만 답이 끊겨요"},
}

type faultState struct {
	left       int // < 0 = until switched off
	hits       int
	retryAfter time.Duration
}

// FaultState is one line of the faults panel.
type FaultState struct {
	Fault Fault  `json:"fault"`
	Text  string `json:"text"`
	On    bool   `json:"on"`
	Left  int    `json:"left"` // -1 = until switched off
	Hits  int    `json:"hits"`
}

// SetFault switches a fault on for the next count requests, until switched off if count < 0, and off if 0.
func (s *Simulator) SetFault(f Fault, count int) error {
	return s.setFault(f, count, 0)
}

// SetRetryAfter is SetFault for FaultEvent429 with the pause Kakao asks for, in whole seconds.
func (s *Simulator) SetRetryAfter(count int, pause time.Duration) error {
	return s.setFault(FaultEvent429, count, pause)
}

func (s *Simulator) setFault(f Fault, count int, pause time.Duration) error {
	if !slices.ContainsFunc(faultTexts, func(t struct {
		fault Fault
		text  string
	}) bool {
		return t.fault == f
	}) {
		return fmt.Errorf("simulator: unknown fault %q", f)
	}
	s.mu.Lock()
	st := s.faults[f]
	if st == nil {
		st = &faultState{}
		s.faults[f] = st
	}
	st.left, st.retryAfter = max(count, -1), pause
	s.mu.Unlock()
	s.notify(notice{Topic: "faults"})
	return nil
}

// Faults returns every fault with its state.
func (s *Simulator) Faults() []FaultState {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]FaultState, 0, len(faultTexts))
	for _, t := range faultTexts {
		f := FaultState{Fault: t.fault, Text: t.text}
		if st := s.faults[t.fault]; st != nil {
			f.On, f.Left, f.Hits = st.left != 0, st.left, st.hits
		}
		list = append(list, f)
	}
	return list
}

// hit reports whether the fault strikes now, and uses up one of its count.
func (s *Simulator) hit(f Fault) bool {
	s.mu.Lock()
	st := s.faults[f]
	if st == nil || st.left == 0 {
		s.mu.Unlock()
		return false
	}
	st.hits++
	if st.left > 0 {
		st.left--
	}
	s.mu.Unlock()
	s.notify(notice{Topic: "faults"})
	return true
}

func (s *Simulator) retryAfter() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.faults[FaultEvent429]; st != nil && st.retryAfter > 0 {
		return st.retryAfter
	}
	return 10 * time.Second
}
