package desk

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"toktok/handlers/web"
	"toktok/store"
)

// Composer is where an answer or a note is written.
type Composer struct {
	URL      string
	Seen     int64  // last message on the page
	Reply    bool   // a reply is possible
	Finish   string // text of the second button; "" = none
	Addendum bool   // the case is closed: the reply is a supplement
	Draft    Draft
}

// Limits of the meter, in KakaoTalk characters (RULES C2): one bubble, two, and what two can hold at most.
const (
	meterOne  = 480
	meterTwo  = 960
	meterMost = 1960
)

// One, Two and Most are the limits the script's meter shows.
func (Composer) One() int  { return meterOne }
func (Composer) Two() int  { return meterTwo }
func (Composer) Most() int { return meterMost }

func (d *Desk) composer(sc *web.Scope, th store.Thread, suffix string, draft Draft) *Composer {
	t := th.Ticket
	may := t.Allowed(sc.Actor)
	if !slices.Contains(may, store.ActNote) {
		return nil
	}
	c := &Composer{URL: "/tickets/" + t.Number + "/messages" + suffix, Reply: slices.Contains(may, store.ActReply), Draft: draft, Addendum: t.State == store.StateClosed}
	if n := len(th.Messages); n > 0 {
		c.Seen = th.Messages[n-1].ID
	}
	if slices.Contains(may, store.ActClose) || slices.Contains(may, store.ActResult) {
		c.Finish = "보내고 완료"
	}
	if c.Draft.Kind == "" {
		c.Draft.Kind = "reply"
	}
	return c
}

// messageForm is what the composer sends.
type messageForm struct {
	Kind   string `form:"kind"`
	Text   string `form:"text" max:"8000"`
	Seen   int64  `form:"seen"`
	Force  bool   `form:"force"`
	Finish bool   `form:"finish"`
}

// message sends an answer or stores a note. Whatever goes wrong, the typed words come back with the page.
func (d *Desk) message(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in messageForm
	err := web.Form(r, &in)
	if err != nil && web.FieldsOf(err) == nil {
		return err
	}
	number := sc.Param("number")
	if err == nil {
		switch in.Kind {
		case "note":
			_, err = d.db.Note(r.Context(), sc.Actor, number, in.Text, nil)
		case "reply":
			_, err = d.db.Reply(r.Context(), sc.Actor, number, store.ReplyInput{Text: in.Text, Seen: in.Seen, Force: in.Force, Finish: in.Finish})
		default:
			err = web.Wrong(map[string]string{"kind": "답변과 내부 메모 가운데 하나를 골라 주세요."})
		}
	}
	if err == nil {
		return web.Redirect(w, r, "/tickets/"+number+suffixOf(r)+"#composer")
	}
	v := view{draft: Draft{Kind: in.Kind, Text: r.PostForm.Get("text")}}
	problem := sc.ProblemOf(err)
	v.status = problem.Status
	switch problem.Code {
	case store.Invalid:
		v.draft.Error = firstOf(problem.Fields, problem.Detail, "text", "kind", "seen")
	case store.Conflict:
		v.draft.Error, v.draft.Force, v.fresh = problem.Detail, true, in.Seen
	case store.WrongState, store.Unavailable, store.TooMany, store.Internal:
		// Words somebody has typed are never answered with a bare error page.
		v.draft.Error = problem.Detail
		if problem.Code == store.Internal {
			sc.Log.Error("message not stored", "event", "error_internal", "err", err)
			v.draft.Error += " (요청 번호 " + sc.RequestID + ")"
		}
	default:
		return err
	}
	if shown := d.showTicket(w, r, sc, v); shown != nil {
		return errors.Join(err, shown)
	}
	return nil
}

// firstOf is the first fault of the named fields, else the sentence about all.
func firstOf(fields map[string]string, otherwise string, names ...string) string {
	for _, name := range names {
		if text := fields[name]; text != "" {
			return text
		}
	}
	for _, text := range fields {
		return text
	}
	return otherwise
}

// suffixOf is the list's filter in the address of a form, to go back to the same list.
func suffixOf(r *http.Request) string {
	var q listQuery
	if err := web.Query(r, &q); err != nil {
		return ""
	}
	q.Cursor = ""
	return q.suffix()
}

// resend, byPhone and cancel act on what lies under one of our messages.
func (d *Desk) resend(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.redress(w, r, sc, func(id int64) error {
		_, err := d.db.Resend(r.Context(), sc.Actor, id)
		return err
	}, "다시 보내요.")
}

func (d *Desk) byPhone(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.redress(w, r, sc, func(id int64) error {
		_, err := d.db.HandledByPhone(r.Context(), sc.Actor, id)
		return err
	}, "전화로 처리한 것으로 적었어요.")
}

func (d *Desk) cancel(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.redress(w, r, sc, func(id int64) error {
		_, err := d.db.CancelDelivery(r.Context(), sc.Actor, id)
		return err
	}, "보내지 않기로 했어요.")
}

func (d *Desk) redress(w http.ResponseWriter, r *http.Request, sc *web.Scope, do func(id int64) error, said string) error {
	id, err := idOf(sc.Param("id"), "전달")
	if err != nil {
		return err
	}
	to := refererPath(r)
	if err := do(id); err != nil {
		if p := sc.ProblemOf(err); p.Code == store.WrongState || p.Code == store.Invalid {
			sc.SetFlash(w, "warn", p.Detail)
			return web.Redirect(w, r, to)
		}
		return err
	}
	return d.done(w, r, sc, to, said)
}

func idOf(text, what string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, &store.Error{Kind: store.NotFound, Text: what + "을 찾을 수 없어요. 주소나 번호를 다시 확인해 주세요."}
	}
	return id, nil
}
