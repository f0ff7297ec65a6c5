package handlers_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"toktok/handlers"
	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/storetest"
)

const skillKey = "a-skill-key-of-at-least-32-characters"

// house is a whole server over a real store.
type house struct {
	*httptest.Server
	db    *store.DB
	clock *storetest.Clock
	s     *handlers.Server
}

func open(t testing.TB, with ...func(*handlers.Options)) *house {
	t.Helper()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	return openOn(t, db, clock, with...)
}

// wall is a clock of the service that stands, beside the real one: the webhook's deadline is the wall's.
type wall struct{ *storetest.Clock }

func (wall) Real() time.Time { return time.Now() }

func openOn(t testing.TB, db *store.DB, clock *storetest.Clock, with ...func(*handlers.Options)) *house {
	t.Helper()
	o := handlers.Options{DB: db, Version: "test", SkillKeys: []string{skillKey}}
	for _, f := range with {
		f(&o)
	}
	s, err := handlers.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.All()
	if err != nil {
		t.Fatal(err)
	}
	b := &house{db: db, clock: clock, s: s, Server: httptest.NewUnstartedServer(nil)}
	base, end := context.WithCancel(context.Background())
	b.Config = s.HTTPServer(base, h)
	b.Listener = handlers.Listener(b.Listener)
	b.Start()
	t.Cleanup(b.Close)
	t.Cleanup(end)
	return b
}

func (b *house) token(t testing.TB, role store.Role, department store.Ref) string {
	t.Helper()
	_, bearer, err := b.db.AddToken(t.Context(), store.System("test"), store.TokenInput{Name: string(role) + department.Name, Role: role, Department: department})
	if err != nil {
		t.Fatal(err)
	}
	return bearer
}

func (b *house) get(t testing.TB, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
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

func fill(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		switch {
		case part == ":number":
			parts[i] = "2026-000001"
		case strings.HasPrefix(part, ":"):
			parts[i] = "1"
		case strings.HasPrefix(part, "*"):
			parts[i] = "x"
		}
	}
	return strings.Join(parts, "/")
}

