package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// ReasonUnheard is the reason of a call task whose notice nobody has read for a working day (RULES A5).
const ReasonUnheard = "unheard"

// CallTask is a citizen whom somebody has to telephone, because words of ours did not reach him.
type CallTask struct {
	ID       int64
	Delivery int64
	Ticket   *Ticket
	Reason   string // ReasonUnheard, or why the delivery failed
	At       time.Time
	Words    string // what he was to read
	Phone    bool   // a number is known: CallNumber tells it
}

// openCalls are the tasks still to be done: not those whose words, sent again, were read meanwhile.
const openCalls = ` from call_tasks c join tickets t on t.id = c.ticket join deliveries d on d.id = c.delivery
	where c.done_at is null and t.test = 0 and not exists (select 1 from deliveries n where n.message = d.message and n.state = 'delivered')`

// callsShown bounds the page; whoever has more to telephone works them off from the oldest.
const callsShown = 100

// CallTasks lists the tasks of cases the actor may see, oldest first, at most 100.
func (s *DB) CallTasks(ctx context.Context, who Actor) (list []CallTask, err error) {
	defer wrap(&err, "store.CallTasks")
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	q := s.read(ctx)
	rows, err := all(q, func(rows *sql.Rows) (c CallTask, err error) {
		c.Ticket = new(Ticket)
		return c, rows.Scan(&c.ID, &c.Delivery, &c.Reason, instant{&c.At}, &c.Ticket.ID, &c.Words, &c.Phone)
	}, `/* CallTasks */ select c.id, d.id, c.reason, c.created_at, t.id, (select m.text from messages m where m.id = d.message),
		exists (select 1 from contacts k where k.citizen = t.citizen and k.phone <> '')`+openCalls+` order by c.created_at, c.id`)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids := make([]int64, 0, len(rows))
	for _, c := range rows {
		ids = append(ids, c.Ticket.ID)
	}
	given, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	tickets, err := all(q, scanTicket, `/* CallTasks */ select `+ticketColumns+ticketTables+` where t.id in (select value from json_each(?))`, string(given))
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*Ticket, len(tickets))
	for _, t := range tickets {
		byID[t.ID] = t
	}
	for _, c := range rows {
		if c.Ticket = byID[c.Ticket.ID]; c.Ticket != nil && who.Sees(c.Ticket.Department.ID) && len(list) < callsShown {
			list = append(list, c)
		}
	}
	return list, nil
}

// CallCount counts the tasks of cases the actor may see.
func (s *DB) CallCount(ctx context.Context, who Actor) (n int, err error) {
	defer wrap(&err, "store.CallCount")
	if err := who.need(MaySee); err != nil {
		return 0, err
	}
	list, err := all(s.read(ctx), func(rows *sql.Rows) (department int64, err error) { return department, rows.Scan(&department) },
		`/* CallCount */ select coalesce(t.department, 0)`+openCalls)
	for _, department := range list {
		if who.Sees(department) {
			n++
		}
	}
	return n, err
}

// CallNumber tells the telephone number of the citizen of an open task. Who asked for it, and for what, is in the access
// log before it is told (RULES B2, G4).
func (s *DB) CallNumber(ctx context.Context, who Actor, task int64) (number string, err error) {
	defer wrap(&err, "store.CallNumber task=%d", task)
	if err := who.need(MayAnswer); err != nil {
		return "", err
	}
	err = s.Write(ctx, who, func(tx *Tx) error {
		var ticket, department, citizen int64
		err := tx.QueryRow(`/* CallNumber */ select t.id, coalesce(t.department, 0), t.citizen, coalesce((select k.phone from contacts k where k.citizen = t.citizen), '')`+
			openCalls+` and c.id = ?`, task).Scan(&ticket, &department, &citizen, &number)
		if isNoRows(err) || err == nil && !tx.Who.Sees(department) {
			return notFound("전화할 일")
		}
		if err != nil {
			return err
		}
		if number == "" {
			return notFound("전화번호")
		}
		shown, err := json.Marshal([]int64{citizen})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`/* CallNumber */ insert into access (at, who, staff, address, action, citizens) values (?, ?, ?, ?, 'phone', ?)`,
			ms(tx.Now), tx.Who.Label(), idOrNil(tx.Who.Staff), tx.Who.Address, string(shown)); err != nil {
			return err
		}
		return tx.audit("phone_shown", ticket, "contact", "call_task")
	})
	return number, err
}
