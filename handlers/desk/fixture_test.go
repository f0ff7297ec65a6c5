package desk_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"toktok/assets"
	"toktok/handlers/desk"
	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/storetest"
)

const password = "열두자보다긴 비밀번호 하나"

// office is a store with its pages on a real server.
type office struct {
	*httptest.Server
	db    *store.DB
	clock *storetest.Clock
	desk  *desk.Desk
	road  store.Department
	parks store.Department
	ran   []string
}

type doors struct{ db *store.DB }

func (d doors) Session(ctx context.Context, cookie string, touch bool) (store.Actor, store.Session, error) {
	if touch {
		return d.db.SessionActor(ctx, cookie)
	}
	return d.db.CheckSession(ctx, cookie)
}

func (d doors) Token(ctx context.Context, token string) (store.Actor, error) {
	return d.db.TokenActor(ctx, token)
}

func open(t testing.TB, at string) *office {
	t.Helper()
	o := &office{}
	o.db, o.clock = storetest.New(t, at)
	system, ctx := store.System("test"), t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	o.road, err = o.db.AddDepartment(ctx, system, store.Department{Name: "도로과", Contact: "054-779-1001"})
	must(err)
	o.parks, err = o.db.AddDepartment(ctx, system, store.Department{Name: "공원녹지과", Contact: "054-779-1002"})
	must(err)
	for _, a := range []store.StaffInput{
		{Login: "admin", Name: "최관리", Role: store.RoleAdmin},
		{Login: "operator", Name: "김상담", Role: store.RoleOperator},
		{Login: "second", Name: "이상담", Role: store.RoleOperator},
		{Login: "road", Name: "박도로", Role: store.RoleDepartment, Departments: []store.Membership{{Department: o.road.Ref()}}},
		{Login: "auditor", Name: "정감사", Role: store.RoleAuditor},
	} {
		a.Password = password
		_, err := o.db.AddStaff(ctx, system, a)
		must(err)
	}
	o.desk, err = desk.New(desk.Options{
		DB: o.db, Version: "1.2.3-test",
		Jobs: func() []desk.Job {
			return []desk.Job{
				{ID: "opening", Text: "업무 시작", Last: &desk.JobRun{ScheduledFor: storetest.At("2026-11-23 09:00"), Outcome: "done"}, Next: storetest.At("2026-11-24 09:00")},
				{ID: "settle", Text: "답변한 민원 완료", Last: &desk.JobRun{ScheduledFor: storetest.At("2026-11-20 18:30"), Outcome: "failed", Detail: "context deadline exceeded"}},
			}
		},
		RunNow: func(_ context.Context, id string) error {
			o.ran = append(o.ran, id)
			return nil
		},
	})
	must(err)
	site, err := web.New(web.Options{Doors: doors{o.db}, Clock: o.clock, ErrorPage: o.desk.ErrorPage, Limits: web.Limits{Login: web.Rate{PerSecond: 100, Burst: 1000}}})
	must(err)
	files := web.Route{
		Method: http.MethodGet, Path: assets.Prefix + "*path", Door: web.DoorPublic, Side: web.Both, Shape: web.ShapeFragment,
		Handler: func(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
			assets.Handler().ServeHTTP(w, r)
			return nil
		},
	}
	h, err := site.Router(append(o.desk.Routes(), files), web.Both)
	must(err)
	o.Server = httptest.NewServer(h)
	t.Cleanup(o.Close)
	return o
}

// say lets a citizen speak and returns the number of the case.
func (o *office) say(t testing.TB, c storetest.Call) string {
	t.Helper()
	storetest.Say(t, o.db, c)
	page, err := o.db.Tickets(t.Context(), store.System("test"), store.ListQuery{States: store.States, Sort: store.SortNewest, Limit: 200})
	if err != nil || len(page.Tickets) == 0 {
		t.Fatal("no case", err)
	}
	newest := page.Tickets[0]
	for _, k := range page.Tickets {
		if k.PreviewAt.After(newest.PreviewAt) || k.ID > newest.ID {
			newest = k
		}
	}
	return newest.Number
}

func (o *office) actor(login string) store.Actor {
	list, err := o.db.StaffList(context.Background(), store.System("test"))
	if err != nil {
		panic(err)
	}
	for _, a := range list {
		if a.Login != login {
			continue
		}
		who := store.Actor{Role: a.Role, Staff: a.ID, Name: a.Name}
		for _, m := range a.Departments {
			who.Departments = append(who.Departments, m.Department.ID)
		}
		return who
	}
	panic("no account " + login)
}

// browser is a person at the desk.
type browser struct {
	t      testing.TB
	o      *office
	client *http.Client
}

func (o *office) browser(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, o, &http.Client{Jar: jar, Transport: o.Client().Transport}}
}

func (o *office) signIn(t testing.TB, login string) *browser {
	t.Helper()
	b := o.browser(t)
	p := b.post("/login", url.Values{"login": {login}, "password": {password}})
	if !strings.Contains(p.body, "로그아웃") {
		t.Fatalf("%s is not signed in: %d", login, p.status)
	}
	return b
}

// page is what a browser shows at last.
type page struct {
	t      testing.TB
	status int
	path   string
	body   string
	header http.Header
}

func (b *browser) do(req *http.Request) page {
	b.t.Helper()
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{b.t, res.StatusCode, res.Request.URL.RequestURI(), string(body), res.Header}
}

func (b *browser) get(path string) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.o.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.o.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.o.URL)
	req.Header.Set("Referer", b.o.URL+"/tickets")
	return b.do(req)
}

func (p page) has(words ...string) {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(p.body, w) {
			p.t.Errorf("%s (%d) does not show %q", p.path, p.status, w)
		}
	}
}

func (p page) hasNot(words ...string) {
	p.t.Helper()
	for _, w := range words {
		if strings.Contains(p.body, w) {
			p.t.Errorf("%s (%d) shows %q", p.path, p.status, w)
		}
	}
}

func (p page) is(status int) page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("%s is answered %d instead of %d:\n%s", p.path, p.status, status, text(p.body))
	}
	return p
}

var hidden = regexp.MustCompile(`name="seen" value="(\d+)"`)

// seen is the hidden field of the composer.
func (p page) seen() string {
	p.t.Helper()
	m := hidden.FindStringSubmatch(p.body)
	if m == nil {
		p.t.Fatalf("%s has no composer", p.path)
	}
	return m[1]
}

var tags = regexp.MustCompile(`<[^>]*>|\n\s*\n`)

func text(html string) string { return strings.TrimSpace(tags.ReplaceAllString(html, "")) }

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func number(n int) string { return fmt.Sprintf("2026-%06d", n) }
