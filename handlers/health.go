package handlers

import (
	"context"
	"net/http"
	"sync"
	"time"

	"toktok/handlers/web"
	"toktok/store"
)

// healthz says that the process answers; it asks nobody.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request, _ *web.Scope) error {
	return web.Bytes(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}

// readyz says that a write can be committed.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := s.ready.check(r.Context()); err != nil {
		return err
	}
	return web.Bytes(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ready\n"))
}

const (
	readyFor    = 5 * time.Second // a commit that young counts (RULES I4)
	readyWithin = time.Second     // reliability-security.md §6
)

// readiness remembers when a commit was last seen. Those who ask at the same time wait for one write.
type readiness struct {
	commit func(context.Context) error
	real   func() time.Time

	mu sync.Mutex
	at time.Time // of the last commit
}

func newReadiness(db *store.DB) *readiness {
	return &readiness{commit: db.Ready, real: db.Real}
}

func (r *readiness) check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.real()
	if !r.at.IsZero() && now.Sub(r.at) < readyFor {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := r.commit(ctx); err != nil {
		return &store.Error{Kind: store.Unavailable, Text: "지금은 저장할 수 없어요.", Err: err}
	}
	r.at = now
	return nil
}
