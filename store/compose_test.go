package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/wording"
)

func TestReplyRefusesWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"empty":    {" \n\t\x00 ", "입력"},
		"too long": {strings.Repeat("가로등을 하나씩 점검하고 있어요. ", 200), "길어요"},
	} {
		_, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: c.text})
		if store.KindOf(err) != store.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := store.Value(o.db, `select count(*) from messages where kind = 'reply'`); n != "0" {
		t.Errorf("%s replies were stored", n)
	}
	m := o.reply("한\x00글\u202e 답변")
	if m.Text != "한글 답변" {
		t.Errorf("stored %q", m.Text)
	}
}

func TestReplyMovesTheCaseAndItsClocks(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	m := o.reply("오늘 고칠게요.")
	if got := o.ticket("state") + " " + o.ticket("awaiting_since") + " " + o.ticket("unread"); got != "answered none 0" {
		t.Errorf("case is %q", got)
	}
	if o.ticket("first_reply_at") != o.ticket("done_at") || o.ticket("done_at") == "none" || o.ticket("notified_at") != "none" {
		t.Errorf("clocks: first %s, done %s, notified %s", o.ticket("first_reply_at"), o.ticket("done_at"), o.ticket("notified_at"))
	}
	if m.ID == 0 || m.ByName != "김상담" || m.Delivery == nil || m.Delivery.State != "pickup" {
		t.Errorf("message %+v", m)
	}
	first := o.ticket("first_reply_at")
	o.clock.Advance(time.Hour)
	o.reply("고쳤어요.")
	if o.ticket("first_reply_at") != first || o.ticket("done_at") == first {
		t.Error("row 22: done_at moves, first_reply_at stays")
	}
}

func TestReplyThatHasNotSeenNewerWordsKeepsTheCaseOpen(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	seen := lastMessage(o)
	o.clock.Advance(time.Minute)
	unseen := o.clock.Now()
	o.says("그리고 신호등도요", stranger)
	o.clock.Advance(time.Minute)
	o.says("빨리요", stranger)
	m, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "오늘 고칠게요.", Seen: seen})
	if err != nil {
		t.Fatal(err)
	}
	if got := o.ticket("state"); got != "open" {
		t.Errorf("state %s", got)
	}
	if got := store.Value(o.db, `select awaiting_since = ? from tickets`, unseen.UnixMilli()); got != "1" {
		t.Error("awaiting_since is not the arrival of the first unseen message")
	}
	if o.ticket("unread") != "2" {
		t.Errorf("unread %s", o.ticket("unread"))
	}
	if _, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "신호등도 볼게요.", Seen: m.ID}); err != nil {
		t.Errorf("the id a reply returns is taken back as seen: %v", err)
	}
	if got := o.ticket("state"); got != "answered" {
		t.Errorf("state %s", got)
	}
}

func lastMessage(o *out) (id int64) {
	o.Helper()
	for _, c := range store.Value(o.db, `select max(id) from messages`) {
		id = id*10 + int64(c-'0')
	}
	return id
}

func TestReplyAgainstAColleaguesIsAConflict(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	seen := lastMessage(o)
	theirs := o.reply("제가 답했어요.")
	_, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "저도 답해요.", Seen: seen})
	conflict, ok := errors.AsType[*store.Error](err)
	if !ok || conflict.Kind != store.Conflict || len(conflict.Newer) != 1 || conflict.Newer[0].ID != theirs.ID {
		t.Fatalf("conflict %+v", err)
	}
	if d := conflict.Newer[0].Delivery; d == nil || d.State != theirs.Delivery.State {
		t.Errorf("how far theirs came: %+v", d)
	}
	if _, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "저도 답해요.", Seen: seen, Force: true}); err != nil {
		t.Errorf("forced: %v", err)
	}
}

func TestReplyAndFinish(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	seen := lastMessage(o)
	o.clock.Advance(time.Minute)
	o.says("하나 더요", stranger)
	_, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "고쳤어요.", Seen: seen, Finish: true})
	if store.KindOf(err) != store.Conflict {
		t.Errorf("finished over words nobody has read: %v", err)
	}
	m, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "고쳤어요.", Finish: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := o.ticket("state") + " " + o.ticket("outcome"); got != "closed answered" {
		t.Errorf("case %q", got)
	}
	o.clock.Advance(time.Minute)
	o.says("감사합니다", stranger)
	o.want(m, "delivered")
	if o.ticket("notified_at") == "none" {
		t.Error("not notified")
	}
}

