package desk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"toktok/handlers/web"
	"toktok/store"
)

// listQuery is the list as the address says it.
type listQuery struct {
	State      string `form:"state"`
	Department int64  `form:"department"`
	Assignee   string `form:"assignee"` // me, none, or an id
	Sort       string `form:"sort"`
	Cursor     string `form:"cursor"`
}

// values is the address again, without the cursor; what is at its default is left out.
func (q listQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"state": q.State, "assignee": q.Assignee, "sort": q.Sort} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Department != 0 {
		v.Set("department", strconv.FormatInt(q.Department, 10))
	}
	return v
}

// suffix is the filter behind a link that keeps it: "?state=open" or "".
func (q listQuery) suffix() string {
	if s := q.values().Encode(); s != "" {
		return "?" + s
	}
	return ""
}

// with is the address of the same list with one filter changed.
func (q listQuery) with(name, value string) string {
	v := q.values()
	if v.Del(name); value != "" {
		v.Set(name, value)
	}
	if len(v) == 0 {
		return "/tickets"
	}
	return "/tickets?" + v.Encode()
}

// place is the menu item the list stands under.
func (q listQuery) place() string {
	switch here := q.with("", ""); here {
	case placeMine, placeAnswered, placeReview, placeDue, placeClosed:
		return here
	}
	return placeInbox
}

func (q listQuery) store() (store.ListQuery, error) {
	in := store.ListQuery{Department: q.Department, Sort: q.Sort, Cursor: q.Cursor}
	for st := range strings.SplitSeq(q.State, ",") {
		if st != "" {
			in.States = append(in.States, store.State(st))
		}
	}
	switch q.Assignee {
	case "":
	case "me":
		in.Mine = true
	case "none":
		in.Assignee = -1
	default:
		id, err := strconv.ParseInt(q.Assignee, 10, 64)
		if err != nil || id < 1 {
			return in, web.Wrong(map[string]string{"assignee": "담당자를 다시 골라 주세요."})
		}
		in.Assignee = id
	}
	if in.Mine && len(in.States) == 0 {
		in.States = []store.State{store.StateWaiting, store.StateOpen, store.StateReview, store.StateAnswered}
	}
	return in, nil
}

// Row is one case in a list.
type Row struct {
	Number  string
	URL     string
	Name    string
	Subject string
	Since   time.Time // since when the citizen waits; zero = does not
	Waits   string    // in words
	Late    string    // "", warn, danger: the limit for 접수
	LateSay string
	At      time.Time // of the last message
	AtSay   string
	Ours    bool // the last words are ours
	Preview string
	Unread  int
	Chips   []Chip
	Current bool
}

// ListPane is the list with its filters, alone or beside a thread.
type ListPane struct {
	Heading string
	Tabs    []Tab
	Rows    []Row
	More    string // address of the next page; "" on the last
	First   string // address of the first page, when this is a later one
	Empty   string // what to do when there is nothing
	Sorts   []Option
	Filters []FilterChip
	Query   listQuery
	Choices []Option // departments, for the filter
	People  []Option
	Fault   string // the filter could not be read
}

// Tab is one state of the list.
type Tab struct {
	URL     string
	Text    string
	Count   int
	Current bool
}

// Option is one choice.
type Option struct {
	Value, Text string
	Chosen      bool
}

// FilterChip is a filter that can be taken away.
type FilterChip struct{ Text, Without string }

// ListPage is the list alone.
type ListPage struct {
	Base
	List ListPane
}

func (d *Desk) list(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var q listQuery
	if err := web.Query(r, &q); err != nil {
		return err
	}
	b, err := d.base(w, r, sc, "받은함", q.place())
	if err != nil {
		return err
	}
	pane, citizens, err := d.pane(r.Context(), sc, q, b.Strip.Counts, "")
	if err != nil {
		return err
	}
	b.Title = pane.Heading
	if err := d.db.Viewed(r.Context(), sc.Actor, "list", citizens); err != nil {
		return err
	}
	return d.show(w, http.StatusOK, "list", ListPage{Base: b, List: pane})
}

