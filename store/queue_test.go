package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/worktime"
)

// night is a store with the clock where a test wants it, and what the tests of closed hours look at.
type night struct {
	testing.TB
	db    *store.DB
	clock *storetest.Clock
	dir   string
}

func newNight(t testing.TB, at string) *night {
	t.Helper()
	n := &night{TB: t, clock: &storetest.Clock{}, dir: t.TempDir()}
	n.at(at)
	n.db = storetest.Open(t, n.clock, n.dir)
	return n
}

func (n *night) at(s string) { n.clock.Set(storetest.At(s)) }

// says lets a friend of the channel write and returns the number of the newest case.
func (n *night) says(user, text string) string {
	n.Helper()
	storetest.Say(n, n.db, storetest.Call{User: user, Text: text, Friend: true})
	return store.Value(n.db, `select number from tickets order by id desc limit 1`)
}

func (n *night) opening(at string) int {
	n.Helper()
	moved, err := n.db.Opening(context.Background(), store.Job("opening"), storetest.At(at))
	if err != nil {
		n.Fatalf("opening: %v", err)
	}
	return moved
}

func (n *night) closing(at string) int {
	n.Helper()
	moved, err := n.db.Closing(context.Background(), store.Job("closing"), storetest.At(at))
	if err != nil {
		n.Fatalf("closing: %v", err)
	}
	return moved
}

// is fails unless the case lies as described: "state follow_up_on".
func (n *night) is(number, want string) {
	n.Helper()
	if got := store.Value(n.db, `select state || coalesce(' ' || follow_up_on, '') from tickets where number = ?`, number); got != want {
		n.Errorf("%s: case %s is %q, want %q", worktime.Korean(n.clock.Now()), number, got, want)
	}
}

// rows are the queue rows of a case: "period outcome".
func (n *night) rows(number, want string) {
	n.Helper()
	if got := store.Value(n.db, `select coalesce(group_concat(r, ', '), '') from (select q.period || coalesce(' ' || q.outcome, '') r
		from queue_items q join tickets t on t.id = q.ticket where t.number = ? order by q.period)`, number); got != want {
		n.Errorf("queue rows of %s: %q, want %q", number, got, want)
	}
}

// lines counts the automatic lines of a case by wording key.
func (n *night) lines(number, key string, want int) {
	n.Helper()
	got := store.Value(n.db, `select count(*) from messages m join tickets t on t.id = m.ticket where t.number = ? and m.key = ?`, number, key)
	if got != fmt.Sprint(want) {
		n.Errorf("%s on %s: %s, want %d", key, number, got, want)
	}
}

func (n *night) reply(number string) {
	n.Helper()
	if _, err := n.db.Reply(context.Background(), anOperator, number, store.ReplyInput{Text: "확인했어요. 내일 고칠게요."}); err != nil {
		n.Fatalf("reply: %v", err)
	}
}

// The example of the issue: Wednesday night before 추석, followed up once on Monday.
func TestFollowUpAfterHolidays(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-09-23 22:30")
	heard := storetest.Say(t, n.db, storetest.Call{Text: "가로등이 꺼졌어요", Friend: true})
	if !strings.Contains(heard.Text(), "9월 28일(월) 09:00") {
		t.Errorf("the receipt does not name the next opening:\n%s", heard.Text())
	}
	number := store.Value(n.db, `select number from tickets`)
	n.is(number, "waiting 2026-09-28")
	n.at("2026-09-28 09:00")
	if got := n.opening("2026-09-28 09:00"); got != 1 {
		t.Errorf("opening worked %d cases", got)
	}
	n.is(number, "open")
	n.rows(number, "2026-09-28 followed")
	n.lines(number, "opening_line", 1)
	if got := store.Value(n.db, `select d.state || ' ' || d.expires_at from queue_items q join deliveries d on d.id = q.delivery`); got != fmt.Sprintf("queued %d", storetest.At("2026-09-28 18:00").UnixMilli()) {
		t.Errorf("the line and its expiry: %s", got)
	}
	if got := store.Value(n.db, `select awaiting_since from tickets`); got != fmt.Sprint(storetest.At("2026-09-23 22:30").UnixMilli()) {
		t.Errorf("the citizen waits since %s", got)
	}
	// Twice, and later the same day, changes nothing.
	n.opening("2026-09-28 09:00")
	n.at("2026-09-28 10:40")
	if got := n.opening("2026-09-28 09:00"); got != 0 {
		t.Errorf("a second run worked %d cases", got)
	}
	n.lines(number, "opening_line", 1)
}

