package control

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"os"
	"strings"
)

// Windows has no socket files with owners: a loopback port and a token, both in a file of the data folder (RULES G5).
var token string

func listen(dir string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	token = rand.Text()
	return l, os.WriteFile(socketPath(dir), []byte(l.Addr().String()+"\n"+token), 0o600)
}

func dial(ctx context.Context, dir string) (net.Conn, error) {
	file, err := os.ReadFile(socketPath(dir))
	if err != nil {
		return nil, err
	}
	addr, _, _ := strings.Cut(string(file), "\n")
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func authorised(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Control")), []byte(token)) == 1
}

func authorise(r *http.Request, dir string) {
	if file, err := os.ReadFile(socketPath(dir)); err == nil {
		_, t, _ := strings.Cut(string(file), "\n")
		r.Header.Set("X-Control", t)
	}
}
