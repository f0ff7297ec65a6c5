package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"toktok/store/wording"
)

// What the tests of getting out need of the inside.

// Value reads one value as text.
func Value(s *DB, query string, args ...any) string {
	var v any
	if err := s.read(context.Background()).QueryRow(query, args...).Scan(&v); err != nil {
		return "error: " + err.Error()
	}
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}

// Exec changes rows directly.
func Exec(s *DB, query string, args ...any) error {
	return s.Write(context.Background(), System("test"), func(tx *Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
}

// DeliveryOf reads the newest delivery of a message.
func DeliveryOf(s *DB, message int64) Delivery {
	found, err := deliveriesOf(s.read(context.Background()), []int64{message})
	if err != nil || found[message] == nil {
		return Delivery{Reason: fmt.Sprint("none: ", err)}
	}
	return *found[message]
}

// SendLine sends an automatic line on a case.
func SendLine(s *DB, number string, key wording.Key, v wording.Vars, expires time.Time) (id int64, err error) {
	err = s.Write(context.Background(), Job("test"), func(tx *Tx) error {
		t, err := ticketByNumber(tx, System("test"), number)
		if err != nil {
			return err
		}
		if id, err = tx.line(t, key, v, expires); err != nil {
			return err
		}
		return tx.finish(t)
	})
	return id, err
}

// SendNotice sends a notice on a case.
func SendNotice(s *DB, number string, key wording.Key, v wording.Vars) error {
	return s.Write(context.Background(), System("test"), func(tx *Tx) error {
		t, err := ticketByNumber(tx, tx.Who, number)
		if err != nil {
			return err
		}
		if err := tx.notice(t, key, v); err != nil {
			return err
		}
		return tx.finish(t)
	})
}

// StateOf reads a delivery's state, reason and route as "state: reason (route)".
func StateOf(s *DB, delivery int64) string {
	return Value(s, `select state || case reason when '' then '' else ': ' || reason end from deliveries where id = ?`, delivery)
}

// ClaimCallback claims a callback for an attempt.
func ClaimCallback(s *DB, callback, attempt int64) (won bool, err error) {
	err = s.Write(context.Background(), System("test"), func(tx *Tx) error {
		won, err = tx.claimCallback(callback, attempt)
		return err
	})
	return won, err
}

// DeliverySteps is the state machine of deliveries.
var DeliverySteps = deliverySteps

// Wait is the back-off before try n+1.
var Wait = wait

// WakingHours is when a notice may go.
var WakingHours = wakingHours

// PlanOf returns the steps of a statement's plan that walk a table.
func PlanOf(s *DB, query string) (steps []string, err error) {
	args := slices.Repeat([]any{0}, 64)
	rows, err := s.read(context.Background()).Query("explain query plan "+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		steps = append(steps, detail)
	}
	return steps, rows.Err()
}