// pane reads the list and says which citizens it shows. current is the number of the case beside it.
func (d *Desk) pane(ctx context.Context, sc *web.Scope, q listQuery, counts store.Counts, current string) (p ListPane, citizens []int64, err error) {
	in, err := q.store()
	if err != nil {
		return p, nil, err
	}
	page, err := d.db.Tickets(ctx, sc.Actor, in)
	if err != nil {
		return p, nil, err
	}
	marks, err := d.db.ListMarks(ctx, sc.Actor, page.Tickets)
	if err != nil {
		return p, nil, err
	}
	p = ListPane{Heading: heading(q), Query: q, Tabs: tabs(q, counts), Empty: emptyWords(q)}
	seen := make(map[int64]int)
	for _, t := range page.Tickets {
		seen[t.Citizen.ID]++
	}
	for _, t := range page.Tickets {
		row := d.row(t, q, sc.Now, marks[t.ID], seen[t.Citizen.ID] > 1)
		row.Current = t.Number == current
		p.Rows = append(p.Rows, row)
		citizens = append(citizens, t.Citizen.ID)
	}
	if page.Next != "" {
		v := q.values()
		v.Set("cursor", page.Next)
		p.More = "/tickets?" + v.Encode()
	}
	if q.Cursor != "" {
		p.First = q.with("", "")
	}
	return p, citizens, d.filters(ctx, sc, q, &p)
}

func (d *Desk) row(t *store.Ticket, q listQuery, now time.Time, mark store.ListMark, several bool) Row {
	row := Row{
		Number: t.Number, URL: "/tickets/" + t.Number + q.suffix(), Name: t.Citizen.Name, Subject: t.Subject, Since: t.AwaitingSince,
		At: t.PreviewAt, AtSay: nearWords(t.PreviewAt, now), Ours: t.PreviewKind != string(store.FromCitizen), Preview: t.Preview, Unread: t.Unread,
	}
	if row.Preview == "사진" && t.Subject != row.Preview {
		row.Preview += " · " + t.Subject // a photo alone says nothing of the matter
	}
	if !t.AwaitingSince.IsZero() {
		row.Waits = elapsed(now.Sub(t.AwaitingSince))
		row.Late, row.LateSay = d.late(t, now)
	}
	add := func(tone, text string) { row.Chips = append(row.Chips, Chip{text, tone}) }
	if t.Urgent {
		add("danger", "긴급")
	}
	if mark.Failed {
		add("danger", "전달 실패")
	}
	if c, ok := dueChip(t, now); ok {
		row.Chips = append(row.Chips, c)
	}
	if (q.State == "" || strings.Contains(q.State, ",")) && t.State != store.StateOpen {
		add("quiet", stateLabel(t.State))
	}
	if t.Department.ID != 0 {
		add("", t.Department.Name)
	}
	if t.Assignee.ID != 0 {
		add("quiet", "담당 "+t.Assignee.Name)
	}
	if mark.Photo {
		add("", "사진")
	}
	if t.Flooded {
		add("warn", "몰림")
	}
	if !t.SnoozeUntil.IsZero() {
		add("quiet", "보류 "+nearWords(t.SnoozeUntil, now))
	}
	if t.Round > 1 {
		add("quiet", strconv.Itoa(t.Round)+"회차")
	}
	if several {
		add("quiet", t.Number)
	}
	if t.Test {
		add("quiet", "시험")
	}
	return row
}

// late compares the working time since arrival with the limit for 접수, 8 working hours (RULES A7): a warning from 80 %.
func (d *Desk) late(t *store.Ticket, now time.Time) (tone, words string) {
	if !t.AcceptedAt.IsZero() || t.AcceptBy.IsZero() {
		return "", ""
	}
	if now.After(t.AcceptBy) {
		return "danger", "접수 기한 지남"
	}
	law := d.db.Statutory()
	whole := law.Between(t.ReceivedAt, t.AcceptBy)
	if whole > 0 && law.Between(t.ReceivedAt, now)*10 >= whole*8 {
		return "warn", "접수 기한 " + nearWords(t.AcceptBy, now)
	}
	return "", ""
}

func heading(q listQuery) string {
	switch q.place() {
	case placeMine:
		return "내 담당"
	case placeAnswered:
		return "답변함"
	case placeReview:
		return "부서 처리"
	case placeDue:
		return "기한"
	case placeClosed:
		return "완료"
	}
	return "받은함"
}

