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

func TestThreadShowsWhatWasSaid(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "가로등이 꺼졌어요")
	reply := must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "확인했어요."}))(t)
	must(o.db.Note(bg, o.operator, n, "현장 확인 필요", nil))(t)
	th := must(o.db.Thread(bg, o.operator, n))(t)
	var kinds []string
	for i, m := range th.Messages {
		kinds = append(kinds, string(m.Kind))
		if i > 0 && m.ID <= th.Messages[i-1].ID {
			t.Error("not in the order of ids")
		}
		if (m.ID == reply.ID) != (m.Delivery != nil) {
			t.Errorf("delivery of %s: %+v", m.Kind, m.Delivery)
		}
	}
	if got := strings.Join(kinds, " "); got != "citizen reply note" || th.More || th.Ticket.Number != n {
		t.Errorf("thread %q", got)
	}
}

func TestThreadPagesBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "처음")
	if err := store.Exec(o.db, `insert into messages (ticket, citizen, kind, text, at) with recursive k(i) as (select 1 union all select i + 1 from k where i < 1100)
		select t.id, t.citizen, 'note', 'n' || i, t.received_at from tickets t, k where t.number = ?`, n); err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	th := must(o.db.Thread(bg, o.operator, n))(t)
	for pages := 1; ; pages++ {
		for _, m := range th.Messages {
			if seen[m.ID] {
				t.Fatalf("message %d twice", m.ID)
			}
			seen[m.ID] = true
		}
		if len(th.Messages) > 500 {
			t.Fatalf("%d messages at once", len(th.Messages))
		}
		if !th.More {
			if pages != 3 || th.Messages[0].Text != "처음" {
				t.Errorf("%d pages, first %q", pages, th.Messages[0].Text)
			}
			break
		}
		th = must(o.db.Earlier(bg, o.operator, n, th.Messages[0].ID))(t)
	}
	if len(seen) != 1101 {
		t.Errorf("%d messages of 1101", len(seen))
	}
}

// What lies with another department is not shown beside a thread, neither as other case nor as link.
func TestThreadSurroundingsStayWithinSight(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	first := o.write(t, "a", "가로등이 꺼졌어요")
	must(o.db.Transfer(bg, o.operator, first, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}))(t)
	if err := store.Exec(o.db, `insert into tickets (number, citizen, channel, state, subject, received_at, awaiting_since, preview_at, updated_at, department)
		select '2026-900001', citizen, 'bot', 'open', '쓰레기', received_at, received_at, preview_at, updated_at, ? from tickets where number = ?`, o.waste.ID, first); err != nil {
		t.Fatal(err)
	}
	if err := store.Exec(o.db, `insert into ticket_links (kind, from_ticket, to_ticket, at, by_who)
		select 'follows', b.id, a.id, 0, 'test' from tickets a, tickets b where a.number = ? and b.number = '2026-900001'`, first); err != nil {
		t.Fatal(err)
	}
	desk := must(o.db.Thread(bg, o.operator, first))(t)
	if len(desk.Others) != 1 || desk.Others[0].Number != "2026-900001" || len(desk.Links) != 1 || !desk.Links[0].Back || desk.Links[0].Kind != "follows" {
		t.Errorf("desk sees %+v %+v", desk.Others, desk.Links)
	}
	road := must(o.db.Thread(bg, o.roadStaff, first))(t)
	if len(road.Others) != 0 || len(road.Links) != 0 {
		t.Errorf("the road sees %+v %+v", road.Others, road.Links)
	}
}

