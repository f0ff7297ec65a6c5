package simulator

import (
	"slices"
	"time"

	"toktok/store/kakao/skill"
)

// Directions of an Exchange.
const (
	ToSkill     = "skill" // Kakao calls the webhook
	FromService = "api"   // the service calls Kakao
	FromMedia   = "media" // the service fetches a photo
)

// Exchange is one HTTP request with Kakao's verdict. It holds citizens' words, but of made-up people only, and is
// never written to the log file.
type Exchange struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"` // wall clock
	Direction string          `json:"direction"`
	Method    string          `json:"method"`
	URL       string          `json:"url"`
	RequestID string          `json:"request_id,omitempty"`
	Citizen   string          `json:"citizen,omitempty"`
	Status    int             `json:"status"` // 0 = no answer
	TookMS    int64           `json:"took_ms"`
	Verdict   string          `json:"verdict"`
	Reason    string          `json:"reason,omitempty"`
	Problems  []skill.Problem `json:"problems,omitempty"`
	Request   string          `json:"request,omitempty"`
	Response  string          `json:"response,omitempty"`
}

// Log returns the last exchanges, oldest first.
func (s *Simulator) Log() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *Simulator) record(x Exchange) {
	s.mu.Lock()
	x.ID, x.At = s.nextIDLocked(), s.opt.Now()
	s.log = append(s.log, x)
	if n := len(s.log) - maxLog; n > 0 {
		s.log = slices.Delete(s.log, 0, n)
	}
	s.mu.Unlock()
	s.opt.Log.Debug("exchange", "direction", x.Direction, "status", x.Status, "took_ms", x.TookMS, "request_id", x.RequestID, "problems", len(x.Problems))
	s.notify(notice{Topic: "log"})
}

// notice tells the page what to fetch again.
type notice struct {
	Topic   string `json:"topic"` // screen, state, faults, log
	Citizen string `json:"citizen,omitempty"`
}

// notify never waits: a watcher that is too far behind is cut off, comes back by itself and fetches everything.
func (s *Simulator) notify(n notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch := range s.watchers {
		select {
		case ch <- n:
		default:
			delete(s.watchers, ch)
			close(ch)
		}
	}
}

func (s *Simulator) watch() (ch chan notice, stop func()) {
	ch = make(chan notice, 256)
	s.mu.Lock()
	s.watchers[ch] = struct{}{}
	s.mu.Unlock()
	return ch, func() {
		s.mu.Lock()
		delete(s.watchers, ch)
		s.mu.Unlock()
	}
}
