package store

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"toktok/store/worktime"
)

// pace is the usual time to a first answer, kept for a few minutes (RULES C3).
type pace struct {
	mu      sync.Mutex
	at      time.Time
	minutes atomic.Int64
}

// Figures of RULES C3.
const (
	paceSamples  = 20               // under these nothing is promised
	paceDays     = 5                // working days looked back
	paceAge      = 5 * time.Minute  // how long a figure is used
	mannedWithin = 10 * time.Minute // an operator's session was seen
)

// usualPace returns the minutes within which four of five cases of the last days got their first answer from a
// person, rounded up to 5; 0 is not known. Only one caller computes, the others take the last figure.
func (s *DB) usualPace(ctx context.Context) int {
	p := &s.pace
	if !p.mu.TryLock() {
		return int(p.minutes.Load())
	}
	defer p.mu.Unlock()
	now := s.Now()
	if age := now.Sub(p.at); !p.at.IsZero() && age >= 0 && age < paceAge {
		return int(p.minutes.Load())
	}
	minutes, err := s.measurePace(ctx, now)
	if err != nil {
		s.log.Warn("usual pace not measured", "err", err)
	}
	p.at = now
	p.minutes.Store(int64(minutes))
	return minutes
}

func (s *DB) measurePace(ctx context.Context, now time.Time) (int, error) {
	desk := s.Desk()
	since := desk.AddWorkingDays(worktime.DateOf(now), -paceDays)
	rows, err := s.read(ctx).Query(`/* measurePace */ select received_at, first_reply_at from tickets
		where test = 0 and state in ('waiting', 'open', 'answered', 'review', 'closed') and received_at >= ? and first_reply_at is not null limit 5000`, ms(since.At(0, 0)))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var waits []time.Duration
	for rows.Next() {
		var received, replied time.Time
		if err := rows.Scan(instant{&received}, instant{&replied}); err != nil {
			return 0, err
		}
		if desk.IsOpen(received) {
			waits = append(waits, desk.Between(received, replied))
		}
	}
	if err := rows.Err(); err != nil || len(waits) < paceSamples {
		return 0, err
	}
	slices.Sort(waits)
	p80 := waits[(len(waits)*8+9)/10-1]
	return max(5, int(math.Ceil(p80.Minutes()/5))*5), nil
}

// recallPresence takes over from the sessions who was seen before a restart.
func (s *DB) recallPresence(ctx context.Context) error {
	var seen int64
	err := s.read(ctx).QueryRow(`/* recallPresence */ select coalesce(max(s.last_seen), 0) from sessions s join staff a on a.id = s.staff
		where a.role in (?, ?)`, RoleOperator, RoleAdmin).Scan(&seen)
	s.seen.Store(seen)
	return err
}

// manned reports whether an operator's session was seen lately.
func (s *DB) manned() bool {
	return s.Real().Sub(time.UnixMilli(s.seen.Load())) < mannedWithin
}
