package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"toktok/handlers/web"
	"toktok/store"
)

// Size of a page of the list (RULES H2).
const (
	listLimit    = 50
	listLimitMax = 200
)

// list answers one page of the cases the token may see. Without a state it lists every case, because a program that
// asks for everything means everything; what awaits an answer comes first.
func (a *API) list(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	q := readQuery(r)
	in := store.ListQuery{
		States: q.states("state"), Assignee: q.assignee("assignee"),
		Sort:   q.choice("sort", store.SortWaiting, store.SortDue, store.SortNewest),
		Limit:  q.number("limit", 1, listLimitMax, listLimit),
		Cursor: q.text("cursor"),
	}
	department := q.text("department")
	if err := q.done(); err != nil {
		return err
	}
	if len(in.States) == 0 {
		in.States = store.States
	}
	var err error
	if in.Department, err = a.department(r.Context(), sc.Actor, department); err != nil {
		return err
	}
	page, err := a.db.Tickets(r.Context(), sc.Actor, in)
	if err != nil {
		return err
	}
	if err := a.viewed(r.Context(), sc, "api_list", page.Tickets...); err != nil {
		return err
	}
	return web.JSON(w, r, http.StatusOK, TicketPage{Tickets: ticketsOf(page.Tickets), Next: textOf(page.Next)})
}

func (q *query) states(name string) []store.State {
	var out []store.State
	for _, text := range q.list(name) {
		state := store.State(strings.TrimSpace(text))
		if !slices.Contains(store.States, state) {
			q.wrong[name] = "waiting, open, answered, review, closed를 쉼표로 이어 주세요."
			return nil
		}
		out = append(out, state)
	}
	return out
}

// assignee reads the id of an account, or none for cases without one.
func (q *query) assignee(name string) int64 {
	text := q.text(name)
	if text == "" {
		return 0
	}
	if text == "none" {
		return -1
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		q.wrong[name] = "직원 번호나 none을 써 주세요."
	}
	return id
}

// department finds a department by id or exact name (RULES H2).
func (a *API) department(ctx context.Context, who store.Actor, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	list, err := a.db.Departments(ctx, who)
	if err != nil {
		return 0, err
	}
	for _, d := range list {
		if d.Name == text || strconv.FormatInt(d.ID, 10) == text {
			return d.ID, nil
		}
	}
	return 0, web.Wrong(map[string]string{"department": "그런 부서가 없어요. 부서 이름이나 번호를 확인해 주세요."})
}

// viewed writes the access row before citizens' data leave (RULES G4).
func (a *API) viewed(ctx context.Context, sc *web.Scope, action string, list ...*store.Ticket) error {
	citizens := make([]int64, 0, len(list))
	for _, t := range list {
		citizens = append(citizens, t.Citizen.ID)
	}
	return a.db.Viewed(ctx, sc.Actor, action, citizens)
}

// get answers one case with all its messages.
func (a *API) get(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := noQuery(r); err != nil {
		return err
	}
	number := sc.Param("number")
	thread, err := a.db.Thread(r.Context(), sc.Actor, number)
	if err != nil {
		return err
	}
	messages := thread.Messages
	for more := thread.More; more; {
		earlier, err := a.db.Earlier(r.Context(), sc.Actor, number, messages[0].ID)
		if err != nil {
			return err
		}
		messages = append(earlier.Messages, messages...)
		more = earlier.More
	}
	if err := a.viewed(r.Context(), sc, "api_ticket", thread.Ticket); err != nil {
		return err
	}
	return web.JSON(w, r, http.StatusOK, TicketWithMessages{Ticket: ticketOf(thread.Ticket), Messages: messagesOf(messages)})
}

// location is where a message can be read.
func location(number string, message int64) string {
	return fmt.Sprintf("%s/tickets/%s#message-%d", Base, number, message)
}

func answerTicket(w http.ResponseWriter, r *http.Request, t *store.Ticket, err error) error {
	if err != nil {
		return err
	}
	return web.JSON(w, r, http.StatusOK, ticketOf(t))
}
