package desk

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"toktok/store"
	"toktok/store/wording"
	"toktok/store/worktime"
)

// atWords is an instant as staff read it: 11월 23일(월) 09:12; "" for none.
func atWords(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return worktime.Korean(t)
}

func dayWords(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return worktime.KoreanDate(worktime.DateOf(t))
}

func clockWords(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(worktime.Seoul).Format("15:04")
}

func isoTime(t time.Time) string { return t.In(worktime.Seoul).Format(time.RFC3339) }

// nearWords leaves the date out on the same day.
func nearWords(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if worktime.DateOf(t) == worktime.DateOf(now) {
		return clockWords(t)
	}
	return worktime.Korean(t)
}

// elapsed is how long somebody has waited: 방금, 12분, 3시간 5분, 2일 4시간. list.js counts on in the same words.
func elapsed(d time.Duration) string {
	switch m := int(d / time.Minute); {
	case m < 1:
		return "방금"
	case m < 60:
		return fmt.Sprintf("%d분", m)
	case m < 24*60:
		return strings.TrimSuffix(fmt.Sprintf("%d시간 %d분", m/60, m%60), " 0분")
	default:
		return strings.TrimSuffix(fmt.Sprintf("%d일 %d시간", m/(24*60), m/60%24), " 0시간")
	}
}

func stateLabel(s store.State) string { return wording.StateLabel(string(s)) }

func roleLabel(r store.Role) string {
	switch r {
	case store.RoleAdmin:
		return "관리자"
	case store.RoleOperator:
		return "상담원"
	case store.RoleDepartment:
		return "부서 담당자"
	case store.RoleAuditor:
		return "감사"
	}
	return string(r)
}

