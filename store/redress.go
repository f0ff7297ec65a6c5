package store

import (
	"context"
	"time"
)

// deliveryView reads the newest delivery of a message after an action on it.
func (s *DB) deliveryView(ctx context.Context, message int64) (Delivery, error) {
	found, err := deliveriesOf(s.read(ctx), []int64{message})
	if err != nil || found[message] == nil {
		return Delivery{}, err
	}
	return *found[message], nil
}

// redress runs an action of the desk on a delivery and returns the newest delivery of its message.
func (s *DB) redress(ctx context.Context, who Actor, id int64, action string, fn func(*Tx, *delivery, *Ticket) error) (Delivery, error) {
	var message int64
	err := s.Write(ctx, who, func(tx *Tx) error {
		d, t, err := tx.deliveryByID(id)
		if err != nil {
			return err
		}
		message = d.Message
		if err := fn(tx, d, t); err != nil {
			return err
		}
		return tx.audit(action, t.ID, "delivery", "")
	})
	if err != nil {
		return Delivery{}, err
	}
	return s.deliveryView(ctx, message)
}

func deliveryStuck(t *Ticket, text string) error {
	return &Error{Kind: WrongState, State: t.State, Text: text}
}

// HandledByPhone records that a person told the citizen (RULES A5, D5): the delivery ends, its call task is done, and
// the citizen counts as notified.
func (s *DB) HandledByPhone(ctx context.Context, who Actor, id int64) (d Delivery, err error) {
	defer wrap(&err, "store.HandledByPhone delivery=%d", id)
	return s.redress(ctx, who, id, "told_by_phone", func(tx *Tx, d *delivery, t *Ticket) error {
		switch d.State {
		case DeliveryQueued, DeliveryPickup, DeliveryUnknown, DeliveryFailed:
		default:
			return deliveryStuck(t, "지금 보내는 중이거나 이미 끝난 전달이에요. 화면을 새로 고쳐 확인해 주세요.")
		}
		d.Route = RoutePhone
		if err := tx.step(d, DeliveryCancelled, ReasonPhone); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* HandledByPhone */ update call_tasks set done_at = ?, done_by = ? where delivery = ? and done_at is null`,
			ms(tx.Now), tx.Who.Label(), d.ID); err != nil {
			return err
		}
		if err := tx.notified(d); err != nil {
			return err
		}
		if t, err := ticketByID(tx, d.Ticket); err != nil {
			return err
		} else if err := tx.logEntry(t, ActChange, "전화로 알려 드렸어요."); err != nil {
			return err
		} else {
			return tx.finish(t)
		}
	})
}

// Resend sends again what failed, was cancelled, or may not have been read; what waits to be picked up tries the push
// routes once more. A person decides this, so the citizen may read it twice.
func (s *DB) Resend(ctx context.Context, who Actor, id int64) (d Delivery, err error) {
	defer wrap(&err, "store.Resend delivery=%d", id)
	return s.redress(ctx, who, id, "resend", func(tx *Tx, d *delivery, t *Ticket) error {
		switch d.State {
		case DeliveryPickup:
			d.Skip = ""
			if _, err := tx.Exec(`/* Resend */ update identities set event_off_since = null where citizen = ?`, d.Citizen); err != nil {
				return err
			}
			r, err := tx.reach(d.Citizen)
			if err != nil {
				return err
			}
			if r.push(d) == "" {
				return deliveryStuck(t, "지금은 바로 보낼 길이 없어요. 시민이 다음에 말을 걸 때 전달돼요.")
			}
			return tx.rest(d, r, "", time.Time{})
		case DeliveryUnknown, DeliveryFailed, DeliveryCancelled:
			if d.Class == ClassLine {
				return deliveryStuck(t, "자동 안내는 다시 보내지 않아요. 필요하면 답변으로 보내 주세요.")
			}
			m, err := one(tx, scanMessage, "메시지", `/* Resend */ select `+messageColumns+` from messages m join tickets t on t.id = m.ticket where m.id = ?`, d.Message)
			if err != nil {
				return err
			}
			_, err = tx.send(t, &m, d.Class, sendOptions{})
			return err
		}
		return deliveryStuck(t, "아직 보내는 중이거나 이미 전달됐어요.")
	})
}

// CancelDelivery takes back what nobody has begun to send (RULES D5). If that leaves words of the citizen unanswered,
// the case waits for us again.
func (s *DB) CancelDelivery(ctx context.Context, who Actor, id int64) (d Delivery, err error) {
	defer wrap(&err, "store.CancelDelivery delivery=%d", id)
	return s.redress(ctx, who, id, "cancel_delivery", func(tx *Tx, d *delivery, t *Ticket) error {
		if d.State != DeliveryQueued && d.State != DeliveryPickup || d.Class == ClassNotice {
			return deliveryStuck(t, "이미 보내는 중이라 취소할 수 없어요. 화면을 새로 고쳐 확인해 주세요.")
		}
		if err := tx.step(d, DeliveryCancelled, ReasonUndone); err != nil {
			return err
		}
		if d.Class != ClassReply {
			return nil
		}
		return tx.takeBack(t, d)
	})
}

// takeBack undoes what an unsent reply did to the case: the citizen still waits, since the first words that no reply he
// could read has followed. A closed case stays closed; reopening is a decision of its own.
func (tx *Tx) takeBack(t *Ticket, d *delivery) error {
	var since time.Time
	err := tx.QueryRow(`/* takeBack */ select min(m.at) from messages m where m.ticket = ? and m.kind = 'citizen' and m.id > coalesce((
		select max(r.id) from messages r where r.ticket = m.ticket and r.kind = 'reply'
			and not exists (select 1 from deliveries x where x.message = r.id and x.state = 'cancelled' and x.reason = ?)), 0)`, t.ID, ReasonUndone).
		Scan(instant{&since})
	if err != nil {
		return err
	}
	if err := tx.logEntry(t, ActChange, "보내기 전에 답변을 취소했어요."); err != nil {
		return err
	}
	if t.State != StateClosed && !since.IsZero() && (t.AwaitingSince.IsZero() || since.Before(t.AwaitingSince)) {
		t.AwaitingSince = since
		if t.State == StateAnswered {
			t.State, t.DoneAt = StateOpen, time.Time{}
		}
	}
	return tx.finish(t)
}
