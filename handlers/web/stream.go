package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"toktok/store"
	"toktok/store/live"
)

// Times of an event stream (go-style.md §2.7). A beat keeps proxies from closing the line and asks the door again.
const (
	beatEvery   = 25 * time.Second
	writeWithin = 10 * time.Second
	retryAfter  = 3 * time.Second
)

// Subscribe listens for what the actor may hear of: changes of cases within sight, and that a case left it.
func Subscribe(hub *live.Hub, who store.Actor) *live.Sub {
	return hub.Subscribe(func(c live.Change) bool { return hears(who, c) })
}

func hears(who store.Actor, c live.Change) bool {
	if !who.Can(store.MaySee) {
		return false
	}
	if c.Topic != "ticket" {
		return true
	}
	return who.Sees(c.Department) || (c.Former != 0 && who.Sees(c.Former))
}

// notice is what the actor is told: of a case that left his sight only that it is gone (RULES I2).
func notice(who store.Actor, c live.Change) live.Change {
	if c.Topic == "ticket" && !who.Sees(c.Department) {
		return live.Change{Topic: c.Topic, Number: c.Number, Kind: "gone"}
	}
	return c
}

// Stream sends the hub's notices to one browser or program until it leaves, its right ends, it falls behind, or the
// server stops. Only this goroutine writes.
func Stream(w http.ResponseWriter, r *http.Request, sc *Scope, hub *live.Hub) error {
	key := "staff:" + idKey(sc.Actor.Staff)
	if sc.Actor.Token != 0 {
		key = "token:" + idKey(sc.Actor.Token)
	}
	if !sc.site.streams.Enter(key) {
		return &store.Error{Kind: store.TooMany, Text: "열어 둔 화면이 너무 많아요. 쓰지 않는 창을 닫아 주세요."}
	}
	defer sc.site.streams.Leave(key)
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		return nil
	}
	sub := Subscribe(hub, sc.Actor)
	defer sub.Close()
	line := &line{w: w, rc: http.NewResponseController(w), sc: sc}
	if err := line.open(); err != nil {
		sc.Log.Debug("stream not opened", "err", err)
		return nil
	}
	if err := line.run(r, sub); err != nil {
		sc.Log.Debug("stream ended", "err", err)
	}
	return nil
}

type line struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	sc  *Scope
	buf bytes.Buffer
}

func (l *line) open() error {
	// The server's read timeout would end the request's context while the caller rightly says nothing.
	if err := l.rc.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	h := l.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx would collect events
	l.buf.WriteString("retry: ")
	l.buf.WriteString(idKey(retryAfter.Milliseconds()))
	l.buf.WriteString("\n\n")
	return l.flush()
}

func (l *line) run(r *http.Request, sub *live.Sub) error {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-beat.C:
			before := l.sc.Actor
			if err := l.sc.Recheck(r); err != nil {
				return err
			}
			if before.Role != l.sc.Actor.Role || !slices.Equal(before.Departments, l.sc.Actor.Departments) {
				return l.resync() // the subscription's filter knows the old sight
			}
			l.buf.WriteString(": beat\n\n")
		case c, ok := <-sub.C():
			if !ok {
				if sub.Lagged() {
					return l.resync()
				}
				return nil
			}
			if err := l.add(c); err != nil {
				return err
			}
		}
		if err := l.drain(sub); err != nil {
			return err
		}
		if err := l.flush(); err != nil {
			return err
		}
	}
}

// drain takes along what waits already, so that a burst costs one packet.
func (l *line) drain(sub *live.Sub) error {
	for range len(sub.C()) {
		c, ok := <-sub.C()
		if !ok {
			return nil // the next round of the loop sees the end
		}
		if err := l.add(c); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) add(c live.Change) error {
	if !hears(l.sc.Actor, c) {
		return nil // departments changed since the subscription
	}
	body, err := json.Marshal(notice(l.sc.Actor, c))
	if err != nil {
		return err
	}
	l.buf.WriteString("data: ")
	l.buf.Write(body)
	l.buf.WriteString("\n\n")
	return nil
}

// resync tells the listener to read everything again; it ends the stream, and the listener comes back by itself.
func (l *line) resync() error {
	l.buf.WriteString("event: resync\ndata: {}\n\n")
	return l.flush()
}

// flush writes under a deadline of its own: the server's would end the stream, none would let a dead peer hold us. A
// timer sets it, because the deadline is the wall's and the service's clock may be shifted.
func (l *line) flush() error {
	if err := l.rc.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	cut := time.AfterFunc(writeWithin, func() { _ = l.rc.SetWriteDeadline(time.Unix(1, 0)) }) // long past: the write returns
	defer cut.Stop()
	if _, err := l.w.Write(l.buf.Bytes()); err != nil {
		return err
	}
	l.buf.Reset()
	return l.rc.Flush()
}
