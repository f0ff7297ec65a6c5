package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// deed is one thing staff do to a case, with an input that is good in itself.
type deed struct {
	name   string
	action func(store.State) store.Action // of the table
	guards []string                       // true of the prepared case
	do     func(o *office, who store.Actor, number string) error
}

func is(a store.Action) func(store.State) store.Action {
	return func(store.State) store.Action { return a }
}

var deeds = []deed{
	{"accept", is(store.ActAccept), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Accept(bg, who, n, store.AcceptInput{Kind: store.KindOther})
		return err
	}},
	{"correct", is(store.ActCorrect), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Correct(bg, who, n, store.CorrectInput{Kind: store.KindGrievance, Reason: "고충민원이에요", Name: "홍길동", Contact: "010-0000-0000"})
		return err
	}},
	{"transfer", is(store.ActTransfer), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Transfer(bg, who, n, store.TransferInput{Department: o.waste.Ref(), Reason: "쓰레기"})
		return err
	}},
	{"return", is(store.ActReturn), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Transfer(bg, who, n, store.TransferInput{Return: true, Reason: "우리 일이 아니에요"})
		return err
	}},
	{"take", is(store.ActTake), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Take(bg, who, n)
		return err
	}},
	{"finish", func(st store.State) store.Action {
		if st == store.StateReview {
			return store.ActResult
		}
		return store.ActClose
	}, nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.FinishTicket(bg, who, n, store.FinishInput{Text: "처리했어요."})
		return err
	}},
	{"reopen", is(store.ActReopen), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Reopen(bg, who, n, store.ReopenInput{Reason: "다시 살펴봐요"})
		return err
	}},
	{"dismiss", is(store.ActDismiss), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Dismiss(bg, who, n, store.DismissInput{Reason: "spam"})
		return err
	}},
	{"snooze", is(store.ActSnooze), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Snooze(bg, who, n, store.SnoozeInput{Until: o.clock.Now().Add(time.Hour)})
		return err
	}},
	{"change", is(store.ActChange), nil, func(o *office, who store.Actor, n string) error {
		high := "high"
		_, err := o.db.Change(bg, who, n, store.ChangeInput{Priority: &high})
		return err
	}},
	{"reply", is(store.ActReply), []string{"the reply has seen everything"}, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Reply(bg, who, n, store.ReplyInput{Text: "답변드려요."})
		return err
	}},
	{"note", is(store.ActNote), nil, func(o *office, who store.Actor, n string) error {
		_, err := o.db.Note(bg, who, n, "확인 중", nil)
		return err
	}},
}

