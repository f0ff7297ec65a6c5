// Package storetest opens real stores for tests: SQLite in a temporary folder, a clock the test sets, and citizens who
// speak through the same bytes Kakao sends. Only tests import it.
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/kakao/skill"
	"toktok/store/worktime"
)

// Clock is a clock that stands until the test moves it; Real follows Now.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the instant the test set.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Real returns the same instant.
func (c *Clock) Real() time.Time { return c.Now() }

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// At reads "2026-11-23 10:00" or "2026-11-23 10:00:30" as KST.
func At(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05.000"} {
		if t, err := time.ParseInLocation(layout, s, worktime.Seoul); err == nil {
			return t
		}
	}
	panic("storetest.At: " + s)
}

// BotID is the bot that test citizens write to.
const BotID = "66f0a9ffc3d2e14b7a9f0000"

// New opens a store at the given instant with the Event API set up; it is closed when the test ends.
func New(t testing.TB, at string, with ...func(*store.Options)) (*store.DB, *Clock) {
	t.Helper()
	clock := &Clock{now: At(at)}
	return Open(t, clock, t.TempDir(), with...), clock
}

// Open opens the folder, as after a restart.
func Open(t testing.TB, clock store.Clock, dir string, with ...func(*store.Options)) *store.DB {
	t.Helper()
	o := store.Options{
		Dir: dir, Mode: "serve", Clock: clock,
		Outside: store.Outside{
			PublicURL: "https://talk.example.kr", BotIDs: []string{BotID}, EventReady: true,
			EventName: "toktok_reply", EventBlock: "66f0aa01c3d2e14b7a9f0030", MediaHosts: []string{"kakaocdn.net", "kakao.com"},
		},
	}
	for _, f := range with {
		f(&o)
	}
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Call is one skill call as Kakao sends it.
type Call struct {
	User     string // bot user key; "" = "citizen"
	Text     string
	Photo    string // userRequest.params.media.url
	Friend   bool
	Bot      string // "" = BotID
	Block    string
	Params   map[string]any // merged into userRequest.params
	Extra    map[string]any // clientExtra
	Secure   []string       // URLs of the secure image plugin
	Callback string
	Surface  string
	Request  string // X-Request-Id; "" = a new one
}

// Body is the JSON of the call.
func (c Call) Body() []byte {
	user := orElse(c.User, "citizen")
	properties := map[string]any{"botUserKey": user, "plusfriendUserKey": "pf-" + user}
	if c.Friend {
		properties["isFriend"] = true
	}
	params := map[string]any{"surface": orElse(c.Surface, "Kakaotalk.plusfriend")}
	for k, v := range c.Params {
		params[k] = v
	}
	utterance := c.Text
	if c.Photo != "" {
		params["media"] = map[string]any{"type": "image", "url": c.Photo}
		utterance = c.Photo
	}
	request := map[string]any{
		"timezone": "Asia/Seoul", "params": params, "utterance": utterance, "lang": "ko",
		"block": map[string]any{"id": orElse(c.Block, "fallback"), "name": "폴백 블록"},
		"user":  map[string]any{"id": user, "type": "botUserKey", "properties": properties},
	}
	if c.Callback != "" {
		request["callbackUrl"] = c.Callback
	}
	action := map[string]any{"id": "skill", "name": "민원 스킬", "params": map[string]any{}, "detailParams": map[string]any{}, "clientExtra": c.Extra}
	if len(c.Secure) > 0 {
		plugin, _ := json.Marshal(map[string]any{"privacyAgreement": "Y", "imageQuantity": fmt.Sprint(len(c.Secure)), "secureUrls": "List(" + strings.Join(c.Secure, ", ") + ")"})
		action["params"] = map[string]any{"secureimage": string(plugin)}
	}
	body, err := json.Marshal(map[string]any{
		"intent": map[string]any{"id": "fallback", "name": "폴백 블록"}, "userRequest": request, "contexts": []any{},
		"bot": map[string]any{"id": orElse(c.Bot, BotID), "name": "시청 민원 봇"}, "action": action,
	})
	if err != nil {
		panic(err)
	}
	return body
}

var requests struct {
	sync.Mutex
	n int
}

// In is the call as the webhook hands it to the store.
func (c Call) In(db *store.DB) store.In {
	id := c.Request
	if id == "" {
		requests.Lock()
		requests.n++
		id = fmt.Sprintf("request-%d", requests.n)
		requests.Unlock()
	}
	return store.In{Body: c.Body(), RequestID: id, Arrived: db.Now(), Real: db.Real()}
}

// Heard is what the citizen reads.
type Heard struct {
	store.Answer
	Bubbles []string
	Quick   []string
	Waiting string // text of a callback's first answer
}

// Text joins the bubbles.
func (h Heard) Text() string { return strings.Join(append(h.Bubbles, h.Waiting), "\n") }

// Say makes the call and settles what it was offered, as the webhook does. Every answer is checked as Kakao would.
func Say(t testing.TB, db *store.DB, c Call) Heard {
	t.Helper()
	h := Hear(t, db.Receive(context.Background(), c.In(db)))
	if err := db.Written(context.Background(), h.Answer, true); err != nil {
		t.Fatalf("settle the answer: %v", err)
	}
	return h
}

// Hear decodes an answer and fails the test if Kakao would refuse it.
func Hear(t testing.TB, a store.Answer) Heard {
	t.Helper()
	if problems := skill.Validate(a.Body); len(problems) > 0 {
		t.Errorf("Kakao would refuse the answer: %v\n%s", problems, a.Body)
	}
	h := Heard{Answer: a}
	answer, err := skill.DecodeAnswer(a.Body)
	if err != nil {
		t.Fatalf("answer: %v\n%s", err, a.Body)
	}
	h.Waiting = answer.WaitingText()
	for _, b := range answer.Outputs {
		switch b := b.(type) {
		case skill.SimpleText:
			h.Bubbles = append(h.Bubbles, b.Text)
		case skill.TextCard:
			h.Bubbles = append(h.Bubbles, b.Title+"\n"+b.Description)
		}
	}
	for _, q := range answer.QuickReplies {
		h.Quick = append(h.Quick, q.Label)
	}
	return h
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
