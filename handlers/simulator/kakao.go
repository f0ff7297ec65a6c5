package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"toktok/store/kakao/event"
)

// Error types of our own making, for what Kakao has a code for that is not published (§5.3).
const (
	typeNotFriend  = 901
	typeBlocked    = 902
	typeUnresolved = 903
)

type task struct {
	ID         string `json:"taskId"`
	Status     string `json:"status"`
	Total      int    `json:"allRequestCount"`
	Succeeded  int    `json:"successCount"`
	Unresolved int    `json:"userKeyResolvingFailCount"`
	Fail       *fails `json:"fail,omitempty"`
	left       int
}

type fails struct {
	Count int       `json:"count"`
	List  []failure `json:"list"`
}

type failure struct {
	UserID    string `json:"userId"`
	UserType  string `json:"reqUserType"`
	CreatedAt int64  `json:"createdAt"` // unix seconds
	ErrorMsg  struct {
		Type int    `json:"errorType"`
		Msg  string `json:"msg"`
	} `json:"errorMsg"`
}

type accepted struct {
	TaskID    string `json:"taskId"`
	Status    string `json:"status"`
	Message   string `json:"message,omitempty"`
	Timestamp int64  `json:"timestamp"` // unix milliseconds
}

type talkCall struct {
	Event struct {
		Name string          `json:"name"`
		Data json.RawMessage `json:"data"`
	} `json:"event"`
	User   []event.User               `json:"user"`
	Params map[string]json.RawMessage `json:"params"`
}

// answerKakao writes one answer of the Kakao side and logs it.
func (s *Simulator) answerKakao(w http.ResponseWriter, x Exchange, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{}`)
	}
	if x.Status = status; x.Verdict == "" {
		x.Verdict = "거절"
		if status == http.StatusOK {
			x.Verdict = "받음"
		}
	}
	x.Response = excerpt(b)
	s.record(x)
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller may be gone
}

func (s *Simulator) stamp(id, status, message string) accepted {
	return accepted{TaskID: id, Status: status, Message: message, Timestamp: s.opt.Now().UnixMilli()}
}

func (s *Simulator) authorized(r *http.Request) bool {
	return s.opt.RESTKey == "" || r.Header.Get("Authorization") == "KakaoAK "+s.opt.RESTKey
}

// ourBot accepts the deployed bot and its development bot, which live side by side.
func (s *Simulator) ourBot(id string) bool {
	return strings.TrimSuffix(id, "!") == strings.TrimSuffix(s.opt.BotID, "!")
}

// talk is POST /v2/bots/{bot}/talk, the Event API (§5.1).
func (s *Simulator) talk(w http.ResponseWriter, r *http.Request) {
	x := Exchange{Direction: FromService, Method: r.Method, URL: r.URL.Path}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	x.Request = excerpt(body)
	refuse := func(status int, message, reason string) {
		x.Reason = reason
		s.answerKakao(w, x, status, s.stamp("", event.Fail, message))
	}
	bot := r.PathValue("bot")
	var call talkCall
	switch {
	case err != nil:
		refuse(http.StatusBadRequest, "Invalid request body", "본문을 읽을 수 없어요")
		return
	case !s.authorized(r):
		refuse(http.StatusUnauthorized, "Invalid authorization", "Authorization이 KakaoAK REST API 키가 아니에요")
		return
	case !s.ourBot(bot):
		refuse(http.StatusNotFound, "Invalid bot id", "모르는 봇이에요")
		return
	case !isJSON(r):
		refuse(http.StatusBadRequest, "Invalid content type", "Content-Type이 application/json이 아니에요")
		return
	case s.hit(FaultEvent429):
		w.Header().Set("Retry-After", strconv.Itoa(int(max(time.Second, s.retryAfter())/time.Second)))
		refuse(http.StatusTooManyRequests, "Too many requests", "장애 연습: 429")
		return
	case s.hit(FaultEvent500):
		refuse(http.StatusInternalServerError, "Internal server error", "장애 연습: 500")
		return
	case s.hit(FaultEventTimeout):
		x.Verdict, x.Reason = "답 안 함", "장애 연습: 답하지 않아요"
		s.record(x)
		s.hang(r)
		cut(w)
		return
	}
	if json.Unmarshal(body, &call) != nil {
		refuse(http.StatusBadRequest, "Invalid request body", "JSON을 읽을 수 없어요")
		return
	}
	if call.Event.Name != s.opt.EventName {
		refuse(http.StatusNotFound, "Invalid Event name", "그 이름의 이벤트 블록이 없어요: "+call.Event.Name)
		return
	}
	if reason := checkUsers(call.User); reason != "" {
		refuse(http.StatusBadRequest, "Invalid user", reason)
		return
	}
	t := s.startTask(len(call.User))
	if s.hit(FaultNoSkillCall) {
		x.Reason = "장애 연습: 스킬을 부르지 않아요"
	} else {
		s.runEvent(t, bot, call)
	}
	switch {
	case s.hit(FaultEventLost):
		x.Verdict, x.Reason = "받음", "장애 연습: 답이 끊겨요"
		s.record(x)
		cut(w)
	case s.hit(FaultEventJSON):
		x.Verdict, x.Reason, x.Status = "받음", "장애 연습: 답이 깨져요", http.StatusOK
		s.record(x)
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		_, _ = io.WriteString(w, `{"taskId":"`+t.ID+`","stat`)
	default:
		s.answerKakao(w, x, http.StatusOK, s.stamp(t.ID, event.Success, ""))
	}
}

