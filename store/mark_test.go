package store_test

import (
	"slices"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

func TestListMarksAndOutboxStayWithinSight(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	ctx, admin := t.Context(), store.Actor{Role: store.RoleAdmin, Staff: 0, Name: "admin"}
	storetest.Say(t, db, storetest.Call{User: "photo", Photo: "https://talk.kakaocdn.net/dn/a/b.jpg"})
	storetest.Say(t, db, storetest.Call{User: "words", Text: "문의해요"})
	page, err := db.Tickets(ctx, admin, store.ListQuery{})
	if err != nil || len(page.Tickets) != 2 {
		t.Fatal(page.Tickets, err)
	}
	photo, words := page.Tickets[0], page.Tickets[1]
	marks, err := db.ListMarks(ctx, admin, page.Tickets)
	if err != nil || !marks[photo.ID].Photo || marks[words.ID].Photo || marks[photo.ID].Failed {
		t.Errorf("marks %+v %v", marks, err)
	}
	foreign := store.Actor{Role: store.RoleDepartment, Departments: []int64{7}}
	if marks, err := db.ListMarks(ctx, foreign, page.Tickets); err != nil || len(marks) != 0 {
		t.Errorf("a department is told of foreign cases: %v %v", marks, err)
	}
	if _, err := db.Reply(ctx, admin, words.Number, store.ReplyInput{Text: "답변"}); err != nil {
		t.Fatal(err)
	}
	items, err := db.OutboxItems(ctx, admin, store.DeliveryPickup, 10)
	if err != nil || len(items) != 1 || items[0].Number != words.Number {
		t.Errorf("outbox %+v %v", items, err)
	}
	if _, err := db.OutboxItems(ctx, foreign, store.DeliveryPickup, 10); store.KindOf(err) != store.Forbidden {
		t.Errorf("a department reads the outbox: %v", err)
	}
	if got := words.Allowed(admin); !slices.Contains(got, store.ActReply) || slices.Contains(got, store.ActReopen) {
		t.Errorf("an admin may %v", got)
	}
	if got := words.Allowed(foreign); got != nil {
		t.Errorf("a foreign department may %v", got)
	}
	if got := words.Allowed(store.Actor{Role: store.RoleAuditor}); got != nil {
		t.Errorf("an auditor may %v", got)
	}
}
