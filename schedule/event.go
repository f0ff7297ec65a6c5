package schedule

import (
	"context"
	"net/http"

	"toktok/store"
	"toktok/store/kakao/event"
)

func (d *Dispatcher) apiHeader() http.Header {
	h := http.Header{}
	h.Set("Authorization", "KakaoAK "+d.o.RESTKey)
	return h
}

// talk asks Kakao to run the event's block for the citizen (kakao-chatbot.md §5.1). The attempt's id is all it carries.
func (d *Dispatcher) talk(ctx context.Context, a store.Attempt) store.Report {
	body, err := event.Call{Event: d.o.EventName, Attempt: a.UID, Users: []event.User{{Type: event.BotUserKey, ID: a.Target}}}.Encode()
	if err != nil {
		return store.Report{Verdict: store.VerdictRefused, Reason: err.Error()}
	}
	h := d.apiHeader()
	h.Set("Content-Type", "application/json")
	x := send(ctx, d.api, http.MethodPost, event.TalkURL(d.o.Base, a.Scope), h, body, d.o.DB.Real())
	r, ok := x.report()
	if !ok {
		return r
	}
	answer, err := event.DecodeAccepted(x.body)
	switch {
	case err != nil || answer.Status == "":
		return x.unreadable()
	case answer.OK() && x.status < 300:
		return store.Report{Verdict: store.VerdictTaken, Task: answer.TaskID}
	case answer.OK():
		return x.unreadable()
	}
	return store.Report{Verdict: store.VerdictRefused, Reason: x.refusal()}
}

// poll reads the result of an event's task.
func (d *Dispatcher) poll(ctx context.Context, a store.Attempt) store.Report {
	x := send(ctx, d.api, http.MethodGet, event.TaskURL(d.o.Base, a.Task), d.apiHeader(), nil, d.o.DB.Real())
	r, ok := x.report()
	if !ok {
		return r
	}
	task, err := event.DecodeTask(x.body)
	if err != nil || x.status >= 300 {
		return x.unreadable()
	}
	return store.Report{Verdict: store.VerdictPolled, Result: task}
}
