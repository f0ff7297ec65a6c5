package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

func TestSystemPage(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	empty := b.get("/system").is(http.StatusOK)
	empty.has("없어요. 읽을 수 없거나", "업무 시작", "실패", "context deadline exceeded", "1.2.3-test", "데이터베이스")
	checkPage(t, "system empty", empty.body)

	o.db.Receive(t.Context(), store.In{Body: []byte(`{"userRequest": {"utterance": "<b>깨진`), RequestID: "r1", Arrived: o.db.Now(), Real: o.db.Real()})
	n := o.say(t, storetest.Call{User: "a", Text: "문의", Friend: true})
	if _, err := o.db.Reply(t.Context(), o.actor("operator"), n, store.ReplyInput{Text: "답변"}); err != nil {
		t.Fatal(err)
	}
	p := b.get("/system?state=queued").is(http.StatusOK)
	p.has("다시 처리", "처리하지 않고 정리", "&lt;b&gt;깨진", n, "보낼 차례를 기다려요")
	checkPage(t, "system full", p.body)
	b.post("/system/quarantine/1/discard", nil).has("처리하지 않고 정리했어요.", "없어요. 읽을 수 없거나")
	b.post("/system/quarantine/1/discard", nil).is(http.StatusNotFound)
	b.post("/system/quarantine/x/replay", nil).is(http.StatusNotFound)
	b.get("/system?state=nonsense").is(http.StatusOK)

	b.post("/system/jobs/settle/run", nil).is(http.StatusOK).has("작업을 실행했어요.")
	b.post("/system/jobs/nonsense/run", nil).is(http.StatusNotFound)
	if len(o.ran) != 1 || o.ran[0] != "settle" {
		t.Errorf("ran %v", o.ran)
	}
	b.post("/system/routes/event/reset", nil).is(http.StatusOK).has("쉬던 길을 다시 열었어요")
	b.post("/system/routes/nonsense/reset", nil).is(http.StatusNotFound)
}

func TestOfficeSettings(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	p := b.get("/settings").is(http.StatusOK)
	checkPage(t, "settings", p.body)
	values := form("city", "경주시", "contact", "054-779-6114", "duty_phone", "054-779-8585", "reopen_days", "5", "settle_days", "0", "lunch_shift", "0", "undo_seconds", "0",
		"privacy_text", "{기관} 안내", "thanks_words", "감사합니다\n고마워요", "urgent_exceptions", "화재보험")
	b.post("/settings", values).is(http.StatusOK).has("저장했어요.", `value="경주시"`, "경주시 톡톡")
	set := o.db.Settings()
	if set.City != "경주시" || set.ReopenDays != 5 || set.SettleDays != 0 || len(set.ThanksWords) != 2 || set.TestCases || set.PrivacyText != "{기관} 안내" {
		t.Errorf("saved %+v", set)
	}
	values.Set("city", "")
	values.Set("reopen_days", "서른")
	wrong := b.post("/settings", values).is(http.StatusUnprocessableEntity)
	wrong.has(`aria-describedby="office-reopen_days-hint office-reopen_days-error"`, "054-779-8585")
	checkPage(t, "settings refused", wrong.body)
	values.Set("reopen_days", "3")
	b.post("/settings", values).is(http.StatusUnprocessableEntity).has("기관 이름")
	values.Set("city", "포항시")
	values.Set("version", "1")
	b.post("/settings", values).is(http.StatusConflict).has("그사이 다른 사람이 설정을 바꿨어요", `value="포항시"`)
}

