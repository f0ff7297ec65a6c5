package desk

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/handlers/web"
	"toktok/store"
)

// outboxShown is how many deliveries of a state the page lists.
const outboxShown = 50

// SystemPage is what an officer looks at first.
type SystemPage struct {
	Base
	Status     store.Status
	Clock      string // what is wrong with the server's clock
	ClockHeld  bool   // nothing opens or closes until somebody has looked
	Quarantine []QuarantineRow
	States     []OutboxState
	Chosen     string
	Items      []OutboxRow
	Pauses     []PauseRow
	Jobs       []JobRow
	CanRun     bool
	Storage    []Fact
	Versions   []Fact
	Engine     []Fact
}

// QuarantineRow is a body that could not be taken in.
type QuarantineRow struct {
	ID           int64
	At, Why      string
	Detail, Body string
}

// OutboxState is a state with its number of deliveries.
type OutboxState struct {
	State, Text string
	Count       int
	Current     bool
	Trouble     bool
}

// OutboxRow is one delivery.
type OutboxRow struct {
	ID                     int64
	Number, At, Route, Why string
	Resend, Phone          bool
}

// PauseRow is a route that fails.
type PauseRow struct {
	Route, Text, Until, Why string
	Failures                int
}

// JobRow is a job with its last and next run.
type JobRow struct {
	ID, Text, Last, Outcome, Detail, Next string
	Trouble                               bool
}

var quarantineWords = map[string]string{
	"unreadable": "읽을 수 없는 내용", "failed": "처리 중 문제", "wrong_bot": "연결되지 않은 챗봇", "group_chat": "단체 채팅", "too_large": "너무 큰 내용",
}

func (d *Desk) system(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	ctx := r.Context()
	b, err := d.base(w, r, sc, "시스템", placeSystem)
	if err != nil {
		return err
	}
	p := SystemPage{Base: b, Chosen: r.URL.Query().Get("state"), CanRun: d.o.RunNow != nil}
	if p.Status, err = d.db.Status(ctx, sc.Actor); err != nil {
		return err
	}
	p.Clock, p.ClockHeld = d.o.Clock(ctx)
	quarantine, err := d.db.Quarantine(ctx, sc.Actor)
	if err != nil {
		return err
	}
	for _, q := range quarantine {
		p.Quarantine = append(p.Quarantine, QuarantineRow{q.ID, atWords(q.At), words(quarantineWords, q.Reason), q.Detail, readable(q.Body)})
	}
	if err := d.outbox(r, sc, &p); err != nil {
		return err
	}
	for _, j := range d.o.Jobs() {
		row := JobRow{ID: j.ID, Text: j.Text, Next: atWords(j.Next)}
		if j.Last != nil {
			row.Last, row.Outcome, row.Detail = atWords(j.Last.ScheduledFor), outcomeWords(j.Last.Outcome), j.Last.Detail
			row.Trouble = j.Last.Outcome == string(store.OutcomeFailed) || j.Last.Outcome == string(store.OutcomeMissed)
		}
		p.Jobs = append(p.Jobs, row)
	}
	d.machine(&p)
	return d.show(w, http.StatusOK, "system", p)
}

func (d *Desk) outbox(r *http.Request, sc *web.Scope, p *SystemPage) error {
	states := []string{
		store.DeliveryFailed, store.DeliveryUnknown, store.DeliveryQueued, store.DeliverySending, store.DeliveryAccepted, store.DeliveryPickup,
		store.DeliveryOffered, store.DeliveryDelivered, store.DeliveryCancelled,
	}
	for _, st := range states {
		p.States = append(p.States, OutboxState{
			State: st, Text: deliveryState(st), Count: p.Status.Deliveries[st], Current: st == p.Chosen,
			Trouble: st == store.DeliveryFailed || st == store.DeliveryUnknown,
		})
	}
	if deliveryState(p.Chosen) != p.Chosen {
		items, err := d.db.OutboxItems(r.Context(), sc.Actor, p.Chosen, outboxShown)
		if err != nil {
			return err
		}
		for _, o := range items {
			s := sendingOf(&o.Delivery, sc.Now, true)
			row := OutboxRow{ID: o.ID, Number: o.Number, At: atWords(o.At), Route: routeWords(o.Route), Why: s.Text, Resend: s.Resend, Phone: s.Phone}
			p.Items = append(p.Items, row)
		}
	} else {
		p.Chosen = ""
	}
	pauses, err := d.db.RoutePauses(r.Context())
	if err != nil {
		return err
	}
	for _, x := range pauses {
		p.Pauses = append(p.Pauses, PauseRow{x.Route, routeWords(x.Route), atWords(x.Until), reasonWords(x.Reason), x.Failures})
	}
	return nil
}

