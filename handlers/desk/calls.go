package desk

import (
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
)

// CallsPage is 전화할 일: citizens whom our words did not reach.
type CallsPage struct {
	Base
	Rows []CallRow
	May  bool // the reader may telephone
}

// CallRow is one of them.
type CallRow struct {
	ID, Delivery      int64
	Name, Number, URL string
	State, Reason, At string
	Words             string
	Phone             bool
	Told              string // the telephone number, once it was asked for
}

func (d *Desk) calls(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.showCalls(w, r, sc, 0, "")
}

func (d *Desk) showCalls(w http.ResponseWriter, r *http.Request, sc *web.Scope, task int64, told string) error {
	b, err := d.base(w, r, sc, "전화할 일", placeCalls)
	if err != nil {
		return err
	}
	list, err := d.db.CallTasks(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	p := CallsPage{Base: b, May: sc.Actor.Can(store.MayAnswer)}
	var citizens []int64
	for _, c := range list {
		row := CallRow{
			ID: c.ID, Delivery: c.Delivery, Name: c.Ticket.Citizen.Name, Number: c.Ticket.Number, URL: "/tickets/" + c.Ticket.Number,
			State: stateLabel(c.Ticket.State), Reason: callWords(c.Reason), At: nearWords(c.At, sc.Now), Words: c.Words, Phone: c.Phone,
		}
		if c.ID == task {
			row.Told = told
		}
		p.Rows, citizens = append(p.Rows, row), append(citizens, c.Ticket.Citizen.ID)
	}
	if err := d.db.Viewed(r.Context(), sc.Actor, "calls", citizens); err != nil {
		return err
	}
	return d.show(w, http.StatusOK, "calls", p)
}

// callWords says why somebody has to telephone.
func callWords(reason string) string {
	if reason == store.ReasonUnheard {
		return "근무일 하루가 지나도록 시민이 안내를 보지 않았어요"
	}
	return "보내지 못했어요: " + reasonWords(reason)
}

// callNumber shows a telephone number on the page; who asked for it is recorded.
func (d *Desk) callNumber(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	id, err := idOf(sc.Param("id"), "전화할 일")
	if err != nil {
		return err
	}
	told, err := d.db.CallNumber(r.Context(), sc.Actor, id)
	if err != nil {
		return err
	}
	return d.showCalls(w, r, sc, id, told)
}