func TestStrangerGetsNoFollowUp(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 20:00")
	storetest.Say(t, n.db, storetest.Call{Text: "가로등이 꺼졌어요"})
	n.at("2026-11-24 09:00")
	n.opening("2026-11-24 09:00")
	if got := store.Value(n.db, `select state || ': ' || reason from deliveries where class = 'line'`); got != "cancelled: no route" {
		t.Errorf("the line of a stranger is %q", got)
	}
	n.rows("2026-000001", "2026-11-24 followed")
}

func TestWhoAnsweredOrWroteIsNotFollowedUp(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 20:00")
	answered := n.says("a", "답을 받은 시민")
	again := n.says("b", "답을 받고 다시 쓴 시민")
	wrote := n.says("c", "아침에 쓴 시민")
	n.at("2026-11-23 21:00")
	n.reply(answered)
	n.reply(again)
	n.rows(answered, "2026-11-24 answered")
	n.at("2026-11-23 22:00")
	n.says("b", "그래도 아직 꺼져 있어요")
	n.is(again, "waiting 2026-11-24")
	n.rows(again, "2026-11-24")
	n.at("2026-11-24 09:00")
	n.says("c", "아직인가요?")
	n.rows(wrote, "2026-11-24 wrote")
	n.at("2026-11-24 09:00:01")
	if got := n.opening("2026-11-24 09:00"); got != 1 {
		t.Errorf("opening worked %d cases, want the one that still waits", got)
	}
	n.lines(answered, "opening_line", 0)
	n.lines(wrote, "opening_line", 0)
	n.lines(again, "opening_line", 1)
	n.is(answered, "answered")
	n.is(wrote, "open")
	n.rows(again, "2026-11-24 followed")
}

func TestClosing(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-27 17:00") // Friday
	open := n.says("a", "도로가 파였어요")
	answered := n.says("b", "답을 받은 시민")
	n.reply(answered)
	evening := n.says("c", "저녁까지 보류")
	weekend := n.says("d", "화요일까지 보류")
	review := n.says("e", "부서에 간 민원")
	setRows(t, n.db, `insert into departments (id, name) values (1, '도로과')`)
	setRows(t, n.db, `update tickets set snooze_until = ? where number = ?`, storetest.At("2026-11-27 20:00").UnixMilli(), evening)
	setRows(t, n.db, `update tickets set snooze_until = ? where number = ?`, storetest.At("2026-12-01 10:00").UnixMilli(), weekend)
	setRows(t, n.db, `update tickets set state = 'review', department = 1 where number = ?`, review)

	n.at("2026-11-27 17:59:59.999")
	if got := n.closing("2026-11-27 18:00"); got != 0 {
		t.Errorf("while the office is open closing moved %d cases", got)
	}
	n.at("2026-11-27 18:00")
	if got := n.closing("2026-11-27 18:00"); got != 2 {
		t.Errorf("closing moved %d cases, want 2", got)
	}
	n.is(open, "waiting 2026-11-30")
	n.is(evening, "waiting 2026-11-30")
	n.is(answered, "answered")
	n.is(weekend, "open")
	n.is(review, "review")
	n.rows(review, "")
	n.lines(open, "closing_line", 1)
	n.lines(weekend, "closing_line", 0)
	if got := store.Value(n.db, `select text from messages where key = 'closing_line' limit 1`); !strings.Contains(got, "11월 30일(월) 09:00") {
		t.Errorf("the closing line does not name the opening: %s", got)
	}
	if got := store.Value(n.db, `select expires_at from deliveries where class = 'line' limit 1`); got != fmt.Sprint(storetest.At("2026-11-30 09:00").UnixMilli()) {
		t.Errorf("the closing line expires at %s", got)
	}
	n.at("2026-11-27 22:00")
	if got := n.closing("2026-11-27 18:00"); got != 0 {
		t.Errorf("a second run moved %d cases", got)
	}
	n.lines(open, "closing_line", 1)

	// What was snoozed until the evening is a morning case now: only the opening brings it back.
	if woken, err := n.db.WakeDue(context.Background(), store.Job("wake")); err != nil || woken != 0 {
		t.Errorf("woken %d, %v", woken, err)
	}
	n.is(evening, "waiting 2026-11-30")
	n.at("2026-11-30 09:00")
	if got := n.opening("2026-11-30 09:00"); got != 2 {
		t.Errorf("opening worked %d cases, want 2", got)
	}
	n.is(weekend, "open")
	n.rows(weekend, "")
}

