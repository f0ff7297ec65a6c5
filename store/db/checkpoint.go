package db

import (
	"context"
	"database/sql"
	"time"
)

// defaultPauseAt is the WAL length in pages (32 MiB) from which the writer has to
// stand still for a moment so that the log can start again from its beginning.
// Passive checkpoints alone never catch up with a writer that never rests.
const defaultPauseAt = 8192

// keep moves committed pages from the WAL into the file, off the writer's path.
func (e *Engine) keep(ctx context.Context) {
	tick := time.NewTicker(e.o.CheckpointEvery)
	defer tick.Stop()
	var seen uint64
	pauseAt := e.o.pauseAt
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := e.commits.Load()
		if now == seen {
			continue
		}
		frames, whole := e.checkpoint(ctx, "PASSIVE")
		if whole {
			seen = now
		}
		if frames < pauseAt {
			pauseAt = e.o.pauseAt
			continue
		}
		restarted := false
		e.writer.pause(ctx, func() { _, restarted = e.checkpoint(ctx, "RESTART") })
		if restarted {
			pauseAt = e.o.pauseAt
		} else {
			// A reader holds the log open: leave the writer in peace for a while.
			pauseAt = frames + e.o.pauseAt/4
		}
	}
}

// checkpoint runs on the keeper's connection; whole means that every frame is in the file.
func (e *Engine) checkpoint(ctx context.Context, mode string) (frames int64, whole bool) {
	busy, frames, moved, err := checkpoint(ctx, e.keeper, mode)
	if err != nil {
		if ctx.Err() == nil {
			e.writer.trouble("checkpoint", err)
		}
		return 0, false
	}
	return frames, !busy && frames == moved
}

// checkpoint gives the WAL's frames and how many of them have been moved.
func checkpoint(ctx context.Context, on interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, mode string) (busy bool, frames, moved int64, err error) {
	err = on.QueryRowContext(ctx, "pragma wal_checkpoint("+mode+")").Scan(&busy, &frames, &moved)
	return busy, frames, moved, err
}
