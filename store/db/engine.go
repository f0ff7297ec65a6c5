package db

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options says what to open and how. Path and Now are required.
type Options struct {
	// Path is the database file; its folder must exist.
	Path string
	// Migrations holds goose SQL files at its root; nil leaves the schema alone.
	Migrations fs.FS
	// Now is the clock of tx.Now.
	Now func() time.Time
	// Real is the clock of the engine's measurements, Now when nil: Now may be set.
	Real func() time.Time
	// Readers is the size of the read pool, 4 when zero.
	Readers int
	// Queue bounds the writes that wait, 1024 when zero.
	Queue int
	// BeforeCommit runs after the last closure of a batch, inside the transaction;
	// its error fails the whole batch. It must do all its work through tx.
	BeforeCommit func(tx *Tx) error
	// CheckpointEvery is the pause between passive checkpoints, 250 ms when zero.
	CheckpointEvery time.Duration
	// Log takes the engine's own troubles; nil discards them.
	Log *slog.Logger

	pauseAt int64 // WAL pages at which the writer waits for a restart; defaultPauseAt when zero
}

// Engine is an open database. All methods may be called from any goroutine.
type Engine struct {
	o      Options
	writer *writer
	reader *sql.DB
	keeper *sql.DB // checkpoints
	reads  readStmts

	mu     sync.RWMutex // guards closed against sends on queue
	closed bool
	queue  chan *request

	commits    atomic.Uint64
	stats      counters
	stopKeeper context.CancelFunc
	keeperDone sync.WaitGroup
}

// Open migrates the file and starts the writer. It refuses a file of another
// program, of a newer version and one that is damaged, with an [*Error] of that kind.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Path == "" || o.Now == nil {
		return nil, misuse("open", "Path and Now are required")
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, failed("open", err)
	}
	o.Path = path
	if o.Real == nil {
		o.Real = o.Now
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.Queue <= 0 {
		o.Queue = 1024
	}
	if o.CheckpointEvery <= 0 {
		o.CheckpointEvery = 250 * time.Millisecond // perf.md A6
	}
	if o.pauseAt == 0 {
		o.pauseAt = defaultPauseAt
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	prepareProcess()
	if err := prepareFile(ctx, o); err != nil {
		return nil, err
	}

	e := &Engine{o: o, queue: make(chan *request, o.Queue)}
	if e.writer, err = newWriter(ctx, e); err != nil {
		return nil, err
	}
	e.reader, err = openPool(ctx, readerDSN(path), o.Readers)
	if err == nil {
		e.keeper, err = openPool(ctx, keeperDSN(path), 1)
	}
	if err != nil {
		return nil, errors.Join(failed("open", err), e.writer.close(), closePool(e.reader))
	}
	e.writer.start()
	keep, stop := context.WithCancel(context.Background())
	e.stopKeeper = stop
	e.keeperDone.Go(func() { e.keep(keep) })
	return e, nil
}

// openPool opens connections that stay open: n at most, n idle.
func openPool(ctx context.Context, dsn string, n int) (*sql.DB, error) {
	pool, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

func closePool(pool *sql.DB) error {
	if pool == nil {
		return nil
	}
	return pool.Close()
}

// Close carries out the writes that wait, empties the WAL into the file and closes
// it. Later writes get [ErrClosed]; a second Close does nothing.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	close(e.queue)
	e.mu.Unlock()

	<-e.writer.done
	e.stopKeeper()
	e.keeperDone.Wait()
	e.reads.close()
	err := errors.Join(e.reader.Close(), e.keeper.Close())
	return errors.Join(err, e.writer.truncate(), e.writer.close())
}

// Reader is the pool of query-only connections. Prefer [Engine.Query] and
// [Engine.QueryRow], which prepare once and set a deadline.
func (e *Engine) Reader() *sql.DB { return e.reader }

// QueueLen is how many writes wait now.
func (e *Engine) QueueLen() int { return len(e.queue) }