// A gap inside the day is closed for promises only (RULES E3).
func TestLunchMakesNoQueue(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 11:00")
	week := worktime.OfficeWeek()
	week[time.Monday] = []worktime.Interval{{From: 540, To: 720}, {From: 780, To: 1080}}
	if err := n.db.SaveHours(context.Background(), anAdmin, worktime.ScopeDesk, week); err != nil {
		t.Fatal(err)
	}
	before := n.says("a", "점심 전에 쓴 글")
	n.at("2026-11-23 12:00")
	if got := n.closing("2026-11-23 12:00"); got != 0 {
		t.Errorf("lunch moved %d cases", got)
	}
	n.at("2026-11-23 12:30")
	during := n.says("b", "점심에 쓴 글")
	n.is(before, "open")
	n.is(during, "open")
	n.rows(during, "")
	n.at("2026-11-23 13:00")
	if got := n.opening("2026-11-23 13:00"); got != 0 {
		t.Errorf("the end of lunch followed up %d cases", got)
	}
}

func TestMissedClosingIsTakenAlong(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 17:00")
	number := n.says("a", "닫는 작업이 없던 날")
	n.at("2026-11-24 09:00")
	if got := n.opening("2026-11-24 09:00"); got != 1 {
		t.Errorf("opening took %d cases along", got)
	}
	n.is(number, "open")
	n.rows(number, "2026-11-24 followed")
	n.lines(number, "opening_line", 1)
	n.opening("2026-11-24 09:00")
	n.lines(number, "opening_line", 1)
}

func TestMissedOpeningIsTakenAlong(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-22 12:00") // Sunday
	number := n.says("a", "월요일에 서버가 꺼져 있었다")
	n.is(number, "waiting 2026-11-23")
	// Monday passes without an opening; the closing only tells the new date.
	n.at("2026-11-23 18:01")
	if got := n.opening("2026-11-23 09:00"); got != 0 {
		t.Errorf("an opening after the close worked %d cases", got)
	}
	n.closing("2026-11-23 18:00")
	n.is(number, "waiting 2026-11-24")
	n.lines(number, "closing_line", 0)
	n.at("2026-11-24 09:00")
	if got := n.opening("2026-11-24 09:00"); got != 1 {
		t.Errorf("Tuesday took %d cases along", got)
	}
	n.is(number, "open")
	n.rows(number, "2026-11-23 followed, 2026-11-24 followed")
	n.lines(number, "opening_line", 1)
}

// dying is a context that ends after it was asked a few times: a stop at a place that does not depend on speed.
type dying struct {
	context.Context
	left atomic.Int32
}

