package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/worktime"
)

// TicketPage is a case: its thread, what can be done, and the list beside it.
type TicketPage struct {
	Base
	List     ListPane
	Head     Head
	Items    []Item
	Earlier  string // address of older messages; "" = these are all
	Newest   string // address of the newest, when these are older ones
	Composer *Composer
	Actions  []Action
	Side     Side
	Suffix   string // the list's filter, kept in links and forms
}

// Head is the line above a thread.
type Head struct {
	Number   string
	Name     string
	Subject  string
	State    string
	Waits    string
	Since    time.Time
	Accepted Chip
	Chips    []Chip
	Due      string
	DueLate  bool
	Rule     string
	Steps    []worktime.Step
	NoPush   string // why answers do not arrive by themselves; "" = they do
	Others   []Other
}

// Other is another case of the same citizen.
type Other struct {
	URL, Number, Subject, State string
	Open                        bool
}

// Side is what stands beside a thread.
type Side struct {
	Facts     []Fact
	Transfers []store.TransferView
	Links     []LinkView
}

// Fact is a label and its value.
type Fact struct{ Label, Value string }

// LinkView leads to a case this one is tied to.
type LinkView struct{ Text, URL, Number, State string }

// Action is one thing that can be done to the case: a button, or a form that opens.
type Action struct {
	Name string // accept, transfer …: part of the address and of ids
	Text string
	URL  string
	Main bool
	Form Form
	Data ActionData
}

// ActionData is what a form offers to choose from.
type ActionData struct {
	Kinds       []Option
	Categories  []Option
	Departments []Option
	Reasons     []Option
	Awaited     bool
	Configure   bool // the reader may make departments
}

// view is how a case is shown: as it is, or again after a form was refused.
type view struct {
	status int
	form   Form   // the refused form of an action
	draft  Draft  // what was typed into the composer
	notice string // what went wrong, above the thread
	fresh  int64  // messages after this one are marked as new
}

// Draft is what was typed into the composer.
type Draft struct {
	Kind, Text, Error string
	Force             bool // a colleague answered meanwhile: the next send goes through
}

func (d *Desk) ticket(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.showTicket(w, r, sc, view{status: http.StatusOK})
}

func (d *Desk) showTicket(w http.ResponseWriter, r *http.Request, sc *web.Scope, v view) error {
	ctx, number := r.Context(), sc.Param("number")
	var q struct {
		listQuery
		Before int64 `form:"before"`
	}
	if err := web.Query(r, &q); err != nil {
		return err
	}
	q.Cursor = ""
	var th store.Thread
	var err error
	if q.Before > 0 {
		th, err = d.db.Earlier(ctx, sc.Actor, number, q.Before)
	} else {
		th, err = d.db.Thread(ctx, sc.Actor, number)
	}
	if err != nil {
		return err
	}
	// Opening a case reads its words. A script that only refreshes a window nobody looks at says so.
	if n := len(th.Messages); n > 0 && q.Before == 0 && r.Method != http.MethodHead && r.Header.Get("X-Toktok-Look") != "no" {
		if err := d.db.MarkSeen(ctx, sc.Actor, number, th.Messages[n-1].ID); err != nil {
			return err
		}
	}
	t := th.Ticket
	b, err := d.base(w, r, sc, t.Citizen.Name+" "+t.Number, q.place())
	if err != nil {
		return err
	}
	b.Notice = v.notice
	p := TicketPage{Base: b, Suffix: q.suffix()}
	var citizens []int64
	if p.List, citizens, err = d.pane(ctx, sc, q.listQuery, b.Strip.Counts, number); err != nil {
		// A filter that cannot be read is no reason not to show the case.
		if web.FieldsOf(err) == nil {
			return err
		}
		p.List = ListPane{Heading: "받은함", Fault: "목록의 조건을 읽을 수 없어요. ‘받은함’을 눌러 처음부터 보세요."}
	}
	if err := d.db.Viewed(ctx, sc.Actor, "thread", append(citizens, t.Citizen.ID)); err != nil {
		return err
	}
	p.Items = d.timeline(sc.Actor, t, th.Messages, sc.Now, v.fresh)
	if th.More {
		p.Earlier = earlierURL(number, q.listQuery, th.Messages[0].ID)
	}
	if q.Before > 0 {
		p.Newest = "/tickets/" + number + p.Suffix
	}
	p.Head = d.head(th, q.listQuery, sc.Now)
	p.Side = sideOf(th, q.listQuery)
	if p.Actions, err = d.actions(ctx, sc, t, p.Suffix, v.form); err != nil {
		return err
	}
	if q.Before == 0 {
		p.Composer = d.composer(sc, th, p.Suffix, v.draft)
	}
	return d.show(w, v.status, "ticket", p)
}

