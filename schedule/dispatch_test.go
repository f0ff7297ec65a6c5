package schedule_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"toktok/schedule"
	"toktok/store"
	"toktok/store/kakao/event"
	"toktok/store/storetest"
)

var operator = store.Actor{Role: store.RoleOperator, Name: "김상담"}

// city is a store, a dispatcher that runs, and a Kakao that the test writes.
type city struct {
	testing.TB
	db    *store.DB
	clock *store.DemoClock
	d     *schedule.Dispatcher
	stop  context.CancelFunc
	done  chan struct{}
}

// kakao answers requests; it may be replaced while the dispatcher runs.
type kakao struct {
	mu       sync.Mutex
	talk     http.HandlerFunc
	task     http.HandlerFunc
	callback http.HandlerFunc
	requests []string
	at       []time.Time
	bodies   []string
}

func (k *kakao) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	k.mu.Lock()
	k.requests = append(k.requests, r.Method+" "+r.URL.Path)
	k.at = append(k.at, time.Now())
	k.bodies = append(k.bodies, string(body))
	h := k.callback
	switch {
	case strings.HasPrefix(r.URL.Path, "/v2/bots/"):
		h = k.talk
	case strings.HasPrefix(r.URL.Path, "/v1/tasks/"):
		h = k.task
	}
	k.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	h(w, r)
}

func (k *kakao) count(prefix string) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// heard is what has come in so far: request lines, their times and bodies.
func (k *kakao) heard() (requests []string, at []time.Time, bodies []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.requests), slices.Clone(k.at), slices.Clone(k.bodies)
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const (
	taken      = `{"taskId":"task-1","status":"SUCCESS","timestamp":1795400123456}`
	allSuccess = `{"taskId":"task-1","status":"ALL SUCCESS","allRequestCount":1,"successCount":1}`
	pending    = `{"taskId":"task-1","status":"","allRequestCount":1,"successCount":0}`
	refused    = `{"taskId":"","status":"FAIL","message":"Invalid Event name"}`
)

// newCity opens a store at Monday 10:00 whose dispatcher is not running yet.
func newCity(t testing.TB, with func(*schedule.DispatchOptions)) *city {
	t.Helper()
	clock := store.NewDemoClock(storetest.At("2026-11-23 10:00"))
	c := &city{TB: t, clock: clock, done: make(chan struct{})}
	c.db = storetest.Open(t, clock, t.TempDir(), func(o *store.Options) { o.Outside.CallbackOrigin = "http://kakao.test" })
	o := schedule.DispatchOptions{DB: c.db, RESTKey: "rest-key", EventName: "toktok_reply"}
	with(&o)
	c.d = schedule.NewDispatcher(o)
	return c
}

func (c *city) run() {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	go func() { defer close(c.done); c.d.Run(ctx) }()
	c.Cleanup(func() { stop(); <-c.done })
}

// at is newCity with Kakao on a real socket, and running.
func at(t testing.TB, k *kakao) *city {
	t.Helper()
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	c := newCity(t, func(o *schedule.DispatchOptions) { o.Base = server.URL })
	c.run()
	return c
}

// says lets a citizen write and returns the number of his newest case.
func (c *city) says(user, text string, friend bool) string {
	c.Helper()
	storetest.Say(c, c.db, storetest.Call{User: user, Text: text, Friend: friend})
	page, err := c.db.Tickets(context.Background(), operator, store.ListQuery{Sort: "newest"})
	if err != nil || len(page.Tickets) == 0 {
		c.Fatalf("no case of %s: %v", user, err)
	}
	return page.Tickets[0].Number
}

func (c *city) reply(number, text string) {
	c.Helper()
	if _, err := c.db.Reply(context.Background(), operator, number, store.ReplyInput{Text: text}); err != nil {
		c.Fatalf("reply: %v", err)
	}
}

// quiet waits until the dispatcher has nothing to do.
func (c *city) quiet() {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.d.Quiet(ctx); err != nil {
		c.Fatalf("the dispatcher does not come to rest: %v", err)
	}
}

// later moves the service clock and lets the dispatcher look.
func (c *city) later(by time.Duration) {
	c.Helper()
	c.clock.Run(c.clock.Now().Add(by))
	c.d.Rebase()
	c.quiet()
}

// delivery is the state of the newest reply of the case.
func (c *city) delivery(number string) store.Delivery {
	c.Helper()
	thread, err := c.db.Thread(context.Background(), operator, number)
	if err != nil {
		c.Fatal(err)
	}
	for i := len(thread.Messages) - 1; i >= 0; i-- {
		if m := thread.Messages[i]; m.Kind == store.FromReply && m.Delivery != nil {
			return *m.Delivery
		}
	}
	return store.Delivery{}
}

