package store

import (
	"context"
	"slices"
	"time"
)

// quarantinePatience is how long a body may lie in quarantine during office hours before somebody is alarmed (RULES B3).
const quarantinePatience = 10 * time.Minute

// urgentShown bounds the alarms of a page; behind so many the list says the same.
const urgentShown = 10

// UrgentCases lists the cases in which urgent words of a citizen lie unanswered, newest first (RULES C4). A case that
// staff have marked by hand is no alarm.
func (s *DB) UrgentCases(ctx context.Context, who Actor) (_ []*Ticket, err error) {
	defer wrap(&err, "store.UrgentCases")
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	list, err := all(s.read(ctx), scanTicket, `/* UrgentCases */ select `+ticketColumns+ticketTables+`
		where t.urgent = 1 and t.test = 0 and t.state in ('open', 'waiting', 'review') and t.urgent_on <> '' and t.awaiting_since is not null
		order by t.citizen_at desc, t.id desc`)
	list = slices.DeleteFunc(list, func(t *Ticket) bool { return !who.Sees(t.Department.ID) })
	return list[:min(len(list), urgentShown)], err
}

// Trouble is what an officer has to know before anybody asks.
type Trouble struct {
	Quarantine int        // bodies that have waited too long in office hours for somebody to look at them
	Opening    Occurrence // the newest opening, if it failed or was missed; else zero
}

// Trouble looks for what is wrong inside; the clock is judged by the schedule.
func (s *DB) Trouble(ctx context.Context, who Actor) (f Trouble, err error) {
	defer wrap(&err, "store.Trouble")
	if err := who.need(MayOperate); err != nil {
		return f, err
	}
	now := s.Now()
	if s.Desk().IsOpen(now) {
		if err := s.read(ctx).QueryRow(`/* Trouble */ select count(*) from quarantine where handled_at is null and at < ?`,
			ms(now.Add(-quarantinePatience))).Scan(&f.Quarantine); err != nil {
			return f, err
		}
	}
	newest, found, err := s.LastOccurrence(ctx, "opening", now)
	if found && (newest.Outcome == OutcomeFailed || newest.Outcome == OutcomeMissed) {
		f.Opening = newest
	}
	return f, err
}
