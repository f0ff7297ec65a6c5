package api

import (
	"time"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/worktime"
)

// The examples of the document: one case from question to answer. They are Go values of the very types that are
// answered, so they cannot go out of shape.

func instant(text string) Instant {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return Instant{} // a wrong example shows null; the test of the document refuses it
	}
	return Instant(t)
}

func sampled[T any](v T) *T { return &v }

var sampleTicket = Ticket{
	Number: "2026-000123", State: store.StateAnswered, Subject: "집 앞 가로등이 꺼졌어요",
	Citizen: Citizen{ID: 17, Name: "", Friend: sampled(true)}, Category: &Ref{ID: 4, Name: "도로·가로등"}, Assignee: &Ref{ID: 3, Name: "김상담"},
	Priority: "normal", ReceivedAt: instant("2026-11-23T09:12:00+09:00"), AcceptedAt: instant("2026-11-23T09:15:30+09:00"),
	FirstReplyAt: instant("2026-11-23T09:15:30+09:00"), DoneAt: instant("2026-11-23T09:15:30+09:00"), Round: 1, Kind: sampled("other"),
	Due: &Due{At: "2026-11-23T14:15:30+09:00", Rule: "immediate", Steps: []worktime.Step{
		{On: "2026-11-23", Counts: true, Because: "근무시간 계산(민원처리법 §19①)", Sum: "3시간"},
	}},
	Channel: "bot",
}

var sampleQuestion = Message{ID: 41, Kind: store.FromCitizen, Text: "집 앞 가로등이 꺼졌어요", At: instant("2026-11-23T09:12:00+09:00"),
	Files: []File{{Name: "사진 1.jpg", Type: "image/jpeg", Size: 183204, URL: sampled(Base + "/files/9")}}}

var sampleReply = Message{ID: 43, Kind: store.FromReply, Text: "오늘 오후에 확인해서 알려 드릴게요.", At: instant("2026-11-23T09:15:30+09:00"), By: sampled("김상담"),
	Files: []File{}, Delivery: &Delivery{State: "delivered", Route: sampled("event"), At: instant("2026-11-23T09:15:32+09:00"),
		Attempts: []Attempt{{Route: "event", At: instant("2026-11-23T09:15:30+09:00"), Outcome: "delivered"}}}}

func sampleProblem(kind store.Kind, status int) web.Problem {
	p := web.Problem{Type: "/problems/" + string(kind), Title: web.TitleOf(kind), Status: status, Code: kind, Fields: map[string]string{},
		Detail: sampleDetails[kind], RequestID: "9f2c1d7e5a0b4c36"}
	switch kind {
	case store.Invalid:
		p.Fields["text"] = "꼭 보내 주세요."
	case store.WrongState:
		p.State, p.Allowed = store.StateClosed, []store.Action{store.ActReply, store.ActNote, store.ActReopen}
	case store.Conflict:
		p.Messages = []Message{sampleReply}
	}
	return p
}

var sampleDetails = map[store.Kind]string{
	store.Invalid:         "입력한 내용을 확인해 주세요.",
	store.Unauthenticated: "토큰이 없거나 쓸 수 없어요. Authorization: Bearer 뒤에 토큰을 적어 주세요.",
	store.Forbidden:       "이 일을 할 권한이 없어요. 관리자에게 문의해 주세요.",
	store.NotFound:        "민원을 찾을 수 없어요. 주소나 번호를 다시 확인해 주세요.",
	store.Conflict:        "그 사이에 다른 직원이 답했어요. 읽어 보고 다시 보내 주세요.",
	store.WrongState:      "지금 상태에서는 할 수 없는 일이에요. 화면을 새로 고쳐 확인해 주세요.",
	store.TooLarge:        "보낸 내용이 너무 커요. 줄여서 다시 보내 주세요.",
	store.TooMany:         "요청이 너무 잦아요. 잠시 후 다시 해 주세요.",
	store.Unavailable:     "지금은 저장하거나 읽을 수 없어요. 잠시 후 다시 해 주세요.",
	store.Internal:        "처리하는 중에 문제가 생겼어요. 다시 해도 같으면 요청 번호를 관리자에게 알려 주세요.",
}