// fetch is the skill call that Kakao makes for an event; it returns what the citizen sees.
func (c *city) fetch(user, uid string, written bool) []string {
	c.Helper()
	a := c.db.Receive(context.Background(), storetest.Call{User: user, Text: "toktok_reply", Friend: true, Params: map[string]any{event.AttemptParam: uid}}.In(c.db))
	if a.Offer != 0 {
		if err := c.db.SettleOffer(context.Background(), a.Offer, written); err != nil {
			c.Errorf("settle offer: %v", err)
		}
	}
	return storetest.Hear(c, a).Bubbles
}

// attemptOf reads the attempt's id and the citizen out of the body of an event.
func attemptOf(r *http.Request) (uid, user string) {
	var call struct {
		User   []struct{ ID string }
		Params map[string]string
	}
	json.NewDecoder(r.Body).Decode(&call)
	return call.Params[event.AttemptParam], call.User[0].ID
}

func TestEventTravelsToTheCitizenAndBack(t *testing.T) {
	t.Parallel()
	var c *city
	var screen []string
	k := &kakao{task: answer(200, allSuccess)}
	k.talk = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "KakaoAK rest-key" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", r.Header)
		}
		uid, user := attemptOf(r)
		screen = append(screen, c.fetch(user, uid, true)...)
		answer(200, taken)(w, r)
	}
	c = at(t, k)
	number := c.says("citizen", "가로등이 꺼져 있어요", true)
	c.reply(number, "오늘 고칠게요.")
	c.quiet()
	if d := c.delivery(number); d.State != "accepted" {
		t.Errorf("before the task tells: %+v", d)
	}
	c.later(2 * time.Second)
	if d := c.delivery(number); d.State != "delivered" || d.Route != "event" {
		t.Errorf("delivery %+v", d)
	}
	if len(screen) != 1 || screen[0] != "오늘 고칠게요." {
		t.Errorf("the citizen saw %q", screen)
	}
	if k.count("POST /v2/bots/"+storetest.BotID+"/talk") != 1 || k.count("GET /v1/tasks/task-1") != 1 {
		t.Error("not one event and one poll")
	}
	if _, _, bodies := k.heard(); strings.Contains(bodies[0], "고칠게요") {
		t.Error("the event carries the words")
	}
}

func TestWhatKakaoMayAnswerToAnEvent(t *testing.T) {
	t.Parallel()
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	for name, tc := range map[string]struct {
		talk   http.HandlerFunc
		state  string
		reason string
	}{
		"accepted":                   {answer(200, taken), "accepted", ""},
		"unknown event name":         {answer(404, refused), "queued", "refused, http 404"},
		"refused with 200":           {answer(200, refused), "queued", "refused, http 200"},
		"wrong key, no JSON":         {answer(401, "denied"), "queued", "http 401"},
		"redirect is not followed":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/v1/tasks/x", http.StatusFound) }, "queued", "http 302"},
		"error page":                 {answer(500, "<html>"), "sending", ""},
		"broken JSON":                {answer(200, `{"taskId":`), "sending", ""},
		"no JSON":                    {answer(200, "ok"), "sending", ""},
		"accepted without a task":    {answer(200, `{"status":"SUCCESS"}`), "sending", ""},
		"connection lost":            {hangUp, "sending", ""},
		"answer longer than allowed": {answer(200, strings.Repeat("x", 70<<10)), "sending", ""},
		"too many requests": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(429)
		}, "queued", "http 429"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &kakao{talk: tc.talk, task: answer(200, pending)}
			c := at(t, k)
			number := c.says("citizen", "가로등이 꺼져 있어요", true)
			c.reply(number, "오늘 고칠게요.")
			c.quiet()
			if d := c.delivery(number); d.State != tc.state || d.Reason != tc.reason {
				t.Errorf("delivery is %s: %q, want %s: %q", d.State, d.Reason, tc.state, tc.reason)
			}
			if n := k.count("POST"); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestNobodyAnswersAtKakaosAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := newCity(t, func(o *schedule.DispatchOptions) { o.Base = "http://" + l.Addr().String() })
	c.run()
	number := c.says("citizen", "가로등이 꺼져 있어요", true)
	c.reply(number, "오늘 고칠게요.")
	c.quiet()
	if d := c.delivery(number); d.State != "queued" || d.Reason != "dial failed" {
		t.Errorf("delivery %+v", d)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	k := &kakao{talk: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "300")
		w.WriteHeader(429)
	}, task: answer(200, pending)}
	c := at(t, k)
	number := c.says("citizen", "가로등이 꺼져 있어요", true)
	c.reply(number, "오늘 고칠게요.")
	c.quiet()
	c.later(299 * time.Second)
	if n := k.count("POST"); n != 1 {
		t.Fatalf("%d requests before Retry-After was over", n)
	}
	k.mu.Lock()
	k.talk = answer(200, taken)
	k.mu.Unlock()
	c.later(2 * time.Second)
	if d := c.delivery(number); d.State != "accepted" {
		t.Errorf("then %+v", d)
	}
}

