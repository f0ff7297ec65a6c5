package event_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store/kakao/event"
)

const citizen = "3f9c1d7be2a04586b1c77e0d5a9248f3c6e1b07d94a25f8831c0de67ab42f915aa"

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decoded(t *testing.T, b []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}

func TestCallEncode(t *testing.T) {
	t.Parallel()
	body, err := event.Call{Event: "answer_ready", Attempt: "dl_9Q4T", Users: []event.User{{Type: event.BotUserKey, ID: citizen}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decoded(t, fixture(t, "call")), decoded(t, body)); diff != "" {
		t.Errorf("(-sample +got):\n%s", diff)
	}
}

func TestCallRefuses(t *testing.T) {
	t.Parallel()
	u := event.User{Type: event.BotUserKey, ID: "u"}
	crowd := make([]event.User, 101)
	for i := range crowd {
		crowd[i] = event.User{Type: event.BotUserKey, ID: strconv.Itoa(i)}
	}
	tests := []struct {
		name string
		in   event.Call
		want string
	}{
		{"no event", event.Call{Attempt: "a", Users: []event.User{u}}, "event.name"},
		{"no attempt", event.Call{Event: "e", Users: []event.User{u}}, "params.toktok_attempt"},
		{"nobody", event.Call{Event: "e", Attempt: "a"}, "user"},
		{"100 users", event.Call{Event: "e", Attempt: "a", Users: crowd[:100]}, ""},
		{"101 users", event.Call{Event: "e", Attempt: "a", Users: crowd}, "user"},
		{"no id", event.Call{Event: "e", Attempt: "a", Users: []event.User{{Type: event.AppUserID}}}, "user[0].id"},
		{"unknown type", event.Call{Event: "e", Attempt: "a", Users: []event.User{{Type: "appUserKey", ID: "1"}}}, "user[0].type"},
		{"twice", event.Call{Event: "e", Attempt: "a", Users: []event.User{u, u}}, "user[1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.in.Encode()
			limit, ok := errors.AsType[*event.LimitError](err)
			if tt.want == "" && err != nil || tt.want != "" && (!ok || limit.Field != tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	tests := []struct{ got, want string }{
		{event.TalkURL("https://bot-api.kakao.com", "66f0"), "https://bot-api.kakao.com/v2/bots/66f0/talk"},
		{event.TalkURL("http://127.0.0.1:1/", "66f0!"), "http://127.0.0.1:1/v2/bots/66f0!/talk"},
		{event.TalkURL("https://k/sub/", "a/b?c"), "https://k/sub/v2/bots/a%2Fb%3Fc/talk"},
		{event.TaskURL("https://bot-api.kakao.com", "0b8f-1"), "https://bot-api.kakao.com/v1/tasks/0b8f-1"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
		req, err := http.NewRequest(http.MethodPost, tt.got, nil)
		if err != nil || req.URL.String() != tt.want {
			t.Errorf("on the wire: %v, %v", req.URL, err)
		}
	}
}

func TestDecodeAccepted(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1795400123456)
	tests := []struct {
		name, body string
		want       event.Accepted
		ok         bool
	}{
		{"accepted", string(fixture(t, "accepted")), event.Accepted{TaskID: "0b8f7f0e-6f0d-4b7a-9c55-1f0f3b2f7a11", Status: "SUCCESS", At: at}, true},
		{"refused", string(fixture(t, "refused")), event.Accepted{Status: "FAIL", Message: "Invalid Event name", At: at}, false},
		{"callback shown", string(fixture(t, "callback_success")), event.Accepted{TaskID: "5c1f6d3a-4a0e-4c5d-8a53-77f2c7c4e9b2", Status: "SUCCESS", At: at}, true},
		{"callback refused", string(fixture(t, "callback_fail")), event.Accepted{TaskID: "5c1f6d3a-4a0e-4c5d-8a53-77f2c7c4e9b2", Status: "FAIL", Message: "Invalid callback token. Check your callback token.", At: time.UnixMilli(1795400199999)}, false},
		{"loose types", `{"taskId":12,"status":" success ","message":null,"timestamp":"1795400123456"}`, event.Accepted{TaskID: "12", Status: "SUCCESS", At: at}, true},
		{"objects everywhere", `{"taskId":{},"status":[],"message":{},"timestamp":{}}`, event.Accepted{}, false},
		{"empty", `{}`, event.Accepted{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := event.DecodeCallback([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || got.OK() != tt.ok {
				t.Errorf("OK %v (-want +got):\n%s", got.OK(), diff)
			}
		})
	}
}

func TestDecodeTask(t *testing.T) {
	t.Parallel()
	const id = "0b8f7f0e-6f0d-4b7a-9c55-1f0f3b2f7a11"
	failure := event.Failure{UserID: citizen, UserType: "botUserKey", Type: event.SkillHTTP, Message: "Bot skill server responded with an HTTP error.", At: time.Unix(1795400124, 0)}
	tests := []struct {
		name, body string
		want       event.Task
		state      event.State
	}{
		{"success", string(fixture(t, "task_success")), event.Task{TaskID: id, Status: "ALL SUCCESS", Total: 1, Succeeded: 1}, event.AllSuccess},
		{"fail", string(fixture(t, "task_fail")), event.Task{TaskID: id, Status: "1 FAIL", Total: 1, Failed: 1, Failures: []event.Failure{failure}}, event.SomeFailed},
		{"type as text", `{"status":"1 FAIL","fail":{"list":[{"userId":"u","errorMsg":{"errorType":"104","msg":"x"}}]}}`,
			event.Task{Status: "1 FAIL", Failed: 1, Failures: []event.Failure{{UserID: "u", Type: event.SkillError, Message: "x"}}}, event.SomeFailed},
		{"type in words", `{"status":"1 FAIL","fail":{"count":"1","list":[{"userId":"u","errorMsg":{"errorType":"NOT_FRIEND"}}]}}`,
			event.Task{Status: "1 FAIL", Failed: 1, Failures: []event.Failure{{UserID: "u"}}}, event.SomeFailed},
		{"key not resolved", `{"status":"1 FAIL","allRequestCount":1,"successCount":0,"userKeyResolvingFailCount":1}`,
			event.Task{Status: "1 FAIL", Total: 1, Unresolved: 1}, event.SomeFailed},
		{"status alone", `{"status":"2 fail"}`, event.Task{Status: "2 fail"}, event.SomeFailed},
		{"counts alone", `{"status":"DONE","allRequestCount":1,"successCount":1}`, event.Task{Status: "DONE", Total: 1, Succeeded: 1}, event.AllSuccess},
		{"running", `{"status":"PROCESSING","allRequestCount":1,"successCount":0}`, event.Task{Status: "PROCESSING", Total: 1}, event.Pending},
		{"no failure", `{"status":"0 FAIL"}`, event.Task{Status: "0 FAIL"}, event.Pending},
		{"odd counts", `{"allRequestCount":-1,"successCount":1e99,"fail":[]}`, event.Task{}, event.Pending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := event.DecodeTask([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.State() != tt.state {
				t.Errorf("state %v, want %v", got.State(), tt.state)
			}
		})
	}
}

func TestFailureOurs(t *testing.T) {
	t.Parallel()
	task, err := event.DecodeTask(fixture(t, "task_fail"))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := task.For(citizen)
	if !ok || !f.Ours() {
		t.Errorf("got %+v, %v: a failure of our own server", f, ok)
	}
	if _, ok := task.For("somebody else"); ok {
		t.Error("found a failure of somebody else")
	}
	for typ, want := range map[int]bool{6: true, 104: true, 201: true, 202: true, 0: false, 99: false, 101: false, 204: false} {
		if got := (event.Failure{Type: typ}).Ours(); got != want {
			t.Errorf("errorType %d: ours %v, want %v", typ, got, want)
		}
	}
}

func TestDecodeNotJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "<html>502</html>", "[]", `"x"`, `{"status":`} {
		if _, err := event.DecodeAccepted([]byte(body)); !errors.Is(err, event.ErrNotJSON) {
			t.Errorf("accepted %q: %v", body, err)
		}
		if _, err := event.DecodeTask([]byte(body)); !errors.Is(err, event.ErrNotJSON) {
			t.Errorf("task %q: %v", body, err)
		}
	}
}

func FuzzDecodeTask(f *testing.F) {
	f.Add(fixture(f, "task_success"))
	f.Add(fixture(f, "task_fail"))
	f.Add([]byte(`{"fail":{"list":[{"errorMsg":{"errorType":"NaN"}}]},"successCount":"1e300"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		task, err := event.DecodeTask(body)
		if err != nil {
			return
		}
		if task.Failed < len(task.Failures) || task.Total < 0 || task.Succeeded < 0 {
			t.Fatalf("%+v", task)
		}
		if len(task.Failures) > 0 && task.State() != event.SomeFailed {
			t.Fatalf("failures but state %v", task.State())
		}
	})
}

func FuzzDecodeAccepted(f *testing.F) {
	f.Add(fixture(f, "accepted"))
	f.Add(fixture(f, "refused"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if a, err := event.DecodeAccepted(body); err != nil && a.OK() {
			t.Fatalf("unreadable but OK: %+v", a)
		}
	})
}
