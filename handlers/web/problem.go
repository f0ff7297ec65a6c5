package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"toktok/store"
)

// statusClientGone marks, in the log only, a caller who left before the answer (nginx's number for it).
const statusClientGone = 499

// Problem is the body of RFC 9457 as RULES H4 sets it.
type Problem struct {
	Type      string            `json:"type" doc:"/problems/ 뒤에 code"`
	Title     string            `json:"title" doc:"무슨 일인지"`
	Status    int               `json:"status" doc:"HTTP 상태"`
	Detail    string            `json:"detail" doc:"사람이 읽을 설명과 할 일"`
	Code      store.Kind        `json:"code" doc:"프로그램이 읽을 이름"`
	Fields    map[string]string `json:"fields" doc:"잘못된 항목의 이름과 까닭"`
	RequestID string            `json:"request_id" doc:"문의할 때 알려 줄 요청 번호"`
	State     store.State       `json:"state,omitempty" doc:"wrong_state와 conflict: 민원의 지금 상태" enum:"waiting,open,answered,review,closed"`
	Allowed   []store.Action    `json:"allowed,omitempty" doc:"wrong_state와 conflict: 지금 할 수 있는 일"`
	Messages  any               `json:"messages,omitempty" doc:"conflict: 아직 읽지 않은 직원의 답변"`
}

// ErrorView is what a page says about an error.
type ErrorView struct {
	Status    int
	Title     string
	Detail    string
	RequestID string
	SignedIn  bool
	Scope     *Scope
	Request   *http.Request
}

type meaning struct {
	status int
	title  string
}

// Codes are all the codes of RULES H4 in order of status; api documents them.
var Codes = []store.Kind{store.Unauthenticated, store.Forbidden, store.NotFound, store.Conflict, store.WrongState, store.TooLarge, store.Invalid,
	store.TooMany, store.Internal, store.Unavailable}

var meanings = map[store.Kind]meaning{
	store.Invalid:         {http.StatusUnprocessableEntity, "입력을 확인해 주세요"},
	store.Unauthenticated: {http.StatusUnauthorized, "로그인이 필요해요"},
	store.Forbidden:       {http.StatusForbidden, "권한이 없어요"},
	store.NotFound:        {http.StatusNotFound, "찾을 수 없어요"},
	store.Conflict:        {http.StatusConflict, "그 사이에 바뀌었어요"},
	store.WrongState:      {http.StatusConflict, "지금은 할 수 없어요"},
	MethodNotAllowed:      {http.StatusMethodNotAllowed, "쓸 수 없는 방법이에요"},
	store.TooLarge:        {http.StatusRequestEntityTooLarge, "너무 커요"},
	store.TooMany:         {http.StatusTooManyRequests, "잠시 후 다시 해 주세요"},
	store.Unavailable:     {http.StatusServiceUnavailable, "지금은 처리할 수 없어요"},
	store.Internal:        {http.StatusInternalServerError, "문제가 생겼어요"},
}

// StatusOf is the HTTP status of a kind.
func StatusOf(kind store.Kind) int { return meanings[kind].status }

// TitleOf is the Korean title of a kind.
func TitleOf(kind store.Kind) string { return meanings[kind].title }

var fallback = map[store.Kind]string{
	store.Unavailable: "지금은 저장하거나 읽을 수 없어요. 잠시 후 다시 해 주세요.",
	store.Internal:    "처리하는 중에 문제가 생겼어요. 다시 해도 같으면 요청 번호를 관리자에게 알려 주세요.",
}

// problemOf says what people and programs may know of an error; the rest is for the log.
func (s *Site) problemOf(sc *Scope, err error) Problem {
	kind := kindOf(err)
	m, known := meanings[kind]
	if !known {
		kind, m = store.Internal, meanings[store.Internal]
	}
	p := Problem{Type: "/problems/" + string(kind), Title: m.title, Status: m.status, Code: kind, Fields: map[string]string{}, RequestID: sc.RequestID}
	if e, ok := errors.AsType[*store.Error](err); ok && e.Kind == kind {
		p.Detail = e.Text
		maps.Copy(p.Fields, e.Fields)
		p.State, p.Allowed = e.State, e.Allowed
		if len(e.Newer) > 0 && s.o.Messages != nil {
			p.Messages = s.o.Messages(e.Newer)
		}
	}
	if p.Detail == "" {
		p.Detail = fallback[kind]
	}
	if p.Detail == "" {
		p.Detail = m.title + "."
	}
	return p
}

// ProblemOf is what the answer to err would say; pages use it to show an error inside themselves.
func (sc *Scope) ProblemOf(err error) Problem { return sc.site.problemOf(sc, err) }

