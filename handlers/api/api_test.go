package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"toktok/handlers/api"
	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/storetest"
)

type doors struct{ db *store.DB }

func (d doors) Session(ctx context.Context, cookie string, _ bool) (store.Actor, store.Session, error) {
	return d.db.CheckSession(ctx, cookie)
}

func (d doors) Token(ctx context.Context, token string) (store.Actor, error) {
	return d.db.TokenActor(ctx, token)
}

// house is the API over a real store, with a department and a token of each role.
type house struct {
	*httptest.Server
	db     *store.DB
	clock  *storetest.Clock
	api    *api.API
	site   *web.Site
	road   store.Department
	waste  store.Department
	tokens map[store.Role]string
	end    context.CancelFunc // of the server's base context, as main ends it before Shutdown
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

var console = store.System("test")

func open(t testing.TB, limits ...web.Limits) *house {
	t.Helper()
	b := &house{tokens: map[store.Role]string{}}
	b.db, b.clock = storetest.New(t, "2026-11-23 10:00")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	b.road, err = b.db.AddDepartment(t.Context(), console, store.Department{Name: "도로과", Contact: "054-700-2101"})
	must(err)
	b.waste, err = b.db.AddDepartment(t.Context(), console, store.Department{Name: "자원순환과", Contact: "054-700-2103"})
	must(err)
	for _, role := range []store.Role{store.RoleAdmin, store.RoleOperator, store.RoleDepartment, store.RoleAuditor} {
		in := store.TokenInput{Name: string(role), Role: role}
		if role == store.RoleDepartment {
			in.Department = b.road.Ref()
		}
		_, b.tokens[role], err = b.db.AddToken(t.Context(), console, in)
		must(err)
	}
	b.api, err = api.New(api.Options{DB: b.db, Version: "1.2.3", Jobs: func() []api.Job {
		return []api.Job{
			{ID: "opening", Last: &api.JobRun{ScheduledFor: storetest.At("2026-11-23 09:00"), Outcome: "done"}, Next: storetest.At("2026-11-24 09:00")},
			{ID: "settle", Next: storetest.At("2026-11-23 18:30")},
		}
	}})
	must(err)
	o := web.Options{Doors: doors{b.db}, Clock: b.db, Messages: api.Newer}
	if len(limits) > 0 {
		o.Limits = limits[0]
	}
	b.site, err = web.New(o)
	must(err)
	h, err := b.site.Router(b.api.Routes(), web.Both)
	must(err)
	base, end := context.WithCancel(context.Background())
	b.end = end
	b.Server = httptest.NewUnstartedServer(h)
	b.Config.BaseContext = func(net.Listener) context.Context { return base }
	b.Start()
	t.Cleanup(b.Close)
	t.Cleanup(end)
	return b
}

func (b *house) say(t testing.TB, user, text string) string {
	t.Helper()
	storetest.Say(t, b.db, storetest.Call{User: user, Text: text, Friend: true})
	page, err := b.db.Tickets(t.Context(), console, store.ListQuery{States: store.States, Sort: store.SortNewest, Limit: 1})
	if err != nil || len(page.Tickets) == 0 {
		t.Fatalf("no case after a citizen wrote: %v", err)
	}
	return page.Tickets[0].Number
}

type answer struct {
	*http.Response
	body string
	json map[string]any
}

func (b *house) do(t testing.TB, role store.Role, method, path, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+b.tokens[role])
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Response: res, body: string(raw)}
	if strings.Contains(res.Header.Get("Content-Type"), "json") && len(raw) > 0 {
		if err := json.Unmarshal(raw, &a.json); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	return a
}

func (b *house) want(t testing.TB, status int, role store.Role, method, path, body string, header ...string) answer {
	t.Helper()
	a := b.do(t, role, method, path, body, header...)
	if a.StatusCode != status {
		t.Fatalf("%s %s %s as %s: %d, want %d: %s", method, path, body, role, a.StatusCode, status, a.body)
	}
	return a
}

func (a answer) is(t testing.TB, fields ...any) {
	t.Helper()
	for i := 0; i < len(fields); i += 2 {
		name := fields[i].(string)
		var v any = a.json
		for part := range strings.SplitSeq(name, ".") {
			m, ok := v.(map[string]any)
			if !ok {
				v = nil
				break
			}
			v = m[part]
		}
		if want := fields[i+1]; v != want {
			t.Errorf("%s is %v, want %v in %s", name, v, want, a.body)
		}
	}
}