// Every line of the table that asks who comes, asked by everyone: nobody, and each role.
func TestMatrix(t *testing.T) {
	t.Parallel()
	b := open(t)
	department, err := b.db.AddDepartment(t.Context(), store.System("test"), store.Department{Name: "도로과", Contact: "054-700-2101"})
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[store.Role]string{}
	for _, role := range []store.Role{store.RoleAdmin, store.RoleOperator, store.RoleDepartment, store.RoleAuditor} {
		ref := store.Ref{}
		if role == store.RoleDepartment {
			ref = department.Ref()
		}
		tokens[role] = b.token(t, role, ref)
	}
	seen := 0
	for _, route := range b.s.Routes() {
		if route.Door != web.DoorToken {
			continue
		}
		seen++
		path := fill(route.Path)
		res, body := b.get(t, route.Method, path, "")
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"unauthenticated"`) {
			t.Errorf("%s %s without a token: %d %s", route.Method, path, res.StatusCode, body)
		}
		if res, _ := b.get(t, route.Method, path, "", "Authorization", "Bearer toktok_wrong"); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s %s with a wrong token: %d", route.Method, path, res.StatusCode)
		}
		if route.Path == "/api/v1/events" {
			continue // asked by each role in the stream's own tests
		}
		for role, token := range tokens {
			res, body := b.get(t, route.Method, path, "", "Authorization", "Bearer "+token)
			may := len(route.Reach(role)) == 1
			if forbidden := res.StatusCode == http.StatusForbidden; forbidden == may {
				t.Errorf("%s %s as %s: %d %s", route.Method, path, role, res.StatusCode, body)
			}
			if may && res.StatusCode >= 500 {
				t.Errorf("%s %s as %s: %d %s", route.Method, path, role, res.StatusCode, body)
			}
		}
	}
	if seen < 13 {
		t.Errorf("only %d lines ask for a token", seen)
	}
}

// The whole table, so that a new line is seen by whoever reviews it.
func TestTable(t *testing.T) {
	t.Parallel()
	b := open(t, func(o *handlers.Options) {
		o.Stepper, o.Simulator, o.KakaoAdminKey = stepper{}, http.NotFoundHandler(), "k"
	})
	seen := map[string]bool{}
	for _, r := range b.s.Routes() {
		line := r.Method + " " + r.Path
		if seen[line] {
			t.Errorf("twice: %s", line)
		}
		seen[line] = true
		if strings.HasPrefix(r.Path, "/kakao/") != (r.Door == web.DoorKey) {
			t.Errorf("%s stands at door %s", line, r.Door)
		}
		outside := strings.HasPrefix(r.Path, "/kakao/") || r.Path == "/healthz"
		if outside && r.Side&web.Outside == 0 || strings.HasPrefix(r.Path, "/api/") && r.Side != web.Inside {
			t.Errorf("%s stands %s", line, r.Side)
		}
	}
	for _, line := range []string{"POST /kakao/skill", "POST /kakao/channel", "GET /healthz", "GET /readyz", "GET /metrics", "POST /demo/clock", "GET /demo/clock", "GET /simulator"} {
		if !seen[line] {
			t.Errorf("missing: %s", line)
		}
	}
}

// RULES H6: with two listeners the outside shows the webhook, health and the privacy notice and nothing of the office,
// the inside nothing of them.
func TestSides(t *testing.T) {
	t.Parallel()
	b := open(t)
	outside, err := b.s.Outside()
	if err != nil {
		t.Fatal(err)
	}
	inside, err := b.s.Inside()
	if err != nil {
		t.Fatal(err)
	}
	status := func(h http.Handler, method, path string) int {
		rec := httptest.NewRecorder()
		req := httptest.NewRequest(method, path, nil)
		req.RemoteAddr = "127.0.0.1:5000"
		h.ServeHTTP(rec, req)
		return rec.Code
	}
	for _, tt := range []struct {
		method, path    string
		outside, inside int
	}{
		{"POST", "/kakao/skill", 401, 404},
		{"GET", "/healthz", 200, 404},
		{"GET", "/privacy", 200, 404},
		{"GET", "/readyz", 404, 200},
		{"GET", "/metrics", 404, 200},
		{"GET", "/api/v1/tickets", 404, 401},
		{"GET", "/api/v1/openapi.json", 404, 200},
	} {
		if got := status(outside, tt.method, tt.path); got != tt.outside {
			t.Errorf("outside %s: %d, want %d", tt.path, got, tt.outside)
		}
		if got := status(inside, tt.method, tt.path); got != tt.inside {
			t.Errorf("inside %s: %d, want %d", tt.path, got, tt.inside)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if res, body := b.get(t, "GET", path, ""); res.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
		if res, body := b.get(t, "HEAD", path, ""); res.StatusCode != 200 || body != "" {
			t.Errorf("HEAD %s: %d %q", path, res.StatusCode, body)
		}
	}
	before := b.db.Stats().Batches
	b.get(t, "GET", "/readyz", "")
	if after := b.db.Stats().Batches; after != before {
		t.Errorf("readyz wrote again within 5 s: %d commits", after-before)
	}
	b.clock.Advance(6 * time.Second)
	b.get(t, "GET", "/readyz", "")
	if after := b.db.Stats().Batches; after != before+1 {
		t.Errorf("readyz did not write after 6 s: %d commits", after-before)
	}
	b.db.Close()
	b.clock.Advance(6 * time.Second)
	if res, body := b.get(t, "GET", "/readyz", ""); res.StatusCode != 503 || !strings.Contains(body, `"unavailable"`) {
		t.Errorf("readyz without a store: %d %s", res.StatusCode, body)
	}
	if res, _ := b.get(t, "GET", "/healthz", ""); res.StatusCode != 200 {
		t.Errorf("healthz without a store: %d", res.StatusCode)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 10:00"))
	b := openOn(t, storetest.Open(t, wall{clock}, t.TempDir()), clock, func(o *handlers.Options) {
		o.MetricsToken = "a-metrics-token"
		o.Jobs = func() []handlers.Job {
			return []handlers.Job{{ID: "opening", Last: &handlers.JobRun{ScheduledFor: storetest.At("2026-11-23 09:00"), Outcome: "done"}, Next: storetest.At("2026-11-24 09:00")}}
		}
	})
	call := storetest.Call{User: "u1", Text: "planted-words"}
	if res, body := b.get(t, "POST", "/kakao/skill", string(call.Body()), "X-Toktok-Key", skillKey); res.StatusCode != 200 {
		t.Fatalf("skill: %d %s", res.StatusCode, body)
	}
	_, body := b.get(t, "GET", "/metrics", "")
	for _, want := range []string{
		`toktok_requests_total{method="POST",route="/kakao/skill",status="200"} 1`, `toktok_intake_seconds_count 1`, `toktok_intake_seconds_bucket{le="5"} 1`,
		`toktok_tickets{state="open"} 1`, `toktok_tickets_awaiting 1`, `toktok_deliveries{state="queued"}`, `toktok_write_queue 0`, `toktok_db_commits_total`,
		`toktok_hub_subscribers 0`, `toktok_job_last_seconds{job="opening",outcome="done"} `, `toktok_build_info{version="test"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics miss %s", want)
		}
	}
	if strings.Contains(body, "planted") || strings.Contains(body, "u1") {
		t.Error("metrics hold a citizen's words or key")
	}
	if res, _ := b.get(t, "GET", "/metrics", "", "X-Forwarded-For", "203.0.113.7"); res.StatusCode != 403 {
		t.Errorf("behind a proxy of this machine: %d", res.StatusCode)
	}
	if res, _ := b.get(t, "GET", "/metrics", "", "X-Forwarded-For", "203.0.113.7", "Authorization", "Bearer a-metrics-token"); res.StatusCode != 200 {
		t.Errorf("with its token: %d", res.StatusCode)
	}
}

