package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"toktok/store"
)

// Whatever a program sends, it is told what is wrong with it; it never makes the server fail.
func FuzzBodies(f *testing.F) {
	b := open(f)
	number := b.say(f, "u1", "문의")
	type target struct{ method, path string }
	targets := []target{
		{"POST", "/tickets/" + number + "/messages"}, {"POST", "/tickets/" + number + "/accept"}, {"POST", "/tickets/" + number + "/transfer"},
		{"POST", "/tickets/" + number + "/close"}, {"POST", "/tickets/" + number + "/reopen"}, {"PATCH", "/tickets/" + number}, {"POST", "/calendar/due"},
	}
	for i, seed := range []string{
		`{"kind":"note","text":"메모"}`, `{"kind":"other","category":1}`, `{"department":"도로과","reason":"x"}`, `{"text":"끝"}`, `{"reason":"다시"}`,
		`{"category":null,"assignee":1,"priority":"low","snooze_until":"2026-12-01T09:00:00+09:00","urgent":false}`,
		`{"rule":"days:7","accepted_at":"2026-11-23T10:00:00+09:00","exclusions":[{"from":"2026-11-25","to":"2026-11-26","kind":"test"}],"extensions":[{"days":1,"ground":"coop"}]}`,
		`{"rule":"years:10","accepted_at":"2099-12-31T23:59:59+09:00"}`, `{"kind":"reply","text":"\u0000\ud800","seen":9223372036854775807}`, `{"department":-1,"reason":"x"}`,
	} {
		f.Add(uint8(i), seed)
	}
	handler := b.Config.Handler
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		to := targets[int(which)%len(targets)]
		req := httptest.NewRequestWithContext(t.Context(), to.method, "/api/v1"+to.path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+b.tokens[store.RoleAdmin])
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		if rec.Code >= http.StatusInternalServerError || rec.Code == http.StatusUnauthorized {
			t.Errorf("%s %s %q: %d %s", to.method, to.path, body, rec.Code, rec.Body)
		}
		if rec.Code >= 400 && rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %q: %d %s", to.method, to.path, body, rec.Code, rec.Header().Get("Content-Type"))
		}
	})
}
