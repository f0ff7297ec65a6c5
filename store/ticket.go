package store

import (
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Ticket is one matter (민원). Zero times mean "not".
type Ticket struct {
	ID             int64
	Number         string // 2026-000123; empty for tests
	Citizen        CitizenRef
	Channel        string
	Test           bool
	State          State
	Subject        string
	Category       Ref
	Department     Ref
	Assignee       Ref
	Priority       string
	Urgent         bool
	UrgentOn       string
	Flooded        bool
	PossibleRepeat bool
	Round          int
	Kind           string
	ReceivedAt     time.Time
	AcceptedAt     time.Time
	AcceptBy       time.Time
	AwaitingSince  time.Time
	FirstReplyAt   time.Time
	DoneAt         time.Time
	NotifiedAt     time.Time
	ClosedAt       time.Time
	Outcome        string
	SnoozeUntil    time.Time
	Paused         bool
	TakeBy         time.Time
	TakenAt        time.Time
	DueID          int64
	DueAt          time.Time // instant after which it is overdue
	DueText        string    // as RULES H1 writes it
	DueRule        string    // read only: from the due row
	DueSteps       string    // read only: JSON
	Unread         int
	Preview        string
	PreviewKind    string
	PreviewAt      time.Time
	UpdatedAt      time.Time
	TalkedAt       time.Time
	CitizenAt      time.Time
	EndsAsking     bool
	FriendTold     bool
	PhotoAsked     bool
	CallbackEnded  bool
	PeriodTold     string
	FollowUpOn     string // period of the queue row while waiting

	was counted // as last saved, for the counters
}

// Ref names a row of another table; ID 0 is none.
type Ref struct {
	ID   int64
	Name string
}

// CitizenRef is the citizen as lists show him.
type CitizenRef struct {
	ID     int64
	Name   string
	Friend *bool // of the channel; nil: not known
}

type counted struct {
	state      State
	department int64
	awaiting   bool
	test       bool
}

const ticketColumns = `t.id, coalesce(t.number, ''), t.citizen, c.name,
	(select i.friend from identities i where i.citizen = t.citizen and i.channel = 'bot' order by i.id desc limit 1),
	t.channel, t.test, t.state, t.subject,
	coalesce(t.category, 0), coalesce(g.name, ''), coalesce(t.department, 0), coalesce(d.name, ''), coalesce(t.assignee, 0), coalesce(a.name, ''),
	t.priority, t.urgent, t.urgent_on, t.flooded, t.possible_repeat, t.round, coalesce(t.kind, ''),
	t.received_at, t.accepted_at, t.accept_by, t.awaiting_since, t.first_reply_at, t.done_at, t.notified_at, t.closed_at, coalesce(t.outcome, ''),
	t.snooze_until, t.paused, t.take_by, t.taken_at, coalesce(t.due, 0), t.due_at, coalesce(t.due_text, ''), coalesce(u.rule, ''), coalesce(u.steps, ''),
	t.unread, t.preview, t.preview_kind, t.preview_at, t.updated_at, t.talked_at, t.citizen_at,
	t.ends_asking, t.friend_told, t.photo_asked, t.callback_ended, t.period_told, coalesce(t.follow_up_on, '')`

const ticketTables = ` from tickets t join citizens c on c.id = t.citizen
	left join categories g on g.id = t.category left join departments d on d.id = t.department
	left join staff a on a.id = t.assignee left join dues u on u.id = t.due`

func scanTicket(rows *sql.Rows) (*Ticket, error) {
	var t Ticket
	var friend sql.NullBool
	err := rows.Scan(&t.ID, &t.Number, &t.Citizen.ID, &t.Citizen.Name, &friend,
		&t.Channel, &t.Test, &t.State, &t.Subject,
		&t.Category.ID, &t.Category.Name, &t.Department.ID, &t.Department.Name, &t.Assignee.ID, &t.Assignee.Name,
		&t.Priority, &t.Urgent, &t.UrgentOn, &t.Flooded, &t.PossibleRepeat, &t.Round, &t.Kind,
		instant{&t.ReceivedAt}, instant{&t.AcceptedAt}, instant{&t.AcceptBy}, instant{&t.AwaitingSince}, instant{&t.FirstReplyAt},
		instant{&t.DoneAt}, instant{&t.NotifiedAt}, instant{&t.ClosedAt}, &t.Outcome,
		instant{&t.SnoozeUntil}, &t.Paused, instant{&t.TakeBy}, instant{&t.TakenAt}, &t.DueID, instant{&t.DueAt}, &t.DueText, &t.DueRule, &t.DueSteps,
		&t.Unread, &t.Preview, &t.PreviewKind, instant{&t.PreviewAt}, instant{&t.UpdatedAt}, instant{&t.TalkedAt}, instant{&t.CitizenAt},
		&t.EndsAsking, &t.FriendTold, &t.PhotoAsked, &t.CallbackEnded, &t.PeriodTold, &t.FollowUpOn)
	if err != nil {
		return nil, err
	}
	if friend.Valid {
		t.Citizen.Friend = &friend.Bool
	}
	t.was = counted{t.State, t.Department.ID, !t.AwaitingSince.IsZero(), t.Test}
	return &t, nil
}

// ticketByNumber reads a case the actor may see; a foreign one is not found (RULES I2).
func ticketByNumber(q querier, who Actor, number string) (*Ticket, error) {
	t, err := one(q, scanTicket, "민원", `/* ticketByNumber */ select `+ticketColumns+ticketTables+` where t.number = ?`, number)
	if err != nil {
		return nil, err
	}
	if !who.Can(MaySee) || !who.Sees(t.Department.ID) {
		return nil, notFound("민원")
	}
	return t, nil
}

func ticketByID(q querier, id int64) (*Ticket, error) {
	return one(q, scanTicket, "민원", `/* ticketByID */ select `+ticketColumns+ticketTables+` where t.id = ?`, id)
}

// insertTicket stores a new case and its first round; it fills ID and, unless it is a test, Number.
func (tx *Tx) insertTicket(t *Ticket, openedBy string) error {
	var number any
	if !t.Test {
		var err error
		if t.Number, err = tx.nextNumber(t.ReceivedAt); err != nil {
			return err
		}
		number = t.Number
	}
	t.Round = 1
	if t.Priority == "" {
		t.Priority = "normal"
	}
	t.UpdatedAt = tx.Now
	if t.PreviewAt.IsZero() {
		t.PreviewAt = t.ReceivedAt
	}
	id, err := tx.Insert(`/* insertTicket */ insert into tickets
		(number, citizen, channel, test, state, subject, priority, urgent, urgent_on, flooded, possible_repeat,
		 received_at, accept_by, awaiting_since, unread, preview, preview_kind, preview_at, updated_at, citizen_at, friend_told, photo_asked,
		 period_told, follow_up_on, category, department)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		number, t.Citizen.ID, t.Channel, t.Test, t.State, t.Subject, t.Priority, t.Urgent, t.UrgentOn, t.Flooded, t.PossibleRepeat,
		ms(t.ReceivedAt), msOrNil(t.AcceptBy), msOrNil(t.AwaitingSince), t.Unread, t.Preview, t.PreviewKind, ms(t.PreviewAt), ms(t.UpdatedAt),
		msOrNil(t.CitizenAt), t.FriendTold, t.PhotoAsked, t.PeriodTold, textOrNil(t.FollowUpOn),
		idOrNil(t.Category.ID), idOrNil(t.Department.ID))
	if err != nil {
		return err
	}
	t.ID = id
	tx.countTicket(counted{}, t, +1)
	_, err = tx.Exec(`/* insertRound */ insert into rounds (ticket, n, opened_by, received_at) values (?, 1, ?, ?)`, t.ID, openedBy, ms(t.ReceivedAt))
	return err
}

// saveTicket writes the case and its running round back and keeps the counters; it is the only update of tickets.
func (tx *Tx) saveTicket(t *Ticket) error {
	t.UpdatedAt = tx.Now
	_, err := tx.Exec(`/* saveTicket */ update tickets set state = ?, subject = ?, category = ?, department = ?, assignee = ?, priority = ?,
		urgent = ?, urgent_on = ?, flooded = ?, possible_repeat = ?, round = ?, kind = ?, received_at = ?, accepted_at = ?, accept_by = ?,
		awaiting_since = ?, first_reply_at = ?, done_at = ?, notified_at = ?, closed_at = ?, outcome = ?, snooze_until = ?, paused = ?,
		take_by = ?, taken_at = ?, due = ?, due_at = ?, due_text = ?, unread = ?, preview = ?, preview_kind = ?, preview_at = ?, updated_at = ?,
		talked_at = ?, citizen_at = ?, ends_asking = ?, friend_told = ?, photo_asked = ?, callback_ended = ?, period_told = ?, follow_up_on = ?
		where id = ?`,
		t.State, t.Subject, idOrNil(t.Category.ID), idOrNil(t.Department.ID), idOrNil(t.Assignee.ID), t.Priority,
		t.Urgent, t.UrgentOn, t.Flooded, t.PossibleRepeat, t.Round, textOrNil(t.Kind), ms(t.ReceivedAt), msOrNil(t.AcceptedAt), msOrNil(t.AcceptBy),
		msOrNil(t.AwaitingSince), msOrNil(t.FirstReplyAt), msOrNil(t.DoneAt), msOrNil(t.NotifiedAt), msOrNil(t.ClosedAt), textOrNil(t.Outcome), msOrNil(t.SnoozeUntil), t.Paused,
		msOrNil(t.TakeBy), msOrNil(t.TakenAt), idOrNil(t.DueID), msOrNil(t.DueAt), textOrNil(t.DueText), t.Unread, t.Preview, t.PreviewKind, ms(t.PreviewAt), ms(t.UpdatedAt),
		msOrNil(t.TalkedAt), msOrNil(t.CitizenAt), t.EndsAsking, t.FriendTold, t.PhotoAsked, t.CallbackEnded, t.PeriodTold, textOrNil(t.FollowUpOn),
		t.ID)
	if err != nil {
		return err
	}
	tx.countTicket(t.was, t, 0)
	return nil
}

// saveRound copies the clocks of the case into its running round, the row that statistics count (RULES A4).
func (tx *Tx) saveRound(t *Ticket) error {
	_, err := tx.Exec(`/* saveRound */ update rounds set accepted_at = ?, kind = ?, due = ?, done_at = ?, notified_at = ?, outcome = ?
		where ticket = ? and n = ?`, msOrNil(t.AcceptedAt), textOrNil(t.Kind), idOrNil(t.DueID), msOrNil(t.DoneAt), msOrNil(t.NotifiedAt), textOrNil(t.Outcome), t.ID, t.Round)
	return err
}

// countTicket moves the case between counters: 'count:<state>:<department>' and 'count:awaiting:<department>'.
func (tx *Tx) countTicket(was counted, t *Ticket, born int) {
	is := counted{t.State, t.Department.ID, !t.AwaitingSince.IsZero(), t.Test}
	t.was = is
	if is.test || (born == 0 && was == is) {
		return
	}
	if born == 0 {
		tx.count(fmt.Sprintf("count:%s:%d", was.state, was.department), -1)
		if was.awaiting {
			tx.count(fmt.Sprintf("count:awaiting:%d", was.department), -1)
		}
	}
	tx.count(fmt.Sprintf("count:%s:%d", is.state, is.department), +1)
	if is.awaiting {
		tx.count(fmt.Sprintf("count:awaiting:%d", is.department), +1)
	}
}

func idOrNil(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func textOrNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// oneLine shortens text to its first line of at most n runes, for subjects and previews.
func oneLine(text string, n int) string {
	out := make([]byte, 0, min(len(text), 4*n))
	runes, cut, gap := 0, 0, false
	for _, r := range text {
		switch {
		case r == '\n' && runes > 0:
			return string(out)
		case unicode.IsSpace(r):
			gap = runes > 0
			continue
		case gap:
			out, runes, gap = append(out, ' '), runes+1, false
		}
		if runes >= n {
			return strings.TrimSpace(string(out[:cut])) + "…"
		}
		out = utf8.AppendRune(out, r)
		if runes++; runes < n {
			cut = len(out)
		}
	}
	return string(out)
}
