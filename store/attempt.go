package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"math"
	"time"
)

// States of an attempt.
const (
	attemptSending  = "sending"
	attemptAccepted = "accepted"
	attemptDone     = "done"
)

// Outcomes an attempt and its deliveries carry beside the reasons of deliveries.
const (
	outcomeLost  = "lost"  // bytes went out, no answer came
	outcomeOurs  = "ours"  // our own skill failed the event
	outcomeBlank = "blank" // the task succeeded, but nobody fetched our words
)

// Times of RULES D3. Retry and polling run on the service clock (RULES E4).
const (
	maxBubbles   = 3                // per attempt, as per answer (kakao-chatbot.md §3.2)
	maxCalls     = 3                // tries of an event that our own side failed
	maxTries     = 8                // tries of a route at all, about two hours with the back-off
	sendLease    = 30 * time.Second // twice the client's total time-out
	callWait     = 60 * time.Second // for the skill call of an event
	firstBackOff = 10 * time.Second
	longestWait  = time.Hour
)

var (
	pollAfter = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute}
	backOffs  = []time.Duration{firstBackOff, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, longestWait}
)

// Attempt is one piece of work for a sender, recorded before any byte leaves.
type Attempt struct {
	ID      int64
	UID     string // 128 bit; all that an event carries
	Route   string
	Scope   string // exact bot id
	Target  string // user key, or the callback's url
	Task    string // with Poll: the task to ask about
	Poll    bool
	Bubbles []string  // of a callback
	From    time.Time // real time a callback may be posted from …
	Until   time.Time // … and must be posted before
}

// attempt is the row.
type attempt struct {
	Attempt
	Citizen  int64
	State    string
	Outcome  string
	Polls    int
	At, Next time.Time
	CalledAt time.Time
}

const attemptColumns = `a.id, a.uid, a.route, a.scope, a.target, a.task, a.citizen, a.state, a.outcome, a.polls, a.at, a.next_at, a.called_at`

func scanAttempt(rows *sql.Rows) (*attempt, error) {
	var a attempt
	err := rows.Scan(&a.ID, &a.UID, &a.Route, &a.Scope, &a.Target, &a.Task, &a.Citizen, &a.State, &a.Outcome, &a.Polls,
		instant{&a.At}, instant{&a.Next}, instant{&a.CalledAt})
	return &a, err
}

func (tx *Tx) attemptByID(id int64) (*attempt, error) {
	return one(tx, scanAttempt, "전송", `/* attemptByID */ select `+attemptColumns+` from attempts a where a.id = ?`, id)
}

// Claim asks for work. Busy names the attempts the caller's senders are at; Jitter in [0,1) spreads the back-off.
type Claim struct {
	Max    int
	Busy   []int64
	Jitter float64
}

// OutboxDue is when the outbox has to be looked at again; zero means nothing waits.
type OutboxDue struct {
	Service time.Time // by the service clock
	Real    time.Time // by the wall: windows of callbacks
}

// Now reports whether something is due.
func (d OutboxDue) Now(service, real time.Time) bool {
	return !d.Service.IsZero() && !d.Service.After(service) || !d.Real.IsZero() && !d.Real.After(real)
}

// NextOutbox tells when the next delivery, attempt, expiry or callback window needs somebody.
func (s *DB) NextOutbox(ctx context.Context, busy []int64) (due OutboxDue, err error) {
	defer wrap(&err, "store.NextOutbox")
	ids, err := json.Marshal(append([]int64{}, busy...))
	if err != nil {
		return due, err
	}
	err = s.read(ctx).QueryRow(`/* NextOutbox */ select min(at) from (
		select * from (select due_at as at from deliveries d where state = 'queued'
			and not exists (select 1 from attempts a where a.citizen = d.citizen and a.state <> 'done') order by due_at limit 1)
		union all select * from (select next_at from attempts where state <> 'done' and next_at is not null
			and id not in (select value from json_each(?)) order by next_at limit 1)
		union all select * from (select expires_at from deliveries
			where expires_at is not null and state in ('queued', 'pickup') order by expires_at limit 1))`, string(ids)).
		Scan(instant{&due.Service})
	if err != nil {
		return due, err
	}
	err = s.read(ctx).QueryRow(`/* NextOutbox */ select min(until_at) from callbacks where ended_at is null and attempt is null`).Scan(instant{&due.Real})
	if !due.Real.IsZero() {
		due.Real = due.Real.Add(-callbackEnding)
	}
	return due, err
}

// AwaitsCall reports whether an event is under way for whose words Kakao has not come, and of which a clock that is
// moved on to an instant would say that it never will: a minute passes at once there, and Kakao needs its real second.
func (s *DB) AwaitsCall(ctx context.Context, to time.Time) (yes bool, err error) {
	defer wrap(&err, "store.AwaitsCall")
	err = s.read(ctx).QueryRow(`/* AwaitsCall */ select exists (select 1 from attempts where state <> 'done' and next_at is not null and route = 'event'
		and called_at is null and at > ? and at <= ?)`, ms(s.Now().Add(-callWait)), ms(to.Add(-callWait))).Scan(&yes)
	return yes, err
}

// ClaimAttempts decides what is due and returns what needs the network, each recorded with its lease and next try in
// this one transaction (RULES D2). Several may call it at once; no attempt is given out twice. moved is how much of what
// was due it dealt with, also without work for the network.
func (s *DB) ClaimAttempts(ctx context.Context, c Claim) (work []Attempt, moved int, err error) {
	defer wrap(&err, "store.ClaimAttempts")
	err = s.Write(ctx, System("dispatch"), func(tx *Tx) error {
		var err error
		work, moved, err = tx.claim(c)
		return err
	})
	return work, moved, err
}

func (tx *Tx) claim(c Claim) (work []Attempt, moved int, err error) {
	if moved, err = tx.expire(); err != nil {
		return nil, 0, err
	}
	for _, due := range []func(*Tx, Claim, int) ([]Attempt, int, error){
		(*Tx).dueAttempts, (*Tx).freshAttempts, (*Tx).endCallbacks, // these last: a reply may still use the window
	} {
		room := c.Max - len(work)
		if room <= 0 {
			break
		}
		more, n, err := due(tx, c, room)
		if err != nil {
			return nil, 0, err
		}
		work, moved = append(work, more...), moved+n
	}
	return work, moved, nil
}

// expire cancels what its time of day has passed (RULES D6), a slice at a time (RULES G1).
func (tx *Tx) expire() (int, error) {
	rows, err := all(tx, scanDelivery, `/* expire */ select `+deliveryColumns+` from deliveries d
		where d.expires_at is not null and d.expires_at <= ? and d.state in ('queued', 'pickup') order by d.expires_at limit 50`, ms(tx.Now))
	if err != nil {
		return 0, err
	}
	for _, d := range rows {
		if err := tx.step(d, DeliveryCancelled, ReasonExpired); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// dueAttempts follows up what is on its way: polls, repeats of a callback, and those of which nothing more will be heard.
func (tx *Tx) dueAttempts(c Claim, room int) (work []Attempt, moved int, err error) {
	busy, err := json.Marshal(append([]int64{}, c.Busy...))
	if err != nil {
		return nil, 0, err
	}
	list, err := all(tx, scanAttempt, `/* dueAttempts */ select `+attemptColumns+` from attempts a
		where a.state <> 'done' and a.next_at <= ? and a.id not in (select value from json_each(?)) order by a.next_at limit ?`, ms(tx.Now), string(busy), room)
	if err != nil {
		return nil, 0, err
	}
	for _, a := range list {
		more, err := tx.followUp(a, c.Jitter)
		if err != nil {
			return nil, 0, err
		}
		if more {
			work = append(work, a.Attempt)
		}
	}
	return work, len(list), nil
}

func (tx *Tx) followUp(a *attempt, jitter float64) (work bool, err error) {
	switch {
	case a.Route == RouteCallback:
		return tx.repeatCallback(a)
	case a.State == attemptSending, a.CalledAt.IsZero() && !tx.Now.Before(a.At.Add(callWait)), a.Polls >= len(pollAfter):
		return false, tx.conclude(a, jitter)
	case a.Outcome == outcomeBlank:
		return false, tx.schedule(a, a.At.Add(callWait))
	}
	a.Poll = true
	a.Polls++
	next := a.At.Add(pollAfter[len(pollAfter)-1] + sendLease)
	if a.Polls < len(pollAfter) {
		next = a.At.Add(pollAfter[a.Polls])
	}
	_, err = tx.Exec(`/* poll */ update attempts set polls = ?, lease = ?, next_at = ? where id = ?`, a.Polls, ms(tx.Now.Add(sendLease)), ms(next), a.ID)
	return err == nil, err
}

func (tx *Tx) schedule(a *attempt, at time.Time) error {
	_, err := tx.Exec(`/* schedule */ update attempts set next_at = ? where id = ?`, ms(at), a.ID)
	return err
}

// repeatCallback posts a callback again whose answer was lost, as long as its window lasts: the url works once, so a
// repeat cannot show the words twice. After the window nobody can tell (RULES D5).
func (tx *Tx) repeatCallback(a *attempt) (bool, error) {
	rows, err := tx.deliveriesOn(a)
	if err != nil {
		return false, err
	}
	if err := tx.QueryRow(`/* repeatCallback */ select from_at, until_at from callbacks where attempt = ?`, a.ID).Scan(instant{&a.From}, instant{&a.Until}); err != nil {
		return false, err
	}
	if !tx.s.Real().Before(a.Until) {
		for _, d := range rows {
			if err := tx.resolve(a, d, DeliveryUnknown, ReasonNoAnswer); err != nil {
				return false, err
			}
		}
		return false, tx.endAttempt(a, outcomeLost, ReasonNoAnswer)
	}
	for _, d := range rows {
		a.Bubbles = append(a.Bubbles, d.Bubbles...)
	}
	_, err = tx.Exec(`/* repeatCallback */ update attempts set try = try + 1, outcome = ?, lease = ?, next_at = ? where id = ?`,
		outcomeLost, ms(tx.Now.Add(sendLease)), ms(tx.Now.Add(sendLease)), a.ID)
	return err == nil, err
}

// freshAttempts begins attempts for citizens who have due deliveries and none in flight, those due longest first. It
// looks at a few rows from the front of the queue, however long that is: citizens who have many come again.
func (tx *Tx) freshAttempts(_ Claim, room int) (work []Attempt, moved int, err error) {
	citizens, err := all(tx, scanID, `/* freshAttempts */ select citizen from (
		select d.citizen, d.due_at, d.id from deliveries d where d.state = 'queued' and d.due_at <= ?
			and not exists (select 1 from attempts a where a.citizen = d.citizen and a.state <> 'done') order by d.due_at, d.id limit ?)
		group by citizen order by min(due_at), min(id) limit ?`, ms(tx.Now), 4*room, room)
	if err != nil {
		return nil, 0, err
	}
	for _, citizen := range citizens {
		a, err := tx.nextAttempt(citizen)
		if err != nil {
			return nil, 0, err
		}
		if a != nil {
			work = append(work, *a)
		}
	}
	return work, len(citizens), nil
}

// nextAttempt begins the citizen's next attempt: the first route open for the oldest due delivery, and with it those
// behind that fit. Nil means that nothing needs the network now.
func (tx *Tx) nextAttempt(citizen int64) (*Attempt, error) {
	rows, err := all(tx, scanDelivery, `/* nextAttempt */ select `+deliveryColumns+` from deliveries d
		where d.citizen = ? and `+underway+` and d.state = 'queued' and d.due_at <= ? order by d.id`, citizen, ms(tx.Now))
	if err != nil {
		return nil, err
	}
	r, err := tx.reach(citizen)
	if err != nil {
		return nil, err
	}
	for i, head := range rows {
		name := r.push(head)
		if name == "" || r.blocked {
			if err := tx.rest(head, r, head.Reason, time.Time{}); err != nil {
				return nil, err
			}
			continue
		}
		if until := r.pauses[name]; until.After(tx.Now) {
			return nil, tx.holdBack(citizen, until)
		}
		group, bubbles := []*delivery{}, 0
		for _, d := range rows[i:] {
			if bubbles += len(d.Bubbles); bubbles > maxBubbles || r.push(d) != name {
				break
			}
			group = append(group, d)
		}
		return tx.begin(r, name, group)
	}
	return nil, nil
}

// begin records an attempt of the deliveries by the route, and claims the callback if that is the route.
func (tx *Tx) begin(r *reach, name string, group []*delivery) (*Attempt, error) {
	a := &Attempt{UID: rand.Text(), Route: name}
	next := tx.Now.Add(sendLease)
	switch name {
	case RouteCallback:
		a.Target, a.From, a.Until = r.callback.URL, r.callback.From, r.callback.Until
		for _, d := range group {
			a.Bubbles = append(a.Bubbles, d.Bubbles...)
		}
	case RouteEvent:
		a.Scope, a.Target = r.bot.Scope, r.bot.Key
		next = next.Add(callWait)
	}
	tries, err := tx.tries(group[0].ID, name)
	if err != nil {
		return nil, err
	}
	a.ID, err = tx.Insert(`/* begin */ insert into attempts (uid, citizen, route, scope, target, state, try, at, lease, next_at)
		values (?, ?, ?, ?, ?, 'sending', ?, ?, ?, ?)`, a.UID, r.citizen, a.Route, a.Scope, a.Target, tries+1, ms(tx.Now), ms(tx.Now.Add(sendLease)), ms(next))
	if err != nil {
		return nil, err
	}
	if name == RouteCallback {
		won, err := tx.claimCallback(r.callback.ID, a.ID)
		if err != nil {
			return nil, err
		}
		if !won { // somebody else has it: the next route, in the next round
			if _, err := tx.Exec(`/* begin */ delete from attempts where id = ?`, a.ID); err != nil {
				return nil, err
			}
			tx.outbox = true
			return nil, nil
		}
	}
	for _, d := range group {
		if _, err := tx.Exec(`/* begin */ insert into attempt_deliveries (attempt, delivery, at) values (?, ?, ?)`, a.ID, d.ID, ms(tx.Now)); err != nil {
			return nil, err
		}
		d.Attempt, d.Offer, d.Route = a.ID, 0, name
		if err := tx.step(d, DeliverySending, ""); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// tries counts how often the route has failed to carry the delivery, busy routes aside.
func (tx *Tx) tries(delivery int64, route string) (n int, err error) {
	err = tx.QueryRow(`/* tries */ select count(*) from attempt_deliveries ad join attempts a on a.id = ad.attempt
		where ad.delivery = ? and a.route = ? and ad.outcome not in ('', ?)`, delivery, route, ReasonBusy).Scan(&n)
	return n, err
}

// wait is the back-off before try n+1, spread by ±10 %.
func wait(n int, jitter float64) time.Duration {
	base := backOffs[min(max(n, 1), len(backOffs))-1]
	return time.Duration(float64(base) * (0.9 + 0.2*math.Mod(math.Abs(jitter), 1)))
}