// put brings a new case into a state. Its department is the road's, so that its staff see it in every state.
func (o *office) put(t testing.TB, st store.State, accepted bool) string {
	t.Helper()
	number := o.write(t, fmt.Sprintf("c%d", o.count()), "가로등이 꺼졌어요")
	if accepted {
		must(o.db.Accept(bg, o.operator, number, store.AcceptInput{}))(t)
	}
	o.db.SetDepartment(bg, number, o.road.ID)
	switch st {
	case store.StateWaiting:
		o.db.ForceWaiting(bg, number)
	case store.StateAnswered:
		must(o.db.Reply(bg, o.operator, number, store.ReplyInput{Text: "알려 드려요."}))(t)
	case store.StateReview:
		must(o.db.Transfer(bg, o.operator, number, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
	case store.StateClosed:
		must(o.db.FinishTicket(bg, o.operator, number, store.FinishInput{Text: "처리했어요."}))(t)
	}
	if tk := must(o.db.Ticket(bg, o.admin, number))(t); tk.State != st {
		t.Fatalf("prepared case is %s, want %s", tk.State, st)
	}
	return number
}

// Every deed in every state by every role does what RULES A says: the allowed succeed, the others are 403, 404 or 409.
func TestEveryActionInEveryState(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	deaf := store.Actor{Role: store.RoleDepartment, Name: "no department"}
	for _, d := range deeds {
		for _, st := range store.States {
			for _, accepted := range []bool{true, false} {
				if !accepted && st != store.StateOpen && st != store.StateWaiting {
					continue // whatever follows has accepted it
				}
				for _, who := range []store.Actor{o.admin, o.operator, o.roadStaff, o.wasteStaff, o.auditor, deaf} {
					number := o.put(t, st, accepted)
					guards := append([]string{"not accepted", "a citizen's words lie unanswered", "was with a department"}, d.guards...)
					if accepted || st != store.StateOpen && st != store.StateWaiting {
						guards[0] = "accepted"
					}
					want := store.TableSays(st, d.action(st), who.Role, guards...)
					switch {
					case who.Name == o.wasteStaff.Name || who.Name == deaf.Name:
						want = "not_found"
					case who.Role == store.RoleAuditor:
						want = "forbidden"
					}
					before := must(o.db.Ticket(bg, o.admin, number))(t)
					err := d.do(o, who, number)
					got := "ok"
					if err != nil {
						got = string(store.KindOf(err))
					}
					if got != want {
						t.Errorf("%s of %s (accepted %v) by %s: %s, want %s: %v", d.name, st, accepted, who.Name, got, want, err)
					}
					if got == "wrong_state" {
						e, _ := errors.AsType[*store.Error](err)
						if e.State != st || !slices.Equal(e.Allowed, store.AllowedIn(st, who.Role, guards[0] == "accepted")) || slices.Contains(e.Allowed, d.action(st)) || e.Text == "" {
							t.Errorf("%s of %s by %s: answer %+v", d.name, st, who.Name, e)
						}
					}
					after := must(o.db.Ticket(bg, o.admin, number))(t)
					if got != "ok" && (after.State != before.State || !after.UpdatedAt.Equal(before.UpdatedAt) || after.Round != before.Round) {
						t.Errorf("%s of %s by %s was refused and still changed the case", d.name, st, who.Name)
					}
				}
			}
		}
	}
	if broken := must(o.db.Broken(bg))(t); len(broken) > 0 {
		t.Errorf("afterwards: %s", strings.Join(broken, "\n"))
	}
}

func TestAcceptStartsTheLegalClock(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	must(o.db.SaveCategory(bg, o.admin, store.Category{Code: "NOISE", Name: "소음", Kind: store.KindGrievance}))(t)
	must(o.db.SaveCategory(bg, o.admin, store.Category{Code: "PERMIT", Name: "점용 허가", Kind: store.KindStatutory, Rule: "days:10"}))(t)
	for i, c := range []struct {
		what      string
		in        store.AcceptInput
		kind, due string
		told      bool
	}{
		{"as it is: other, immediate", store.AcceptInput{}, store.KindOther, "2026-11-24T14:00:00+09:00", false},
		{"질의민원(제도)", store.AcceptInput{Kind: store.KindInquirySystem, Name: "김시민", Contact: "010-1234-5678"}, store.KindInquirySystem, "2026-12-02", true},
		{"질의민원(법령)", store.AcceptInput{Kind: store.KindInquiryLaw, Name: "김시민", Contact: "010-1234-5678"}, store.KindInquiryLaw, "2026-12-11", true},
		{"건의민원, without a name but with a reason", store.AcceptInput{Kind: store.KindSuggestion, Reason: "이름을 밝히지 않음"}, store.KindSuggestion, "2026-12-11", true},
		{"by its category", store.AcceptInput{Category: store.Ref{Name: "소음"}, Reason: "이웃"}, store.KindGrievance, "2026-12-02", true},
		{"법정민원 of its category", store.AcceptInput{Category: store.Ref{Name: "PERMIT"}, Reason: "서면"}, store.KindStatutory, "2026-12-07", true},
		{"법정민원 with its own period", store.AcceptInput{Kind: store.KindStatutory, Rule: "hours:4", Reason: "서면"}, store.KindStatutory, "2026-11-24T15:00:00+09:00", false},
	} {
		n := o.write(t, fmt.Sprint("a", i), "민원이에요")
		tk, err := o.db.Accept(bg, o.operator, n, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if tk.Kind != c.kind || tk.DueText != c.due || !tk.AcceptedAt.Equal(o.clock.Now()) || tk.State != store.StateOpen || tk.DueSteps == "" {
			t.Errorf("%s: kind %s due %s accepted %s", c.what, tk.Kind, tk.DueText, tk.AcceptedAt)
		}
		var notices int
		for _, m := range must(o.db.Thread(bg, o.operator, n))(t).Messages {
			if m.Key == "accept_notice" && m.Delivery != nil && m.Delivery.Class == "notice" {
				notices++
			}
		}
		if (notices == 1) != c.told || notices > 1 {
			t.Errorf("%s: %d notices, told %v", c.what, notices, c.told)
		}
	}
}

func TestAcceptNeedsToKnowWho(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "민원이에요")
	for _, c := range []struct {
		in     store.AcceptInput
		fields []string
	}{
		{store.AcceptInput{Kind: store.KindGrievance}, []string{"name", "contact", "reason"}},
		{store.AcceptInput{Kind: store.KindGrievance, Name: "홍길동"}, []string{"contact"}},
		{store.AcceptInput{Kind: "complaint"}, []string{"kind"}},
		{store.AcceptInput{Kind: store.KindStatutory, Reason: "서면"}, []string{"rule"}},
		{store.AcceptInput{Kind: store.KindStatutory, Rule: "soon", Reason: "서면"}, []string{"rule"}},
		{store.AcceptInput{Kind: store.KindGrievance, Rule: "days:30", Reason: "서면"}, []string{"rule"}},
		{store.AcceptInput{Category: store.Ref{Name: "없는 분류"}}, []string{"category"}},
		{store.AcceptInput{Kind: store.KindGrievance, Reason: strings.Repeat("가", 201)}, []string{"reason"}},
	} {
		_, err := o.db.Accept(bg, o.operator, n, c.in)
		wantKind(t, err, store.Invalid)
		for _, f := range c.fields {
			if fieldsOf(err)[f] == "" {
				t.Errorf("%+v: no word about %s: %v", c.in, f, fieldsOf(err))
			}
		}
	}
	if tk := must(o.db.Ticket(bg, o.operator, n))(t); !tk.AcceptedAt.IsZero() || tk.Citizen.Name == "홍길동" {
		t.Errorf("a refused accept left traces: %+v", tk)
	}
	// Known once, a citizen needs not be asked again; the list shows the name.
	tk := must(o.db.Accept(bg, o.operator, n, store.AcceptInput{Kind: store.KindGrievance, Name: "홍길동", Contact: "010-2222-3333"}))(t)
	if tk.Citizen.Name != "홍길동" {
		t.Errorf("name = %q", tk.Citizen.Name)
	}
	_, err := o.db.Accept(bg, o.operator, n, store.AcceptInput{})
	wantKind(t, err, store.WrongState)
}

func TestFirstReplyAcceptsAsTheCategorySays(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	must(o.db.SaveCategory(bg, o.admin, store.Category{Code: "NOISE", Name: "소음", Kind: store.KindGrievance}))(t)
	unknown, known := o.write(t, "a", "시끄러워요"), o.write(t, "b", "시끄러워요")
	for _, n := range []string{unknown, known} {
		must(o.db.Change(bg, o.operator, n, store.ChangeInput{Category: &store.Ref{Name: "소음"}}))(t)
	}
	o.db.KnowContact(bg, known)
	for n, want := range map[string]string{unknown: store.KindOther, known: store.KindGrievance} {
		must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "확인해 볼게요."}))(t)
		if tk := must(o.db.Ticket(bg, o.operator, n))(t); tk.Kind != want || tk.AcceptedAt.IsZero() {
			t.Errorf("kind %s, want %s", tk.Kind, want)
		}
	}
}

