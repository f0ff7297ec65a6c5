package store

import (
	"time"

	"toktok/store/wording"
)

// Notices and automatic lines arrive between 08:00 and 21:00 only (RULES D7); replies go at once.
const (
	quietUntil = 8
	quietFrom  = 21
)

type sendOptions struct {
	notBefore time.Time // the author's wish
	expires   time.Time
}

// send makes the delivery of a message that is already stored: cut into bubbles, put where it waits, and lines of the
// case that it makes pointless are cancelled (RULES D6).
func (tx *Tx) send(t *Ticket, m *Message, class string, opt sendOptions) (int64, error) {
	bubbles, err := bubblesOf(m.Text)
	if err != nil {
		return 0, err
	}
	if class != ClassLine {
		if err := tx.supersedeLines(t); err != nil {
			return 0, err
		}
	}
	d := &delivery{
		Message: m.ID, Ticket: t.ID, Citizen: t.Citizen.ID, Class: class, Bubbles: bubbles, NotBefore: opt.notBefore, Expires: opt.expires,
	}
	if class != ClassReply {
		d.NotBefore = later(d.NotBefore, wakingHours(tx.Now))
	}
	r, err := tx.reach(t.Citizen.ID)
	if err != nil {
		return 0, err
	}
	d.State, d.Reason = r.place(d, tx.Now)
	switch d.State {
	case DeliveryPickup:
		d.Route = RoutePickup
	case DeliveryQueued:
		if d.Due, err = tx.backOff(d.Citizen); err != nil {
			return 0, err
		}
		d.Due = later(d.Due, d.NotBefore)
	}
	if err := tx.insertDelivery(d); err != nil {
		return 0, err
	}
	v := d.view()
	m.Delivery = &v
	return d.ID, nil
}

// backOff is until when the citizen's older deliveries wait after a failed try; zero is not at all.
func (tx *Tx) backOff(citizen int64) (until time.Time, err error) {
	err = tx.QueryRow(`/* backOff */ select max(due_at) from deliveries d where citizen = ? and `+underway+` and state = 'queued' and due_at > coalesce(not_before, 0) and due_at > ?`,
		citizen, ms(tx.Now)).Scan(instant{&until})
	return until, err
}

// bubblesOf cuts a text as the citizen will read it. What only the case page could hold is refused (RULES C2).
func bubblesOf(text string) ([]string, error) {
	bubbles, long := wording.ReplyBubbles(text, "")
	if long {
		return nil, invalid("text", "길어요. 말풍선 두 개에 담을 수 있게 줄이거나 나누어 보내 주세요. 쓰던 글은 그대로 있어요.")
	}
	if len(bubbles) == 0 {
		return nil, invalid("text", "보낼 글을 입력해 주세요.")
	}
	return bubbles, nil
}

// wakingHours returns zero inside 08:00–21:00, else the next 08:00.
func wakingHours(now time.Time) time.Time {
	now = now.In(seoul)
	y, m, d := now.Date()
	switch {
	case now.Hour() < quietUntil:
		return time.Date(y, m, d, quietUntil, 0, 0, 0, seoul)
	case now.Hour() >= quietFrom:
		return time.Date(y, m, d+1, quietUntil, 0, 0, 0, seoul)
	}
	return time.Time{}
}

// auto stores a rendered text as an automatic message of the case; nil means that the text is switched off.
func (tx *Tx) auto(t *Ticket, key wording.Key, v wording.Vars) (*Message, error) {
	text, err := tx.s.Words().Render(key, v)
	if err != nil || text == "" {
		return nil, err
	}
	m := &Message{Kind: FromAuto, Text: text, Key: string(key)}
	return m, tx.addMessage(t, m)
}

// notice tells the citizen something with legal content; it never expires (RULES D6). The caller saves the case.
func (tx *Tx) notice(t *Ticket, key wording.Key, v wording.Vars) error {
	m, err := tx.auto(t, key, v)
	if err != nil || m == nil {
		return err
	}
	t.TalkedAt = tx.Now
	_, err = tx.send(t, m, ClassNotice, sendOptions{})
	return err
}

// line sends an automatic line by push routes only, until expires (RULES D6). The delivery is 0 if the text is
// switched off. The caller saves the case.
func (tx *Tx) line(t *Ticket, key wording.Key, v wording.Vars, expires time.Time) (delivery int64, err error) {
	m, err := tx.auto(t, key, v)
	if err != nil || m == nil {
		return 0, err
	}
	return tx.send(t, m, ClassLine, sendOptions{expires: expires})
}

// supersedeLines cancels the case's lines that nobody has begun to send, because other words come first (RULES D6).
func (tx *Tx) supersedeLines(t *Ticket) error {
	lines, err := all(tx, scanDelivery, `/* supersedeLines */ select `+deliveryColumns+` from deliveries d
		where d.ticket = ? and d.class = 'line' and d.state = 'queued'`, t.ID)
	if err != nil {
		return err
	}
	for _, d := range lines {
		if err := tx.step(d, DeliveryCancelled, ReasonSuperseded); err != nil {
			return err
		}
	}
	return nil
}
