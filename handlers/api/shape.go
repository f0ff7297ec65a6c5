package api

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"toktok/store"
	"toktok/store/worktime"
)

// Instant is a time as the API writes it: RFC 3339 with +09:00 to the second, null for none.
type Instant time.Time

// MarshalJSON implements json.Marshaler.
func (i Instant) MarshalJSON() ([]byte, error) {
	t := time.Time(i)
	if t.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, t.In(worktime.Seoul).Format(time.RFC3339)), nil
}

// Ref names another thing of the office.
type Ref struct {
	ID   int64  `json:"id" doc:"번호"`
	Name string `json:"name" doc:"이름"`
}

// Citizen is the citizen of a case, as far as a list shows him.
type Citizen struct {
	ID     int64  `json:"id" doc:"시민 번호"`
	Name   string `json:"name" doc:"알려 준 이름. 모르면 빈 글자"`
	Friend *bool  `json:"friend" doc:"채널 친구인지. 모르면 null"`
}

// Due is the processing deadline with the arithmetic that led to it.
type Due struct {
	At    string          `json:"at" doc:"처리기한. 즉시·시간·5일 이하는 시각, 그 밖은 날짜(YYYY-MM-DD)"`
	Rule  string          `json:"rule" doc:"처리기간: immediate, hours:N, days:N, weeks:N, months:N, years:N"`
	Steps []worktime.Step `json:"steps" doc:"산정 근거"`
}

// Ticket is one case (민원).
type Ticket struct {
	Number        string      `json:"number" doc:"접수번호" example:"2026-000123"`
	State         store.State `json:"state" doc:"아침 대기, 답변 대기, 답변함, 부서 처리, 완료" enum:"waiting,open,answered,review,closed"`
	Subject       string      `json:"subject" doc:"첫 글의 첫 줄, 40자까지. 사진뿐이면 '사진'"`
	Citizen       Citizen     `json:"citizen" doc:"시민"`
	Category      *Ref        `json:"category" doc:"분류"`
	Department    *Ref        `json:"department" doc:"부서"`
	Assignee      *Ref        `json:"assignee" doc:"담당자"`
	Priority      string      `json:"priority" doc:"우선순위" enum:"low,normal,high,urgent"`
	Urgent        bool        `json:"urgent" doc:"긴급 표시"`
	ReceivedAt    Instant     `json:"received_at" doc:"이번 회차를 받은 시각"`
	AcceptedAt    Instant     `json:"accepted_at" doc:"접수한 시각. 법정 기한은 여기서 시작"`
	AwaitingSince Instant     `json:"awaiting_since" doc:"아직 사람이 답하지 않은 가장 이른 시민 글의 시각"`
	FirstReplyAt  Instant     `json:"first_reply_at" doc:"첫 답변 시각"`
	DoneAt        Instant     `json:"done_at" doc:"처리를 마친 시각"`
	NotifiedAt    Instant     `json:"notified_at" doc:"결과가 시민에게 닿은 시각"`
	Round         int         `json:"round" doc:"회차. 다시 열릴 때마다 1씩 커짐"`
	Kind          *string     `json:"kind" doc:"민원 종류. 접수 전이면 null" enum:"other,inquiry_law,inquiry_system,suggestion,grievance,statutory"`
	Due           *Due        `json:"due" doc:"처리기한"`
	FollowUpOn    *string     `json:"follow_up_on" doc:"아침 대기일 때 이어서 답할 업무일(YYYY-MM-DD)"`
	SnoozeUntil   Instant     `json:"snooze_until" doc:"보류가 끝나는 시각"`
	Unread        int         `json:"unread" doc:"직원이 아직 열지 않은 시민 글의 수"`
	Channel       string      `json:"channel" doc:"들어온 길" enum:"bot,consult,web,phone,visit"`
}

// TicketWithMessages is a case with what was said in it.
type TicketWithMessages struct {
	Ticket
	Messages []Message `json:"messages" doc:"메시지. 받은 차례대로"`
}

// File is a picture of a message.
type File struct {
	Name string  `json:"name" doc:"파일 이름"`
	Type string  `json:"type" doc:"내용의 종류(MIME)"`
	Size int64   `json:"size" doc:"크기(바이트)"`
	URL  *string `json:"url" doc:"내려받는 주소. 가져오는 중이거나 사라졌으면 null"`
}

// Attempt is one try of a delivery.
type Attempt struct {
	Route   string  `json:"route" doc:"길" enum:"callback,consult,event,alimtalk,pickup,phone"`
	At      Instant `json:"at" doc:"시각"`
	Outcome string  `json:"outcome" doc:"결과"`
	Reason  string  `json:"reason" doc:"까닭"`
}

