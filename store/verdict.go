package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"toktok/store/kakao/event"
)

// Verdict is what became of one exchange with Kakao.
type Verdict int

// What a sender may have seen.
const (
	VerdictTaken     Verdict = iota // event accepted, or callback shown
	VerdictRefused                  // Kakao said no
	VerdictBusy                     // 429
	VerdictUnreached                // no byte left us
	VerdictLost                     // bytes left us and no readable answer came
	VerdictPolled                   // the task was read
	VerdictTooLate                  // the callback's window was over before a byte left us
)

// Report is what a sender reports. Reason is for people and holds no words of a citizen.
type Report struct {
	Verdict    Verdict
	Task       string     // with VerdictTaken, of an event
	Result     event.Task // with VerdictPolled
	RetryAfter time.Duration
	Reason     string
	Jitter     float64 // in [0,1), spreads the back-off
}

// SettleAttempt records what a sender found out. An attempt that has ended meanwhile is left alone.
func (s *DB) SettleAttempt(ctx context.Context, id int64, o Report) (err error) {
	defer wrap(&err, "store.SettleAttempt attempt=%d", id)
	return s.Write(ctx, System("dispatch"), func(tx *Tx) error {
		a, err := tx.attemptByID(id)
		if err != nil || a.State == attemptDone {
			return err
		}
		tx.outbox = true // the next of this citizen may go
		switch {
		case a.Route == RouteCallback:
			return tx.settleCallback(a, o)
		case o.Verdict == VerdictPolled:
			return tx.settleTask(a, o)
		case a.State == attemptAccepted: // a poll that failed: the next one is planned
			return nil
		}
		return tx.settleEvent(a, o)
	})
}

// deliveriesOn reads what the attempt still owns and nobody has seen.
func (tx *Tx) deliveriesOn(a *attempt) ([]*delivery, error) {
	return all(tx, scanDelivery, `/* deliveriesOn */ select `+deliveryColumns+` from deliveries d
		where d.attempt = ? and d.state in ('sending', 'accepted', 'offered', 'unknown') order by d.id`, a.ID)
}

// outcome writes how the attempt ended for one delivery.
func (tx *Tx) outcome(a *attempt, d *delivery, outcome, reason string) error {
	_, err := tx.Exec(`/* outcome */ update attempt_deliveries set outcome = ?, reason = ?, at = ? where attempt = ? and delivery = ?`,
		outcome, reason, ms(tx.Now), a.ID, d.ID)
	return err
}

// resolve ends a delivery on this attempt: delivered or unknown.
func (tx *Tx) resolve(a *attempt, d *delivery, to, reason string) error {
	d.Route = a.Route
	if d.State != to {
		if err := tx.step(d, to, reason); err != nil {
			return err
		}
	}
	return tx.outcome(a, d, to, reason)
}

// release gives deliveries back after a failed try. At the bound of tries the route is avoided from then on.
func (tx *Tx) release(a *attempt, rows []*delivery, outcome, reason string, due time.Time, avoid bool) error {
	for _, d := range rows {
		if err := tx.outcome(a, d, outcome, reason); err != nil {
			return err
		}
		enough := avoid
		if !enough {
			n, err := tx.tries(d.ID, a.Route)
			if err != nil {
				return err
			}
			ours, err := tx.oursOf(d.ID, a.Route)
			if err != nil {
				return err
			}
			enough = n >= maxTries || ours >= maxCalls
		}
		if enough {
			d.avoid(a.Route)
		}
	}
	return tx.restAll(rows, "", reason, due)
}

// oursOf counts the tries that our own side failed, or for which Kakao did not come.
func (tx *Tx) oursOf(delivery int64, route string) (n int, err error) {
	err = tx.QueryRow(`/* oursOf */ select count(*) from attempt_deliveries ad join attempts a on a.id = ad.attempt
		where ad.delivery = ? and a.route = ? and ad.outcome in (?, ?)`, delivery, route, outcomeOurs, ReasonNoCall).Scan(&n)
	return n, err
}

// endAttempt ends it, and its callback with it, so that the citizen's next attempt may begin.
func (tx *Tx) endAttempt(a *attempt, outcome, reason string) error {
	a.State = attemptDone
	if _, err := tx.Exec(`/* endAttempt */ update attempts set state = 'done', outcome = ?, reason = ?, ended_at = ?, next_at = null where id = ?`,
		outcome, reason, ms(tx.Now), a.ID); err != nil {
		return err
	}
	if a.Route == RouteCallback {
		if _, err := tx.Exec(`/* endAttempt */ update callbacks set ended_at = ? where attempt = ? and ended_at is null`, ms(tx.s.Real()), a.ID); err != nil {
			return err
		}
	}
	tx.outbox = true
	return nil
}

