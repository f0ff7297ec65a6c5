package store

import (
	"context"
	"database/sql"
	"time"
)

// Reasons of quarantine.
const (
	quarUnreadable = "unreadable"
	quarFailed     = "failed"
	quarWrongBot   = "wrong_bot"
	quarGroup      = "group_chat"
	quarTooLarge   = "too_large"
)

// Quarantined is a body that could not become a message: unreadable, or our own code failed on it (RULES B3). The body
// is masked.
type Quarantined struct {
	ID      int64
	At      time.Time
	Reason  string
	Detail  string
	Request string
	Body    []byte
}

// quarantine keeps a masked body aside for a person to look at.
func (tx *Tx) quarantine(reason, detail, request string, body []byte, at time.Time) error {
	_, err := tx.Exec(`/* quarantine */ insert into quarantine (at, reason, detail, request, body) values (?, ?, ?, ?, ?)`,
		ms(at), reason, detail, request, body)
	return err
}

// Quarantine lists what waits to be looked at, oldest first.
func (s *DB) Quarantine(ctx context.Context, who Actor) ([]Quarantined, error) {
	if err := who.need(MayOperate); err != nil {
		return nil, err
	}
	return all(s.read(ctx), func(rows *sql.Rows) (Quarantined, error) {
		var q Quarantined
		err := rows.Scan(&q.ID, instant{&q.At}, &q.Reason, &q.Detail, &q.Request, &q.Body)
		return q, err
	}, `/* Quarantine */ select id, at, reason, detail, request, body from quarantine where handled_at is null order by at limit 200`)
}

// Replay takes a quarantined body in again with its original arrival. It stays in quarantine if that fails again.
func (s *DB) Replay(ctx context.Context, who Actor, id int64) error {
	if err := who.need(MayOperate); err != nil {
		return err
	}
	list, err := s.Quarantine(ctx, who)
	if err != nil {
		return err
	}
	for _, q := range list {
		if q.ID == id {
			return s.replay(ctx, who, q)
		}
	}
	return notFound("보류된 글")
}

// Discard marks a quarantined body as handled without taking it in.
func (s *DB) Discard(ctx context.Context, who Actor, id int64) error {
	if err := who.need(MayOperate); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error { return tx.handled(id, 0) })
}

// handled ends the wait of a row. Who did it stays for the 30 days of RULES B2, the words go now.
func (tx *Tx) handled(id, message int64) error {
	res, err := tx.Exec(`/* handled */ update quarantine set handled_at = ?, handled_by = ?, message = ?, body = x'' where id = ? and handled_at is null`,
		ms(tx.Now), tx.Who.Label(), idOrNil(message), id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return notFound("보류된 글")
	}
	return tx.audit("quarantine.handled", 0, "quarantine", "")
}