// tabs are the states, as links that keep the other filters.
func tabs(q listQuery, c store.Counts) []Tab {
	list := []Tab{{URL: q.with("state", ""), Text: "답을 기다림", Count: c.Awaiting, Current: q.State == "" && q.Assignee != "me"}}
	if q.Assignee == "me" {
		list[0].Text, list[0].Current, list[0].Count = "끝나지 않음", q.State == "", c.Mine
	}
	if q.Sort == store.SortDue {
		list[0].Text, list[0].Count = "기한 있음", c.Overdue+c.DueToday
	}
	if q.Sort == store.SortNewest {
		list[0].Text, list[0].Count = "전체", 0
	}
	for _, st := range store.States {
		tab := Tab{URL: q.with("state", string(st)), Text: stateLabel(st), Current: q.State == string(st)}
		if st != store.StateClosed && st != store.StateAnswered && q.Assignee == "" && q.Department == 0 {
			tab.Count = c.Of(st)
		}
		list = append(list, tab)
	}
	return list
}

func emptyWords(q listQuery) string {
	switch {
	case q.Department != 0 || q.Assignee != "" && q.Assignee != "me":
		return "조건에 맞는 민원이 없어요. 위의 조건을 지우면 더 볼 수 있어요."
	case q.Assignee == "me":
		return "맡은 민원이 없어요. 받은함에서 민원을 열고 ‘내가 맡기’를 누르면 여기에 모여요."
	}
	switch store.State(q.State) {
	case store.StateWaiting:
		return "아침에 답할 민원이 없어요. 업무시간 밖에 온 글이 여기에 모여요."
	case store.StateAnswered:
		return "답변한 민원이 없어요. 답변을 보내면 여기로 옮겨져요."
	case store.StateReview:
		return "부서에서 처리하는 민원이 없어요. 민원을 열고 ‘부서로 보내기’를 누르면 여기로 옮겨져요."
	case store.StateClosed:
		return "완료한 민원이 없어요."
	}
	if q.Sort == store.SortDue {
		return "처리기한이 있는 민원이 없어요. 접수하면 기한이 정해져요."
	}
	return "기다리는 시민이 없어요. 카카오톡으로 글이 오면 바로 여기에 나타나요."
}

// filters offers departments, people and orders, and lists the filters that are on.
func (d *Desk) filters(ctx context.Context, sc *web.Scope, q listQuery, p *ListPane) error {
	for _, o := range []Option{{store.SortWaiting, "오래 기다린 순", false}, {store.SortDue, "기한 임박 순", false}, {store.SortNewest, "최신 순", false}} {
		o.Chosen = o.Value == q.Sort || q.Sort == "" && o.Value == store.SortWaiting
		p.Sorts = append(p.Sorts, o)
	}
	departments, err := d.db.Departments(ctx, sc.Actor)
	if err != nil {
		return err
	}
	for _, dp := range departments {
		if !sc.Actor.Sees(dp.ID) || (!dp.ClosedAt.IsZero() && dp.ID != q.Department) {
			continue
		}
		o := Option{strconv.FormatInt(dp.ID, 10), dp.Name, dp.ID == q.Department}
		p.Choices = append(p.Choices, o)
		if o.Chosen {
			p.Filters = append(p.Filters, FilterChip{"부서: " + dp.Name, q.with("department", "")})
		}
	}
	people, err := d.db.Colleagues(ctx, sc.Actor)
	if err != nil {
		return err
	}
	p.People = append(p.People, Option{"none", "담당 없음", q.Assignee == "none"})
	if sc.Actor.Can(store.MayAnswer) && sc.Actor.Staff != 0 {
		p.People = append(p.People, Option{"me", "나", q.Assignee == "me"})
	}
	for _, a := range people {
		id := strconv.FormatInt(a.ID, 10)
		p.People = append(p.People, Option{id, a.Name, id == q.Assignee})
	}
	for _, o := range p.People {
		if o.Chosen {
			p.Filters = append(p.Filters, FilterChip{"담당: " + o.Text, q.with("assignee", "")})
		}
	}
	return nil
}
