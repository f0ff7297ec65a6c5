package store

import (
	"context"
	"errors"
	"time"

	"toktok/store/db"
	"toktok/store/wording"
)

// Offer is what an answer hands out: bubbles in order, and how many deliveries still wait. ID 0 means nothing to settle.
type Offer struct {
	ID    int64
	Texts []string
	More  int
}

// waitingRows reads what may be handed to the citizen now, oldest first. Lines are push only (RULES D6); a reply whose
// author gave it a later time, or may still take it back, is not handed out early.
func (tx *Tx) waitingRows(citizen int64) ([]*delivery, error) {
	return all(tx, scanDelivery, `/* waitingRows */ select `+deliveryColumns+` from deliveries d
		where d.citizen = ? and `+underway+` and d.state in ('queued', 'pickup') and d.class <> 'line'
		and (d.class <> 'reply' or coalesce(d.not_before, 0) <= ?) order by d.id`, citizen, ms(tx.Now))
}

// offerWaiting puts the oldest waiting deliveries whose bubbles fit into room into the answer to request (RULES C2, D1).
func (tx *Tx) offerWaiting(citizen int64, request string, room int) (Offer, error) {
	rows, err := tx.waitingRows(citizen)
	if err != nil || len(rows) == 0 {
		return Offer{}, err
	}
	take := fitting(rows, room)
	o, err := tx.openOffer(citizen, request, 0, take)
	o.More = len(rows) - len(take)
	return o, err
}

// fitting returns the oldest rows whose bubbles together fit into room.
func fitting(rows []*delivery, room int) []*delivery {
	for i, d := range rows {
		if room -= len(d.Bubbles); room < 0 {
			return rows[:i]
		}
	}
	return rows
}

func (tx *Tx) openOffer(citizen int64, request string, attempt int64, take []*delivery) (o Offer, err error) {
	if len(take) == 0 {
		return o, nil
	}
	o.ID, err = tx.Insert(`/* openOffer */ insert into offers (citizen, request, attempt, state, at) values (?, ?, ?, 'open', ?)`,
		citizen, request, idOrNil(attempt), ms(tx.Now))
	if err != nil {
		return o, err
	}
	for _, d := range take {
		d.Offer, d.Route = o.ID, RoutePickup
		if attempt != 0 {
			d.Attempt, d.Route = attempt, RouteEvent
		}
		if err := tx.step(d, DeliveryOffered, ""); err != nil {
			return o, err
		}
		o.Texts = append(o.Texts, d.Bubbles...)
	}
	return o, nil
}

