package schedule

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"toktok/store"
)

// Figures of the dispatcher.
const (
	senders    = 10              // exchanges at the same time
	drainTime  = 6 * time.Second // what Run gives its senders at the end; the process has 10 s (DESIGN §5)
	troubleGap = time.Second     // before the store is asked again after an error
	settleTry  = 3
)

// DispatchOptions is what a Dispatcher needs.
type DispatchOptions struct {
	DB        *store.DB
	Base      string // origin of Kakao's API
	RESTKey   string
	EventName string
	Log       *slog.Logger  // nil discards
	Rand      *rand.Rand    // spreads the back-off; nil seeds itself
	Drain     time.Duration // 0 = 6 s

	// API and Callback replace the outgoing clients in tests.
	API, Callback *http.Client
}

// Dispatcher carries deliveries out: one goroutine decides what is due, at most ten exchange with Kakao. What is due is
// always a row first, so a dispatcher that dies loses nothing (DESIGN §6).
type Dispatcher struct {
	o             DispatchOptions
	api, callback *http.Client
	kick          chan struct{}

	mu      sync.Mutex
	busy    map[int64]bool
	held    bool
	turning bool
	turns   int           // looks at what is due that have ended
	turned  chan struct{} // closed when something changed that Quiet waits for

	lastNow, lastReal time.Time // of the deciding goroutine: notices a clock set back
}

// NewDispatcher prepares a dispatcher; nothing runs before Run.
func NewDispatcher(o DispatchOptions) *Dispatcher {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if o.Drain == 0 {
		o.Drain = drainTime
	}
	d := &Dispatcher{
		o: o, api: o.API, callback: o.Callback, kick: make(chan struct{}, 1), busy: map[int64]bool{}, turned: make(chan struct{}),
	}
	if d.api == nil {
		d.api = NewClient(ClientOptions{}) // the host is the city's own setting
	}
	if d.callback == nil {
		d.callback = NewClient(ClientOptions{Control: callbackHosts(o.DB.Outside().CallbackOrigin).Control})
	}
	return d
}

// callbackHosts allows public addresses, and in demo exactly the one origin it was given (RULES B9). That may be
// called localhost, which is the machine itself wherever names are resolved (RFC 6761 §6.3).
func callbackHosts(origin string) Allow {
	hosts := []string{"kakao.com"}
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		hosts = append(hosts, u.Host)
		if port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]); u.Hostname() == "localhost" {
			hosts = append(hosts, net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port))
		}
	}
	return NewAllow(hosts)
}

// Rebase says that the clock was moved; what became due is looked up at once.
func (d *Dispatcher) Rebase() { d.Kick() }

// Hold makes the dispatcher begin nothing new until it is let go; what waits stays a row meanwhile.
func (d *Dispatcher) Hold(on bool) {
	d.mu.Lock()
	d.held = on
	d.mu.Unlock()
	d.Kick()
}

// Kick makes the dispatcher look again.
func (d *Dispatcher) Kick() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then lets the exchanges under way finish for a moment. What does not finish is recorded as
// on its way and settled at the next start.
func (d *Dispatcher) Run(ctx context.Context) {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		d.tell(func() { d.turning = true })
		timer.Reset(d.turn(ctx, sending, &wg))
		d.tell(func() { d.turning, d.turns = false, d.turns+1 })
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-d.kick:
		case <-d.o.DB.Outbox():
		}
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	last := time.NewTimer(d.o.Drain)
	defer last.Stop()
	select {
	case <-done:
	case <-last.C:
		stop()
		<-done
	}
	d.api.CloseIdleConnections()
	d.callback.CloseIdleConnections()
}

// forever is a wait that only a kick ends.
const forever = 365 * 24 * time.Hour

// turn hands out what is due and returns how long nothing else will be.
func (d *Dispatcher) turn(ctx, sending context.Context, wg *sync.WaitGroup) time.Duration {
	if err := d.watchClock(ctx); err != nil {
		return d.trouble(ctx, "clock", err)
	}
	for ctx.Err() == nil {
		busy, held := d.atWork()
		if held || len(busy) >= senders {
			return forever // who lets go, and a sender that ends, kicks
		}
		due, err := d.o.DB.NextOutbox(ctx, busy)
		if err != nil {
			return d.trouble(ctx, "look", err)
		}
		now, real := d.o.DB.Now(), d.o.DB.Real()
		if !due.Now(now, real) {
			return until(due, now, real)
		}
		moved, err := d.hand(ctx, sending, busy, wg)
		switch {
		case err != nil:
			return d.trouble(ctx, "claim", err)
		case moved == 0: // whatever is due, it will not move by asking faster
			return troubleGap
		}
	}
	return 0
}

