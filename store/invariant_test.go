package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"toktok/store"
	"toktok/store/storetest"
)

// Whatever citizens, staff and jobs do in whatever order, the invariants of RULES A hold after each step, the counters
// count, a refused action changes nothing, and no job undoes what a person did.
func TestInvariantsHoldWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		clock := &storetest.Clock{}
		clock.Set(storetest.At("2026-11-24 15:00"))
		m := &machine{office: &office{db: storetest.Open(t, clock, t.TempDir()), clock: clock}, rt: rt}
		defer m.db.Close()
		m.road = m.department("도로과")
		m.waste = m.department("자원순환과")
		m.admin, m.operator, m.auditor = m.hireOne("chief", store.RoleAdmin), m.hireOne("desk", store.RoleOperator), m.hireOne("audit", store.RoleAuditor)
		m.roadStaff, m.wasteStaff = m.hireOne("road", store.RoleDepartment, m.road), m.hireOne("waste", store.RoleDepartment, m.waste)
		rt.Repeat(map[string]func(*rapid.T){
			"":         m.check,
			"citizen":  m.citizenWrites,
			"staff":    m.staffActs,
			"reply":    m.staffReplies,
			"job":      m.jobRuns,
			"time":     m.timePasses,
			"citizen ": m.citizenWrites, // twice as often
			"staff ":   m.staffActs,
		})
	})
}

type machine struct {
	*office
	rt      *rapid.T
	numbers []string
}

func (m *machine) fatal(err error) {
	if err != nil {
		m.rt.Fatalf("unexpected error: %v", err)
	}
}

func (m *machine) department(name string) store.Department {
	d, err := m.db.AddDepartment(bg, store.System("test"), store.Department{Name: name, Contact: "054"})
	m.fatal(err)
	return d
}

func (m *machine) hireOne(login string, role store.Role, departments ...store.Department) store.Actor {
	a, err := m.db.HireFast(bg, login, role, departments...)
	m.fatal(err)
	return a
}

func (m *machine) check(rt *rapid.T) {
	broken, err := m.db.Broken(bg)
	if err != nil {
		rt.Fatal(err)
	}
	if len(broken) > 0 {
		rt.Fatalf("at %s:\n%s", m.clock.Now(), strings.Join(broken, "\n"))
	}
}

func (m *machine) citizenWrites(rt *rapid.T) {
	user := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "citizen")
	text := rapid.SampledFrom([]string{"가로등이 꺼졌어요", "감사합니다", "언제 되나요?", "답변 확인", "가스 냄새가 나요"}).Draw(rt, "text")
	call := storetest.Call{User: user, Text: text, Friend: user == "a"}
	if number, err := m.db.NewestOf(bg, user); err == nil && rapid.IntRange(0, 9).Draw(rt, "withdraws") == 0 {
		call.Text, call.Extra = "취하할게요", map[string]any{"op": "withdraw", "case": number}
	}
	answer := m.db.Receive(bg, call.In(m.db))
	if answer.Offer != 0 {
		m.fatal(m.db.SettleOffer(bg, answer.Offer, rapid.Bool().Draw(rt, "written")))
	}
	if number, err := m.db.NewestOf(bg, user); err == nil && (len(m.numbers) == 0 || m.numbers[len(m.numbers)-1] != number) {
		m.numbers = append(m.numbers, number)
	}
	m.clock.Advance(4 * time.Second) // the same words within three seconds would be one message
}

// pick draws somebody of the office and a case; ok is false while there is none.
func (m *machine) pick(rt *rapid.T) (who store.Actor, number string, ok bool) {
	if len(m.numbers) == 0 {
		return who, "", false
	}
	who = rapid.SampledFrom([]store.Actor{m.admin, m.admin, m.operator, m.operator, m.roadStaff, m.wasteStaff, m.auditor}).Draw(rt, "who")
	return who, rapid.SampledFrom(m.numbers).Draw(rt, "case"), true
}

// judge allows success and the refusals that RULES know, and sees that a refusal left no trace.
func (m *machine) judge(rt *rapid.T, what, number string, before *store.Ticket, err error) {
	if err == nil {
		return
	}
	switch store.KindOf(err) {
	case store.Invalid, store.Forbidden, store.NotFound, store.WrongState, store.Conflict:
	default:
		rt.Fatalf("%s of %s in %s: %v", what, number, before.State, err)
	}
	after, err := m.db.Ticket(bg, m.admin, number)
	m.fatal(err)
	if d := cmp.Diff(before, after, cmpopts.IgnoreUnexported(store.Ticket{})); d != "" {
		rt.Fatalf("%s was refused and changed the case:\n%s", what, d)
	}
}

