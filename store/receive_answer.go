package store

import (
	"slices"
	"strings"
	"time"

	"toktok/store/kakao/skill"
	"toktok/store/wording"
	"toktok/store/worktime"
)

// reply is the answer to one call as it grows: help first, waiting replies next, our own line last (RULES C2).
type reply struct {
	tx      *Tx
	c       *call
	cz      *Citizen
	id      Identity
	known   bool
	flood   bool   // stored, with one line and without live notices (RULES B7)
	refused bool   // beyond what is stored in a day
	urgent  string // kind of the urgent words whose help bubble is due
	ticket  *Ticket
	message int64

	lines    []string // parts of the last bubble, in order
	card     *skill.TextCard
	offer    Offer
	pickup   bool // the call asks for waiting replies: all three bubbles may be theirs
	callback bool // the receipt is the waiting text of a callback; the real answer follows through it
}

func (r *reply) friend() bool { return r.id.Friend != nil && *r.id.Friend }

// line adds a rendered text to the last bubble.
func (r *reply) line(key wording.Key, v wording.Vars) { r.lines = append(r.lines, r.tx.s.say(key, v)) }

// firstReceipt is what the first message of a case is told: number, what next, when (RULES C2, C3).
func (r *reply) firstReceipt(t *Ticket, follows string, closed bool, opens time.Time) {
	v := r.vars(t)
	v.Previous = follows
	key := r.honest(&v)
	switch {
	case closed && follows != "":
		key, v.NextOpen = wording.ReceiptFollowsClosed, opens
	case closed:
		key, v.NextOpen = wording.ReceiptClosed, opens
	case follows != "":
		key = wording.ReceiptFollows
	}
	r.line(key, v)
	r.remarks(t, v)
}

// honest fills in the time that may be promised (RULES C3) and names the receipt that says it: the usual minutes if they
// end before closing and somebody is there, else today's end and the next opening.
func (r *reply) honest(v *wording.Vars) wording.Key {
	desk, at := r.tx.s.Desk(), r.c.Arrived
	v.NextOpen = time.Time{}
	if !desk.IsOpen(at) {
		v.NextOpen = desk.NextOpen(at)
		return wording.ReceiptGap
	}
	closes, ok := desk.DayClose(worktime.DateOf(at))
	if ok && (!r.c.manned || at.Add(time.Duration(r.c.pace)*time.Minute).After(closes)) {
		v.Close, v.NextOpen = closes, desk.NextDayOpen(closes)
		return wording.ReceiptOpenLate
	}
	v.Minutes = r.c.pace
	return wording.ReceiptOpen
}

// laterReceipt answers a message on an existing case.
func (r *reply) laterReceipt(t *Ticket, from State, thanks bool) {
	v := r.vars(t)
	period, opens, closed := r.tx.inClosedPeriod(r.c.Arrived)
	switch {
	case r.flood:
		r.line(wording.TooMany, v)
		return
	case thanks:
		r.line(wording.Thanks, v)
		return
	case from == StateClosed && closed:
		v.NextOpen, t.PeriodTold = opens, period.String()
		r.line(wording.ReceiptReopenedClosed, v)
	case from == StateClosed:
		r.honest(&v)
		r.line(wording.ReceiptReopened, v)
	case t.State == StateReview:
		r.line(wording.ReceiptReview, v)
	case closed && t.PeriodTold != period.String():
		v.NextOpen, t.PeriodTold = opens, period.String()
		r.line(wording.ReceiptClosedPeriod, v)
	case len(r.c.photos) > 0:
		r.line(wording.PhotoReceived, v)
	default:
		r.line(wording.ReceiptShort, v)
	}
	r.remarks(t, v)
}

// remarks are said below a receipt: what could not be taken, and once a case how answers reach somebody who is no
// friend of the channel.
func (r *reply) remarks(t *Ticket, v wording.Vars) {
	if r.c.unsupported() {
		r.line(wording.UnsupportedMedia, v)
	}
	if r.friend() || t.FriendTold || r.c.unread {
		return
	}
	t.FriendTold = true
	if r.tx.s.outside.EventReady {
		r.line(wording.NotFriendHint, v)
		return
	}
	r.line(wording.NoPushHint, v)
}

// finishAnswer adds what waits for this citizen, and uses the callback if that is right.
func (r *reply) finishAnswer(t *Ticket) error {
	if err := r.takeWaiting(); err != nil {
		return err
	}
	if r.c.req.CallbackURL == "" || r.c.urgent != "" || r.offer.ID != 0 || r.offer.More > 0 || !r.tx.s.Desk().IsOpen(r.c.Arrived) {
		return nil
	}
	var err error
	r.callback, err = r.tx.offerCallback(t, r.c.req.CallbackURL, r.c.Real)
	return err
}