func TestReplyIsRefusedToWhoMayNot(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	for _, c := range []struct {
		who  store.Actor
		want store.Kind
	}{
		{store.Actor{Role: store.RoleAuditor}, store.Forbidden},
		{store.Actor{Role: store.RoleDepartment, Departments: []int64{7}}, store.NotFound},
	} {
		if _, err := o.db.Reply(ctx, c.who, o.number, store.ReplyInput{Text: "안녕하세요."}); store.KindOf(err) != c.want {
			t.Errorf("%s replies: %v", c.who.Role, err)
		}
		if _, err := o.db.Note(ctx, c.who, o.number, "메모", nil); store.KindOf(err) != c.want {
			t.Errorf("%s notes: %v", c.who.Role, err)
		}
	}
	m := o.reply("오늘 고칠게요.")
	if _, err := o.db.Resend(ctx, store.Actor{Role: store.RoleDepartment, Departments: []int64{7}}, m.Delivery.ID); store.KindOf(err) != store.NotFound {
		t.Errorf("a foreign department resends: %v", err)
	}
}

func TestNoteReachesNobody(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	m, err := o.db.Note(ctx, operator, o.number, "전화해 볼 것", nil)
	if err != nil || m.Kind != store.FromNote {
		t.Fatalf("note %+v, %v", m, err)
	}
	if o.ticket("state") != "open" || store.Value(o.db, `select count(*) from deliveries`) != "0" {
		t.Error("a note moved the case or was sent")
	}
}

func TestUndoTakesTheReplyBack(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	awaiting := o.ticket("awaiting_since")
	settings := o.db.Settings()
	settings.UndoSeconds = 5
	if err := o.db.SaveSettings(ctx, store.Actor{Role: store.RoleAdmin, Name: "관리자"}, settings); err != nil {
		t.Fatal(err)
	}
	m := o.reply("잘못 쓴 답변")
	if work := o.claims(); len(work) != 0 {
		t.Error("sent while it can be taken back")
	}
	if h := o.says("여보세요", friend); strings.Contains(h.Text(), "잘못 쓴 답변") {
		t.Error("handed out while it can be taken back")
	}
	if _, err := o.db.CancelDelivery(ctx, operator, m.Delivery.ID); err != nil {
		t.Fatal(err)
	}
	o.want(m, "cancelled: undone")
	if o.ticket("state") != "open" || o.ticket("awaiting_since") != awaiting {
		t.Errorf("the citizen does not wait again: %s since %s", o.ticket("state"), o.ticket("awaiting_since"))
	}
	m = o.reply("맞는 답변")
	o.clock.Advance(5 * time.Second)
	o.claim()
	if _, err := o.db.CancelDelivery(ctx, operator, m.Delivery.ID); store.KindOf(err) != store.WrongState {
		t.Errorf("taken back on its way: %v", err)
	}
}

func TestResendIsAPersonsDecision(t *testing.T) {
	t.Parallel()
	o := calledBack(t, friend)
	m := o.reply("세 시쯤 가요.")
	o.settle(o.claim(), lost)
	o.clock.Advance(time.Minute)
	o.claims()
	o.want(m, "unknown")
	d, err := o.db.Resend(ctx, operator, m.Delivery.ID)
	if err != nil || d.State != "queued" || d.ID == m.Delivery.ID {
		t.Fatalf("resend %+v, %v", d, err)
	}
	if a := o.claim(); a.Route != "event" {
		t.Errorf("route %q", a.Route)
	}
	if _, err := o.db.Resend(ctx, operator, d.ID); store.KindOf(err) != store.WrongState {
		t.Errorf("resent on its way: %v", err)
	}
}

