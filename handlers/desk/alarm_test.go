package desk_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

func TestUrgentCasesRingOnEveryPage(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "operator")
	b.get("/account").hasNot(`class="alarm"`)
	n := o.say(t, storetest.Call{User: "a", Text: "집에서 가스 냄새가 나요 <빨리>"})
	for _, path := range []string{"/account", "/tickets", "/worklist", "/calls"} {
		p := b.get(path)
		p.has(`id="alarm-`+n+`-2026-11-23"`, "집에서 가스 냄새가 나요 &lt;빨리&gt;", `href="/tickets/`+n+`"`)
		checkPage(t, path, p.body)
	}
	o.signIn(t, "road").get("/account").hasNot(`class="alarm"`)
	o.signIn(t, "auditor").get("/account").hasNot(`class="alarm"`)
	p := b.get("/tickets/" + n)
	b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "119에 알렸어요.", "seen", p.seen()))
	b.get("/account").hasNot(`class="alarm"`)
}

func TestTroubleStandsInTheStripOfOfficers(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b, operator := o.signIn(t, "admin"), o.signIn(t, "operator")
	b.get("/tickets").hasNot("받지 못한 글")
	o.db.Receive(t.Context(), store.In{Body: []byte(`{"userRequest": {`), RequestID: "r1", Arrived: o.db.Now(), Real: o.db.Real()})
	o.clock.Advance(minutes(11))
	p := b.get("/tickets")
	p.has(`<a href="/system#inbound">받지 못한 글 1건</a>`)
	checkPage(t, "trouble", p.body)
	operator.get("/tickets").hasNot("받지 못한 글")
	if _, err := o.db.RecordOccurrences(t.Context(), []store.Occurrence{{Job: "opening", ScheduledFor: storetest.At("2026-11-23 09:00"), Outcome: store.OutcomeFailed}}); err != nil {
		t.Fatal(err)
	}
	b.get("/account").has(`<a href="/system#jobs">업무 시작 작업 실패</a>`)
	if err := o.db.HoldClock(context.Background(), "마지막 기록 뒤로 14일이 넘게 지났어요."); err != nil {
		t.Fatal(err)
	}
	b.get("/account").has("시계 확인 필요")
	b.get("/system").has("14일이 넘게 지났어요. 확인할 때까지", "시계를 확인했어요, 이어서 하기")
	b.post("/system/clock", nil).is(http.StatusOK).has("시계를 확인했어요.")
	b.get("/account").hasNot("시계 확인 필요")
}

func TestCallsAreWorkedOff(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	operator := o.actor("operator")
	b := o.signIn(t, "operator")
	empty := b.get("/calls").is(http.StatusOK)
	empty.has("전화할 일이 없어요.")
	checkPage(t, "calls empty", empty.body)
	n := o.say(t, storetest.Call{User: "a", Text: "길이 패였어요"})
	if _, err := o.db.Accept(t.Context(), operator, n, store.AcceptInput{Name: "홍길동", Contact: "010-1234-5678"}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.db.Transfer(t.Context(), operator, n, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}); err != nil {
		t.Fatal(err)
	}
	o.clock.Set(storetest.At("2026-11-24 11:00"))
	if _, err := o.db.MarkDue(t.Context(), store.Job("due")); err != nil {
		t.Fatal(err)
	}
	b = o.signIn(t, "operator")
	b.get("/tickets?state=review").has(`<a href="/calls">전화할 일 <b>1</b></a>`, "전달 실패")
	p := b.get("/calls").is(http.StatusOK)
	p.has("홍길동", n, "근무일 하루가 지나도록", "도로과", "전화로 처리함")
	p.hasNot("010-1234-5678")
	checkPage(t, "calls", p.body)
	var show, done string
	for _, e := range elements(p.body) {
		switch action := e.attr["action"]; {
		case strings.HasSuffix(action, "/number"):
			show = action
		case strings.HasSuffix(action, "/phone"):
			done = action
		}
	}
	b.post(show, nil).is(http.StatusOK).has("010-1234-5678", "전화로 처리함")
	auditor := o.signIn(t, "auditor").get("/calls").is(http.StatusOK)
	auditor.has("홍길동")
	auditor.hasNot("전화로 처리함<", "전화번호 보기")
	b.post(show+"x", nil).is(http.StatusNotFound)
	b.post(done, url.Values{}).is(http.StatusOK)
	b.get("/calls").has("전화할 일이 없어요.")
	b.get("/tickets?state=review").hasNot("전화할 일 <b>", "전달 실패")
}

func TestKakaoInboxItem(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 09:05")
	b := o.signIn(t, "operator")
	p := b.get("/worklist").is(http.StatusOK)
	p.has("카카오톡 관리자센터 확인", "확인했어요")
	checkPage(t, "worklist", p.body)
	o.signIn(t, "auditor").get("/worklist").has("확인 전")
	ticked := b.post("/worklist/kakao", nil).is(http.StatusOK)
	ticked.has("확인함", "김상담 · 09:05")
	ticked.hasNot(`action="/worklist/kakao"`)
	o.clock.Advance(minutes(60))
	o.signIn(t, "second").post("/worklist/kakao", nil).is(http.StatusOK).has("김상담 · 09:05")
	o.signIn(t, "road").post("/worklist/kakao", nil).is(http.StatusNotFound)
	o.signIn(t, "road").get("/worklist").hasNot("관리자센터")
	o.clock.Set(storetest.At("2026-11-23 19:00"))
	o.signIn(t, "operator").get("/worklist").hasNot("관리자센터") // tomorrow's page
	o.clock.Set(storetest.At("2026-11-24 09:05"))
	b = o.signIn(t, "operator")
	b.get("/worklist").has(`action="/worklist/kakao"`)
	b.get("/worklist?period=2026-11-23").has("김상담 · 09:05")
}

func TestKakaoPageShowsTheLastTest(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	b.get("/settings/kakao").has("마지막 시험", "봇테스트나 스킬 테스트로", "1:1 채팅으로는 민원을 받지 않아요", "보관하는 기간은 가장 짧게")
	storetest.Say(t, o.db, storetest.Call{Text: "테스트", Surface: "BuilderBotTest"})
	p := b.get("/settings/kakao")
	p.has("11월 23일(월) 10:00", "BuilderBotTest", storetest.BotID)
	checkPage(t, "kakao", p.body)
}

// Whoever did something is named in the thread.
func TestEventsNameThePerson(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "문의해요"})
	b := o.signIn(t, "operator")
	b.post("/tickets/"+n+"/assign", nil).is(http.StatusOK)
	if p := b.get("/tickets/" + n); !regexp.MustCompile(`class="event"><span>[^<]*김상담`).MatchString(p.body) {
		t.Errorf("no event names the operator:\n%s", text(p.body))
	}
}
