package db_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"toktok/store/db"
)

func TestTimesNeverReachTheDriver(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	now := time.Now()
	const insert = `insert into item (at, body) values (1, ?)`
	for name, arg := range map[string]any{
		"value":    now,
		"pointer":  &now,
		"null":     sql.NullTime{Time: now, Valid: true},
		"generic":  sql.Null[time.Time]{V: now, Valid: true},
		"named":    sql.Named("body", now),
		"chan":     make(chan int),
		"nil time": (*time.Time)(nil), // harmless: NULL
	} {
		t.Run(name, func(t *testing.T) {
			allowed := name == "nil time"
			err := e.Write(t.Context(), func(tx *db.Tx) error {
				var body any
				_, execErr := tx.Exec(insert, arg)
				rows, queryErr := tx.Query(`select ?`, arg)
				if queryErr == nil {
					rows.Close()
				}
				rowErr := tx.QueryRow(`select ?`, arg).Scan(&body)
				for what, err := range map[string]error{"Exec": execErr, "Query": queryErr, "QueryRow": rowErr} {
					if got := db.KindOf(err) == db.KindMisuse; got == allowed || (err == nil) != allowed {
						t.Errorf("%s: %v", what, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			var body any
			if err := e.QueryRow(t.Context(), `select ?`, arg).Scan(&body); (err == nil) != allowed {
				t.Errorf("Engine.QueryRow: %v", err)
			}
			rows, err := e.Query(t.Context(), `select ?`, arg)
			if err == nil {
				rows.Close()
			}
			if (err == nil) != allowed {
				t.Errorf("Engine.Query: %v", err)
			}
		})
	}
	if got := count(t, e, "item"); got != 1 {
		t.Errorf("%d rows stored, want only the NULL", got)
	}
}

func TestClosuresCannotTouchTheTransaction(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	for _, query := range []string{
		"commit", "COMMIT", " end", ";rollback", "begin", "savepoint x", "release closure",
		"/* tx.Reply */ rollback", "-- why\nrollback to closure", "/* a */ /* b */\n-- c\n commit;",
		"pragma foreign_keys = off", "attach 'x' as x", "detach x", "vacuum",
	} {
		err := e.Write(t.Context(), func(tx *db.Tx) error {
			if err := insertOnce("half")(tx); err != nil {
				return err
			}
			_, err := tx.Exec(query)
			if rowErr := tx.QueryRow(query).Scan(new(any)); db.KindOf(rowErr) != db.KindMisuse {
				t.Errorf("%q through QueryRow: %v", query, rowErr)
			}
			return err
		})
		if db.KindOf(err) != db.KindMisuse {
			t.Errorf("%q: %v, want a refusal", query, err)
		}
	}
	if got := count(t, e, "once"); got != 0 {
		t.Errorf("%d rows were stored", got)
	}
	for _, query := range []string{"/* tx.Reply */ insert into once values ('a')", "with x as (select 'b') insert into once select * from x"} {
		if err := e.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestSameQueryInsideItself(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	var walked []string
	err := e.Write(t.Context(), func(tx *db.Tx) error {
		root, err := tx.Insert(`insert into parent (name) values ('a')`)
		if err != nil {
			return err
		}
		for _, name := range []string{"b", "c", "d"} {
			if _, err := tx.Exec(`insert into parent (name, note) values (?, ?)`, name, fmt.Sprint(root)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`update parent set note = (select id from parent where name = 'b') where name = 'd'`); err != nil {
			return err
		}
		var walk func(id int64) error
		walk = func(id int64) error {
			rows, err := tx.Query(`select id, name from parent where note = ? order by id`, fmt.Sprint(id))
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id int64
				var name string
				if err := rows.Scan(&id, &name); err != nil {
					return err
				}
				walked = append(walked, name)
				if err := walk(id); err != nil {
					return err
				}
			}
			return rows.Err()
		}
		return walk(root)
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "walked", walked, []string{"b", "d", "c"})
}

func TestRowsLeftOpenAreClosed(t *testing.T) {
	t.Parallel()
	o := defaults(t, db.Options{})
	e := open(t, o)
	if err := e.Write(t.Context(), func(tx *db.Tx) error {
		return errors.Join(insertOnce("a")(tx), insertOnce("b")(tx))
	}); err != nil {
		t.Fatal(err)
	}
	var left *sql.Rows
	if err := e.Write(t.Context(), func(tx *db.Tx) (err error) {
		left, err = tx.Query(`select key from once`)
		left.Next()
		return errors.Join(err, insertOnce("c")(tx))
	}); err != nil {
		t.Fatal(err)
	}
	if left.Next() {
		t.Error("rows of a closure outlive it")
	}
	// Were they open, this could not empty the log.
	if err := e.OnWriter("pragma wal_checkpoint(truncate)"); err != nil || e.Stats().WALBytes != 0 {
		t.Errorf("WAL of %d bytes, %v; want it empty", e.Stats().WALBytes, err)
	}
}

func TestTxEndsWithItsClosure(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	var kept *db.Tx
	if err := e.Write(t.Context(), func(tx *db.Tx) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Exec(`insert into once values ('late')`); db.KindOf(err) != db.KindMisuse {
		t.Errorf("error %v, want a refusal", err)
	}
	if got := count(t, e, "once"); got != 0 {
		t.Errorf("%d rows were stored outside a transaction", got)
	}
}

func TestStatementsAreBounded(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	for i := range db.MaxStatements + 100 {
		text := fmt.Sprintf(`/* %d */ select count(*) from once`, i)
		err := e.Write(t.Context(), func(tx *db.Tx) error { return tx.QueryRow(text).Scan(new(int)) })
		if err != nil {
			t.Fatal(err)
		}
		if err := e.QueryRow(t.Context(), text).Scan(new(int)); err != nil {
			t.Fatal(err)
		}
	}
	if n := e.CachedStatements(); n > db.MaxStatements {
		t.Errorf("%d statements are kept, bound %d", n, db.MaxStatements)
	}
}

func TestErrorsNeverQuoteValues(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	secret := "010-1234-5678"
	if err := e.Write(t.Context(), insertOnce(secret)); err != nil {
		t.Fatal(err)
	}
	err := e.Write(t.Context(), insertOnce(secret))
	if !db.IsUnique(err) || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v, want unique without the value", err)
	}
}
