package store

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// A route rests after this many failures in a row: a minute first, twice as long each time, an hour at most.
const (
	pauseAfter = 5
	firstPause = time.Minute
)

// RoutePause is a route that fails, and until when it rests; Until is zero while it is still tried.
type RoutePause struct {
	Route    string
	Failures int
	Until    time.Time
	Reason   string
}

// RoutePauses lists the routes with failures since they last worked.
func (s *DB) RoutePauses(ctx context.Context) (list []RoutePause, err error) {
	defer wrap(&err, "store.RoutePauses")
	return all(s.read(ctx), scanPause, `/* RoutePauses */ select route, failures, until, reason from route_pauses where failures > 0 or until is not null order by route`)
}

func scanPause(rows *sql.Rows) (p RoutePause, err error) {
	err = rows.Scan(&p.Route, &p.Failures, instant{&p.Until}, &p.Reason)
	return p, err
}

// ResetRoute ends a route's pause; what waits is tried at once.
func (s *DB) ResetRoute(ctx context.Context, who Actor, route string) (err error) {
	defer wrap(&err, "store.ResetRoute route=%s", route)
	if err := who.need(MayOperate); err != nil {
		return err
	}
	if !slices.Contains([]string{RouteCallback, RouteEvent}, route) {
		return notFound("전송 경로")
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		if err := tx.routeWorks(route); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* ResetRoute */ update deliveries set due_at = coalesce(not_before, 0) where state = 'queued'`); err != nil {
			return err
		}
		tx.outbox = true
		return tx.audit("reset_route", 0, route, "")
	})
}

func (tx *Tx) pausedRoutes() (map[string]time.Time, error) {
	list, err := all(tx, scanPause, `/* pausedRoutes */ select route, failures, until, reason from route_pauses where until > ?`, ms(tx.Now))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make(map[string]time.Time, len(list))
	for _, p := range list {
		out[p.Route] = p.Until
	}
	return out, nil
}

func (tx *Tx) routeWorks(route string) error {
	_, err := tx.Exec(`/* routeWorks */ update route_pauses set failures = 0, until = null, reason = '' where route = ? and (failures > 0 or until is not null)`, route)
	return err
}

func (tx *Tx) routeFails(route, reason string) error {
	var n int
	if err := tx.QueryRow(`/* routeFails */ insert into route_pauses (route, failures, reason) values (?, 1, ?)
		on conflict (route) do update set failures = failures + 1, reason = excluded.reason returning failures`, route, reason).Scan(&n); err != nil {
		return err
	}
	if n < pauseAfter {
		return nil
	}
	pause := longestWait
	if shift := n - pauseAfter; shift < 6 {
		pause = min(firstPause<<shift, longestWait)
	}
	return tx.pauseRoute(route, tx.Now.Add(pause), reason)
}

func (tx *Tx) pauseRoute(route string, until time.Time, reason string) error {
	_, err := tx.Exec(`/* pauseRoute */ insert into route_pauses (route, until, reason) values (?, ?, ?)
		on conflict (route) do update set until = max(coalesce(until, 0), excluded.until), reason = excluded.reason`, route, ms(until), reason)
	return err
}

// Rebase moves retry and polling times by what the service clock was set back (RULES E4); promised times stay.
func (s *DB) Rebase(ctx context.Context, back time.Duration) (err error) {
	defer wrap(&err, "store.Rebase")
	by := back.Milliseconds()
	return s.Write(ctx, System("clock"), func(tx *Tx) error {
		for _, q := range []string{
			`/* Rebase */ update attempts set at = at - ?1, lease = lease - ?1, next_at = next_at - ?1 where state <> 'done'`,
			`/* Rebase */ update deliveries set due_at = max(coalesce(not_before, 0), due_at - ?1) where state = 'queued' and due_at > coalesce(not_before, 0)`,
			`/* Rebase */ update route_pauses set until = until - ?1 where until is not null`,
		} {
			if _, err := tx.Exec(q, by); err != nil {
				return err
			}
		}
		tx.outbox = true
		return nil
	})
}

// RebaseAtStart brings retry and polling times along when the clock was set back while no process watched it: no attempt
// was begun later than now, and no back-off is longer than the longest. Promised times stay.
func (s *DB) RebaseAtStart(ctx context.Context) (err error) {
	defer wrap(&err, "store.RebaseAtStart")
	return s.Write(ctx, System("start"), func(tx *Tx) error {
		now, last := ms(tx.Now), ms(tx.Now.Add(longestWait*11/10)) // with its jitter
		if _, err := tx.Exec(`/* RebaseAtStart */ update attempts set next_at = next_at - at + ?1, lease = lease - at + ?1, at = ?1
			where state <> 'done' and next_at is not null and at > ?1`, now); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* RebaseAtStart */ update deliveries set due_at = max(coalesce(not_before, 0), ?)
			where state = 'queued' and due_at > ? and due_at > coalesce(not_before, 0)`, now, last); err != nil {
			return err
		}
		_, err := tx.Exec(`/* RebaseAtStart */ update route_pauses set until = ? where until > ?`, now, last)
		return err
	})
}

// settleAfterCrash says truthfully what cannot be known after a restart (RULES D1): answers that were being written are
// unknown; a callback may be repeated inside its window; an event waits for its skill call until lease + 60 s.
func (s *DB) settleAfterCrash(ctx context.Context) (err error) {
	defer wrap(&err, "store.settleAfterCrash")
	return s.Write(ctx, System("start"), func(tx *Tx) error {
		open, err := all(tx, scanDelivery, `/* settleAfterCrash */ select `+deliveryColumns+` from deliveries d where d.state = 'offered'`)
		if err != nil {
			return err
		}
		for _, d := range open {
			if err := tx.step(d, DeliveryUnknown, ReasonRestart); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`/* settleAfterCrash */ update offers set state = 'unknown', settled_at = ? where state = 'open'`, ms(tx.Now)); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* settleAfterCrash */ update attempts set outcome = ?, next_at = case route when 'event' then min(lease, ?) + ? else ? end
			where state = 'sending' and state <> 'done'`, outcomeLost, ms(tx.Now.Add(sendLease)), callWait.Milliseconds(), ms(tx.Now)); err != nil {
			return err
		}
		return nil
	})
}
