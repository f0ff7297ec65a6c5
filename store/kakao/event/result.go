package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNotJSON means that an answer of Kakao's is no JSON object at all.
var ErrNotJSON = errors.New("event: body is not a JSON object")

// Values of Status in Accepted (§4, §5.3).
const (
	Success = "SUCCESS"
	Fail    = "FAIL"
	Error   = "ERROR"
)

// Accepted is Kakao's answer to a call and to a posted callback.
type Accepted struct {
	TaskID  string
	Status  string // Success, Fail or Error
	Message string
	At      time.Time // zero if not told
}

// OK reports that the event was accepted, which does not mean delivered (§5.3), or that the callback was shown.
func (a Accepted) OK() bool { return a.Status == Success }

type wireAccepted struct {
	TaskID    text `json:"taskId"`
	Status    text `json:"status"`
	Message   text `json:"message"`
	Timestamp text `json:"timestamp"`
}

// DecodeAccepted reads the answer to a call.
func DecodeAccepted(body []byte) (Accepted, error) {
	var w wireAccepted
	if err := decode(body, &w); err != nil {
		return Accepted{}, err
	}
	a := Accepted{TaskID: strings.TrimSpace(string(w.TaskID)), Status: status(w.Status), Message: string(w.Message)}
	if ms, ok := w.Timestamp.number(); ok && ms > 0 {
		a.At = time.UnixMilli(ms)
	}
	return a, nil
}

// DecodeCallback reads the answer to a posted callback. Judge by Status: the HTTP codes are not published (§4).
func DecodeCallback(body []byte) (Accepted, error) { return DecodeAccepted(body) }

// Task is the result of an accepted call.
type Task struct {
	TaskID     string
	Status     string // as sent: "ALL SUCCESS" or "<n> FAIL"
	Total      int
	Succeeded  int
	Unresolved int // users whose key Kakao could not resolve
	Failed     int // "fail.count", at least len(Failures)
	Failures   []Failure
}

// Failure is what went wrong for one user.
type Failure struct {
	UserID   string
	UserType string
	Type     int // 0 if Kakao's is not a number
	Message  string
	At       time.Time // zero if not told
}

// Codes of Failure.Type (§5.3). Those for "not a friend", "blocked" and "wallet empty" are not published.
const (
	BadBubbles   = 6   // skill JSON invalid or a bubble breaks the rules
	BadParameter = 99  // bad parameter or JSON
	Internal     = 101 // internal error at Kakao
	SkillError   = 104 // skill server answered with an error
	SkillHTTP    = 201 // skill server HTTP failure
	SkillTimeout = 202 // skill server time-out
	BlockHTTP    = 204 // block validation HTTP failure
)

// Ours reports that our own skill caused the failure, so that a new attempt may succeed.
func (f Failure) Ours() bool {
	return slices.Contains([]int{BadBubbles, SkillError, SkillHTTP, SkillTimeout}, f.Type)
}

// State is how far a task is.
type State int

// States of a task.
const (
	Pending    State = iota // not final: ask again
	AllSuccess              // every user got the bubbles
	SomeFailed              // see Failures
)

// State reads the status, and the counts if Kakao's words are new to us.
func (t Task) State() State {
	words := strings.Fields(strings.ToUpper(t.Status))
	switch {
	case t.Failed > 0 || t.Unresolved > 0 || len(t.Failures) > 0:
		return SomeFailed
	case slices.Equal(words, []string{"ALL", "SUCCESS"}):
		return AllSuccess
	case len(words) == 2 && words[1] == "FAIL" && words[0] != "0":
		return SomeFailed
	case t.Total > 0 && t.Succeeded == t.Total:
		return AllSuccess
	}
	return Pending
}

// For returns the failure of a user, if there is one.
func (t Task) For(userID string) (Failure, bool) {
	i := slices.IndexFunc(t.Failures, func(f Failure) bool { return f.UserID == userID })
	if i < 0 {
		return Failure{}, false
	}
	return t.Failures[i], true
}

// DecodeTask reads the result of a task. Counts and error types may come as numbers or strings (§5.3).
func DecodeTask(body []byte) (Task, error) {
	var w struct {
		TaskID     text `json:"taskId"`
		Status     text `json:"status"`
		Total      text `json:"allRequestCount"`
		Succeeded  text `json:"successCount"`
		Unresolved text `json:"userKeyResolvingFailCount"`
		Fail       struct {
			Count text `json:"count"`
			List  []struct {
				UserID    text `json:"userId"`
				UserType  text `json:"reqUserType"`
				CreatedAt text `json:"createdAt"`
				ErrorMsg  struct {
					Type text `json:"errorType"`
					Msg  text `json:"msg"`
				} `json:"errorMsg"`
			} `json:"list"`
		} `json:"fail"`
	}
	if err := decode(body, &w); err != nil {
		return Task{}, err
	}
	t := Task{
		TaskID: string(w.TaskID), Status: strings.TrimSpace(string(w.Status)),
		Total: w.Total.count(), Succeeded: w.Succeeded.count(), Unresolved: w.Unresolved.count(),
		Failed: max(w.Fail.Count.count(), len(w.Fail.List)),
	}
	for _, e := range w.Fail.List {
		f := Failure{UserID: string(e.UserID), UserType: string(e.UserType), Type: e.ErrorMsg.Type.count(), Message: string(e.ErrorMsg.Msg)}
		if s, ok := e.CreatedAt.number(); ok && s > 0 {
			f.At = time.Unix(s, 0)
		}
		t.Failures = append(t.Failures, f)
	}
	return t, nil
}

func decode(body []byte, w any) error {
	err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), w)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && mismatch.Field != "" {
		return nil // the field stays empty
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	return nil
}

func status(t text) string { return strings.ToUpper(strings.TrimSpace(string(t))) }

// text is a string that also accepts numbers and booleans; anything else reads as "".
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null":
	case raw[0] == '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			*t = text(s)
		}
	default:
		*t = text(raw)
	}
	return nil
}

func (t text) number() (int64, bool) {
	s := strings.TrimSpace(string(t))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)             // 1.795e12, 201.0
	if err != nil || !(f >= -1<<53 && f <= 1<<53) { // NaN too
		return 0, false
	}
	return int64(f), true
}

func (t text) count() int {
	n, ok := t.number()
	if !ok || n < 0 || n > 1<<31-1 {
		return 0
	}
	return int(n)
}
