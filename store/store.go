// Package store is the truth of toktok: its types, the transition table, the rules that need rows, and all SQL of
// ours. Everything that changes passes DB.Write; everything that is read names who asks.
//
// It may import its leaves (store/db, store/kakao/*, store/worktime, store/hangul, store/wording, store/secret,
// store/live), mimetype and x/image; nobody above it.
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"toktok/store/db"
	"toktok/store/live"
	"toktok/store/secret"
	"toktok/store/worktime"
)

//go:embed migrations/*.sql
var migrations embed.FS

var seoul = worktime.Seoul

var errScan = errors.New("store: column holds an unexpected type")

// Options is what a store needs to open. The folder is made if it is missing.
type Options struct {
	Dir     string // data folder: toktok.db, files/, lock, key
	Mode    string // "serve" or "demo": a folder made by one is refused by the other
	Clock   Clock
	Keys    *secret.Keyring // seals secrets at rest; nil makes or reads Dir/key
	Log     *slog.Logger
	Outside Outside
	Queue   int // bound of waiting writes; 0 = the engine's default
}

// Outside is the set-up of the world beyond: settings of the environment that rules of the store depend on.
type Outside struct {
	PublicURL  string
	BotIDs     []string // RULES B5; empty accepts every bot
	EventReady bool     // Event API configured
	EventName  string
	EventBlock string
	MediaHosts []string // RULES B9
	// CallbackOrigin is the one origin besides https on kakao.com that a callbackUrl may have: the simulator's (RULES B9).
	CallbackOrigin string
}

// DB is the open store.
type DB struct {
	engine  *db.Engine
	lock    *db.LockFile
	hub     *live.Hub
	clock   Clock
	keys    *secret.Keyring
	log     *slog.Logger
	dir     string
	outside Outside
	cache   atomic.Pointer[cached]
	outbox  chan struct{}
	photos  chan struct{}
	times   chan struct{}
	seen    atomic.Int64 // last sign of life of an operator's session, unix ms (RULES C3)
	pace    pace
	numbers numbers
	logins  accounts // tokens and sign-ins, in memory
	disk    diskUse
}

// Open takes the folder's lock, migrates, and loads what is cached. A second process is refused with *db.HeldError.
func Open(ctx context.Context, o Options) (_ *DB, err error) {
	defer wrap(&err, "store.Open")
	if err := os.MkdirAll(filepath.Join(o.Dir, "files"), 0o700); err != nil {
		return nil, err
	}
	lock, err := db.Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &DB{
		lock: lock, hub: live.New(64), clock: o.Clock, keys: o.Keys, log: o.Log, dir: o.Dir, outside: o.Outside,
		outbox: make(chan struct{}, 1), photos: make(chan struct{}, 1), times: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.keys == nil {
		if s.keys, err = secret.LoadOrMakeKey(filepath.Join(o.Dir, "key")); err != nil {
			lock.Close()
			return nil, err
		}
	}
	if err := s.open(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *DB) open(ctx context.Context, o Options) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	s.engine, err = db.Open(ctx, db.Options{
		Path: filepath.Join(o.Dir, "toktok.db"), Migrations: files, Now: s.clock.Now, Real: s.clock.Real, Queue: o.Queue, Log: s.log,
		BeforeCommit: s.beforeCommit,
	})
	if err != nil {
		return err
	}
	if err := s.claimMode(ctx, o.Mode); err != nil {
		return err
	}
	if err := s.reload(ctx); err != nil {
		return err
	}
	if err := s.recallPresence(ctx); err != nil {
		return err
	}
	return s.settleAfterCrash(ctx)
}

// Close lets the engine finish and frees the lock.
func (s *DB) Close() error {
	s.hub.Close()
	var err error
	if s.engine != nil {
		err = s.engine.Close()
	}
	return errors.Join(err, s.lock.Close())
}

// claimMode marks the folder on first start and refuses the other mode's folder (DESIGN §5, demo only).
func (s *DB) claimMode(ctx context.Context, mode string) error {
	return s.Write(ctx, System("start"), func(tx *Tx) error {
		var was string
		if err := tx.QueryRow(`select coalesce((select value from settings where key = 'store.mode'), '')`).Scan(&was); err != nil {
			return err
		}
		if was == mode {
			return nil
		}
		if was != "" {
			return fmt.Errorf("the data folder was made by %q and is refused by %q: choose another folder", was, mode)
		}
		_, err := tx.Exec(`insert into settings (key, value, changed_at, changed_by) values ('store.mode', ?, ?, 'start')`, mode, ms(tx.Now))
		return err
	})
}

// Now is the service's time in KST.
func (s *DB) Now() time.Time { return s.clock.Now().In(seoul) }

// Real is the wall's time; Kakao's own limits run by it.
func (s *DB) Real() time.Time { return s.clock.Real() }

// Live is the hub of "changed" notices.
func (s *DB) Live() *live.Hub { return s.hub }

// Outside returns the set-up of the world beyond.
func (s *DB) Outside() Outside { return s.outside }

// Outbox signals, after the commit, that deliveries, attempts or callbacks may have become due.
func (s *DB) Outbox() <-chan struct{} { return s.outbox }

// Photos signals that there are photos to fetch.
func (s *DB) Photos() <-chan struct{} { return s.photos }

// Times signals that hours, holidays or snoozes changed, so that whoever waits for an instant looks again.
func (s *DB) Times() <-chan struct{} { return s.times }

// Dir is the data folder.
func (s *DB) Dir() string { return s.dir }

// Stats are the engine's figures for the system page and metrics.
func (s *DB) Stats() db.Stats { return s.engine.Stats() }

// Keys seals secrets.
func (s *DB) Keys() *secret.Keyring { return s.keys }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
