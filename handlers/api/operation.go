package api

import (
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
)

// operation is one line of the API: what is routed and what is documented.
type operation struct {
	method, path string // path below Base, as httprouter writes it
	id           string
	summary      string
	text         string
	tag          string
	need         store.Permission
	public       bool
	params       []param
	body         any // zero value of the request's type; nil = none
	sample       any // an example of it
	status       int // of success; 0 = 200
	answer       any // an example of the answer, of the answer's type; nil = see media
	media        string
	headers      []param
	errors       []store.Kind // beyond those every operation has
	handler      web.Handler
}

// param is a parameter of path, query or header, or a header of the answer.
type param struct {
	name, in, text string
	schema         object
	needed         bool
}

var (
	numberParam = param{"number", "path", "접수번호", object{"type": "string", "examples": []string{"2026-000123"}}, true}
	textSchema  = object{"type": "string"}
)

const (
	tagCases    = "민원"
	tagCalendar = "시간"
	tagSystem   = "시스템"
)

// onCase are the errors of everything that changes a case.
var onCase = []store.Kind{store.Invalid, store.NotFound, store.WrongState, store.TooLarge}

// operations is the table. What belongs to a later version is not in it.
func (a *API) operations() []operation {
	return []operation{
		{
			method: http.MethodGet, path: "/tickets", id: "listTickets", tag: tagCases, need: store.MaySee, handler: a.list,
			summary: "민원 목록", text: "토큰이 볼 수 있는 민원만 나와요. state가 없으면 모든 상태의 민원이에요. 쪽을 넘길 때는 같은 조건에 cursor만 더해요.",
			params: []param{
				{"state", "query", "상태. 여럿은 쉼표로 이어요.", object{"type": "string", "examples": []string{"waiting,open"}}, false},
				{"department", "query", "부서의 번호나 이름", textSchema, false},
				{"assignee", "query", "담당자의 직원 번호. 담당자가 없는 민원은 none", textSchema, false},
				{"sort", "query", "순서: 오래 기다린 순, 기한 임박, 최신", object{"type": "string", "enum": []string{"waiting", "due", "newest"}, "default": "waiting"}, false},
				{"limit", "query", "한 쪽의 건수", object{"type": "integer", "minimum": 1, "maximum": listLimitMax, "default": listLimit}, false},
				{"cursor", "query", "앞쪽 답의 next", textSchema, false},
			},
			answer: TicketPage{Tickets: []Ticket{sampleTicket}, Next: textOf("AAEAAAGdxQ")}, errors: []store.Kind{store.Invalid},
		}, {
			method: http.MethodGet, path: "/tickets/:number", id: "getTicket", tag: tagCases, need: store.MaySee, handler: a.get,
			summary: "민원 한 건과 그 메시지", params: []param{numberParam},
			answer: TicketWithMessages{Ticket: sampleTicket, Messages: []Message{sampleQuestion, sampleReply}}, errors: []store.Kind{store.Invalid, store.NotFound},
		}, {
			method: http.MethodPost, path: "/tickets/:number/messages", id: "postMessage", tag: tagCases, need: store.MayAnswer, handler: a.post,
			summary: "답변 또는 내부 메모 쓰기",
			text:    "답변은 저장과 함께 전달이 시작돼요. seen 뒤에 다른 직원의 답변이 있으면 409 conflict와 그 메시지를 돌려주고 아무것도 저장하지 않아요. 그래도 보내려면 force를 true로 보내요.",
			params: []param{numberParam, {idempotencyHeader, "header", "같은 요청을 다시 보내도 한 번만 저장돼요. 24시간 동안 첫 답을 그대로 돌려줘요. 본문이 다르면 422예요.",
				object{"type": "string", "maxLength": keyMax, "examples": []string{"7f0c4a52-2f0e-4d3c-9a51-6e1b7b7d9b1f"}}, false}},
			body: messageIn{}, sample: object{"kind": "reply", "text": "오늘 오후에 확인해서 알려 드릴게요.", "seen": 41},
			status: http.StatusCreated, answer: sampleReply, errors: append([]store.Kind{store.Conflict}, onCase...),
			headers: []param{{"Location", "header", "메시지가 있는 곳", textSchema, true}},
		}, {
			method: http.MethodPost, path: "/tickets/:number/accept", id: "acceptTicket", tag: tagCases, need: store.MayAnswer, handler: a.accept,
			summary: "접수", text: "법정 처리기한이 시작돼요. other가 아닌 민원은 이름과 연락처가 있어야 해요.", params: []param{numberParam},
			body: acceptIn{}, sample: object{"kind": "inquiry_system", "rule": "days:7"}, answer: sampleTicket, errors: onCase,
		}, {
			method: http.MethodPost, path: "/tickets/:number/transfer", id: "transferTicket", tag: tagCases, need: store.MayTransfer, handler: a.transfer,
			summary: "부서로 보내기, 또는 우리 부서 아님", text: "시민에게 부서와 연락처, 처리기한을 알려요. return은 부서가 상담실로 되돌릴 때 써요.", params: []param{numberParam},
			body: transferIn{}, sample: object{"department": "도로관리과", "reason": "도로 파손 신고"}, answer: sampleTicket, errors: onCase,
		}, {
			method: http.MethodPost, path: "/tickets/:number/close", id: "closeTicket", tag: tagCases, need: store.MayAnswer, handler: a.close,
			summary: "완료", text: "text는 시민에게 가요. 부서 처리 중이면 결과 통지가 돼요.", params: []param{numberParam},
			body: closeIn{}, sample: object{"text": "처리를 마쳤어요. 고맙습니다."}, answer: sampleTicket, errors: onCase,
		}, {
			method: http.MethodPost, path: "/tickets/:number/reopen", id: "reopenTicket", tag: tagCases, need: store.MayAnswer, handler: a.reopen,
			summary: "다시 열기", text: "같은 번호의 다음 회차가 열려요.", params: []param{numberParam},
			body: reopenIn{}, sample: object{"reason": "현장이 아직 고쳐지지 않음"}, answer: sampleTicket, errors: onCase,
		}, {
			method: http.MethodPatch, path: "/tickets/:number", id: "changeTicket", tag: tagCases, need: store.MayAnswer, handler: a.change,
			summary: "분류, 담당자, 우선순위, 보류, 긴급 바꾸기", text: "보낸 항목만 바꾸고, null은 비워요.", params: []param{numberParam},
			body: changeIn{}, sample: object{"assignee": 3, "priority": "high", "snooze_until": nil}, answer: sampleTicket, errors: onCase,
		}, {
			method: http.MethodGet, path: "/files/:id", id: "getFile", tag: tagCases, need: store.MaySee, handler: a.file,
			summary: "사진 내려받기", params: []param{{"id", "path", "파일 번호", object{"type": "integer", "minimum": 1}, true}},
			media: "image/*", errors: []store.Kind{store.Invalid, store.NotFound},
		}, {
			method: http.MethodGet, path: "/calendar", id: "getCalendar", tag: tagCalendar, need: store.MaySee, handler: a.calendar,
			summary: "업무시간인지, 왜 그런지, 다음은 언제인지",
			params: []param{
				{"at", "query", "시각(RFC 3339). 없으면 지금", object{"type": "string", "format": "date-time"}, false},
				{"of", "query", "달력: desk(상담), statutory(법정 근무시간), 또는 부서 번호", object{"type": "string", "default": "desk"}, false},
			},
			answer: CalendarAnswer{Open: false, Because: "휴무: 추석 연휴", NextOpen: instant("2026-09-28T09:00:00+09:00"), NextClose: instant("2026-09-28T18:00:00+09:00")},
			errors: []store.Kind{store.Invalid},
		}, {
			method: http.MethodPost, path: "/calendar/due", id: "computeDue", tag: tagCalendar, need: store.MaySee, handler: a.due,
			summary: "처리기한 셈하기", text: "법정 근무시간 달력으로 셈하고 그 근거를 함께 돌려줘요. 아무것도 저장하지 않아요.",
			body: dueIn{}, sample: object{"rule": "days:7", "accepted_at": "2026-11-23T10:00:00+09:00", "exclusions": []object{{"from": "2026-11-25", "to": "2026-11-26", "kind": "supplement"}}},
			answer: DueAnswer{Due: "2026-12-01", Steps: sampleTicket.Due.Steps}, errors: []store.Kind{store.Invalid, store.TooLarge},
		}, {
			method: http.MethodGet, path: "/events", id: "streamEvents", tag: tagSystem, need: store.MaySee, handler: a.events,
			summary: "바뀐 민원 알림(SSE)",
			text: `한 줄 data에 {"topic":"ticket","number":"2026-000123"}이 와요. 내용은 다시 읽어 주세요. kind가 gone이면 더는 볼 수 없는 민원이고, ` +
				`event가 resync면 놓친 알림이 있으니 모두 다시 읽고 다시 이어 주세요.`,
			media: "text/event-stream",
		}, {
			method: http.MethodGet, path: "/status", id: "getStatus", tag: tagSystem, need: store.MayOperate, handler: a.status,
			summary: "대기, 전달, 작업, 저장소의 상태", answer: sampleStatus, errors: []store.Kind{store.Invalid},
		}, {
			method: http.MethodGet, path: "/openapi.json", id: "getDocument", tag: tagSystem, public: true, handler: a.openapi,
			summary: "이 문서", text: "토큰 없이 읽을 수 있어요.", media: "application/json",
		},
	}
}

// events sends what changes, to the end of the connection.
func (a *API) events(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := noQuery(r); err != nil {
		return err
	}
	return web.Stream(w, r, sc, a.db.Live())
}