func (d *dying) Err() error {
	if d.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// The batch ends in the middle, as by a kill; the next run goes on with what is left, in order of waiting.
func TestOpeningGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 20:00")
	var numbers []string
	for i := range 10 {
		n.clock.Advance(time.Minute)
		numbers = append(numbers, n.says(fmt.Sprint("user", i), "밤에 쓴 글"))
	}
	n.at("2026-11-24 09:00")
	ctx := &dying{Context: context.Background()}
	ctx.left.Store(6)
	if _, err := n.db.Opening(ctx, store.Job("opening"), n.clock.Now()); err == nil {
		t.Fatal("the first run was not cut short")
	}
	done := 0
	for i, number := range numbers {
		if store.Value(n.db, `select state from tickets where number = ?`, number) == "open" {
			done++
			if i != done-1 {
				t.Errorf("case %d was worked before case %d, which waits longer", i, done-1)
			}
		}
	}
	if done == 0 || done == 10 {
		t.Fatalf("%d cases were worked before the end", done)
	}
	if err := n.db.Close(); err != nil {
		t.Fatal(err)
	}
	n.db = storetest.Open(t, n.clock, n.dir)
	if got := n.opening("2026-11-24 09:00"); got != 10-done {
		t.Errorf("the second run worked %d cases, want %d", got, 10-done)
	}
	for _, number := range numbers {
		n.lines(number, "opening_line", 1)
		n.rows(number, "2026-11-24 followed")
	}
}

// One case that cannot be worked does not hold the others back.
func TestOneBrokenCaseHoldsNobodyBack(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 20:00")
	broken, fine := n.says("a", "망가진 행"), n.says("b", "멀쩡한 행")
	setRows(t, n.db, `create trigger broken before update of state on tickets when new.id = 1 begin select raise(abort, 'broken'); end`)
	n.at("2026-11-24 09:00")
	got, err := n.db.Opening(context.Background(), store.Job("opening"), n.clock.Now())
	if got != 1 || err == nil || !strings.Contains(err.Error(), "ticket 1") {
		t.Errorf("worked %d, %v", got, err)
	}
	n.is(fine, "open")
	n.is(broken, "waiting 2026-11-24")
	setRows(t, n.db, `drop trigger broken`)
	if got := n.opening("2026-11-24 09:00"); got != 1 {
		t.Errorf("the next run worked %d", got)
	}
	n.lines(broken, "opening_line", 1)
	n.lines(fine, "opening_line", 1)
}

// A batch that is still running when the office closes leaves the rest to the next opening.
func TestOpeningEndsWithItsDay(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 20:00")
	number := n.says("a", "늦게 시작한 작업")
	n.at("2026-11-24 18:00")
	if got := n.opening("2026-11-24 09:00"); got != 0 {
		t.Errorf("worked %d cases after the close", got)
	}
	n.is(number, "waiting 2026-11-24")
}

// Words that arrived before the opening and were stored after it have worked.
func TestStragglers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	n := newNight(t, "2026-11-24 08:59:59.900")
	in := storetest.Call{Text: "아슬아슬한 글", Friend: true}.In(n.db)
	if opened, err := n.db.Stragglers(ctx, store.Job("opening")); opened != 0 || err != nil {
		t.Errorf("before the opening: %d, %v", opened, err)
	}
	n.at("2026-11-24 09:00:00.300")
	n.opening("2026-11-24 09:00")
	n.db.Receive(ctx, in)
	number := "2026-000001"
	n.is(number, "waiting 2026-11-24")
	tonight := n.says("b", "열린 뒤의 글")
	for _, want := range []int{1, 0} {
		if opened, err := n.db.Stragglers(ctx, store.Job("opening")); opened != want || err != nil {
			t.Errorf("opened %d, %v, want %d", opened, err, want)
		}
	}
	n.is(number, "open")
	n.rows(number, "2026-11-24 followed")
	n.lines(number, "opening_line", 1)
	n.lines(tonight, "opening_line", 0)

	// The demo's clock goes back, and the night is lived again: the case opens, but is not told a second time.
	n.at("2026-11-23 22:00")
	n.says("citizen", "다시 온 밤")
	n.is(number, "waiting 2026-11-24")
	n.at("2026-11-24 09:00")
	if opened, err := n.db.Stragglers(ctx, store.Job("opening")); opened != 1 || err != nil {
		t.Errorf("opened %d, %v", opened, err)
	}
	n.is(number, "open")
	n.lines(number, "opening_line", 1)
}