// The main job by the API alone: a citizen writes, the office reads, answers, finishes and opens again.
func TestFromQuestionToAnswer(t *testing.T) {
	t.Parallel()
	b := open(t)
	number := b.say(t, "u1", "집 앞 가로등이 꺼졌어요\n둘째 줄")
	path := "/tickets/" + number

	list := b.want(t, 200, store.RoleOperator, "GET", "/tickets", "")
	if tickets := list.json["tickets"].([]any); len(tickets) != 1 || list.json["next"] != nil {
		t.Fatalf("list: %s", list.body)
	}
	got := b.want(t, 200, store.RoleOperator, "GET", path, "")
	got.is(t, "number", "2026-000001", "state", "open", "subject", "집 앞 가로등이 꺼졌어요", "citizen.friend", true, "category", nil, "department", nil,
		"assignee", nil, "priority", "normal", "received_at", "2026-11-23T10:00:00+09:00", "awaiting_since", "2026-11-23T10:00:00+09:00", "accepted_at", nil,
		"first_reply_at", nil, "done_at", nil, "notified_at", nil, "round", 1.0, "kind", nil, "due", nil, "follow_up_on", nil, "unread", 1.0, "channel", "bot")
	first := got.json["messages"].([]any)[0].(map[string]any)
	if first["kind"] != "citizen" || first["text"] != "집 앞 가로등이 꺼졌어요\n둘째 줄" || first["delivery"] != nil || first["by"] != nil {
		t.Errorf("the citizen's message: %v", first)
	}

	b.clock.Advance(5 * time.Minute)
	reply := b.want(t, 201, store.RoleOperator, "POST", path+"/messages", `{"kind":"reply","text":"오늘 확인할게요."}`)
	reply.is(t, "kind", "reply", "text", "오늘 확인할게요.", "by", "operator", "at", "2026-11-23T10:05:00+09:00", "delivery.state", "queued")
	if !strings.HasPrefix(reply.Header.Get("Location"), "/api/v1/tickets/2026-000001#message-") {
		t.Errorf("Location %q", reply.Header.Get("Location"))
	}
	b.want(t, 201, store.RoleOperator, "POST", path+"/messages", `{"kind":"note","text":"현장팀에 전달함"}`).is(t, "kind", "note", "delivery", nil)
	b.want(t, 200, store.RoleOperator, "GET", path, "").is(t, "state", "answered", "awaiting_since", nil, "kind", "other",
		"first_reply_at", "2026-11-23T10:05:00+09:00", "done_at", "2026-11-23T10:05:00+09:00", "due.rule", "immediate", "due.at", "2026-11-23T14:05:00+09:00")

	b.want(t, 200, store.RoleOperator, "POST", path+"/close", `{}`).is(t, "state", "closed")
	again := b.want(t, 200, store.RoleOperator, "POST", path+"/reopen", `{"reason":"아직 꺼져 있음"}`)
	again.is(t, "state", "open", "round", 2.0, "awaiting_since", "2026-11-23T10:05:00+09:00")
}

func TestDepartment(t *testing.T) {
	t.Parallel()
	b := open(t)
	number := b.say(t, "u1", "도로에 구멍이 났어요")
	path := "/tickets/" + number
	b.want(t, 404, store.RoleDepartment, "GET", path, "") // not theirs yet
	sent := b.want(t, 200, store.RoleOperator, "POST", path+"/transfer", `{"department":"도로과","reason":"도로 파손"}`)
	sent.is(t, "state", "review", "department.name", "도로과", "awaiting_since", nil)
	b.want(t, 200, store.RoleDepartment, "GET", path, "").is(t, "department.id", float64(b.road.ID))
	if list := b.want(t, 200, store.RoleDepartment, "GET", "/tickets", ""); len(list.json["tickets"].([]any)) != 1 {
		t.Errorf("their list: %s", list.body)
	}
	back := b.want(t, 200, store.RoleDepartment, "POST", path+"/transfer", `{"return":true,"reason":"국도는 우리 부서가 아님"}`)
	if back.json["state"] != "open" || back.json["department"] != nil {
		t.Errorf("returned: %s", back.body)
	}
	b.want(t, 404, store.RoleDepartment, "GET", path, "")
	b.want(t, 404, store.RoleDepartment, "POST", path+"/messages", `{"kind":"note","text":"x"}`)
	if list := b.want(t, 200, store.RoleDepartment, "GET", "/tickets", ""); len(list.json["tickets"].([]any)) != 0 {
		t.Errorf("a foreign case in their list: %s", list.body)
	}
	// By id, and on to the other department.
	b.want(t, 200, store.RoleOperator, "POST", path+"/transfer", `{"department":`+itoa(b.road.ID)+`,"reason":"시도"}`)
	b.want(t, 200, store.RoleDepartment, "POST", path+"/transfer", `{"department":"자원순환과","reason":"쓰레기"}`).is(t, "department.name", "자원순환과")
	b.want(t, 404, store.RoleDepartment, "GET", path, "")
}