// privacy makes the very first answer end with the link to the privacy notice (DESIGN §6).
func (r *reply) privacy() error {
	if !r.cz.PrivacyTold.IsZero() || r.tx.s.outside.PublicURL == "" || r.c.unread || len(r.offer.Texts) == skill.MaxOutputs {
		return nil // replies that fill the answer leave it to the next one
	}
	v := r.tx.s.vars()
	v.PrivacyURL = r.tx.s.outside.PublicURL + "/privacy"
	r.line(wording.PrivacyFirst, v)
	if !r.known { // its row was made with it
		return nil
	}
	_, err := r.tx.Exec(`/* privacy */ update citizens set privacy_told = ? where id = ?`, ms(r.tx.Now), r.cz.ID)
	return err
}

// takeWaiting offers the oldest waiting replies that fit (RULES C2, D1).
func (r *reply) takeWaiting() error {
	if !r.known {
		return nil
	}
	room := skill.MaxOutputs
	if !r.pickup {
		room--
	}
	if r.urgent != "" {
		room--
	}
	var err error
	r.offer, err = r.tx.offerWaiting(r.cz.ID, r.c.RequestID, room)
	return err
}

// text joins the lines of the last bubble. What comes first and last of them, the receipt and the privacy link, is
// always said; remarks in between give way where a city's own texts are all as long as they may be.
func (r *reply) text() string {
	lines := slices.Clone(r.lines)
	for len(lines) > 2 && skill.Count(strings.Join(lines, "\n")) > skill.MaxText {
		lines = slices.Delete(lines, len(lines)-2, len(lines)-1)
	}
	return strings.Join(lines, "\n")
}

// encode composes the body within Kakao's limits.
func (r *reply) encode() ([]byte, error) {
	if r.callback {
		return skill.CallbackWaiting(r.text())
	}
	out := &skill.Response{}
	if r.urgent != "" {
		out.Outputs = append(out.Outputs, skill.SimpleText{Text: r.tx.s.say(wording.UrgentKey(r.urgent), r.tx.s.vars())})
	}
	for _, text := range r.offer.Texts {
		out.Outputs = append(out.Outputs, skill.SimpleText{Text: text})
	}
	if text := r.text(); text != "" {
		out.Outputs = append(out.Outputs, skill.SimpleText{Text: text})
	}
	if r.card != nil {
		out.Outputs = append(out.Outputs, *r.card)
	}
	if r.offer.More > 0 {
		out.QuickReplies = append(out.QuickReplies, quick(wording.LabelMore(r.offer.More), cmdPickup))
	}
	if r.card == nil {
		out.QuickReplies = append(out.QuickReplies, quick(cmdStatus, cmdStatus))
	}
	return out.Encode()
}

func quick(label, says string) skill.QuickReply {
	return skill.QuickReply{Label: label, Action: skill.ActionMessage, MessageText: says}
}

// vars are the variables of a case's texts.
func (r *reply) vars(t *Ticket) wording.Vars { return r.tx.ticketVars(t) }

// vars are the variables that every text may use.
func (s *DB) vars() wording.Vars {
	set := &s.cache.Load().settings
	return wording.Vars{City: set.City, Contact: set.Contact, Duty: set.DutyPhone}
}

func (tx *Tx) ticketVars(t *Ticket) wording.Vars {
	v := tx.s.vars()
	v.Number, v.Round, v.Department, v.Handler, v.State = t.Number, t.Round, t.Department.Name, t.Assignee.Name, wording.StateLabel(string(t.State))
	if t.Test {
		v.Number = testNumber
	}
	v.Due = dueKorean(t)
	if t.Department.ID != 0 {
		// A department without a number of its own is reached through the city's.
		var contact string
		if err := tx.QueryRow(`/* ticketVars */ select contact from departments where id = ?`, t.Department.ID).Scan(&contact); err == nil && contact != "" {
			v.Contact = contact
		}
	}
	if t.State == StateWaiting {
		v.NextOpen = tx.s.Desk().NextDayOpen(tx.Now)
	}
	return v
}

// dueKorean is the due date as citizens read it: a day, or an instant for short periods.
func dueKorean(t *Ticket) string {
	if d, err := worktime.ParseDate(t.DueText); err == nil {
		return worktime.KoreanDate(d)
	}
	if at, err := time.Parse(time.RFC3339, t.DueText); err == nil {
		return worktime.Korean(at)
	}
	return ""
}

// say renders a text of the settings; a text that does not render is a fault of ours, and the default stands in.
func (s *DB) say(key wording.Key, v wording.Vars) string {
	text, err := s.Words().Render(key, v)
	if err != nil {
		s.log.Error("text does not render", "key", string(key), "err", err)
		text, _ = wording.Set{}.Render(key, v)
	}
	return text
}
