package store

import (
	"fmt"
	"time"
)

// facts are what a transition has to know beyond the case itself.
type facts struct {
	At          time.Time // arrival of the message; zero = tx.Now
	FirstUnseen time.Time // arrival of the oldest citizen message the reply's author has not seen; zero = none
	InWindow    bool      // a closed case is still within its reopen window
	Outcome     string    // how it was closed
	Log         string    // Korean text of the 처리 기록; "" = none
	Detail      string    // audit detail: ids and field names, never words
}

// move finds the row of RULES A that applies and does what it says to the case: state, awaiting_since, round, clocks,
// queue row, snooze, log entry and audit. It does not save; finish does, once, at the end of the action.
func (tx *Tx) move(t *Ticket, action Action, f facts) (transition, error) {
	if f.At.IsZero() {
		f.At = tx.Now
	}
	_, _, closed := tx.inClosedPeriod(f.At)
	tr, err := find(t.State, action, tx.Who.Role, func(g guard) bool {
		switch g {
		case officeOpen:
			return !closed
		case officeClosed:
			return closed
		case inWindow:
			return f.InWindow
		case seenAll:
			return f.FirstUnseen.IsZero()
		case seenSome:
			return !f.FirstUnseen.IsZero()
		case notAccepted:
			return t.AcceptedAt.IsZero()
		case isAccepted:
			return !t.AcceptedAt.IsZero()
		case awaits:
			return !t.AwaitingSince.IsZero()
		case hadReview:
			return t.Department.ID != 0
		}
		return false
	})
	if err != nil {
		return tr, err
	}
	if tr.accepts && t.AcceptedAt.IsZero() {
		if err := tx.accept(t, "", ""); err != nil {
			return tr, err
		}
	}
	from := t.State
	t.State = tr.target(t.State, closed)
	if tr.newRound {
		if err := tx.nextRound(t, f.At, action); err != nil {
			return tr, err
		}
	}
	t.await(tr.as, f, tx.Now)
	if tr.done && (t.DoneAt.IsZero() || action == ActReply || action == ActResult) {
		t.DoneAt = tx.Now // RULES A5: of the last reply or result; closing what was answered does not move it
	}
	if tr.undone {
		t.DoneAt, t.NotifiedAt = time.Time{}, time.Time{}
	}
	if action == ActMessage || action == ActWake || t.State == StateClosed || t.State == StateWaiting {
		t.SnoozeUntil = time.Time{}
	}
	switch {
	case t.State == StateClosed && from != StateClosed:
		t.ClosedAt, t.Outcome, t.Paused, t.TakeBy = tx.Now, f.Outcome, false, time.Time{}
	case action == ActReturn:
		t.Department, t.TakeBy, t.TakenAt = Ref{}, time.Time{}, time.Time{}
	}
	if err := tx.moveQueue(t, from, action, f.At); err != nil {
		return tr, err
	}
	if f.Log != "" {
		if err := tx.logEntry(t, action, f.Log); err != nil {
			return tr, err
		}
	}
	return tr, tx.audit(string(action), t.ID, fmt.Sprintf("row %d %s→%s", tr.row, from, t.State), f.Detail)
}

// target resolves the row's goal.
func (tr transition) target(from State, closed bool) State {
	switch {
	case tr.to == toSame:
		return from
	case tr.to == toNow && closed:
		return StateWaiting
	case tr.to == toNow:
		return StateOpen
	}
	return tr.to
}

func (t *Ticket) await(as awaiting, f facts, now time.Time) {
	switch as {
	case asSet: // words replayed from quarantine may be older than those that wait already
		if t.AwaitingSince.IsZero() || f.At.Before(t.AwaitingSince) {
			t.AwaitingSince = f.At
		}
	case asNull:
		t.AwaitingSince = time.Time{}
	case asUnseen:
		t.AwaitingSince = f.FirstUnseen
	case asNow:
		if t.AwaitingSince.IsZero() {
			t.AwaitingSince = now
		}
	case asReset:
		t.AwaitingSince = f.At
	}
}

// moveQueue keeps the queue row in step with the state: entering waiting makes one, leaving it settles it.
func (tx *Tx) moveQueue(t *Ticket, from State, action Action, at time.Time) error {
	switch {
	case t.State == StateWaiting && from != StateWaiting:
		return tx.enqueue(t, at)
	case t.State != StateWaiting && from == StateWaiting:
		outcome := "answered"
		switch {
		case action == ActMessage:
			outcome = "wrote"
		case action == ActOpening:
			outcome = "followed"
		case t.State == StateClosed:
			outcome = "closed"
		}
		return tx.settleItem(t, outcome)
	}
	return nil
}

// nextRound opens round n+1 under the same number with its own clocks (RULES A4); the old round keeps its figures.
func (tx *Tx) nextRound(t *Ticket, at time.Time, action Action) error {
	t.Round++
	var zero time.Time
	t.ReceivedAt, t.AcceptBy = at, tx.acceptBy(at)
	t.AcceptedAt, t.FirstReplyAt, t.DoneAt, t.NotifiedAt, t.ClosedAt, t.TakeBy, t.TakenAt = zero, zero, zero, zero, zero, zero, zero
	t.Kind, t.Outcome, t.DueID, t.DueAt, t.DueText, t.DueRule, t.DueSteps = "", "", 0, zero, "", "", ""
	_, err := tx.Exec(`/* nextRound */ insert into rounds (ticket, n, opened_by, received_at) values (?, ?, ?, ?)`,
		t.ID, t.Round, string(tx.Who.Role)+":"+string(action), ms(at))
	return err
}

// finish writes the case and its round back and tells those who look at it; the last call of every action.
func (tx *Tx) finish(t *Ticket) error {
	former := int64(0)
	if t.was.department != t.Department.ID {
		former = t.was.department
	}
	if err := tx.saveTicket(t); err != nil {
		return err
	}
	if err := tx.saveRound(t); err != nil {
		return err
	}
	tx.changed(t, former, "")
	return nil
}
