package e2e

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"toktok/store/kakao/event"
	"toktok/store/kakao/skill"
)

// Set-up of the tests' bot, as an administrator would enter it.
const (
	botID      = "66f0a9ffc3d2e14b7a9f0000"
	eventName  = "toktok_reply"
	eventBlock = "66f0aa01c3d2e14b7a9f0030"
	freeBlock  = "66f0aa01c3d2e14b7a9f0001"
	restKey    = "an-end-to-end-test-rest-key"
)

// kakao is a KakaoTalk that counts: which events it was asked for, which bubbles each citizen was shown, and how. It
// outlives the server it talks to, as the real one does.
type kakao struct {
	t   testing.TB
	web *httptest.Server

	work sync.WaitGroup // event blocks that run
	gone atomic.Int64   // photos asked for that are no more

	mu        sync.Mutex
	skill     string        // the webhook
	met       chan struct{} // closed while the webhook can be reached
	people    map[string]*person
	tasks     map[string]string // id → status
	callbacks map[string]*person
	runs      int // how often an event's block is run: Kakao promises once
}

// person is a citizen with a phone.
type person struct {
	k        *kakao
	key      string
	friend   bool
	callback bool // his block has the callback option

	// Guarded by k.mu.
	events int      // calls of the Event API for him
	posts  int      // posts to his callback addresses, accepted or not
	shown  []bubble // his screen, oldest first
}

type bubble struct{ via, text string } // answer, waiting, event, callback

func newKakao(t testing.TB) *kakao {
	k := &kakao{t: t, runs: 1, met: make(chan struct{}), people: map[string]*person{}, tasks: map[string]string{}, callbacks: map[string]*person{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/bots/{bot}/talk", k.talk)
	mux.HandleFunc("GET /v1/tasks/{id}", k.task)
	mux.HandleFunc("POST /v1/callback/{token}", k.post)
	mux.HandleFunc("GET /photos/good.jpg", func(w http.ResponseWriter, _ *http.Request) { w.Write(jpegWithExif(k.t, 32, 32)) })
	mux.HandleFunc("GET /photos/{name}", func(w http.ResponseWriter, r *http.Request) { k.gone.Add(1); http.NotFound(w, r) })
	k.web = httptest.NewServer(mux)
	t.Cleanup(func() { k.web.Close(); k.work.Wait() })
	return k
}

// env are the settings that make a server talk to this KakaoTalk.
func (k *kakao) env() []string {
	return []string{
		"TOKTOK_KAKAO_API=" + k.web.URL, "TOKTOK_KAKAO_REST_KEY=" + restKey, "TOKTOK_KAKAO_EVENT=" + eventName,
		"TOKTOK_KAKAO_EVENT_BLOCK=" + eventBlock, "TOKTOK_BOT_ID=" + botID, "TOKTOK_MEDIA_HOSTS=" + strings.TrimPrefix(k.web.URL, "http://"),
	}
}

// meet tells KakaoTalk where the webhook is. Events that came before it run their block now.
func (k *kakao) meet(s *server) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.skill = s.ready.URL + "/kakao/skill"
	close(k.met)
}

// part says that the server is going away.
func (k *kakao) part() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.skill, k.met = "", make(chan struct{})
}

func (k *kakao) person(name string, friend bool) *person {
	p := &person{k: k, key: userKey(name), friend: friend}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.people[p.key] = p
	return p
}

// userKey is a bot user key as long as real ones.
func userKey(name string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(name))) }