// Fail answers an error in the shape of the route: page, or problem. It logs what the caller may not know.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, sc *Scope, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		sc.Log.Debug("the caller left", "route", sc.Route.Path, "err", err)
		return
	}
	p := s.problemOf(sc, err)
	s.note(r, sc, p, err)
	if begun(w) {
		return
	}
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "ETag", "Last-Modified", "Content-Disposition", "Location"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	switch p.Code {
	case store.TooMany, store.Unavailable:
		h.Set("Retry-After", "5")
		if l, ok := errors.AsType[*limited](err); ok {
			h.Set("Retry-After", l.seconds())
		}
	case store.Unauthenticated:
		if sc.Route.Door == DoorToken {
			h.Set("WWW-Authenticate", `Bearer realm="toktok"`)
		}
	case store.TooLarge:
		h.Set("Connection", "close")
	}
	if !wantsPage(r, sc) {
		s.failJSON(w, sc, p)
		return
	}
	if p.Code == store.Unauthenticated {
		http.Redirect(w, r, loginPath(r), http.StatusSeeOther)
		return
	}
	s.failPage(w, r, sc, p)
}

func (s *Site) note(r *http.Request, sc *Scope, p Problem, err error) {
	level := slog.LevelDebug
	switch p.Code {
	case store.Internal:
		level = slog.LevelError
	case store.Unavailable:
		level = slog.LevelWarn
	case store.Forbidden, store.TooMany:
		level = slog.LevelInfo
	}
	sc.Log.LogAttrs(r.Context(), level, "answered with an error", slog.String("event", "error_"+string(p.Code)),
		slog.String("route", sc.Route.Path), slog.Int("status", p.Status), slog.Any("err", err))
}

func (s *Site) failJSON(w http.ResponseWriter, sc *Scope, p Problem) {
	body, err := json.Marshal(p)
	if err != nil {
		sc.Log.Error("problem not written", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	send(w, p.Status, "application/problem+json", append(body, '\n'))
}

func (s *Site) failPage(w http.ResponseWriter, r *http.Request, sc *Scope, p Problem) {
	view := ErrorView{Status: p.Status, Title: p.Title, Detail: p.Detail, RequestID: p.RequestID, SignedIn: sc.SignedIn(), Scope: sc, Request: r}
	if s.o.ErrorPage != nil {
		err := Page(w, p.Status, func(out io.Writer) error { return s.o.ErrorPage(out, view) })
		if err == nil {
			return
		}
		sc.Log.Error("error page failed", "err", err)
	}
	if err := Page(w, p.Status, func(out io.Writer) error { return plainPage.Execute(out, view) }); err != nil {
		sc.Log.Error("plain error page failed", "err", err)
	}
}

// wantsPage reports whether a person in a browser window reads the answer. A script that fetches a page for its parts
// says so by asking for JSON.
func wantsPage(r *http.Request, sc *Scope) bool {
	if sc.Route.Shape != ShapePage {
		return false
	}
	if sc.Route == &unrouted && (strings.HasPrefix(r.URL.Path, "/api/") || changes(r.Method)) {
		return false
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "text/html") || !strings.Contains(accept, "json")
}

// loginPath sends to the sign-in page and, where going back makes sense, says where from.
func loginPath(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.Path == "/" {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(r.URL.RequestURI())
}

// LocalPath is next if it stays on this site, else otherwise. http.Redirect lets //host and /\host through.
func LocalPath(next, otherwise string) string {
	if len(next) == 0 || next[0] != '/' || (len(next) > 1 && (next[1] == '/' || next[1] == '\\')) || strings.ContainsFunc(next, func(c rune) bool { return c < ' ' }) {
		return otherwise
	}
	return next
}

// NotFound answers a path that no route knows.
func (s *Site) NotFound(w http.ResponseWriter, r *http.Request) {
	s.Fail(w, r, scopeOf(r), &store.Error{Kind: store.NotFound, Text: "이런 주소는 없어요. 주소를 다시 확인해 주세요."})
}

// MethodNotAllowed is the one code beside those of RULES H4: the path is known, the method is not.
const MethodNotAllowed store.Kind = "method_not_allowed"

// NotAllowed answers a method that the path does not have: 405 with Allow.
func (s *Site) NotAllowed(w http.ResponseWriter, r *http.Request, allow []string) {
	sc := scopeOf(r)
	w.Header().Set("Allow", strings.Join(allow, ", "))
	p := s.problemOf(sc, &store.Error{Kind: MethodNotAllowed, Text: fmt.Sprintf("이 주소에서는 %s만 쓸 수 있어요.", strings.Join(allow, ", "))})
	if wantsPage(r, sc) {
		s.failPage(w, r, sc, p)
		return
	}
	s.failJSON(w, sc, p)
}

func unauthenticated(text string) error { return &store.Error{Kind: store.Unauthenticated, Text: text} }

func tooLarge() error {
	return &store.Error{Kind: store.TooLarge, Text: "보낸 내용이 너무 커요. 줄여서 다시 보내 주세요."}
}