func TestMarkSeen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "하나")
	th := must(o.db.Thread(bg, o.operator, n))(t)
	o.clock.Advance(time.Minute)
	o.write(t, "a", "둘")
	unread := func() int { t.Helper(); return must(o.db.Ticket(bg, o.operator, n))(t).Unread }
	if unread() != 2 {
		t.Fatalf("unread %d", unread())
	}
	for _, who := range []store.Actor{o.auditor, {Role: store.RoleAdmin, Token: 1, Name: "token"}} {
		if err := o.db.MarkSeen(bg, who, n, 1<<60); err != nil || unread() != 2 {
			t.Errorf("%s marks: %d, %v", who.Name, unread(), err)
		}
	}
	wantKind(t, o.db.MarkSeen(bg, o.wasteStaff, n, 1<<60), store.NotFound)
	if err := o.db.MarkSeen(bg, o.operator, n, th.Messages[len(th.Messages)-1].ID); err != nil || unread() != 1 {
		t.Errorf("what was shown is seen, the rest is not: %d, %v", unread(), err)
	}
	if err := o.db.MarkSeen(bg, o.operator, n, 1<<60); err != nil || unread() != 0 {
		t.Errorf("all seen: %d, %v", unread(), err)
	}
	for _, m := range must(o.db.Thread(bg, o.operator, n))(t).Messages {
		if m.Kind == store.FromCitizen && m.SeenAt.IsZero() {
			t.Errorf("%q has no time", m.Text)
		}
	}
	writes := o.db.Stats().Writes
	if err := o.db.MarkSeen(bg, o.operator, n, 1<<60); err != nil || o.db.Stats().Writes != writes {
		t.Error("opening a case that was seen writes")
	}
}

func TestViewedIsOneRow(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	if err := o.db.Viewed(bg, o.operator, "list", []int64{3, 1, 3}); err != nil {
		t.Fatal(err)
	}
	if err := o.db.Viewed(bg, o.operator, "list", nil); err != nil {
		t.Fatal(err)
	}
	got := store.Value(o.db, `select group_concat(who || ' ' || staff || ' ' || address || ' ' || action || ' ' || citizens || ' ' || at, ';') from access`)
	want := fmt.Sprintf("operator:desk %d 10.0.0.1 list [1,3] %d", o.operator.Staff, o.clock.Now().UnixMilli())
	if got != want {
		t.Errorf("access %q, want %q", got, want)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	open := o.put(t, store.StateOpen, true)
	must(o.db.Change(bg, o.operator, open, store.ChangeInput{Assignee: &store.Ref{Name: "desk"}}))(t)
	o.put(t, store.StateAnswered, true)
	closed := o.put(t, store.StateClosed, true)
	must(o.db.Change(bg, o.operator, closed, store.ChangeInput{Assignee: &store.Ref{Name: "desk"}}))(t)
	o.put(t, store.StateReview, true)
	o.write(t, "elsewhere", "상담에 남은 글")
	want := store.Counts{Awaiting: 2, Open: 2, Answered: 1, Review: 1, Closed: 1, Mine: 1, DueToday: 2}
	if got := must(o.db.Counts(bg, o.operator))(t); got != want {
		t.Errorf("desk %+v, want %+v", got, want)
	}
	want = store.Counts{Awaiting: 1, Open: 1, Answered: 1, Review: 1, Closed: 1, DueToday: 2}
	if got := must(o.db.Counts(bg, o.roadStaff))(t); got != want {
		t.Errorf("road %+v, want %+v", got, want)
	}
	if got := must(o.db.Counts(bg, o.wasteStaff))(t); got != (store.Counts{}) {
		t.Errorf("waste %+v", got)
	}
	// 즉시: three working hours, over lunch; exactly then it is not yet late.
	o.clock.Set(storetest.At("2026-11-24 14:00"))
	if got := must(o.db.Counts(bg, o.operator))(t); got.DueToday != 2 || got.Overdue != 0 {
		t.Errorf("at the instant %+v", got)
	}
	o.clock.Advance(time.Millisecond)
	if got := must(o.db.Counts(bg, o.operator))(t); got.DueToday != 0 || got.Overdue != 2 {
		t.Errorf("past it %+v", got)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "글")
	must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: "답변이에요."}))(t)
	storetest.Hear(t, o.db.Receive(bg, store.In{Body: []byte("{broken"), RequestID: "r", Arrived: o.clock.Now(), Real: o.clock.Real()}))
	st := must(o.db.Status(bg, o.auditor))(t)
	if st.Queues[store.StateAnswered] != 1 || st.Deliveries["pickup"] != 1 || st.Quarantine != 1 || !st.Oldest.Equal(o.clock.Now()) || !st.NewestIn.Equal(o.clock.Now()) {
		t.Errorf("status %+v", st)
	}
	for _, state := range []string{"queued", "sending", "accepted", "delivered", "pickup", "offered", "failed", "unknown", "cancelled"} {
		if _, ok := st.Deliveries[state]; !ok {
			t.Errorf("deliveries do not name %s", state)
		}
	}
	if st.Storage.Database <= 0 || st.Storage.Free <= 0 {
		t.Errorf("storage %+v", st.Storage)
	}
	if _, err := o.db.Status(bg, store.Actor{Role: store.RoleCitizen}); store.KindOf(err) != store.Forbidden {
		t.Errorf("a citizen reads the status: %v", err)
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.write(t, "a", "글")
	once := func(scope, key, body string) *store.Once {
		return &store.Once{Scope: scope, Key: key, Digest: []byte(body), Encode: func(m store.Message) (int, []byte) {
			return 201, fmt.Appendf(nil, `{"id":%d}`, m.ID)
		}}
	}
	send := func(o1 *store.Once, text string) (store.Message, error) {
		return o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: text, Once: o1})
	}
	m := must(send(once("1 /m", "k", "A"), "답변이에요."))(t)
	_, err := send(once("1 /m", "k", "A"), "답변이에요.")
	replay, ok := errors.AsType[*store.Replayed](err)
	if !ok || replay.Status != 201 || string(replay.Body) != fmt.Sprintf(`{"id":%d}`, m.ID) {
		t.Fatalf("second time: %v", err)
	}
	_, err = send(once("1 /m", "k", "B"), "다른 답변이에요.")
	wantKind(t, err, store.Invalid)
	_, err = send(once("1 /m", strings.Repeat("k", 256), "A"), "답변이에요.")
	wantKind(t, err, store.Invalid)
	must(send(once("2 /m", "k", "B"), "다른 토큰의 답변이에요."))(t)
	must(send(once("1 /m", "", "A"), "열쇠 없는 답변이에요."))(t)
	must(send(once("1 /m", "", "A"), "열쇠 없는 답변이에요."))(t)
	// A refused request is not remembered: it may be sent again.
	_, err = send(once("1 /m", "k2", "A"), "  ")
	wantKind(t, err, store.Invalid)
	must(send(once("1 /m", "k2", "A"), "이번에는 글이 있어요."))(t)
	o.clock.Advance(24 * time.Hour)
	must(send(once("1 /m", "k", "B"), "하루 뒤에는 새 열쇠예요."))(t)
	replies := slices.DeleteFunc(must(o.db.Thread(bg, o.operator, n))(t).Messages, func(m store.Message) bool { return m.Kind != store.FromReply })
	if len(replies) != 6 {
		t.Errorf("%d replies, want 6", len(replies))
	}
}