// request is a skill call as KakaoTalk sends it (kakao-chatbot.md §1).
func request(user string, friend bool, utterance string) map[string]any {
	properties := map[string]any{"botUserKey": user, "plusfriendUserKey": "P" + user[:11]}
	if friend {
		properties["isFriend"] = true
	}
	return map[string]any{
		"intent": map[string]any{"id": freeBlock, "name": "폴백 블록"},
		"userRequest": map[string]any{
			"timezone": "Asia/Seoul", "params": map[string]any{"surface": "Kakaotalk.plusfriend"},
			"block": map[string]any{"id": freeBlock, "name": "폴백 블록"}, "utterance": utterance, "lang": "ko",
			"user": map[string]any{"id": user, "type": "botUserKey", "properties": properties},
		},
		"contexts": []any{}, "bot": map[string]any{"id": botID, "name": "시청 민원 봇"},
		"action": map[string]any{"id": "66f0ab10c3d2e14b7a9f0100", "name": "민원 스킬", "params": map[string]any{}, "detailParams": map[string]any{}, "clientExtra": map[string]any{}},
		"flow":   map[string]any{"trigger": map[string]any{"type": "TEXT_INPUT"}},
	}
}

// knock posts a body to a webhook as KakaoTalk does.
func knock(url, key string, body []byte, header ...string) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	req.Header.Set("X-Request-Id", rand.Text())
	if key != "" {
		req.Header.Set("X-Toktok-Key", key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return send(req)
}

// shows is what KakaoTalk makes of an answer, by its own rules.
func shows(a answer) (*skill.Answer, error) {
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("HTTP %d: %s", a.status, a.body)
	}
	if problems := skill.Validate(a.body); len(problems) > 0 {
		return nil, fmt.Errorf("KakaoTalk would not show this: %v in %s", problems, a.body)
	}
	return skill.DecodeAnswer(a.body)
}

func texts(a *skill.Answer) []string {
	var list []string
	for _, o := range a.Outputs {
		switch o := o.(type) {
		case skill.SimpleText:
			list = append(list, o.Text)
		case skill.TextCard:
			list = append(list, o.Title+"\n"+o.Description)
		default:
			list = append(list, o.Kind())
		}
	}
	return list
}

// say types into the chat room and returns the bubbles that came back.
func (p *person) say(text string) []string {
	p.k.t.Helper()
	a := p.raw(text)
	if a.UseCallback {
		return []string{a.WaitingText()}
	}
	return texts(a)
}

// raw is say with the whole answer.
func (p *person) raw(text string) *skill.Answer {
	p.k.t.Helper()
	body := request(p.key, p.friend, text)
	p.k.mu.Lock()
	url := p.k.skill
	if p.callback {
		token := rand.Text()
		p.k.callbacks[token] = p
		body["userRequest"].(map[string]any)["callbackUrl"] = p.k.web.URL + "/v1/callback/" + token
	}
	p.k.mu.Unlock()
	a, err := knock(url, skillKey, encode(body))
	if err != nil {
		p.k.t.Fatalf("%q: %v", text, err)
	}
	shown, err := shows(a)
	if err != nil {
		p.k.t.Fatalf("%q: %v", text, err)
	}
	if shown.UseCallback {
		p.show("waiting", shown.WaitingText())
	} else {
		p.show("answer", texts(shown)...)
	}
	return shown
}

func (p *person) show(via string, texts ...string) {
	p.k.mu.Lock()
	defer p.k.mu.Unlock()
	for _, text := range texts {
		p.shown = append(p.shown, bubble{via, text})
	}
}

// times is how often the words stand on the screen, by which ways.
func (p *person) times(words string) (n int, ways []string) {
	p.k.mu.Lock()
	defer p.k.mu.Unlock()
	for _, b := range p.shown {
		if c := strings.Count(b.text, words); c > 0 {
			n += c
			ways = append(ways, b.via)
		}
	}
	return n, ways
}

// asked is how often the Event API was called for the citizen.
func (p *person) asked() int {
	p.k.mu.Lock()
	defer p.k.mu.Unlock()
	return p.events
}

// posted is how often his callback addresses were posted to.
func (p *person) posted() int {
	p.k.mu.Lock()
	defer p.k.mu.Unlock()
	return p.posts
}

