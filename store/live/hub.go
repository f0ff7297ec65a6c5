// Package live is the publish/subscribe hub of "changed" notices.
//
// A notice says that something changed and where, never what: whoever hears it reads again through
// the store, under the actor's own rights. So a notice may be lost as long as the listener learns
// that it lost something, and the hub uses that: it never waits for a listener. One whose buffer is
// full is disconnected, and resynchronises by connecting again.
//
// The store publishes after COMMIT; event streams and tests subscribe. Imports the standard
// library only.
package live

import (
	"sync"
	"sync/atomic"
)

// Change tells that something changed. Only Topic, Number and Kind leave the process; the ids are
// there for filters, which decide who may hear of it.
type Change struct {
	Topic  string `json:"topic"`
	Number string `json:"number,omitempty"`
	Kind   string `json:"kind,omitempty"` // "", "urgent", "gone" …

	Ticket     int64 `json:"-"`
	Department int64 `json:"-"` // where the case lies now; 0 = none
	Former     int64 `json:"-"` // department the case just left; 0 = did not move
	Citizen    int64 `json:"-"`
}

// Hub hands every published Change to every subscriber whose filter wants it.
type Hub struct {
	buffer int

	mu     sync.Mutex
	subs   map[*Sub]struct{}
	closed bool
}

// New makes a hub whose subscribers may fall behind by buffer notices (at least 1).
func New(buffer int) *Hub {
	return &Hub{buffer: max(buffer, 1), subs: make(map[*Sub]struct{})}
}

// Publish hands changes to the subscribers in this order and never waits for any of them.
// All subscribers hear concurrent calls in the same order.
func (h *Hub) Publish(changes ...Change) {
	if len(changes) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		h.hand(s, changes)
	}
}

// hand is called with h.mu held, so no channel is closed while it is being sent to.
func (h *Hub) hand(s *Sub, changes []Change) {
	for _, c := range changes {
		if s.filter != nil && !s.filter(c) {
			continue
		}
		select {
		case s.ch <- c:
		default:
			s.lagged.Store(true) // before the close, so that who sees the close sees the reason
			h.drop(s)
			return
		}
	}
}

func (h *Hub) drop(s *Sub) {
	if _, ok := h.subs[s]; ok {
		delete(h.subs, s)
		close(s.ch)
	}
}

// Subscribe begins to listen for changes that filter accepts; a nil filter accepts all. The filter
// runs inside Publish: it must be quick and must not call the hub. After Close of the hub the
// subscription is ended from the start.
func (h *Hub) Subscribe(filter func(Change) bool) *Sub {
	s := &Sub{hub: h, filter: filter, ch: make(chan Change, h.buffer)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(s.ch)
		return s
	}
	h.subs[s] = struct{}{}
	return s
}

// Close ends every subscription, now and to come. Notices already handed over can still be read.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.subs {
		h.drop(s)
	}
}

// Len returns how many subscribers are connected.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}

// Sub is one listener.
type Sub struct {
	hub    *Hub
	filter func(Change) bool
	ch     chan Change
	lagged atomic.Bool
}

// C returns the channel of notices. It is closed when the subscription ends, for whatever reason.
func (s *Sub) C() <-chan Change { return s.ch }

// Lagged reports whether the subscription ended because the listener fell behind: it missed
// notices and must read everything again.
func (s *Sub) Lagged() bool { return s.lagged.Load() }

// Close ends the subscription; further calls do nothing.
func (s *Sub) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.drop(s)
}