func until(due store.OutboxDue, now, real time.Time) time.Duration {
	wait := forever
	if !due.Service.IsZero() {
		wait = min(wait, due.Service.Sub(now))
	}
	if !due.Real.IsZero() {
		wait = min(wait, due.Real.Sub(real))
	}
	return max(wait, time.Millisecond)
}

func (d *Dispatcher) trouble(ctx context.Context, what string, err error) time.Duration {
	if ctx.Err() == nil {
		d.o.Log.Error("dispatch: "+what+" failed", "err", err)
	}
	return troubleGap
}

// watchClock moves retry times along when the service clock was set back (RULES E4, E5).
func (d *Dispatcher) watchClock(ctx context.Context) error {
	now, real := d.o.DB.Now().Round(0), d.o.DB.Real() // Round drops the monotonic part: the wall itself may be set
	if !d.lastNow.IsZero() {
		if shift := now.Sub(d.lastNow) - real.Sub(d.lastReal); shift < -time.Second {
			d.o.Log.Warn("dispatch: clock was set back, retry times follow", "by", -shift)
			if err := d.o.DB.Rebase(ctx, -shift); err != nil {
				return err
			}
		}
	}
	d.lastNow, d.lastReal = now, real
	return nil
}

// hand claims work and starts a sender for each piece; moved is how much of what was due has been dealt with.
func (d *Dispatcher) hand(ctx, sending context.Context, busy []int64, wg *sync.WaitGroup) (moved int, err error) {
	d.mu.Lock()
	jitter := d.o.Rand.Float64()
	d.mu.Unlock()
	work, moved, err := d.o.DB.ClaimAttempts(ctx, store.Claim{Max: senders - len(busy), Busy: busy, Jitter: jitter})
	d.mu.Lock()
	for _, a := range work {
		d.busy[a.ID] = true
	}
	d.mu.Unlock()
	for _, a := range work {
		wg.Go(func() { d.carry(sending, a) })
	}
	return moved, err
}

// carry makes one exchange and records what became of it.
func (d *Dispatcher) carry(ctx context.Context, a store.Attempt) {
	defer func() {
		d.tell(func() { delete(d.busy, a.ID) })
		d.Kick()
	}()
	var r store.Report
	switch {
	case a.Poll:
		r = d.poll(ctx, a)
	case a.Route == store.RouteCallback:
		r = d.post(ctx, a)
	default:
		r = d.talk(ctx, a)
	}
	d.mu.Lock()
	r.Jitter = d.o.Rand.Float64()
	d.mu.Unlock()
	if r.Verdict != store.VerdictTaken && r.Verdict != store.VerdictPolled {
		d.o.Log.Warn("dispatch: not sent", "attempt", a.ID, "route", a.Route, "poll", a.Poll, "reason", r.Reason)
	}
	for try := range settleTry {
		err := d.o.DB.SettleAttempt(context.WithoutCancel(ctx), a.ID, r)
		if err == nil {
			return
		}
		d.o.Log.Error("dispatch: outcome not recorded", "attempt", a.ID, "try", try+1, "err", err)
		pause := time.NewTimer(troubleGap)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return // the lease runs out, and the attempt is settled as lost
		}
	}
}

// atWork lists the attempts under way, and says whether no more may begin.
func (d *Dispatcher) atWork() (ids []int64, held bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.busy)), d.held
}

// tell changes what Quiet waits for and wakes it.
func (d *Dispatcher) tell(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	close(d.turned)
	d.turned = make(chan struct{})
}

// Heard returns when Kakao has come for the words of every event that would count as lost at an instant. Run must be
// running.
func (d *Dispatcher) Heard(ctx context.Context, at time.Time) error {
	for {
		d.mu.Lock()
		turned := d.turned
		d.mu.Unlock()
		awaits, err := d.o.DB.AwaitsCall(ctx, at)
		if err != nil || !awaits {
			return err
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Quiet returns when the dispatcher has looked again and nothing is due at the clock's present instant, nor any exchange
// under way. Run must be running.
func (d *Dispatcher) Quiet(ctx context.Context) error {
	d.mu.Lock()
	goal := d.turns + 1
	if d.turning { // this look may have begun too early
		goal++
	}
	d.mu.Unlock()
	d.Kick()
	for {
		d.mu.Lock()
		turned, working := d.turned, d.turns < goal || d.turning || len(d.busy) > 0
		d.mu.Unlock()
		if !working {
			due, err := d.o.DB.NextOutbox(ctx, nil)
			if err != nil {
				return err
			}
			if !due.Now(d.o.DB.Now(), d.o.DB.Real()) {
				return nil
			}
			d.Kick()
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
