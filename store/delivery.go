package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// States of a delivery (RULES D5).
const (
	DeliveryQueued    = "queued"    // waits for a push route
	DeliverySending   = "sending"   // an attempt owns it
	DeliveryAccepted  = "accepted"  // Kakao took it and has not said how it ended
	DeliveryDelivered = "delivered" // shown to the citizen
	DeliveryPickup    = "pickup"    // goes out with the citizen's next words
	DeliveryOffered   = "offered"   // is in an answer that is being written
	DeliveryFailed    = "failed"    // no route can ever carry it
	DeliveryUnknown   = "unknown"   // nobody can tell whether it was shown
	DeliveryCancelled = "cancelled" // will not be sent
)

// Classes of a delivery: a person's words, a notice with legal content, an automatic line (RULES D6).
const (
	ClassReply  = "reply"
	ClassNotice = "notice"
	ClassLine   = "line"
)

// Reasons a delivery may carry. Pages translate them; "kakao <n>" is an errorType of the Event API.
const (
	ReasonNoRoute    = "no route"     // no push route for a line, or none at all
	ReasonSuperseded = "superseded"   // other words of the case came first
	ReasonExpired    = "expired"      // its time of day was over
	ReasonUndone     = "undone"       // taken back by its author
	ReasonPhone      = "phone"        // told by telephone
	ReasonBlocked    = "blocked"      // staff have blocked the citizen
	ReasonRestart    = "restart"      // the process ended while it was on its way
	ReasonInferred   = "inferred"     // shown, as far as can be concluded
	ReasonNoAnswer   = "no answer"    // Kakao's answer was lost
	ReasonNoCall     = "no call"      // Kakao did not come for the text
	ReasonNoResult   = "no result"    // Kakao never told how it ended
	ReasonNotWritten = "not written"  // our answer did not get through
	ReasonRefused    = "refused"      // Kakao said no
	ReasonBusy       = "busy"         // Kakao asked for a pause
	ReasonUnreached  = "unreached"    // no connection
	ReasonWindow     = "window ended" // the callback's time was over
)

// deliverySteps is the state machine of RULES D5. Beyond its arrows: an event's answer that was written goes from
// offered to accepted until the task tells; what became possible again leaves pickup for the queue; and what is known
// later corrects unknown. Delivered and cancelled are ends.
var deliverySteps = map[string][]string{
	"":                {DeliveryQueued, DeliveryPickup, DeliveryFailed, DeliveryCancelled},
	DeliveryQueued:    {DeliverySending, DeliveryOffered, DeliveryPickup, DeliveryCancelled, DeliveryFailed},
	DeliverySending:   {DeliveryAccepted, DeliveryDelivered, DeliveryQueued, DeliveryPickup, DeliveryOffered, DeliveryUnknown, DeliveryCancelled, DeliveryFailed},
	DeliveryAccepted:  {DeliveryDelivered, DeliveryQueued, DeliveryPickup, DeliveryOffered, DeliveryUnknown, DeliveryCancelled, DeliveryFailed},
	DeliveryOffered:   {DeliveryDelivered, DeliveryAccepted, DeliveryQueued, DeliveryPickup, DeliveryUnknown, DeliveryCancelled, DeliveryFailed},
	DeliveryPickup:    {DeliveryOffered, DeliveryQueued, DeliveryCancelled, DeliveryFailed},
	DeliveryUnknown:   {DeliveryDelivered, DeliveryQueued, DeliveryPickup, DeliveryCancelled, DeliveryFailed},
	DeliveryFailed:    {DeliveryCancelled},
	DeliveryDelivered: {},
	DeliveryCancelled: {},
}

// Delivery is one outgoing message on its way, as pages and the API show it. NotBefore and ExpiresAt may be zero; At is
// when it reached its state's end, or when it was made.
type Delivery struct {
	ID, Message, Ticket, Citizen int64
	Class, State, Route, Reason  string
	At, NotBefore, ExpiresAt     time.Time
	Bubbles                      []string
	Attempts                     []AttemptView
}

// AttemptView is one try of a delivery.
type AttemptView struct {
	Route   string
	At      time.Time
	Outcome string
	Reason  string
}

// delivery is the row as the rules work with it.
type delivery struct {
	ID, Message, Ticket, Citizen int64
	Class, State, Route, Reason  string
	Bubbles                      []string
	NotBefore, Expires, Due      time.Time // Due: not before, or the back-off its citizen shares
	Skip                         string    // push routes that will not carry it, space separated
	Attempt, Offer               int64
	Created, Settled             time.Time
}

const deliveryColumns = `d.id, d.message, d.ticket, d.citizen, d.class, d.state, d.route, d.reason, d.bubbles, d.not_before, d.expires_at, d.due_at,
	d.skip, coalesce(d.attempt, 0), coalesce(d.offer, 0), d.created_at, d.settled_at`

// underway are the deliveries that have not come to rest: the words of the index that finds a citizen's.
const underway = `d.state in ('queued', 'sending', 'accepted', 'pickup', 'offered')`

func scanDelivery(rows *sql.Rows) (*delivery, error) {
	var d delivery
	var bubbles []byte
	err := rows.Scan(&d.ID, &d.Message, &d.Ticket, &d.Citizen, &d.Class, &d.State, &d.Route, &d.Reason, &bubbles,
		instant{&d.NotBefore}, instant{&d.Expires}, instant{&d.Due}, &d.Skip, &d.Attempt, &d.Offer, instant{&d.Created}, instant{&d.Settled})
	if err == nil {
		err = json.Unmarshal(bubbles, &d.Bubbles)
	}
	return &d, err
}

func (d *delivery) view() Delivery {
	at := d.Created
	if !d.Settled.IsZero() {
		at = d.Settled
	}
	return Delivery{
		ID: d.ID, Message: d.Message, Ticket: d.Ticket, Citizen: d.Citizen, Class: d.Class, State: d.State, Route: d.Route, Reason: d.Reason,
		At: at, NotBefore: d.NotBefore, ExpiresAt: d.Expires, Bubbles: d.Bubbles,
	}
}

func (d *delivery) skips(route string) bool { return slices.Contains(strings.Fields(d.Skip), route) }

func (d *delivery) avoid(route string) {
	if !d.skips(route) {
		d.Skip = strings.TrimSpace(d.Skip + " " + route)
	}
}

func isEnd(state string) bool {
	return state == DeliveryDelivered || state == DeliveryFailed || state == DeliveryCancelled
}

// insertDelivery stores a new delivery in the state it was given.
func (tx *Tx) insertDelivery(d *delivery) error {
	if !slices.Contains(deliverySteps[""], d.State) {
		return fmt.Errorf("store: a delivery cannot begin as %s", d.State)
	}
	bubbles, err := json.Marshal(d.Bubbles)
	if err != nil {
		return err
	}
	d.Created = tx.Now
	if isEnd(d.State) {
		d.Settled = tx.Now
	}
	d.ID, err = tx.Insert(`/* insertDelivery */ insert into deliveries
		(message, ticket, citizen, class, state, route, bubbles, count, not_before, expires_at, due_at, skip, reason, created_at, settled_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.Message, d.Ticket, d.Citizen, d.Class, d.State, d.Route, string(bubbles), len(d.Bubbles), msOrNil(d.NotBefore), msOrNil(d.Expires),
		dueMS(d.Due), d.Skip, d.Reason, ms(tx.Now), msOrNil(d.Settled))
	if err != nil {
		return err
	}
	tx.count("delivery:"+d.State, +1)
	return tx.stepped(d)
}

// step moves a delivery to another state and writes what else of it changed; it is the only update of deliveries' state.
func (tx *Tx) step(d *delivery, to, reason string) error {
	from := d.State
	if !slices.Contains(deliverySteps[from], to) {
		return fmt.Errorf("store: delivery %d cannot go from %s to %s", d.ID, from, to)
	}
	d.State, d.Reason = to, reason
	if d.Settled = (time.Time{}); isEnd(to) {
		d.Settled = tx.Now
	}
	if _, err := tx.Exec(`/* step */ update deliveries set state = ?, route = ?, reason = ?, due_at = ?, skip = ?, attempt = ?, offer = ?, settled_at = ?
		where id = ?`, d.State, d.Route, d.Reason, dueMS(d.Due), d.Skip, idOrNil(d.Attempt), idOrNil(d.Offer), msOrNil(d.Settled), d.ID); err != nil {
		return err
	}
	tx.count("delivery:"+from, -1)
	tx.count("delivery:"+to, +1)
	return tx.stepped(d)
}

// stepped does what follows from the state a delivery is in now.
func (tx *Tx) stepped(d *delivery) error {
	switch d.State {
	case DeliveryQueued:
		tx.outbox = true
	case DeliveryFailed:
		// RULES D5: nothing will ever carry it, so a person has to call.
		if _, err := tx.Exec(`/* callTask */ insert into call_tasks (ticket, delivery, reason, created_at) values (?, ?, ?, ?)`,
			d.Ticket, d.ID, d.Reason, ms(tx.Now)); err != nil {
			return err
		}
	case DeliveryDelivered:
		if d.Class != ClassLine {
			if err := tx.notified(d); err != nil {
				return err
			}
		}
	}
	return tx.deliveryChanged(d.Ticket)
}

// notified records that the citizen knows (RULES A5): on the running round if the words ended it, else on the earlier
// round that they ended.
func (tx *Tx) notified(d *delivery) error {
	t, err := ticketByID(tx, d.Ticket)
	if err != nil {
		return err
	}
	if !t.DoneAt.IsZero() && !d.Created.Before(t.DoneAt) {
		if !t.NotifiedAt.IsZero() {
			return nil
		}
		t.NotifiedAt = tx.Now
		return tx.finish(t)
	}
	if t.Round == 1 {
		return nil
	}
	_, err = tx.Exec(`/* notified */ update rounds set notified_at = ? where ticket = ? and notified_at is null and n =
		(select max(n) from rounds where ticket = ? and n < ? and done_at <= ?)`, ms(tx.Now), t.ID, t.ID, t.Round, ms(d.Created))
	return err
}

// deliveryChanged tells once per closure that the state under a message of the case changed.
func (tx *Tx) deliveryChanged(ticket int64) error {
	for _, c := range tx.changes {
		if c.Ticket == ticket {
			return nil
		}
	}
	t := Ticket{ID: ticket}
	if err := tx.QueryRow(`/* deliveryChanged */ select coalesce(number, ''), citizen, coalesce(department, 0) from tickets where id = ?`, ticket).
		Scan(&t.Number, &t.Citizen.ID, &t.Department.ID); err != nil {
		return err
	}
	tx.changed(&t, 0, "")
	return nil
}

func dueMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return ms(t)
}

// deliveriesOf reads the newest delivery of each message, with its tries.
func deliveriesOf(q querier, messages []int64) (map[int64]*Delivery, error) {
	out := make(map[int64]*Delivery, len(messages))
	if len(messages) == 0 {
		return out, nil
	}
	ids, err := json.Marshal(messages)
	if err != nil {
		return nil, err
	}
	rows, err := all(q, scanDelivery, `/* deliveriesOf */ select `+deliveryColumns+` from deliveries d
		where d.message in (select value from json_each(?)) order by d.id`, string(ids))
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*Delivery, len(rows))
	for _, d := range rows {
		v := d.view()
		out[d.Message], byID[d.ID] = &v, &v
	}
	type try struct {
		delivery int64
		AttemptView
	}
	tries, err := all(q, func(rows *sql.Rows) (t try, err error) {
		err = rows.Scan(&t.delivery, &t.Route, instant{&t.At}, &t.Outcome, &t.Reason)
		return t, err
	}, `/* deliveriesOf */ select ad.delivery, a.route, a.at, ad.outcome, ad.reason from attempt_deliveries ad join attempts a on a.id = ad.attempt
		where ad.delivery in (select d.id from deliveries d where d.message in (select value from json_each(?))) order by ad.attempt`, string(ids))
	if err != nil {
		return nil, err
	}
	for _, t := range tries {
		if v := byID[t.delivery]; v != nil {
			v.Attempts = append(v.Attempts, t.AttemptView)
		}
	}
	return out, nil
}

// deliveryByID reads a delivery and its case, if the actor may answer there.
func (tx *Tx) deliveryByID(id int64) (*delivery, *Ticket, error) {
	if err := tx.Who.need(MayAnswer); err != nil {
		return nil, nil, err
	}
	d, err := one(tx, scanDelivery, "전달", `/* deliveryByID */ select `+deliveryColumns+` from deliveries d where d.id = ?`, id)
	if err != nil {
		return nil, nil, err
	}
	t, err := ticketByID(tx, d.Ticket)
	if err != nil {
		return nil, nil, err
	}
	if !tx.Who.Sees(t.Department.ID) {
		return nil, nil, notFound("전달")
	}
	return d, t, nil
}