func TestCorrectAnnouncesAMovedDueDate(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "고쳐 주세요")
	must(o.db.Accept(bg, o.operator, n, store.AcceptInput{Kind: store.KindSuggestion, Reason: "익명"}))(t)
	o.clock.Advance(26 * time.Hour)
	tk := must(o.db.Correct(bg, o.operator, n, store.CorrectInput{Kind: store.KindGrievance, Reason: "고충민원이에요"}))(t)
	if tk.DueText != "2026-12-02" || !tk.AcceptedAt.Equal(storetest.At("2026-11-24 10:00")) {
		t.Errorf("due %s from %s", tk.DueText, tk.AcceptedAt)
	}
	var told []string
	for _, m := range must(o.db.Thread(bg, o.operator, n))(t).Messages {
		if m.Key == "due_notice" {
			told = append(told, m.Text)
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "12월 2일(수)") || !strings.Contains(told[0], "고충민원이에요") {
		t.Errorf("told %q", told)
	}
	_, err := o.db.Correct(bg, o.operator, n, store.CorrectInput{Kind: store.KindOther})
	wantKind(t, err, store.Invalid)
}

func TestTransferAndBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 11:30")
	n := o.write(t, "a", "보도블록이 깨졌어요")
	must(o.db.Change(bg, o.operator, n, store.ChangeInput{Assignee: &store.Ref{Name: "desk"}}))(t)

	tk := must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: store.Ref{Name: "도로과"}, Reason: "보도 정비"}))(t)
	if tk.State != store.StateReview || tk.Department.Name != "도로과" || tk.Assignee.ID != 0 || !tk.AwaitingSince.IsZero() || tk.AcceptedAt.IsZero() {
		t.Errorf("transferred: %+v", tk)
	}
	// One working hour, over lunch (시행령 §13).
	if want := storetest.At("2026-11-24 13:30"); !tk.TakeBy.Equal(want) {
		t.Errorf("take by %s, want %s", tk.TakeBy, want)
	}
	th := must(o.db.Thread(bg, o.roadStaff, n))(t)
	last := th.Messages[len(th.Messages)-1]
	if last.Key != "transfer_notice" || !strings.Contains(last.Text, "도로과") || !strings.Contains(last.Text, "054-779-1000") || last.Delivery == nil || last.Delivery.Class != "notice" {
		t.Errorf("notice %+v", last)
	}

	tk = must(o.db.Take(bg, o.roadStaff, n))(t)
	if tk.Assignee.ID != o.roadStaff.Staff || !tk.TakenAt.Equal(o.clock.Now()) || !tk.TakeBy.IsZero() {
		t.Errorf("taken: %+v", tk)
	}

	o.clock.Advance(time.Hour)
	tk = must(o.db.Transfer(bg, o.roadStaff, n, store.TransferInput{Department: o.waste.Ref(), Reason: "폐기물이에요"}))(t)
	if want := storetest.At("2026-11-24 16:00"); tk.Department.ID != o.waste.ID || !tk.TakeBy.Equal(want) || !tk.TakenAt.IsZero() {
		t.Errorf("sent on: take by %s, want %s", tk.TakeBy, want)
	}
	if _, err := o.db.Ticket(bg, o.roadStaff, n); store.KindOf(err) != store.NotFound {
		t.Errorf("the former department still sees it: %v", err)
	}

	tk = must(o.db.Transfer(bg, o.wasteStaff, n, store.TransferInput{Return: true, Reason: "도로 파손이에요"}))(t)
	if tk.State != store.StateOpen || tk.Department.ID != 0 || !tk.AwaitingSince.Equal(o.clock.Now()) || tk.AcceptedAt.IsZero() || tk.DueAt.IsZero() {
		t.Errorf("returned: %+v", tk)
	}
	way := must(o.db.Thread(bg, o.operator, n))(t).Transfers
	if len(way) != 3 || way[0].TakenAt.IsZero() || way[1].ReturnedAt.IsZero() || way[2].To.ID != 0 || way[2].Reason != "도로 파손이에요" {
		t.Errorf("way %+v", way)
	}
}

