package store

import (
	"database/sql"
	"fmt"
	"time"

	"toktok/store/hangul"
	"toktok/store/worktime"
)

// Windows of RULES B4, in working days of the desk.
const (
	talkedWithin = 3  // the case a person or a case notice last spoke of
	livelyWithin = 10 // the newest case that is not closed
)

// candidate is what choosing a case needs to know of it.
type candidate struct {
	id       int64
	state    State
	awaiting bool
	talked   time.Time
	last     time.Time
	closed   time.Time
}

// whichCase finds the case a citizen's words belong to (RULES B4), nil for none. inWindow says whether a closed one so
// found may be reopened.
func (tx *Tx) whichCase(citizen int64, test bool, at time.Time) (t *Ticket, inWindow bool, err error) {
	list, err := tx.candidates(citizen, test)
	if err != nil || len(list) == 0 {
		return nil, false, err
	}
	c := choose(list, tx.s.Desk(), at)
	if c == nil {
		return nil, false, nil
	}
	t, err = ticketByID(tx, c.id)
	if err != nil {
		return nil, false, err
	}
	return t, c.state == StateClosed && within(tx.s.Desk(), c.closed, at, tx.s.Settings().ReopenDays), nil
}

// candidates are the citizen's cases, newest first.
func (tx *Tx) candidates(citizen int64, test bool) ([]candidate, error) {
	return all(tx, func(rows *sql.Rows) (candidate, error) {
		var c candidate
		err := rows.Scan(&c.id, &c.state, &c.awaiting, instant{&c.talked}, instant{&c.last}, instant{&c.closed})
		return c, err
	}, `/* candidates */ select id, state, awaiting_since is not null, talked_at, max(coalesce(citizen_at, 0), preview_at), closed_at
		from tickets where citizen = ? and test = ? order by id desc limit 50`, citizen, test)
}

func choose(list []candidate, desk *worktime.Calendar, at time.Time) *candidate {
	var talked, awaiting, lively *candidate
	waiting := 0
	for i := range list {
		c := &list[i]
		if !c.talked.IsZero() && within(desk, c.talked, at, talkedWithin) && (talked == nil || c.talked.After(talked.talked)) {
			talked = c
		}
		if c.awaiting {
			awaiting = c
			waiting++
		}
		if lively == nil && c.state != StateClosed && within(desk, c.last, at, livelyWithin) {
			lively = c // the list is newest first
		}
	}
	switch {
	case talked != nil:
		return talked
	case waiting == 1:
		return awaiting
	}
	return lively
}

// within reports whether at lies no more than n working days after t's day.
func within(desk *worktime.Calendar, t, at time.Time, n int) bool {
	if t.IsZero() {
		return false
	}
	return !worktime.DateOf(at).After(desk.AddWorkingDays(worktime.DateOf(t), n))
}

// file makes the citizen's words a message of a case and writes the receipt.
func (r *reply) file() error {
	tx, c := r.tx, r.c
	test := c.req.BotDev && tx.s.cache.Load().settings.TestCases
	var t *Ticket
	var inWindow bool
	if r.known {
		var err error
		if t, inWindow, err = tx.whichCase(r.cz.ID, test, c.Arrived); err != nil {
			return err
		}
	}
	switch {
	case t == nil:
		return r.open(nil, test)
	case t.State == StateClosed && !inWindow && !r.thanks(t):
		return r.open(t, test)
	}
	return r.add(t, inWindow)
}

// thanks reports whether the words are only thanks on a case that is answered or closed, when our last words did not
// end in a question (RULES A6).
func (r *reply) thanks(t *Ticket) bool {
	return (t.State == StateAnswered || t.State == StateClosed) && !t.EndsAsking && len(r.c.photos) == 0 &&
		r.c.urgent == "" && hangul.OnlyThanks(r.c.text, r.tx.s.cache.Load().settings.ThanksWords)
}

