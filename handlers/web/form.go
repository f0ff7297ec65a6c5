package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"toktok/store"
)

// Form reads an HTML form into the struct dst points to. Tags: form:"name", max:"200" (characters, default 2000),
// required:"메시지" (the message when it is empty), raw:"yes" keeps the spaces around (passwords). Field types: string,
// bool, int64, []string, []int64. What is wrong comes back as an *store.Error of kind Invalid whose Fields name each
// field; dst holds what could be read, so that the form can be shown again. Foreign fields are ignored.
func Form(r *http.Request, dst any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || (kind != "application/x-www-form-urlencoded" && kind != "multipart/form-data") {
		return badBody("화면의 양식으로 보내 주세요.")
	}
	if kind == "multipart/form-data" {
		// fetch() with FormData; our forms carry no files, and the body's limit bounds the memory.
		err = r.ParseMultipartForm(FormBody)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return tooLarge()
		}
		return badBody("양식을 읽을 수 없어요. 화면을 새로 열고 다시 해 주세요.")
	}
	return Values(r.PostForm, dst)
}

// Query reads the query of a page into a struct, by the same tags as Form.
func Query(r *http.Request, dst any) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return badBody("주소의 조건을 읽을 수 없어요.")
	}
	return Values(values, dst)
}

// Values reads form values into a struct.
func Values(values url.Values, dst any) error {
	wrong := make(map[string]string)
	v := reflect.ValueOf(dst).Elem()
	for _, f := range reflect.VisibleFields(v.Type()) {
		name := f.Tag.Get("form")
		if name == "" {
			continue
		}
		given := values[name]
		if text := setField(v.FieldByIndex(f.Index), f.Tag, given); text != "" {
			wrong[name] = text
		}
	}
	if len(wrong) > 0 {
		return Wrong(wrong)
	}
	return nil
}

func setField(field reflect.Value, tag reflect.StructTag, given []string) string {
	many := field.Kind() == reflect.Slice
	if len(given) > 1 && !many {
		return "값이 두 번 왔어요."
	}
	for _, value := range given {
		value, text := cleanValue(value, tag)
		if text != "" {
			return text
		}
		if text := setOne(field, value, many); text != "" {
			return text
		}
	}
	if need := tag.Get("required"); need != "" && field.IsZero() {
		return need
	}
	return ""
}

func setOne(field reflect.Value, value string, many bool) string {
	target := field
	if many {
		target = reflect.New(field.Type().Elem()).Elem()
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(value)
	case reflect.Bool:
		target.SetBool(value == "1" || value == "on" || value == "true")
	case reflect.Int64, reflect.Int:
		if value == "" {
			return ""
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "숫자로 적어 주세요."
		}
		target.SetInt(n)
	default:
		return fmt.Sprintf("이 항목은 읽을 수 없어요 (%s).", target.Kind())
	}
	if many {
		field.Set(reflect.Append(field, target))
	}
	return ""
}

func cleanValue(value string, tag reflect.StructTag) (clean, wrong string) {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "", "쓸 수 없는 글자가 있어요."
	}
	value = strings.ReplaceAll(value, "\r\n", "\n")
	if tag.Get("raw") == "" {
		value = strings.TrimSpace(value)
	}
	limit := 2000
	if n, err := strconv.Atoi(tag.Get("max")); err == nil {
		limit = n
	}
	if n := utf8.RuneCountInString(value); n > limit {
		return "", fmt.Sprintf("%d자까지 쓸 수 있어요. 지금은 %d자예요.", limit, n)
	}
	return value, ""
}

// FieldsOf are the field messages of an error, for showing the form again; nil when the error is of another kind.
func FieldsOf(err error) map[string]string {
	if e, ok := errors.AsType[*store.Error](err); ok && e.Kind == store.Invalid {
		if len(e.Fields) > 0 {
			return e.Fields
		}
		return map[string]string{"": e.Text}
	}
	return nil
}
