package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/handlers/web"
	"toktok/store"
)

// doors knows one account of each role: the cookie or token is the role's name.
type doors struct{}

func (doors) actor(name string) (store.Actor, error) {
	switch role := store.Role(name); role {
	case store.RoleAdmin, store.RoleOperator, store.RoleAuditor:
		return store.Actor{Role: role, Staff: 7, Name: name}, nil
	case store.RoleDepartment:
		return store.Actor{Role: role, Staff: 8, Name: name, Departments: []int64{3}}, nil
	}
	return store.Actor{}, &store.Error{Kind: store.Unauthenticated, Text: "다시 로그인해 주세요."}
}

func (d doors) Session(_ context.Context, cookie string, _ bool) (store.Actor, store.Session, error) {
	a, err := d.actor(cookie)
	return a, store.Session{ID: cookie}, err
}

func (d doors) Token(_ context.Context, token string) (store.Actor, error) {
	a, err := d.actor(token)
	a.Staff, a.Token = 0, 9
	return a, err
}

type bench struct {
	*httptest.Server
	site *web.Site
	log  *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func serve(t testing.TB, o web.Options, routes ...web.Route) *bench {
	t.Helper()
	b := &bench{log: &safeBuffer{}}
	o.Doors, o.Clock = doors{}, store.WallClock{}
	o.Log = slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if b.site, err = web.New(o); err != nil {
		t.Fatal(err)
	}
	h, err := b.site.Router(routes, web.Both)
	if err != nil {
		t.Fatal(err)
	}
	b.Server = httptest.NewServer(h)
	t.Cleanup(b.Close)
	return b
}

type ask struct {
	method, path, body string
	header             map[string]string
}

func (b *bench) do(t testing.TB, a ask) (*http.Response, string) {
	t.Helper()
	if a.method == "" {
		a.method = http.MethodGet
	}
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), a.method, b.URL+a.path, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range a.header {
		req.Header.Set(k, v)
	}
	client := &http.Client{Transport: b.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(got)
}

func (b *bench) problem(t testing.TB, a ask) (*http.Response, web.Problem) {
	t.Helper()
	res, body := b.do(t, a)
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("%s %s: Content-Type %q, body %s", a.method, a.path, got, body)
	}
	var p web.Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatal(err)
	}
	return res, p
}

func route(method, path string, door web.Door, shape web.Shape, h web.Handler) web.Route {
	r := web.Route{Method: method, Path: path, Door: door, Side: web.Both, Shape: shape, Handler: h}
	if door == web.DoorSession || door == web.DoorToken {
		r.Need = store.MayAnswer
	}
	return r
}

func okay(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
	return web.JSON(w, r, http.StatusOK, map[string]bool{"ok": true})
}

func TestEveryKindOfError(t *testing.T) {
	t.Parallel()
	for _, kind := range web.Codes {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			fail := func(http.ResponseWriter, *http.Request, *web.Scope) error {
				return &store.Error{Kind: kind, Text: "무슨 일이 있었어요.", Fields: map[string]string{"text": "써 주세요."}, State: store.StateAnswered, Allowed: []store.Action{store.ActReply}}
			}
			b := serve(t, web.Options{}, route("GET", "/x", web.DoorPublic, web.ShapeJSON, fail), route("GET", "/p", web.DoorPublic, web.ShapePage, fail))
			res, p := b.problem(t, ask{path: "/x"})
			if res.StatusCode != web.StatusOf(kind) || p.Status != res.StatusCode {
				t.Errorf("status %d, in the body %d, want %d", res.StatusCode, p.Status, web.StatusOf(kind))
			}
			if p.Type != "/problems/"+string(kind) || p.Code != kind || p.Detail != "무슨 일이 있었어요." || p.Title == "" || p.Fields["text"] == "" {
				t.Errorf("problem %+v", p)
			}
			if p.RequestID == "" || p.RequestID != res.Header.Get("X-Request-Id") {
				t.Errorf("request id %q, header %q", p.RequestID, res.Header.Get("X-Request-Id"))
			}
			res, body := b.do(t, ask{path: "/p?a=1", header: map[string]string{"Accept": "text/html"}})
			if kind == store.Unauthenticated {
				if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/login?next=%2Fp%3Fa%3D1" {
					t.Errorf("page answered %d to %q", res.StatusCode, res.Header.Get("Location"))
				}
				return
			}
			if res.StatusCode != web.StatusOf(kind) || !strings.Contains(body, "무슨 일이 있었어요.") || !strings.Contains(body, res.Header.Get("X-Request-Id")) {
				t.Errorf("page answered %d: %s", res.StatusCode, body)
			}
		})
	}
}

