package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"toktok/store"
)

type scopeKey struct{}

// scopeOf is the scope Wrap made for the request.
func scopeOf(r *http.Request) *Scope {
	sc, _ := r.Context().Value(scopeKey{}).(*Scope)
	return sc
}

// Wrap is the outermost layer: scope, headers, compression, recovery, the access log. Every answer passes it, also of
// unknown paths and of handlers that are not ours.
func (s *Site) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.o.Clock.Real()
		id := requestID()
		sc := &Scope{
			Log: s.o.Log.With("request_id", id), IP: clientIP(r, s.o.Proxies), RequestID: id,
			Now: s.o.Clock.Now().In(seoul), Route: &unrouted, site: s, secure: s.secure(r),
		}
		r = r.WithContext(context.WithValue(r.Context(), scopeKey{}, sc))
		rec := &recorder{ResponseWriter: w}
		setHeaders(w.Header(), sc)
		out := &compressor{ResponseWriter: rec, r: r}
		s.guard(out, rec, r, sc, next)
		if err := out.Close(); err != nil {
			sc.Log.Debug("answer not finished", "err", err)
		}
		s.record(rec, r, sc, s.o.Clock.Real().Sub(started))
	})
}

// unrouted stands for what no route knows.
var unrouted = Route{Path: "(none)", Door: DoorPublic, Side: Both, Shape: ShapePage}

// guard turns a panic of a handler into a 500, or, when part of the answer is out, into a broken connection, so that
// nobody takes the part for the whole.
func (s *Site) guard(w http.ResponseWriter, rec *recorder, r *http.Request, sc *Scope, next http.Handler) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		sc.Log.Error("handler panicked", "event", "panic", "route", sc.Route.Path, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if rec.status == 0 {
			s.Fail(w, r, sc, errPanicked)
			return
		}
		rec.status = http.StatusInternalServerError
		if conn, _, err := http.NewResponseController(rec.ResponseWriter).Hijack(); err == nil {
			conn.Close()
		}
	}()
	next.ServeHTTP(w, r)
}

var errPanicked = errors.New("the handler panicked")

// record writes the access log. It names the route, never the URL: numbers, search words and links stay out of logs.
func (s *Site) record(rec *recorder, r *http.Request, sc *Scope, took time.Duration) {
	status := rec.status
	if status == 0 {
		status = http.StatusOK
		if r.Context().Err() != nil {
			status = statusClientGone
		}
	}
	level := slog.LevelInfo
	switch {
	case status >= 500:
		level = slog.LevelWarn
	case sc.Route.Quiet || status == statusClientGone:
		level = slog.LevelDebug
	}
	if sc.Log.Enabled(r.Context(), level) {
		sc.Log.LogAttrs(r.Context(), level, "request", slog.String("method", method(r.Method)), slog.String("route", sc.Route.Path),
			slog.Int("status", status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took),
			slog.String("ip", sc.IP.String()), slog.String("role", string(sc.Actor.Role)), slog.Int64("staff", sc.Actor.Staff), slog.Int64("token", sc.Actor.Token))
	}
	if s.o.Observe != nil {
		s.o.Observe(sc.Route, status, took)
	}
}

// method keeps foreign words out of the log: a method is free text of the caller.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

// Strict headers of every answer (reliability-security.md §2.4, ASVS 3.4). Referrer-Policy is same-origin and not
// no-referrer, because the latter makes browsers send "Origin: null" with our own forms.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types toktok"

// strict holds the values once: the header of an answer points at them, and whoever sets one puts another in its place.
var strict = []struct {
	name  string
	value []string
}{
	{"Content-Security-Policy", []string{contentPolicy}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"X-Frame-Options", []string{"DENY"}},
	{"Referrer-Policy", []string{"same-origin"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	{"Permissions-Policy", []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}},
	{"Cache-Control", []string{"no-store"}},
}

func setHeaders(h http.Header, sc *Scope) {
	for _, one := range strict {
		h[one.name] = one.value[:1:1]
	}
	h.Set("X-Request-Id", sc.RequestID)
	if sc.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// recorder remembers what went out.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= 200 {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// begun reports whether the answer has left.
func begun(w http.ResponseWriter) bool {
	for {
		switch v := w.(type) {
		case *recorder:
			return v.status != 0
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return false
		}
	}
}

// kindOf is store.KindOf, and for what only a server knows: a caller who did not wait.
func kindOf(err error) store.Kind {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return store.Unavailable
	}
	return store.KindOf(err)
}
