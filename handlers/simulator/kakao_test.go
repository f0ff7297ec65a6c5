package simulator_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"toktok/handlers/simulator"
	"toktok/store/kakao/event"
	"toktok/store/kakao/skill"
)

func TestEventRunsTheBlock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	b.answers(say("가로등은 11월 25일까지 교체할 예정이에요."))
	resp, body, err := b.talk(t, c)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := event.DecodeAccepted(body)
	if err != nil || resp.StatusCode != http.StatusOK || !accepted.OK() || accepted.TaskID == "" {
		t.Fatalf("status %d: %s, %v", resp.StatusCode, body, err)
	}
	b.Wait()
	req, h := b.last(t)
	if req.BlockID != "event-block" || req.Utterance != "toktok_reply" || req.Lookup(event.AttemptParam) != "a1" || req.UserID != c.Key() || h.Get("X-Toktok-Key") != skillKey {
		t.Errorf("request %+v", req)
	}
	screen := c.Screen()
	if len(screen) != 1 || screen[0].Via != simulator.ViaEvent || screen[0].From != simulator.FromBot || screen[0].Text != "가로등은 11월 25일까지 교체할 예정이에요." {
		t.Errorf("screen %+v", screen)
	}
	if task := b.task(t, accepted.TaskID); task.State() != event.AllSuccess || task.Total != 1 || task.Succeeded != 1 {
		t.Errorf("task %+v", task)
	}
	if b.Spent() != 15 {
		t.Errorf("spent %d won", b.Spent())
	}
}

func TestEventFailuresPerUser(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(b *bundle, c *simulator.Citizen) error
		answer answerer
		want   int // errorType, 0 = any that is not ours
	}{
		{"not a friend", func(_ *bundle, c *simulator.Citizen) error { c.LeaveChannel(); return nil }, nil, 0},
		{"blocked", func(_ *bundle, c *simulator.Citizen) error { c.Block(); return nil }, nil, 0},
		{"fault not a friend", func(b *bundle, _ *simulator.Citizen) error { return b.SetFault(simulator.FaultNotFriend, 1) }, nil, 0},
		{"fault blocked", func(b *bundle, _ *simulator.Citizen) error { return b.SetFault(simulator.FaultBlocked, 1) }, nil, 0},
		{"bad bubbles", nil, write(http.StatusOK, `{"version":"2.0","template":{"outputs":[]}}`), event.BadBubbles},
		{"callback answer", nil, write(http.StatusOK, `{"version":"2.0","useCallback":true}`), event.BadBubbles},
		{"skill says no", nil, write(http.StatusInternalServerError, ""), event.SkillHTTP},
		{"skill gone", nil, func(w http.ResponseWriter, _ *http.Request, _ *skill.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		}, event.SkillError},
		{"skill slow", nil, func(_ http.ResponseWriter, r *http.Request, _ *skill.Request) { <-r.Context().Done() }, event.SkillTimeout},
		{"fault slow", func(b *bundle, _ *simulator.Citizen) error { return b.SetFault(simulator.FaultSkillSlow, 1) }, nil, event.SkillTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *simulator.Options) { o.SkillLimit = 2 * time.Second })
			c := b.Citizen("김하늘", true)
			if tt.before != nil {
				if err := tt.before(b, c); err != nil {
					t.Fatal(err)
				}
			}
			if tt.answer != nil {
				b.answers(tt.answer)
			}
			_, body, err := b.talk(t, c)
			if err != nil {
				t.Fatal(err)
			}
			accepted, err := event.DecodeAccepted(body)
			if err != nil || !accepted.OK() {
				t.Fatalf("an accepted event fails in its task, not here: %s", body)
			}
			b.Wait()
			task := b.task(t, accepted.TaskID)
			f, failed := task.For(c.Key())
			if task.State() != event.SomeFailed || !failed || task.Status != "1 FAIL" {
				t.Fatalf("task %+v", task)
			}
			if tt.want != 0 && f.Type != tt.want || tt.want == 0 && f.Ours() {
				t.Errorf("errorType %d, want %d", f.Type, tt.want)
			}
			if len(c.Screen()) != 0 || b.Spent() != 0 {
				t.Errorf("shown %+v, spent %d", c.Screen(), b.Spent())
			}
		})
	}
}

func TestEventRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.Citizen("김하늘", true).Key()
	call := func(name string, users ...string) []byte {
		list := []event.User{}
		for _, u := range users {
			list = append(list, event.User{Type: event.BotUserKey, ID: u})
		}
		body, err := json.Marshal(map[string]any{"event": map[string]string{"name": name}, "user": list})
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	crowd := make([]string, 101)
	for i := range crowd {
		crowd[i] = strings.Repeat("u", i+1)
	}
	good := event.TalkURL(b.kakao.URL, botID)
	tests := []struct {
		name, url, key string
		body           []byte
		want           int
	}{
		{"no key", good, "", call("toktok_reply", key), http.StatusUnauthorized},
		{"wrong key", good, "x", call("toktok_reply", key), http.StatusUnauthorized},
		{"wrong bot", event.TalkURL(b.kakao.URL, "other"), restKey, call("toktok_reply", key), http.StatusNotFound},
		{"unknown event", good, restKey, call("surprise", key), http.StatusNotFound},
		{"not JSON", good, restKey, []byte("{"), http.StatusBadRequest},
		{"nobody", good, restKey, call("toktok_reply"), http.StatusBadRequest},
		{"too many", good, restKey, call("toktok_reply", crowd...), http.StatusBadRequest},
		{"twice", good, restKey, call("toktok_reply", key, key), http.StatusBadRequest},
		{"odd type", good, restKey, []byte(`{"event":{"name":"toktok_reply"},"user":[{"type":"phone","id":"1"}]}`), http.StatusBadRequest},
		{"development bot", event.TalkURL(b.kakao.URL, botID+"!"), restKey, call("toktok_reply", key), http.StatusOK},
	}
	for _, tt := range tests {
		resp, body, err := b.post(t, tt.url, tt.key, tt.body)
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := event.DecodeAccepted(body)
		if err != nil || resp.StatusCode != tt.want || accepted.OK() != (tt.want == http.StatusOK) {
			t.Errorf("%s: status %d, want %d: %s", tt.name, resp.StatusCode, tt.want, body)
		}
		log := b.Log()
		if x := log[len(log)-1]; tt.want != http.StatusOK && (x.Reason == "" || x.Verdict != "거절") {
			t.Errorf("%s: the log does not say why: %+v", tt.name, x)
		}
	}
	b.Wait()
	if b.calls() != 0 {
		t.Error("a refused event ran")
	}
	log := b.Log()
	for _, x := range log {
		if strings.Contains(x.Request, restKey) {
			t.Error("the key is in the log")
		}
	}
}

// A key belongs to one bot: the deployed bot's key means nobody to the development bot.
func TestEventKeyOfAnotherBot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	body, err := event.Call{Event: "toktok_reply", Attempt: "a", Users: []event.User{{Type: event.BotUserKey, ID: c.Key()}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, answer, err := b.post(t, event.TalkURL(b.kakao.URL, botID+"!"), restKey, body)
	if err != nil {
		t.Fatal(err)
	}
	accepted, _ := event.DecodeAccepted(answer)
	b.Wait()
	if task := b.task(t, accepted.TaskID); task.Unresolved != 1 || task.State() != event.SomeFailed {
		t.Errorf("task %+v", task)
	}
}

func TestEventFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault simulator.Fault
		runs  bool // the citizen sees the bubbles all the same
		check func(t *testing.T, resp *http.Response, body []byte, err error)
	}{
		{simulator.FaultEvent429, false, func(t *testing.T, resp *http.Response, _ []byte, err error) {
			if err != nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "7" {
				t.Errorf("%v, %v", resp, err)
			}
		}},
		{simulator.FaultEvent500, false, func(t *testing.T, resp *http.Response, _ []byte, err error) {
			if err != nil || resp.StatusCode != http.StatusInternalServerError {
				t.Errorf("%v, %v", resp, err)
			}
		}},
		{simulator.FaultEventLost, true, func(t *testing.T, _ *http.Response, _ []byte, err error) {
			if err == nil {
				t.Error("an answer came")
			}
		}},
		{simulator.FaultEventJSON, true, func(t *testing.T, resp *http.Response, body []byte, err error) {
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%v, %v", resp, err)
			}
			if _, err := event.DecodeAccepted(body); err == nil {
				t.Errorf("readable: %s", body)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.Citizen("김하늘", true)
			var err error
			if tt.fault == simulator.FaultEvent429 {
				err = b.SetRetryAfter(1, 7*time.Second)
			} else {
				err = b.SetFault(tt.fault, 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			resp, body, err := b.talk(t, c)
			tt.check(t, resp, body, err)
			b.Wait()
			if got := len(c.Screen()) == 1; got != tt.runs {
				t.Errorf("shown: %v, want %v", got, tt.runs)
			}
			resp, body, err = b.talk(t, c)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("the fault struck twice: %v %s", err, body)
			}
		})
	}
}

func TestEventTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	if err := b.SetFault(simulator.FaultEventTimeout, 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, event.TalkURL(b.kakao.URL, botID), strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "KakaoAK "+restKey)
	req.Header.Set("Content-Type", "application/json")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Fatalf("answered %s", resp.Status)
	}
	if len(c.Screen()) != 0 {
		t.Error("the event ran")
	}
}

