package store_test

import (
	"testing"

	"toktok/store"
)

// The list shows what people said, not our receipts.
func TestPreviewIsWhatPeopleSaid(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 10:00")
	n := o.write(t, "a", "가로등이 꺼졌어요")
	must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.road.Ref(), Reason: "가로등"}))(t)
	if k := must(o.db.Ticket(bg, o.operator, n))(t); k.Preview != "가로등이 꺼졌어요" || k.PreviewKind != string(store.FromCitizen) {
		t.Errorf("preview %q by %s", k.Preview, k.PreviewKind)
	}
	must(o.db.Reply(bg, o.roadStaff, n, store.ReplyInput{Text: "오늘 고칠게요."}))(t)
	if k := must(o.db.Ticket(bg, o.operator, n))(t); k.Preview != "오늘 고칠게요." {
		t.Errorf("preview %q", k.Preview)
	}
}
