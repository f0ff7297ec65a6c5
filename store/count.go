package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"toktok/store/worktime"
)

// Counts are the figures of the status strip, for the cases within the actor's sight.
type Counts struct {
	Awaiting int // a citizen's words lie unanswered, in whatever state
	Waiting  int
	Open     int
	Answered int
	Review   int
	Closed   int
	Mine     int // assigned to the actor and not closed
	DueToday int // unfinished, due until the end of today
	Overdue  int // unfinished, past the due date
}

// Of returns the figure of a state.
func (c Counts) Of(st State) int {
	switch st {
	case StateWaiting:
		return c.Waiting
	case StateOpen:
		return c.Open
	case StateAnswered:
		return c.Answered
	case StateReview:
		return c.Review
	case StateClosed:
		return c.Closed
	}
	return 0
}

type counter struct {
	name  string
	value int
}

func scanCounter(rows *sql.Rows) (counter, error) {
	var c counter
	err := rows.Scan(&c.name, &c.value)
	return c, err
}

// Counts reads the counter rows that every saved case keeps, and the few that an index answers.
func (s *DB) Counts(ctx context.Context, who Actor) (_ Counts, err error) {
	defer wrap(&err, "store.Counts")
	if err := who.need(MaySee); err != nil {
		return Counts{}, err
	}
	r := s.read(ctx)
	rows, err := all(r, scanCounter, `/* Counts */ select name, value from counters where name >= 'count:' and name < 'count;'`)
	if err != nil {
		return Counts{}, err
	}
	var c Counts
	for _, row := range rows {
		what, department, _ := strings.Cut(strings.TrimPrefix(row.name, "count:"), ":")
		id, err := strconv.ParseInt(department, 10, 64)
		if err != nil || !who.Sees(id) {
			continue
		}
		switch what {
		case "awaiting":
			c.Awaiting += row.value
		case string(StateWaiting):
			c.Waiting += row.value
		case string(StateOpen):
			c.Open += row.value
		case string(StateAnswered):
			c.Answered += row.value
		case string(StateReview):
			c.Review += row.value
		case string(StateClosed):
			c.Closed += row.value
		}
	}
	if who.Staff != 0 {
		mine, err := all(r, func(rows *sql.Rows) (department int64, err error) { return department, rows.Scan(&department) }, `/* Counts */ select coalesce(department, 0) from tickets
			where assignee = ? and state in ('waiting', 'open', 'answered', 'review') and assignee is not null and test = 0`, who.Staff)
		if err != nil {
			return Counts{}, err
		}
		for _, department := range mine {
			if who.Sees(department) {
				c.Mine++
			}
		}
	}
	return c, countDue(r, who, s.Now(), &c)
}

// countDue counts the running legal clocks that end today or have ended. An answered case has none.
func countDue(r reader, who Actor, now time.Time, c *Counts) error {
	type due struct {
		department int64
		over       bool
		n          int
	}
	tomorrow := worktime.DateOf(now).AddDays(1).At(0, 0)
	list, err := all(r, func(rows *sql.Rows) (d due, err error) { return d, rows.Scan(&d.department, &d.over, &d.n) },
		`/* Counts */ select coalesce(department, 0), due_at < ?, count(*) from tickets indexed by tickets_state_due
		where state in ('waiting', 'open', 'review') and due_at < ? and due_at is not null and test = 0 and done_at is null and paused = 0
		group by 1, 2`, ms(now), ms(tomorrow))
	for _, d := range list {
		switch {
		case !who.Sees(d.department):
		case d.over:
			c.Overdue += d.n
		default:
			c.DueToday += d.n
		}
	}
	return err
}