func TestHoursAndHolidays(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	why := b.get("/settings/hours?date=2026-09-24").is(http.StatusOK)
	why.has("9월 24일(목)", "추석 연휴", "법정 처리기간")
	checkPage(t, "hours", why.body)
	b.get("/settings/hours?date=nonsense").has("날짜를 2026-11-23처럼 적어 주세요.")

	b.post("/settings/hours", form("day1", "09:00-12:00, 13:00-18:00", "day2", "09:00-18:00")).is(http.StatusOK).has("업무시간을 바꿨어요", "09:00-12:00, 13:00-18:00")
	if o.db.Desk().IsOpen(storetest.At("2026-11-23 12:30")) || o.db.Desk().IsOpen(storetest.At("2026-11-25 10:00")) {
		t.Error("the desk does not follow its hours")
	}
	b.post("/settings/hours", form("day1", "아홉시")).is(http.StatusUnprocessableEntity).has(`value="아홉시"`, "시간을 09:00-18:00처럼 적어 주세요.")
	b.post("/settings/hours", form("day1", "")).is(http.StatusUnprocessableEntity).has("적어도 한 요일은")

	b.post("/settings/exceptions", form("date", "", "name", "개청기념일")).is(http.StatusUnprocessableEntity).has("날짜를 골라 주세요.", `value="개청기념일"`)
	b.post("/settings/exceptions", form("date", "2026-12-01", "name", "단축", "kind", "open", "hours", "")).is(http.StatusUnprocessableEntity).has("여는 시간을 하나 적어 주세요")
	added := b.post("/settings/exceptions", form("date", "2026-12-01", "name", "개청기념일 <1>", "kind", "closed")).is(http.StatusOK)
	added.has("예외 날짜를 넣었어요", "개청기념일 &lt;1&gt;")
	if o.db.Desk().IsOpen(storetest.At("2026-12-01 10:00")) {
		t.Error("the exception does not count")
	}
	twice := b.post("/settings/exceptions", form("date", "2026-12-01", "name", "또", "kind", "closed")).is(http.StatusConflict)
	twice.has("그 날짜에 이미 정해 둔 것이 있어요")
	checkPage(t, "exception refused", twice.body)
	b.post("/settings/exceptions/1/remove", nil).is(http.StatusOK).hasNot("&lt;1&gt;")
	b.post("/settings/exceptions/1/remove", nil).is(http.StatusNotFound)

	b.post("/settings/holidays", form("date", "2026-12-02", "name", "임시공휴일")).is(http.StatusOK).has("휴일로 넣었어요", "12월 2일(수)")
	if o.db.Statutory().IsWorkingDay(dateOf(t, "2026-12-02")) {
		t.Error("the holiday does not count for legal periods")
	}
	b.post("/settings/holidays", form("date", "2026-12-02", "name", "임시공휴일")).is(http.StatusConflict).has("이미 휴일로 들어 있어요")
	b.post("/settings/holidays/2026-12-02/remove", form("name", "임시공휴일")).is(http.StatusOK).hasNot("12월 2일(수)")
	b.get("/settings/hours?year=2028").has("아직 확인 전이에요")
	b.post("/settings/holidays/2028/confirm", nil).is(http.StatusOK).hasNot("아직 확인 전이에요")
}

func TestAutomaticTexts(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	list := b.get("/settings/texts").is(http.StatusOK)
	list.has("접수 안내", "새 민원 (업무시간)")
	checkPage(t, "texts", list.body)
	p := b.get("/settings/texts/receipt_open").is(http.StatusOK)
	p.has("접수번호 2026-000123", "보통 10분 안에 답해요.")
	checkPage(t, "text", p.body)
	b.get("/settings/texts/nonsense").is(http.StatusNotFound)
	const path = "/settings/texts/receipt_open"
	preview := b.post(path, form("do", "preview", "text", "{접수번호} <i>받았어요</i>")).is(http.StatusOK)
	preview.has("2026-000123 &lt;i&gt;받았어요&lt;/i&gt;")
	wrong := b.post(path, form("do", "save", "text", "번호가 없어요")).is(http.StatusUnprocessableEntity)
	wrong.has("{접수번호}가 꼭 들어가야 해요.", "번호가 없어요</textarea>")
	checkPage(t, "text refused", wrong.body)
	if len(o.db.Settings().Texts) != 0 {
		t.Error("a preview or a refused text was kept")
	}
	b.post(path, form("do", "save", "text", "번호 {접수번호}")).is(http.StatusOK).has("저장했어요", "처음 글로 되돌리기")
	if h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "문의"}); !strings.Contains(h.Text(), "번호 2026-000001") {
		t.Errorf("the citizen reads %q", h.Text())
	}
	b.post(path, form("do", "default", "text", "번호 {접수번호}")).is(http.StatusOK).hasNot("처음 글로 되돌리기")
}