func TestHolidayEnteredAtTheLastMinute(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 20:00")
	number := n.says("a", "갑자기 쉬는 날")
	n.at("2026-11-24 08:59")
	if _, err := n.db.AddException(context.Background(), anAdmin, store.HourException{
		Scope: worktime.ScopeDesk, Date: worktime.NewDate(2026, 11, 24), Closed: true, Name: "폭설",
	}); err != nil {
		t.Fatal(err)
	}
	n.at("2026-11-24 09:00")
	if got := n.opening("2026-11-24 09:00"); got != 0 {
		t.Errorf("a closed day followed up %d cases", got)
	}
	n.at("2026-11-25 09:00")
	if got := n.opening("2026-11-25 09:00"); got != 1 {
		t.Errorf("the next working day followed up %d cases", got)
	}
	n.lines(number, "opening_line", 1)
}

func TestWorklist(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	n := newNight(t, "2026-11-23 20:00")
	first := n.says("a", "먼저 쓴 글")
	n.clock.Advance(time.Hour)
	second := n.says("b", "나중에 쓴 글")
	third := n.says("c", "부서의 글")
	storetest.Say(t, n.db, storetest.Call{User: "tester", Text: "시험", Bot: storetest.BotID + "!"})

	// In the night the page shows the night that runs.
	w, err := n.db.Worklist(ctx, anOperator, "")
	if err != nil || len(w.Items) != 3 || w.Period != worktime.NewDate(2026, 11, 24) || !w.Opens.Equal(storetest.At("2026-11-24 09:00")) {
		t.Fatalf("worklist of the night: %+v, %v", w, err)
	}
	if w.Items[0].Ticket.Number != first || w.Items[1].Ticket.Number != second || !w.Items[0].PromisedAt.Equal(w.Opens) || w.Outcomes[""] != 3 {
		t.Errorf("order, promise and progress: %+v", w)
	}
	n.at("2026-11-24 09:00")
	n.opening("2026-11-24 09:00")
	n.reply(first)
	w, err = n.db.Worklist(ctx, anOperator, "")
	if err != nil || w.Handled != 1 || w.Outcomes["followed"] != 3 || w.Items[0].Ticket.Number != second || w.Items[0].Delivery == 0 {
		t.Errorf("after the opening and one answer: %+v, %v", w, err)
	}
	setRows(t, n.db, `insert into departments (id, name) values (1, '도로과')`)
	setRows(t, n.db, `update tickets set department = 1 where number = ?`, third)
	road := store.Actor{Role: store.RoleDepartment, Name: "박주무관", Departments: []int64{1}}
	w, err = n.db.Worklist(ctx, road, "2026-11-24")
	if err != nil || len(w.Items) != 1 || w.Items[0].Ticket.Number != third || w.Outcomes["followed"] != 1 {
		t.Errorf("a department sees its own: %+v, %v", w, err)
	}
	n.at("2026-11-24 19:00")
	w, err = n.db.Worklist(ctx, anOperator, "")
	if err != nil || len(w.Items) != 0 || w.Previous != worktime.NewDate(2026, 11, 24) || !w.Next.IsZero() {
		t.Errorf("the next night is empty and knows the one before: %+v, %v", w, err)
	}
	if _, err := n.db.Worklist(ctx, anOperator, "어제"); store.KindOf(err) != store.Invalid {
		t.Errorf("no date: %v", err)
	}
	if _, err := n.db.Worklist(ctx, store.Actor{Role: store.RoleCitizen}, ""); store.KindOf(err) != store.Forbidden {
		t.Errorf("a citizen: %v", err)
	}
}
