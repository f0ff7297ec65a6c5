package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"toktok/store"
)

// depthMax bounds the nesting of a JSON body; encoding/json alone would follow 10,000 levels.
const depthMax = 32

// Opt is a JSON member that may be absent, null, or a value.
type Opt[T any] struct {
	Set   bool // the member was there
	Null  bool
	Value T
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	if string(b) == "null" {
		o.Null = true
		return nil
	}
	return json.Unmarshal(b, &o.Value)
}

// Decode reads a JSON object into the struct dst points to. Members must carry the exact names of its tags; unknown
// and repeated members, wrong types, broken UTF-8 and trailing data are errors that name the member. An empty body
// reads as {}.
func Decode(r *http.Request, dst any) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	return DecodeBytes(body, dst)
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, BodyError(err)
	}
	return body, nil
}

// BodyError gives the failure to read a request's body its kind: too large, or broken off.
func BodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	return &store.Error{Kind: store.Invalid, Text: "본문을 끝까지 받지 못했어요. 다시 보내 주세요.", Err: err}
}

// DecodeBytes is Decode for a body that was read already.
func DecodeBytes(body []byte, dst any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	if !utf8.Valid(body) {
		return badBody("본문이 UTF-8이 아니에요.")
	}
	members, err := readObject(body)
	if err != nil {
		return err
	}
	wrong := make(map[string]string)
	fields := fieldsOf(reflect.TypeOf(dst).Elem())
	for _, name := range slices.Sorted(maps.Keys(members)) {
		index, ok := fields[name]
		if !ok {
			wrong[name] = "모르는 항목이에요."
			continue
		}
		target := reflect.ValueOf(dst).Elem().FieldByIndex(index)
		if path, text := readMember(name, members[name], target); text != "" {
			wrong[path] = text
		}
	}
	if len(wrong) > 0 {
		return Wrong(wrong)
	}
	return nil
}

// Wrong is the error of a body or form whose members named in fields are not right.
func Wrong(fields map[string]string) error {
	return &store.Error{Kind: store.Invalid, Text: "입력한 내용을 확인해 주세요.", Fields: fields}
}

func badBody(text string) error { return &store.Error{Kind: store.Invalid, Text: text} }

func readMember(name string, raw json.RawMessage, target reflect.Value) (path, text string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(target.Addr().Interface())
	if err == nil {
		return "", ""
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field != "" {
			name += "." + e.Field
		}
		return name, wanted(e.Type)
	}
	if inner, ok := strings.CutPrefix(err.Error(), `json: unknown field "`); ok {
		return name + "." + strings.TrimSuffix(inner, `"`), "모르는 항목이에요."
	}
	return name, "읽을 수 없는 값이에요."
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "글자로 보내 주세요."
	case reflect.Bool:
		return "true 또는 false로 보내 주세요."
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64:
		return "정수로 보내 주세요."
	case reflect.Slice:
		return "목록으로 보내 주세요."
	}
	return "객체로 보내 주세요."
}

// fieldsOf maps member names to fields.
func fieldsOf(t reflect.Type) map[string][]int {
	out := make(map[string][]int, t.NumField())
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			out[name] = f.Index
		}
	}
	return out
}

// readObject splits the outermost object into its members and walks all of the body, because encoding/json lets
// repeated members (the last one wins) and trailing data through.
func readObject(body []byte) (map[string]json.RawMessage, error) {
	if err := walk(json.NewDecoder(bytes.NewReader(body))); err != nil {
		return nil, err
	}
	if first := bytes.TrimSpace(body)[0]; first != '{' {
		return nil, badBody("본문은 JSON 객체여야 해요.")
	}
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, badBody("본문이 올바른 JSON이 아니에요.")
	}
	return members, nil
}

func walk(dec *json.Decoder) error {
	dec.UseNumber()
	if err := walkValue(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badBody("본문 뒤에 남은 내용이 있어요.")
	}
	return nil
}

func walkValue(dec *json.Decoder, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return badBody("본문이 올바른 JSON이 아니에요.")
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= depthMax {
		return badBody("본문이 너무 깊게 겹쳐 있어요.")
	}
	seen := make(map[string]bool)
	for dec.More() {
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return badBody("본문이 올바른 JSON이 아니에요.")
			}
			name, _ := key.(string)
			if seen[name] {
				return Wrong(map[string]string{name: "같은 항목이 두 번 있어요."})
			}
			seen[name] = true
		}
		if err := walkValue(dec, depth+1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return badBody("본문이 올바른 JSON이 아니에요.")
	}
	return nil
}
