package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// accounts is what the process keeps in memory of tokens and sign-ins.
type accounts struct {
	tokens tokenCache
	gates  gates
}

// Failed sign-ins (reliability-security.md §2.6): five are free, then a minute, doubling to a quarter of an hour. A lock
// always ends by itself, and a day without failures forgets them.
const (
	freeFailures = 5
	firstLock    = time.Minute
	longestLock  = 15 * time.Minute
	failuresLive = 24 * time.Hour
	mostGates    = 10_000 // of names that somebody only tries out
	mostWaiting  = 8      // tries of one name at the same time
)

// lockFor is how long an account is locked after its nth failure.
func lockFor(failed int) time.Duration {
	if failed < freeFailures {
		return 0
	}
	return min(firstLock<<min(failed-freeFailures, 8), longestLock)
}

func lockedError(wait time.Duration) error {
	minutes := max(1, int((wait+time.Minute-1)/time.Minute))
	return &Error{Kind: TooMany, Text: fmt.Sprintf("로그인에 여러 번 실패했어요. %d분쯤 뒤에 다시 해 주세요.", minutes)}
}

// gates lets the tries for one name pass one after the other, so that a thousand at once are no way round the lock.
// Names are keys, existing or not: who guesses cannot tell them apart.
type gates struct {
	mu sync.Mutex
	m  map[string]*gate
}

type gate struct {
	all    *gates
	key    string
	turn   chan struct{}
	users  int // in it or waiting
	failed int
	until  time.Time
	last   time.Time // failure
}

// enter waits for the name's turn and refuses while it is locked. The holder must leave.
func (gs *gates) enter(ctx context.Context, key string, now time.Time) (*gate, error) {
	gs.mu.Lock()
	g := gs.m[key]
	if g == nil {
		gs.sweep(now)
		if gs.m == nil {
			gs.m = make(map[string]*gate)
		}
		g = &gate{all: gs, key: key, turn: make(chan struct{}, 1)}
		gs.m[key] = g
	}
	if g.users >= mostWaiting {
		gs.mu.Unlock()
		return nil, lockedError(firstLock)
	}
	g.users++
	gs.mu.Unlock()

	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		gs.mu.Lock()
		g.users--
		gs.mu.Unlock()
		return nil, ctx.Err()
	}
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if wait := g.until.Sub(now); wait > 0 {
		g.users--
		<-g.turn
		return nil, lockedError(wait)
	}
	return g, nil
}

// leave counts the try. A try that our own trouble ended is none.
func (g *gate) leave(now time.Time, ok bool, trouble error) {
	g.all.mu.Lock()
	defer g.all.mu.Unlock()
	switch {
	case trouble != nil:
	case ok:
		g.failed, g.until, g.last = 0, time.Time{}, time.Time{}
	default:
		if now.Sub(g.last) > failuresLive {
			g.failed = 0
		}
		g.failed++
		g.until, g.last = now.Add(lockFor(g.failed)), now
	}
	g.users--
	<-g.turn
	if g.users == 0 && g.failed == 0 {
		delete(g.all.m, g.key)
	}
}

// remember takes over what the account's row knows from before a restart.
func (g *gate) remember(failed int, until time.Time) {
	g.all.mu.Lock()
	defer g.all.mu.Unlock()
	if failed > g.failed {
		g.failed, g.until, g.last = failed, until, until
	}
}

// state is what the account's row shall know.
func (g *gate) state() (failed int, until time.Time) {
	g.all.mu.Lock()
	defer g.all.mu.Unlock()
	return g.failed, g.until
}

// forget lifts the locks of a name, from whatever address.
func (gs *gates) forget(login string) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	for key, g := range gs.m {
		if key == login || strings.HasPrefix(key, login+" ") {
			g.failed, g.until, g.last = 0, time.Time{}, time.Time{}
		}
	}
}

// sweep keeps the map small; it is called with mu held.
func (gs *gates) sweep(now time.Time) {
	if len(gs.m) < mostGates {
		return
	}
	for key, g := range gs.m {
		if g.users == 0 && now.After(g.until) && (len(gs.m) >= mostGates || now.Sub(g.last) > failuresLive) {
			delete(gs.m, key)
		}
	}
}