func TestForeignErrorTellsNothing(t *testing.T) {
	t.Parallel()
	b := serve(t, web.Options{}, route("GET", "/x", web.DoorPublic, web.ShapeJSON, func(http.ResponseWriter, *http.Request, *web.Scope) error {
		return io.ErrUnexpectedEOF
	}), route("GET", "/boom", web.DoorPublic, web.ShapeJSON, func(http.ResponseWriter, *http.Request, *web.Scope) error {
		var nobody *store.Error
		return nobody.Err
	}), route("GET", "/half", web.DoorPublic, web.ShapeJSON, func(w http.ResponseWriter, _ *http.Request, _ *web.Scope) error {
		_, _ = io.WriteString(w, "half")
		var nobody *store.Error
		return nobody.Err
	}))
	for _, path := range []string{"/x", "/boom"} {
		_, p := b.problem(t, ask{path: path})
		if p.Status != 500 || strings.Contains(p.Detail, "EOF") || strings.Contains(p.Detail, "nil") {
			t.Errorf("%s: %+v", path, p)
		}
	}
	if log := b.log.String(); !strings.Contains(log, "unexpected EOF") || !strings.Contains(log, "web_test.go") {
		t.Errorf("the log misses the cause or the stack: %s", log)
	}
	res, err := b.Client().Get(b.URL + "/half")
	if err == nil {
		defer res.Body.Close()
		if _, err = io.ReadAll(res.Body); err == nil {
			t.Error("half an answer was taken for a whole one")
		}
	}
}

func TestDoorsAndPermission(t *testing.T) {
	t.Parallel()
	b := serve(t, web.Options{}, route("POST", "/s", web.DoorSession, web.ShapeFragment, okay), route("POST", "/t", web.DoorToken, web.ShapeJSON, okay),
		route("POST", "/k", web.DoorKey, web.ShapeJSON, okay))
	same := func(m map[string]string) map[string]string { m["Sec-Fetch-Site"] = "same-origin"; return m }
	for _, tt := range []struct {
		name   string
		path   string
		header map[string]string
		want   int
	}{
		{"no cookie", "/s", same(map[string]string{}), 401},
		{"unknown cookie", "/s", same(map[string]string{"Cookie": "toktok=nobody"}), 401},
		{"two cookies", "/s", same(map[string]string{"Cookie": "toktok=operator; toktok=admin"}), 401},
		{"token at a cookie's door", "/s", same(map[string]string{"Authorization": "Bearer operator"}), 401},
		{"right role", "/s", same(map[string]string{"Cookie": "toktok=operator"}), 200},
		{"wrong role", "/s", same(map[string]string{"Cookie": "toktok=auditor"}), 403},
		{"cookie at a token's door", "/t", same(map[string]string{"Cookie": "toktok=operator"}), 401},
		{"token", "/t", map[string]string{"Authorization": "Bearer operator"}, 200},
		{"token, odd case", "/t", map[string]string{"Authorization": "bearer  operator"}, 200},
		{"empty token", "/t", map[string]string{"Authorization": "Bearer "}, 401},
		{"basic", "/t", map[string]string{"Authorization": "Basic operator"}, 401},
		{"token of wrong role", "/t", map[string]string{"Authorization": "Bearer auditor"}, 403},
		{"webhook needs neither", "/k", nil, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, body := b.do(t, ask{method: "POST", path: tt.path, header: tt.header})
			if res.StatusCode != tt.want {
				t.Errorf("answered %d, want %d: %s", res.StatusCode, tt.want, body)
			}
			if tt.want == 401 && tt.path == "/t" && res.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
}

// The nine cases of reliability-security.md §5 and ASVS 3.5.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	b := serve(t, web.Options{}, route("POST", "/s", web.DoorSession, web.ShapeFragment, okay), route("GET", "/s", web.DoorSession, web.ShapeFragment, okay),
		route("POST", "/k", web.DoorKey, web.ShapeJSON, okay))
	for _, tt := range []struct {
		name, method string
		path         string
		site, origin string
		want         int
	}{
		{"same origin", "POST", "/s", "same-origin", "", 200},
		{"typed by the user", "POST", "/s", "none", "", 200},
		{"same site, other host", "POST", "/s", "same-site", "", 403},
		{"cross site", "POST", "/s", "cross-site", "", 403},
		{"old browser, our origin", "POST", "/s", "", "self", 200},
		{"old browser, foreign origin", "POST", "/s", "", "https://evil.example", 403},
		{"origin null", "POST", "/s", "", "null", 403},
		{"cookie without either header", "POST", "/s", "", "", 403},
		{"reading across sites changes nothing", "GET", "/s", "cross-site", "", 200},
		{"webhook without either header", "POST", "/k", "", "", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := map[string]string{"Cookie": "toktok=operator"}
			if tt.site != "" {
				h["Sec-Fetch-Site"] = tt.site
			}
			if tt.origin == "self" {
				tt.origin = b.URL
			}
			if tt.origin != "" {
				h["Origin"] = tt.origin
			}
			if res, body := b.do(t, ask{method: tt.method, path: tt.path, header: h}); res.StatusCode != tt.want {
				t.Errorf("answered %d, want %d: %s", res.StatusCode, tt.want, body)
			}
		})
	}
}

func TestHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	b := serve(t, web.Options{}, route("GET", "/x", web.DoorPublic, web.ShapeJSON, okay), route("GET", "/s", web.DoorSession, web.ShapePage, okay),
		route("GET", "/boom", web.DoorPublic, web.ShapePage, func(http.ResponseWriter, *http.Request, *web.Scope) error {
			var nobody *store.Error
			return nobody.Err
		}))
	for _, a := range []ask{{path: "/x"}, {method: "HEAD", path: "/x"}, {path: "/s"}, {path: "/boom"}, {path: "/nowhere"}, {method: "DELETE", path: "/x"}, {method: "BREW", path: "/x"}, {path: "/x/"}} {
		res, _ := b.do(t, a)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "same-origin", "Cache-Control": "no-store", "X-Request-Id": "",
		} {
			got := res.Header.Get(name)
			if got == "" || !strings.Contains(got, want) {
				t.Errorf("%s %s (%d): %s is %q", a.method, a.path, res.StatusCode, name, got)
			}
		}
		if csp := res.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy allows inline code: %s", a.path, csp)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := serve(t, web.Options{}, route("GET", "/api/v1/x", web.DoorPublic, web.ShapeJSON, okay), route("POST", "/api/v1/x", web.DoorPublic, web.ShapeJSON, okay),
		route("GET", "/p", web.DoorPublic, web.ShapePage, okay))
	if res, p := b.problem(t, ask{path: "/api/v1/y"}); res.StatusCode != 404 || p.Code != store.NotFound {
		t.Errorf("unknown path: %d %+v", res.StatusCode, p)
	}
	if res, p := b.problem(t, ask{path: "/api/v1/x/"}); res.StatusCode != 404 || p.Code != store.NotFound {
		t.Errorf("trailing slash: %d %+v", res.StatusCode, p)
	}
	for _, method := range []string{"DELETE", "OPTIONS", "TRACE"} {
		if res, p := b.problem(t, ask{method: method, path: "/api/v1/x"}); res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD, POST" || p.Code != web.MethodNotAllowed {
			t.Errorf("%s: %d, Allow %q, %+v", method, res.StatusCode, res.Header.Get("Allow"), p)
		}
	}
	if res, _ := b.do(t, ask{path: "/p/?a=1"}); res.StatusCode != 308 || res.Header.Get("Location") != "/p?a=1" {
		t.Errorf("slash too many on a page: %d %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res, body := b.do(t, ask{path: "/nowhere", header: map[string]string{"Accept": "text/html"}}); res.StatusCode != 404 || !strings.Contains(body, "<!doctype html>") {
		t.Errorf("unknown page: %d %s", res.StatusCode, body)
	}
	res, body := b.do(t, ask{method: "HEAD", path: "/api/v1/x"})
	if res.StatusCode != 200 || body != "" || res.Header.Get("Content-Length") != "12" {
		t.Errorf("HEAD: %d, length %q, body %q", res.StatusCode, res.Header.Get("Content-Length"), body)
	}
}

func TestBodyLimits(t *testing.T) {
	t.Parallel()
	read := func(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
		var in struct {
			Text string `json:"text"`
		}
		if err := web.Decode(r, &in); err != nil {
			return err
		}
		return web.JSON(w, r, 200, len(in.Text))
	}
	b := serve(t, web.Options{}, route("POST", "/x", web.DoorPublic, web.ShapeJSON, read))
	exact := `{"text":"` + strings.Repeat("a", web.JSONBody-11) + `"}`
	if res, body := b.do(t, ask{method: "POST", path: "/x", body: exact}); res.StatusCode != 200 {
		t.Errorf("a body of exactly the limit: %d %s", res.StatusCode, body)
	}
	if res, p := b.problem(t, ask{method: "POST", path: "/x", body: exact + " "}); res.StatusCode != 413 || p.Code != store.TooLarge {
		t.Errorf("one byte more: %d", res.StatusCode)
	}
	req, err := http.NewRequest("POST", b.URL+"/x", io.MultiReader(strings.NewReader(exact), strings.NewReader("    ")))
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("one byte more without a length: %d", res.StatusCode)
	}
	if res, _ := b.problem(t, ask{method: "POST", path: "/x", body: "{}", header: map[string]string{"Content-Encoding": "gzip"}}); res.StatusCode != 422 {
		t.Errorf("packed body: %d", res.StatusCode)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	r := route("POST", "/login", web.DoorPublic, web.ShapePage, okay)
	r.Login = true
	b := serve(t, web.Options{Limits: web.Limits{Login: web.Rate{PerSecond: 0.1, Burst: 2}, Token: web.Rate{PerSecond: 0.5, Burst: 3}}},
		r, route("GET", "/t", web.DoorToken, web.ShapeJSON, okay))
	codes := func(n int, a ask) (out []int, after string) {
		for range n {
			res, _ := b.do(t, a)
			out = append(out, res.StatusCode)
			after = res.Header.Get("Retry-After")
		}
		return out, after
	}
	if got, after := codes(3, ask{method: "POST", path: "/login"}); got[1] != 200 || got[2] != 429 || after != "10" {
		t.Errorf("sign-in: %v, Retry-After %q", got, after)
	}
	if got, after := codes(4, ask{path: "/t", header: map[string]string{"Authorization": "Bearer admin"}}); got[2] != 200 || got[3] != 429 || after != "2" {
		t.Errorf("token: %v, Retry-After %q", got, after)
	}
}

