package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"toktok/store/kakao/event"
	"toktok/store/kakao/skill"
)

// secureBlock is the block with the secure image plugin as its required parameter.
const secureBlock = "66f0aa01c3d2e14b7a9f0020"

// input is what the citizen did, or the event that runs a block for him.
type input struct {
	block     string // "" = fallback block
	utterance string
	trigger   string // flow.trigger.type, "" = no flow
	params    map[string]json.RawMessage
	action    map[string]string
	extra     map[string]any
}

// outgoing is one skill call, ready to be sent and sent again.
type outgoing struct {
	requestID string
	body      []byte
	token     string // of the callback address, "" without one
	pushed    bool   // run by an event
}

// verdict is Kakao's judgement of one skill call.
type verdict struct {
	code   int // 0 = shown, else an errorType of §5.3
	reason string
	answer *skill.Answer
	status int
	took   time.Duration
}

// send calls the skill for what the citizen did and shows the answer.
func (c *Citizen) send(ctx context.Context, in input) (Turn, error) {
	out, err := c.prepare(in, false)
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		c.s.markUnseen(c, refused.Reason)
		return Turn{Refused: refused.Reason, Bubbles: []Bubble{}, QuickReplies: []skill.QuickReply{}}, err
	}
	if err != nil {
		return Turn{}, err
	}
	return c.deliver(ctx, out)
}

func (c *Citizen) deliver(ctx context.Context, out *outgoing) (Turn, error) {
	v := c.s.call(ctx, c, out)
	turn := Turn{Status: v.status, RequestID: out.requestID, TookMS: v.took.Milliseconds(), Bubbles: []Bubble{}, QuickReplies: []skill.QuickReply{}}
	if v.code != 0 {
		turn.Refused = v.reason
		c.s.markUnseen(c, v.reason)
		return turn, &RefusedError{Reason: v.reason}
	}
	turn.Waiting = v.answer.UseCallback
	turn.Bubbles = c.s.present(c, ViaAnswer, v.answer)
	if v.answer.QuickReplies != nil {
		turn.QuickReplies = v.answer.QuickReplies
	}
	return turn, nil
}

// present shows an answer; of a useCallback answer the block's waiting text, {{#webhook.text}} (§4).
func (s *Simulator) present(c *Citizen, via string, a *skill.Answer) []Bubble {
	if !a.UseCallback {
		return c.showAnswer(via, a)
	}
	text := a.WaitingText()
	if text == "" {
		text = "답변을 준비하고 있어요. 잠시만 기다려 주세요."
	}
	return c.show(FromBot, nil, Bubble{Kind: "simpleText", Via: ViaWaiting, Text: text})
}

// markUnseen tells on the citizen's last own bubble why nothing came back.
func (s *Simulator) markUnseen(c *Citizen, reason string) {
	c.set(func() {
		for i := len(c.screen) - 1; i >= 0; i-- {
			if c.screen[i].From == FromCitizen {
				c.screen[i].Unseen = reason
				return
			}
		}
	})
}

// prepare builds the request body (§1) and remembers which block ran.
func (c *Citizen) prepare(in input, pushed bool) (*outgoing, error) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.skill == "" {
		return nil, ErrNoSkill
	}
	if in.block == "" {
		in.block = s.opt.FallbackBlock
	}
	name, ok := s.blockName(in.block)
	if !ok {
		return nil, &RefusedError{Reason: "블록 " + in.block + "이(가) 봇에 없어요"}
	}
	bot := s.botLocked()
	out := &outgoing{requestID: uuid(), pushed: pushed}
	block := map[string]string{"id": in.block, "name": name}
	properties := map[string]any{
		"botUserKey": c.keyIn(bot), "bot_user_key": c.keyIn(bot),
		"plusfriendUserKey": c.channelKeyIn(bot), "plusfriend_user_key": c.channelKeyIn(bot),
	}
	if c.friend && !c.blocked {
		properties["isFriend"] = true // missing, not false, otherwise (§1.5)
	}
	params := map[string]json.RawMessage{"surface": json.RawMessage(`"Kakaotalk.plusfriend"`)}
	maps.Copy(params, in.params)
	request := map[string]any{
		"timezone": "Asia/Seoul", "params": params, "block": block, "utterance": in.utterance, "lang": "ko",
		"user": map[string]any{"id": c.keyIn(bot), "type": "botUserKey", "properties": properties},
	}
	if c.callback && !pushed {
		out.token = uuid()
		s.forgetCallbacksLocked()
		s.callbacks[out.token] = &callback{citizen: c, until: s.opt.Now().Add(callbackLife)}
		request["callbackUrl"] = s.originLocked() + "/v1/bots/" + bot + "/callback/" + out.token
	}
	action := map[string]any{"id": "66f0ab10c3d2e14b7a9f0100", "name": "민원 스킬", "params": map[string]string{}, "detailParams": map[string]any{}, "clientExtra": map[string]any{}}
	if pushed {
		action["clientExtra"] = nil
	}
	if in.extra != nil {
		action["clientExtra"] = in.extra
	}
	if in.action != nil {
		detail := map[string]any{}
		for k, v := range in.action {
			detail[k] = map[string]string{"groupName": "", "origin": v, "value": v}
		}
		action["params"], action["detailParams"] = in.action, detail
	}
	body := map[string]any{
		"intent":      map[string]any{"id": in.block, "name": name, "extra": map[string]any{"reason": map[string]any{"code": 1, "message": "OK"}}},
		"userRequest": request, "contexts": []any{}, "bot": map[string]string{"id": bot, "name": "시청 민원 봇"}, "action": action,
	}
	if in.trigger != "" {
		flow := map[string]any{"trigger": map[string]any{"type": in.trigger}}
		if c.lastBlock != "" {
			last, _ := s.blockName(c.lastBlock)
			flow["lastBlock"] = map[string]string{"id": c.lastBlock, "name": last}
		}
		body["flow"] = flow
	}
	var err error
	if out.body, err = json.Marshal(body); err != nil {
		return nil, fmt.Errorf("simulator: request: %w", err)
	}
	c.lastBlock = in.block
	if !pushed {
		c.lastCall = out
	}
	return out, nil
}

