package simulator_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"toktok/handlers/simulator"
	"toktok/store/kakao/skill"
)

// api calls the JSON API and decodes the answer into out.
func (b *bundle) api(t *testing.T, method, path, contentType string, body []byte, out any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.kakao.URL+"/simulator/api"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(got, out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, got)
		}
	}
	return resp.StatusCode
}

const jsonType = "application/json"

func TestAPIAsACitizen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := skill.Text("접수번호 2026-000001")
	r.QuickReplies = []skill.QuickReply{{Label: "진행상황", Action: skill.ActionMessage, MessageText: "진행상황"}}
	body, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b.answers(write(http.StatusOK, string(body)))

	var c simulator.Info
	if got := b.api(t, "POST", "/citizens", jsonType, []byte(`{"name":" 김하늘 ","friend":true}`), &c); got != http.StatusOK || c.Name != "김하늘" || !c.Friend {
		t.Fatalf("%d %+v", got, c)
	}
	var again simulator.Info
	b.api(t, "POST", "/citizens", jsonType, []byte(`{"name":"김하늘","friend":true}`), &again)
	if again.ID != c.ID {
		t.Error("the same name became two people")
	}
	at := "/citizens/" + c.ID
	var turn simulator.Turn
	if got := b.api(t, "POST", at+"/say", jsonType, []byte(`{"text":"가로등이 꺼졌어요"}`), &turn); got != http.StatusOK || turn.Text() != "접수번호 2026-000001" || len(turn.QuickReplies) != 1 {
		t.Errorf("%d %+v", got, turn)
	}
	if got := b.api(t, "POST", at+"/tap", jsonType, []byte(`{"label":"진행상황"}`), &turn); got != http.StatusOK {
		t.Errorf("tap %d", got)
	}
	if req, _ := b.last(t); req.Utterance != "진행상황" {
		t.Errorf("tapped %q", req.Utterance)
	}
	if got := b.api(t, "POST", at+"/repeat", jsonType, []byte(`{}`), &turn); got != http.StatusOK || b.calls() != 3 {
		t.Errorf("repeat %d, %d calls", got, b.calls())
	}
	b.api(t, "POST", at+"/friend", jsonType, []byte(`{"friend":false}`), &c)
	b.api(t, "POST", at+"/block", jsonType, []byte(`{"blocked":true}`), &c)
	b.api(t, "POST", at+"/callback", jsonType, []byte(`{"callback":true}`), &c)
	if c.Friend || !c.Blocked || !c.Callback {
		t.Errorf("switches: %+v", c)
	}
	var screen struct {
		Citizen      simulator.Info
		Bubbles      []simulator.Bubble
		QuickReplies []skill.QuickReply `json:"quick_replies"`
	}
	b.api(t, "GET", at+"/screen", "", nil, &screen)
	if len(screen.Bubbles) != 5 || len(screen.QuickReplies) != 1 || screen.Citizen.ID != c.ID {
		t.Errorf("screen %+v", screen)
	}
	var list struct{ Citizens []simulator.Info }
	b.api(t, "GET", "/citizens", "", nil, &list)
	if len(list.Citizens) != 1 {
		t.Errorf("citizens %+v", list)
	}

	b.answers(write(http.StatusOK, "nonsense"))
	if got := b.api(t, "POST", at+"/say", jsonType, []byte(`{"text":"여보세요"}`), &turn); got != http.StatusOK || turn.Refused == "" {
		t.Errorf("silence is an outcome: %d %+v", got, turn)
	}
	var log struct{ Log []simulator.Exchange }
	b.api(t, "GET", "/log", "", nil, &log)
	if n := len(log.Log); n != 4 || len(log.Log[n-1].Problems) == 0 || log.Log[n-1].Citizen != "김하늘" {
		t.Errorf("log %+v", log)
	}
}

func TestAPIPhotos(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.Citizen("김하늘", true)
	at := "/citizens/" + c.ID() + "/photo"
	picture, err := simulator.SamplePhoto("trash")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.api(t, "POST", at, "image/jpeg", picture, nil); got != http.StatusOK {
		t.Errorf("raw body: %d", got)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, name := range []string{"a.jpg", "b.jpg"} {
		part, err := w.CreateFormFile("photo", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(picture); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := b.api(t, "POST", at, w.FormDataContentType(), form.Bytes(), nil); got != http.StatusOK || b.calls() != 3 {
		t.Errorf("form: %d, %d calls in all", got, b.calls())
	}
	if got := b.api(t, "POST", at+"?sample=pothole&secure=1", jsonType, []byte(`{}`), nil); got != http.StatusOK {
		t.Errorf("sample: %d", got)
	}
	if req, _ := b.last(t); len(req.SecureImages) != 1 {
		t.Errorf("secure: %+v", req)
	}
	for name, bad := range map[string]struct{ path, contentType string }{
		"empty": {at, "image/jpeg"}, "unknown sample": {at + "?sample=x", jsonType}, "broken form": {at, "multipart/form-data"},
	} {
		if got := b.api(t, "POST", bad.path, bad.contentType, nil, nil); got != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, got)
		}
	}
	for _, name := range []string{"lamp", "pothole", "trash"} {
		status, body := fetch(t, b.kakao.URL+"/simulator/api/samples/"+name)
		if img, err := jpeg.Decode(bytes.NewReader(body)); status != http.StatusOK || err != nil || img.Bounds().Dx() != 800 {
			t.Errorf("%s: %d, %v", name, status, err)
		}
	}
}

func TestAPIFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := []struct {
		body string
		on   bool
		left int
	}{
		{`{"fault":"event_429","count":2,"retry_after":3}`, true, 2},
		{`{"fault":"event_429","on":true}`, true, -1},
		{`{"fault":"event_429","on":true,"count":5}`, true, 5},
		{`{"fault":"event_429","on":false,"count":5}`, false, 0},
		{`{"fault":"event_429","count":0}`, false, 0},
	}
	for _, tt := range tests {
		var got struct{ Faults []simulator.FaultState }
		if status := b.api(t, "POST", "/faults", jsonType, []byte(tt.body), &got); status != http.StatusOK {
			t.Fatalf("%s: %d", tt.body, status)
		}
		for _, f := range got.Faults {
			if f.Text == "" {
				t.Errorf("%s has no words", f.Fault)
			}
			if f.Fault == simulator.FaultEvent429 && (f.On != tt.on || f.Left != tt.left) {
				t.Errorf("%s: %+v", tt.body, f)
			}
		}
	}
	if status := b.api(t, "POST", "/faults", jsonType, []byte(`{"fault":"moon","on":true}`), nil); status != http.StatusUnprocessableEntity {
		t.Errorf("unknown fault: %d", status)
	}
}