func earlierURL(number string, q listQuery, before int64) string {
	v := q.values()
	v.Set("before", strconv.FormatInt(before, 10))
	return "/tickets/" + number + "?" + v.Encode()
}

func (d *Desk) head(th store.Thread, q listQuery, now time.Time) Head {
	t := th.Ticket
	h := Head{
		Number: t.Number, Name: t.Citizen.Name, Subject: t.Subject, State: stateLabel(t.State), Since: t.AwaitingSince,
		Due: dueWords(t), Rule: ruleWords(t.DueRule),
	}
	if !t.AwaitingSince.IsZero() {
		h.Waits = elapsed(now.Sub(t.AwaitingSince))
	}
	h.Accepted = Chip{"접수 전", "warn"}
	if !t.AcceptedAt.IsZero() {
		h.Accepted = Chip{"접수됨", "ok"}
	}
	if tone, words := d.late(t, now); words != "" && t.State != store.StateClosed {
		h.Chips = append(h.Chips, Chip{words, tone})
	}
	if t.Urgent {
		h.Chips = append(h.Chips, Chip{"긴급", "danger"})
	}
	if t.Department.ID != 0 {
		h.Chips = append(h.Chips, Chip{t.Department.Name, ""})
	}
	if c, ok := dueChip(t, now); ok {
		h.Chips, h.DueLate = append(h.Chips, c), c.Tone == "danger"
	}
	if t.Round > 1 {
		h.Chips = append(h.Chips, Chip{strconv.Itoa(t.Round) + "회차", "quiet"})
	}
	if !t.SnoozeUntil.IsZero() {
		h.Chips = append(h.Chips, Chip{"보류 " + nearWords(t.SnoozeUntil, now) + "까지", "quiet"})
	}
	if t.DueSteps != "" {
		// The steps are our own JSON; if they cannot be read the date still stands there.
		_ = json.Unmarshal([]byte(t.DueSteps), &h.Steps)
	}
	h.NoPush = noPush(t, d.db.Outside().EventReady)
	for _, o := range th.Others {
		h.Others = append(h.Others, Other{"/tickets/" + o.Number + q.suffix(), o.Number, o.Subject, stateLabel(o.State), o.State != store.StateClosed})
	}
	return h
}

// noPush says why a reply does not arrive by itself (RULES C3).
func noPush(t *store.Ticket, eventReady bool) string {
	switch {
	case t.Channel == "phone" || t.Channel == "visit":
		return ""
	case t.Citizen.Friend != nil && *t.Citizen.Friend && !eventReady:
		return "먼저 보내기가 설정되지 않았어요: 시민이 다음에 말을 걸 때 전달돼요"
	case t.Citizen.Friend != nil && *t.Citizen.Friend:
		return ""
	}
	return "채널 친구가 아니에요: 시민이 다음에 말을 걸 때 전달돼요"
}

var linkWords = map[string][2]string{
	"follows": {"앞선 민원", "이어진 민원"}, "split": {"나누기 전 민원", "나눈 민원"}, "merged": {"합쳐진 곳", "여기로 합친 민원"}, "duplicate": {"같은 민원", "같은 민원"},
}

func sideOf(th store.Thread, q listQuery) Side {
	t := th.Ticket
	var s Side
	add := func(label, value string) {
		if value != "" {
			s.Facts = append(s.Facts, Fact{label, value})
		}
	}
	add("받은 때", atWords(t.ReceivedAt))
	add("접수한 때", atWords(t.AcceptedAt))
	if t.AcceptedAt.IsZero() && t.State != store.StateClosed {
		add("접수 기한", atWords(t.AcceptBy))
	}
	add("종류", store.KindLabel(t.Kind))
	add("분류", t.Category.Name)
	add("부서", t.Department.Name)
	add("담당", cmp.Or(t.Assignee.Name, "없음"))
	if t.TakenAt.IsZero() && t.State == store.StateReview {
		add("부서 확인 기한", atWords(t.TakeBy))
	}
	add("첫 답변", atWords(t.FirstReplyAt))
	add("답변한 때", atWords(t.DoneAt))
	add("시민이 본 때", atWords(t.NotifiedAt))
	add("완료한 때", atWords(t.ClosedAt))
	if t.State == store.StateClosed {
		add("완료 사유", store.ReasonLabel(t.Outcome))
	}
	s.Transfers = th.Transfers
	for _, l := range th.Links {
		words := linkWords[l.Kind]
		text := words[0]
		if l.Back {
			text = words[1]
		}
		s.Links = append(s.Links, LinkView{text, "/tickets/" + l.Number + q.suffix(), l.Number, stateLabel(l.State)})
	}
	return s
}

