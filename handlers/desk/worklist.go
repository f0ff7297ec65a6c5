package desk

import (
	"context"
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/worktime"
)

// WorklistPage is 아침 대기: what a closed period left behind, and how far it has come.
type WorklistPage struct {
	Base
	Day      worktime.Date
	Opens    string
	Opened   bool
	Total    int
	Handled  int
	Left     int
	Percent  int
	Sorted   []WorkRow
	Previous worktime.Date
	Next     worktime.Date
	Kakao    *DailyItem // nil: the day has not come, or it is not the reader's
}

// DailyItem is the day's look into Kakao's own inbox (RULES C6).
type DailyItem struct {
	Done string // who and when; "" = nobody yet
	May  bool   // the reader may tick it
}

// WorkRow is one case of the worklist.
type WorkRow struct {
	Row
	Queued   string
	Promised string
	Outcome  Chip
}

func (d *Desk) worklist(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	list, err := d.db.Worklist(r.Context(), sc.Actor, r.URL.Query().Get("period"))
	if err != nil {
		return err
	}
	b, err := d.base(w, r, sc, "아침 대기", placeMorning)
	if err != nil {
		return err
	}
	p := WorklistPage{
		Base: b, Day: list.Period, Opens: atWords(list.Opens), Opened: !list.Opens.IsZero() && !sc.Now.Before(list.Opens),
		Total: len(list.Items), Handled: list.Handled, Left: len(list.Items) - list.Handled, Previous: list.Previous, Next: list.Next,
	}
	if p.Total > 0 {
		p.Percent = 100 * p.Handled / p.Total
	}
	tickets := make([]*store.Ticket, 0, len(list.Items))
	citizens := make([]int64, 0, len(list.Items))
	for _, item := range list.Items {
		tickets, citizens = append(tickets, item.Ticket), append(citizens, item.Ticket.Citizen.ID)
	}
	marks, err := d.db.ListMarks(r.Context(), sc.Actor, tickets)
	if err != nil {
		return err
	}
	for _, item := range list.Items {
		row := WorkRow{
			Row: d.row(item.Ticket, listQuery{}, sc.Now, marks[item.Ticket.ID], false), Queued: nearWords(item.QueuedAt, sc.Now),
			Promised: nearWords(item.PromisedAt, sc.Now), Outcome: workOutcome(item),
		}
		p.Sorted = append(p.Sorted, row)
	}
	if p.Kakao, err = d.daily(r.Context(), sc, list.Period); err != nil {
		return err
	}
	if err := d.db.Viewed(r.Context(), sc.Actor, "worklist", citizens); err != nil {
		return err
	}
	return d.show(w, http.StatusOK, "worklist", p)
}

// daily reads the item of a day. Today's can be ticked; of an earlier day the page shows who did.
func (d *Desk) daily(ctx context.Context, sc *web.Scope, day worktime.Date) (*DailyItem, error) {
	today := worktime.DateOf(sc.Now)
	if day.After(today) || sc.Actor.Role == store.RoleDepartment {
		return nil, nil
	}
	check, may, err := d.db.KakaoCheck(ctx, sc.Actor, day)
	if err != nil {
		return nil, err
	}
	item := &DailyItem{May: may && day == today && check.By == ""}
	if check.By != "" {
		item.Done = check.By + " · " + clockWords(check.At)
	}
	return item, nil
}

// tickKakao records that somebody has looked into Kakao's own inbox today.
func (d *Desk) tickKakao(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	check, err := d.db.TickKakaoCheck(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	return d.done(w, r, sc, placeMorning+"?period="+check.Day.String(), "카카오톡 관리자센터를 확인했다고 남겼어요.")
}

// workOutcome says what happened to a case since it was queued.
func workOutcome(item store.WorkItem) Chip {
	switch {
	case item.Outcome == "closed" || item.Ticket.State == store.StateClosed:
		return Chip{"완료", "ok"}
	case item.Outcome == "answered" || item.Handled:
		return Chip{"답변함", "ok"}
	case item.Outcome == "wrote":
		return Chip{"시민이 다시 씀", "warn"}
	case item.Outcome == "followed" && item.Delivery != 0:
		return Chip{"시작 안내함", ""}
	case item.Outcome == "followed":
		return Chip{"답할 차례", ""}
	}
	return Chip{"업무 시작 전", "quiet"}
}
