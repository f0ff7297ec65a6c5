package store

import (
	"context"
	"database/sql"
	"encoding/json"
)

// ListMark is what a list shows of a case beyond its own row.
type ListMark struct {
	Photo  bool // the citizen sent one
	Failed bool // words of ours did not arrive, and nobody has seen to it
}

// ListMarks reads the marks of cases of a page, by id. The cases are those the actor was given; others have none.
func (s *DB) ListMarks(ctx context.Context, who Actor, list []*Ticket) (_ map[int64]ListMark, err error) {
	defer wrap(&err, "store.ListMarks")
	marks := make(map[int64]ListMark, len(list))
	ids := make([]int64, 0, len(list))
	for _, t := range list {
		if who.Can(MaySee) && who.Sees(t.Department.ID) {
			ids = append(ids, t.ID)
		}
	}
	if len(ids) == 0 {
		return marks, nil
	}
	given, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	type row struct {
		ticket int64
		ListMark
	}
	rows, err := all(s.read(ctx), func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(&r.ticket, &r.Photo, &r.Failed)
	}, `/* ListMarks */ select j.value,
		exists (select 1 from messages m where m.ticket = j.value and m.files > 0),
		exists (select 1`+openCalls+` and c.ticket = j.value)
		from json_each(?) j`, string(given))
	for _, r := range rows {
		marks[r.ticket] = r.ListMark
	}
	return marks, err
}

// OutboxItem is a delivery as the system page lists it. It names the case, not the words.
type OutboxItem struct {
	Delivery
	Number string
}

// OutboxItems lists the newest deliveries in a state, at most limit.
func (s *DB) OutboxItems(ctx context.Context, who Actor, state string, limit int) (_ []OutboxItem, err error) {
	defer wrap(&err, "store.OutboxItems")
	if err := who.need(MayOperate); err != nil {
		return nil, err
	}
	where := `d.state not in ('delivered', 'cancelled') and d.state = ?` // as the index says it
	if state == DeliveryDelivered || state == DeliveryCancelled {
		where = `d.state = ?` // most are: the newest rows are looked at, and few of them
	}
	return all(s.read(ctx), func(rows *sql.Rows) (o OutboxItem, err error) {
		err = rows.Scan(&o.ID, &o.Message, &o.Ticket, &o.Citizen, &o.Class, &o.State, &o.Route, &o.Reason, instant{&o.At}, instant{&o.NotBefore}, &o.Number)
		return o, err
	}, `/* OutboxItems */ select d.id, d.message, d.ticket, d.citizen, d.class, d.state, d.route, d.reason, coalesce(d.settled_at, d.created_at), d.not_before,
		coalesce(t.number, '') from deliveries d join tickets t on t.id = d.ticket where `+where+` order by d.id desc limit ?`, state, limit)
}

// Allowed lists what the actor's role may do to the case in its state, for the buttons of a page; guards are judged
// when it is done.
func (t *Ticket) Allowed(who Actor) []Action {
	if !who.Can(MayAnswer) || !who.Sees(t.Department.ID) {
		return nil
	}
	return allowed(t.State, who.Role, !t.AcceptedAt.IsZero())
}