func checkUsers(users []event.User) string {
	if len(users) < 1 || len(users) > event.MaxUsers {
		return fmt.Sprintf("받는 사람은 1~%d명이에요 (지금 %d명)", event.MaxUsers, len(users))
	}
	seen := map[event.User]bool{}
	for _, u := range users {
		switch {
		case u.ID == "" || seen[u]:
			return "받는 사람이 비었거나 겹쳐요"
		case u.Type != event.BotUserKey && u.Type != event.PlusfriendUserKey && u.Type != event.AppUserID:
			return "받는 사람의 type을 몰라요: " + string(u.Type)
		}
		seen[u] = true
	}
	return ""
}

func (s *Simulator) startTask(users int) *task {
	t := &task{ID: uuid(), Status: "PROCESSING", Total: users, left: users}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks[t.ID] = t
	s.taskOrder = append(s.taskOrder, t.ID)
	if len(s.taskOrder) > maxTasks {
		delete(s.tasks, s.taskOrder[0])
		s.taskOrder = s.taskOrder[1:]
	}
	return t
}

// runEvent runs the event block for each user after the call was answered (§5.2).
func (s *Simulator) runEvent(t *task, bot string, call talkCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for _, u := range call.User {
		s.work.Go(func() {
			typ, msg := s.push(bot, u, call)
			s.finish(t, u, typ, msg)
		})
	}
}

// push runs the event block for one user and returns an errorType, 0 if the bubbles were shown.
func (s *Simulator) push(bot string, u event.User, call talkCall) (int, string) {
	c := s.resolve(bot, u)
	if c == nil {
		return typeUnresolved, "User key cannot be resolved."
	}
	s.mu.Lock()
	friend, blocked := c.friend, c.blocked
	s.mu.Unlock()
	switch {
	case blocked || s.hit(FaultBlocked):
		return typeBlocked, "The user blocked the channel."
	case !friend || s.hit(FaultNotFriend): // §5.4: the person must have added the channel
		return typeNotFriend, "The user is not a friend of the channel."
	}
	out, err := c.prepare(input{block: s.opt.EventBlock, utterance: call.Event.Name, params: call.Params}, true)
	if err != nil {
		return event.Internal, "Internal error."
	}
	v := s.call(s.ctx, c, out)
	if v.code != 0 {
		return v.code, message(v.code)
	}
	s.present(c, ViaEvent, v.answer)
	s.mu.Lock()
	s.spent += eventPrice
	s.mu.Unlock()
	s.notify(notice{Topic: "state"})
	return 0, ""
}

func message(code int) string {
	switch code {
	case event.BadBubbles:
		return "Skill response is invalid."
	case event.SkillHTTP:
		return "Bot skill server responded with an HTTP error."
	case event.SkillTimeout:
		return "Bot skill server timed out."
	}
	return "Bot skill server error."
}

func (s *Simulator) resolve(bot string, u event.User) *Citizen {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.citizens {
		if u.Type == event.BotUserKey && c.keyIn(bot) == u.ID || u.Type == event.PlusfriendUserKey && c.channelKeyIn(bot) == u.ID {
			return c
		}
	}
	return nil
}

func (s *Simulator) finish(t *task, u event.User, typ int, msg string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if typ == 0 {
		t.Succeeded++
	} else {
		if t.Fail == nil {
			t.Fail = &fails{}
		}
		f := failure{UserID: u.ID, UserType: string(u.Type), CreatedAt: s.opt.Now().Unix()}
		f.ErrorMsg.Type, f.ErrorMsg.Msg = typ, msg
		t.Fail.Count++
		t.Fail.List = append(t.Fail.List, f)
	}
	if typ == typeUnresolved {
		t.Unresolved++
	}
	if t.left--; t.left > 0 {
		return
	}
	t.Status = "ALL SUCCESS"
	if t.Fail != nil {
		t.Status = fmt.Sprintf("%d FAIL", t.Fail.Count)
	}
}

// result is GET /v1/tasks/{id} (§5.3).
func (s *Simulator) result(w http.ResponseWriter, r *http.Request) {
	x := Exchange{Direction: FromService, Method: r.Method, URL: r.URL.Path}
	switch {
	case !s.authorized(r):
		x.Reason = "Authorization이 KakaoAK REST API 키가 아니에요"
		s.answerKakao(w, x, http.StatusUnauthorized, s.stamp("", event.Fail, "Invalid authorization"))
		return
	case s.hit(FaultTask500):
		x.Reason = "장애 연습: 500"
		s.answerKakao(w, x, http.StatusInternalServerError, s.stamp("", event.Error, "Internal server error"))
		return
	}
	s.mu.Lock()
	t := s.tasks[r.PathValue("id")]
	var now task
	if t != nil {
		now = *t
		if t.Fail != nil {
			now.Fail = &fails{Count: t.Fail.Count, List: append([]failure(nil), t.Fail.List...)}
		}
	}
	s.mu.Unlock()
	if t == nil {
		x.Reason = "모르는 작업이에요"
		s.answerKakao(w, x, http.StatusNotFound, s.stamp("", event.Fail, "Invalid task id"))
		return
	}
	s.answerKakao(w, x, http.StatusOK, now)
}

func isJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

// hang waits until the caller gives up or the simulator is closed.
func (s *Simulator) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close() // the point is that it ends
		return
	}
	// No hijacking behind this writer: an answer shorter than announced makes net/http close the connection.
	w.Header().Set("Content-Length", "1024")
	_, _ = io.WriteString(w, "{")
}