func bytesWords(n int64) string {
	switch {
	case n < 0:
		return "알 수 없음"
	case n < 1<<20:
		return fmt.Sprintf("%d KB", (n+1023)>>10)
	case n < 10<<30:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
}

// numberWords groups thousands: 1,000,000.
func numberWords(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Chip is a small mark; Tone is its colour, never its only meaning.
type Chip struct {
	Text string
	Tone string // "", info, warn, danger, ok, quiet
}

// dueChip says how far the legal date is: D-2, 오늘까지, 11:30까지, 기한 지남. A case that is answered or paused has none.
func dueChip(t *store.Ticket, now time.Time) (Chip, bool) {
	if t.DueAt.IsZero() || t.State == store.StateClosed || t.State == store.StateAnswered || t.Paused {
		return Chip{}, false
	}
	if now.After(t.DueAt) {
		return Chip{"기한 지남", "danger"}, true
	}
	today, on := worktime.DateOf(now), worktime.DateOf(t.DueAt)
	switch days := int(on.At(12, 0).Sub(today.At(12, 0)).Hours()) / 24; {
	case days > 0 && days <= 2:
		return Chip{fmt.Sprintf("D-%d", days), "warn"}, true
	case days > 0:
		return Chip{fmt.Sprintf("D-%d", days), ""}, true
	case strings.Contains(t.DueText, "T"):
		return Chip{clockWords(t.DueAt) + "까지", "warn"}, true
	}
	return Chip{"오늘까지", "warn"}, true
}

// dueWords writes the due date: an instant, or a day.
func dueWords(t *store.Ticket) string {
	switch {
	case t.DueAt.IsZero():
		return ""
	case strings.Contains(t.DueText, "T"):
		return atWords(t.DueAt)
	}
	return dayWords(t.DueAt)
}

// ruleWords writes a processing period.
func ruleWords(rule string) string {
	r, err := worktime.ParseRule(rule)
	if err != nil {
		return rule
	}
	return r.Korean()
}

// reasonWords writes why a delivery is where it is. "kakao <n>" is an errorType of the Event API.
func reasonWords(reason string) string {
	switch reason {
	case store.ReasonNoRoute:
		return "바로 보낼 길이 없어요"
	case store.ReasonSuperseded:
		return "다른 안내나 답변이 먼저 나갔어요"
	case store.ReasonExpired:
		return "보낼 때가 지났어요"
	case store.ReasonUndone:
		return "보내기 전에 취소했어요"
	case store.ReasonPhone:
		return "전화로 알려 드렸어요"
	case store.ReasonBlocked:
		return "상담을 멈춘 시민이에요"
	case store.ReasonRestart:
		return "보내는 중에 프로그램이 다시 시작됐어요"
	case store.ReasonInferred:
		return "전달된 것으로 보여요"
	case store.ReasonNoAnswer:
		return "카카오톡의 응답을 받지 못했어요"
	case store.ReasonNoCall:
		return "카카오톡이 답변을 가져가지 않았어요"
	case store.ReasonNoResult:
		return "카카오톡이 결과를 알려 주지 않았어요"
	case store.ReasonNotWritten:
		return "답변이 카카오톡까지 가지 못했어요"
	case store.ReasonRefused:
		return "카카오톡이 받지 않았어요"
	case store.ReasonBusy:
		return "카카오톡이 잠시 쉬어 달라고 했어요"
	case store.ReasonUnreached:
		return "카카오톡에 연결하지 못했어요"
	case store.ReasonWindow:
		return "바로 답할 수 있는 시간이 지났어요"
	}
	if n, ok := strings.CutPrefix(reason, "kakao "); ok {
		return "카카오톡 오류 " + n
	}
	if reason == "" {
		return "이유를 알 수 없어요"
	}
	return reason
}

func routeWords(route string) string {
	switch route {
	case store.RouteCallback:
		return "바로 답하기"
	case store.RouteEvent:
		return "먼저 보내기(이벤트)"
	case store.RoutePickup:
		return "다음 말에 전달"
	case store.RoutePhone:
		return "전화"
	}
	return route
}

// deliveryState names a state on the system page.
func deliveryState(state string) string {
	switch state {
	case store.DeliveryQueued:
		return "보낼 차례를 기다림"
	case store.DeliverySending:
		return "보내는 중"
	case store.DeliveryAccepted:
		return "카카오톡이 확인 중"
	case store.DeliveryDelivered:
		return "전달됨"
	case store.DeliveryPickup:
		return "시민의 다음 말에 전달"
	case store.DeliveryOffered:
		return "시민에게 보이는 중"
	case store.DeliveryFailed:
		return "실패"
	case store.DeliveryUnknown:
		return "전달됐는지 모름"
	case store.DeliveryCancelled:
		return "보내지 않음"
	}
	return state
}

// Sending is the line under one of our messages: what became of it, and what can be done.
type Sending struct {
	ID       int64
	Text     string
	Tone     string // "", ok, warn, danger
	Resend   bool
	Phone    bool
	Cancel   bool
	Attempts []Try
}

// Try is one attempt in words.
type Try struct {
	At   time.Time
	Text string
}

// sendingOf writes a delivery in plain Korean. may: the reader may act on it.
func sendingOf(dl *store.Delivery, now time.Time, may bool) *Sending {
	if dl == nil {
		return nil
	}
	s := &Sending{ID: dl.ID}
	legal := dl.Class != store.ClassLine
	switch dl.State {
	case store.DeliveryDelivered:
		s.Text, s.Tone = "전달됨 "+nearWords(dl.At, now), "ok"
		if dl.Reason == store.ReasonInferred {
			s.Text = "전달된 것으로 보여요 " + nearWords(dl.At, now)
		}
	case store.DeliveryQueued:
		s.Text = "보낼 차례를 기다려요"
		if dl.NotBefore.After(now) {
			s.Text = nearWords(dl.NotBefore, now) + "에 보내요"
		} else if dl.Reason != "" {
			s.Text = "다시 보낼게요: " + reasonWords(dl.Reason)
		}
		s.Cancel = dl.Class == store.ClassReply
	case store.DeliverySending:
		s.Text = "보내는 중이에요"
	case store.DeliveryAccepted:
		s.Text = "카카오톡이 확인 중"
	case store.DeliveryPickup:
		s.Text, s.Phone, s.Cancel = "시민이 다음에 말을 걸 때 전달돼요", legal, dl.Class == store.ClassReply
	case store.DeliveryOffered:
		s.Text = "시민에게 보이는 중이에요"
	case store.DeliveryFailed:
		s.Text, s.Tone, s.Resend, s.Phone = "실패: "+reasonWords(dl.Reason), "danger", legal, true
	case store.DeliveryUnknown:
		s.Text, s.Tone, s.Resend, s.Phone = "전달됐는지 알 수 없어요: "+reasonWords(dl.Reason), "warn", legal, legal
	case store.DeliveryCancelled:
		s.Text = "보내지 않았어요: " + reasonWords(dl.Reason)
		if dl.Reason == store.ReasonPhone {
			s.Text, s.Tone = "전화로 알려 드렸어요 "+nearWords(dl.At, now), "ok"
		}
	}
	for _, a := range dl.Attempts {
		words := routeWords(a.Route)
		switch a.Outcome {
		case "":
			words += ": 결과를 기다려요"
		case store.DeliveryDelivered:
			words += ": 전달됨"
		default:
			why := a.Outcome
			if a.Reason != "" {
				why = a.Reason
			}
			words += ": " + reasonWords(why)
		}
		s.Attempts = append(s.Attempts, Try{a.At, words})
	}
	if !may {
		s.Resend, s.Phone, s.Cancel = false, false, false
	}
	return s
}

// outcomeWords names how a run of a job ended.
func outcomeWords(outcome string) string {
	switch store.Outcome(outcome) {
	case store.OutcomeRunning:
		return "하는 중"
	case store.OutcomeDone:
		return "마침"
	case store.OutcomeFailed:
		return "실패"
	case store.OutcomeMissed:
		return "못 함(꺼져 있었음)"
	case store.OutcomeSkipped:
		return "건너뜀"
	}
	return outcome
}
