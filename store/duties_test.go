package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/wording"
)

func TestWakeDue(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	n := newNight(t, "2026-11-23 10:00")
	early, late := n.says("a", "곧 다시 볼 글"), n.says("b", "내일 다시 볼 글")
	setRows(t, n.db, `update tickets set snooze_until = ? where number = ?`, storetest.At("2026-11-23 11:00").UnixMilli(), early)
	setRows(t, n.db, `update tickets set snooze_until = ? where number = ?`, storetest.At("2026-11-24 11:00").UnixMilli(), late)
	if at, err := n.db.NextWake(ctx); err != nil || !at.Equal(storetest.At("2026-11-23 11:00")) {
		t.Errorf("next wake %v, %v", at, err)
	}
	n.at("2026-11-23 10:59:59")
	if woken, err := n.db.WakeDue(ctx, store.Job("wake")); woken != 0 || err != nil {
		t.Errorf("too early: %d, %v", woken, err)
	}
	n.at("2026-11-23 11:00")
	for _, want := range []int{1, 0} {
		if woken, err := n.db.WakeDue(ctx, store.Job("wake")); woken != want || err != nil {
			t.Errorf("woken %d, %v, want %d", woken, err, want)
		}
	}
	if got := store.Value(n.db, `select count(*) from tickets where snooze_until is not null`); got != "1" {
		t.Errorf("%s cases are still snoozed, want the one of tomorrow", got)
	}
	n.is(early, "open")
}

func TestLateIsMarkedOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	n := newNight(t, "2026-11-23 09:00")
	number := n.says("a", "아무도 접수하지 않은 글")
	setRows(t, n.db, `insert into departments (id, name) values (1, '도로과')`)
	moved := n.says("b", "부서가 보지 않은 글")
	setRows(t, n.db, `update tickets set state = 'review', department = 1, accepted_at = received_at, take_by = ? where number = ?`,
		storetest.At("2026-11-23 10:00").UnixMilli(), moved)

	n.at("2026-11-23 18:00") // eight working hours end exactly now
	if at, err := n.db.NextDue(ctx); err != nil || !at.Equal(storetest.At("2026-11-23 10:00")) {
		t.Errorf("next duty at %v, %v", at, err)
	}
	if marked, err := n.db.MarkDue(ctx, store.Job("due")); marked != 1 || err != nil {
		t.Errorf("marked %d, %v, want the department's alone", marked, err)
	}
	n.at("2026-11-23 19:00")
	for _, want := range []int{1, 0} {
		if marked, err := n.db.MarkDue(ctx, store.Job("due")); marked != want || err != nil {
			t.Errorf("marked %d, %v, want %d", marked, err, want)
		}
	}
	n.lines(number, "accept_late", 1)
	n.lines(moved, "take_late", 1)
	if at, err := n.db.NextDue(ctx); err != nil || !at.IsZero() {
		t.Errorf("something is still in sight at %v, %v", at, err)
	}
	late, err := n.db.Late(ctx, anOperator)
	if diff := cmp.Diff(store.Late{Accept: 1, Take: 1}, late); err != nil || diff != "" {
		t.Errorf("counts: %v %s", err, diff)
	}
	road := store.Actor{Role: store.RoleDepartment, Departments: []int64{1}}
	if late, err := n.db.Late(ctx, road); err != nil || late != (store.Late{Take: 1}) {
		t.Errorf("counts of the department: %+v, %v", late, err)
	}
}

