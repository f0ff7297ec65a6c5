package handlers_test

import (
	"net"
	"testing"
	"time"

	"toktok/handlers"
)

// The 513th connection waits until one of the others leaves; nobody is refused.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := handlers.Listener(raw)
	accepted := make(chan net.Conn, 600)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	var served []net.Conn
	for range 513 {
		c, err := net.Dial("tcp", raw.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for range 512 {
		served = append(served, <-accepted)
	}
	select {
	case <-accepted:
		t.Fatal("the 513th was served beside 512 others")
	case <-time.After(50 * time.Millisecond):
	}
	served[0].Close()
	served[0].Close() // twice gives one place back, not two
	select {
	case c := <-accepted:
		c.Close()
	case <-time.After(10 * time.Second):
		t.Fatal("the 513th never got its turn")
	}
	for _, c := range served[1:] {
		c.Close()
	}
	if err := l.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	for range accepted { // ends because Accept has returned
	}
}

// Who connects and does not speak is sent away by the header limit of 2 s.
func TestSilentCallerIsSentAway(t *testing.T) {
	t.Parallel()
	b := open(t)
	c, err := net.Dial("tcp", b.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("POST /kakao/skill HTTP/1.1\r\nHost: t\r\nX-Slow: ")); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if err := c.SetReadDeadline(started.Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("half a header was answered")
	}
	if took := time.Since(started); took < time.Second || took > 20*time.Second {
		t.Errorf("sent away after %v, want about 2 s", took)
	}
}
