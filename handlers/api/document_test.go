package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

type node = map[string]any

// document is the OpenAPI document as a client reads it.
type document struct{ node }

func readDocument(t testing.TB, b *house) document {
	t.Helper()
	a := b.want(t, 200, "", "GET", "/openapi.json", "")
	if a.json["openapi"] != "3.1.0" {
		t.Fatalf("openapi is %v", a.json["openapi"])
	}
	return document{a.json}
}

func (d document) at(path ...string) any {
	var v any = d.node
	for _, part := range path {
		m, ok := v.(node)
		if !ok {
			return nil
		}
		v = m[part]
	}
	return v
}

// check holds a value to a schema: the part of JSON Schema 2020-12 that the document uses. A keyword it does not know
// is an error, so that it cannot pass by not looking.
func (d document) check(schema node, v any, at string) (wrong []string) {
	add := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	for keyword, rule := range schema {
		switch keyword {
		case "description", "examples", "default", "required", "additionalProperties":
		case "$ref":
			name := strings.TrimPrefix(rule.(string), "#/components/schemas/")
			target, ok := d.at("components", "schemas", name).(node)
			if !ok {
				add("no schema %s", name)
				continue
			}
			wrong = append(wrong, d.check(target, v, at)...)
		case "anyOf", "oneOf":
			fits := 0
			for _, one := range rule.([]any) {
				if len(d.check(one.(node), v, at)) == 0 {
					fits++
				}
			}
			if fits == 0 || keyword == "oneOf" && fits > 1 {
				add("%v fits %d of %s", v, fits, keyword)
			}
		case "type":
			if !hasType(rule, v) {
				add("%v is not %v", v, rule)
			}
		case "enum":
			if !slices.Contains(rule.([]any), v) {
				add("%v is not one of %v", v, rule)
			}
		case "minimum", "maximum", "minLength", "maxLength":
			if n, ok := v.(float64); ok && (keyword == "minimum" && n < rule.(float64) || keyword == "maximum" && n > rule.(float64)) {
				add("%v against %s %v", v, keyword, rule)
			}
		case "format":
			if text, ok := v.(string); ok && rule == "date-time" {
				if when, err := time.Parse(time.RFC3339, text); err != nil || !strings.HasSuffix(text, "+09:00") || when.Nanosecond() != 0 {
					add("%q is not an instant of ours", text)
				}
			}
		case "items":
			list, _ := v.([]any)
			for i, one := range list {
				wrong = append(wrong, d.check(rule.(node), one, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "properties":
			wrong = append(wrong, d.checkMembers(schema, v, at)...)
		default:
			add("the test does not know the keyword %s", keyword)
		}
	}
	if inner, ok := schema["additionalProperties"].(node); ok {
		members, _ := v.(node)
		for name, value := range members {
			wrong = append(wrong, d.check(inner, value, at+"."+name)...)
		}
	}
	return wrong
}

func (d document) checkMembers(schema node, v any, at string) (wrong []string) {
	members, ok := v.(node)
	if !ok {
		return nil // type has said so
	}
	properties := schema["properties"].(node)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := members[name.(string)]; !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %s is missing", at, name))
		}
	}
	for name, value := range members {
		property, ok := properties[name].(node)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: %s is not documented", at, name))
			continue
		}
		wrong = append(wrong, d.check(property, value, at+"."+name)...)
	}
	return wrong
}

func hasType(rule, v any) bool {
	if many, ok := rule.([]any); ok {
		return slices.ContainsFunc(many, func(one any) bool { return hasType(one, v) })
	}
	switch v := v.(type) {
	case nil:
		return rule == "null"
	case string:
		return rule == "string"
	case bool:
		return rule == "boolean"
	case float64:
		return rule == "number" || rule == "integer" && v == float64(int64(v))
	case []any:
		return rule == "array"
	case node:
		return rule == "object"
	}
	return false
}

