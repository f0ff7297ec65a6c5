package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
)

// threadPage is how many messages one reading of a thread returns.
const threadPage = 500

// othersShown is how many other cases of the citizen stand beside a thread.
const othersShown = 20

// Thread is a case as it is worked on.
type Thread struct {
	Ticket    *Ticket
	Messages  []Message // oldest first, by id; the newest of the case unless Earlier asked for others
	More      bool      // older messages exist: Earlier(…, Messages[0].ID)
	Others    []*Ticket // other cases of this citizen that the actor may see, newest first
	Links     []Link
	Transfers []TransferView
}

// Link leads from a case to another: it follows one, was split off one …
type Link struct {
	Kind   string // split, merged, duplicate, follows
	Number string
	State  State
	Back   bool // the other case points at this one
}

// Thread reads a case with its newest messages, their files and deliveries, and what surrounds it. The unit of sight is
// the case (RULES I2): messages moved away are read with the case they lie in now.
func (s *DB) Thread(ctx context.Context, who Actor, number string) (Thread, error) {
	return s.thread(ctx, who, number, 0)
}

// Earlier reads the messages of the case before the one with that id.
func (s *DB) Earlier(ctx context.Context, who Actor, number string, before int64) (Thread, error) {
	return s.thread(ctx, who, number, before)
}

func (s *DB) thread(ctx context.Context, who Actor, number string, before int64) (_ Thread, err error) {
	defer wrap(&err, "store.Thread %s", number)
	r := s.read(ctx)
	t, err := ticketByNumber(r, who, number)
	if err != nil {
		return Thread{}, err
	}
	th := Thread{Ticket: t}
	if th.Messages, th.More, err = messagesOf(r, t.ID, before); err != nil {
		return Thread{}, err
	}
	if th.Others, err = othersOf(r, who, t); err != nil {
		return Thread{}, err
	}
	if th.Links, err = linksOf(r, who, t.ID); err != nil {
		return Thread{}, err
	}
	th.Transfers, err = transfersOf(r, t.ID)
	return th, err
}

// messagesOf reads the newest messages of a case below an id (0 = none), oldest first.
func messagesOf(q querier, ticket, before int64) (list []Message, more bool, err error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	list, err = all(q, scanMessage, `/* messagesOf */ select `+messageColumns+` from messages m join tickets t on t.id = m.ticket
		where m.ticket = ? and m.id < ? order by m.id desc limit ?`, ticket, before, threadPage+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(list) > threadPage; more {
		list = list[:threadPage]
	}
	slices.Reverse(list)
	return list, more, dress(q, list)
}

// dress adds files and the newest delivery to messages.
func dress(q querier, list []Message) error {
	var ids, withFiles, ours []int64
	for _, m := range list {
		ids = append(ids, m.ID)
		switch m.Kind {
		case FromCitizen:
			withFiles = append(withFiles, m.ID)
		case FromReply, FromAuto:
			ours = append(ours, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	files, err := filesOf(q, withFiles)
	if err != nil {
		return err
	}
	deliveries, err := deliveriesOf(q, ours)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Files, list[i].Delivery = files[list[i].ID], deliveries[list[i].ID]
	}
	return nil
}

// othersOf lists other cases of the citizen within the actor's sight.
func othersOf(q querier, who Actor, t *Ticket) ([]*Ticket, error) {
	within, args := "", []any{t.Citizen.ID, t.ID}
	if who.Role == RoleDepartment {
		list, err := json.Marshal(who.Departments)
		if err != nil {
			return nil, err
		}
		within, args = ` and t.department in (select value from json_each(?))`, append(args, string(list))
	}
	return all(q, scanTicket, `/* othersOf */ select `+ticketColumns+ticketTables+`
		where t.citizen = ? and t.id <> ? and t.test = 0`+within+` order by t.id desc limit ?`, append(args, othersShown)...)
}

// linksOf lists the links of a case to cases within the actor's sight.
func linksOf(q querier, who Actor, ticket int64) ([]Link, error) {
	type row struct {
		Link
		department int64
	}
	rows, err := all(q, func(rows *sql.Rows) (row, error) {
		var r row
		err := rows.Scan(&r.Kind, &r.Number, &r.State, &r.Back, &r.department)
		return r, err
	}, `/* linksOf */
		select l.kind, coalesce(t.number, ''), t.state, 0, coalesce(t.department, 0) from ticket_links l join tickets t on t.id = l.to_ticket where l.from_ticket = ?
		union all
		select l.kind, coalesce(t.number, ''), t.state, 1, coalesce(t.department, 0) from ticket_links l join tickets t on t.id = l.from_ticket where l.to_ticket = ?`,
		ticket, ticket)
	var out []Link
	for _, r := range rows {
		if who.Sees(r.department) {
			out = append(out, r.Link)
		}
	}
	return out, err
}

// MarkSeen notes that a person has opened the citizen's messages of the case up to the one with id upTo. An auditor only
// looks and a token is nobody, so neither changes anything.
func (s *DB) MarkSeen(ctx context.Context, who Actor, number string, upTo int64) (err error) {
	defer wrap(&err, "store.MarkSeen %s", number)
	if who.Staff == 0 || !who.Can(MayAnswer) {
		return nil
	}
	// Most openings find nothing new and need no write.
	if t, err := ticketByNumber(s.read(ctx), who, number); err != nil || t.Unread == 0 {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		t, err := ticketByNumber(tx, who, number)
		if err != nil {
			return err
		}
		res, err := tx.Exec(`/* MarkSeen */ update messages set seen_by = ?, seen_at = ?
			where ticket = ? and id <= ? and kind = 'citizen' and seen_at is null`, who.Staff, ms(tx.Now), t.ID, upTo)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		t.Unread = max(0, t.Unread-int(n))
		return tx.finish(t)
	})
}

// Viewed writes the access row of a page (RULES G4): who saw which citizens' data, when and from where. Callers send
// the page only when it is on disk. A page that shows nobody needs no row.
func (s *DB) Viewed(ctx context.Context, who Actor, action string, citizens []int64) (err error) {
	defer wrap(&err, "store.Viewed")
	if len(citizens) == 0 {
		return nil
	}
	list, err := json.Marshal(slices.Compact(slices.Sorted(slices.Values(citizens))))
	if err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		var staff any
		if who.Staff != 0 {
			staff = who.Staff
		}
		_, err := tx.Exec(`/* Viewed */ insert into access (at, who, staff, address, action, citizens) values (?, ?, ?, ?, ?, ?)`,
			ms(tx.Now), who.Label(), staff, who.Address, action, string(list))
		return err
	})
}
