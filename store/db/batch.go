package db

import (
	"context"
	"slices"
	"time"
)

// A batch ends after this many closures or this long, whichever comes first, so
// that no caller waits long for the COMMIT of the others. With 64 callers two groups
// alternate: while one waits for the disk, the other prepares its next writes.
const (
	batchMax  = 48
	batchTime = 20 * time.Millisecond
)

// background is what statements on the writer run under: an interrupted statement
// would roll back everybody's work (RULES G1).
var background = context.Background()

// commitTogether runs first and whatever else waits in one transaction and answers
// everyone. It never waits for more to come.
func (w *writer) commitTogether(first *request) {
	defer func() { w.careful = false }()
	started := w.e.o.Real()
	for r := first; r != nil; r = w.next(started) {
		if !r.begin() {
			continue
		}
		w.batch = append(w.batch, r)
		if !w.run(r) && !w.startOver(r) {
			return
		}
	}
	w.settle(w.batch)
}

// next takes a write that waits now; nil ends the batch.
func (w *writer) next(started time.Time) *request {
	if len(w.batch) >= batchMax || w.e.o.Real().Sub(started) >= batchTime {
		return nil
	}
	select {
	case r := <-w.e.queue: // nil when closed and empty
		return r
	default:
		return nil
	}
}

// startOver runs what came before culprit again, whose failure has taken the transaction down: the batch goes on with
// each closure in a savepoint. When the transaction is lost even so, all are answered alone and it returns false.
func (w *writer) startOver(culprit *request) bool {
	if w.careful {
		w.runAlone(culprit)
		return false
	}
	w.careful = true
	w.e.stats.rerun(len(w.batch) - 1)
	for _, r := range w.batch[:len(w.batch)-1] {
		if !w.run(r) {
			w.runAlone(r)
			return false
		}
	}
	return true
}

// runAlone answers a batch whose transaction culprit has taken down: culprit keeps
// its error, every other closure runs again in a transaction of its own.
func (w *writer) runAlone(culprit *request) {
	all := slices.Clone(w.batch)
	w.e.stats.rerun(len(all) - 1)
	for i, r := range all {
		if r != culprit {
			w.run(r)
		}
		w.settle(all[i : i+1])
	}
}

// run runs r's closure in the open transaction, or opens one, and leaves r.err. It
// returns false when the work of others in the transaction is lost with it.
func (w *writer) run(r *request) bool {
	r.err, r.after = nil, nil
	if !w.open {
		if r.err = w.begin(); r.err != nil {
			return true
		}
	}
	// A savepoint makes SQLite copy every page the closure touches, a tenth of an intake (perf.md A3 has the same
	// machine): closures hardly ever fail once they have written, so the first try goes without. One that fails before
	// it wrote has nothing to undo; one that fails later costs the batch a second run, with savepoints.
	saved := w.careful && w.survivors > 0
	if saved {
		if err := w.exec(savepoint); err != nil {
			r.err = failed("savepoint", err)
			return w.giveUp()
		}
	}
	tx := &Tx{Now: w.e.o.Now(), w: w, Batch: w.batches}
	err := w.protect("write", func() error { return r.fn(tx) })
	tx.end()
	r.err, r.after = classify("write", err), tx.after

	if w.rolledBack {
		if r.err == nil {
			r.err = ErrAborted // the closure overlooked the error that caused it
		}
		return w.giveUp()
	}
	if !saved && r.err != nil {
		return !tx.wrote || w.giveUp()
	}
	if saved && r.err != nil {
		if err := w.exec(undo); err != nil {
			return w.giveUp()
		}
	}
	if saved {
		if err := w.exec(release); err != nil {
			if r.err == nil {
				r.err = failed("release", err)
			}
			return w.giveUp()
		}
	}
	if r.err == nil {
		w.survivors++
		w.scopes = append(w.scopes, tx.Scope)
	}
	return true
}

// giveUp rolls back; true when nobody's work was in the transaction.
func (w *writer) giveUp() bool {
	alone := w.survivors == 0
	w.rollback()
	return alone
}

// settle commits the open transaction and answers rs in order.
func (w *writer) settle(rs []*request) {
	last, err := w.commit()
	for _, r := range rs {
		if r.err == nil {
			r.err = err
		}
		r.settled = true
	}
	for _, r := range rs {
		if r.err == nil {
			w.runAfter(r.after)
		}
	}
	w.runAfter(last)
	w.e.stats.settled(rs)
	for _, r := range rs {
		r.answer()
	}
}

func (w *writer) runAfter(fns []func()) {
	for _, fn := range fns {
		// Its panic is in the log; what was stored stays stored.
		_ = w.protect("after commit", func() error { fn(); return nil })
	}
}

// begin opens a transaction, on a new connection when this one is broken.
func (w *writer) begin() error {
	err := w.exec(begin)
	if err != nil && KindOf(err) != KindBusy {
		w.reconnect()
		err = w.exec(begin)
	}
	if err != nil {
		w.trouble("begin", err)
		return failed("begin", err)
	}
	w.batches++
	w.open, w.rolledBack, w.survivors, w.scopes = true, false, 0, w.scopes[:0]
	return nil
}

// commit ends the open transaction, if any; it gives what BeforeCommit wants run afterwards.
func (w *writer) commit() (after []func(), err error) {
	if !w.open {
		return nil, nil
	}
	if hook := w.e.o.BeforeCommit; hook != nil {
		tx := &Tx{Now: w.e.o.Now(), w: w, Batch: w.batches, Survivors: w.scopes}
		err := w.protect("before commit", func() error { return hook(tx) })
		tx.end()
		if err == nil && w.rolledBack {
			err = ErrAborted
		}
		if err != nil {
			w.trouble("before commit", err)
			w.rollback()
			return nil, failed("before commit", err)
		}
		after = tx.after
	}
	from := w.e.o.Real()
	if err := w.exec(commit); err != nil {
		if !IsConstraint(err) { // a deferred foreign key is a closure's mistake
			w.trouble("commit", err)
		}
		w.rollback()
		return nil, failed("commit", err)
	}
	w.open = false
	w.e.commits.Add(1)
	w.e.stats.committed(w.survivors, w.e.o.Real().Sub(from))
	return after, nil
}

// rollback ends the open transaction, if any. When SQLite has ended it already,
// ROLLBACK only says so.
func (w *writer) rollback() {
	if !w.open {
		return
	}
	gone := w.rolledBack
	w.open, w.survivors = false, 0
	if err := w.exec(rollback); err != nil && !gone {
		w.trouble("rollback", err)
		w.reconnect()
	}
}
