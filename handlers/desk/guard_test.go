package desk_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/worktime"
)

func dateOf(t testing.TB, s string) worktime.Date {
	t.Helper()
	d, err := worktime.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// pagesOf lists every page an account may open.
var pagesOf = map[string][]string{
	"admin": {
		"/tickets", "/tickets?state=closed", "/tickets?sort=due", "/tickets?assignee=me", "/worklist", "/account", "/staff", "/settings", "/settings/hours", "/settings/texts",
		"/settings/texts/receipt_open", "/settings/kakao", "/system",
	},
	"operator": {"/tickets", "/worklist", "/account"},
	"road":     {"/tickets", "/worklist", "/account"},
	"auditor":  {"/tickets", "/worklist", "/account"},
}

func TestPagesAndRoles(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "문의"})
	for login, may := range pagesOf {
		b := o.signIn(t, login)
		for _, path := range pagesOf["admin"] {
			want := http.StatusOK
			if !slices.Contains(may, path) && !strings.HasPrefix(path, "/tickets") {
				want = http.StatusForbidden
			}
			p := b.get(path)
			if p.status != want {
				t.Errorf("%s opens %s: %d instead of %d", login, path, p.status, want)
			}
			checkPage(t, login+" "+path, p.body)
		}
	}
	auditor := o.signIn(t, "auditor")
	p := auditor.get("/tickets/" + n).is(http.StatusOK)
	p.has("읽기만 할 수 있어요.")
	p.hasNot("내가 맡기", `name="text"`, "부서로 보내기")
	auditor.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "안 됨")).is(http.StatusForbidden)
	auditor.post("/tickets/"+n+"/close", form("reason", "not_a_case")).is(http.StatusForbidden)
	road := o.signIn(t, "road")
	for _, action := range []string{"messages", "accept", "transfer", "return", "take", "assign", "close", "reopen", "dismiss"} {
		road.post("/tickets/"+n+"/"+action, form("kind", "note", "text", "글", "reason", "까닭", "department", "1")).is(http.StatusNotFound)
	}
	if p := o.browser(t).post("/tickets/"+n+"/close", form("reason", "not_a_case")); !strings.HasPrefix(p.path, "/login") {
		t.Errorf("a stranger's form leads to %s", p.path)
	}
}

// No link of a page leads nowhere, whoever opens it.
func TestNoDeadLink(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "문의", Friend: true})
	storetest.Say(t, o.db, storetest.Call{User: "b", Text: "다른 문의"})
	if _, err := o.db.Transfer(t.Context(), o.actor("operator"), n, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}); err != nil {
		t.Fatal(err)
	}
	for login := range pagesOf {
		b := o.signIn(t, login)
		todo, done := []string{"/"}, map[string]bool{}
		for len(todo) > 0 {
			path, _, _ := strings.Cut(todo[0], "#")
			todo = todo[1:]
			if done[path] || path == "" {
				continue
			}
			done[path] = true
			p := b.get(path)
			if p.status != http.StatusOK {
				t.Errorf("%s: %s is answered %d", login, path, p.status)
				continue
			}
			checkPage(t, login+" "+path, p.body)
			todo = append(todo, links(p.body)...)
		}
		if len(done) < 8 {
			t.Errorf("%s saw only %d pages", login, len(done))
		}
	}
}

// hostile are words that must stay words.
var hostile = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`, `'><iframe src=javascript:alert(1)>`, `</textarea><script>x</script>`,
	`</title><script>x</script>`, `javascript:alert(1)`, `{{.City}}`, `<!--`, `]]>`, "\u202Eabc", `<style>*{display:none}</style>`, `&lt;b&gt;`, `<a href="https://evil.example">눌러요</a>`,
}

func TestForeignWordsStayWords(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	admin, who := o.signIn(t, "admin"), o.actor("operator")
	for i, words := range hostile {
		t.Run(number(i), func(t *testing.T) {
			b := &browser{t, o, admin.client}
			o.clock.Advance(minutes(1))
			n := o.say(t, storetest.Call{User: number(i), Text: words + " 문의"})
			must := func(_ any, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(o.db.Note(t.Context(), who, n, words, nil))
			must(o.db.Accept(t.Context(), who, n, store.AcceptInput{Kind: "grievance", Name: "이름" + cut(words, 30), Contact: "010-1111-2222"}))
			must(o.db.Reply(t.Context(), who, n, store.ReplyInput{Text: words}))
			must(o.db.Transfer(t.Context(), who, n, store.TransferInput{Department: o.road.Ref(), Reason: words}))
			o.db.Receive(t.Context(), store.In{Body: []byte(words), RequestID: "r" + number(i), Arrived: o.db.Now(), Real: o.db.Real()})
			for _, path := range []string{"/tickets?state=review", "/tickets/" + n, "/system", "/worklist"} {
				p := b.get(path).is(http.StatusOK)
				checkPage(t, path, p.body)
				checkScripts(t, path, p.body)
			}
			typed := b.post("/tickets/"+n+"/transfer", form("department", "", "reason", words)).is(http.StatusUnprocessableEntity)
			checkPage(t, "typed", typed.body)
			checkScripts(t, "typed", typed.body)
			for _, path := range []string{"/tickets?state=" + url.QueryEscape(words), "/login?next=" + url.QueryEscape(words), "/settings/hours?date=" + url.QueryEscape(words), "/system?state=" + url.QueryEscape(words)} {
				p := b.get(path)
				checkPage(t, path, p.body)
				checkScripts(t, path, p.body)
			}
		})
	}
}

func cut(s string, n int) string {
	r := []rune(strings.ReplaceAll(s, "\u202E", ""))
	return string(r[:min(n, len(r))])
}

// checkScripts holds that a page runs our script and no other, and shows no foreign element.
func checkScripts(t testing.TB, name, page string) {
	t.Helper()
	for _, e := range elements(page) {
		switch e.name {
		case "script":
			if !strings.HasPrefix(e.attr["src"], "/a/") {
				t.Errorf("%s: a script that is not ours", name)
			}
		case "iframe", "object", "style", "base", "embed":
			t.Errorf("%s: <%s>", name, e.name)
		}
		for key := range e.attr {
			if strings.HasPrefix(key, "on") {
				t.Errorf("%s: attribute %s", name, key)
			}
		}
	}
}

func TestLongWordsAndNames(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: strings.Repeat("긴글", 500)})
	long := strings.Repeat("가", 40)
	if _, err := o.db.Accept(t.Context(), o.actor("operator"), n, store.AcceptInput{Kind: "suggestion", Name: long, Contact: "010-1111-2222"}); err != nil {
		t.Fatal(err)
	}
	b := o.signIn(t, "operator")
	p := b.get("/tickets/" + n).is(http.StatusOK)
	p.has(strings.Repeat("긴글", 500), long)
	checkPage(t, "long", p.body)
	b.get("/tickets/2026-999999").is(http.StatusNotFound).has("찾을 수 없어요", "요청 번호", "로그아웃")
}

// The form of another site is refused, and so is a form without a browser's word of where it comes from.
func TestForeignFormsAreRefused(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "문의"})
	b := o.signIn(t, "operator")
	for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, {}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.URL+"/tickets/"+n+"/close", strings.NewReader("reason=not_a_case"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Accept", "text/html")
		for k, v := range header {
			req.Header.Set(k, v)
		}
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("with %v: %d", header, res.StatusCode)
		}
	}
	if k, err := o.db.Ticket(t.Context(), store.System("test"), n); err != nil || k.State != store.StateOpen {
		t.Errorf("the case is %v %v", k.State, err)
	}
}
