package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What the tests read of the JSON API. Fields are named as documented, so a renamed one fails here.
type ticket struct {
	Number        string
	State         string
	Subject       string
	FollowUpOn    *string `json:"follow_up_on"`
	AwaitingSince *string `json:"awaiting_since"`
	ReceivedAt    string  `json:"received_at"`
	Department    *struct{ Name string }
	Messages      []message
}

type message struct {
	ID       int64
	Kind     string
	Text     string
	Files    []file
	Delivery *delivery
}

type file struct {
	Name, Type string
	Size       int64
	URL        *string
}

type delivery struct {
	State    string
	Route    *string
	Reason   string
	Attempts []struct{ Route, Outcome, Reason string }
}

func (d *delivery) String() string {
	if d == nil {
		return "none"
	}
	route := "none"
	if d.Route != nil {
		route = *d.Route
	}
	return fmt.Sprintf("%s by %s, reason %q, attempts %v", d.State, route, d.Reason, d.Attempts)
}

func (d *delivery) is(state, route string) bool {
	return d != nil && d.State == state && (route == "" || d.Route != nil && *d.Route == route)
}

// ticket reads one case.
func (s *server) ticket(number string) ticket {
	s.t.Helper()
	var t ticket
	s.call("GET", "/api/v1/tickets/"+number, nil, &t)
	return t
}

// tickets reads the whole list, page by page.
func (s *server) tickets(sort string) []ticket {
	s.t.Helper()
	var list []ticket
	for cursor := ""; ; {
		q := url.Values{"limit": {"200"}, "sort": {sort}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		var page struct {
			Tickets []ticket
			Next    *string
		}
		s.call("GET", "/api/v1/tickets?"+q.Encode(), nil, &page)
		list = append(list, page.Tickets...)
		if page.Next == nil {
			return list
		}
		cursor = *page.Next
	}
}

// message finds the message of a case by its id.
func (s *server) message(number string, id int64) message {
	s.t.Helper()
	t := s.ticket(number)
	i := slices.IndexFunc(t.Messages, func(m message) bool { return m.ID == id })
	if i < 0 {
		s.t.Fatalf("case %s has no message %d", number, id)
	}
	return t.Messages[i]
}

// reply answers a case as an operator.
func (s *server) reply(number, text string) message {
	s.t.Helper()
	var m message
	s.callAs(cmp.Or(s.staff, s.token), "POST", "/api/v1/tickets/"+number+"/messages", map[string]string{"kind": "reply", "text": text}, &m)
	if m.Kind != "reply" || m.Text != text || m.Delivery == nil {
		s.t.Fatalf("the reply came back as %+v", m)
	}
	return m
}

// reaches waits until the message's delivery is in the state, by the route unless that is empty.
func (s *server) reaches(number string, id int64, state, route string) delivery {
	s.t.Helper()
	var d *delivery
	eventually(s.t, fmt.Sprintf("message %d of %s is %s by %q", id, number, state, route), func() (string, bool) {
		d = s.message(number, id).Delivery
		return d.String(), d.is(state, route)
	})
	return *d
}

// lines are the automatic messages of a case that contain the words.
func (t ticket) lines(words string) []message {
	return slices.DeleteFunc(slices.Clone(t.Messages), func(m message) bool { return m.Kind != "auto" || !strings.Contains(m.Text, words) })
}

type occurrence struct {
	Job          string
	ScheduledFor string `json:"scheduled_for"`
	Outcome      string
}

// clock moves the demo's clock to a time of Seoul such as 2026-09-28T09:00:30.
func (s *server) clock(at string) []occurrence {
	s.t.Helper()
	return s.move(map[string]string{"now": at + "+09:00"})
}

// advance moves the demo's clock on.
func (s *server) advance(by time.Duration) []occurrence {
	s.t.Helper()
	return s.move(map[string]string{"advance": by.String()})
}

func (s *server) move(body map[string]string) []occurrence {
	s.t.Helper()
	var out struct {
		Now string
		Ran []occurrence
	}
	s.call("POST", "/demo/clock", body, &out)
	if _, err := time.Parse(time.RFC3339, out.Now); err != nil {
		s.t.Fatalf("the clock says %q", out.Now)
	}
	return out.Ran
}

type status struct {
	Now        string
	Deliveries map[string]int
	Quarantine int
	Jobs       []struct {
		ID   string
		Last *struct {
			ScheduledFor string `json:"scheduled_for"`
			Outcome      string
		}
		Next string
	}
}

func (s *server) status() status {
	s.t.Helper()
	var st status
	s.call("GET", "/api/v1/status", nil, &st)
	return st
}

// job is the last run of a job.
func (s *server) job(id string) occurrence {
	s.t.Helper()
	for _, j := range s.status().Jobs {
		if j.ID == id && j.Last != nil {
			return occurrence{id, j.Last.ScheduledFor, j.Last.Outcome}
		}
	}
	return occurrence{Job: id}
}

// moving are the deliveries of a case that have not come to rest; those that Kakao has accepted wait for its word.
func (t ticket) moving(accepted bool) (states []string) {
	for _, m := range t.Messages {
		if d := m.Delivery; d != nil && (slices.Contains([]string{"queued", "sending", "offered"}, d.State) || accepted && d.State == "accepted") {
			states = append(states, d.State)
		}
	}
	return states
}

// rest waits until nothing of the case is on the move: what has not been sent by then will not be for this instant.
func (s *server) rest(number string) {
	s.t.Helper()
	eventually(s.t, "nothing of "+number+" waits to be sent", func() (string, bool) {
		states := s.ticket(number).moving(false)
		return fmt.Sprint(states), len(states) == 0
	})
}

// settle lets the clock run over the polls of what Kakao has accepted, until every result of the case is known.
func (s *server) settle(number string) {
	s.t.Helper()
	eventually(s.t, "every delivery of "+number+" has its result", func() (string, bool) {
		states := s.ticket(number).moving(true)
		if len(states) > 0 && !slices.Contains(states, "sending") && !slices.Contains(states, "offered") {
			s.advance(2 * time.Second)
		}
		return fmt.Sprint(states), len(states) == 0
	})
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of the test's own making
	}
	return b
}
