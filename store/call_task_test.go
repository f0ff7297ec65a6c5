package store_test

import (
	"strings"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

// unheard leaves a transfer notice unread for a working day, so that somebody has to telephone.
func unheard(t *testing.T) (*office, string) {
	t.Helper()
	o := newOffice(t, "2026-11-23 10:00")
	n := o.write(t, "a", "가로등이 꺼졌어요")
	must(o.db.Accept(bg, o.operator, n, store.AcceptInput{Name: "홍길동", Contact: "010-1234-5678"}))(t)
	must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.road.Ref(), Reason: "가로등"}))(t)
	o.clock.Set(storetest.At("2026-11-24 11:00"))
	must(o.db.MarkDue(bg, store.Job("due")))(t)
	return o, n
}

func TestCallTasksAreWorkedOffByTelephone(t *testing.T) {
	t.Parallel()
	o, n := unheard(t)
	for _, who := range []store.Actor{o.admin, o.operator, o.roadStaff, o.auditor} {
		list := must(o.db.CallTasks(bg, who))(t)
		if len(list) != 1 || list[0].Ticket.Number != n || list[0].Reason != store.ReasonUnheard || !strings.Contains(list[0].Words, "도로과") || !list[0].Phone {
			t.Errorf("%s sees %+v", who.Role, list)
		}
		if count := must(o.db.CallCount(bg, who))(t); count != 1 {
			t.Errorf("%s counts %d", who.Role, count)
		}
	}
	if list := must(o.db.CallTasks(bg, o.wasteStaff))(t); len(list) != 0 || must(o.db.CallCount(bg, o.wasteStaff))(t) != 0 {
		t.Errorf("another department sees %+v", list)
	}
	task := must(o.db.CallTasks(bg, o.operator))(t)[0]
	if number := must(o.db.CallNumber(bg, o.operator, task.ID))(t); number != "010-1234-5678" {
		t.Errorf("told %q", number)
	}
	if got := store.Value(o.db, `select count(*) from access where action = 'phone' and staff = ?`, o.operator.Staff); got != "1" {
		t.Errorf("%s access rows of the number", got)
	}
	_, err := o.db.CallNumber(bg, o.wasteStaff, task.ID)
	wantKind(t, err, store.NotFound)
	_, err = o.db.CallNumber(bg, o.auditor, task.ID)
	wantKind(t, err, store.Forbidden)

	must(o.db.HandledByPhone(bg, o.operator, task.Delivery))(t)
	if list := must(o.db.CallTasks(bg, o.operator))(t); len(list) != 0 || must(o.db.CallCount(bg, o.operator))(t) != 0 {
		t.Errorf("still to be called: %+v", list)
	}
	_, err = o.db.CallNumber(bg, o.operator, task.ID)
	wantKind(t, err, store.NotFound)
}

// Whoever came for the words himself need not be called, and the list says so at once.
func TestNobodyCallsWhoHasRead(t *testing.T) {
	t.Parallel()
	o, _ := unheard(t)
	storetest.Say(t, o.db, storetest.Call{User: "a", Text: "답변 확인"})
	if count := must(o.db.CallCount(bg, o.operator))(t); count != 0 {
		t.Errorf("%d to be called", count)
	}
	page := must(o.db.Tickets(bg, o.operator, store.ListQuery{States: store.States}))(t)
	for id, mark := range must(o.db.ListMarks(bg, o.operator, page.Tickets))(t) {
		if mark.Failed {
			t.Errorf("case %d is marked as not delivered", id)
		}
	}
}
