package store_test

import (
	"testing"

	"toktok/store"
)

func TestClosedPlacesComeBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 10:00")
	if err := o.db.CloseDepartment(bg, o.admin, o.waste.ID); err != nil {
		t.Fatal(err)
	}
	n := o.write(t, "a", "쓰레기가 쌓였어요")
	_, err := o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.waste.Ref(), Reason: "청소"})
	wantKind(t, err, store.Invalid)
	if err := o.db.ReinstateDepartment(bg, o.admin, o.waste.ID); err != nil {
		t.Fatal(err)
	}
	must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.waste.Ref(), Reason: "청소"}))(t)

	c := must(o.db.SaveCategory(bg, o.admin, store.Category{Code: "W", Name: "청소"}))(t)
	if err := o.db.CloseCategory(bg, o.admin, c.ID); err != nil {
		t.Fatal(err)
	}
	if err := o.db.ReinstateCategory(bg, o.admin, c.ID); err != nil {
		t.Fatal(err)
	}
	if list := must(o.db.Categories(bg, o.admin))(t); len(list) == 0 || !list[len(list)-1].ClosedAt.IsZero() {
		t.Errorf("categories %+v", list)
	}
	wantKind(t, o.db.ReinstateCategory(bg, o.admin, 999), store.NotFound)
	wantKind(t, o.db.ReinstateDepartment(bg, o.operator, o.waste.ID), store.Forbidden)
}
