package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/handlers/simulator"
	"toktok/store/kakao/event"
	"toktok/store/kakao/skill"
)

const (
	restKey  = "rest-key"
	skillKey = "0123456789abcdef0123456789abcdef"
	botID    = "66f0a9ffc3d2e14b7a9f0000"
)

// bundle is a simulator and a webhook that answers whatever the test wants.
type bundle struct {
	*simulator.Simulator
	kakao *httptest.Server

	mu       sync.Mutex
	answer   func(w http.ResponseWriter, r *http.Request, req *skill.Request)
	requests []*skill.Request
	headers  []http.Header
	now      time.Time
}

func setup(t *testing.T, change ...func(*simulator.Options)) *bundle {
	t.Helper()
	b := &bundle{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), answer: say("접수번호 2026-000001")}
	webhook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the connection was cut on purpose
		}
		req, err := skill.Decode(body)
		if err != nil {
			t.Errorf("the simulator sent what our codec refuses: %v: %s", err, body)
		}
		b.mu.Lock()
		b.requests = append(b.requests, req)
		b.headers = append(b.headers, r.Header.Clone())
		answer := b.answer
		b.mu.Unlock()
		answer(w, r, req)
	}))
	t.Cleanup(webhook.Close)
	o := simulator.Options{
		Skill: webhook.URL + "/kakao/skill", SkillKey: skillKey, BotID: botID, RESTKey: restKey, EventName: "toktok_reply",
		EventBlock: "event-block", FallbackBlock: "fallback-block", Files: os.DirFS("../../assets/simulator"),
		Now: func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.now },
	}
	for _, c := range change {
		c(&o)
	}
	s, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.Simulator = s
	b.kakao = httptest.NewServer(s.Handler())
	t.Cleanup(b.kakao.Close)
	t.Cleanup(s.Close) // before the server, whose Close would wait for live streams
	s.SetBase(b.kakao.URL)
	return b
}

func (b *bundle) answers(f func(http.ResponseWriter, *http.Request, *skill.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

func (b *bundle) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *bundle) last(t *testing.T) (*skill.Request, http.Header) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		t.Fatal("the skill was not called")
	}
	return b.requests[len(b.requests)-1], b.headers[len(b.headers)-1]
}

func (b *bundle) calls() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.requests)
}

type answerer = func(http.ResponseWriter, *http.Request, *skill.Request)

func write(status int, body string) answerer {
	return func(w http.ResponseWriter, _ *http.Request, _ *skill.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func say(texts ...string) answerer {
	body, err := skill.Text(texts...).Encode()
	if err != nil {
		panic(err)
	}
	return write(http.StatusOK, string(body))
}

func TestSay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	turn, err := c.Say(t.Context(), "중앙로 12 앞 가로등이 꺼져 있어요")
	if err != nil {
		t.Fatal(err)
	}
	if turn.Text() != "접수번호 2026-000001" || turn.Status != http.StatusOK {
		t.Errorf("got %+v", turn)
	}
	req, h := b.last(t)
	if h.Get("X-Toktok-Key") != skillKey || h.Get("X-Request-Id") != turn.RequestID || turn.RequestID == "" || !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
		t.Errorf("headers %v", h)
	}
	if req.Utterance != "중앙로 12 앞 가로등이 꺼져 있어요" || req.BlockID != "fallback-block" || req.UserID != c.Key() || req.BotID != botID || req.BotDev ||
		req.IsFriend == nil || !*req.IsFriend || req.Surface != "Kakaotalk.plusfriend" || req.TriggerType != "TEXT_INPUT" || req.CallbackURL != "" || req.IsTest() {
		t.Errorf("request %+v", req)
	}
	screen := c.Screen()
	if len(screen) != 2 || screen[0].From != simulator.FromCitizen || screen[1].From != simulator.FromBot || screen[1].Via != simulator.ViaAnswer {
		t.Errorf("screen %+v", screen)
	}
}