func TestTransferFaults(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.put(t, store.StateReview, true)
	gone := must(o.db.AddDepartment(bg, o.admin, store.Department{Name: "없어질 과"}))(t)
	if err := o.db.CloseDepartment(bg, o.admin, gone.ID); err != nil {
		t.Fatal(err)
	}
	for field, in := range map[string]store.TransferInput{
		"reason":     {Department: o.waste.Ref()},
		"department": {Reason: "이유", Department: store.Ref{Name: "모르는 과"}},
	} {
		_, err := o.db.Transfer(bg, o.operator, n, in)
		if store.KindOf(err) != store.Invalid || fieldsOf(err)[field] == "" {
			t.Errorf("%+v: %v", in, err)
		}
	}
	for _, to := range []store.Ref{{}, o.road.Ref(), gone.Ref(), {ID: 99}} {
		_, err := o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: to, Reason: "이유"})
		if store.KindOf(err) != store.Invalid || fieldsOf(err)["department"] == "" {
			t.Errorf("to %+v: %v", to, err)
		}
	}
}

func TestTransferTellsTheFormerDepartmentThatItIsGone(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.put(t, store.StateReview, true)
	sub := o.db.Live().Subscribe(nil)
	defer sub.Close()
	must(o.db.Transfer(bg, o.operator, n, store.TransferInput{Department: o.waste.Ref(), Reason: "쓰레기"}))(t)
	for {
		select {
		case c := <-sub.C():
			if c.Number == n && c.Former == o.road.ID && c.Department == o.waste.ID {
				return
			}
		case <-time.After(5 * time.Second):
			t.Fatal("no notice names the former department")
		}
	}
}