func TestDepartments(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	n := o.put(t, store.StateReview, true)
	err := o.db.CloseDepartment(bg, o.admin, o.road.ID)
	wantKind(t, err, store.Conflict)
	must(o.db.FinishTicket(bg, o.roadStaff, n, store.FinishInput{Text: "고쳤어요."}))(t)
	if err := o.db.CloseDepartment(bg, o.admin, o.road.ID); err != nil {
		t.Fatal(err)
	}
	list := must(o.db.Departments(bg, o.operator))(t)
	if len(list) != 2 || list[1].Name != "도로과" || list[1].ClosedAt.IsZero() {
		t.Errorf("list %+v", list)
	}
	_, err = o.db.AddDepartment(bg, o.admin, store.Department{Name: "자원순환과"})
	if fieldsOf(err)["name"] == "" {
		t.Errorf("a name twice: %v", err)
	}
	_, err = o.db.AddDepartment(bg, o.operator, store.Department{Name: "새 과"})
	wantKind(t, err, store.Forbidden)
	waste := o.waste
	waste.Contact = "054-779-3000"
	if err := o.db.ChangeDepartment(bg, o.admin, waste); err != nil {
		t.Fatal(err)
	}
	waste.ID = 99
	wantKind(t, o.db.ChangeDepartment(bg, o.admin, waste), store.NotFound)
	wantKind(t, o.db.CloseDepartment(bg, o.admin, 99), store.NotFound)
	if got := must(o.db.Departments(bg, o.operator))(t)[0].Contact; got != "054-779-3000" {
		t.Errorf("contact %q", got)
	}
}

