package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// phone is a citizen of the demo's own KakaoTalk, reached as its page does.
type phone struct {
	s  *server
	id string
}

type phoneInfo struct {
	ID, Name, Key             string
	Friend, Blocked, Callback bool
}

type turn struct {
	Bubbles      []phoneBubble
	QuickReplies []struct{ Label string } `json:"quick_replies"`
	Waiting      bool
	Status       int
	Refused      string
}

type phoneBubble struct {
	From, Via, Kind, Title, Text, Unseen string
}

func (s *server) phones() []phoneInfo {
	s.t.Helper()
	var out struct{ Citizens []phoneInfo }
	s.call("GET", "/simulator/api/citizens", nil, &out)
	return out.Citizens
}

// phone makes a citizen with a phone.
func (s *server) phone(name string, friend bool) *phone {
	s.t.Helper()
	var info phoneInfo
	s.call("POST", "/simulator/api/citizens", map[string]any{"name": name, "friend": friend}, &info)
	return &phone{s, info.ID}
}

func (p *phone) path(what string) string { return "/simulator/api/citizens/" + p.id + what }

// say types into the chat room; the answer has to be shown.
func (p *phone) say(text string) turn {
	p.s.t.Helper()
	return p.do("/say", map[string]string{"text": text})
}

func (p *phone) do(what string, body any) turn {
	p.s.t.Helper()
	var got turn
	p.s.call("POST", p.path(what), body, &got)
	if got.Refused != "" {
		p.s.t.Fatalf("KakaoTalk showed nothing: %s", got.Refused)
	}
	return got
}

func (p *phone) set(flag, key string, on bool) {
	p.s.t.Helper()
	p.s.call("POST", p.path("/"+flag), map[string]bool{key: on}, nil)
}

func (p *phone) screen() []phoneBubble {
	p.s.t.Helper()
	var out struct{ Bubbles []phoneBubble }
	p.s.call("GET", p.path("/screen"), nil, &out)
	return out.Bubbles
}

// times is how often the bot showed the words, by which ways.
func (p *phone) times(words string) (n int, ways []string) {
	p.s.t.Helper()
	for _, b := range p.screen() {
		if c := strings.Count(b.Title+"\n"+b.Text, words); c > 0 && b.From == "bot" {
			n += c
			ways = append(ways, b.Via)
		}
	}
	return n, ways
}

// photo sends pictures; secure takes them through the secure image plugin.
func (p *phone) photo(secure bool, pictures ...[]byte) turn {
	p.s.t.Helper()
	var form bytes.Buffer
	const boundary = "e2e-boundary"
	for i, picture := range pictures {
		fmt.Fprintf(&form, "--%s\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"%d.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n", boundary, i)
		form.Write(picture)
		form.WriteString("\r\n")
	}
	fmt.Fprintf(&form, "--%s--\r\n", boundary)
	path := p.path("/photo")
	if secure {
		path += "?" + url.Values{"secure": {"1"}}.Encode()
	}
	req, err := http.NewRequest(http.MethodPost, p.s.ready.URL+path, &form)
	if err != nil {
		p.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	a, err := send(req)
	var got turn
	if err != nil || a.status != http.StatusOK || json.Unmarshal(a.body, &got) != nil || got.Refused != "" {
		p.s.t.Fatalf("photo: %d %s %v", a.status, a.body, err)
	}
	return got
}

func (t turn) texts() []string {
	var list []string
	for _, b := range t.Bubbles {
		list = append(list, strings.TrimPrefix(b.Title+"\n"+b.Text, "\n"))
	}
	return list
}

// fault switches one of KakaoTalk's troubles on for so many calls; -1 until it is switched off, 0 off.
func (s *server) fault(name string, count int) {
	s.t.Helper()
	s.call("POST", "/simulator/api/faults", map[string]any{"fault": name, "count": count}, nil)
}

type exchange struct {
	Direction, Method, URL, Citizen, Verdict, Reason string
	Status                                           int
}

// exchanges are the calls between KakaoTalk and the server of that direction and address.
func (s *server) exchanges(direction, in string) []exchange {
	s.t.Helper()
	var out struct{ Log []exchange }
	s.call("GET", "/simulator/api/log", nil, &out)
	return slices.DeleteFunc(out.Log, func(x exchange) bool { return x.Direction != direction || !strings.Contains(x.URL, in) })
}

// until lets the demo's clock run in steps until the message's delivery is in the state.
func (s *server) until(number string, id int64, state string, step, limit time.Duration) delivery {
	s.t.Helper()
	var d *delivery
	var gone time.Duration
	eventually(s.t, fmt.Sprintf("message %d of %s is %s within %s", id, number, state, limit), func() (string, bool) {
		d = s.message(number, id).Delivery
		if d.is(state, "") {
			return "", true
		}
		if gone < limit {
			s.advance(step)
			gone += step
		}
		return fmt.Sprintf("%v after %s", d, gone), false
	})
	return *d
}