func TestKeysAreStable(t *testing.T) {
	t.Parallel()
	a, b := setup(t), setup(t)
	if a.Citizen("김하늘", true).Key() != b.Citizen("김하늘", false).Key() {
		t.Error("the same person has another key")
	}
	if a.Citizen("김하늘", true).Key() == a.Citizen("박바다", true).Key() {
		t.Error("two people share a key")
	}
	c := a.Citizen("김하늘", true)
	deployed := c.Key()
	a.SetDev(true)
	if c.Key() == deployed {
		t.Error("the development bot knows him by the same key")
	}
	if _, err := c.Say(t.Context(), "안녕하세요"); err != nil {
		t.Fatal(err)
	}
	if req, _ := a.last(t); req.BotID != botID+"!" || !req.BotDev {
		t.Errorf("bot %q", req.BotID)
	}
}

func TestFriendship(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", false)
	steps := []struct {
		name   string
		do     func()
		friend bool
	}{
		{"stranger", func() {}, false},
		{"adds the channel", c.AddChannel, true},
		{"blocks", c.Block, false},
		{"unblocks", c.Unblock, true},
		{"leaves", c.LeaveChannel, false},
	}
	for _, step := range steps {
		step.do()
		if _, err := c.Say(t.Context(), "안녕하세요"); err != nil {
			t.Fatal(err)
		}
		req, _ := b.last(t)
		if got := req.IsFriend != nil && *req.IsFriend; got != step.friend || !got && req.IsFriend != nil {
			t.Errorf("%s: isFriend %v", step.name, req.IsFriend)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("가", 1001)
	tests := []struct {
		name   string
		answer answerer
		want   string
	}{
		{"wrong key", write(http.StatusUnauthorized, `{}`), "401"},
		{"server error", write(http.StatusInternalServerError, string(skill.Safe("x"))), "500"},
		{"redirect", func(w http.ResponseWriter, r *http.Request, _ *skill.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, "302"},
		{"accepted is not OK", write(http.StatusAccepted, string(skill.Safe("x"))), "202"},
		{"not JSON", write(http.StatusOK, "<html>"), "JSON"},
		{"empty", write(http.StatusOK, ""), "JSON"},
		{"too long", write(http.StatusOK, `{"version":"2.0","template":{"outputs":[{"simpleText":{"text":"`+long+`"}}]}}`), "1000자"},
		{"no bubbles", write(http.StatusOK, `{"version":"2.0","template":{"outputs":[]}}`), "1~3개"},
		{"callback although off", write(http.StatusOK, `{"version":"2.0","useCallback":true}`), "콜백이 꺼진"},
		{"endless", write(http.StatusOK, strings.Repeat(" ", 2<<20)), "너무 커요"},
		{"connection dropped", func(w http.ResponseWriter, _ *http.Request, _ *skill.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		}, "끊겼어요"},
		{"too slow", func(_ http.ResponseWriter, r *http.Request, _ *skill.Request) { <-r.Context().Done() }, "타임아웃 (1001)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *simulator.Options) { o.SkillLimit = 2 * time.Second })
			b.answers(tt.answer)
			c := b.Citizen("김하늘", true)
			turn, err := c.Say(t.Context(), "안녕하세요")
			refused, ok := errors.AsType[*simulator.RefusedError](err)
			if !ok || !strings.Contains(refused.Reason, tt.want) || !strings.Contains(turn.Refused, tt.want) {
				t.Fatalf("got %v, want a reason with %q", err, tt.want)
			}
			screen := c.Screen()
			if len(screen) != 1 || screen[0].Unseen != refused.Reason {
				t.Errorf("the citizen sees %+v", screen)
			}
			log := b.Log()
			if len(log) != 1 || log[0].Verdict != "표시 안 함" || log[0].Reason != refused.Reason {
				t.Errorf("log %+v", log)
			}
		})
	}
}

func TestNoSkillYet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.SetSkill("")
	if _, err := b.Citizen("김하늘", true).Say(t.Context(), "안녕하세요"); !errors.Is(err, simulator.ErrNoSkill) {
		t.Errorf("got %v", err)
	}
}

func TestTap(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *simulator.Options) { o.Blocks = map[string]string{"withdraw-block": "취하"} })
	answer := skill.Response{
		Outputs: []skill.Bubble{skill.TextCard{Title: "취하할까요?", Buttons: []skill.Button{
			{Label: "취하하기", Action: skill.ActionBlock, BlockID: "withdraw-block", Extra: map[string]any{"op": "withdraw", "ticket": "t1"}},
			{Label: "그대로 둘게요", Action: skill.ActionMessage, MessageText: "그대로"},
			{Label: "안내", Action: skill.ActionLink, WebLinkURL: "https://www.example.go.kr/"},
			{Label: "없는 블록", Action: skill.ActionBlock, BlockID: "nowhere"},
		}[:3]}, skill.TextCard{Title: "b", Buttons: []skill.Button{{Label: "없는 블록", Action: skill.ActionBlock, BlockID: "nowhere"}}}},
		QuickReplies: []skill.QuickReply{{Label: "진행상황", Action: skill.ActionMessage, MessageText: "진행상황 보기", Extra: map[string]any{"op": "status"}}},
	}
	body, err := answer.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b.answers(write(http.StatusOK, string(body)))
	c := b.Citizen("김하늘", true)
	if _, err := c.Say(t.Context(), "취하하고 싶어요"); err != nil {
		t.Fatal(err)
	}
	b.answers(say("네"))

	if _, err := c.Tap(t.Context(), "진행상황"); err != nil {
		t.Fatal(err)
	}
	if req, _ := b.last(t); req.Utterance != "진행상황 보기" || req.ClientExtra["op"] != "status" || req.TriggerType != "QUICKREPLY_BUTTON_MESSAGE" || req.BlockID != "fallback-block" {
		t.Errorf("quick reply: %+v", req)
	}
	if _, err := c.Tap(t.Context(), "진행상황"); !errors.Is(err, simulator.ErrNoButton) {
		t.Errorf("a quick reply outlived the next answer: %v", err)
	}
	if _, err := c.Tap(t.Context(), "취하하기"); err != nil {
		t.Fatal(err)
	}
	if req, _ := b.last(t); req.Utterance != "취하하기" || req.ClientExtra["ticket"] != "t1" || req.TriggerType != "CARD_BUTTON_BLOCK" || req.BlockID != "withdraw-block" || req.BlockName != "취하" {
		t.Errorf("button: %+v", req)
	}
	if screen := c.Screen(); screen[len(screen)-2].Text != "취하하기" {
		t.Errorf("the label is not shown as the citizen's words: %+v", screen)
	}
	before := b.calls()
	if turn, err := c.Tap(t.Context(), "안내"); err != nil || turn.Opened != "https://www.example.go.kr/" || b.calls() != before {
		t.Errorf("link: %+v, %v", turn, err)
	}
	if _, err := c.Tap(t.Context(), "없는 블록"); err == nil || b.calls() != before {
		t.Errorf("a block that does not exist ran: %v", err)
	}
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	if _, err := c.Repeat(t.Context()); err == nil {
		t.Error("repeated nothing")
	}
	first, err := c.Say(t.Context(), "안녕하세요")
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Repeat(t.Context())
	if err != nil || again.RequestID != first.RequestID || b.calls() != 2 {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestPhotos(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	picture, err := simulator.SamplePhoto("lamp")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Photo(t.Context(), picture); err != nil {
		t.Fatal(err)
	}
	req, _ := b.last(t)
	if req.Media.Type != "image" || req.Utterance != req.Media.URL || req.TriggerType != "IMAGE_UPLOAD" || !strings.HasPrefix(req.Media.URL, b.kakao.URL+"/simulator/photos/") {
		t.Fatalf("request %+v", req)
	}
	if status, got := fetch(t, req.Media.URL); status != http.StatusOK || !bytes.Equal(got, picture) {
		t.Errorf("status %d, %d bytes", status, len(got))
	}
	if status, _ := fetch(t, strings.Replace(req.Media.URL, "signature=", "signature=x", 1)); status != http.StatusForbidden {
		t.Errorf("wrong signature: %d", status)
	}
	if status, _ := fetch(t, b.kakao.URL+"/simulator/photos/x.jpg"); status != http.StatusNotFound {
		t.Errorf("unknown photo: %d", status)
	}
	view := c.Screen()[0].ImageURL
	b.pass(10 * time.Minute)
	if status, _ := fetch(t, req.Media.URL); status != http.StatusForbidden {
		t.Errorf("after its life: %d", status)
	}
	if status, got := fetch(t, b.kakao.URL+view); status != http.StatusOK || !bytes.Equal(got, picture) {
		t.Errorf("the citizen cannot see the own photo any more: %d", status)
	}
	if _, err := c.Photo(t.Context(), nil); !errors.Is(err, simulator.ErrNoPhoto) {
		t.Errorf("empty photo: %v", err)
	}

	if _, err := c.SecurePhotos(t.Context(), picture, picture); err != nil {
		t.Fatal(err)
	}
	req, _ = b.last(t)
	if len(req.SecureImages) != 2 || req.SecureImageExpire == "" || !req.Media.IsZero() {
		t.Fatalf("secure: %+v", req)
	}
	for _, u := range req.SecureImages {
		if status, got := fetch(t, u); status != http.StatusOK || !bytes.Equal(got, picture) {
			t.Errorf("%s: %d", u, status)
		}
	}
	if _, err := c.SecurePhotos(t.Context(), make([][]byte, 11)...); !errors.Is(err, simulator.ErrNoPhoto) {
		t.Errorf("eleven photos: %v", err)
	}
}

func fetch(t *testing.T, url string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

func TestSkillFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	for _, fault := range []simulator.Fault{simulator.FaultSkillSlow, simulator.FaultSkillCut} {
		if err := b.SetFault(fault, 1); err != nil {
			t.Fatal(err)
		}
		if fault == simulator.FaultSkillCut { // an instant answer would win the race against the cut
			b.answers(func(_ http.ResponseWriter, r *http.Request, _ *skill.Request) { <-r.Context().Done() })
		}
		before := b.calls()
		if turn, err := c.Say(t.Context(), "안녕하세요"); err == nil || turn.Refused == "" {
			t.Errorf("%s: the citizen saw %+v", fault, turn)
		}
		waitFor(t, func() bool { return b.calls() == before+1 })
		b.answers(say("네"))
		if _, err := c.Say(t.Context(), "여보세요"); err != nil {
			t.Errorf("%s struck twice: %v", fault, err)
		}
	}
	if err := b.SetFault("moon", 1); err == nil {
		t.Error("an unknown fault was accepted")
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
		time.Sleep(time.Millisecond) // between two looks; the deadline decides
	}
}

// post sends what the service would send to Kakao.
func (b *bundle) post(t *testing.T, url, key string, body []byte) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "KakaoAK "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp, got, err
}

func (b *bundle) talk(t *testing.T, c *simulator.Citizen) (*http.Response, []byte, error) {
	t.Helper()
	body, err := event.Call{Event: "toktok_reply", Attempt: "a1", Users: []event.User{{Type: event.BotUserKey, ID: c.Key()}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b.post(t, event.TalkURL(b.kakao.URL, botID), restKey, body)
}

func (b *bundle) task(t *testing.T, id string) event.Task {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, event.TaskURL(b.kakao.URL, id), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "KakaoAK "+restKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	task, err := event.DecodeTask(body)
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return task
}

func TestClosed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	b.Close()
	if _, _, err := b.talk(t, c); err != nil {
		t.Fatal(err)
	}
	b.Wait()
	if b.calls() != 0 {
		t.Error("an event ran after the end")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Say(ctx, "안녕하세요"); err == nil {
		t.Error("said something with a context that is over")
	}
}