// Delivery says how far a message of ours came.
type Delivery struct {
	State    string    `json:"state" doc:"전달 상태" enum:"queued,sending,accepted,delivered,pickup,offered,failed,unknown,cancelled"`
	Route    *string   `json:"route" doc:"길. 아직 정해지지 않았으면 null" enum:"callback,consult,event,alimtalk,pickup,phone"`
	Attempts []Attempt `json:"attempts" doc:"시도한 기록"`
	At       Instant   `json:"at" doc:"이 상태가 된 시각"`
	Reason   string    `json:"reason" doc:"까닭. 없으면 빈 글자"`
}

// Message is one entry of a case.
type Message struct {
	ID       int64             `json:"id" doc:"번호. 차례는 이 번호로 정해짐"`
	Kind     store.MessageKind `json:"kind" doc:"시민 글, 답변, 내부 메모, 자동 안내, 처리 기록" enum:"citizen,reply,note,auto,log"`
	Text     string            `json:"text" doc:"글"`
	Files    []File            `json:"files" doc:"사진"`
	At       Instant           `json:"at" doc:"받은 시각, 우리 글은 저장한 시각"`
	By       *string           `json:"by" doc:"쓴 직원이나 토큰의 이름. 시민 글과 자동 안내는 null"`
	Delivery *Delivery         `json:"delivery" doc:"전달. 시민에게 가지 않는 글은 null"`
}

// TicketPage is one page of the list.
type TicketPage struct {
	Tickets []Ticket `json:"tickets" doc:"민원"`
	Next    *string  `json:"next" doc:"다음 쪽의 cursor. 더 없으면 null"`
}

func refOf(r store.Ref) *Ref {
	if r.ID == 0 {
		return nil
	}
	return &Ref{ID: r.ID, Name: r.Name}
}

func textOf(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func ticketOf(t *store.Ticket) Ticket {
	out := Ticket{
		Number: t.Number, State: t.State, Subject: t.Subject,
		Citizen:  Citizen{ID: t.Citizen.ID, Name: t.Citizen.Name, Friend: t.Citizen.Friend},
		Category: refOf(t.Category), Department: refOf(t.Department), Assignee: refOf(t.Assignee),
		Priority: t.Priority, Urgent: t.Urgent,
		ReceivedAt: Instant(t.ReceivedAt), AcceptedAt: Instant(t.AcceptedAt), AwaitingSince: Instant(t.AwaitingSince),
		FirstReplyAt: Instant(t.FirstReplyAt), DoneAt: Instant(t.DoneAt), NotifiedAt: Instant(t.NotifiedAt),
		Round: t.Round, Kind: textOf(t.Kind), SnoozeUntil: Instant(t.SnoozeUntil), Unread: t.Unread, Channel: t.Channel,
	}
	if t.State == store.StateWaiting {
		out.FollowUpOn = textOf(t.FollowUpOn)
	}
	if t.DueText != "" {
		out.Due = &Due{At: t.DueText, Rule: t.DueRule, Steps: stepsOf(t.DueSteps)}
	}
	return out
}

// stepsOf reads the steps the store keeps as JSON.
func stepsOf(text string) []worktime.Step {
	steps := []worktime.Step{}
	if err := json.Unmarshal([]byte(cmp.Or(text, "[]")), &steps); err != nil || steps == nil {
		return []worktime.Step{}
	}
	return steps
}

func ticketsOf(list []*store.Ticket) []Ticket {
	out := make([]Ticket, 0, len(list))
	for _, t := range list {
		out = append(out, ticketOf(t))
	}
	return out
}

func messageOf(m store.Message) Message {
	out := Message{ID: m.ID, Kind: m.Kind, Text: m.Text, Files: make([]File, 0, len(m.Files)), At: Instant(m.At)}
	switch m.Kind {
	case store.FromReply, store.FromNote, store.FromLog:
		out.By = textOf(m.ByName)
	}
	for _, f := range m.Files {
		out.Files = append(out.Files, fileOf(f))
	}
	if d := m.Delivery; d != nil {
		out.Delivery = &Delivery{State: d.State, Route: textOf(d.Route), Attempts: make([]Attempt, 0, len(d.Attempts)), At: Instant(d.At), Reason: d.Reason}
		for _, a := range d.Attempts {
			out.Delivery.Attempts = append(out.Delivery.Attempts, Attempt{Route: a.Route, At: Instant(a.At), Outcome: a.Outcome, Reason: a.Reason})
		}
	}
	return out
}

func fileOf(f store.File) File {
	out := File{Name: f.Name, Type: f.Type, Size: f.Size}
	if f.State == "ready" {
		url := "/api/v1/files/" + strconv.FormatInt(f.ID, 10)
		out.URL = &url
	}
	return out
}

func messagesOf(list []store.Message) []Message {
	out := make([]Message, 0, len(list))
	for _, m := range list {
		out = append(out, messageOf(m))
	}
	return out
}

// Newer gives the messages of a conflict their shape; package web puts them into the problem.
func Newer(list []store.Message) any { return messagesOf(list) }