// talk is the Event API (kakao-chatbot.md §5): it answers, then runs the event's block.
func (k *kakao) talk(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Event struct{ Name string }
		User  []struct {
			Type, ID string
		}
		Params map[string]string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.User) != 1 || in.Event.Name != eventName || in.User[0].Type != "botUserKey" {
		k.t.Errorf("the Event API was called with %+v: %v", in, err)
	}
	if got := r.Header.Get("Authorization"); got != "KakaoAK "+restKey {
		k.t.Errorf("Authorization is %q", got)
	}
	if got := r.PathValue("bot"); got != botID {
		k.t.Errorf("the event names the bot %q", got)
	}
	id := rand.Text()
	k.mu.Lock()
	p := k.people[in.User[0].ID]
	if p != nil {
		p.events++
	}
	k.tasks[id] = "PROCESSING"
	if p == nil { // the demo's own citizens have other phones
		k.tasks[id] = "1 FAIL"
	}
	k.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"taskId": id, "status": "SUCCESS", "timestamp": time.Now().UnixMilli()})
	if p != nil {
		k.work.Go(func() { k.runBlock(p, id, in.Params) })
	}
}

func (k *kakao) runBlock(p *person, id string, params map[string]string) {
	k.mu.Lock()
	met := k.met
	k.mu.Unlock()
	select {
	case <-met:
	case <-k.t.Context().Done():
		return
	}
	k.mu.Lock()
	url, runs := k.skill, k.runs
	k.mu.Unlock()
	body := request(p.key, p.friend, eventName)
	run := body["userRequest"].(map[string]any)
	run["block"] = map[string]any{"id": eventBlock, "name": "답변 알림"}
	given := map[string]any{"surface": "Kakaotalk.plusfriend"}
	for name, value := range params {
		given[name] = value
	}
	run["params"] = given
	body["intent"], body["flow"] = map[string]any{"id": eventBlock, "name": "답변 알림"}, nil
	end := "ALL SUCCESS"
	for range runs {
		a, err := knock(url, skillKey, encode(body))
		var got *skill.Answer
		if err == nil {
			got, err = shows(a)
		}
		if err != nil {
			k.t.Logf("event for %.12s: %v", p.key, err)
			end = "our skill"
		} else {
			p.show("event", texts(got)...)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tasks[id] = end
}

func (k *kakao) task(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	k.mu.Lock()
	status := k.tasks[id]
	k.mu.Unlock()
	out := map[string]any{"taskId": id, "status": cmp.Or(status, "UNKNOWN"), "allRequestCount": 1, "successCount": 0}
	switch status {
	case "ALL SUCCESS":
		out["successCount"] = 1
	case "1 FAIL":
		out["fail"] = fails(901)
	case "our skill": // kakao-chatbot.md §5.3
		out["status"], out["fail"] = "1 FAIL", fails(event.SkillError)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out)
}

func fails(code int) map[string]any {
	return map[string]any{"count": 1, "list": []any{map[string]any{"userId": "", "errorMsg": map[string]any{"errorType": code, "msg": "failed"}}}}
}

// post is a callback address: good once (kakao-chatbot.md §4).
func (k *kakao) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	token := r.PathValue("token")
	k.mu.Lock()
	p := k.callbacks[token]
	delete(k.callbacks, token)
	if p != nil {
		p.posts++
	}
	k.mu.Unlock()
	status := map[string]any{"taskId": token, "status": "SUCCESS", "timestamp": time.Now().UnixMilli()}
	var a *skill.Answer
	if err == nil {
		a, err = shows(answer{status: http.StatusOK, body: body})
	}
	if p == nil || err != nil {
		k.t.Errorf("callback refused (known address: %v): %v", p != nil, err)
		status["status"] = "FAIL"
	} else {
		p.show("callback", texts(a)...)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(status)
}

var receiptNumber = regexp.MustCompile(`\d{4}-\d{6}`)

// numberIn finds the receipt number in what a citizen was told.
func numberIn(t testing.TB, texts []string) string {
	t.Helper()
	n := receiptNumber.FindString(strings.Join(texts, "\n"))
	if n == "" {
		t.Fatalf("no receipt number in %q", texts)
	}
	return n
}