// forgetCallbacksLocked drops tokens that are long dead, once there are many.
func (s *Simulator) forgetCallbacksLocked() {
	if len(s.callbacks) < maxTasks {
		return
	}
	dead := s.opt.Now().Add(-10 * callbackLife)
	maps.DeleteFunc(s.callbacks, func(_ string, cb *callback) bool { return cb.until.Before(dead) })
}

func (s *Simulator) blockName(id string) (string, bool) {
	switch id {
	case s.opt.FallbackBlock:
		return "폴백 블록", true
	case s.opt.EventBlock:
		return "답변 알림", true
	case secureBlock:
		return "사진 보안전송", true
	}
	name, ok := s.opt.Blocks[id]
	return name, ok
}

// call posts one skill request and judges the answer as Kakao would. It writes the log but not the screen.
func (s *Simulator) call(ctx context.Context, c *Citizen, out *outgoing) verdict {
	s.mu.Lock()
	target := s.skill
	s.mu.Unlock()
	x := Exchange{Direction: ToSkill, Method: http.MethodPost, URL: target, RequestID: out.requestID, Citizen: c.name, Request: excerpt(out.body)}
	start := s.opt.Now()
	v, body := s.post(ctx, target, out)
	v.took = s.opt.Now().Sub(start)
	x.Status, x.TookMS, x.Response = v.status, v.took.Milliseconds(), excerpt(body)
	if v.code == 0 {
		if problems := skill.Validate(body); len(problems) > 0 {
			x.Problems = problems
			v.code, v.reason = event.BadBubbles, "말풍선 규칙에 맞지 않아요: "+problems[0].String()
		}
	}
	if v.code == 0 {
		v = s.accept(v, out, body)
	}
	x.Verdict, x.Reason = "표시함", v.reason
	if v.code != 0 {
		x.Verdict = "표시 안 함"
	}
	s.record(x)
	return v
}

// accept reads a valid answer and opens the callback it announces.
func (s *Simulator) accept(v verdict, out *outgoing, body []byte) verdict {
	answer, err := skill.DecodeAnswer(body)
	if err != nil {
		v.code, v.reason = event.BadBubbles, "답을 읽을 수 없어요"
		return v
	}
	v.answer = answer
	if !answer.UseCallback {
		return v
	}
	if out.token == "" {
		v.code, v.reason = event.BadBubbles, "콜백이 꺼진 블록인데 useCallback으로 답했어요"
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cb := s.callbacks[out.token]; cb != nil && cb.answered.IsZero() {
		cb.answered = s.opt.Now()
	}
	v.reason = "콜백을 기다려요"
	return v
}

// post sends the request within Kakao's limit and returns the body of a 200 answer.
func (s *Simulator) post(ctx context.Context, target string, out *outgoing) (verdict, []byte) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.SkillLimit)
	defer cancel()
	if s.hit(FaultSkillCut) {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(out.body))
	if err != nil {
		return verdict{code: event.SkillError, reason: "스킬 주소가 잘못됐어요"}, nil
	}
	req.Header.Set("Content-Type", "application/json;charset=UTF-8")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Request-Id", out.requestID)
	req.Header.Set("X-Toktok-Key", s.opt.SkillKey)
	resp, err := s.opt.Client.Do(req)
	if err != nil {
		return s.lost(err), nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		v := s.lost(err)
		v.status = resp.StatusCode
		return v, nil
	case resp.StatusCode != http.StatusOK:
		return verdict{code: event.SkillHTTP, status: resp.StatusCode, reason: fmt.Sprintf("스킬 서버가 HTTP %d로 답했어요", resp.StatusCode)}, body
	case len(body) > maxAnswer:
		return verdict{code: event.BadBubbles, status: resp.StatusCode, reason: "답이 너무 커요"}, body[:maxAnswer]
	case s.hit(FaultSkillSlow):
		return verdict{code: event.SkillTimeout, status: resp.StatusCode, reason: "스킬 서버 타임아웃 (1001) · 장애 연습"}, body
	}
	return verdict{status: resp.StatusCode}, body
}

// lost tells a time-out from a broken connection; in both cases the citizen sees nothing (§1.1).
func (s *Simulator) lost(err error) verdict {
	if errors.Is(err, context.DeadlineExceeded) {
		return verdict{code: event.SkillTimeout, reason: fmt.Sprintf("스킬 서버 타임아웃 (1001): %v 안에 답이 없었어요", s.opt.SkillLimit)}
	}
	return verdict{code: event.SkillError, reason: "스킬 서버와 연결이 끊겼어요"}
}

// excerpt keeps enough of a body for the log panel.
func excerpt(body []byte) string {
	const most = 8 << 10
	if len(body) > most {
		return strings.ToValidUTF8(string(body[:most]), "") + " …"
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}
