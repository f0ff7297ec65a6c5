package schedule

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"toktok/store"
	"toktok/store/kakao/event"
	"toktok/store/kakao/skill"
)

// post answers by callback: not before Kakao takes it, and never after its window (RULES D4). Both are real time.
func (d *Dispatcher) post(ctx context.Context, a store.Attempt) store.Report {
	body, err := skill.Text(a.Bubbles...).Encode()
	if err != nil {
		return store.Report{Verdict: store.VerdictTooLate, Reason: err.Error()}
	}
	if early := a.From.Sub(d.o.DB.Real()); early > 0 {
		timer := time.NewTimer(early)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return store.Report{Verdict: store.VerdictUnreached, Reason: "stopped"}
		}
	}
	if !d.o.DB.Real().Before(a.Until) {
		return store.Report{Verdict: store.VerdictTooLate, Reason: store.ReasonWindow}
	}
	h := http.Header{"Content-Type": {"application/json"}}
	x := send(ctx, d.callback, http.MethodPost, a.Target, h, body, d.o.DB.Real())
	r, ok := x.report()
	if !ok {
		return r
	}
	// The status codes are not published: the body decides (kakao-chatbot.md §4).
	answer, err := event.DecodeCallback(x.body)
	switch {
	case err != nil || answer.Status == "":
		return x.unreadable()
	case answer.OK():
		return store.Report{Verdict: store.VerdictTaken}
	}
	return store.Report{Verdict: store.VerdictRefused, Reason: x.refusal()}
}

// refusal names a refusal without Kakao's words, which may repeat ours.
func (x exchange) refusal() string { return fmt.Sprintf("refused, http %d", x.status) }
