package db_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"toktok/store/db"
)

// TestMain lets a test start this binary again as another process (see child).
func TestMain(m *testing.M) {
	switch role, arg, _ := strings.Cut(os.Getenv("DB_TEST_CHILD"), " "); role {
	case "":
		os.Exit(m.Run())
	case "lock":
		os.Exit(holdLock(arg))
	case "write":
		os.Exit(writeForever(arg))
	}
}

// child starts this binary in a role and gives its output line by line; it is killed
// (SIGKILL) by kill or with the test.
func child(t *testing.T, role string) (lines *bufio.Scanner, pid int, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DB_TEST_CHILD="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // its end of input is our end
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(kill)
	return bufio.NewScanner(out), cmd.Process.Pid, kill
}

// open gives an engine on a fresh file with the schema of testdata, closed with the test.
func open(tb testing.TB, o db.Options) *db.Engine {
	tb.Helper()
	o = defaults(tb, o)
	e, err := db.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return e
}

func defaults(tb testing.TB, o db.Options) db.Options {
	o.Path = cmp.Or(o.Path, filepath.Join(tb.TempDir(), "t.db"))
	if o.Migrations == nil {
		o.Migrations = os.DirFS("testdata/migrations")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func TestFirstOpenAndReopen(t *testing.T) {
	t.Parallel()
	o := defaults(t, db.Options{})
	for i := range 2 {
		e, err := db.Open(t.Context(), o)
		if err != nil {
			t.Fatalf("open %d: %v", i, err)
		}
		if err := e.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into parent (name, note) values (?, 'n')`, fmt.Sprint("p", i))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got, want := count(t, e, "parent"), i+1; got != want {
			t.Errorf("open %d: %d rows, want %d", i, got, want)
		}
		if err := e.Close(); err != nil {
			t.Fatalf("close %d: %v", i, err)
		}
		if fi, err := os.Stat(o.Path); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("mode of the file: %v, %v; want 0600", fi.Mode(), err)
		}
		if _, err := os.Stat(o.Path + "-wal"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the WAL is still there after Close: %v", err)
		}
	}
}

func TestStrangePaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"민원 자료", "a b", "50%41", "q?x=1", "hash#1", "semi;colon,comma&and=+"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), name, name+".db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			e := open(t, db.Options{Path: path})
			if err := e.Write(t.Context(), insertOnce("a")); err != nil {
				t.Fatal(err)
			}
			if got := count(t, e, "once"); got != 1 {
				t.Errorf("%d rows, want 1", got)
			}
			if fi, err := os.Stat(path); err != nil || fi.Size() == 0 {
				t.Errorf("no database at %q: %v", path, err)
			}
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	o := defaults(t, db.Options{})
	e, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	before, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	base, err := os.ReadFile("testdata/migrations/00001_base.sql")
	if err != nil {
		t.Fatal(err)
	}
	o.Migrations = fstest.MapFS{"00001_base.sql": {Data: base}}
	_, err = db.Open(t.Context(), o)
	if !errors.Is(err, db.ErrNewer) {
		t.Fatalf("error %v, want ErrNewer", err)
	}
	if !strings.Contains(err.Error(), "schema 2, this one knows up to 1") {
		t.Errorf("the message does not say which versions: %v", err)
	}
	if after, _ := os.ReadFile(o.Path); !bytes.Equal(before, after) {
		t.Error("the refused file was changed")
	}
}

func TestFailedMigrationLeavesTheOldSchema(t *testing.T) {
	t.Parallel()
	o := defaults(t, db.Options{})
	e, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	good := o.Migrations
	files := fstest.MapFS{"00003_bad.sql": {Data: []byte("-- +goose Up\ncreate table half (id integer primary key) strict;\ninsert into nowhere values (1);\n")}}
	for _, name := range []string{"00001_base.sql", "00002_note.sql"} {
		text, err := os.ReadFile(filepath.Join("testdata/migrations", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	o.Migrations = files
	if _, err := db.Open(t.Context(), o); db.KindOf(err) != db.KindMigration {
		t.Fatalf("error %v, want a migration error", err)
	}
	o.Migrations = good
	e = open(t, o)
	var n int
	if err := e.QueryRow(t.Context(), `select count(*) from sqlite_schema where name = 'half'`).Scan(&n); err != nil || n != 0 {
		t.Errorf("half a migration stayed: %d tables, %v", n, err)
	}
}

func TestForeignAndDamagedFilesAreRefused(t *testing.T) {
	t.Parallel()
	ours := func(t *testing.T, path string) []byte {
		e, err := db.Open(t.Context(), defaults(t, db.Options{Path: path}))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			if err := e.Write(t.Context(), insertItem(i, strings.Repeat("x", 2000))); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, tt := range []struct {
		name string
		want error
		make func(t *testing.T, path string) []byte
	}{
		{"another program's", db.ErrForeign, func(t *testing.T, path string) []byte {
			text := ours(t, path)
			copy(text[68:], []byte{0, 0, 0, 7}) // application id, https://www.sqlite.org/fileformat2.html §1.3
			return text
		}},
		{"without a name but with tables", db.ErrForeign, func(t *testing.T, path string) []byte {
			text := ours(t, path)
			copy(text[68:], []byte{0, 0, 0, 0})
			return text
		}},
		{"text", db.ErrCorrupt, func(*testing.T, string) []byte { return []byte(strings.Repeat("not a database\n", 100)) }},
		{"half a file", db.ErrCorrupt, func(t *testing.T, path string) []byte {
			text := ours(t, path)
			return text[:len(text)/2/4096*4096]
		}},
		{"pages of zeros", db.ErrCorrupt, func(t *testing.T, path string) []byte {
			text := ours(t, path)
			clear(text[4096*10 : 4096*60])
			return text
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "t.db")
			before := tt.make(t, path)
			if err := os.WriteFile(path, before, 0o600); err != nil {
				t.Fatal(err)
			}
			e, err := db.Open(t.Context(), defaults(t, db.Options{Path: path}))
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if err == nil {
				e.Close()
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the refused file was changed")
			}
		})
	}
}

func TestOpenWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	_, err := db.Open(t.Context(), defaults(t, db.Options{Path: filepath.Join(t.TempDir(), "missing", "t.db")}))
	if !errors.Is(err, db.ErrReadOnly) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want ErrReadOnly with the system's cause", err)
	}
}

func TestPragmasOnEveryConnection(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{Readers: 3})
	want := map[string]string{
		"busy_timeout": "5000", "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
		"temp_store": "2", "secure_delete": "1", "journal_size_limit": "67108864", "wal_autocheckpoint": "0",
	}
	check := func(who string, read func(name string) (string, error), own map[string]string) {
		for _, set := range []map[string]string{want, own} {
			for name, value := range set {
				if got, err := read(name); err != nil || got != value {
					t.Errorf("%s: %s = %q, %v; want %q", who, name, got, err, value)
				}
			}
		}
	}
	check("writer", e.WriterPragma, map[string]string{"cache_size": "-24576", "query_only": "0"})
	for i := range 3 { // held until the test ends, so each is another connection
		conn, err := e.Reader().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		check(fmt.Sprint("reader ", i), func(name string) (v string, err error) {
			return v, conn.QueryRowContext(t.Context(), "pragma "+name).Scan(&v)
		}, map[string]string{"cache_size": "-8192", "query_only": "1"})
		// _dqs=0: a wrong column in double quotes is an error and not a text.
		if _, err := conn.ExecContext(t.Context(), `select "no such column"`); err == nil {
			t.Errorf("reader %d: double quotes make a text", i)
		}
		// _defensive=1: the schema cannot be edited by hand.
		if _, err := conn.ExecContext(t.Context(), `pragma writable_schema = on`); err != nil {
			t.Error(err)
		}
		var on int
		if err := conn.QueryRowContext(t.Context(), `pragma writable_schema`).Scan(&on); err != nil || on != 0 {
			t.Errorf("reader %d: writable_schema = %d, %v; want 0", i, on, err)
		}
	}
}

func TestReaderCannotWrite(t *testing.T) {
	t.Parallel()
	e := open(t, db.Options{})
	_, err := e.Reader().Exec(`insert into once values ('a')`)
	if db.KindOf(err) != db.KindReadOnly {
		t.Errorf("Exec on the pool: %v, want read-only", err)
	}
	var key string
	err = e.QueryRow(t.Context(), `insert into once values ('b') returning key`).Scan(&key)
	if !errors.Is(err, db.ErrReadOnly) {
		t.Errorf("QueryRow: %v, want ErrReadOnly", err)
	}
	if got := count(t, e, "once"); got != 0 {
		t.Errorf("%d rows were written by readers", got)
	}
}

func TestCloseCarriesOutWhatWaits(t *testing.T) {
	t.Parallel()
	o := defaults(t, db.Options{})
	e, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, e)
	var waits []func() error
	for i := range 20 {
		waits = append(waits, e.Enqueue(insertOnce(fmt.Sprint(i))))
	}
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	release()
	for i, wait := range waits {
		if err := wait(); err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if err := e.Write(t.Context(), insertOnce("late")); !errors.Is(err, db.ErrClosed) {
		t.Errorf("write after Close: %v, want ErrClosed", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if got := count(t, open(t, o), "once"); got != 20 {
		t.Errorf("%d rows, want 20", got)
	}
}

// writeForever is a child that writes and says what was acknowledged, until it is killed.
func writeForever(path string) int {
	e, err := db.Open(context.Background(), db.Options{Path: path, Migrations: os.DirFS("testdata/migrations"), Now: time.Now, Log: slog.Default()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", w, i)
				if err := e.Write(context.Background(), insertOnce(key)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				out.Lock()
				fmt.Println(key)
				out.Unlock()
			}
		})
	}
	wg.Wait()
	return 1
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.db")
	acknowledged := 0
	for round := range 3 {
		lines, _, kill := child(t, "write "+path)
		var keys []string
		for lines.Scan() {
			keys = append(keys, lines.Text())
			if len(keys) == 300*(round+1) {
				kill() // what it still said is read below
			}
		}
		kill()
		if len(keys) < 300 {
			t.Fatalf("round %d: the child ended after %d writes", round, len(keys))
		}
		e, err := db.Open(t.Context(), defaults(t, db.Options{Path: path}))
		if err != nil {
			t.Fatalf("round %d: open after the kill: %v", round, err)
		}
		for _, key := range keys {
			var n int
			if err := e.QueryRow(t.Context(), `select count(*) from once where key = ?`, key).Scan(&n); err != nil || n != 1 {
				t.Fatalf("round %d: acknowledged %s is stored %d times, %v", round, key, n, err)
			}
		}
		acknowledged += len(keys)
		if err := e.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from once`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d acknowledged writes, none lost", acknowledged)
}