func (d *Desk) machine(p *SystemPage) {
	st, engine := p.Status.Storage, d.db.Stats()
	p.Storage = []Fact{
		{"데이터베이스", bytesWords(st.Database)}, {"쓰기 기록(WAL)", bytesWords(st.WAL)}, {"사진", bytesWords(st.Files)}, {"남은 공간", bytesWords(st.Free)},
	}
	p.Versions = []Fact{{"toktok", d.o.Version}, {"Go", strings.TrimPrefix(runtime.Version(), "go")}, {"운영체제", runtime.GOOS + "/" + runtime.GOARCH}}
	p.Engine = []Fact{
		{"저장에 걸린 시간(중간)", milliWords(engine.CommitP50)},
		{"저장에 걸린 시간(느린 1%)", milliWords(engine.CommitP99)}, {"저장을 기다림", numberWords(engine.QueueLen)},
	}
	if !p.Status.NewestIn.IsZero() {
		p.Engine = append(p.Engine, Fact{"시민의 마지막 글", atWords(p.Status.NewestIn)})
	}
	if engine.LastError != "" {
		p.Engine = append(p.Engine, Fact{"마지막 저장 문제", atWords(engine.LastAt) + " · " + engine.LastError})
	}
}

func milliWords(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// readable is a stored body as a page can show it; it may be anything.
func readable(body []byte) string {
	const most = 4000
	if len(body) > most {
		body = body[:most]
		for len(body) > 0 && !utf8.Valid(body[len(body)-1:]) && !utf8.RuneStart(body[len(body)-1]) {
			body = body[:len(body)-1]
		}
	}
	return strings.ToValidUTF8(string(body), "�")
}

func words(table map[string]string, key string) string {
	if w := table[key]; w != "" {
		return w
	}
	return key
}

func (d *Desk) replay(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	id, err := idOf(sc.Param("id"), "보류된 글")
	if err != nil {
		return err
	}
	if err := d.db.Replay(r.Context(), sc.Actor, id); err != nil {
		p := sc.ProblemOf(err)
		if p.Code == store.NotFound || p.Code == store.Forbidden {
			return err
		}
		sc.Log.Warn("replay failed", "quarantine", id, "err", err)
		sc.SetFlash(w, "warn", "다시 처리하지 못했어요. 글은 그대로 남아 있어요. "+p.Detail)
		return web.Redirect(w, r, placeSystem)
	}
	return d.done(w, r, sc, placeSystem, "다시 처리했어요. 받은함에서 확인해 주세요.")
}

func (d *Desk) discard(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	id, err := idOf(sc.Param("id"), "보류된 글")
	if err != nil {
		return err
	}
	if err := d.db.Discard(r.Context(), sc.Actor, id); err != nil {
		return err
	}
	return d.done(w, r, sc, placeSystem, "처리하지 않고 정리했어요.")
}

func (d *Desk) runJob(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	id := sc.Param("id")
	known := false
	for _, j := range d.o.Jobs() {
		known = known || j.ID == id
	}
	if !known || d.o.RunNow == nil {
		return &store.Error{Kind: store.NotFound, Text: "그런 작업은 없어요. 화면을 새로 고쳐 주세요."}
	}
	if err := d.o.RunNow(r.Context(), id); err != nil {
		sc.Log.Warn("job run by hand failed", "job", id, "err", err)
		sc.SetFlash(w, "warn", "작업을 마치지 못했어요. "+sc.ProblemOf(err).Detail)
		return web.Redirect(w, r, placeSystem)
	}
	return d.done(w, r, sc, placeSystem, "작업을 실행했어요.")
}

func (d *Desk) resetRoute(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := d.db.ResetRoute(r.Context(), sc.Actor, sc.Param("route")); err != nil {
		return err
	}
	return d.done(w, r, sc, placeSystem, "쉬던 길을 다시 열었어요. 기다리던 답변을 바로 보내요.")
}

func (d *Desk) confirmClock(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := d.o.ConfirmClock(r.Context(), sc.Actor); err != nil {
		return err
	}
	return d.done(w, r, sc, placeSystem, "시계를 확인했어요. 멈춘 작업이 이어져요.")
}