func (tx *Tx) settleCallback(a *attempt, o Report) error {
	rows, err := tx.deliveriesOn(a)
	if err != nil {
		return err
	}
	repeated := a.Outcome == outcomeLost
	shown := ""
	switch {
	case o.Verdict == VerdictTaken:
		shown = DeliveryDelivered
	case o.Verdict == VerdictRefused && repeated: // the url had been used: by us (RULES D4)
		shown, o.Reason = DeliveryDelivered, ReasonInferred
	case o.Verdict == VerdictLost, o.Verdict == VerdictUnreached && repeated: // again, while the window lasts
		if _, err := tx.Exec(`/* settleCallback */ update attempts set outcome = ?, lease = ?, next_at = ? where id = ?`,
			outcomeLost, ms(tx.Now), ms(tx.Now.Add(3*time.Second)), a.ID); err != nil {
			return err
		}
		tx.outbox = true
		return nil
	case repeated: // an earlier post may have been shown; nothing can be proved any more
		shown, o.Reason = DeliveryUnknown, ReasonNoAnswer
	}
	if shown != "" {
		for _, d := range rows {
			if err := tx.resolve(a, d, shown, o.Reason); err != nil {
				return err
			}
		}
		return tx.endAttempt(a, shown, o.Reason)
	}
	// Not shown, for certain: the next route, at once.
	outcome := map[Verdict]string{VerdictRefused: ReasonRefused, VerdictBusy: ReasonBusy, VerdictUnreached: ReasonUnreached, VerdictTooLate: ReasonWindow}[o.Verdict]
	if err := tx.endAttempt(a, outcome, o.Reason); err != nil {
		return err
	}
	return tx.release(a, rows, outcome, o.Reason, time.Time{}, true)
}

