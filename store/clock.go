package store

import (
	"sync"
	"time"
)

// Clock is the only reader of time. Now is the service's time (the demo may shift it); Real is the wall, by which
// Kakao's own limits run (RULES E4).
type Clock interface {
	Now() time.Time
	Real() time.Time
}

// WallClock is production's clock.
type WallClock struct{}

// Now returns the wall time.
func (WallClock) Now() time.Time { return time.Now() }

// Real returns the wall time.
func (WallClock) Real() time.Time { return time.Now() }

// DemoClock runs on from where it is set. While it stands still it shows exactly the instant it was given, so that a
// job run by stepping sees the time it was due.
type DemoClock struct {
	mu     sync.Mutex
	base   time.Time // shown at since
	since  time.Time
	stands bool
}

// NewDemoClock starts at the given instant; a zero time starts at the wall's.
func NewDemoClock(at time.Time) *DemoClock {
	now := time.Now()
	if at.IsZero() {
		at = now
	}
	return &DemoClock{base: at, since: now}
}

// Now returns the shifted time.
func (c *DemoClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stands {
		return c.base
	}
	return c.base.Add(time.Since(c.since))
}

// Real returns the wall time.
func (c *DemoClock) Real() time.Time { return time.Now() }

// Stand stops the clock at t.
func (c *DemoClock) Stand(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.stands = t, true
}

// Run lets the clock go on from where it is shown, or from t if that is given.
func (c *DemoClock) Run(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.IsZero() {
		t = c.base
		if !c.stands {
			t = c.base.Add(time.Since(c.since))
		}
	}
	c.base, c.since, c.stands = t, time.Now(), false
}

// Instants are kept as unix milliseconds (DESIGN §7): time.Time never goes to the driver.

func ms(t time.Time) int64 { return t.UnixMilli() }

func msOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func fromMS(v int64) time.Time { return time.UnixMilli(v).In(seoul) }

// instant scans a nullable millisecond column into a time; null is the zero time.
type instant struct{ t *time.Time }

func (i instant) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*i.t = time.Time{}
	case int64:
		*i.t = fromMS(v)
	default:
		return errScan
	}
	return nil
}
