package db

import (
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"
)

// driverName is what modernc.org/sqlite registers.
const driverName = "sqlite"

// Page caches in KiB and the WAL's size after a restart (perf.md A6).
const (
	writerCache = "-24576"
	readerCache = "-8192"
	walLimit    = "67108864"
)

// prepareProcess sets the driver's process-wide switches once.
var prepareProcess = sync.OnceFunc(func() {
	// As durable as fsync, about half the commit time on ext4 (go-deps.md §1.2).
	// Where the system has no fdatasync the driver says so and keeps fsync.
	_, _ = sqlite.Fdatasync(true)
	sqlite.StrictPragmas(true)
})

// dsn builds a connection string; the busy time-out stands first because every
// later PRAGMA may already have to wait. Pairs are "key=value", values of ours.
func dsn(path string, pairs ...string) string {
	slash := filepath.ToSlash(path)
	if !strings.HasPrefix(slash, "/") {
		slash = "/" + slash // C:/data → file:/C:/data
	}
	// "file:" is needed: without it SQLite drops its own keys silently (go-deps.md §1.2).
	return "file:" + (&url.URL{Path: slash}).EscapedPath() + "?" + strings.Join(pairs, "&")
}

func common(busy, cache string) []string {
	return []string{
		"_busy_timeout=" + busy,
		"_journal_mode=WAL",
		"_synchronous=FULL",
		"_foreign_keys=1",
		"_dqs=0",
		"_defensive=1",
		"_pragma=cache_size(" + cache + ")",
		"_pragma=temp_store(MEMORY)",
		"_pragma=secure_delete(1)",
		"_pragma=journal_size_limit(" + walLimit + ")",
		"_pragma=wal_autocheckpoint(0)",
	}
}

func writerDSN(path string) string {
	return dsn(path, append(common("5000", writerCache), "_txlock=immediate")...)
}

func readerDSN(path string) string {
	return dsn(path, append(common("5000", readerCache), "_query_only=1")...)
}

// keeperDSN is for the checkpoint connection. It waits only briefly for readers
// because the writer may be standing still meanwhile.
func keeperDSN(path string) string {
	return dsn(path, common("100", "-2000")...)
}

// inspectDSN looks at a file that may not be ours, without changing its journal mode.
func inspectDSN(path string) string {
	return dsn(path, "_busy_timeout=5000", "mode=rw", "_defensive=1", "_query_only=1")
}