func TestLimiterFillsAgain(t *testing.T) {
	t.Parallel()
	l := web.NewLimiter(web.Rate{PerSecond: 2, Burst: 2})
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {0, true}, {0, false}, {500 * time.Millisecond, true}, {0, false}, {-time.Hour, false}, {time.Hour + time.Minute, true}, {0, true}, {0, false}} {
		at = at.Add(step.after)
		if _, ok := l.Allow("k", at); ok != step.want {
			t.Errorf("step %d: %v, want %v", i, ok, step.want)
		}
	}
	if _, ok := l.Allow("another", at); !ok {
		t.Error("one key's use emptied another's bucket")
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	show := func(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
		return web.JSON(w, r, 200, sc.IP.String())
	}
	inside := route("GET", "/in", web.DoorPublic, web.ShapeJSON, show)
	inside.Side = web.Inside
	nets := func(s ...string) (out []netip.Prefix) {
		for _, one := range s {
			out = append(out, netip.MustParsePrefix(one))
		}
		return out
	}
	trusting := serve(t, web.Options{Proxies: nets("127.0.0.0/8", "10.0.0.0/8"), AdminNets: nets("192.168.0.0/16")}, route("GET", "/x", web.DoorPublic, web.ShapeJSON, show), inside)
	doubting := serve(t, web.Options{}, route("GET", "/x", web.DoorPublic, web.ShapeJSON, show))
	for _, tt := range []struct{ name, forwarded, want string }{
		{"none", "", "127.0.0.1"},
		{"one", "203.0.113.9", "203.0.113.9"},
		{"forged on the left", "1.2.3.4, 203.0.113.9", "203.0.113.9"},
		{"through our proxies", "203.0.113.9, 10.0.0.2, 10.0.0.3", "203.0.113.9"},
		{"rubbish between", "203.0.113.9, rubbish, 10.0.0.3", "10.0.0.3"},
		{"mapped", "::ffff:203.0.113.9", "203.0.113.9"},
		{"six", "2001:db8::7", "2001:db8::7"},
	} {
		h := map[string]string{}
		if tt.forwarded != "" {
			h["X-Forwarded-For"] = tt.forwarded
		}
		if _, body := trusting.do(t, ask{path: "/x", header: h}); strings.TrimSpace(body) != `"`+tt.want+`"` {
			t.Errorf("%s: %s, want %s", tt.name, body, tt.want)
		}
		if _, body := doubting.do(t, ask{path: "/x", header: h}); strings.TrimSpace(body) != `"127.0.0.1"` {
			t.Errorf("%s: believed an untrusted peer: %s", tt.name, body)
		}
	}
	for forwarded, want := range map[string]int{"192.168.3.4": 200, "203.0.113.9": 403} {
		if res, _ := trusting.do(t, ask{path: "/in", header: map[string]string{"X-Forwarded-For": forwarded}}); res.StatusCode != want {
			t.Errorf("inside from %s: %d, want %d", forwarded, res.StatusCode, want)
		}
	}
}

func TestAccessLogKeepsWordsOut(t *testing.T) {
	t.Parallel()
	b := serve(t, web.Options{}, route("GET", "/tickets/:number", web.DoorPublic, web.ShapePage, okay))
	b.do(t, ask{path: "/tickets/2026-000123?q=words-of-a-citizen", header: map[string]string{"Authorization": "Bearer planted", "Cookie": "toktok=planted"}})
	b.do(t, ask{path: "/unknown-path-with-words"})
	log := b.log.String()
	if !strings.Contains(log, `"/tickets/:number"`) {
		t.Errorf("the route is not named: %s", log)
	}
	for _, planted := range []string{"2026-000123", "words", "planted"} {
		if strings.Contains(log, planted) {
			t.Errorf("the log holds %q: %s", planted, log)
		}
	}
}