func (m *machine) staffActs(rt *rapid.T) {
	who, number, ok := m.pick(rt)
	if !ok {
		return
	}
	before, err := m.db.Ticket(bg, m.admin, number)
	m.fatal(err)
	reason := rapid.SampledFrom([]string{"이유", "이유", "이유", ""}).Draw(rt, "reason")
	text := rapid.SampledFrom([]string{"처리했어요.", "처리했어요.", ""}).Draw(rt, "text")
	hours := rapid.IntRange(-1, 80).Draw(rt, "hours")
	what := rapid.SampledFrom([]string{"accept", "correct", "transfer", "transfer", "return", "take", "finish", "finish", "reopen", "dismiss", "snooze", "wake", "change", "note", "seen"}).Draw(rt, "what")
	switch what {
	case "accept":
		kind := rapid.SampledFrom(append([]string{""}, store.LegalKinds...)).Draw(rt, "kind")
		_, err = m.db.Accept(bg, who, number, store.AcceptInput{Kind: kind, Reason: reason})
	case "correct":
		kind := rapid.SampledFrom(store.LegalKinds).Draw(rt, "kind")
		_, err = m.db.Correct(bg, who, number, store.CorrectInput{Kind: kind, Rule: rapid.SampledFrom([]string{"", "days:3"}).Draw(rt, "rule"), Reason: reason})
	case "transfer":
		to := rapid.SampledFrom([]store.Department{m.road, m.waste}).Draw(rt, "to")
		_, err = m.db.Transfer(bg, who, number, store.TransferInput{Department: to.Ref(), Reason: reason})
	case "return":
		_, err = m.db.Transfer(bg, who, number, store.TransferInput{Return: true, Reason: reason})
	case "take":
		_, err = m.db.Take(bg, who, number)
	case "finish":
		outcome := rapid.SampledFrom([]string{"", "", "declined", "not_a_case", "ended_abuse", "odd"}).Draw(rt, "outcome")
		_, err = m.db.FinishTicket(bg, who, number, store.FinishInput{Text: text, Reason: outcome})
	case "reopen":
		_, err = m.db.Reopen(bg, who, number, store.ReopenInput{Reason: reason, Tell: text != ""})
	case "dismiss":
		_, err = m.db.Dismiss(bg, who, number, store.DismissInput{Reason: rapid.SampledFrom(append([]string{"odd"}, store.DismissReasons...)).Draw(rt, "why")})
	case "snooze":
		_, err = m.db.Snooze(bg, who, number, store.SnoozeInput{Until: m.clock.Now().Add(time.Duration(hours) * time.Hour)})
	case "wake":
		_, err = m.db.Snooze(bg, who, number, store.SnoozeInput{})
	case "change":
		p := rapid.SampledFrom([]string{"", "low", "high", "soon"}).Draw(rt, "priority")
		to := rapid.SampledFrom([]string{"", "desk", "road", "waste", "audit"}).Draw(rt, "assignee")
		_, err = m.db.Change(bg, who, number, store.ChangeInput{Priority: &p, Assignee: &store.Ref{Name: to}})
	case "note":
		_, err = m.db.Note(bg, who, number, "메모", nil)
	case "seen":
		err = m.db.MarkSeen(bg, who, number, 1<<60)
	}
	m.judge(rt, what, number, before, err)
	m.clock.Advance(time.Second)
}

func (m *machine) staffReplies(rt *rapid.T) {
	who, number, ok := m.pick(rt)
	if !ok {
		return
	}
	before, err := m.db.Ticket(bg, m.admin, number)
	m.fatal(err)
	th, err := m.db.Thread(bg, m.admin, number)
	m.fatal(err)
	in := store.ReplyInput{Text: "답변이에요.", Force: rapid.Bool().Draw(rt, "force"), Finish: rapid.Bool().Draw(rt, "finish")}
	if rapid.Bool().Draw(rt, "names what it has seen") {
		in.Seen = rapid.SampledFrom(th.Messages).Draw(rt, "seen").ID
	}
	_, err = m.db.Reply(bg, who, number, in)
	if r, ok := errors.AsType[*store.Replayed](err); ok {
		rt.Fatalf("a reply without a key is a repeat: %v", r)
	}
	m.judge(rt, "reply", number, before, err)
	m.clock.Advance(time.Second)
}

func (m *machine) jobRuns(rt *rapid.T) {
	before := map[string]store.State{}
	for _, n := range m.numbers {
		t, err := m.db.Ticket(bg, m.admin, n)
		m.fatal(err)
		before[n] = t.State
	}
	id := rapid.SampledFrom([]string{"closing", "opening", "wake", "due"}).Draw(rt, "job")
	var err error
	switch id {
	case "closing":
		_, err = m.db.Closing(bg, store.Job(id), m.clock.Now())
	case "opening":
		_, err = m.db.Opening(bg, store.Job(id), m.clock.Now())
	case "wake":
		_, err = m.db.WakeDue(bg, store.Job(id))
	case "due":
		_, err = m.db.MarkDue(bg, store.Job(id))
	}
	m.fatal(err)
	for n, was := range before {
		t, err := m.db.Ticket(bg, m.admin, n)
		m.fatal(err)
		if was != t.State && was != store.StateOpen && was != store.StateWaiting {
			rt.Fatalf("job %s moved %s from %s to %s", id, n, was, t.State)
		}
	}
}

func (m *machine) timePasses(rt *rapid.T) {
	m.clock.Advance(rapid.SampledFrom([]time.Duration{
		time.Minute, 20 * time.Minute, 3 * time.Hour, 7 * time.Hour, 15 * time.Hour, 64 * time.Hour, 9 * 24 * time.Hour,
	}).Draw(rt, "passes"))
}