func TestCloseTellsTheCitizen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	for _, c := range []struct {
		what    string
		st      store.State
		in      store.FinishInput
		who     store.Actor
		outcome string
		said    string // key of the message, or its kind
		words   string
	}{
		{"result", store.StateReview, store.FinishInput{Text: "가로등을 고쳤어요."}, o.roadStaff, "result", "result_notice", "054-779-1000"},
		{"answered", store.StateOpen, store.FinishInput{Text: "안내해 드렸어요."}, o.operator, "answered", "reply", "안내해 드렸어요."},
		{"declined", store.StateOpen, store.FinishInput{Text: "사인 간의 다툼이에요.", Reason: "declined"}, o.operator, "declined", "close_declined", "사인 간의 다툼이에요."},
		{"not a case", store.StateOpen, store.FinishInput{Reason: "not_a_case"}, o.operator, "not_a_case", "", ""},
		{"after an answer", store.StateAnswered, store.FinishInput{}, o.operator, "answered", "", ""},
	} {
		n := o.put(t, c.st, true)
		before := must(o.db.Ticket(bg, o.admin, n))(t)
		o.clock.Advance(time.Minute)
		tk, err := o.db.FinishTicket(bg, c.who, n, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if tk.State != store.StateClosed || tk.Outcome != c.outcome || tk.DoneAt.IsZero() || !tk.AwaitingSince.IsZero() || tk.ClosedAt.IsZero() {
			t.Errorf("%s: %+v", c.what, tk)
		}
		if c.st == store.StateAnswered && !tk.DoneAt.Equal(before.DoneAt) {
			t.Errorf("%s: the answer was at %s, done says %s", c.what, before.DoneAt, tk.DoneAt)
		}
		th := must(o.db.Thread(bg, o.admin, n))(t)
		last := th.Messages[len(th.Messages)-1]
		if last.Kind == store.FromLog {
			last = store.Message{}
			for _, m := range th.Messages {
				if m.Delivery != nil && m.At.After(before.UpdatedAt) {
					last = m
				}
			}
		}
		if got := last.Key + string(last.Kind); c.said != "" && (!strings.Contains(got, c.said) || !strings.Contains(last.Text, c.words) || last.Delivery == nil) {
			t.Errorf("%s: the citizen reads %+v", c.what, last)
		} else if c.said == "" && last.ID != 0 {
			t.Errorf("%s: the citizen was told %q", c.what, last.Text)
		}
	}
}