func TestAPIRefusesNonsense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/citizens/" + b.Citizen("김하늘", true).ID()
	tests := []struct {
		name, path, contentType, body string
		want                          int
	}{
		{"nobody", "/citizens/c0/say", jsonType, `{"text":"a"}`, http.StatusNotFound},
		{"no words", at + "/say", jsonType, `{"text":" "}`, http.StatusUnprocessableEntity},
		{"not JSON", at + "/say", jsonType, `{`, http.StatusBadRequest},
		{"a form from another site", at + "/say", "text/plain", `{"text":"a"}`, http.StatusUnsupportedMediaType},
		{"no such button", at + "/tap", jsonType, `{"label":"x"}`, http.StatusNotFound},
		{"switch without value", at + "/friend", jsonType, `{}`, http.StatusUnprocessableEntity},
		{"no name", "/citizens", jsonType, `{"name":""}`, http.StatusUnprocessableEntity},
		{"endless name", "/citizens", jsonType, `{"name":"` + strings.Repeat("가", 31) + `"}`, http.StatusUnprocessableEntity},
	}
	for _, tt := range tests {
		var got struct{ Error string }
		if status := b.api(t, "POST", tt.path, tt.contentType, []byte(tt.body), &got); status != tt.want || got.Error == "" {
			t.Errorf("%s: %d %q, want %d", tt.name, status, got.Error, tt.want)
		}
	}
	if b.calls() != 0 {
		t.Error("the skill was called")
	}
}

func TestStateAndBot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var state struct {
		Bot, Clock string
		Dev        bool
	}
	b.api(t, "POST", "/bot", jsonType, []byte(`{"dev":true}`), &state)
	if state.Bot != botID+"!" || !state.Dev || state.Clock == "" {
		t.Errorf("state %+v", state)
	}
}

func TestLiveStream(t *testing.T) {
	t.Parallel()
	b := setup(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.kakao.URL+"/simulator/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("no stream: %v", resp.Header)
	}
	c := b.Citizen("김하늘", true)
	if _, _, err := b.talk(t, c); err != nil {
		t.Fatal(err)
	}
	want := `data: {"topic":"screen","citizen":"` + c.ID() + `"}`
	for lines.Scan() {
		if lines.Text() == want {
			b.Close() // ends the stream
			for lines.Scan() {
			}
			return
		}
	}
	t.Fatalf("a pushed message was not announced: %v", lines.Err())
}

func TestPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	resp, err := http.Get(b.kakao.URL + "/simulator")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp.Status, err)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP %q", csp)
	}
	for _, inline := range []string{`<script>`, `<style`, ` style=`, ` onclick=`, `javascript:`} {
		if strings.Contains(string(body), inline) {
			t.Errorf("the page has %s, which its own CSP forbids", inline)
		}
	}
	assets := regexp.MustCompile(`/simulator/assets/[0-9a-f]{16}/[a-z.]+`).FindAllString(string(body), -1)
	if len(assets) != 3 {
		t.Fatalf("assets %v", assets)
	}
	for _, path := range assets {
		resp, err := http.Get(b.kakao.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if status, _ := fetch(t, b.kakao.URL+"/simulator/assets/0000000000000000/simulator.js"); status != http.StatusNotFound {
		t.Errorf("a wrong hash was served: %d", status)
	}
}

func TestNewWithoutFiles(t *testing.T) {
	t.Parallel()
	if _, err := simulator.New(simulator.Options{Files: fstest.MapFS{}}); err == nil {
		t.Error("a page without its files was accepted")
	}
	s, err := simulator.New(simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Citizen("김하늘", true).Say(t.Context(), "a"); err == nil {
		t.Error("said something to nobody")
	}
}

func TestServes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/simulator": true, "/simulator/api/log": true, "/v2/bots/x!/talk": true, "/v1/tasks/1": true, "/v1/bots/x/callback/y": true,
		"/simulators": false, "/api/v1/tickets": false, "/": false, "/tickets": false,
	} {
		if got := simulator.Serves(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
