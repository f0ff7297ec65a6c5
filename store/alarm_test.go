package store_test

import (
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

func TestUrgentWordsAreAlarms(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 10:00")
	o.write(t, "a", "가로등이 꺼졌어요")
	urgent := o.write(t, "b", "집에서 가스 냄새가 나요")
	list := must(o.db.UrgentCases(bg, o.operator))(t)
	if len(list) != 1 || list[0].Number != urgent {
		t.Fatalf("alarms %+v", list)
	}
	if list := must(o.db.UrgentCases(bg, o.roadStaff))(t); len(list) != 0 {
		t.Errorf("a department is alarmed of a case that is not theirs: %+v", list)
	}
	must(o.db.Reply(bg, o.operator, urgent, store.ReplyInput{Text: "119에 알렸어요."}))(t)
	if list := must(o.db.UrgentCases(bg, o.operator))(t); len(list) != 0 {
		t.Errorf("it rings on after an answer: %+v", list)
	}
}

func TestTroubleOfTheOfficer(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 10:00")
	trouble := func() store.Trouble { t.Helper(); return must(o.db.Trouble(bg, o.admin))(t) }
	o.db.Receive(bg, store.In{Body: []byte(`{"userRequest": {`), RequestID: "r1", Arrived: o.db.Now(), Real: o.db.Real()})
	if f := trouble(); f.Quarantine != 0 {
		t.Errorf("alarmed at once: %+v", f)
	}
	o.clock.Set(storetest.At("2026-11-23 10:11"))
	if f := trouble(); f.Quarantine != 1 {
		t.Errorf("after eleven minutes: %+v", f)
	}
	o.clock.Set(storetest.At("2026-11-23 19:00"))
	if f := trouble(); f.Quarantine != 0 {
		t.Errorf("alarmed in the evening: %+v", f)
	}
	day := storetest.At("2026-11-23 09:00")
	must(o.db.RecordOccurrences(bg, []store.Occurrence{{Job: "opening", ScheduledFor: day, Outcome: store.OutcomeMissed}}))(t)
	if f := trouble(); f.Opening.Outcome != store.OutcomeMissed {
		t.Errorf("a missed opening: %+v", f)
	}
	must(o.db.RecordOccurrences(bg, []store.Occurrence{{Job: "opening", ScheduledFor: day.Add(1), Outcome: store.OutcomeDone}}))(t)
	must(o.db.RecordOccurrences(bg, []store.Occurrence{{Job: "opening", ScheduledFor: storetest.At("2026-11-23 18:59"), Outcome: store.OutcomeDone}}))(t)
	if f := trouble(); f.Opening.Outcome != "" {
		t.Errorf("it was run since: %+v", f)
	}
	_, err := o.db.Trouble(bg, o.operator)
	wantKind(t, err, store.Forbidden)
}