func TestCloseFaults(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	open, review := o.put(t, store.StateOpen, true), o.put(t, store.StateReview, true)
	for _, c := range []struct {
		number, field string
		in            store.FinishInput
	}{
		{open, "text", store.FinishInput{}},
		{open, "text", store.FinishInput{Reason: "declined"}},
		{open, "text", store.FinishInput{Reason: "declined", Text: strings.Repeat("가", 201)}},
		{open, "text", store.FinishInput{Text: strings.Repeat("아주 긴 답변이에요. ", 400)}},
		{open, "reason", store.FinishInput{Reason: "bored", Text: "글"}},
		{review, "text", store.FinishInput{}},
		{review, "reason", store.FinishInput{Reason: "not_a_case", Text: "글"}},
	} {
		_, err := o.db.FinishTicket(bg, o.admin, c.number, c.in)
		if store.KindOf(err) != store.Invalid || fieldsOf(err)[c.field] == "" {
			t.Errorf("%.60v: %v, want a fault of %s", c.in, err, c.field)
		}
	}
}

func TestReopenIsANewRound(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	fromDesk := o.write(t, "a", "궁금해요")
	must(o.db.FinishTicket(bg, o.operator, fromDesk, store.FinishInput{Text: "알려 드려요."}))(t)
	fromRoad := o.put(t, store.StateClosed, true)
	o.clock.Advance(time.Hour)
	for n, want := range map[string]store.State{fromDesk: store.StateOpen, fromRoad: store.StateReview} {
		tk := must(o.db.Reopen(bg, o.operator, n, store.ReopenInput{Reason: "덜 끝났어요", Tell: true}))(t)
		if tk.State != want || tk.Round != 2 || !tk.AwaitingSince.Equal(o.clock.Now()) || !tk.ReceivedAt.Equal(o.clock.Now()) || !tk.AcceptedAt.IsZero() || !tk.DoneAt.IsZero() || tk.DueText != "" {
			t.Errorf("%s: %+v", n, tk)
		}
		if want := o.db.AcceptLimit(o.clock.Now()); !tk.AcceptBy.Equal(want) {
			t.Errorf("accept by %s, want %s", tk.AcceptBy, want)
		}
		if n == fromRoad && tk.TakeBy.IsZero() {
			t.Error("the department has no time to take it by")
		}
		if !slices.ContainsFunc(must(o.db.Thread(bg, o.operator, n))(t).Messages, func(m store.Message) bool { return m.Key == "reopened_notice" }) {
			t.Error("the citizen was not told")
		}
	}
	_, err := o.db.Reopen(bg, o.operator, o.put(t, store.StateClosed, true), store.ReopenInput{})
	wantKind(t, err, store.Invalid)

	// A department that no longer exists sees nothing: the desk gets it.
	orphan := o.put(t, store.StateClosed, true)
	o.db.SetDepartment(bg, orphan, must(o.db.AddDepartment(bg, o.admin, store.Department{Name: "옛 과"}))(t).ID)
	old := must(o.db.Departments(bg, o.admin))(t)
	if err := o.db.CloseDepartment(bg, o.admin, old[slices.IndexFunc(old, func(d store.Department) bool { return d.Name == "옛 과" })].ID); err != nil {
		t.Fatal(err)
	}
	if tk := must(o.db.Reopen(bg, o.operator, orphan, store.ReopenInput{Reason: "다시"}))(t); tk.State != store.StateOpen || tk.Department.ID != 0 {
		t.Errorf("orphan: %s in %v", tk.State, tk.Department)
	}
}

func TestDismiss(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	for _, reason := range store.DismissReasons {
		n := o.write(t, "c-"+reason, "네네")
		tk := must(o.db.Dismiss(bg, o.operator, n, store.DismissInput{Reason: reason}))(t)
		if tk.State != store.StateAnswered || !tk.AwaitingSince.IsZero() || tk.DoneAt.IsZero() || tk.Kind != store.KindOther {
			t.Errorf("%s: %+v", reason, tk)
		}
		if told := !tk.NotifiedAt.IsZero(); told != (reason == "told_by_phone") {
			t.Errorf("%s: notified %v", reason, told)
		}
	}
	_, err := o.db.Dismiss(bg, o.operator, o.write(t, "x", "글"), store.DismissInput{Reason: "later"})
	wantKind(t, err, store.Invalid)
}