func TestNoSkillCall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	if err := b.SetFault(simulator.FaultNoSkillCall, 1); err != nil {
		t.Fatal(err)
	}
	_, body, err := b.talk(t, c)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := event.DecodeAccepted(body)
	if err != nil || !accepted.OK() {
		t.Fatalf("%s, %v", body, err)
	}
	b.Wait()
	if task := b.task(t, accepted.TaskID); task.State() != event.Pending || b.calls() != 0 {
		t.Errorf("task %+v, %d calls", task, b.calls())
	}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	get := func(id, key string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, event.TaskURL(b.kakao.URL, id), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "KakaoAK "+key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := get("nothing", restKey); got != http.StatusNotFound {
		t.Errorf("unknown task: %d", got)
	}
	if got := get("nothing", "x"); got != http.StatusUnauthorized {
		t.Errorf("wrong key: %d", got)
	}
	if err := b.SetFault(simulator.FaultTask500, -1); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := get("nothing", restKey); got != http.StatusInternalServerError {
			t.Errorf("switched on for good: %d", got)
		}
	}
	if err := b.SetFault(simulator.FaultTask500, 0); err != nil {
		t.Fatal(err)
	}
	if got := get("nothing", restKey); got != http.StatusNotFound {
		t.Errorf("switched off: %d", got)
	}
}

func waiting(text string) answerer {
	body, err := skill.CallbackWaiting(text)
	if err != nil {
		panic(err)
	}
	return write(http.StatusOK, string(body))
}

func TestCallback(t *testing.T) {
	t.Parallel()
	late, err := skill.Text("중앙로 12는 도로관리과 담당이에요.").Encode()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		first answerer
		wait  time.Duration
		fault simulator.Fault
		body  []byte
		want  string // status of Kakao's answer, "" = the answer is lost
		shown bool
	}{
		{"good", waiting("접수번호 2026-000001"), 2 * time.Second, "", late, event.Success, true},
		{"too early is only noted", waiting("접수번호 2026-000001"), 0, "", late, event.Success, true},
		{"last moment", waiting("a"), time.Minute - time.Millisecond, "", late, event.Success, true},
		{"expired", waiting("a"), time.Minute, "", late, event.Fail, false},
		{"ordinary first answer", say("접수했어요"), time.Second, "", late, event.Fail, false},
		{"bad bubbles", waiting("a"), time.Second, "", []byte(`{"version":"2.0","template":{}}`), event.Error, false},
		{"not JSON", waiting("a"), time.Second, "", []byte(`{`), event.Error, false},
		{"callback in a callback", waiting("a"), time.Second, "", []byte(`{"version":"2.0","useCallback":true}`), event.Error, false},
		{"fault", waiting("a"), time.Second, simulator.FaultCallbackFail, late, event.Fail, false},
		{"answer lost", waiting("a"), time.Second, simulator.FaultCallbackLost, late, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.Citizen("김하늘", true)
			c.SetCallback(true)
			b.answers(tt.first)
			turn, err := c.Say(t.Context(), "어느 부서 담당인가요?")
			if err != nil {
				t.Fatal(err)
			}
			req, _ := b.last(t)
			if !strings.HasPrefix(req.CallbackURL, b.kakao.URL+"/v1/bots/"+botID+"/callback/") {
				t.Fatalf("callbackUrl %q", req.CallbackURL)
			}
			before := len(c.Screen())
			b.pass(tt.wait)
			if tt.fault != "" {
				if err := b.SetFault(tt.fault, 1); err != nil {
					t.Fatal(err)
				}
			}
			_, body, err := b.post(t, req.CallbackURL, "", tt.body)
			switch {
			case tt.want == "" && err == nil:
				t.Errorf("an answer came: %s", body)
			case tt.want != "" && err != nil:
				t.Fatal(err)
			case tt.want != "":
				if got, err := event.DecodeCallback(body); err != nil || got.Status != tt.want {
					t.Errorf("got %s, want %s", body, tt.want)
				}
			}
			screen := c.Screen()
			if got := len(screen) == before+1; got != tt.shown {
				t.Fatalf("shown %v, want %v: %+v", got, tt.shown, screen)
			}
			if turn.Waiting && screen[1].Via != simulator.ViaWaiting {
				t.Errorf("waiting text: %+v", screen[1])
			}
			if !tt.shown {
				return
			}
			if last := screen[len(screen)-1]; last.Via != simulator.ViaCallback || last.Text != "중앙로 12는 도로관리과 담당이에요." {
				t.Errorf("shown as %+v", last)
			}
			_, body, err = b.post(t, req.CallbackURL, "", late)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := event.DecodeCallback(body); err != nil || got.Status != event.Fail || len(c.Screen()) != before+1 {
				t.Errorf("a second use was answered with %s", body)
			}
		})
	}
}

func TestCallbackToNowhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/v1/bots/" + botID + "/callback/unknown", "/v1/bots/other/callback/unknown"} {
		_, body, err := b.post(t, b.kakao.URL+path, "", skill.Safe("네"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := event.DecodeCallback(body); err != nil || got.Status != event.Fail {
			t.Errorf("%s: %s", path, body)
		}
	}
}