func TestAtMostTenExchangesAndOnePerCitizen(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now, most := map[string]int{}, 0
	full, release := make(chan struct{}), make(chan struct{})
	k := &kakao{task: answer(200, pending)}
	k.talk = func(w http.ResponseWriter, r *http.Request) {
		_, user := attemptOf(r)
		mu.Lock()
		now[user]++
		if now[user] > 1 {
			t.Errorf("two exchanges for %s", user)
		}
		if len(now) > most {
			most = len(now)
			if most == 10 {
				close(full)
			}
		}
		mu.Unlock()
		<-release
		mu.Lock()
		delete(now, user)
		mu.Unlock()
		answer(200, taken)(w, r)
	}
	c := at(t, k)
	for i := range 15 {
		number := c.says(fmt.Sprint("user", i), "가로등이 꺼져 있어요", true)
		c.reply(number, "하나예요.")
		c.reply(number, "둘이에요.")
	}
	<-full
	close(release)
	c.quiet()
	if most != 10 {
		t.Errorf("%d exchanges at once, want 10", most)
	}
	if n := k.count("POST"); n != 15 {
		t.Errorf("%d events for 15 citizens", n)
	}
}

func TestHeldDispatcherBeginsNothing(t *testing.T) {
	t.Parallel()
	k := &kakao{talk: answer(200, taken), task: answer(200, pending)}
	c := at(t, k)
	number := c.says("citizen", "가로등이 꺼져 있어요", true)
	c.d.Hold(true)
	c.reply(number, "오늘 고칠게요.")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := c.d.Quiet(ctx); err == nil {
		t.Error("at rest, though an answer is due")
	}
	if d := c.delivery(number); d.State != "queued" || k.count("POST") != 0 {
		t.Errorf("sent while held: %s, %d calls", d.State, k.count("POST"))
	}
	c.d.Hold(false)
	c.quiet()
	if d := c.delivery(number); d.State != "accepted" {
		t.Errorf("let go, it is %s", d.State)
	}
}

func TestStopLetsTheExchangeFinish(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	k := &kakao{task: answer(200, pending)}
	k.talk = func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-release
		answer(200, taken)(w, r)
	}
	c := at(t, k)
	number := c.says("citizen", "가로등이 꺼져 있어요", true)
	c.reply(number, "오늘 고칠게요.")
	<-begun
	c.stop()
	close(release)
	<-c.done
	if d := c.delivery(number); d.State != "accepted" {
		t.Errorf("the exchange was cut off: %+v", d)
	}
}

func TestStopDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	k := &kakao{task: answer(200, pending)}
	k.talk = func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	c := newCity(t, func(o *schedule.DispatchOptions) { o.Base, o.Drain = server.URL, 50*time.Millisecond })
	c.run()
	number := c.says("citizen", "가로등이 꺼져 있어요", true)
	c.reply(number, "오늘 고칠게요.")
	<-begun
	c.stop()
	<-c.done
	if d := c.delivery(number); d.State != "sending" {
		t.Errorf("what nobody knows reads %+v", d)
	}
}

func TestClockSetBackTakesRetriesAlong(t *testing.T) {
	t.Parallel()
	k := &kakao{talk: answer(404, refused), task: answer(200, pending)}
	c := at(t, k)
	number := c.says("citizen", "가로등이 꺼져 있어요", true)
	c.reply(number, "오늘 고칠게요.")
	c.quiet()
	c.later(-5 * time.Hour)
	if n := k.count("POST"); n != 1 {
		t.Errorf("%d requests after the clock was set back", n)
	}
	c.later(12 * time.Second)
	if n := k.count("POST"); n != 2 {
		t.Errorf("%d requests 12 s later: the retry waits for the old time", n)
	}
}

