package store

import (
	"context"
	"net/url"
	"strings"
	"time"

	"toktok/store/wording"
)

// Kakao takes an answer by callback from about a second after our first answer until a minute after the request
// (kakao-chatbot.md §4); RULES D4 stays inside on both ends.
const (
	callbackEarliest = 1200 * time.Millisecond
	callbackLatest   = 50 * time.Second
	callbackEnding   = 3 * time.Second // the end line is posted this long before the window ends
)

// callbackRow is the url of one call, to be used once. From and Until are real time.
type callbackRow struct {
	ID, Ticket  int64
	URL         string
	From, Until time.Time
}

// openCallback returns the citizen's unused callback within its window; ID 0 means none.
func (tx *Tx) openCallback(citizen int64) (c callbackRow, err error) {
	err = tx.QueryRow(`/* openCallback */ select id, ticket, url, from_at, until_at from callbacks
		where citizen = ? and ended_at is null and attempt is null and until_at > ? order by id desc limit 1`, citizen, ms(tx.s.Real())).
		Scan(&c.ID, &c.Ticket, &c.URL, instant{&c.From}, instant{&c.Until})
	if isNoRows(err) {
		return callbackRow{}, nil
	}
	return c, err
}

// claimCallback gives the callback to an attempt; false means somebody else has it.
func (tx *Tx) claimCallback(id, attempt int64) (bool, error) {
	res, err := tx.Exec(`/* claimCallback */ update callbacks set attempt = ? where id = ? and attempt is null and ended_at is null`, attempt, id)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// offerCallback decides whether the callbackUrl of a call may be used (RULES D4) and keeps it if so. The caller knows
// of urgent words and does not ask then. arrived is real time.
func (tx *Tx) offerCallback(t *Ticket, callbackURL string, arrived time.Time) (bool, error) {
	if !tx.s.mayCallBack(callbackURL) {
		return false, nil
	}
	if _, _, closed := tx.inClosedPeriod(tx.Now); closed {
		return false, nil
	}
	var busy bool
	if err := tx.QueryRow(`/* offerCallback */ select exists (select 1 from callbacks where citizen = ? and ended_at is null and until_at > ?)
		or exists (select 1 from deliveries d where citizen = ? and `+underway+`)`,
		t.Citizen.ID, ms(tx.s.Real()), t.Citizen.ID).Scan(&busy); err != nil || busy {
		return false, err
	}
	if _, err := tx.Exec(`/* offerCallback */ insert into callbacks (url, citizen, ticket, from_at, until_at) values (?, ?, ?, ?, ?)`,
		callbackURL, t.Citizen.ID, t.ID, ms(tx.s.Real().Add(callbackEarliest)), ms(arrived.Add(callbackLatest))); err != nil {
		return false, err
	}
	tx.outbox = true
	return true, nil
}

// mayCallBack holds RULES B9: https on kakao.com, and in demo the origin of the simulator.
func (s *DB) mayCallBack(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Host == "" {
		return false
	}
	if o := s.outside.CallbackOrigin; o != "" && u.Scheme+"://"+u.Host == o {
		return true
	}
	return u.Scheme == "https" && u.Port() == "" && strings.HasSuffix(strings.ToLower(u.Hostname()), ".kakao.com")
}

// CallbackAnswered is told when the answer that promised a callback has been written, or could not be: the window
// opens after the answer, and never if Kakao did not hear of it.
func (s *DB) CallbackAnswered(ctx context.Context, callbackURL string, written bool) (err error) {
	defer wrap(&err, "store.CallbackAnswered")
	return s.Write(ctx, System("callback"), func(tx *Tx) error {
		now := ms(tx.s.Real())
		if !written {
			_, err := tx.Exec(`/* CallbackAnswered */ update callbacks set ended_at = ? where url = ? and attempt is null and ended_at is null`, now, callbackURL)
			return err
		}
		_, err := tx.Exec(`/* CallbackAnswered */ update callbacks set from_at = ? where url = ? and ended_at is null`,
			now+callbackEarliest.Milliseconds(), callbackURL)
		return err
	})
}

// endCallbacks closes windows that end unused, with the callback-end line if the case has not had one since a person
// last answered (RULES D4).
func (tx *Tx) endCallbacks(_ Claim, room int) (work []Attempt, moved int, err error) {
	real := tx.s.Real()
	ids, err := all(tx, scanID, `/* endCallbacks */ select id from callbacks where ended_at is null and attempt is null and until_at <= ? order by until_at limit ?`,
		ms(real.Add(callbackEnding)), room)
	if err != nil {
		return nil, 0, err
	}
	for _, id := range ids {
		a, err := tx.endCallback(id, real)
		if err != nil {
			return nil, 0, err
		}
		if a != nil {
			work = append(work, *a)
		}
	}
	return work, len(ids), nil
}

func (tx *Tx) endCallback(id int64, real time.Time) (*Attempt, error) {
	c := callbackRow{ID: id}
	if err := tx.QueryRow(`/* endCallback */ select ticket, url, from_at, until_at from callbacks where id = ?`, id).
		Scan(&c.Ticket, &c.URL, instant{&c.From}, instant{&c.Until}); err != nil {
		return nil, err
	}
	t, err := ticketByID(tx, c.Ticket)
	if err != nil {
		return nil, err
	}
	var inFlight bool
	if err := tx.QueryRow(`/* endCallback */ select exists (select 1 from attempts where citizen = ? and state <> 'done')`, t.Citizen.ID).Scan(&inFlight); err != nil {
		return nil, err
	}
	text, err := tx.s.Words().Render(wording.CallbackEnd, wording.Vars{Number: t.Number})
	if err != nil {
		return nil, err
	}
	if !real.Before(c.Until) || inFlight || t.CallbackEnded || t.AwaitingSince.IsZero() || text == "" {
		_, err := tx.Exec(`/* endCallback */ update callbacks set ended_at = ? where id = ?`, ms(real), id)
		return nil, err
	}
	t.CallbackEnded = true
	m := &Message{Kind: FromAuto, Text: text, Key: string(wording.CallbackEnd)}
	if err := tx.addMessage(t, m); err != nil {
		return nil, err
	}
	if err := tx.finish(t); err != nil {
		return nil, err
	}
	// Only this callback may carry it: by another route it would be a riddle.
	d := &delivery{Message: m.ID, Ticket: t.ID, Citizen: t.Citizen.ID, Class: ClassLine, State: DeliveryQueued, Bubbles: []string{text}, Skip: RouteEvent}
	if err := tx.insertDelivery(d); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`/* endCallback */ update callbacks set end_line = 1 where id = ?`, id); err != nil {
		return nil, err
	}
	r, err := tx.reach(t.Citizen.ID)
	if err != nil {
		return nil, err
	}
	r.callback = c
	return tx.begin(r, RouteCallback, []*delivery{d})
}
