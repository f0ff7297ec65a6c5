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
	return e.WriteEach(ctx, fn)[0]
}

// WriteEach is [Engine.Write] for closures that need not wait for one another: they
// run in order and share commits, each stands or falls alone, and the errors come
// back in their order.
func (e *Engine) WriteEach(ctx context.Context, fns ...func(*Tx) error) []error {
	errs := make([]error, len(fns))
	waits := make([]*request, len(fns))
	for i, fn := range fns {
		waits[i], errs[i] = e.enqueue(ctx, fn)
	}
	for i, r := range waits {
		if r != nil {
			errs[i] = r.wait(ctx)
		}
	}
	return errs
}

// wait returns when the request is answered, or leaves it while nobody has begun it.
func (r *request) wait(ctx context.Context) error {
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

// Pending is a write that was started and not waited for.
type Pending struct {
	r   *request
	err error // it could not even wait
}

// Start is [Engine.Write] for a caller who has something else to listen to meanwhile.
func (e *Engine) Start(fn func(*Tx) error) *Pending {
	r, err := e.enqueue(background, fn)
	if err != nil {
		r = &request{done: make(chan struct{})}
		r.answer()
	}
	return &Pending{r: r, err: err}
}

// Done is closed when the write has ended.
func (p *Pending) Done() <-chan struct{} { return p.r.done }

// Err is what Write would have returned; only after Done.
func (p *Pending) Err() error {
	if p.err != nil {
		return p.err
	}
	return p.r.err
}

// Leave gives the write up while nobody has begun it: then nothing was or will be stored. False means that it has begun
// and ends by itself.
func (p *Pending) Leave() bool { return p.r.state.CompareAndSwap(waiting, abandoned) }

func (e *Engine) enqueue(ctx context.Context, fn func(*Tx) error) (*request, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{Kind: KindWaited, Op: "write not begun", Err: err}
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return nil, ErrClosed
	}
	r := &request{fn: fn, done: make(chan struct{})}
	select {
	case e.queue <- r:
		return r, nil
	default:
		return nil, ErrBusy
	}
}
