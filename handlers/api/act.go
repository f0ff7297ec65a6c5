package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"toktok/handlers/web"
	"toktok/store"
)

// refIn reads a reference: a number is an id, a text an exact name (RULES H2).
type refIn struct{ store.Ref }

// UnmarshalJSON implements json.Unmarshaler.
func (in *refIn) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &in.Name)
	}
	return json.Unmarshal(b, &in.ID)
}

// acceptIn takes a case in (RULES A7).
type acceptIn struct {
	Kind     string `json:"kind" doc:"민원 종류. 없으면 분류가 정한 것" enum:"other,inquiry_law,inquiry_system,suggestion,grievance,statutory"`
	Rule     string `json:"rule" doc:"처리기간. statutory에는 꼭 필요" example:"days:7"`
	Category *refIn `json:"category" doc:"분류의 번호나 이름"`
	Name     string `json:"name" doc:"시민의 성함. other가 아니면 이미 아는 것이 아닌 한 필요"`
	Contact  string `json:"contact" doc:"시민의 연락처. other가 아니면 이미 아는 것이 아닌 한 필요"`
	Reason   string `json:"reason" doc:"성함과 연락처를 알 수 없는 까닭"`
}

func (a *API) accept(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in acceptIn
	if err := decode(r, &in); err != nil {
		return err
	}
	to := store.AcceptInput{Kind: in.Kind, Rule: in.Rule, Name: in.Name, Contact: in.Contact, Reason: in.Reason}
	if in.Category != nil {
		to.Category = in.Category.Ref
	}
	t, err := a.db.Accept(r.Context(), sc.Actor, sc.Param("number"), to)
	return answerTicket(w, r, t, err)
}

// transferIn sends a case to a department, or back from one (RULES H3).
type transferIn struct {
	Department *refIn `json:"department" doc:"부서의 번호나 이름"`
	Return     bool   `json:"return" doc:"우리 부서 아님: 상담실로 되돌림"`
	Reason     string `json:"reason" doc:"까닭" need:"yes"`
}

func (a *API) transfer(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in transferIn
	if err := decode(r, &in); err != nil {
		return err
	}
	if (in.Department != nil) == in.Return {
		return web.Wrong(map[string]string{"department": "department와 return 가운데 하나만 보내 주세요."})
	}
	to := store.TransferInput{Return: in.Return, Reason: in.Reason}
	if in.Department != nil {
		to.Department = in.Department.Ref
	}
	t, err := a.db.Transfer(r.Context(), sc.Actor, sc.Param("number"), to)
	return answerTicket(w, r, t, err)
}

// closeIn ends a case.
type closeIn struct {
	Text   string `json:"text" doc:"시민에게 보내는 글"`
	Reason string `json:"reason" doc:"까닭. 없으면 부서 처리는 result, 그 밖은 answered" enum:"answered,result,declined,not_a_case,ended_abuse"`
}

func (a *API) close(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in closeIn
	if err := decode(r, &in); err != nil {
		return err
	}
	t, err := a.db.FinishTicket(r.Context(), sc.Actor, sc.Param("number"), store.FinishInput{Text: in.Text, Reason: in.Reason})
	return answerTicket(w, r, t, err)
}

// reopenIn opens a closed case again.
type reopenIn struct {
	Reason string `json:"reason" doc:"까닭" need:"yes"`
}

func (a *API) reopen(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in reopenIn
	if err := decode(r, &in); err != nil {
		return err
	}
	t, err := a.db.Reopen(r.Context(), sc.Actor, sc.Param("number"), store.ReopenInput{Reason: in.Reason})
	return answerTicket(w, r, t, err)
}

// changeIn changes what is not the course of a case; null clears.
type changeIn struct {
	Category    web.Opt[refIn]  `json:"category" doc:"분류의 번호나 이름"`
	Assignee    web.Opt[refIn]  `json:"assignee" doc:"담당자의 직원 번호나 아이디"`
	Priority    web.Opt[string] `json:"priority" doc:"우선순위. null이면 normal" enum:"low,normal,high,urgent"`
	SnoozeUntil web.Opt[string] `json:"snooze_until" doc:"보류가 끝나는 시각" format:"date-time"`
	Urgent      web.Opt[bool]   `json:"urgent" doc:"긴급 표시. null이면 끔"`
}

func (a *API) change(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in changeIn
	if err := decode(r, &in); err != nil {
		return err
	}
	to := store.ChangeInput{}
	if in.Category.Set {
		to.Category = &in.Category.Value.Ref
	}
	if in.Assignee.Set {
		to.Assignee = &in.Assignee.Value.Ref
	}
	if in.Priority.Set {
		if in.Priority.Null {
			in.Priority.Value = "normal"
		}
		to.Priority = &in.Priority.Value
	}
	if in.Urgent.Set {
		to.Urgent = &in.Urgent.Value
	}
	if in.SnoozeUntil.Set {
		until := time.Time{}
		if !in.SnoozeUntil.Null {
			var err error
			if until, err = time.Parse(time.RFC3339, in.SnoozeUntil.Value); err != nil {
				return web.Wrong(map[string]string{"snooze_until": wantInstant})
			}
		}
		to.SnoozeUntil = &until
	}
	t, err := a.db.Change(r.Context(), sc.Actor, sc.Param("number"), to)
	return answerTicket(w, r, t, err)
}

// decode reads the body of an action; actions take no parameters.
func decode(r *http.Request, dst any) error {
	if err := noQuery(r); err != nil {
		return err
	}
	if err := web.Decode(r, dst); err != nil {
		return err
	}
	return checkRules(dst)
}

func idOf(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }
