package store

import (
	"database/sql"
	"strings"
	"time"
)

// Routes a delivery may take.
const (
	RouteCallback = "callback"
	RouteEvent    = "event"
	RoutePickup   = "pickup"
	RoutePhone    = "phone" // a person told the citizen
)

// route is a way to the citizen. The first of routes that is open carries the delivery (DESIGN §6).
type route struct {
	name string
	push bool // reaches the citizen by itself; automatic lines go by these only (RULES D6)
	open func(*reach) bool
}

var routes = []route{
	{RouteCallback, true, func(r *reach) bool { return r.callback.ID != 0 }},
	{RouteEvent, true, (*reach).eventOpen},
	{RoutePickup, false, func(r *reach) bool { return r.known }},
}

// reach is what decides which routes are open for a citizen now.
type reach struct {
	citizen    int64
	blocked    bool     // by staff
	known      bool     // by at least one identity, so that the next words can carry an answer
	bot        Identity // newest bot identity; ID 0 = none
	eventReady bool
	callback   callbackRow // unused and within its window; ID 0 = none
	pauses     map[string]time.Time
}

// reach reads how the citizen can be reached. Callback windows are real time (RULES D4), all else the service's.
func (tx *Tx) reach(citizen int64) (*reach, error) {
	r := &reach{citizen: citizen, eventReady: tx.s.Outside().EventReady}
	c := Citizen{}
	if err := tx.QueryRow(`/* reach */ select blocked_at, blocked_until from citizens where id = ?`, citizen).
		Scan(instant{&c.BlockedAt}, instant{&c.BlockedUntil}); err != nil {
		return nil, err
	}
	r.blocked = c.blocked(tx.Now)
	identities, err := tx.identitiesOf(citizen)
	if err != nil {
		return nil, err
	}
	r.known = len(identities) > 0
	for _, i := range identities {
		if i.Channel == "bot" {
			r.bot = i
			break
		}
	}
	if r.callback, err = tx.openCallback(citizen); err != nil {
		return nil, err
	}
	r.pauses, err = tx.pausedRoutes()
	return r, err
}

// eventOpen: the Event API reaches friends of the channel who have not blocked it (kakao-chatbot.md §5.4).
func (r *reach) eventOpen() bool {
	i := r.bot
	return r.eventReady && i.ID != 0 && i.Friend != nil && *i.Friend && i.EventOff.IsZero() && i.Blocked.IsZero()
}

// push returns the first push route that may carry the delivery, or "".
func (r *reach) push(d *delivery) string {
	for _, way := range routes {
		if way.push && !d.skips(way.name) && way.open(r) {
			return way.name
		}
	}
	return ""
}

// place says where a delivery that nobody is sending belongs.
func (r *reach) place(d *delivery, now time.Time) (state, reason string) {
	switch {
	case !d.Expires.IsZero() && !now.Before(d.Expires):
		return DeliveryCancelled, ReasonExpired
	case r.blocked && d.Class == ClassLine: // nobody is called for a line
		return DeliveryCancelled, ReasonBlocked
	case r.blocked:
		return DeliveryFailed, ReasonBlocked
	case r.push(d) != "":
		return DeliveryQueued, ""
	case d.Class == ClassLine:
		return DeliveryCancelled, ReasonNoRoute
	case r.known:
		return DeliveryPickup, ""
	}
	return DeliveryFailed, ReasonNoRoute
}

// rest puts a delivery back where it waits, not to be tried before due. why is kept unless the place has a reason.
func (tx *Tx) rest(d *delivery, r *reach, why string, due time.Time) error {
	to, reason := r.place(d, tx.Now)
	if d.Class == ClassLine && to == DeliveryQueued {
		late, err := tx.overtaken(d)
		if err != nil {
			return err
		}
		if late {
			to, reason = DeliveryCancelled, ReasonSuperseded
		}
	}
	if reason == "" {
		reason = why
	}
	d.Offer, d.Route = 0, ""
	if to == DeliveryPickup {
		d.Route = RoutePickup
	}
	if to != DeliveryQueued {
		return tx.step(d, to, reason)
	}
	d.Due = later(d.NotBefore, due)
	if err := tx.step(d, to, reason); err != nil {
		return err
	}
	return tx.holdBack(d.Citizen, due)
}

// holdBack makes everything that waits for the citizen share the back-off, so that nothing overtakes (DESIGN §6).
func (tx *Tx) holdBack(citizen int64, due time.Time) error {
	if due.IsZero() || !due.After(tx.Now) {
		return nil
	}
	_, err := tx.Exec(`/* holdBack */ update deliveries as d set due_at = max(due_at, ?) where citizen = ? and `+underway+` and state = 'queued'`, ms(due), citizen)
	return err
}

// overtaken reports whether a line's case has heard other words since (RULES D6).
func (tx *Tx) overtaken(d *delivery) (bool, error) {
	var n int
	err := tx.QueryRow(`/* overtaken */ select exists (select 1 from messages where ticket = ? and id > ? and kind in ('citizen', 'reply'))
		or exists (select 1 from deliveries where ticket = ? and id > ? and class <> 'line')`, d.Ticket, d.Message, d.Ticket, d.ID).Scan(&n)
	return n == 1, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// friendAgain opens the event route again after a message with isFriend, and lets what waits go by it (RULES D3).
func (tx *Tx) friendAgain(id Identity) error {
	if _, err := tx.Exec(`/* friendAgain */ update identities set event_off_since = null where id = ?`, id.ID); err != nil {
		return err
	}
	waiting, err := all(tx, scanDelivery, `/* friendAgain */ select `+deliveryColumns+` from deliveries d
		where d.citizen = ? and `+underway+` and d.state = 'pickup' order by d.id`, id.Citizen)
	if err != nil || len(waiting) == 0 {
		return err
	}
	r, err := tx.reach(id.Citizen)
	if err != nil {
		return err
	}
	for _, d := range waiting {
		d.Skip = strings.TrimSpace(strings.ReplaceAll(d.Skip, RouteEvent, ""))
		if r.push(d) == "" {
			continue
		}
		if err := tx.rest(d, r, "", time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// scanID reads one id.
func scanID(rows *sql.Rows) (id int64, err error) {
	err = rows.Scan(&id)
	return id, err
}
