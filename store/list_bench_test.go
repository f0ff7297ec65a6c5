package store_test

import (
	"fmt"
	"testing"

	"toktok/store"
)

// BenchmarkTickets lists the first page and one in the middle of many cases: the time must not grow with their number.
func BenchmarkTickets(b *testing.B) {
	for _, n := range []int{1_000, 200_000} {
		o := newOffice(b, "2026-11-24 10:00")
		o.write(b, "a", "민원이에요")
		// One in fifty still awaits an answer, one in a hundred lies with a department, the others are done.
		if err := store.Exec(o.db, `insert into tickets (number, citizen, channel, state, subject, department, received_at, awaiting_since, accepted_at, done_at, due_at,
			preview_at, updated_at) with recursive k(i) as (select 1 union all select i + 1 from k where i < ?)
			select '2025-' || printf('%06d', i), t.citizen, 'bot', case when i % 50 = 0 then 'open' when i % 100 = 1 then 'review' when i % 9 = 0 then 'answered' else 'closed' end,
			'제목', case when i % 100 = 1 then ? when i % 7 = 0 then ? end, t.received_at - i * 1000, case when i % 50 = 0 then t.received_at - i * 1000 end,
			t.received_at, t.received_at, t.received_at + i * 1000, t.received_at, t.received_at from k, tickets t where t.number = '2026-000001'`, n, o.road.ID, o.waste.ID); err != nil {
			b.Fatal(err)
		}
		for _, c := range []struct {
			name string
			who  store.Actor
			q    store.ListQuery
		}{
			{"waiting", o.operator, store.ListQuery{}},
			{"closed", o.operator, store.ListQuery{States: []store.State{store.StateClosed}}},
			{"everything newest", o.operator, store.ListQuery{Sort: store.SortNewest}},
			{"due", o.operator, store.ListQuery{Sort: store.SortDue}},
			{"department", o.roadStaff, store.ListQuery{States: store.States}},
			{"department closed", o.wasteStaff, store.ListQuery{States: []store.State{store.StateClosed}, Sort: store.SortDue}},
		} {
			b.Run(fmt.Sprintf("%d/%s", n, c.name), func(b *testing.B) {
				p := must(o.db.Tickets(bg, c.who, c.q))(b)
				second := c.q
				second.Cursor = p.Next
				for i := 0; b.Loop(); i++ {
					q := c.q
					if i%2 == 1 {
						q = second
					}
					if _, err := o.db.Tickets(bg, c.who, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("%d/counts", n), func(b *testing.B) {
			for b.Loop() {
				must(o.db.Counts(bg, o.operator))(b)
			}
		})
	}
}
