package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store"
	"toktok/store/storetest"
)

func numbers(p store.Page) []string {
	var out []string
	for _, t := range p.Tickets {
		out = append(out, t.Number)
	}
	return out
}

func TestListOrdersAndDefaults(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	var n []string
	for i := range 6 {
		n = append(n, o.write(t, fmt.Sprintf("c%d", i), fmt.Sprintf("민원 %d번", i)))
		o.clock.Advance(time.Minute)
	}
	must(o.db.Reply(bg, o.operator, n[1], store.ReplyInput{Text: "확인했어요."}))(t)
	must(o.db.Transfer(bg, o.operator, n[2], store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
	must(o.db.FinishTicket(bg, o.operator, n[3], store.FinishInput{Text: "처리했어요."}))(t)
	must(o.db.Reply(bg, o.operator, n[4], store.ReplyInput{Text: "알려 드려요."}))(t)
	o.write(t, "c2", "사진을 더 보내요") // a case in review awaits, too

	for _, c := range []struct {
		what string
		q    store.ListQuery
		want []string
	}{
		{"default: what awaits, longest first", store.ListQuery{}, []string{n[0], n[5], n[2]}},
		{"answered has an order, newest first", store.ListQuery{States: []store.State{store.StateAnswered}}, []string{n[4], n[1]}},
		{"several states: awaiting first", store.ListQuery{States: store.States}, []string{n[0], n[5], n[2], n[4], n[3], n[1]}},
		{"awaiting only", store.ListQuery{States: []store.State{store.StateReview, store.StateAnswered}, Awaiting: true}, []string{n[2]}},
		{"newest: all", store.ListQuery{Sort: store.SortNewest}, []string{n[5], n[4], n[3], n[2], n[1], n[0]}},
		{"newest and awaiting", store.ListQuery{Sort: store.SortNewest, Awaiting: true}, []string{n[5], n[2], n[0]}},
		{"due: unfinished with a date, by the date", store.ListQuery{Sort: store.SortDue}, []string{n[1], n[2], n[4]}},
		{"due with states: the others behind", store.ListQuery{Sort: store.SortDue, States: []store.State{store.StateOpen, store.StateReview}}, []string{n[2], n[5], n[0]}},
		{"department", store.ListQuery{Sort: store.SortNewest, Department: o.road.ID}, []string{n[2]}},
		{"nobody's", store.ListQuery{Assignee: -1}, []string{n[0], n[5], n[2]}},
	} {
		p := must(o.db.Tickets(bg, o.operator, c.q))(t)
		if d := cmp.Diff(c.want, numbers(p)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
		if p.Next != "" {
			t.Errorf("%s: a last page has a next", c.what)
		}
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	category := must(o.db.SaveCategory(bg, o.admin, store.Category{Code: "ROAD", Name: "도로"}))(t)
	a, b := o.write(t, "a", "가로등이 꺼졌어요"), o.write(t, "b", "쓰레기가 쌓였어요")
	yes, no := true, false
	must(o.db.Change(bg, o.operator, a, store.ChangeInput{Urgent: &yes, Category: &store.Ref{Name: "도로"}, Assignee: &store.Ref{Name: "desk"}}))(t)
	for _, c := range []struct {
		what string
		q    store.ListQuery
		want []string
	}{
		{"urgent", store.ListQuery{Urgent: &yes}, []string{a}},
		{"not urgent", store.ListQuery{Urgent: &no}, []string{b}},
		{"urgent, newest", store.ListQuery{Urgent: &yes, Sort: store.SortNewest}, []string{a}},
		{"category", store.ListQuery{Category: category.ID}, []string{a}},
		{"category, newest", store.ListQuery{Category: category.ID, Sort: store.SortNewest}, []string{a}},
		{"mine", store.ListQuery{Mine: true}, []string{a}},
		{"somebody's", store.ListQuery{Assignee: o.operator.Staff}, []string{a}},
		{"nobody's", store.ListQuery{Assignee: -1}, []string{b}},
	} {
		if d := cmp.Diff(c.want, numbers(must(o.db.Tickets(bg, o.operator, c.q))(t))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
	if got := numbers(must(o.db.Tickets(bg, o.admin, store.ListQuery{Mine: true}))(t)); len(got) != 0 {
		t.Errorf("somebody else's own list = %v", got)
	}
}

func TestListShowsOnlyWhatTheActorMaySee(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	desk, road := o.write(t, "a", "상담에 남은 글"), o.write(t, "b", "도로 민원")
	must(o.db.Transfer(bg, o.operator, road, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
	all := store.ListQuery{Sort: store.SortNewest}
	for _, c := range []struct {
		who  store.Actor
		q    store.ListQuery
		want []string
	}{
		{o.operator, all, []string{road, desk}},
		{o.auditor, all, []string{road, desk}},
		{o.roadStaff, all, []string{road}},
		{o.wasteStaff, all, nil},
		{o.wasteStaff, store.ListQuery{Sort: store.SortNewest, Department: o.road.ID}, nil},
		{store.Actor{Role: store.RoleDepartment, Name: "no department"}, all, nil},
	} {
		if d := cmp.Diff(c.want, numbers(must(o.db.Tickets(bg, c.who, c.q))(t))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.who.Name, d)
		}
	}
	if _, err := o.db.Tickets(bg, store.Actor{Role: store.RoleCitizen}, all); store.KindOf(err) != store.Forbidden {
		t.Errorf("a citizen's list: %v", err)
	}
	for who, want := range map[*store.Actor]bool{&o.roadStaff: true, &o.wasteStaff: false, &o.operator: true, &o.auditor: true} {
		_, err := o.db.Ticket(bg, *who, road)
		if want != (err == nil) || !want && store.KindOf(err) != store.NotFound {
			t.Errorf("%s reads %s: %v", who.Name, road, err)
		}
		_, err = o.db.Thread(bg, *who, road)
		if want != (err == nil) || !want && store.KindOf(err) != store.NotFound {
			t.Errorf("%s reads the thread of %s: %v", who.Name, road, err)
		}
	}
}

func TestListRefusesNonsense(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	for i := range 3 {
		o.write(t, fmt.Sprint("c", i), "민원이에요")
	}
	first := must(o.db.Tickets(bg, o.operator, store.ListQuery{Limit: 1}))(t)
	for _, c := range []struct {
		field string
		q     store.ListQuery
	}{
		{"state", store.ListQuery{States: []store.State{"done"}}},
		{"sort", store.ListQuery{Sort: "random"}},
		{"limit", store.ListQuery{Limit: 201}},
		{"limit", store.ListQuery{Limit: -1}},
		{"cursor", store.ListQuery{Cursor: "x"}},
		{"cursor", store.ListQuery{Cursor: "한글"}},
		{"cursor", store.ListQuery{Cursor: first.Next + "AA", Limit: 1}},
		{"cursor", store.ListQuery{Cursor: "A" + first.Next[1:], Limit: 1, Sort: store.SortNewest}},
		{"cursor", store.ListQuery{Cursor: first.Next, Limit: 1, Awaiting: true}},
	} {
		_, err := o.db.Tickets(bg, o.operator, c.q)
		if store.KindOf(err) != store.Invalid || fieldsOf(err)[c.field] == "" {
			t.Errorf("%+v: %v, want a fault of %s", c.q, err, c.field)
		}
	}
}

// Paging returns every case exactly once while others come, go and change behind the reader's back.
func TestPagingReturnsEachOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	var kept, gone []string
	for i := range 40 {
		n := o.write(t, fmt.Sprint("c", i), "민원이에요")
		if i%4 == 3 {
			gone = append(gone, n)
		} else {
			kept = append(kept, n)
		}
		if i%3 == 0 {
			o.clock.Advance(time.Second) // several cases share an instant
		}
		if i%8 == 0 {
			must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "알려 드려요."}))(t)
		}
	}
	for _, q := range []store.ListQuery{
		{States: []store.State{store.StateOpen, store.StateAnswered}, Limit: 3},
		{Sort: store.SortNewest, Limit: 4, States: []store.State{store.StateOpen, store.StateAnswered}},
		{Sort: store.SortDue, Limit: 7, States: []store.State{store.StateOpen, store.StateAnswered}},
	} {
		seen := map[string]int{}
		for step := 0; ; step++ {
			p := must(o.db.Tickets(bg, o.operator, q))(t)
			if len(p.Tickets) > q.Limit {
				t.Fatalf("page of %d, limit %d", len(p.Tickets), q.Limit)
			}
			for _, n := range numbers(p) {
				seen[n]++
			}
			if step < 3 && len(gone) > 0 {
				must(o.db.FinishTicket(bg, o.operator, gone[0], store.FinishInput{Reason: "not_a_case"}))(t)
				gone = gone[1:]
				o.write(t, fmt.Sprint("late", q.Sort, step), "나중에 온 글")
			}
			if p.Next == "" {
				break
			}
			if len(p.Tickets) == 0 {
				t.Fatalf("sort %q: an empty page promises more", q.Sort)
			}
			q.Cursor = p.Next
		}
		for n, times := range seen {
			if times != 1 {
				t.Errorf("sort %q: %s came %d times", q.Sort, n, times)
			}
		}
		for _, n := range kept {
			if seen[n] != 1 {
				t.Errorf("sort %q: %s was never listed", q.Sort, n)
			}
		}
	}
}

func TestNoListScansABigTable(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	for _, query := range []string{`select * from tickets t`, `select t.id from messages m join tickets t on t.id = m.ticket order by m.at`} {
		if bad, err := o.db.Scans(bg, query); err != nil || len(bad) == 0 {
			t.Fatalf("a scan is not noticed: %s: %v", query, err)
		}
	}
	yes, no := true, false
	two := o.roadStaff
	two.Departments = []int64{o.road.ID, o.waste.ID}
	total := 0
	for _, who := range []store.Actor{o.operator, two} {
		for _, sort := range []string{store.SortWaiting, store.SortDue, store.SortNewest} {
			for _, states := range [][]store.State{nil, {store.StateAnswered}, {store.StateOpen, store.StateReview}, store.States} {
				for _, department := range []int64{0, o.road.ID} {
					for _, assignee := range []int64{0, -1, 5} {
						for _, category := range []int64{0, 3} {
							for _, urgent := range []*bool{nil, &yes, &no} {
								for _, awaiting := range []bool{false, true} {
									q := store.ListQuery{States: states, Department: department, Assignee: assignee, Category: category, Urgent: urgent, Awaiting: awaiting, Sort: sort}
									bad, n, err := o.db.ListScans(bg, who, q)
									if err != nil {
										t.Fatalf("%+v: %v", q, err)
									}
									if len(bad) > 0 {
										t.Errorf("%s %+v: %v", who.Role, q, bad)
									}
									total += n
								}
							}
						}
					}
				}
			}
		}
	}
	if total < 1000 {
		t.Errorf("only %d statements were looked at", total)
	}
	n := o.write(t, "c", "글")
	must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
	for _, who := range []store.Actor{o.operator, two} {
		bad, count, err := o.db.ThreadScans(bg, who, n)
		if err != nil || len(bad) > 0 || count < 7 {
			t.Errorf("thread: %d statements, bad %v, %v", count, bad, err)
		}
	}
}

func TestTestCasesAreInNoList(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "c", "진짜 민원")
	storetest.Say(t, o.db, storetest.Call{User: "dev", Bot: storetest.BotID + "!", Text: "시험 글"})
	for _, sort := range []string{store.SortWaiting, store.SortNewest} {
		if got := numbers(must(o.db.Tickets(bg, o.operator, store.ListQuery{Sort: sort, States: store.States}))(t)); !slices.Equal(got, []string{n}) {
			t.Errorf("sort %s lists %v", sort, got)
		}
	}
	if c := must(o.db.Counts(bg, o.operator))(t); c.Open != 1 || c.Awaiting != 1 {
		t.Errorf("counts %+v", c)
	}
}
