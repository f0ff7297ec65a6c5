package store

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Status is what an officer asks first: what waits, what is on its way, what went wrong, and how much room is left.
type Status struct {
	Queues     map[State]int  // cases by state
	Awaiting   int            // cases whose citizens wait for an answer
	Deliveries map[string]int // by state, all that ever were
	Quarantine int            // bodies nobody has looked at
	Oldest     time.Time      // of those; zero = none
	CallTasks  int            // citizens to be called
	Storage    Storage
	NewestIn   time.Time // last thing a citizen sent, in KST; zero = none in the last days
}

// Storage is in bytes.
type Storage struct {
	Database int64
	WAL      int64
	Files    int64
	Free     int64 // of the disk; -1 = not known
}

// Status reads counters and a few indexed rows; it may be asked every few seconds.
func (s *DB) Status(ctx context.Context, who Actor) (_ Status, err error) {
	defer wrap(&err, "store.Status")
	if who.Role != RoleSystem && !who.Can(MaySee) {
		return Status{}, forbidden()
	}
	c, err := s.Counts(ctx, Actor{Role: RoleSystem})
	if err != nil {
		return Status{}, err
	}
	st := Status{Queues: make(map[State]int, len(States)), Awaiting: c.Awaiting, Deliveries: make(map[string]int, len(deliverySteps))}
	for _, state := range States {
		st.Queues[state] = c.Of(state)
	}
	for state := range deliverySteps {
		if state != "" {
			st.Deliveries[state] = 0
		}
	}
	r := s.read(ctx)
	rows, err := all(r, scanCounter, `/* Status */ select name, value from counters where name >= 'delivery:' and name < 'delivery;'`)
	if err != nil {
		return Status{}, err
	}
	for _, row := range rows {
		st.Deliveries[strings.TrimPrefix(row.name, "delivery:")] += row.value
	}
	err = r.QueryRow(`/* Status */ select (select count(*) from quarantine where handled_at is null), (select min(at) from quarantine where handled_at is null),
		(select count(*) from call_tasks where done_at is null), (select at from journal order by id desc limit 1)`).
		Scan(&st.Quarantine, instant{&st.Oldest}, &st.CallTasks, instant{&st.NewestIn})
	if err != nil {
		return Status{}, err
	}
	st.Storage, err = s.storage(r)
	return st, err
}

// diskUse remembers the sum over the files: it is the one figure that has to look at every row.
type diskUse struct {
	mu    sync.Mutex
	files int64
	at    time.Time
}

const diskUseAge = time.Minute

func (s *DB) storage(r reader) (Storage, error) {
	engine := s.engine.Stats()
	st := Storage{Database: engine.DBBytes, WAL: engine.WALBytes, Free: freeSpace(s.dir)}
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	if now := s.Real(); s.disk.at.IsZero() || now.Sub(s.disk.at) >= diskUseAge {
		var n int64
		if err := r.QueryRow(`/* storage */ select coalesce(sum(size), 0) from files where state = 'ready'`).Scan(&n); err != nil {
			return st, err
		}
		s.disk.files, s.disk.at = n, now
	}
	st.Files = s.disk.files
	return st, nil
}
