package web

import (
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"toktok/store"
)

// Rate is a token bucket: so many a second, so many at once.
type Rate struct {
	PerSecond float64
	Burst     float64
}

// Limits are the rates of the site; zero fields take the defaults.
type Limits struct {
	Account Rate // requests of a signed-in account
	Token   Rate // requests of an API token
	Login   Rate // sign-in attempts from one address
	Streams int  // event streams of one account or token
}

func (l Limits) withDefaults() Limits {
	if l.Account == (Rate{}) {
		l.Account = Rate{PerSecond: 20, Burst: 200}
	}
	if l.Token == (Rate{}) {
		l.Token = Rate{PerSecond: 50, Burst: 500}
	}
	if l.Login == (Rate{}) {
		l.Login = Rate{PerSecond: 20.0 / 60, Burst: 20} // 20 a minute (reliability-security.md §2.4)
	}
	if l.Streams == 0 {
		l.Streams = 12 // windows of one person; browsers open at most 6 to one host by HTTP/1.1
	}
	return l
}

// limiterKeys bounds the memory of a limiter; callers beyond it make the oldest state be forgotten.
const limiterKeys = 20_000

// Limiter keeps one token bucket a key.
type Limiter struct {
	rate Rate

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

// NewLimiter makes a limiter of that rate.
func NewLimiter(rate Rate) *Limiter { return &Limiter{rate: rate, buckets: make(map[string]*bucket)} }

// Allow takes one from the key's bucket. When it is empty, wait says how long until there is one.
func (l *Limiter) Allow(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		l.sweep(now)
		b = &bucket{left: l.rate.Burst, at: now}
		l.buckets[key] = b
	}
	l.fill(b, now)
	if b.left >= 1 {
		b.left--
		return 0, true
	}
	return time.Duration((1 - b.left) / l.rate.PerSecond * float64(time.Second)), false
}

func (l *Limiter) fill(b *bucket, now time.Time) {
	if past := now.Sub(b.at); past > 0 {
		b.left = min(l.rate.Burst, b.left+past.Seconds()*l.rate.PerSecond)
		b.at = now
	}
}

// sweep forgets full buckets, at most once a minute unless there are too many; when all are in use it starts afresh,
// which is kinder to the many than refusing newcomers.
func (l *Limiter) sweep(now time.Time) {
	if len(l.buckets) < limiterKeys && now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if l.fill(b, now); b.left >= l.rate.Burst {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= limiterKeys {
		clear(l.buckets)
	}
}

func (l *Limiter) take(key string, now time.Time) error {
	if wait, ok := l.Allow(key, now); !ok {
		return TooMany(wait)
	}
	return nil
}

// TooMany is the error of a used-up limit; the answer carries Retry-After.
func TooMany(wait time.Duration) error {
	return &limited{wait: wait, err: &store.Error{Kind: store.TooMany, Text: "요청이 너무 잦아요. 잠시 후 다시 해 주세요."}}
}

type limited struct {
	wait time.Duration
	err  *store.Error
}

func (l *limited) Error() string { return l.err.Error() }
func (l *limited) Unwrap() error { return l.err }

// seconds rounds up, because a client that comes a moment early is refused again.
func (l *limited) seconds() string {
	return strconv.Itoa(max(1, int(math.Ceil(l.wait.Seconds()))))
}

// addressKey is the address a limit counts by: an IPv6 customer owns a /64.
func addressKey(ip netip.Addr) string {
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

func idKey(id int64) string { return strconv.FormatInt(id, 10) }

// Gauge counts what is open a key, up to a limit.
type Gauge struct {
	limit int
	mu    sync.Mutex
	open  map[string]int
	total int
}

// NewGauge makes a gauge with that limit for each key.
func NewGauge(limit int) *Gauge { return &Gauge{limit: limit, open: make(map[string]int)} }

// Enter counts one more, unless the key is at its limit.
func (g *Gauge) Enter(key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[key] >= g.limit {
		return false
	}
	g.open[key]++
	g.total++
	return true
}

// Leave counts one less.
func (g *Gauge) Leave(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.open[key]--; g.open[key] <= 0 {
		delete(g.open, key)
	}
}

// Total is how many are open.
func (g *Gauge) Total() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.total
}
