package db

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// LockFile is the held lock of a data folder.
type LockFile struct{ f *os.File }

// HeldError says who holds the lock of a data folder.
type HeldError struct {
	PID   int       // 0 when the holder has not written it yet
	Since time.Time // when the holder took it, by the file system's clock
}

// Error implements error.
func (e *HeldError) Error() string {
	return fmt.Sprintf("db: the data folder is in use by process %d since %s", e.PID, e.Since.Format(time.RFC3339))
}

// errHeld is what the systems' lockExclusive gives when another process has the lock.
var errHeld = errors.New("held")

// Lock takes dir/lock for this process, or fails at once with a [*HeldError]. The
// kernel frees it when the process ends, however it ends.
func Lock(dir string) (*LockFile, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &Error{Kind: KindReadOnly, Op: "lock", Err: err}
	}
	switch err := lockExclusive(f); {
	case errors.Is(err, errHeld):
		held := readHolder(f)
		f.Close()
		return nil, held
	case err != nil:
		f.Close()
		return nil, &Error{Kind: KindIO, Op: "lock", Err: err}
	}
	// The number and the file's time are for people; the lock is the kernel's.
	if err := writeHolder(f); err != nil {
		f.Close()
		return nil, &Error{Kind: KindIO, Op: "lock", Err: err}
	}
	return &LockFile{f}, nil
}

// Close gives the lock back. The file stays: removing it would let two processes
// hold locks on two files of one name.
func (l *LockFile) Close() error { return l.f.Close() }

func writeHolder(f *os.File) error {
	text := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}

func readHolder(f *os.File) *HeldError {
	held := &HeldError{}
	if fi, err := f.Stat(); err == nil {
		held.Since = fi.ModTime()
	}
	text := make([]byte, 32)
	n, _ := f.ReadAt(text, 0) // io.EOF is the ordinary end
	held.PID, _ = strconv.Atoi(strings.TrimSpace(string(text[:n])))
	return held
}
