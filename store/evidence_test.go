package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// trace is how much of a case's log and audit there is.
func trace(db *store.DB, number string) (logs, audits string) {
	logs = store.Value(db, `select count(*) from messages m join tickets t on t.id = m.ticket where m.kind = 'log' and t.number = ?`, number)
	audits = store.Value(db, `select count(*) || coalesce(': ' || (select action || ' ' || who || ' ' || object from audit a join tickets t on t.id = a.ticket where t.number = ?1 order by a.id desc limit 1), '')
		from audit a join tickets t on t.id = a.ticket where t.number = ?1`, number)
	return logs, audits
}

// RULES A: whatever staff do to a case leaves one 처리 기록, but for words, which are their own, and the audit names the
// row of the table, the state it came from and went to, and who did it.
func TestEveryDeedLeavesItsTrace(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	for _, d := range deeds {
		for _, st := range store.States {
			number := o.put(t, st, d.name != "accept")
			who := o.admin
			logs, audits := trace(o.db, number)
			if err := d.do(o, who, number); err != nil {
				if now, then := trace(o.db, number); now != logs || then != audits {
					t.Errorf("%s of %s was refused (%v) and left a trace: %s, %s", d.name, st, err, now, then)
				}
				continue
			}
			after := must(o.db.Ticket(bg, o.admin, number))(t)
			nowLogs, nowAudits := trace(o.db, number)
			want := logs
			if d.name != "reply" && d.name != "note" {
				want = plus(logs, 1)
			}
			if nowLogs != want {
				t.Errorf("%s of %s: %s 처리 기록, were %s", d.name, st, nowLogs, logs)
			}
			count, last, _ := strings.Cut(nowAudits, ": ")
			was, _, _ := strings.Cut(audits, ": ")
			if count != plus(was, 1) || !strings.HasPrefix(last, string(d.action(st))+" admin:chief row ") || !strings.HasSuffix(last, fmt.Sprintf("%s→%s", st, after.State)) {
				t.Errorf("%s of %s: audit %s, was %s", d.name, st, nowAudits, audits)
			}
		}
	}
}

func plus(n string, more int) string {
	var i int
	fmt.Sscan(n, &i)
	return fmt.Sprint(i + more)
}

// What citizens and jobs do is in the audit by its row too.
func TestEveryRowOfCitizensAndJobsIsAudited(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 17:00")
	says := func(user, text string) func() {
		return func() { storetest.Say(t, o.db, storetest.Call{User: user, Text: text}) }
	}
	staff := func(f func(number string) error) func() {
		return func() {
			if err := f("2026-000001"); err != nil {
				t.Fatal(err)
			}
		}
	}
	reply := func(n string) error {
		_, err := o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "답변이에요."})
		return err
	}
	finish := func(n string) error {
		_, err := o.db.FinishTicket(bg, o.operator, n, store.FinishInput{Text: "끝났어요."})
		return err
	}
	steps := []struct {
		at   string
		do   func()
		want string // last audit row of the case; "" = as it was
	}{
		{"2026-11-23 17:00", says("a", "글"), "message citizen row 1"},
		{"2026-11-23 17:01", says("a", "또"), "message citizen row 5 open→open"},
		{"2026-11-23 18:00", func() { must(o.db.Closing(bg, store.Job("closing"), o.clock.Now()))(t) }, "closing job:closing row 16 open→waiting"},
		{"2026-11-23 19:00", says("a", "밤에"), "message citizen row 3 waiting→waiting"},
		{"2026-11-24 09:00", func() { must(o.db.Opening(bg, store.Job("opening"), o.clock.Now()))(t) }, "opening job:opening row 17 waiting→open"},
		{"2026-11-24 18:30", says("a", "저녁에"), "message citizen row 6 open→waiting"},
		{"2026-11-25 09:00", says("a", "아침에"), "message citizen row 4 waiting→open"},
		{"2026-11-25 10:00", staff(reply), "reply operator:desk row 20 open→answered"},
		{"2026-11-25 10:01", says("a", "감사합니다"), "thanks citizen row 8 answered→answered"},
		{"2026-11-25 10:02", says("a", "그런데요"), "message citizen row 7 answered→open"},
		{"2026-11-25 10:03", staff(finish), "close operator:desk row 41 open→closed"},
		{"2026-11-25 10:04", says("a", "아직이에요"), "message citizen row 10 closed→open"},
		{"2026-11-25 10:05", func() {
			storetest.Say(t, o.db, storetest.Call{User: "a", Text: "취하할게요", Extra: map[string]any{"op": "withdraw", "case": "2026-000001"}})
		}, "withdraw citizen row 14 open→closed"},
		{"2026-11-25 10:06", says("a", "진행상황"), ""},
	}
	last := ""
	for _, s := range steps {
		o.clock.Set(storetest.At(s.at))
		s.do()
		o.clock.Advance(5 * time.Second)
		_, audits := trace(o.db, "2026-000001")
		_, got, _ := strings.Cut(audits, ": ")
		if s.want == "" {
			s.want = last
		}
		if got != s.want {
			t.Errorf("at %s the audit says %q, want %q", s.at, got, s.want)
		}
		last = got
	}
	if got := store.Value(o.db, `select count(*) from audit where detail like '%글%' or detail like '%답변%' or object like '%답변%'`); got != "0" {
		t.Errorf("%s audit rows hold words", got)
	}
}