// actions lists what the reader may do now, in the order it is usually done.
func (d *Desk) actions(ctx context.Context, sc *web.Scope, t *store.Ticket, suffix string, refused Form) ([]Action, error) {
	may := t.Allowed(sc.Actor)
	if len(may) == 0 {
		return nil, nil
	}
	can := func(a store.Action) bool { return slices.Contains(may, a) }
	var out []Action
	add := func(name, text string, data ActionData) *Action {
		a := Action{Name: name, Text: text, URL: "/tickets/" + t.Number + "/" + name + suffix, Form: Form{ID: name}, Data: data}
		if refused.ID == name {
			a.Form = refused
		}
		out = append(out, a)
		return &out[len(out)-1]
	}
	awaited := !t.AwaitingSince.IsZero()
	if can(store.ActTake) && t.TakenAt.IsZero() {
		add("take", "우리 부서에서 맡기", ActionData{}).Main = true
	} else if can(store.ActChange) && sc.Actor.Staff != 0 && t.State != store.StateClosed && t.Assignee.ID != sc.Actor.Staff {
		add("assign", "내가 맡기", ActionData{})
	}
	if can(store.ActAccept) && t.AcceptedAt.IsZero() {
		data, err := d.acceptData(ctx, sc, t)
		if err != nil {
			return nil, err
		}
		a := add("accept", "접수", data)
		if a.Form.Values == nil {
			a.Form.Values = url.Values{"category": {strconv.FormatInt(t.Category.ID, 10)}}
		}
	}
	if can(store.ActTransfer) {
		departments, err := d.db.Departments(ctx, sc.Actor)
		if err != nil {
			return nil, err
		}
		var data ActionData
		for _, dp := range departments {
			if dp.ClosedAt.IsZero() && (t.State != store.StateReview || dp.ID != t.Department.ID) {
				data.Departments = append(data.Departments, Option{Value: strconv.FormatInt(dp.ID, 10), Text: dp.Name})
			}
		}
		text := "부서로 보내기"
		if t.State == store.StateReview {
			text = "다른 부서로 보내기"
		}
		data.Configure = sc.Actor.Can(store.MayConfigure)
		add("transfer", text, data)
	}
	if can(store.ActReturn) {
		add("return", "우리 부서 아님", ActionData{})
	}
	if can(store.ActDismiss) && awaited {
		add("dismiss", "답변 필요 없음", ActionData{Reasons: reasons(store.DismissReasons...)})
	}
	switch {
	case can(store.ActResult):
		add("close", "결과 알리고 완료", ActionData{Reasons: reasons("result"), Awaited: true})
	case can(store.ActClose):
		add("close", "완료", ActionData{Reasons: reasons(store.CloseReasons...), Awaited: awaited})
	}
	if can(store.ActReopen) {
		add("reopen", "다시 열기", ActionData{})
	}
	return out, nil
}

func reasons(list ...string) []Option {
	out := make([]Option, len(list))
	for i, r := range list {
		out[i] = Option{Value: r, Text: store.ReasonLabel(r)}
	}
	return out
}

func (d *Desk) acceptData(ctx context.Context, sc *web.Scope, t *store.Ticket) (ActionData, error) {
	var data ActionData
	for _, k := range store.LegalKinds {
		data.Kinds = append(data.Kinds, Option{Value: k, Text: store.KindLabel(k)})
	}
	list, err := d.db.Categories(ctx, sc.Actor)
	if err != nil {
		return data, err
	}
	for _, c := range list {
		if c.ClosedAt.IsZero() || c.ID == t.Category.ID {
			data.Categories = append(data.Categories, Option{Value: strconv.FormatInt(c.ID, 10), Text: c.Name})
		}
	}
	return data, nil
}