func TestSnoozeAndWake(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "글")
	until := storetest.At("2026-11-25 09:00")
	tk := must(o.db.Snooze(bg, o.operator, n, store.SnoozeInput{Until: until}))(t)
	if !tk.SnoozeUntil.Equal(until) || tk.State != store.StateOpen || tk.AwaitingSince.IsZero() {
		t.Errorf("snoozed: %+v", tk)
	}
	for _, bad := range []time.Time{o.clock.Now(), o.clock.Now().Add(-time.Minute), o.clock.Now().Add(91 * 24 * time.Hour)} {
		_, err := o.db.Snooze(bg, o.operator, n, store.SnoozeInput{Until: bad})
		if fieldsOf(err)["snooze_until"] == "" {
			t.Errorf("until %s: %v", bad, err)
		}
	}
	o.write(t, "a", "하나 더요") // the citizen's words wake it
	if tk := must(o.db.Ticket(bg, o.operator, n))(t); !tk.SnoozeUntil.IsZero() {
		t.Error("still snoozed after the citizen wrote")
	}
	zero := time.Time{}
	must(o.db.Change(bg, o.operator, n, store.ChangeInput{SnoozeUntil: &until}))(t)
	if tk := must(o.db.Change(bg, o.operator, n, store.ChangeInput{SnoozeUntil: &zero}))(t); !tk.SnoozeUntil.IsZero() {
		t.Error("null does not clear the snooze")
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	must(o.db.SaveCategory(bg, o.admin, store.Category{Code: "ROAD", Name: "도로"}))(t)
	n, atRoad := o.write(t, "a", "글"), o.put(t, store.StateReview, true)
	high, none := "high", ""
	yes := true
	tk := must(o.db.Change(bg, o.operator, n, store.ChangeInput{
		Category: &store.Ref{Name: "ROAD"}, Assignee: &store.Ref{ID: o.operator.Staff}, Priority: &high, Urgent: &yes,
	}))(t)
	if tk.Category.Name != "도로" || tk.Assignee.Name != "desk" || tk.Priority != "high" || !tk.Urgent || !tk.AcceptedAt.IsZero() {
		t.Errorf("changed: %+v", tk)
	}
	log := must(o.db.Thread(bg, o.operator, n))(t).Messages
	if got := log[len(log)-1].Text; got != "분류: 도로 · 담당: desk · 우선순위: 높음 · 긴급 표시" {
		t.Errorf("log %q", got)
	}
	again := must(o.db.Change(bg, o.operator, n, store.ChangeInput{Priority: &high}))(t)
	if len(must(o.db.Thread(bg, o.operator, n))(t).Messages) != len(log) || again.Priority != "high" {
		t.Error("a change of nothing left a trace")
	}
	tk = must(o.db.Change(bg, o.operator, n, store.ChangeInput{Category: &store.Ref{}, Assignee: &store.Ref{}, Priority: &none}))(t)
	if tk.Category.ID != 0 || tk.Assignee.ID != 0 || tk.Priority != "normal" {
		t.Errorf("null does not clear: %+v", tk)
	}
	for _, c := range []struct {
		who, number, to string
		ok              bool
	}{
		{"operator", n, "road", false}, {"operator", n, "audit", false}, {"operator", n, "nobody", false},
		{"operator", atRoad, "road", true}, {"operator", atRoad, "waste", false}, {"operator", atRoad, "chief", true},
	} {
		_, err := o.db.Change(bg, o.operator, c.number, store.ChangeInput{Assignee: &store.Ref{Name: c.to}})
		if c.ok != (err == nil) || !c.ok && fieldsOf(err)["assignee"] == "" {
			t.Errorf("%s gets %s: %v", c.to, c.number, err)
		}
	}
	if err := o.db.DisableStaff(bg, o.admin, "road"); err != nil {
		t.Fatal(err)
	}
	_, err := o.db.Change(bg, o.operator, atRoad, store.ChangeInput{Assignee: &store.Ref{Name: "road"}})
	wantKind(t, err, store.Invalid)
	odd := "soon"
	_, err = o.db.Change(bg, o.operator, n, store.ChangeInput{Priority: &odd})
	wantKind(t, err, store.Invalid)
}
