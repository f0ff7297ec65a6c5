package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"toktok/handlers/web"
	"toktok/store"
)

// everywhere are the errors any operation with a token may answer.
var everywhere = []store.Kind{store.Unauthenticated, store.Forbidden, store.TooMany, store.Internal, store.Unavailable}

const description = "시민이 카카오톡 채널로 보낸 민원을 읽고 답하는 API예요. 시각은 +09:00의 RFC 3339, 오류는 RFC 9457(application/problem+json)이에요. " +
	"모르는 조건이나 항목은 422로 거절해요. 볼 수 없는 민원은 없는 민원과 같이 404예요. 429와 503에는 Retry-After가 있어요."

// document writes the OpenAPI 3.1 document of the operations.
func document(version string, ops []operation) ([]byte, error) {
	s := &schemas{components: object{}}
	s.of(reflect.TypeFor[web.Problem]())
	paths := object{}
	for _, op := range ops {
		path := Base + pathOf(op.path)
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(op.method)] = op.document(s)
	}
	doc := object{
		"openapi": "3.1.0",
		"info":    object{"title": "toktok API", "version": version, "description": description},
		"servers": []object{{"url": "/"}},
		"tags":    []object{{"name": tagCases}, {"name": tagCalendar}, {"name": tagSystem}},
		"paths":   paths,
		"components": object{
			"schemas": s.components,
			"securitySchemes": object{"bearer": object{
				"type": "http", "scheme": "bearer", "description": "toktok token add로 만든 토큰. 역할과 부서에 따라 볼 수 있는 것이 달라요.",
			}},
		},
		"security": []object{{"bearer": []string{}}},
	}
	body, err := json.MarshalIndent(doc, "", " ")
	return append(body, '\n'), err
}

// pathOf turns :number into {number}.
func pathOf(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

func (op operation) document(s *schemas) object {
	out := object{"operationId": op.id, "summary": op.summary, "tags": []string{op.tag}, "responses": op.responses(s)}
	if op.text != "" {
		out["description"] = op.text
	}
	if op.public {
		out["security"] = []object{}
	} else {
		out["x-roles"] = roles(op.need)
	}
	if len(op.params) > 0 {
		var list []object
		for _, p := range op.params {
			list = append(list, object{"name": p.name, "in": p.in, "description": p.text, "required": p.needed, "schema": p.schema})
		}
		out["parameters"] = list
	}
	if op.body != nil {
		out["requestBody"] = object{
			"required": true,
			"content":  object{"application/json": object{"schema": s.of(reflect.TypeOf(op.body)), "example": op.sample}},
		}
	}
	return out
}

func roles(need store.Permission) []store.Role {
	route := web.Route{Need: need}
	return route.Reach(store.RoleAdmin, store.RoleOperator, store.RoleDepartment, store.RoleAuditor)
}

func (op operation) responses(s *schemas) object {
	success := object{"description": "성공"}
	switch {
	case op.answer != nil:
		success["content"] = object{"application/json": object{"schema": s.of(reflect.TypeOf(op.answer)), "example": op.answer}}
	case op.media == "application/json":
		success["content"] = object{op.media: object{"schema": object{"type": "object"}}}
	default:
		success["content"] = object{op.media: object{"schema": object{"type": "string"}}}
	}
	if len(op.headers) > 0 {
		headers := object{}
		for _, h := range op.headers {
			headers[h.name] = object{"description": h.text, "required": h.needed, "schema": h.schema}
		}
		success["headers"] = headers
	}
	out := object{strconv.Itoa(op.okStatus()): success}
	for status, kinds := range byStatus(op.kinds()) {
		out[strconv.Itoa(status)] = problemResponse(s, status, kinds)
	}
	return out
}

func (op operation) okStatus() int {
	if op.status == 0 {
		return http.StatusOK
	}
	return op.status
}

func (op operation) kinds() []store.Kind {
	if op.public {
		return []store.Kind{store.Internal}
	}
	return slices.Concat(everywhere, op.errors)
}

func byStatus(kinds []store.Kind) map[int][]store.Kind {
	out := make(map[int][]store.Kind)
	for _, kind := range kinds {
		out[web.StatusOf(kind)] = append(out[web.StatusOf(kind)], kind)
	}
	return out
}

func problemResponse(s *schemas, status int, kinds []store.Kind) object {
	var titles []string
	examples := object{}
	for _, kind := range kinds {
		titles = append(titles, web.TitleOf(kind)+" ("+string(kind)+")")
		examples[string(kind)] = object{"value": sampleProblem(kind, status)}
	}
	out := object{
		"description": strings.Join(titles, ", "),
		"content":     object{"application/problem+json": object{"schema": s.of(reflect.TypeFor[web.Problem]()), "examples": examples}},
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		out["headers"] = object{"Retry-After": object{"description": "몇 초 뒤에 다시 할지", "required": true, "schema": object{"type": "integer", "minimum": 1}}}
	}
	return out
}
