package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pressly/goose/v3"
)

// applicationID marks the file as ours in SQLite's header ("tktk").
const applicationID = 0x746b746b

// A file up to smallFile is checked whole at every start, a larger one only after a
// crash; either way for checkTime at most (quick_check: 40 ms for 29 MB,
// reliability-security.md §2.1).
const (
	smallFile = 64 << 20
	checkTime = 2 * time.Second
)

// prepareFile makes sure that the file is ours, whole and of our schema.
func prepareFile(ctx context.Context, o Options) error {
	crashed := fileSize(o.Path+"-wal") > 0
	// Opened before SQLite has it: made private, and a clear error of the system
	// where SQLite would only say that it cannot open the file.
	f, err := os.OpenFile(o.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &Error{Kind: KindReadOnly, Op: "open", Err: err}
	}
	if err := f.Close(); err != nil {
		return &Error{Kind: KindIO, Op: "open", Err: err}
	}
	fresh, err := inspect(ctx, o, crashed)
	if err != nil {
		return err
	}
	pool, err := openPool(ctx, writerDSN(o.Path), 1)
	if err != nil {
		return failed("open", err)
	}
	if fresh {
		_, err = pool.ExecContext(ctx, fmt.Sprintf("pragma application_id = %d", applicationID))
		err = classify("open", err)
	}
	if err == nil && o.Migrations != nil {
		err = migrate(ctx, pool, o)
	}
	if closed := pool.Close(); err == nil && closed != nil {
		err = failed("open", closed)
	}
	return err
}

// inspect reads a file that may be anyone's and changes nothing in it.
func inspect(ctx context.Context, o Options, crashed bool) (fresh bool, err error) {
	if fileSize(o.Path) == 0 {
		return true, nil
	}
	pool, err := openPool(ctx, inspectDSN(o.Path), 1)
	if err != nil {
		return false, failed("open", err)
	}
	defer pool.Close()
	var id, objects int64
	err = pool.QueryRowContext(ctx, "select application_id, (select count(*) from sqlite_schema) from pragma_application_id").Scan(&id, &objects)
	switch {
	case err != nil:
		return false, failed("open", err)
	case id == 0 && objects == 0:
		return true, nil
	case id != applicationID:
		return false, &Error{Kind: KindForeign, Op: "open", Err: fmt.Errorf("%s belongs to another program (application id %#x)", o.Path, id)}
	case crashed || fileSize(o.Path) <= smallFile:
		return false, quickCheck(ctx, o, pool)
	}
	return false, nil
}

func quickCheck(ctx context.Context, o Options, pool *sql.DB) error {
	limited, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var found string
	err := pool.QueryRowContext(limited, "pragma quick_check(1)").Scan(&found)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		o.Log.Warn("db: integrity check at start cut short", "after", checkTime)
		return nil
	case err != nil:
		return failed("integrity check", err)
	case found != "ok":
		return &Error{Kind: KindCorrupt, Op: "integrity check", Err: errors.New(found)}
	}
	return nil
}

// migrate brings the schema up to date, each migration in its own transaction.
func migrate(ctx context.Context, pool *sql.DB, o Options) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, o.Migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return &Error{Kind: KindMigration, Op: "migrate", Err: err}
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return &Error{Kind: KindMigration, Op: "migrate", Err: err}
	}
	if have > known {
		return &Error{Kind: KindNewer, Op: "open", Err: fmt.Errorf(
			"the data was written by a newer version of the program (schema %d, this one knows up to %d): start that version, or restore a backup made by this one", have, known)}
	}
	done, err := p.Up(ctx)
	for _, m := range done {
		o.Log.Info("db: migrated", "version", m.Source.Version, "took", m.Duration)
	}
	if err != nil {
		return &Error{Kind: KindMigration, Op: "migrate", Err: err}
	}
	return nil
}