type stepper struct{ clock *storetest.Clock }

func (s stepper) StepTo(_ context.Context, target time.Time) ([]handlers.Ran, error) {
	s.clock.Set(target)
	return []handlers.Ran{{Job: "opening", ScheduledFor: storetest.At("2026-11-24 09:00"), Outcome: "done"}}, nil
}

func TestDemoClock(t *testing.T) {
	t.Parallel()
	step := &stepper{}
	b := open(t, func(o *handlers.Options) { o.Stepper = step })
	step.clock = b.clock
	if _, body := b.get(t, "GET", "/demo/clock", ""); body != `{"now":"2026-11-23T10:00:00+09:00"}`+"\n" {
		t.Errorf("clock: %s", body)
	}
	for _, tt := range []struct {
		body string
		want int
		now  string
	}{
		{`{"advance":"10h"}`, 200, "2026-11-23T20:00:00+09:00"},
		{`{"now":"2026-11-24T00:00:00Z"}`, 200, "2026-11-24T09:00:00+09:00"},
		{`{"advance":"-30m"}`, 200, "2026-11-24T08:30:00+09:00"},
		{`{}`, 422, ""},
		{``, 422, ""},
		{`{"now":"2026-11-24T09:00:00+09:00","advance":"1h"}`, 422, ""},
		{`{"now":"tomorrow"}`, 422, ""},
		{`{"advance":"a while"}`, 422, ""},
		{`{"advance":"200000h"}`, 422, ""},
		{`{"now":"1999-01-01T00:00:00Z"}`, 422, ""},
		{`{"now":5}`, 422, ""},
		{`{"to":"2026-11-24T09:00:00+09:00"}`, 422, ""},
		{`[1]`, 422, ""},
	} {
		res, body := b.get(t, "POST", "/demo/clock", tt.body)
		if res.StatusCode != tt.want {
			t.Errorf("%s: %d %s", tt.body, res.StatusCode, body)
			continue
		}
		if tt.want != 200 {
			continue
		}
		var got struct {
			Now string `json:"now"`
			Ran []struct {
				Job, Outcome string
				ScheduledFor string `json:"scheduled_for"`
			} `json:"ran"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.Now != tt.now || len(got.Ran) != 1 || got.Ran[0].ScheduledFor != "2026-11-24T09:00:00+09:00" || got.Ran[0].Job != "opening" {
			t.Errorf("%s: %v %s", tt.body, err, body)
		}
	}
	production := open(t)
	if res, _ := production.get(t, "POST", "/demo/clock", `{"advance":"1h"}`); res.StatusCode != 404 {
		t.Errorf("production has a demo clock: %d", res.StatusCode)
	}
}

func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	b := open(t)
	req, err := http.NewRequest("GET", b.URL+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("a", 64<<10))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return // the server has hung up while we were still talking
	}
	res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 KiB of header: %d", res.StatusCode)
	}
}