// settleEvent takes the answer to POST talk.
func (tx *Tx) settleEvent(a *attempt, o Report) error {
	rows, err := tx.deliveriesOn(a)
	if err != nil {
		return err
	}
	switch {
	case o.Verdict == VerdictTaken && o.Task != "":
		if err := tx.routeWorks(RouteEvent); err != nil {
			return err
		}
		for _, d := range rows {
			if d.State == DeliverySending {
				if err := tx.step(d, DeliveryAccepted, ""); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec(`/* settleEvent */ update attempts set state = 'accepted', task = ?, next_at = ? where id = ?`, o.Task, ms(later(tx.Now, a.At.Add(pollAfter[0]))), a.ID)
		return err
	case o.Verdict == VerdictLost || o.Verdict == VerdictTaken || called(rows):
		// A skill call that came although Kakao refused is believed: what it fetched was shown.
		if o.Verdict == VerdictLost {
			if err := tx.routeFails(RouteEvent, o.Reason); err != nil {
				return err
			}
		}
		return tx.answerLost(a, rows)
	case o.Verdict == VerdictBusy:
		pause := min(max(o.RetryAfter, firstBackOff), longestWait)
		if err := tx.pauseRoute(RouteEvent, tx.Now.Add(pause), ReasonBusy); err != nil {
			return err
		}
		if err := tx.endAttempt(a, ReasonBusy, o.Reason); err != nil {
			return err
		}
		return tx.release(a, rows, ReasonBusy, o.Reason, tx.Now.Add(pause), false)
	}
	outcome := ReasonRefused
	if o.Verdict == VerdictUnreached {
		outcome = ReasonUnreached
	}
	if err := tx.routeFails(RouteEvent, o.Reason); err != nil {
		return err
	}
	due, err := tx.retryAt(a, o.Jitter)
	if err != nil {
		return err
	}
	if err := tx.endAttempt(a, outcome, o.Reason); err != nil {
		return err
	}
	return tx.release(a, rows, outcome, o.Reason, due, false)
}

func called(rows []*delivery) bool {
	return slices.ContainsFunc(rows, func(d *delivery) bool { return d.Offer != 0 })
}

// answerLost: the skill call may still come, or has come already and told all there is to know without a task.
func (tx *Tx) answerLost(a *attempt, rows []*delivery) error {
	a.Outcome = outcomeLost
	if _, err := tx.Exec(`/* answerLost */ update attempts set outcome = ?, lease = ?, next_at = ? where id = ?`,
		outcomeLost, ms(tx.Now), ms(tx.Now.Add(callWait)), a.ID); err != nil {
		return err
	}
	for _, d := range rows {
		if d.Offer == 0 || d.State == DeliveryOffered {
			return nil
		}
	}
	return tx.conclude(a, 0)
}

func (tx *Tx) retryAt(a *attempt, jitter float64) (time.Time, error) {
	var try int
	err := tx.QueryRow(`/* retryAt */ select try from attempts where id = ?`, a.ID).Scan(&try)
	return tx.Now.Add(wait(try, jitter)), err
}

// settleTask takes the result of an event's task (RULES D3).
func (tx *Tx) settleTask(a *attempt, o Report) error {
	state := o.Result.State()
	if state == event.Pending {
		return nil
	}
	rows, err := tx.deliveriesOn(a)
	if err != nil {
		return err
	}
	if state == event.AllSuccess && a.CalledAt.IsZero() {
		// Kakao has shown something, but not our words: the block may not use the skill. Wait for the call.
		if _, err := tx.Exec(`/* settleTask */ update attempts set outcome = ? where id = ?`, outcomeBlank, a.ID); err != nil {
			return err
		}
		return tx.schedule(a, later(tx.Now, a.At.Add(callWait)))
	}
	if state == event.AllSuccess {
		for _, d := range rows {
			if d.Offer == 0 { // never handed out on this attempt
				if err := tx.release(a, []*delivery{d}, ReasonNoCall, ReasonNoCall, time.Time{}, false); err != nil {
					return err
				}
				continue
			}
			if err := tx.resolve(a, d, DeliveryDelivered, ""); err != nil {
				return err
			}
		}
		return tx.endAttempt(a, DeliveryDelivered, "")
	}
	f, ok := o.Result.For(a.Target)
	if !ok && len(o.Result.Failures) > 0 {
		f = o.Result.Failures[0]
	}
	reason := fmt.Sprintf("kakao %d", f.Type)
	if _, err := tx.Exec(`/* settleTask */ update offers set state = 'returned', settled_at = ? where attempt = ?`, ms(tx.Now), a.ID); err != nil {
		return err
	}
	if f.Ours() {
		due, err := tx.retryAt(a, o.Jitter)
		if err != nil {
			return err
		}
		if err := tx.endAttempt(a, outcomeOurs, reason); err != nil {
			return err
		}
		return tx.release(a, rows, outcomeOurs, reason, due, false)
	}
	// The codes for "not a friend" and "blocked" are not published (kakao-chatbot.md §5.3): any other failure of one
	// citizen closes the route for him until a message says that he is a friend.
	if _, err := tx.Exec(`/* settleTask */ update identities set event_off_since = ? where channel = 'bot' and scope = ? and key = ? and event_off_since is null`,
		ms(tx.Now), a.Scope, a.Target); err != nil {
		return err
	}
	if err := tx.endAttempt(a, ReasonRefused, reason); err != nil {
		return err
	}
	return tx.release(a, rows, ReasonRefused, reason, time.Time{}, true)
}

// conclude ends an event attempt of which nothing more will be heard, by what our side knows: written answers count as
// shown, never fetched words go again, the rest is unknown (RULES D3).
func (tx *Tx) conclude(a *attempt, jitter float64) error {
	rows, err := tx.deliveriesOn(a)
	if err != nil {
		return err
	}
	due, err := tx.retryAt(a, jitter)
	if err != nil {
		return err
	}
	var again []*delivery
	ended := ReasonNoResult
	for _, d := range rows {
		if d.State == DeliveryOffered { // its answer is being written right now; settleOffer decides
			continue
		}
		if d.Offer == 0 {
			again = append(again, d)
			continue
		}
		var offer string
		if err := tx.QueryRow(`/* conclude */ select state from offers where id = ?`, d.Offer).Scan(&offer); err != nil {
			return err
		}
		switch {
		case offer == DeliveryDelivered:
			err = tx.resolve(a, d, DeliveryDelivered, ReasonInferred)
			ended = ReasonInferred
		case offer == "returned" && a.Task == "":
			again = append(again, d)
		default:
			err = tx.resolve(a, d, DeliveryUnknown, ReasonNoResult)
		}
		if err != nil {
			return err
		}
	}
	if len(again) > 0 {
		ended = ReasonNoCall
	}
	if err := tx.endAttempt(a, ended, ""); err != nil {
		return err
	}
	return tx.release(a, again, ReasonNoCall, ReasonNoCall, due, false)
}
