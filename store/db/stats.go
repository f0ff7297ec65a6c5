package db

import (
	"os"
	"slices"
	"sync"
	"time"
)

// Stats is what the engine knows of itself, since it was opened.
type Stats struct {
	Batches   uint64        // transactions committed
	Writes    uint64        // closures stored
	Failed    uint64        // closures answered with an error
	Rerun     uint64        // closures run a second time after SQLite gave up a transaction
	MeanBatch float64       // closures per transaction
	CommitP50 time.Duration // of the last 512 COMMITs
	CommitP99 time.Duration
	QueueLen  int   // writes that wait now
	DBBytes   int64 // size of the database file
	WALBytes  int64 // size of its write-ahead log
	LastError string
	LastAt    time.Time // of LastError; zero without one
}

// counters are written by the writer and the keeper, read by Stats.
type counters struct {
	mu      sync.Mutex
	s       Stats
	recent  [512]time.Duration
	samples int
}

func (c *counters) committed(writes int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Batches++
	c.s.Writes += uint64(writes)
	c.recent[c.samples%len(c.recent)] = max(took, 0) // a clock set back is no measurement
	c.samples++
}

func (c *counters) settled(rs []*request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range rs {
		if r.err != nil {
			c.s.Failed++
		}
	}
}

func (c *counters) rerun(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Rerun += uint64(n)
}

func (c *counters) fault(at time.Time, op string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.LastError, c.s.LastAt = op+": "+err.Error(), at
}

// Stats gives the numbers for the system page and /metrics.
func (e *Engine) Stats() Stats {
	e.stats.mu.Lock()
	s := e.stats.s
	recent := slices.Clone(e.stats.recent[:min(e.stats.samples, len(e.stats.recent))])
	e.stats.mu.Unlock()

	if n := len(recent); n > 0 {
		slices.Sort(recent)
		s.CommitP50, s.CommitP99 = recent[n/2], recent[n*99/100]
	}
	if s.Batches > 0 {
		s.MeanBatch = float64(s.Writes) / float64(s.Batches)
	}
	s.QueueLen = e.QueueLen()
	s.DBBytes = fileSize(e.o.Path)
	s.WALBytes = fileSize(e.o.Path + "-wal")
	return s
}

// fileSize asks the folder. The file itself is never opened: closing it again would
// drop SQLite's POSIX locks (go-deps.md §1.2).
func fileSize(path string) int64 {
	fi, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return fi.Size()
}