func TestCategories(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	c := must(o.db.SaveCategory(bg, o.admin, store.Category{Code: "ROAD", Name: "도로", Department: store.Ref{Name: "도로과"}}))(t)
	if c.Department.ID != o.road.ID || c.Kind != store.KindOther {
		t.Errorf("made %+v", c)
	}
	for field, in := range map[string]store.Category{
		"name": {Code: "X"},
		"kind": {Code: "X", Name: "이름", Kind: "odd"},
		"rule": {Code: "X", Name: "이름", Kind: store.KindStatutory},
		"code": {Code: "ROAD", Name: "다른 이름"},
	} {
		_, err := o.db.SaveCategory(bg, o.admin, in)
		if fieldsOf(err)[field] == "" {
			t.Errorf("%+v: %v", in, err)
		}
	}
	_, err := o.db.SaveCategory(bg, o.admin, store.Category{Code: "X", Name: "이름", Department: store.Ref{Name: "없는 과"}})
	wantKind(t, err, store.Invalid)
	c.Name = "도로·보도"
	must(o.db.SaveCategory(bg, o.admin, c))(t)
	if err := o.db.CloseCategory(bg, o.admin, c.ID); err != nil {
		t.Fatal(err)
	}
	list := must(o.db.Categories(bg, o.roadStaff))(t)
	if len(list) != 1 || list[0].Name != "도로·보도" || list[0].ClosedAt.IsZero() {
		t.Errorf("list %+v", list)
	}
	_, err = o.db.SaveCategory(bg, o.operator, c)
	wantKind(t, err, store.Forbidden)
	wantKind(t, o.db.CloseCategory(bg, o.admin, 99), store.NotFound)
}

func TestCannedAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	save := func(who store.Actor, scope, title string) (store.Canned, error) {
		return o.db.SaveCanned(bg, who, store.Canned{Scope: scope, Title: title, Body: "안녕하세요. {이름}님"})
	}
	all := must(save(o.admin, "all", "인사"))(t)
	road := must(save(o.roadStaff, fmt.Sprintf("department:%d", o.road.ID), "보도 정비"))(t)
	own := must(save(o.operator, fmt.Sprintf("staff:%d", o.operator.Staff), "내 말"))(t)
	for _, c := range []struct {
		who   store.Actor
		scope string
	}{
		{o.operator, "all"}, {o.roadStaff, fmt.Sprintf("department:%d", o.waste.ID)}, {o.operator, fmt.Sprintf("staff:%d", o.admin.Staff)}, {o.auditor, "all"},
	} {
		if _, err := save(c.who, c.scope, "남의 것"); store.KindOf(err) != store.Forbidden {
			t.Errorf("%s saves for %s: %v", c.who.Name, c.scope, err)
		}
	}
	titles := func(who store.Actor) (out []string) {
		for _, c := range must(o.db.CannedAnswers(bg, who))(t) {
			out = append(out, c.Title)
		}
		slices.Sort(out)
		return out
	}
	for who, want := range map[*store.Actor][]string{
		&o.operator: {"내 말", "인사"}, &o.roadStaff: {"보도 정비", "인사"}, &o.wasteStaff: {"인사"}, &o.admin: {"보도 정비", "인사"},
	} {
		if got := titles(*who); !slices.Equal(got, want) {
			t.Errorf("%s may use %v, want %v", who.Name, got, want)
		}
	}
	if err := o.db.UsedCanned(bg, o.operator, own.ID); err != nil {
		t.Error(err)
	}
	if list := must(o.db.CannedAnswers(bg, o.operator))(t); list[0].Title != "내 말" || list[0].Used != 1 {
		t.Errorf("most used first: %+v", list)
	}
	wantKind(t, o.db.DeleteCanned(bg, o.operator, all.ID), store.Forbidden)
	wantKind(t, o.db.DeleteCanned(bg, o.operator, road.ID), store.NotFound)
	if err := o.db.DeleteCanned(bg, o.operator, own.ID); err != nil {
		t.Error(err)
	}
	_, err := o.db.SaveCanned(bg, o.admin, store.Canned{})
	if f := fieldsOf(err); f["title"] == "" || f["body"] == "" {
		t.Errorf("empty: %v", err)
	}
	_, err = save(o.admin, "everybody", "x")
	if fieldsOf(err)["scope"] == "" {
		t.Errorf("odd scope: %v", err)
	}
}
