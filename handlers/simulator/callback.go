package simulator

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"toktok/store/kakao/event"
	"toktok/store/kakao/skill"
)

type callback struct {
	citizen  *Citizen
	until    time.Time
	answered time.Time // when the first answer said useCallback; zero before
	used     bool
}

// postCallback is POST /v1/bots/{bot}/callback/{token} (§4).
func (s *Simulator) postCallback(w http.ResponseWriter, r *http.Request) {
	x := Exchange{Direction: FromService, Method: r.Method, URL: "/v1/bots/" + r.PathValue("bot") + "/callback/…"}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	x.Request = excerpt(body)
	id := uuid()
	answer := func(status int, verdict, message, reason string) {
		x.Reason = reason
		s.answerKakao(w, x, status, s.stamp(id, verdict, message))
	}
	const badToken = "Invalid callback token. Check your callback token."
	now := s.opt.Now()
	if err != nil || !isJSON(r) {
		answer(http.StatusBadRequest, event.Error, "Invalid request body", "본문이 application/json이 아니거나 너무 커요")
		return
	}
	if !s.ourBot(r.PathValue("bot")) {
		answer(http.StatusBadRequest, event.Fail, "Invalid bot id", "모르는 봇이에요")
		return
	}
	if s.hit(FaultCallbackFail) {
		answer(http.StatusBadRequest, event.Fail, badToken, "장애 연습: 거절")
		return
	}
	if problems := skill.Validate(body); len(problems) > 0 {
		x.Problems = problems
		answer(http.StatusBadRequest, event.Error, "Invalid skill response", "말풍선 규칙에 맞지 않아요: "+problems[0].String())
		return
	}
	a, err := skill.DecodeAnswer(body)
	if err != nil || a.UseCallback {
		answer(http.StatusBadRequest, event.Error, "Invalid skill response", "콜백에는 완성된 답을 보내야 해요")
		return
	}
	cb, reason := s.redeem(r.PathValue("token"), now)
	if reason != "" {
		answer(http.StatusBadRequest, event.Fail, badToken, reason)
		return
	}
	x.Citizen = cb.citizen.name
	cb.citizen.showAnswer(ViaCallback, a)
	note := ""
	if early := now.Sub(cb.answered); early < callbackEarly {
		note = fmt.Sprintf("첫 답에서 %d ms 만에 보냈어요. 카카오는 이르면 거절할 수 있어요", early.Milliseconds())
	}
	if s.hit(FaultCallbackLost) {
		x.Verdict, x.Reason = "표시함", "장애 연습: 답이 끊겨요"
		s.record(x)
		cut(w)
		return
	}
	x.Verdict = "표시함"
	answer(http.StatusOK, event.Success, "", note)
}

// redeem uses up a token, or says why it is worth nothing.
func (s *Simulator) redeem(token string, now time.Time) (*callback, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cb := s.callbacks[token]
	switch {
	case cb == nil:
		return nil, "모르는 콜백 토큰이에요"
	case cb.used:
		return nil, "이미 쓴 콜백 토큰이에요"
	case !now.Before(cb.until):
		return nil, "콜백 토큰의 1분이 지났어요"
	case cb.answered.IsZero():
		return nil, "첫 답이 useCallback:true가 아니었어요"
	}
	cb.used = true
	return cb, ""
}