func TestKakaoValuesHoldNoSecret(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	p := b.get("/settings/kakao").is(http.StatusOK)
	p.has("https://talk.example.kr/kakao/skill", "X-Toktok-Key", "toktok_reply", storetest.BotID, "아직 없어요")
	checkPage(t, "kakao", p.body)
	o.say(t, storetest.Call{User: "a", Text: "문의"})
	b.get("/settings/kakao").has("11월 23일(월) 10:00")
}

func TestStaffPage(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	p := b.get("/staff").is(http.StatusOK)
	p.has("김상담", "박도로", "도로과", "감사")
	checkPage(t, "staff", p.body)
	short := b.post("/staff", form("login", "new", "name", "새사람", "role", "department", "password", "짧음", "departments", "1")).is(http.StatusUnprocessableEntity)
	short.has("비밀번호는 12자부터예요", `value="새사람"`, `value="department" selected`, `value="1" checked`)
	short.hasNot("짧음")
	checkPage(t, "staff refused", short.body)
	b.post("/staff", form("login", "new", "name", "새사람", "role", "department", "password", password, "departments", "1", "departments", "2")).is(http.StatusOK).has("새사람님의 계정을 만들었어요")
	fresh := o.signIn(t, "new")
	b.post("/staff/new/password", form("password", "짧음")).is(http.StatusUnprocessableEntity).has("비밀번호는 12자부터예요")
	b.post("/staff/new/password", form("password", "또 다른 열두 자보다 긴 말")).is(http.StatusOK)
	if p := fresh.get("/tickets"); !strings.HasPrefix(p.path, "/login") {
		t.Error("a new password does not end the old sessions")
	}
	b.post("/staff/new/disable", nil).is(http.StatusOK).has("멈췄어요", "다시 쓰기")
	b.post("/staff/new/enable", nil).is(http.StatusOK)
	b.post("/staff/admin/disable", nil).is(http.StatusConflict).has("마지막 관리자예요")
	b.post("/staff/nobody/disable", nil).is(http.StatusNotFound)
}

func TestOwnAccount(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b, other := o.signIn(t, "operator"), o.signIn(t, "operator")
	p := b.get("/account").is(http.StatusOK)
	p.has("지금 이곳")
	checkPage(t, "account", p.body)
	var ends []string
	for _, e := range elements(p.body) {
		if strings.HasSuffix(e.attr["action"], "/end") {
			ends = append(ends, e.attr["action"])
		}
	}
	if len(ends) != 2 {
		t.Fatalf("sessions %v", ends)
	}
	wrong := b.post("/account/password", form("old", "아님", "password", "또 다른 열두 자보다 긴 말", "again", "또 다른 열두 자보다 긴 말")).is(http.StatusUnprocessableEntity)
	wrong.has("지금 비밀번호가 맞지 않아요.")
	wrong.hasNot("또 다른 열두")
	checkPage(t, "account refused", wrong.body)
	b.post("/account/password", form("old", password, "password", "또 다른 열두 자보다 긴 말", "again", "딴 말")).is(http.StatusUnprocessableEntity).has("새 비밀번호와 다르게 적었어요")
	// Only one's own sessions can be ended.
	o.signIn(t, "second").post(ends[0], nil)
	b.get("/account").has("지금 이곳")
	changed := b.post("/account/password", form("old", password, "password", "또 다른 열두 자보다 긴 말", "again", "또 다른 열두 자보다 긴 말")).is(http.StatusOK)
	changed.has("비밀번호를 바꿨어요")
	if p := other.get("/tickets"); !strings.HasPrefix(p.path, "/login") {
		t.Error("the other session lives on")
	}
}

func TestEndingASession(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "operator")
	for _, e := range elements(b.get("/account").body) {
		if action := e.attr["action"]; strings.HasSuffix(action, "/end") {
			if p := b.post(action, nil); !strings.HasPrefix(p.path, "/login") {
				t.Errorf("ending the own session leads to %s", p.path)
			}
		}
	}
	if p := b.get("/tickets"); !strings.HasPrefix(p.path, "/login") {
		t.Error("the session lives on")
	}
}