func TestReplyTomorrowMorning(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	morning := storetest.At("2026-11-24 09:00")
	m, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "오늘 고쳐요.", NotBefore: morning})
	if err != nil || !m.Delivery.NotBefore.Equal(morning) {
		t.Fatalf("%+v, %v", m.Delivery, err)
	}
	if due, err := o.db.NextOutbox(ctx, nil); err != nil || !due.Service.Equal(morning) {
		t.Errorf("due %v, %v", due.Service, err)
	}
	now := o.reply("급한 것부터요.")
	if h := o.event(o.claim().UID); len(h.Bubbles) != 1 || h.Bubbles[0] != "급한 것부터요." {
		t.Errorf("at once: %q", h.Bubbles)
	}
	o.want(now, "offered")
	o.want(m, "queued")
}

func TestNoticesAndLinesKeepToWakingHours(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-11-23 07:59": "2026-11-23 08:00", "2026-11-23 08:00": "", "2026-11-23 20:59": "",
		"2026-11-23 21:00": "2026-11-24 08:00", "2026-12-31 23:30": "2027-01-01 08:00",
	} {
		got := store.WakingHours(storetest.At(at))
		if want == "" && !got.IsZero() || want != "" && !got.Equal(storetest.At(want)) {
			t.Errorf("at %s: not before %v, want %q", at, got, want)
		}
	}
	o := outbox(t, friend)
	o.clock.Set(storetest.At("2026-11-23 22:00"))
	if err := store.SendNotice(o.db, o.number, wording.TransferNotice, wording.Vars{Number: o.number, Department: "도로과", Contact: "054-123-4567"}); err != nil {
		t.Fatal(err)
	}
	if work := o.claims(); len(work) != 0 {
		t.Error("a notice went out at night")
	}
	m := o.reply("밤에도 답해요.")
	o.claim()
	o.want(m, "sending")
	o.clock.Set(storetest.At("2026-11-23 22:00"))
	if h := o.says("여보세요", friend); !strings.Contains(h.Text(), "도로과") {
		t.Error("a citizen who speaks at night is not told what waits")
	}
}

func TestLineWithoutPushRouteIsCancelled(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	id, err := store.SendLine(o.db, o.number, wording.ClosingLine, wording.Vars{NextOpen: storetest.At("2026-11-24 09:00")}, storetest.At("2026-11-24 09:00"))
	if err != nil || store.StateOf(o.db, id) != "cancelled: no route" {
		t.Errorf("line is %q, %v", store.StateOf(o.db, id), err)
	}
}

func TestLineIsSupersededByWhatComesFirst(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(*out){
		"reply":   func(o *out) { o.reply("오늘 고칠게요.") },
		"message": func(o *out) { o.says("여보세요", friend) },
		"notice": func(o *out) {
			if err := store.SendNotice(o.db, o.number, wording.TransferNotice, wording.Vars{Number: o.number, Department: "도로과", Contact: "054-123-4567"}); err != nil {
				o.Fatal(err)
			}
		},
	} {
		o := outbox(t, friend)
		id := o.line()
		first(o)
		if got := store.StateOf(o.db, id); got != "cancelled: superseded" {
			t.Errorf("%s: the line is %q", name, got)
		}

		o = outbox(t, friend) // the same while the line is on its way and then comes back
		id = o.line()
		a := o.claim()
		first(o)
		o.settle(a, store.Report{Verdict: store.VerdictUnreached, Reason: "dial"})
		if got := store.StateOf(o.db, id); got != "cancelled: superseded" {
			t.Errorf("%s while sending: the line is %q", name, got)
		}
	}
}

func (o *out) line() int64 {
	o.Helper()
	id, err := store.SendLine(o.db, o.number, wording.OpeningLine, wording.Vars{Number: o.number}, storetest.At("2026-11-23 18:00"))
	if err != nil || store.StateOf(o.db, id) != "queued" {
		o.Fatalf("line %q, %v", store.StateOf(o.db, id), err)
	}
	return id
}

func TestLineExpiresAtTheBoundaryOfTheDay(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	id := o.line()
	o.clock.Set(storetest.At("2026-11-23 18:00"))
	if work := o.claims(); len(work) != 0 {
		t.Errorf("sent after its time: %+v", work)
	}
	if got := store.StateOf(o.db, id); got != "cancelled: expired" {
		t.Errorf("the line is %q", got)
	}
}

