package desk

import (
	"context"
	"strconv"
	"strings"

	"toktok/handlers/web"
	"toktok/store"
)

// Alarm is an urgent case nobody has answered. ID tells two urgent days of one case apart, so that an alarm once put
// away rings again.
type Alarm struct {
	ID, Number, Name, Words, URL string
}

// Notice is something wrong, with the place where it is mended.
type Notice struct{ Text, URL string }

// alarms gathers what must not be overlooked: urgent words for those who answer, faults inside for the officers.
func (d *Desk) alarms(ctx context.Context, sc *web.Scope, s *Strip) error {
	if sc.Actor.Can(store.MayAnswer) {
		list, err := d.db.UrgentCases(ctx, sc.Actor)
		if err != nil {
			return err
		}
		for _, t := range list {
			s.Urgent = append(s.Urgent, Alarm{"alarm-" + t.Number + "-" + t.UrgentOn, t.Number, t.Citizen.Name, t.Preview, "/tickets/" + t.Number})
		}
	}
	if !sc.Actor.Can(store.MayOperate) {
		return nil
	}
	add := func(text, to string) { s.Troubles = append(s.Troubles, Notice{text, to}) }
	if text, held := d.o.Clock(ctx); held {
		add("시계 확인 필요", placeSystem)
	} else if text != "" {
		add(strings.TrimSuffix(text, "."), placeSystem)
	}
	f, err := d.db.Trouble(ctx, sc.Actor)
	if err != nil {
		return err
	}
	if f.Quarantine > 0 {
		add("받지 못한 글 "+strconv.Itoa(f.Quarantine)+"건", placeSystem+"#inbound")
	}
	switch f.Opening.Outcome {
	case store.OutcomeFailed:
		add("업무 시작 작업 실패", placeSystem+"#jobs")
	case store.OutcomeMissed:
		add("업무 시작 작업 못 함", placeSystem+"#jobs")
	}
	return nil
}