// SettleOffer records whether the answer that carried the offer was written to its last byte (RULES D1). An offer that
// is settled already, or was found open after a restart, stays as it is.
func (s *DB) SettleOffer(ctx context.Context, offer int64, written bool) (err error) {
	defer wrap(&err, "store.SettleOffer offer=%d", offer)
	if offer == 0 {
		return nil
	}
	for pause := settlePause; ; pause *= 2 {
		err := s.Write(ctx, System("answer"), func(tx *Tx) error { return tx.settleOffer(offer, written) })
		if !errors.Is(err, db.ErrBusy) || pause > settlePatience {
			return err
		}
		// What was shown must be known: an offer that stays open would keep its replies until the next start.
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// How long settling stands in line again when too many writes wait.
const (
	settlePause    = 20 * time.Millisecond
	settlePatience = 3 * time.Second
)

// returnOffer takes an offer back that nobody will read.
func (tx *Tx) returnOffer(offer int64) error { return tx.settleOffer(offer, false) }

func (tx *Tx) settleOffer(offer int64, written bool) error {
	state := "returned"
	if written {
		state = DeliveryDelivered
	}
	res, err := tx.Exec(`/* settleOffer */ update offers set state = ?, settled_at = ? where id = ? and state = 'open'`, state, ms(tx.Now), offer)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	var citizen, attempt int64
	if err := tx.QueryRow(`/* settleOffer */ select citizen, coalesce(attempt, 0) from offers where id = ?`, offer).Scan(&citizen, &attempt); err != nil {
		return err
	}
	rows, err := all(tx, scanDelivery, `/* settleOffer */ select `+deliveryColumns+` from deliveries d where d.offer = ? and d.state = 'offered' order by d.id`, offer)
	if err != nil || len(rows) == 0 {
		return err
	}
	if attempt != 0 {
		return tx.settleEventOffer(attempt, rows, written)
	}
	if written {
		for _, d := range rows {
			if err := tx.step(d, DeliveryDelivered, ""); err != nil {
				return err
			}
		}
		return nil
	}
	return tx.restAll(rows, "", ReasonNotWritten, time.Time{})
}

// settleEventOffer: while Kakao's task can still tell how the event ended, the task decides; else what our side knows.
func (tx *Tx) settleEventOffer(attempt int64, rows []*delivery, written bool) error {
	a, err := tx.attemptByID(attempt)
	if err != nil {
		return err
	}
	if a.State == attemptAccepted || a.State == attemptSending && a.Outcome != outcomeLost { // the answer to our request brings the task
		for _, d := range rows {
			if err := tx.step(d, DeliveryAccepted, ""); err != nil {
				return err
			}
		}
		return nil
	}
	for _, d := range rows {
		if written {
			if err := tx.resolve(a, d, DeliveryDelivered, ReasonInferred); err != nil {
				return err
			}
		}
	}
	if !written {
		if err := tx.restAll(rows, "", ReasonNotWritten, tx.Now.Add(firstBackOff)); err != nil {
			return err
		}
	}
	if a.State == attemptDone {
		return nil
	}
	return tx.endAttempt(a, ReasonInferred, "")
}

// restAll puts deliveries back where they wait; avoid names a route that shall not carry them again.
func (tx *Tx) restAll(rows []*delivery, avoid, why string, due time.Time) error {
	var r *reach
	for _, d := range rows {
		if r == nil || r.citizen != d.Citizen {
			var err error
			if r, err = tx.reach(d.Citizen); err != nil {
				return err
			}
		}
		if avoid != "" {
			d.avoid(avoid)
		}
		if err := tx.rest(d, r, why, due); err != nil {
			return err
		}
	}
	return nil
}

// eventCall answers the skill call of the event block (RULES D3): the attempt's deliveries that are still unsent, else
// the one line that points to what was shown before. known says whether the call belongs to an attempt of the citizen;
// uid may be empty or foreign, then his attempt in flight is meant.
func (tx *Tx) eventCall(id Identity, uid, request string) (o Offer, known bool, err error) {
	shown, err := tx.s.Words().Render(wording.AlreadyShown, wording.Vars{})
	if err != nil {
		return Offer{}, false, err
	}
	o.Texts = []string{shown}
	a, known, err := tx.calledAttempt(id.Citizen, uid)
	if err != nil || !known {
		return o, known, err
	}
	tx.outbox = true // somebody may wait for this call
	if a.CalledAt.IsZero() {
		if _, err := tx.Exec(`/* eventCall */ update attempts set called_at = ? where id = ?`, ms(tx.Now), a.ID); err != nil {
			return o, true, err
		}
	}
	// What is still unsent: on this attempt, gone back to waiting since, or on a later event, which carries no words
	// itself. What a callback is posting, or an open answer shows, is left alone.
	rows, err := all(tx, scanDelivery, `/* eventCall */ select `+deliveryColumns+` from attempt_deliveries ad join deliveries d on d.id = ad.delivery
		where ad.attempt = ? and (d.state in ('queued', 'pickup') or d.state in ('sending', 'accepted')
			and exists (select 1 from attempts x where x.id = d.attempt and x.route = 'event')
			and not exists (select 1 from offers o where o.id = d.offer and o.state <> 'returned')) order by d.id`, a.ID)
	if err != nil {
		return o, true, err
	}
	if rows = fitting(rows, maxBubbles); len(rows) == 0 {
		return o, true, nil
	}
	o, err = tx.openOffer(id.Citizen, request, a.ID, rows)
	return o, true, err
}

func (tx *Tx) calledAttempt(citizen int64, uid string) (*attempt, bool, error) {
	find := func(where string, args ...any) (*attempt, bool, error) {
		list, err := all(tx, scanAttempt, `/* calledAttempt */ select `+attemptColumns+` from attempts a where a.route = 'event' and `+where, args...)
		if err != nil || len(list) == 0 {
			return nil, false, err
		}
		return list[0], true, nil
	}
	if uid != "" {
		if a, ok, err := find(`a.uid = ? and a.citizen = ?`, uid, citizen); err != nil || ok {
			return a, ok, err
		}
	}
	return find(`a.citizen = ? and a.state <> 'done'`, citizen)
}
