package web_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/live"
)

// changingDoors lets one token in, with what the test says it may see at the time.
type changingDoors struct{ who *atomic.Pointer[store.Actor] }

func (d changingDoors) Session(context.Context, string, bool) (store.Actor, store.Session, error) {
	return store.Actor{}, store.Session{}, &store.Error{Kind: store.Unauthenticated}
}

func (d changingDoors) Token(context.Context, string) (store.Actor, error) {
	if who := d.who.Load(); who != nil {
		return *who, nil
	}
	return store.Actor{}, &store.Error{Kind: store.Unauthenticated, Text: "폐기된 토큰이에요."}
}

// pipes is a listener in memory: in a synctest bubble time runs only while everybody waits, and sockets are outside.
type pipes struct{ conns chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { close(p.conns); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// stream opens an event stream on a server with production's time limits and returns its lines.
func stream(t *testing.T, who *atomic.Pointer[store.Actor], hub *live.Hub) (next func() string) {
	site, err := web.New(web.Options{Doors: changingDoors{who}, Clock: store.WallClock{}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := site.Router([]web.Route{{
		Method: "GET", Path: "/live", Door: web.DoorToken, Need: store.MaySee, Side: web.Both, Shape: web.ShapeJSON,
		Handler: func(w http.ResponseWriter, r *http.Request, sc *web.Scope) error { return web.Stream(w, r, sc, hub) },
	}}, web.Both)
	if err != nil {
		t.Fatal(err)
	}
	l := pipes{make(chan net.Conn)}
	server := &http.Server{Handler: h, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	mine, theirs := net.Pipe()
	l.conns <- theirs
	t.Cleanup(func() {
		mine.Close()
		server.Close()
		<-done
	})
	if _, err := fmt.Fprint(mine, "GET /live HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(mine), nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(res.Body)
	return func() string {
		for lines.Scan() {
			if text := lines.Text(); text != "" {
				return text
			}
		}
		return "(end)"
	}
}

func actor(a store.Actor) *atomic.Pointer[store.Actor] {
	p := new(atomic.Pointer[store.Actor])
	p.Store(&a)
	return p
}

func TestBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		who, hub := actor(store.Actor{Role: store.RoleOperator, Token: 1}), live.New(8)
		next := stream(t, who, hub)
		started := time.Now()
		if got := next(); got != "retry: 3000" {
			t.Fatalf("first line %q", got)
		}
		for i := range 20 { // far beyond the server's read and write limits
			if got := next(); got != ": beat" {
				t.Fatalf("beat %d: %q", i, got)
			}
		}
		if took := time.Since(started); took != 500*time.Second {
			t.Errorf("20 beats in %v, want one each 25 s", took)
		}
		hub.Publish(live.Change{Topic: "ticket", Number: "2026-000001"})
		if got := next(); got != `data: {"topic":"ticket","number":"2026-000001"}` {
			t.Errorf("after the beats: %q", got)
		}
		who.Store(nil) // the token is revoked
		if got := next(); got != "(end)" {
			t.Errorf("a revoked token still hears %q", got)
		}
		if took := time.Since(started); took > 526*time.Second {
			t.Errorf("it took %v to end", took)
		}
	})
}

func TestSightChangesWhileListening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		who, hub := actor(store.Actor{Role: store.RoleDepartment, Token: 1, Departments: []int64{3}}), live.New(8)
		next := stream(t, who, hub)
		next()
		hub.Publish(live.Change{Topic: "ticket", Number: "2026-000001", Department: 4}, live.Change{Topic: "ticket", Number: "2026-000002", Department: 3})
		if got := next(); !strings.Contains(got, "000002") {
			t.Errorf("heard %q", got)
		}
		who.Store(&store.Actor{Role: store.RoleDepartment, Token: 1, Departments: []int64{4}})
		if got := next() + "|" + next() + "|" + next(); got != "event: resync|data: {}|(end)" {
			t.Errorf("after a change of department: %q", got)
		}
	})
}

// A peer that stopped reading is cut off after 10 s; it does not hold the server's goroutine.
func TestDeadPeerIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		who, hub := actor(store.Actor{Role: store.RoleOperator, Token: 1}), live.New(8)
		next := stream(t, who, hub)
		next()
		// Nobody reads from here on: the pipe has no buffer, so the next write blocks.
		hub.Publish(live.Change{Topic: "ticket", Number: "2026-000001"})
		<-time.After(9 * time.Second)
		synctest.Wait()
		if hub.Len() != 1 {
			t.Errorf("cut off too early")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if hub.Len() != 0 {
			t.Errorf("still listening after 11 s without reading")
		}
	})
}
