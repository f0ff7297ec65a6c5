package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"toktok/store/worktime"
)

var seoul = worktime.Seoul

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keepBuffer is the largest buffer that goes back to the pool.
const keepBuffer = 256 << 10

// Page renders into a buffer first, so that a failing template is an error and never half a page.
func Page(w http.ResponseWriter, status int, render func(io.Writer) error) error {
	return Body(w, status, "text/html; charset=utf-8", render)
}

// Body is Page for any type.
func Body(w http.ResponseWriter, status int, contentType string, render func(io.Writer) error) error {
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= keepBuffer {
			buffers.Put(buf)
		}
	}()
	if err := render(buf); err != nil {
		return err
	}
	send(w, status, contentType, buf.Bytes())
	return nil
}

// JSON answers v. What a GET answers carries an ETag, so that a program that asks again may be told 304.
func JSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return Raw(w, r, status, append(body, '\n'))
}

// Raw answers JSON that is written already.
func Raw(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	if status == http.StatusOK && !changes(r.Method) && notModified(w, r, body) {
		return nil
	}
	send(w, status, "application/json; charset=utf-8", body)
	return nil
}

// notModified sets the ETag of body and answers 304 if the caller has it.
func notModified(w http.ResponseWriter, r *http.Request, body []byte) bool {
	sum := sha256.Sum256(body)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	if !matches(r.Header.Values("If-None-Match"), tag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// matches compares weakly (RFC 9110 §8.8.3.2).
func matches(given []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(given, ","), ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// Bytes answers what lies in memory.
func Bytes(w http.ResponseWriter, status int, contentType string, body []byte) error {
	send(w, status, contentType, body)
	return nil
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who left is seen by the access log
}

// Redirect sends a browser on after a form, to a place on this site.
func Redirect(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, LocalPath(to, "/"), http.StatusSeeOther)
	return nil
}

// Immutable lets browsers keep what has its hash in its name for a year.
func Immutable(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
}

// plainPage is the error page when the room that draws pages cannot.
var plainPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="ko"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<title>{{.Title}}</title></head>
<body><main><h1>{{.Title}}</h1><p>{{.Detail}}</p><p>요청 번호 {{.RequestID}}</p><p><a href="/">처음으로</a></p></main></body></html>
`))
