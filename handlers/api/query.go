package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/handlers/web"
)

// query reads the parameters of a GET strictly: each at most once, none unknown, none broken.
type query struct {
	values url.Values
	wrong  map[string]string
	known  []string
}

func readQuery(r *http.Request) *query {
	q := &query{wrong: make(map[string]string)}
	var err error
	if q.values, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		q.wrong["query"] = "주소의 조건을 읽을 수 없어요."
	}
	return q
}

// text is the value of a parameter; an empty one counts as absent.
func (q *query) text(name string) string {
	q.known = append(q.known, name)
	given := q.values[name]
	switch {
	case len(given) > 1:
		q.wrong[name] = "한 번만 쓸 수 있어요."
		return ""
	case len(given) == 0:
		return ""
	case !utf8.ValidString(given[0]) || strings.ContainsRune(given[0], 0) || len(given[0]) > 500:
		q.wrong[name] = "읽을 수 없는 값이에요."
		return ""
	}
	return given[0]
}

func (q *query) list(name string) []string {
	if text := q.text(name); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

func (q *query) choice(name string, of ...string) string {
	text := q.text(name)
	if text != "" && !slices.Contains(of, text) {
		q.wrong[name] = strings.Join(of, ", ") + " 가운데 하나를 써 주세요."
	}
	return text
}

func (q *query) number(name string, from, to, otherwise int) int {
	text := q.text(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < from || n > to {
		q.wrong[name] = fmt.Sprintf("%d부터 %d까지의 수를 써 주세요.", from, to)
		return otherwise
	}
	return n
}

// instant reads RFC 3339. A plus sign that was not escaped arrives as a space; there is nothing else it could mean.
func (q *query) instant(name string, otherwise time.Time) time.Time {
	text := q.text(name)
	if text == "" {
		return otherwise
	}
	t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if err != nil {
		q.wrong[name] = wantInstant
		return otherwise
	}
	return t
}

const wantInstant = "2026-11-23T09:00:00+09:00처럼 써 주세요."

// done reports everything that is wrong at once.
func (q *query) done() error {
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			q.wrong[name] = "모르는 조건이에요."
		}
	}
	if len(q.wrong) > 0 {
		return web.Wrong(q.wrong)
	}
	return nil
}

// noQuery refuses parameters where none are read.
func noQuery(r *http.Request) error { return readQuery(r).done() }