// inBubble is a city whose Kakao speaks over pipes, so that time is the bubble's.
func inBubble(t *testing.T, k *kakao) *city {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: k}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(l) }()
	client := func() *http.Client { return schedule.NewClient(schedule.ClientOptions{Dial: l.dial}) }
	c := newCity(t, func(o *schedule.DispatchOptions) {
		o.Base, o.API, o.Callback = "http://kakao.test", client(), client()
	})
	t.Cleanup(func() { server.Close(); <-served })
	c.run()
	return c
}

type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestPollsComeAtTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *city
		k := &kakao{task: answer(200, pending)}
		k.talk = func(w http.ResponseWriter, r *http.Request) {
			uid, user := attemptOf(r)
			c.fetch(user, uid, true)
			answer(200, taken)(w, r)
		}
		c = inBubble(t, k)
		number := c.says("citizen", "가로등이 꺼져 있어요", true)
		start := time.Now()
		c.reply(number, "오늘 고칠게요.")
		time.Sleep(32 * time.Minute)
		requests, at, _ := k.heard()
		var polls []string
		for i, r := range requests {
			if strings.HasPrefix(r, "GET") {
				polls = append(polls, at[i].Sub(start).Round(time.Second).String())
			}
		}
		if got := strings.Join(polls, " "); got != "2s 5s 15s 1m0s 5m0s 30m0s" {
			t.Errorf("polled at %s", got)
		}
		if d := c.delivery(number); d.State != "delivered" || d.Reason != "inferred" {
			t.Errorf("in the end %+v", d)
		}
		if n := k.count("POST"); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

func TestLostAnswerIsTriedAgainAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kakao{task: answer(200, pending), talk: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}
		c := inBubble(t, k)
		number := c.says("citizen", "가로등이 꺼져 있어요", true)
		start := time.Now()
		c.reply(number, "오늘 고칠게요.")
		time.Sleep(90 * time.Second)
		if n := k.count("POST"); n != 2 {
			t.Fatalf("%d events in 90 s", n)
		}
		_, at, bodies := k.heard()
		if again := at[1].Sub(start); again < time.Minute || again > 72*time.Second {
			t.Errorf("again after %v", again)
		}
		if bodies[0] == bodies[1] {
			t.Error("the new attempt carries the old id")
		}
		time.Sleep(3 * time.Hour)
		if d := c.delivery(number); d.State != "pickup" {
			t.Errorf("in the end %+v", d)
		}
	})
}

func TestCallbackIsPostedInsideItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kakao{callback: answer(200, taken)}
		c := inBubble(t, k)
		number := c.says("citizen", "가로등이 꺼져 있어요", false)
		start := time.Now()
		storetest.Say(t, c.db, storetest.Call{Text: "몇 시에 오나요?", Callback: "http://kakao.test/v1/bots/b/callback/token"})
		c.reply(number, "세 시쯤 가요.")
		time.Sleep(2 * time.Second)
		requests, at, bodies := k.heard()
		if len(at) != 1 {
			t.Fatalf("requests %q", requests)
		}
		if after := at[0].Sub(start); after < 1200*time.Millisecond || after > 1500*time.Millisecond {
			t.Errorf("posted after %v", after)
		}
		if !strings.Contains(bodies[0], `"simpleText":{"text":"세 시쯤 가요."}`) {
			t.Errorf("body %s", bodies[0])
		}
		if d := c.delivery(number); d.State != "delivered" || d.Route != "callback" {
			t.Errorf("delivery %+v", d)
		}
	})
}

func TestUnusedCallbackEndsJustBeforeItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kakao{callback: answer(200, taken)}
		c := inBubble(t, k)
		c.says("citizen", "가로등이 꺼져 있어요", false)
		start := time.Now()
		storetest.Say(t, c.db, storetest.Call{Text: "몇 시에 오나요?", Callback: "http://kakao.test/v1/bots/b/callback/token"})
		time.Sleep(2 * time.Minute)
		requests, at, _ := k.heard()
		if len(at) != 1 {
			t.Fatalf("requests %q", requests)
		}
		if after := at[0].Sub(start); after < 46*time.Second || after >= 50*time.Second {
			t.Errorf("the end line came after %v", after)
		}
	})
}

func TestDispatcherSleepsWhileNothingIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(t, &kakao{})
		c.says("citizen", "가로등이 꺼져 있어요", false)
		c.quiet()
		before := c.db.Stats().Writes
		time.Sleep(5 * time.Minute)
		if n := c.db.Stats().Writes - before; n != 0 {
			t.Errorf("%d writes while idle", n)
		}
	})
}
