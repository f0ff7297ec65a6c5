package api

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"toktok/handlers/web"
)

// object is a piece of the document.
type object = map[string]any

// schemas collects the components of the document from Go types: what the types say and what the document says cannot
// differ. Tags: doc describes, enum and example and format as in JSON Schema, need marks what a request must carry.
type schemas struct{ components object }

var (
	instantType = reflect.TypeFor[Instant]()
	refInType   = reflect.TypeFor[refIn]()
)

// of is the schema of a type; named structs become components.
func (s *schemas) of(t reflect.Type) object {
	switch {
	case t == instantType:
		return object{"type": []string{"string", "null"}, "format": "date-time"}
	case t == refInType:
		return object{"oneOf": []object{{"type": "integer", "minimum": 1}, {"type": "string", "minLength": 1}}}
	case isOpt(t):
		return nullable(s.of(valueOf(t)))
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Interface:
		return object{"type": "array", "items": s.of(reflect.TypeFor[Message]())} // the newer messages of a conflict
	}
	name := componentName(t)
	if _, done := s.components[name]; !done {
		s.components[name] = object{} // a type may name itself
		s.components[name] = s.object(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

func (s *schemas) object(t reflect.Type) object {
	properties, required := object{}, []string{}
	request := strings.HasSuffix(t.Name(), "In")
	for _, f := range reflect.VisibleFields(t) {
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		properties[name] = described(s.of(f.Type), f.Tag)
		if request && f.Tag.Get("need") != "" || !request && !strings.Contains(rest, "omitempty") {
			required = append(required, name)
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// described adds what the tags say; beside a $ref that is allowed since OpenAPI 3.1.
func described(schema object, tag reflect.StructTag) object {
	out := maps.Clone(schema)
	if doc := tag.Get("doc"); doc != "" {
		out["description"] = doc
	}
	if example := tag.Get("example"); example != "" {
		out["examples"] = []string{example}
	}
	if format := tag.Get("format"); format != "" {
		out["format"] = format
	}
	if enum := tag.Get("enum"); enum != "" {
		var values []any
		for one := range strings.SplitSeq(enum, ",") {
			values = append(values, one)
		}
		switch kind := out["type"].(type) {
		case []string:
			if slices.Contains(kind, "null") {
				values = append(values, nil)
			}
			out["enum"] = values
		case string:
			if kind == "array" {
				out["items"] = object{"type": "string", "enum": values}
			} else {
				out["enum"] = values
			}
		}
	}
	return out
}

func nullable(schema object) object {
	if kind, ok := schema["type"].(string); ok {
		out := maps.Clone(schema)
		out["type"] = []string{kind, "null"}
		return out
	}
	return object{"anyOf": []object{schema, {"type": "null"}}}
}

// componentName: TicketPage stays, acceptIn becomes AcceptRequest.
func componentName(t reflect.Type) string {
	if name, ok := strings.CutSuffix(t.Name(), "In"); ok {
		return strings.ToUpper(name[:1]) + name[1:] + "Request"
	}
	return t.Name()
}

func isOpt(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && strings.HasPrefix(t.Name(), "Opt[") && t.PkgPath() == reflect.TypeFor[web.Problem]().PkgPath()
}

func valueOf(opt reflect.Type) reflect.Type {
	f, _ := opt.FieldByName("Value")
	return f.Type
}

// checkRules holds a request to its tags: what must be there is there, and choices are of the list.
func checkRules(dst any) error {
	wrong := make(map[string]string)
	checkStruct(reflect.ValueOf(dst).Elem(), "", wrong)
	if len(wrong) > 0 {
		return web.Wrong(wrong)
	}
	return nil
}

func checkStruct(v reflect.Value, path string, wrong map[string]string) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		name = path + name
		value := v.FieldByIndex(f.Index)
		if isOpt(value.Type()) {
			value = value.FieldByName("Value")
		}
		if f.Tag.Get("need") != "" && value.IsZero() {
			wrong[name] = "꼭 보내 주세요."
			continue
		}
		if enum := f.Tag.Get("enum"); enum != "" && value.Kind() == reflect.String && value.String() != "" {
			if !slices.Contains(strings.Split(enum, ","), value.String()) {
				wrong[name] = strings.ReplaceAll(enum, ",", ", ") + " 가운데 하나를 보내 주세요."
			}
		}
		if value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct {
			for i := range value.Len() {
				checkStruct(value.Index(i), fmt.Sprintf("%s.%d.", name, i), wrong)
			}
		}
	}
}
