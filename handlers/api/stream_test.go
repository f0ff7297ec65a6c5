package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/live"
)

// listener is one open event stream.
type listener struct {
	t     testing.TB
	res   *http.Response
	lines chan string // closed when the stream ends
	leave context.CancelFunc
}

func (b *house) listen(t testing.TB, role store.Role) *listener {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", b.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.tokens[role])
	res, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t: t, res: res, lines: make(chan string, 1000), leave: leave}
	t.Cleanup(func() { leave(); res.Body.Close() })
	go func() {
		defer close(l.lines)
		for scanner := bufio.NewScanner(res.Body); scanner.Scan(); {
			if line := scanner.Text(); line != "" {
				l.lines <- line
			}
		}
	}()
	return l
}

const patience = 10 * time.Second

func (l *listener) next() string {
	l.t.Helper()
	select {
	case line, ok := <-l.lines:
		if !ok {
			return "(end)"
		}
		return line
	case <-time.After(patience):
		l.t.Fatal("nothing came")
		return ""
	}
}

func (l *listener) want(lines ...string) {
	l.t.Helper()
	for _, want := range lines {
		if got := l.next(); got != want {
			l.t.Fatalf("heard %q, want %q", got, want)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	b := open(t)
	office, road := b.listen(t, store.RoleOperator), b.listen(t, store.RoleDepartment)
	for name, want := range map[string]string{"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no", "Cache-Control": "no-store"} {
		if got := office.res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	office.want("retry: 3000")
	road.want("retry: 3000")
	number := b.say(t, "u1", "도로가 파였어요")
	office.want(`data: {"topic":"ticket","number":"` + number + `"}`)
	// The department hears nothing of it until it is theirs, and that it is gone when it is not any more.
	b.want(t, 200, store.RoleOperator, "POST", "/tickets/"+number+"/transfer", `{"department":"도로과","reason":"x"}`)
	road.want(`data: {"topic":"ticket","number":"` + number + `"}`)
	b.want(t, 200, store.RoleOperator, "POST", "/tickets/"+number+"/transfer", `{"department":"자원순환과","reason":"x"}`)
	for line := road.next(); line != `data: {"topic":"ticket","number":"`+number+`","kind":"gone"}`; line = road.next() {
		if line != `data: {"topic":"ticket","number":"`+number+`"}` {
			t.Fatalf("heard %q", line)
		}
	}
	b.say(t, "u2", "다른 글")
	b.want(t, 200, store.RoleOperator, "POST", "/tickets/"+number+"/transfer", `{"department":"도로과","reason":"x"}`)
	if line := road.next(); strings.Contains(line, "000002") {
		t.Errorf("heard of a foreign case: %s", line)
	}
}

// Shutdown: the base context ends first, and no stream holds the server up.
func TestEventsEndAtShutdown(t *testing.T) {
	t.Parallel()
	b := open(t)
	l := b.listen(t, store.RoleOperator)
	l.want("retry: 3000")
	b.end()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := b.Config.Shutdown(ctx); err != nil {
		t.Errorf("shutdown waited for a stream: %v", err)
	}
	l.want("(end)")
}

// Who does not read falls behind: told to read everything again, and nobody waits for him.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	b := open(t)
	slow, quick := b.listen(t, store.RoleOperator), b.listen(t, store.RoleAdmin)
	slow.want("retry: 3000")
	quick.want("retry: 3000")
	hub := b.db.Live()
	var burst []live.Change
	for i := range 200 { // more than the hub's 64 at one blow
		burst = append(burst, live.Change{Topic: "ticket", Number: fmt.Sprintf("2026-%06d", i)})
	}
	started := time.Now()
	hub.Publish(burst...)
	if took := time.Since(started); took > time.Second {
		t.Errorf("publishing waited %v for listeners", took)
	}
	for line := slow.next(); line != "event: resync"; line = slow.next() {
		if !strings.HasPrefix(line, "data: ") {
			t.Fatalf("heard %q", line)
		}
	}
	slow.want("data: {}", "(end)")
}

func TestStreamsOfOneTokenAreLimited(t *testing.T) {
	t.Parallel()
	b := open(t, web.Limits{Streams: 2})
	first, second := b.listen(t, store.RoleOperator), b.listen(t, store.RoleOperator)
	first.want("retry: 3000")
	second.want("retry: 3000")
	b.want(t, 429, store.RoleOperator, "GET", "/events", "").is(t, "code", "too_many")
	b.listen(t, store.RoleAdmin).want("retry: 3000")
	first.leave()
	again := b.listen(t, store.RoleOperator)
	for tries := 0; again.res.StatusCode == http.StatusTooManyRequests && tries < 1000; tries++ { // until the server has seen that he left
		again = b.listen(t, store.RoleOperator)
	}
	again.want("retry: 3000")
	res, err := http.Head(b.URL + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 401 {
		t.Errorf("HEAD without a token: %d %v", res.StatusCode, err)
	}
}
