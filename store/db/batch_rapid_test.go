package db_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"toktok/store/db"
)

// TestAnyBatch holds the promise of Write against every mixture of closures that
// stand in one batch: stored is exactly what was answered with nil, once, and
// AfterCommit ran for exactly these, in order.
func TestAnyBatch(t *testing.T) {
	t.Parallel()
	dir, file := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		file++
		e, err := db.Open(t.Context(), db.Options{
			Path: filepath.Join(dir, fmt.Sprint(file)), Migrations: os.DirFS("testdata/migrations"), Now: stopped,
		})
		if err != nil {
			rt.Fatal(err)
		}
		defer e.Close()
		if err := e.Write(t.Context(), insertOnce("taken")); err != nil {
			rt.Fatal(err)
		}
		ends := rapid.SliceOfN(rapid.SampledFrom([]string{
			"ok", "ok", "ok", "error", "panic", "constraint", "abort", "overlooked abort", "deferred",
		}), 1, 12).Draw(rt, "ends")

		var told []string
		release := hold(t, e)
		waits := make([]func() error, len(ends))
		for i, end := range ends {
			key := fmt.Sprintf("%02d", i)
			waits[i] = e.Enqueue(func(tx *db.Tx) error {
				tx.AfterCommit(func() { told = append(told, key) })
				if err := insertOnce(key)(tx); err != nil {
					return err
				}
				switch end {
				case "error":
					return errors.New("no")
				case "panic":
					panic("no")
				case "constraint":
					return insertOnce("taken")(tx)
				case "abort":
					_, err := tx.Exec(`insert or rollback into once values ('taken')`)
					return err
				case "overlooked abort":
					tx.Exec(`insert or rollback into once values ('taken')`)
				case "deferred":
					_, err := tx.Exec(`insert into item (parent, at) values (99, 1)`)
					return err
				}
				return nil
			})
		}
		release()

		want := []string{"taken"}
		for i, wait := range waits {
			if err := wait(); err == nil {
				if ends[i] != "ok" {
					rt.Errorf("closure %d (%s) was acknowledged", i, ends[i])
				}
				want = append(want, fmt.Sprintf("%02d", i))
			} else if ends[i] == "ok" && !slices.Contains(ends, "deferred") {
				rt.Errorf("closure %d was refused although nothing can fail its COMMIT: %v", i, err)
			}
		}
		got := stored(t, e)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("stored (-acknowledged +stored):\n%s", diff)
		}
		told = append(told, "taken")
		if diff := cmp.Diff(want, told); diff != "" {
			rt.Errorf("told after commit (-acknowledged +told):\n%s", diff)
		}
	})
}