// open makes a new case (rows 1, 2 and 11), told in the receipt with its number.
func (r *reply) open(follows *Ticket, test bool) error {
	tx, c := r.tx, r.c
	period, opens, closed := tx.inClosedPeriod(c.Arrived)
	r.urgent = c.urgent
	t := &Ticket{
		Citizen: CitizenRef{ID: r.cz.ID, Name: r.cz.Name}, Channel: "bot", Test: test, State: StateOpen,
		Subject: c.title, ReceivedAt: c.Arrived, AwaitingSince: c.Arrived, CitizenAt: c.Arrived, Unread: 1,
		AcceptBy: tx.acceptBy(c.Arrived), Urgent: r.urgent != "", Flooded: r.flood,
	}
	if t.Subject == "" {
		t.Subject = "사진"
	}
	if t.Urgent {
		t.UrgentOn = c.Arrived.Format(time.DateOnly)
	}
	if closed {
		t.State, t.PeriodTold, t.FollowUpOn = StateWaiting, period.String(), period.String()
	}
	t.FriendTold = !r.friend() && !c.unread
	m := &Message{Kind: FromCitizen, Text: c.text, At: c.Arrived}
	t.show(m, c.line)
	if err := tx.insertTicket(t, "citizen:message"); err != nil {
		return err
	}
	if err := tx.insertMessage(t, m); err != nil {
		return err
	}
	if err := r.keepPhotos(t, m); err != nil {
		return err
	}
	if closed {
		if err := tx.enqueue(t, c.Arrived); err != nil {
			return err
		}
	}
	row, previous := "row 1", ""
	if closed {
		row = "row 2"
	}
	if follows != nil {
		row, previous = "row 11", follows.Number
		if _, err := tx.Exec(`/* follows */ insert into ticket_links (kind, from_ticket, to_ticket, at, by_who) values ('follows', ?, ?, ?, 'citizen')`,
			t.ID, follows.ID, ms(tx.Now)); err != nil {
			return err
		}
	}
	if err := tx.audit(string(ActMessage), t.ID, row, ""); err != nil {
		return err
	}
	r.message, r.ticket = m.ID, t
	t.FriendTold = false // the row has it already: the receipt below tells him
	r.firstReceipt(t, previous, closed, opens)
	r.notice(t)
	return r.finishAnswer(t)
}

// add files the words under an existing case (rows 3–10).
func (r *reply) add(t *Ticket, inWindow bool) error {
	tx, c := r.tx, r.c
	thanks := r.thanks(t)
	from := t.State
	action, log := ActMessage, ""
	switch {
	case thanks:
		action = ActThanks
	case from == StateClosed:
		log = fmt.Sprintf("시민이 다시 글을 남겨 열었어요(%d회차)", t.Round+1)
	}
	r.urgency(t)
	if _, err := tx.move(t, action, facts{At: c.Arrived, InWindow: inWindow, Log: log}); err != nil {
		return err
	}
	m := &Message{Kind: FromCitizen, Text: c.text, At: c.Arrived}
	if err := tx.addMessage(t, m); err != nil {
		return err
	}
	if err := r.keepPhotos(t, m); err != nil {
		return err
	}
	if err := tx.supersedeLines(t); err != nil {
		return err
	}
	t.Flooded = t.Flooded || r.flood
	if r.urgent != "" {
		t.Urgent, t.UrgentOn = true, c.Arrived.Format(time.DateOnly)
	}
	r.message, r.ticket = m.ID, t
	r.laterReceipt(t, from, thanks)
	if err := r.finishAnswer(t); err != nil {
		return err
	}
	if err := tx.saveTicket(t); err != nil {
		return err
	}
	if from == StateClosed || from == StateAnswered || t.State == StateClosed {
		if err := tx.saveRound(t); err != nil {
			return err
		}
	}
	r.notice(t)
	return nil
}

// notice tells the desk, unless the citizen floods it (RULES B7); an urgent word is told as an alarm.
func (r *reply) notice(t *Ticket) {
	kind := ""
	if r.urgent != "" {
		kind = "urgent"
	}
	if !r.flood || kind != "" {
		r.tx.changed(t, 0, kind)
	}
}

// urgency looks for urgent words; the help bubble comes once per case and day (RULES C4).
func (r *reply) urgency(t *Ticket) {
	if t.UrgentOn != r.c.Arrived.Format(time.DateOnly) {
		r.urgent = r.c.urgent
	}
}

// photoLife is how long a link from the chat room is trusted when it does not say itself (kakao-chatbot.md §2.3: ten
// minutes at most for the secure plugin).
const photoLife = 10 * time.Minute

func (r *reply) keepPhotos(t *Ticket, m *Message) error {
	for _, url := range r.c.photos {
		if _, err := r.tx.addPhoto(m, url, r.c.Real.Add(photoLife)); err != nil {
			return err
		}
	}
	return nil
}