// answerOf finds the schema of an answer.
func (d document) answerOf(method, template, status, media string) (node, bool) {
	schema, ok := d.at("paths", "/api/v1"+template, strings.ToLower(method), "responses", status, "content", media, "schema").(node)
	return schema, ok
}

func (d document) hold(t *testing.T, method, template string, a answer) {
	t.Helper()
	media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	status := fmt.Sprint(a.StatusCode)
	schema, ok := d.answerOf(method, template, status, media)
	if !ok {
		t.Errorf("%s %s: answer %s %s is not documented: %.300s", method, template, status, media, a.body)
		return
	}
	for _, wrong := range d.check(schema, any(a.json), method+" "+template+" "+status) {
		t.Error(wrong)
	}
}

func template(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/api/v1"), "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func TestDocumentAndRoutesAreTheSame(t *testing.T) {
	t.Parallel()
	b := open(t)
	d := readDocument(t, b)
	routed := map[string]bool{}
	for _, r := range b.api.Routes() {
		routed[r.Method+" "+template(r.Path)] = true
	}
	documented := map[string]bool{}
	ids := map[string]bool{}
	for path, item := range d.at("paths").(node) {
		for method, op := range item.(node) {
			op := op.(node)
			line := strings.ToUpper(method) + " " + strings.TrimPrefix(path, "/api/v1")
			documented[line] = true
			if id := op["operationId"].(string); ids[id] {
				t.Errorf("%s: operationId twice", id)
			} else {
				ids[id] = true
			}
			var names []string
			parameters, _ := op["parameters"].([]any)
			for _, p := range parameters {
				if p.(node)["in"] == "path" {
					names = append(names, "{"+p.(node)["name"].(string)+"}")
				}
			}
			if strings.Count(path, "{") != len(names) || slices.ContainsFunc(names, func(n string) bool { return !strings.Contains(path, n) }) {
				t.Errorf("%s: path parameters %v", line, names)
			}
			if op["summary"] == "" || len(op["tags"].([]any)) != 1 {
				t.Errorf("%s: no summary or tag", line)
			}
			// Really routed: the answer is not that of an unknown path or method.
			real := strings.NewReplacer("{number}", "2026-000001", "{id}", "1").Replace(path)
			res := b.do(t, "", strings.ToUpper(method), strings.TrimPrefix(real, "/api/v1"), "")
			if want := 401; line == "GET /openapi.json" && res.StatusCode != 200 || line != "GET /openapi.json" && res.StatusCode != want {
				t.Errorf("%s: asked without a token: %d", line, res.StatusCode)
			}
			public := op["security"] != nil
			if public != (line == "GET /openapi.json") {
				t.Errorf("%s: said to be public: %v", line, public)
			}
		}
	}
	if !maps.Equal(routed, documented) {
		t.Errorf("routed %v\ndocumented %v", slices.Sorted(maps.Keys(routed)), slices.Sorted(maps.Keys(documented)))
	}
}

func TestDocumentKeepsTheContract(t *testing.T) {
	t.Parallel()
	d := readDocument(t, open(t))
	// DESIGN §5: exactly these, and what belongs to later is not there.
	for name, want := range map[string]string{
		"Ticket":   "accepted_at assignee awaiting_since category channel citizen department done_at due first_reply_at follow_up_on kind notified_at number priority received_at round snooze_until state subject unread urgent",
		"Message":  "at by delivery files id kind text",
		"File":     "name size type url",
		"Delivery": "at attempts reason route state",
		"Attempt":  "at outcome reason route",
		"Citizen":  "friend id name",
		"Due":      "at rule steps",
		"Step":     "because counts on sum",
		"Problem":  "allowed code detail fields messages request_id state status title type",
	} {
		properties, _ := d.at("components", "schemas", name, "properties").(node)
		if got := strings.Join(slices.Sorted(maps.Keys(properties)), " "); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
	for name, schema := range d.at("components", "schemas").(node) {
		if s := schema.(node); s["type"] == "object" && s["additionalProperties"] != false {
			t.Errorf("%s takes unknown members", name)
		}
	}
	for _, later := range []string{"/api/v1/tickets/{number}/extend", "/api/v1/tickets/{number}/supplement"} {
		if d.at("paths", later) != nil {
			t.Errorf("%s is documented before it works", later)
		}
	}
}

// The examples are what a reader copies: each must be right.
func TestExamples(t *testing.T) {
	t.Parallel()
	b := open(t)
	d := readDocument(t, b)
	examples := 0
	for path, item := range d.at("paths").(node) {
		for method, op := range item.(node) {
			bodies := []any{op.(node)["requestBody"]}
			for _, response := range op.(node)["responses"].(node) {
				bodies = append(bodies, response)
			}
			for _, body := range bodies {
				content, _ := d.inside(body, "content").(node)
				for media, c := range content {
					given := []any{c.(node)["example"]}
					several, _ := c.(node)["examples"].(node)
					for _, one := range several {
						given = append(given, one.(node)["value"])
					}
					for _, example := range given {
						if example == nil {
							continue
						}
						examples++
						for _, wrong := range d.check(c.(node)["schema"].(node), example, method+" "+path+" "+media) {
							t.Error(wrong)
						}
					}
				}
			}
		}
	}
	if examples < 60 {
		t.Errorf("only %d examples", examples)
	}
}

func (d document) inside(v any, name string) any {
	m, _ := v.(node)
	return m[name]
}

// What the server says is what the document says, for every operation: success and refusal.
func TestAnswersFitTheDocument(t *testing.T) {
	t.Parallel()
	b := open(t)
	d := readDocument(t, b)
	b.say(t, "u1", "집 앞 가로등이 꺼졌어요")
	storetest.Say(t, b.db, storetest.Call{User: "u1", Photo: "https://talk.kakaocdn.net/dn/p.jpg"})
	b.say(t, "u2", "도로가 파였어요")
	b.clock.Set(storetest.At("2026-11-23 20:00"))
	b.say(t, "u3", "밤에 쓴 글") // waiting, with a follow-up
	b.clock.Set(storetest.At("2026-11-24 10:00"))
	asked := map[string]bool{}
	for _, step := range []struct {
		role                 store.Role
		method, path, number string
		body                 string
		want                 int
	}{
		{store.RoleOperator, "GET", "/tickets", "", "", 200},
		{store.RoleOperator, "GET", "/tickets/{number}", "2026-000003", "", 200},
		{store.RoleOperator, "POST", "/tickets/{number}/messages", "2026-000001", `{"kind":"reply","text":"확인할게요."}`, 201},
		{store.RoleOperator, "POST", "/tickets/{number}/messages", "2026-000001", `{"kind":"note","text":"메모"}`, 201},
		{store.RoleOperator, "POST", "/tickets/{number}/messages", "2026-000001", `{"kind":"reply","text":"늦은 답","seen":1}`, 409},
		{store.RoleOperator, "POST", "/tickets/{number}/messages", "2026-000001", `{"kind":"reply"}`, 422},
		{store.RoleAuditor, "POST", "/tickets/{number}/messages", "2026-000001", `{"kind":"note","text":"x"}`, 403},
		{store.RoleOperator, "GET", "/tickets/{number}", "2026-000001", "", 200},
		{store.RoleOperator, "PATCH", "/tickets/{number}", "2026-000002", `{"priority":"high","snooze_until":"2026-11-25T09:00:00+09:00"}`, 200},
		{store.RoleOperator, "PATCH", "/tickets/{number}", "2026-000002", `{"snooze_until":null}`, 200},
		{store.RoleOperator, "POST", "/tickets/{number}/accept", "2026-000002", `{"kind":"grievance","name":"김시민","contact":"010-0000-0000"}`, 200},
		{store.RoleOperator, "POST", "/tickets/{number}/accept", "2026-000002", `{}`, 409},
		{store.RoleOperator, "POST", "/tickets/{number}/transfer", "2026-000002", `{"department":"도로과","reason":"도로"}`, 200},
		{store.RoleDepartment, "GET", "/tickets/{number}", "2026-000002", "", 200},
		{store.RoleDepartment, "GET", "/tickets/{number}", "2026-000001", "", 404},
		{store.RoleDepartment, "POST", "/tickets/{number}/close", "2026-000002", `{"text":"도로를 고쳤어요."}`, 200},
		{store.RoleDepartment, "POST", "/tickets/{number}/close", "2026-000002", `{"text":"또"}`, 409},
		{store.RoleDepartment, "POST", "/tickets/{number}/reopen", "2026-000002", `{"reason":"다시 파임"}`, 200},
		{store.RoleDepartment, "POST", "/tickets/{number}/transfer", "2026-000002", `{"return":true,"reason":"국도"}`, 200},
		{store.RoleOperator, "GET", "/tickets/{number}", "2026-000002", "", 200},
		{store.RoleOperator, "GET", "/files/{id}", "999", "", 404},
		{store.RoleAuditor, "GET", "/calendar", "", "", 200},
		{store.RoleAuditor, "POST", "/calendar/due", "", `{"rule":"months:2","accepted_at":"2026-11-23T10:00:00+09:00"}`, 200},
		{store.RoleAuditor, "POST", "/calendar/due", "", `{}`, 422},
		{store.RoleAdmin, "GET", "/status", "", "", 200},
		{store.RoleOperator, "GET", "/status", "", "", 403},
		{"", "GET", "/events", "", "", 401},
		{"", "GET", "/openapi.json", "", "", 200},
		{"", "POST", "/tickets/{number}/messages", "2026-000001", `{"kind":"note","text":"x"}`, 401},
		{store.RoleOperator, "POST", "/tickets/{number}/messages", "2026-000001", strings.Repeat(" ", 70_000), 413},
	} {
		path := strings.NewReplacer("{number}", step.number, "{id}", step.number).Replace(step.path)
		a := b.want(t, step.want, step.role, step.method, path, step.body)
		d.hold(t, step.method, step.path, a)
		asked[step.method+" "+step.path] = true
		if schema, ok := d.at("paths", "/api/v1"+step.path, strings.ToLower(step.method), "requestBody", "content", "application/json", "schema").(node); ok && step.want < 300 {
			var body any
			if err := json.Unmarshal([]byte(step.body), &body); err != nil {
				t.Fatal(err)
			}
			for _, wrong := range d.check(schema, body, "body of "+step.method+" "+step.path) {
				t.Error(wrong)
			}
		}
	}
	for _, r := range b.api.Routes() {
		if line := r.Method + " " + template(r.Path); !asked[line] {
			t.Errorf("%s was not asked", line)
		}
	}
}

// The checker itself: it must see what it is there to see.
func TestTheCheckerSees(t *testing.T) {
	t.Parallel()
	b := open(t)
	d := readDocument(t, b)
	b.say(t, "u1", "문의")
	a := b.want(t, 200, store.RoleOperator, "GET", "/tickets/2026-000001", "")
	schema, _ := d.answerOf("GET", "/tickets/{number}", "200", "application/json")
	if wrong := d.check(schema, any(a.json), "whole"); len(wrong) > 0 {
		t.Fatalf("a right answer is refused: %v", wrong)
	}
	for name, spoil := range map[string]func(node){
		"unknown member": func(v node) { v["secret"] = 1.0 },
		"missing":        func(v node) { delete(v, "due") },
		"wrong type":     func(v node) { v["round"] = "1" },
		"wrong choice":   func(v node) { v["state"] = "done" },
		"wrong time":     func(v node) { v["received_at"] = "2026-11-23T01:00:00Z" },
		"null":           func(v node) { v["subject"] = nil },
		"deep inside":    func(v node) { v["messages"].([]any)[0].(node)["html"] = "<b>" },
	} {
		var copied node
		if err := json.Unmarshal([]byte(a.body), &copied); err != nil {
			t.Fatal(err)
		}
		spoil(copied)
		if len(d.check(schema, any(copied), name)) == 0 {
			t.Errorf("%s was not seen", name)
		}
	}
}
