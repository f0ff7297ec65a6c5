package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"toktok/handlers/web"
	"toktok/store"
)

var roles = []store.Role{store.RoleAdmin, store.RoleOperator, store.RoleDepartment, store.RoleAuditor}

const passphrase = "seven-green-lanterns-41"

// cookies signs an account of each role in.
func (b *house) cookies(t *testing.T, road store.Ref) map[store.Role]string {
	t.Helper()
	out := map[store.Role]string{}
	for _, role := range roles {
		in := store.StaffInput{Login: string(role) + "1", Name: "직원", Role: role, Password: passphrase}
		if role == store.RoleDepartment {
			in.Departments = []store.Membership{{Department: road}}
		}
		if _, err := b.db.AddStaff(t.Context(), store.System("test"), in); err != nil {
			t.Fatal(err)
		}
		_, cookie, err := b.db.Login(t.Context(), in.Login, passphrase, "127.0.0.1", "test")
		if err != nil {
			t.Fatal(err)
		}
		out[role] = "toktok=" + cookie
	}
	return out
}

// Every line of the table that asks for a signed-in account, asked by nobody, by each role, and from a foreign page.
func TestMatrixOfPages(t *testing.T) {
	t.Parallel()
	b := open(t)
	road, err := b.db.AddDepartment(t.Context(), store.System("test"), store.Department{Name: "도로과", Contact: "054-700-2101"})
	if err != nil {
		t.Fatal(err)
	}
	cookies := b.cookies(t, road.Ref())
	seen := 0
	for _, route := range b.s.Routes() {
		if route.Door != web.DoorSession {
			continue
		}
		seen++
		path := fill(route.Path)
		line := route.Method + " " + path
		res, body := b.get(t, route.Method, path, "", "Sec-Fetch-Site", "same-origin")
		switch {
		case route.Shape == web.ShapePage && (res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/login")):
			t.Errorf("%s without a cookie: %d to %q", line, res.StatusCode, res.Header.Get("Location"))
		case route.Shape == web.ShapeFragment && res.StatusCode != http.StatusUnauthorized:
			t.Errorf("%s without a cookie: %d %s", line, res.StatusCode, body)
		}
		if path == "/live" || path == "/logout" {
			continue // a stream, and the end of the session: both in their room's own tests
		}
		for _, role := range roles {
			if route.Method != http.MethodGet {
				for _, from := range [][]string{{"Cookie", cookies[role]}, {"Cookie", cookies[role], "Sec-Fetch-Site", "cross-site"}} {
					if res, body := b.get(t, route.Method, path, "", from...); res.StatusCode != http.StatusForbidden {
						t.Errorf("%s as %s from %v: %d %.200s", line, role, from[2:], res.StatusCode, body)
					}
				}
			}
			res, body := b.get(t, route.Method, path, "", "Cookie", cookies[role], "Sec-Fetch-Site", "same-origin")
			may := slices.Contains(route.Reach(roles...), role)
			if forbidden := res.StatusCode == http.StatusForbidden; forbidden == may {
				t.Errorf("%s as %s: %d %.200s", line, role, res.StatusCode, body)
			}
			if res.StatusCode >= 500 || res.StatusCode == http.StatusUnauthorized {
				t.Errorf("%s as %s: %d %.200s", line, role, res.StatusCode, body)
			}
			if csp := res.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
				t.Errorf("%s as %s: policy %q", line, role, csp)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d lines ask for an account", seen)
	}
}

// Asking changes nothing: whatever GET is asked, cases and accounts are as before (ASVS 3.5.3).
func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	b := open(t)
	token := b.token(t, store.RoleAdmin, store.Ref{})
	list := func() string {
		_, body := b.get(t, "GET", "/api/v1/status", "", "Authorization", "Bearer "+token)
		status, _, _ := strings.Cut(body, `"storage"`)
		return status
	}
	before := list()
	for _, route := range b.s.Routes() {
		if route.Method != http.MethodGet || strings.HasSuffix(route.Path, "/events") || route.Path == "/live" {
			continue
		}
		if res, _ := b.get(t, "GET", fill(route.Path), "", "Authorization", "Bearer "+token); res.StatusCode >= 500 {
			t.Errorf("GET %s: %d", route.Path, res.StatusCode)
		}
	}
	if after := list(); after != before {
		t.Errorf("before %s\nafter %s", before, after)
	}
}