func TestChange(t *testing.T) {
	t.Parallel()
	b := open(t)
	c, err := b.db.SaveCategory(t.Context(), console, store.Category{Code: "LIGHT", Name: "가로등", Kind: "other", Retention: "3y"})
	if err != nil {
		t.Fatal(err)
	}
	kim, err := b.db.AddStaff(t.Context(), console, store.StaffInput{Login: "kim", Name: "김상담", Role: store.RoleOperator, Password: "long-enough-passphrase-42"})
	if err != nil {
		t.Fatal(err)
	}
	path := "/tickets/" + b.say(t, "u1", "가로등이 꺼졌어요")
	set := b.want(t, 200, store.RoleOperator, "PATCH", path,
		`{"category":"가로등","assignee":`+itoa(kim.ID)+`,"priority":"high","urgent":true,"snooze_until":"2026-11-24T09:00:00+09:00"}`)
	set.is(t, "category.id", float64(c.ID), "category.name", "가로등", "assignee.name", "김상담", "priority", "high", "urgent", true, "snooze_until", "2026-11-24T09:00:00+09:00")
	b.want(t, 200, store.RoleOperator, "PATCH", path, `{}`).is(t, "priority", "high", "category.name", "가로등")
	cleared := b.want(t, 200, store.RoleOperator, "PATCH", path, `{"category":null,"assignee":null,"priority":null,"urgent":null,"snooze_until":null}`)
	cleared.is(t, "category", nil, "assignee", nil, "priority", "normal", "urgent", false, "snooze_until", nil)
	for body, field := range map[string]string{
		`{"state":"closed"}`: "state", `{"priority":"soon"}`: "priority", `{"urgent":"yes"}`: "urgent", `{"snooze_until":"tomorrow"}`: "snooze_until",
		`{"category":"없는 분류"}`: "category", `{"assignee":99}`: "assignee", `{"Priority":"high"}`: "Priority", `{"priority":"high","priority":"low"}`: "priority",
	} {
		a := b.want(t, 422, store.RoleOperator, "PATCH", path, body)
		if a.json["fields"].(map[string]any)[field] == nil {
			t.Errorf("%s: no word about %s: %s", body, field, a.body)
		}
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	b := open(t)
	path := "/tickets/" + b.say(t, "u1", "조례가 궁금해요")
	a := b.want(t, 422, store.RoleOperator, "POST", path+"/accept", `{"kind":"inquiry_law"}`)
	if fields := a.json["fields"].(map[string]any); fields["name"] == nil || fields["contact"] == nil {
		t.Errorf("without a name: %s", a.body)
	}
	a = b.want(t, 200, store.RoleOperator, "POST", path+"/accept", `{"kind":"inquiry_law","name":"김시민","contact":"010-1234-5678"}`)
	a.is(t, "kind", "inquiry_law", "accepted_at", "2026-11-23T10:00:00+09:00", "due.rule", "days:14", "due.at", "2026-12-10")
	if steps := a.json["due"].(map[string]any)["steps"].([]any); len(steps) == 0 {
		t.Error("the due date does not say how it was computed")
	}
	again := b.want(t, 409, store.RoleOperator, "POST", path+"/accept", `{"kind":"other"}`)
	again.is(t, "code", "wrong_state", "state", "open")
	if len(again.json["allowed"].([]any)) == 0 {
		t.Errorf("no word about what is allowed: %s", again.body)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, user := range []string{"u1", "u2", "u3", "u4", "u5"} {
		b.say(t, user, "문의 "+user)
		b.clock.Advance(time.Minute)
	}
	b.want(t, 201, store.RoleOperator, "POST", "/tickets/2026-000002/messages", `{"kind":"reply","text":"답이에요."}`)
	b.want(t, 200, store.RoleOperator, "POST", "/tickets/2026-000003/transfer", `{"department":"도로과","reason":"x"}`)
	numbers := func(query string) (out []string) {
		a := b.want(t, 200, store.RoleOperator, "GET", "/tickets"+query, "")
		for _, one := range a.json["tickets"].([]any) {
			out = append(out, one.(map[string]any)["number"].(string)[10:])
		}
		return out
	}
	for query, want := range map[string]string{
		"":                               "1 4 5 3 2", // who waits first, then the others, newest first
		"?state=open":                    "1 4 5",
		"?state=answered,review":         "3 2",
		"?sort=newest":                   "5 4 3 2 1",
		"?department=도로과":                "3",
		"?department=" + itoa(b.road.ID): "3",
		"?assignee=none&state=open":      "1 4 5",
		"?state=&sort=&limit=":           "1 4 5 3 2",
		"?sort=newest&limit=2":           "5 4",
		"?department=자원순환과":              "",
	} {
		if got := strings.Join(numbers(query), " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var walked []string
	query := "?limit=2"
	for range 5 {
		a := b.want(t, 200, store.RoleOperator, "GET", "/tickets"+query, "")
		for _, one := range a.json["tickets"].([]any) {
			walked = append(walked, one.(map[string]any)["number"].(string)[10:])
		}
		next, ok := a.json["next"].(string)
		if !ok {
			break
		}
		query = "?limit=2&cursor=" + next
	}
	if got := strings.Join(walked, " "); got != "1 4 5 3 2" {
		t.Errorf("page by page: %s", got)
	}
	for query, field := range map[string]string{
		"?state=done": "state", "?sort=random": "sort", "?limit=0": "limit", "?limit=201": "limit", "?limit=x": "limit", "?cursor=rubbish": "cursor",
		"?q=가로등": "q", "?state=open&state=closed": "state", "?limit=1&limit=2": "limit", "?department=없는과": "department", "?assignee=kim": "assignee",
		"?sort=%ff": "sort", "?sort=%00": "sort", "?%zz": "query",
	} {
		a := b.want(t, 422, store.RoleOperator, "GET", "/tickets"+query, "")
		if a.json["fields"].(map[string]any)[field] == nil {
			t.Errorf("%s: no word about %s: %s", query, field, a.body)
		}
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	b := open(t)
	path := "/tickets/" + b.say(t, "u1", "문의") + "/messages"
	body := `{"kind":"reply","text":"답이에요."}`
	first := b.want(t, 201, store.RoleOperator, "POST", path, body, "Idempotency-Key", "k1")
	again := b.want(t, 201, store.RoleOperator, "POST", path, body, "Idempotency-Key", "k1")
	if first.body != again.body || first.Header.Get("Location") != again.Header.Get("Location") {
		t.Errorf("the repeat differs:\n%s\n%s", first.body, again.body)
	}
	if got := b.want(t, 200, store.RoleOperator, "GET", "/tickets/2026-000001", ""); strings.Count(got.body, "답이에요.") != 1 {
		t.Errorf("stored twice: %s", got.body)
	}
	other := b.want(t, 422, store.RoleOperator, "POST", path, `{"kind":"reply","text":"다른 답"}`, "Idempotency-Key", "k1")
	other.is(t, "code", "invalid")
	if b.want(t, 201, store.RoleAdmin, "POST", path, body, "Idempotency-Key", "k1").body == first.body {
		t.Error("another token got the first one's answer")
	}
	for _, key := range []string{"a b", "한글", strings.Repeat("k", 129)} {
		b.want(t, 422, store.RoleOperator, "POST", path, body, "Idempotency-Key", key)
	}
	b.clock.Advance(25 * time.Hour)
	if b.want(t, 201, store.RoleOperator, "POST", path, body, "Idempotency-Key", "k1").body == first.body {
		t.Error("after 24 h the key still answers")
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	b := open(t)
	path := "/tickets/" + b.say(t, "u1", "문의") + "/messages"
	seen := b.want(t, 200, store.RoleOperator, "GET", "/tickets/2026-000001", "").json["messages"].([]any)[0].(map[string]any)["id"].(float64)
	b.want(t, 201, store.RoleOperator, "POST", path, `{"kind":"reply","text":"먼저 답했어요."}`)
	late := `{"kind":"reply","text":"나중 답","seen":` + itoa(int64(seen)) + `}`
	a := b.want(t, 409, store.RoleAdmin, "POST", path, late)
	a.is(t, "code", "conflict")
	newer, _ := a.json["messages"].([]any)
	if len(newer) != 1 || newer[0].(map[string]any)["text"] != "먼저 답했어요." {
		t.Errorf("the newer answers: %s", a.body)
	}
	b.want(t, 201, store.RoleAdmin, "POST", path, strings.TrimSuffix(late, "}")+`,"force":true}`)
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	b := open(t)
	holiday := "/calendar?at=2026-09-23T22:30:00%2B09:00"
	b.want(t, 200, store.RoleAuditor, "GET", holiday, "").is(t, "open", false, "next_open", "2026-09-28T09:00:00+09:00", "next_close", "2026-09-28T18:00:00+09:00")
	b.want(t, 200, store.RoleAuditor, "GET", "/calendar?at=2026-09-25T12:00:00+09:00", "").is(t, "because", "휴무: 추석 연휴")
	b.want(t, 200, store.RoleAuditor, "GET", "/calendar", "").is(t, "open", true, "next_close", "2026-11-23T18:00:00+09:00")
	b.want(t, 200, store.RoleAuditor, "GET", "/calendar?of=statutory&at=2026-11-23T12:30:00%2B09:00", "").is(t, "open", false, "next_open", "2026-11-23T13:00:00+09:00")
	b.want(t, 200, store.RoleAuditor, "GET", "/calendar?of="+itoa(b.road.ID), "").is(t, "open", true)
	for _, query := range []string{"?at=tomorrow", "?of=moon", "?at=2026-11-23", "?of=desk&of=desk", "?when=now", "?of=999"} {
		b.want(t, 422, store.RoleAuditor, "GET", "/calendar"+query, "")
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	b := open(t)
	a := b.want(t, 200, store.RoleAuditor, "POST", "/calendar/due", `{"rule":"days:7","accepted_at":"2026-11-23T17:59:00+09:00"}`)
	a.is(t, "due", "2026-12-01")
	if steps := a.json["steps"].([]any); len(steps) != 9 && len(steps) != 7 {
		t.Errorf("steps: %s", a.body)
	}
	b.want(t, 200, store.RoleAuditor, "POST", "/calendar/due", `{"rule":"immediate","accepted_at":"2026-11-23T10:00:00+09:00"}`).is(t, "due", "2026-11-23T14:00:00+09:00")
	b.want(t, 200, store.RoleAuditor, "POST", "/calendar/due",
		`{"rule":"days:7","accepted_at":"2026-11-23T10:00:00+09:00","exclusions":[{"from":"2026-11-25","to":"2026-11-26","kind":"supplement"}],"extensions":[{"days":2,"ground":"site"}]}`).is(t, "due", "2026-12-07")
	for body, field := range map[string]string{
		`{"accepted_at":"2026-11-23T10:00:00+09:00"}`: "rule",
		`{"rule":"days:7"}`:                           "accepted_at", `{"rule":"days:7","accepted_at":"yesterday"}`: "accepted_at",
		`{"rule":"soon","accepted_at":"2026-11-23T10:00:00+09:00"}`:                                                          "rule",
		`{"rule":"days:7","accepted_at":"2026-11-23T10:00:00+09:00","extensions":[{"days":2,"ground":"because"}]}`:           "extensions.0.ground",
		`{"rule":"days:7","accepted_at":"2026-11-23T10:00:00+09:00","extensions":[{"days":2,"ground":"site","x":1}]}`:        "extensions.x",
		`{"rule":"days:7","accepted_at":"2026-11-23T10:00:00+09:00","exclusions":[{"from":"2026-11-26","to":"2026-11-25"}]}`: "exclusions",
		`{"rule":"days:7","accepted_at":"2026-11-23T10:00:00+09:00","exclusions":{"from":"2026-11-26","to":"2026-11-25"}}`:   "exclusions",
		`{"rule":7,"accepted_at":"2026-11-23T10:00:00+09:00"}`:                                                               "rule",
		`{"rule":"days:7","accepted_at":"2026-11-23T10:00:00+09:00","extensions":[{"days":"two","ground":"site"}]}`:          "extensions.days",
	} {
		a := b.want(t, 422, store.RoleAuditor, "POST", "/calendar/due", body)
		if a.json["fields"].(map[string]any)[field] == nil {
			t.Errorf("%s: no word about %s: %s", body, field, a.body)
		}
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.say(t, "u1", "문의")
	b.want(t, 201, store.RoleOperator, "POST", "/tickets/2026-000001/messages", `{"kind":"reply","text":"답"}`)
	a := b.want(t, 200, store.RoleAdmin, "GET", "/status", "")
	a.is(t, "version", "1.2.3", "queues.answered", 1.0, "queues.awaiting", 0.0, "quarantine", 0.0, "deliveries.queued", 1.0, "now", "2026-11-23T10:00:00+09:00")
	jobs := a.json["jobs"].([]any)
	if opening := jobs[0].(map[string]any); opening["id"] != "opening" || opening["next"] != "2026-11-24T09:00:00+09:00" || opening["last"].(map[string]any)["outcome"] != "done" {
		t.Errorf("jobs: %v", jobs)
	}
	if jobs[1].(map[string]any)["last"] != nil {
		t.Errorf("a job that never ran: %v", jobs[1])
	}
	b.want(t, 403, store.RoleOperator, "GET", "/status", "").is(t, "code", "forbidden")
}

func TestFile(t *testing.T) {
	t.Parallel()
	b := open(t)
	storetest.Say(t, b.db, storetest.Call{User: "u1", Photo: "https://talk.kakaocdn.net/dn/photo.jpg"})
	due, err := b.db.DuePhotos(t.Context(), 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("photos to fetch: %v %v", due, err)
	}
	before := b.want(t, 200, store.RoleOperator, "GET", "/tickets/2026-000001", "")
	before.is(t, "subject", "사진")
	if f := before.json["messages"].([]any)[0].(map[string]any)["files"].([]any)[0].(map[string]any); f["url"] != nil {
		t.Errorf("a photo that is not here yet: %v", f)
	}
	var pixels bytes.Buffer
	if err := jpeg.Encode(&pixels, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	if err := b.db.SettlePhoto(t.Context(), due[0].ID, store.Fetched{Body: pixels.Bytes()}); err != nil {
		t.Fatal(err)
	}
	f := b.want(t, 200, store.RoleOperator, "GET", "/tickets/2026-000001", "").json["messages"].([]any)[0].(map[string]any)["files"].([]any)[0].(map[string]any)
	url := strings.TrimPrefix(f["url"].(string), "/api/v1")
	got := b.want(t, 200, store.RoleOperator, "GET", url, "")
	if _, err := jpeg.Decode(strings.NewReader(got.body)); err != nil || float64(len(got.body)) != f["size"] || got.Header.Get("Content-Type") != f["type"] {
		t.Errorf("the picture: %v, %d bytes, %s, said to be %v", err, len(got.body), got.Header.Get("Content-Type"), f)
	}
	for name, want := range map[string]string{"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox", "Cache-Control": "no-store"} {
		if !strings.Contains(got.Header.Get(name), want) {
			t.Errorf("%s: %q", name, got.Header.Get(name))
		}
	}
	if part := b.do(t, store.RoleOperator, "GET", url, "", "Range", "bytes=0-9"); part.StatusCode != 206 || len(part.body) != 10 {
		t.Errorf("a part: %d, %d bytes", part.StatusCode, len(part.body))
	}
	b.want(t, 404, store.RoleDepartment, "GET", url, "")
	for _, id := range []string{"999", "x", "-1", "1e3", "%2e%2e"} {
		b.want(t, 404, store.RoleOperator, "GET", "/files/"+id, "")
	}
}
