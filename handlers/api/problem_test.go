package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"toktok/handlers/web"
	"toktok/store"
)

// Every code of RULES H4, produced once by a request that a program could really make.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	b := open(t, web.Limits{Token: web.Rate{PerSecond: 0.01, Burst: 12}})
	number := b.say(t, "u1", "문의")
	path := "/tickets/" + number
	seen := []store.Kind{}
	check := func(kind store.Kind, a answer) {
		t.Helper()
		seen = append(seen, kind)
		if a.StatusCode != web.StatusOf(kind) {
			t.Errorf("%s: %d %s", kind, a.StatusCode, a.body)
		}
		if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: Content-Type %q", kind, got)
		}
		a.is(t, "type", "/problems/"+string(kind), "code", string(kind), "status", float64(a.StatusCode), "request_id", a.Header.Get("X-Request-Id"))
		for _, name := range []string{"title", "detail"} {
			if text, _ := a.json[name].(string); text == "" {
				t.Errorf("%s: no %s", kind, name)
			}
		}
		if _, ok := a.json["fields"].(map[string]any); !ok {
			t.Errorf("%s: no fields", kind)
		}
		if (kind == store.TooMany || kind == store.Unavailable) && a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", kind)
		}
	}
	check(store.Unauthenticated, b.do(t, "", "GET", path, ""))
	check(store.Forbidden, b.do(t, store.RoleAuditor, "POST", path+"/messages", `{"kind":"note","text":"x"}`))
	check(store.NotFound, b.do(t, store.RoleOperator, "GET", "/tickets/2026-999999", ""))
	check(store.Invalid, b.do(t, store.RoleOperator, "POST", path+"/messages", `{"kind":"reply"}`))
	check(store.TooLarge, b.do(t, store.RoleOperator, "POST", path+"/messages", `{"kind":"note","text":"`+strings.Repeat("가", 30_000)+`"}`))
	check(store.WrongState, b.do(t, store.RoleOperator, "POST", path+"/reopen", `{"reason":"x"}`))
	first := b.do(t, store.RoleOperator, "GET", path, "").json["messages"].([]any)[0].(map[string]any)["id"].(float64)
	b.do(t, store.RoleOperator, "POST", path+"/messages", `{"kind":"reply","text":"답"}`)
	check(store.Conflict, b.do(t, store.RoleOperator, "POST", path+"/messages", `{"kind":"reply","text":"답2","seen":`+itoa(int64(first))+`}`))
	var last answer
	for range 13 {
		last = b.do(t, store.RoleOperator, "GET", "/calendar", "")
	}
	check(store.TooMany, last)
	b.do(t, store.RoleAdmin, "GET", "/calendar", "") // the token is known before the store closes
	b.db.Close()
	check(store.Unavailable, b.do(t, store.RoleAdmin, "POST", path+"/messages", `{"kind":"note","text":"x"}`))
	for _, kind := range web.Codes {
		if kind != store.Internal && !slices.Contains(seen, kind) { // internal is produced where a handler can be made to fail: handlers/web
			t.Errorf("%s was not produced", kind)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	b := open(t)
	path := "/tickets/" + b.say(t, "u1", "문의")
	for _, tt := range []struct{ name, path, body, field string }{
		{"not JSON", "/messages", `kind=reply`, ""},
		{"an array", "/messages", `[{"kind":"note","text":"x"}]`, ""},
		{"null", "/messages", `null`, ""},
		{"a text", "/messages", `"note"`, ""},
		{"cut off", "/messages", `{"kind":"note","text":"x`, ""},
		{"trailing data", "/messages", `{"kind":"note","text":"x"} {"kind":"note"}`, ""},
		{"trailing rubbish", "/messages", `{"kind":"note","text":"x"}x`, ""},
		{"empty", "/messages", ``, "kind"},
		{"unknown member", "/messages", `{"kind":"note","text":"x","html":"<b>"}`, "html"},
		{"member twice", "/messages", `{"kind":"note","text":"x","text":"y"}`, "text"},
		{"other case", "/messages", `{"Kind":"note","text":"x"}`, "Kind"},
		{"number for text", "/messages", `{"kind":"note","text":5}`, "text"},
		{"text for number", "/messages", `{"kind":"reply","text":"x","seen":"5"}`, "seen"},
		{"fraction", "/messages", `{"kind":"reply","text":"x","seen":1.5}`, "seen"},
		{"negative", "/messages", `{"kind":"reply","text":"x","seen":-1}`, "seen"},
		{"too big a number", "/messages", `{"kind":"reply","text":"x","seen":99999999999999999999}`, "seen"},
		{"unknown kind", "/messages", `{"kind":"citizen","text":"x"}`, "kind"},
		{"blank text", "/messages", `{"kind":"reply","text":"  \n "}`, "text"},
		{"broken UTF-8", "/messages", "{\"kind\":\"note\",\"text\":\"\xff\"}", ""},
		{"very deep", "/messages", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), ""},
		{"deep member", "/messages", `{"kind":` + strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 101), ""},
		{"parameters", "/messages?a=1", `{"kind":"note","text":"x"}`, "a"},
		{"too long for two bubbles", "/messages", `{"kind":"reply","text":"` + strings.Repeat("가나다라 ", 800) + `"}`, "text"},
		{"nowhere to go", "/transfer", `{"reason":"x"}`, "department"},
		{"both ways", "/transfer", `{"department":"도로과","return":true,"reason":"x"}`, "department"},
		{"unknown department", "/transfer", `{"department":"없는과","reason":"x"}`, "department"},
		{"another agency is not possible yet", "/transfer", `{"agency":"경찰청","reason":"x"}`, "agency"},
		{"without a reason", "/transfer", `{"department":"도로과"}`, "reason"},
		{"close for an odd reason", "/close", `{"reason":"bored"}`, "reason"},
		{"close without a word to who waits", "/close", `{}`, "text"},
		{"accept an odd kind", "/accept", `{"kind":"urgent"}`, "kind"},
		{"accept an odd rule", "/accept", `{"kind":"other","rule":"days:0"}`, "rule"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.want(t, http.StatusUnprocessableEntity, store.RoleOperator, "POST", path+tt.path, tt.body)
			if fields := a.json["fields"].(map[string]any); tt.field != "" && fields[tt.field] == nil {
				t.Errorf("no word about %s: %s", tt.field, a.body)
			}
		})
	}
	if got := b.want(t, 200, store.RoleOperator, "GET", path, ""); len(got.json["messages"].([]any)) > 2 {
		t.Errorf("something was stored: %s", got.body)
	}
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := open(t)
	number := b.say(t, "u1", "문의")
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/nothing", 404, ""},
		{"GET", "/tickets/", 404, ""},
		{"GET", "/tickets/" + number + "/", 404, ""},
		{"GET", "/tickets/" + number + "/extend", 404, ""},
		{"POST", "/tickets/" + number + "/supplement", 404, ""},
		{"POST", "/tickets", 405, "GET, HEAD"},
		{"DELETE", "/tickets/" + number, 405, "GET, HEAD, PATCH"},
		{"GET", "/tickets/" + number + "/messages", 405, "POST"},
		{"OPTIONS", "/tickets", 405, "GET, HEAD"},
		{"GET", "/tickets/2026-1", 404, ""},
		{"GET", "/tickets/%2e%2e", 404, ""},
		{"GET", "/tickets/" + strings.Repeat("9", 3000), 404, ""},
	} {
		a := b.do(t, store.RoleOperator, tt.method, tt.path, "")
		if a.StatusCode != tt.status || a.Header.Get("Allow") != tt.allow || a.json["status"] != float64(tt.status) {
			t.Errorf("%s %s: %d, Allow %q, %s", tt.method, tt.path, a.StatusCode, a.Header.Get("Allow"), a.body)
		}
	}
	get := b.want(t, 200, store.RoleOperator, "GET", "/tickets", "")
	head := b.want(t, 200, store.RoleOperator, "HEAD", "/tickets", "")
	if head.body != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") || head.Header.Get("ETag") != get.Header.Get("ETag") {
		t.Errorf("HEAD: %q %v", head.body, head.Header)
	}
	if same := b.do(t, store.RoleOperator, "GET", "/tickets", "", "If-None-Match", get.Header.Get("ETag")); same.StatusCode != http.StatusNotModified || same.body != "" {
		t.Errorf("asked again: %d %s", same.StatusCode, same.body)
	}
}

func TestHeadersOfDocument(t *testing.T) {
	t.Parallel()
	b := open(t)
	a := b.want(t, 200, "", "HEAD", "/openapi.json", "")
	if a.Header.Get("Content-Type") != "application/json; charset=utf-8" || a.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("headers: %v", a.Header)
	}
}