func TestLineIsNotHandedOutInAnAnswer(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	id := o.line()
	text := store.Value(o.db, `select text from messages where key = 'opening_line'`)
	if h := o.says("답변 확인", friend); strings.Contains(h.Text(), text) {
		t.Errorf("the answer carries a line: %q", h.Text())
	}
	if got := store.StateOf(o.db, id); got != "queued" {
		t.Errorf("the line is %q", got)
	}
}

func TestSameKeyIsOneReply(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	once := func(body string) *store.Once {
		return &store.Once{Scope: "token 1 /messages", Key: "key-1", Digest: []byte(body), Encode: func(m store.Message) (int, []byte) {
			return 201, []byte(m.Text + " " + m.Delivery.State)
		}}
	}
	send := func(body string) error {
		_, err := o.db.Reply(ctx, operator, o.number, store.ReplyInput{Text: "오늘 고칠게요.", Once: once(body)})
		return err
	}
	if err := send("a"); err != nil {
		t.Fatal(err)
	}
	again, ok := errors.AsType[*store.Replayed](send("a"))
	if !ok || again.Status != 201 || string(again.Body) != "오늘 고칠게요. queued" {
		t.Errorf("the repeat got %+v", again)
	}
	if err := send("b"); store.KindOf(err) != store.Invalid {
		t.Errorf("another body under the same key: %v", err)
	}
	if n := store.Value(o.db, `select count(*) from deliveries`); n != "1" {
		t.Errorf("%s deliveries", n)
	}
}

func TestReplyToABlockedCitizenIsACallTask(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	waits := o.reply("오늘 고칠게요.")
	if err := store.Exec(o.db, `update citizens set blocked_at = ?, block_reason = '욕설'`, o.clock.Now().UnixMilli()); err != nil {
		t.Fatal(err)
	}
	o.claims()
	o.want(waits, "failed: blocked")
	o.want(o.reply("내일 고칠게요."), "failed: blocked")
	if n := store.Value(o.db, `select count(*) from call_tasks where done_at is null`); n != "2" {
		t.Errorf("%s call tasks", n)
	}
}

func TestToldByPhoneEndsWhatWaits(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	m := o.reply("오늘 고칠게요.")
	if _, err := o.db.HandledByPhone(ctx, operator, m.Delivery.ID); err != nil {
		t.Fatal(err)
	}
	o.want(m, "cancelled: phone")
	if o.ticket("notified_at") == "none" {
		t.Error("not notified")
	}
	if h := o.says("답변 확인", stranger); strings.Contains(h.Text(), "고칠게요") {
		t.Error("shown although told by phone")
	}
	if _, err := o.db.HandledByPhone(ctx, operator, m.Delivery.ID); store.KindOf(err) != store.WrongState {
		t.Errorf("told twice: %v", err)
	}
}

func TestStatesAreCounted(t *testing.T) {
	t.Parallel()
	o := outbox(t, stranger)
	o.reply("하나예요.")
	o.reply("둘이에요.")
	o.says("여보세요", stranger)
	o.reply("셋이에요.")
	st, err := o.db.Status(ctx, operator)
	if got := st.Deliveries; err != nil || got["delivered"] != 2 || got["pickup"] != 1 || got["offered"] != 0 || got["queued"] != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// Nobody has to telephone because an automatic line could not be sent.
func TestLineToABlockedCitizenIsNoCallTask(t *testing.T) {
	t.Parallel()
	o := outbox(t, friend)
	if err := store.Exec(o.db, `update citizens set blocked_at = ?, block_reason = '욕설'`, o.clock.Now().UnixMilli()); err != nil {
		t.Fatal(err)
	}
	id, err := store.SendLine(o.db, o.number, wording.OpeningLine, wording.Vars{Number: o.number}, o.clock.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got := store.StateOf(o.db, id); got != "cancelled: blocked" {
		t.Errorf("the line is %q", got)
	}
	if n := store.Value(o.db, `select count(*) from call_tasks`); n != "0" {
		t.Errorf("%s call tasks", n)
	}
}
