package desk

import (
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
)

// act carries out an action of the thread page. A refused form comes back open, with what was typed.
func (d *Desk) act(w http.ResponseWriter, r *http.Request, sc *web.Scope, name string, in any, do func(number string) error, said string) error {
	number := sc.Param("number")
	err := web.Form(r, in)
	if err == nil {
		err = do(number)
	}
	if err == nil {
		return d.done(w, r, sc, "/tickets/"+number+suffixOf(r), said)
	}
	if f, ok := refused(name, r, err); ok {
		return d.showTicket(w, r, sc, view{status: http.StatusUnprocessableEntity, form: f})
	}
	if p := sc.ProblemOf(err); p.Code == store.WrongState || p.Code == store.Conflict {
		// The page shows how the case lies now, with what can be done from here.
		return d.showTicket(w, r, sc, view{status: p.Status, notice: p.Detail})
	}
	return err
}

func (d *Desk) accept(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Kind     string `form:"kind"`
		Rule     string `form:"rule" max:"20"`
		Category int64  `form:"category"`
		Name     string `form:"name" max:"40"`
		Contact  string `form:"contact" max:"40"`
		Reason   string `form:"reason" max:"200"`
	}
	return d.act(w, r, sc, "accept", &in, func(number string) error {
		rule, err := ruleOf(in.Rule)
		if err != nil {
			return err
		}
		_, err = d.db.Accept(r.Context(), sc.Actor, number, store.AcceptInput{
			Kind: in.Kind, Rule: rule, Category: store.Ref{ID: in.Category}, Name: in.Name, Contact: in.Contact, Reason: in.Reason,
		})
		return err
	}, "접수했어요.")
}

func (d *Desk) transfer(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Department int64  `form:"department" required:"보낼 부서를 골라 주세요."`
		Reason     string `form:"reason" max:"200"`
	}
	// For somebody of a department the case is out of sight after this.
	to, number := "", sc.Param("number")
	if sc.Actor.Role == store.RoleDepartment {
		to = "/tickets" + suffixOf(r)
	}
	err := d.act(w, r, sc, "transfer", &in, func(number string) error {
		_, err := d.db.Transfer(r.Context(), sc.Actor, number, store.TransferInput{Department: store.Ref{ID: in.Department}, Reason: in.Reason})
		if err == nil && to != "" && !sc.Actor.Sees(in.Department) {
			err = gone{to}
		}
		return err
	}, "부서로 보냈어요.")
	return d.leave(w, r, sc, err, number+" 민원을 보냈어요.")
}

func (d *Desk) giveBack(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Reason string `form:"reason" max:"200"`
	}
	number := sc.Param("number")
	err := d.act(w, r, sc, "return", &in, func(number string) error {
		_, err := d.db.Transfer(r.Context(), sc.Actor, number, store.TransferInput{Return: true, Reason: in.Reason})
		if err == nil && sc.Actor.Role == store.RoleDepartment {
			err = gone{"/tickets" + suffixOf(r)}
		}
		return err
	}, "상담실로 돌려보냈어요.")
	return d.leave(w, r, sc, err, number+" 민원을 상담실로 돌려보냈어요.")
}

// gone says that the case left the reader's sight: the next page is the list.
type gone struct{ to string }

func (gone) Error() string { return "the case left the reader's sight" }

func (d *Desk) leave(w http.ResponseWriter, r *http.Request, sc *web.Scope, err error, said string) error {
	if g, ok := err.(gone); ok {
		return d.done(w, r, sc, g.to, said)
	}
	return err
}

func (d *Desk) take(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.act(w, r, sc, "take", &struct{}{}, func(number string) error {
		_, err := d.db.Take(r.Context(), sc.Actor, number)
		return err
	}, "우리 부서에서 맡았어요.")
}

// assign is 내가 맡기.
func (d *Desk) assign(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.act(w, r, sc, "assign", &struct{}{}, func(number string) error {
		_, err := d.db.Change(r.Context(), sc.Actor, number, store.ChangeInput{Assignee: &store.Ref{ID: sc.Actor.Staff}})
		return err
	}, "내가 맡았어요.")
}

func (d *Desk) close(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Reason string `form:"reason" required:"완료 사유를 골라 주세요."`
		Text   string `form:"text" max:"8000"`
	}
	return d.act(w, r, sc, "close", &in, func(number string) error {
		_, err := d.db.FinishTicket(r.Context(), sc.Actor, number, store.FinishInput{Reason: in.Reason, Text: in.Text})
		return err
	}, "완료했어요.")
}

func (d *Desk) reopen(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Reason string `form:"reason" max:"200"`
		Tell   bool   `form:"tell"`
	}
	return d.act(w, r, sc, "reopen", &in, func(number string) error {
		_, err := d.db.Reopen(r.Context(), sc.Actor, number, store.ReopenInput{Reason: in.Reason, Tell: in.Tell})
		return err
	}, "다시 열었어요.")
}

func (d *Desk) dismiss(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Reason string `form:"reason" required:"답변이 필요 없는 이유를 골라 주세요."`
	}
	return d.act(w, r, sc, "dismiss", &in, func(number string) error {
		_, err := d.db.Dismiss(r.Context(), sc.Actor, number, store.DismissInput{Reason: in.Reason})
		return err
	}, "답변이 필요 없는 것으로 정리했어요.")
}
