package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

type operation struct {
	method, path string
	public       bool
	roles        []string
}

// operations reads the API's own document: a route that is not in it is a fault that the API's tests find.
func (s *server) operations() []operation {
	s.t.Helper()
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Security *[]any
			Roles    []string `json:"x-roles"`
		}
	}
	s.call("GET", "/api/v1/openapi.json", nil, &doc)
	var list []operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			list = append(list, operation{strings.ToUpper(method), path, op.Security != nil && len(*op.Security) == 0, op.Roles})
		}
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(list) < 12 {
		s.t.Fatalf("the document of version %q has %d operations", doc.OpenAPI, len(list))
	}
	return list
}

// problem checks that an answer is a problem as RULES H4 has it.
func problem(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	var p struct {
		Type, Title, Detail, Code string
		Status                    int
		RequestID                 string `json:"request_id"`
	}
	err := json.Unmarshal(a.body, &p)
	if a.status != status || !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") || err != nil ||
		p.Status != status || p.Code != code || p.Type != "/problems/"+code || p.Detail == "" || p.RequestID == "" {
		t.Errorf("%s: %d %s %s, want %d %s", what, a.status, a.header.Get("Content-Type"), a.body, status, code)
	}
}

func TestEveryRouteOfTheAPIWithoutATokenIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	number := s.tickets("newest")[0].Number
	fill := strings.NewReplacer("{number}", number, "{id}", "1")
	before := string(encode(s.ticket(number)))
	for _, op := range s.operations() {
		if op.public {
			if op.path != "/api/v1/openapi.json" {
				t.Errorf("%s %s is public", op.method, op.path)
			}
			continue
		}
		path := fill.Replace(op.path)
		for _, token := range []string{"", "toktok_WRONGWRONGWRONGWRONGWRONG", s.token + "A", strings.ToLower(s.token)} {
			a, err := s.do(op.method, path, token, map[string]any{"kind": "reply", "text": "문을 열어 주세요", "reason": "x"})
			if err != nil {
				t.Fatal(err)
			}
			problem(t, op.method+" "+op.path+" with token "+token, a, http.StatusUnauthorized, "unauthenticated")
			if a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: no WWW-Authenticate", op.method, op.path)
			}
		}
		// A token is good in the header only.
		a, err := s.do(op.method, path+"?access_token="+s.token+"&token="+s.token, "", nil)
		if err != nil || a.status != http.StatusUnauthorized {
			t.Errorf("%s %s with the token in the address: %d %v", op.method, op.path, a.status, err)
		}
	}
	if after := string(encode(s.ticket(number))); after != before {
		t.Errorf("the case changed from %s to %s", before, after)
	}
}

func TestAuditorsTokenOnlyReads(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	number := s.tickets("newest")[0].Number
	fill := strings.NewReplacer("{number}", number, "{id}", "1")
	auditor := s.addToken("감사", "auditor")
	before := string(encode(s.ticket(number)))
	writing := 0
	for _, op := range s.operations() {
		if op.public || strings.HasSuffix(op.path, "/events") {
			continue
		}
		a, err := s.do(op.method, fill.Replace(op.path), auditor, map[string]any{"kind": "note", "text": "감사가 썼어요", "reason": "x"})
		if err != nil {
			t.Fatal(err)
		}
		name := op.method + " " + op.path
		switch {
		case op.method == http.MethodGet && slices.Contains(op.roles, "auditor"):
			if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= 500 {
				t.Errorf("%s as auditor: %d %s", name, a.status, a.body)
			}
		case op.path == "/api/v1/calendar/due": // computes, and keeps nothing
			if a.status == http.StatusForbidden {
				t.Errorf("%s as auditor: %d", name, a.status)
			}
		default:
			if op.method != http.MethodGet {
				writing++
			}
			problem(t, name+" as auditor", a, http.StatusForbidden, "forbidden")
		}
	}
	if writing < 6 {
		t.Errorf("only %d writing routes were tried", writing)
	}
	if after := string(encode(s.ticket(number))); after != before {
		t.Errorf("the case changed from %s to %s", before, after)
	}
}

func TestDepartmentsTokenSeesOnlyItsOwnCases(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	road := s.addToken("도로", "department", "--department", "도로과")
	own, foreign := "", ""
	for _, c := range s.tickets("newest") {
		if c.Department != nil && c.Department.Name == "도로과" {
			own = c.Number
		} else {
			foreign = c.Number
		}
	}
	if own == "" || foreign == "" {
		t.Fatalf("the demo has no case of 도로과 (%q) or none beside (%q)", own, foreign)
	}
	see := func(number string) answer {
		t.Helper()
		a, err := s.do(http.MethodGet, "/api/v1/tickets/"+number, road, nil)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := see(own); a.status != http.StatusOK {
		t.Errorf("its own case: %d %s", a.status, a.body)
	}
	there := see(foreign)
	problem(t, "a foreign case", there, http.StatusNotFound, "not_found")
	problem(t, "a case that does not exist", see("2026-999999"), http.StatusNotFound, "not_found")
	a, err := s.do(http.MethodPost, "/api/v1/tickets/"+foreign+"/messages", road, map[string]string{"kind": "reply", "text": "남의 민원에 답해요"})
	if err != nil {
		t.Fatal(err)
	}
	problem(t, "an answer to a foreign case", a, http.StatusNotFound, "not_found")
	a, err = s.do(http.MethodGet, "/api/v1/tickets?limit=200", road, nil)
	if err != nil || a.status != http.StatusOK || strings.Contains(string(a.body), foreign) || !strings.Contains(string(a.body), own) {
		t.Errorf("its list: %d %s %v", a.status, a.body, err)
	}
}

func TestIdempotencyKeyMakesOneReplyOfTwoRequests(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	friend := k.person("friend", true)
	number := numberIn(t, friend.say("나무가 쓰러졌어요."))
	post := func(text string) answer {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, s.ready.URL+"/api/v1/tickets/"+number+"/messages", strings.NewReader(string(encode(map[string]string{"kind": "reply", "text": text}))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.staff)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "one-and-the-same")
		a, err := send(req)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := post("바로 치울게요.")
	again := post("바로 치울게요.")
	if first.status != http.StatusCreated || again.status != first.status || string(again.body) != string(first.body) {
		t.Errorf("first %d %s, again %d %s", first.status, first.body, again.status, again.body)
	}
	if other := post("다른 글이에요."); other.status != http.StatusUnprocessableEntity {
		t.Errorf("other words under the same key: %d %s", other.status, other.body)
	}
	s.settle(number)
	friend.once("바로 치울게요.", "event")
	if friend.asked() != 1 {
		t.Errorf("%d events", friend.asked())
	}
}
