package db

import (
	"context"
	"sync/atomic"
)

// States of a request.
const (
	waiting int32 = iota
	begun
	abandoned
)

// request is one Write on its way through the queue. After begin its fields belong
// to the writer, until answer.
type request struct {
	fn       func(*Tx) error
	state    atomic.Int32
	err      error
	after    []func()
	settled  bool // err is final
	answered bool
	done     chan struct{}
}

// begin claims the request for the writer; false means that its caller has left.
func (r *request) begin() bool { return r.state.CompareAndSwap(waiting, begun) }

func (r *request) answer() {
	if !r.answered {
		r.answered = true
		close(r.done)
	}
}

// Write runs fn inside a transaction on the writer and returns after COMMIT: nil
// means stored on disk. ctx bounds only the wait in the queue; when it ends there,
// nothing was stored and the error matches [ErrWaited] and ctx.Err(). A full queue
// is [ErrBusy] at once. The package comment says what fn may do.
func (e *Engine) Write(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return &Error{Kind: KindWaited, Op: "write not begun", Err: err}
	}
	r := &request{fn: fn, done: make(chan struct{})}
	if err := e.enqueue(r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	if r.state.CompareAndSwap(waiting, abandoned) {
		return &Error{Kind: KindWaited, Op: "write not begun", Err: ctx.Err()}
	}
	<-r.done
	return r.err
}

func (e *Engine) enqueue(r *request) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return ErrClosed
	}
	select {
	case e.queue <- r:
		return nil
	default:
		return ErrBusy
	}
}