// A legal notice the citizen has not seen after a working day is a call task, once (RULES A5).
func TestUnheardNoticeIsACall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, clock := storetest.New(t, "2026-11-27 16:00") // Friday
	storetest.Say(t, db, storetest.Call{Text: "가로등이 꺼졌어요"})
	if err := store.SendNotice(db, "2026-000001", wording.TransferNotice, wording.Vars{Number: "2026-000001", Department: "도로과"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   string
		want int
	}{{"2026-11-29 16:00", 0}, {"2026-11-30 15:59", 0}, {"2026-11-30 16:00", 1}, {"2026-11-30 17:00", 0}} {
		clock.Set(storetest.At(c.at))
		// The case itself is late too; only the call is counted here.
		setRows(t, db, `update tickets set accepted_at = received_at`)
		if marked, err := db.MarkDue(ctx, store.Job("due")); marked != c.want || err != nil {
			t.Errorf("%s: %d calls, %v, want %d", c.at, marked, err, c.want)
		}
	}
	if late, err := db.Late(ctx, anOperator); err != nil || late.Calls != 1 {
		t.Errorf("the status page shows %+v, %v", late, err)
	}
	// The citizen comes for it after all: nobody has to call.
	storetest.Say(t, db, storetest.Call{Text: "답변 확인"})
	if marked, err := db.MarkDue(ctx, store.Job("due")); marked != 0 || err != nil {
		t.Errorf("marked %d, %v", marked, err)
	}
	if late, err := db.Late(ctx, anOperator); err != nil || late.Calls != 0 {
		t.Errorf("still to be called: %+v, %v", late, err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	n := newNight(t, "2026-11-01 10:00")
	n.says("a", "오래된 글")
	setRows(t, n.db, `insert into idempotency (scope, key, digest, status, body, at) values ('s', 'k', x'00', 200, x'00', ?)`, n.clock.Now().UnixMilli())
	for i := range 500 {
		setRows(t, n.db, `insert into journal (at, request, fingerprint, body, answer) values (?, ?, x'00', x'00', x'00')`, n.clock.Now().UnixMilli(), fmt.Sprint(i))
	}
	count := func(table string) string { return store.Value(n.db, `select count(*) from `+table) }

	n.clock.Advance(23 * time.Hour)
	if gone, err := n.db.Sweep(ctx, store.Job("sweep")); gone != 0 || err != nil {
		t.Errorf("after 23 hours %d rows went, %v", gone, err)
	}
	n.clock.Advance(2 * time.Hour)
	if gone, err := n.db.Sweep(ctx, store.Job("sweep")); gone != 1 || err != nil || count("idempotency") != "0" {
		t.Errorf("after 25 hours %d rows went, %v", gone, err)
	}
	n.clock.Advance(7 * 24 * time.Hour)
	if gone, err := n.db.Sweep(ctx, store.Job("sweep")); gone != 501 || err != nil || count("journal") != "0" {
		t.Errorf("after a week %d rows went, %v", gone, err)
	}
	if count("messages") != "2" && count("messages") != "1" {
		t.Errorf("the sweep took messages: %s are left", count("messages"))
	}
}

func TestOccurrenceIsClaimedOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, clock := storetest.New(t, "2026-11-23 09:00")
	var claims atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if mine, err := db.BeginOccurrence(ctx, "opening", clock.Now()); err != nil {
					t.Error(err)
				} else if mine {
					claims.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if claims.Load() != 1 {
		t.Errorf("claimed %d times", claims.Load())
	}
	// The process dies: the row says so, and the run can be claimed again, once.
	cut, err := db.RecoverOccurrences(ctx)
	if err != nil || len(cut) != 1 || cut[0].Outcome != store.OutcomeFailed || !strings.Contains(cut[0].Detail, "interrupted") {
		t.Fatalf("recovered %+v, %v", cut, err)
	}
	for _, want := range []bool{true, false} {
		if mine, err := db.AgainOccurrence(ctx, cut[0]); mine != want || err != nil {
			t.Errorf("again: %v, %v", mine, err)
		}
	}
	if err := db.EndOccurrence(ctx, "opening", clock.Now(), store.OutcomeDone, "3건"); err != nil {
		t.Fatal(err)
	}
	last, ok, err := db.LastOccurrence(ctx, "opening", clock.Now())
	if err != nil || !ok || last.Outcome != store.OutcomeDone || last.Detail != "3건" {
		t.Errorf("ledger: %+v %v %v", last, ok, err)
	}
	if _, ok, _ := db.LastOccurrence(ctx, "opening", clock.Now().Add(-time.Second)); ok {
		t.Error("a row of the future is not the last one")
	}
}

func TestNewestInstantForgetsWhatWasConfirmed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	n := newNight(t, "2099-01-01 10:00") // the clock is wrong
	n.says("a", "미래에서 온 글")
	n.at("2026-11-23 10:00")
	if newest, err := n.db.NewestInstant(ctx); err != nil || newest.Year() != 2099 {
		t.Errorf("newest %v, %v", newest, err)
	}
	n.says("b", "시계를 고친 뒤의 글")
	if newest, _ := n.db.NewestInstant(ctx); newest.Year() != 2099 {
		t.Errorf("a later row hides the one from the future: %v", newest)
	}
	if err := n.db.ConfirmClock(ctx, anOperator); store.KindOf(err) != store.Forbidden {
		t.Errorf("an operator confirms the clock: %v", err)
	}
	if err := n.db.ConfirmClock(ctx, anAdmin); err != nil {
		t.Fatal(err)
	}
	n.clock.Advance(time.Minute)
	n.says("c", "확인한 뒤의 글")
	if newest, err := n.db.NewestInstant(ctx); err != nil || !newest.Equal(n.clock.Now()) {
		t.Errorf("newest %v, %v", newest, err)
	}
}
