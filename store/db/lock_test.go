package db_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"toktok/store/db"
)

// holdLock is a child that holds the lock until its input ends.
func holdLock(dir string) int {
	l, err := db.Lock(dir)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer l.Close()
	fmt.Println("locked")
	bufio.NewReader(os.Stdin).ReadString('\n')
	return 0
}

func TestLockOutlivesNoKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from := time.Now().Add(-time.Minute)
	lines, pid, kill := child(t, "lock "+dir)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatalf("the child said %q", lines.Text())
	}
	_, err := db.Lock(dir)
	held, ok := errors.AsType[*db.HeldError](err)
	if !ok {
		t.Fatalf("a second holder got %v, want HeldError", err)
	}
	if held.PID != pid {
		t.Errorf("held by %d, want %d", held.PID, pid)
	}
	if held.Since.Before(from) || held.Since.After(time.Now().Add(time.Minute)) {
		t.Errorf("held since %v, want about now", held.Since)
	}
	kill()
	l, err := db.Lock(dir)
	if err != nil {
		t.Fatalf("after kill -9: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := db.Lock(dir)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	again.Close()
}

func TestLockTwiceInOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := db.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held, ok := errors.AsType[*db.HeldError](second(db.Lock(dir)))
	if !ok || held.PID != os.Getpid() {
		t.Errorf("got %+v, want held by %d", held, os.Getpid())
	}
}

func second[T any](_ T, err error) error { return err }
