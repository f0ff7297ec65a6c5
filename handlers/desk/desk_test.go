package desk_test

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.browser(t)
	p := b.get("/tickets?state=open").is(http.StatusOK)
	if !strings.HasPrefix(p.path, "/login?next=") {
		t.Fatalf("a stranger is shown %s", p.path)
	}
	checkPage(t, "login", p.body)
	wrong := b.post("/login", form("login", "operator", "password", "틀린 비밀번호입니다", "next", "/tickets?state=open")).is(http.StatusUnprocessableEntity)
	wrong.has("아이디나 비밀번호가 맞지 않아요.", `value="operator"`, `value="/tickets?state=open"`)
	wrong.hasNot("틀린 비밀번호입니다")
	unknown := b.post("/login", form("login", "nobody", "password", "틀린 비밀번호입니다")).is(http.StatusUnprocessableEntity)
	unknown.has("아이디나 비밀번호가 맞지 않아요.")
	checkPage(t, "login refused", wrong.body)
	in := b.post("/login", form("login", "operator", "password", password, "next", "/tickets?state=open")).is(http.StatusOK)
	if in.path != "/tickets?state=open" {
		t.Errorf("after signing in: %s", in.path)
	}
	if p := b.get("/login?next=/worklist"); p.path != "/worklist" {
		t.Errorf("the sign-in page shows itself to somebody who is in: %s", p.path)
	}
	if out := b.post("/logout", nil); !strings.HasPrefix(out.path, "/login") {
		t.Errorf("after signing out: %s", out.path)
	}
	if p := b.get("/tickets"); !strings.HasPrefix(p.path, "/login") {
		t.Errorf("the session still works: %s", p.path)
	}
}

func TestSignInGoesOnlyToPlacesOfOurs(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	for _, next := range []string{"//evil.example/", `/\evil.example`, "https://evil.example/", "javascript:alert(1)", "/ok\r\nSet-Cookie: a=b"} {
		b := o.browser(t)
		p := b.post("/login", form("login", "operator", "password", password, "next", next))
		if p.path != "/tickets" {
			t.Errorf("next=%q leads to %s", next, p.path)
		}
	}
}

func TestAnswerAndClose(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "보도블록이 깨졌어요", Friend: true})
	b := o.signIn(t, "operator")
	list := b.get("/tickets").is(http.StatusOK)
	list.has("보도블록이 깨졌어요", "새 글 1", `<title>(1) 받은함`, "/tickets/"+n)
	o.clock.Advance(minutes(12))
	b.get("/tickets").has(">12분<")
	p := b.get("/tickets/" + n).is(http.StatusOK)
	p.has("보도블록이 깨졌어요", "접수 전", "답변 대기", "내가 맡기", "부서로 보내기", "답변 필요 없음", "보내고 완료")
	p.hasNot("채널 친구가 아니에요", "우리 부서 아님", "다시 열기")
	b.get("/tickets").hasNot("새 글 1")
	sent := b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "오늘 고칠게요.", "seen", p.seen())).is(http.StatusOK)
	if !strings.HasPrefix(sent.path, "/tickets/"+n) {
		t.Fatalf("after sending: %s", sent.path)
	}
	sent.has("오늘 고칠게요.", "김상담", "접수됨", "답변함", "보낼 차례를 기다려요")
	b.post("/tickets/"+n+"/messages", form("kind", "note", "text", "현장에 물어봄", "seen", sent.seen())).has("현장에 물어봄", "내부")
	done := b.post("/tickets/"+n+"/close", form("reason", "answered", "text", "")).is(http.StatusOK)
	done.has("완료했어요.", "다시 열기", "덧붙이는 답변")
	b.get("/tickets").has("기다리는 시민이 없어요")
	b.get("/tickets?state=closed").has(n)
	empty := b.post("/tickets/"+n+"/reopen", form("reason", "")).is(http.StatusUnprocessableEntity)
	empty.has(`id="action-reopen" open`)
	again := b.post("/tickets/"+n+"/reopen", form("reason", "시민이 전화로 다시 물음")).is(http.StatusOK)
	again.has("다시 열었어요.", "2회차")
	dismissed := b.post("/tickets/"+n+"/dismiss", form("reason", "told_by_phone")).is(http.StatusOK)
	dismissed.has("답변함", "전화로 답함")
}

func TestReplyAndCloseAtOnce(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "여권 발급 시간이 어떻게 되나요?"})
	b := o.signIn(t, "operator")
	p := b.get("/tickets/" + n)
	p.has("채널 친구가 아니에요: 시민이 다음에 말을 걸 때 전달돼요")
	done := b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "9시부터예요.", "seen", p.seen(), "finish", "1")).is(http.StatusOK)
	done.has("다시 열기", "시민이 다음에 말을 걸 때 전달돼요", "전화로 처리함")
	number := strings.Split(strings.Split(done.body, "/deliveries/")[1], "/")[0]
	b.post("/deliveries/"+number+"/phone", nil)
	b.get("/tickets/" + n).has("전화로 알려 드렸어요 10:00")
}

func TestAcceptTransferTakeAndReturn(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "진입로가 무너졌어요"})
	b, road := o.signIn(t, "operator"), o.signIn(t, "road")
	road.get("/tickets/" + n).is(http.StatusNotFound)
	road.get("/tickets").hasNot("진입로", n)

	refused := b.post("/tickets/"+n+"/accept", form("kind", "grievance", "rule", "", "name", "홍길동")).is(http.StatusUnprocessableEntity)
	refused.has(`id="action-accept" open`, `value="홍길동"`, `value="grievance" selected`)
	checkPage(t, "accept refused", refused.body)
	accepted := b.post("/tickets/"+n+"/accept", form("kind", "grievance", "name", "홍길동", "contact", "010-1234-5678")).is(http.StatusOK)
	accepted.has("접수했어요.", "고충민원", "산정 근거", "12월 1일(화)", "토요일")

	b.post("/tickets/"+n+"/transfer", form("reason", "도로 일")).is(http.StatusUnprocessableEntity).has("보낼 부서를 골라 주세요.", ">도로 일</textarea>")
	sent := b.post("/tickets/"+n+"/transfer", form("department", "1", "reason", "도로 일")).is(http.StatusOK)
	sent.has("부서로 보냈어요.", "도로과", "부서 처리")
	mine := road.get("/tickets/" + n).is(http.StatusOK)
	mine.has("우리 부서에서 맡기", "우리 부서 아님", "결과 알리고 완료")
	road.post("/tickets/"+n+"/take", nil).is(http.StatusOK).has("우리 부서에서 맡았어요.")
	back := road.post("/tickets/"+n+"/return", form("reason", "공원 안 길이에요")).is(http.StatusOK)
	if back.path != "/tickets" {
		t.Errorf("a case that left the sight leads to %s", back.path)
	}
	back.has("상담실로 돌려보냈어요")
	road.get("/tickets/" + n).is(http.StatusNotFound)
	b.get("/tickets/"+n).has("도로과에서 돌려보냈어요", "공원 안 길이에요", "상담실")
	b.post("/tickets/"+n+"/take", nil).is(http.StatusConflict).has("지금 상태에서는 할 수 없는 일이에요")
}

// What somebody has typed comes back with every refusal.
func TestTypedWordsComeBack(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "문의해요"})
	b, second := o.signIn(t, "operator"), o.signIn(t, "second")
	p := b.get("/tickets/" + n)
	second.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "제가 먼저 답해요", "seen", second.get("/tickets/"+n).seen())).is(http.StatusOK)
	conflict := b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "쓰던 <글>", "seen", p.seen())).is(http.StatusConflict)
	conflict.has("그 사이에 다른 답변이 나갔어요", "제가 먼저 답해요", "방금 온 글", "쓰던 &lt;글&gt;</textarea>", `name="force" value="1"`, "확인했어요, 보내기")
	checkPage(t, "conflict", conflict.body)
	forced := b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "쓰던 글", "seen", conflict.seen(), "force", "1")).is(http.StatusOK)
	forced.has("쓰던 글")
	forced.hasNot("쓰던 글</textarea>")

	long := strings.Repeat("가나다라마바사아자차", 250)
	refused := b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", long, "seen", forced.seen())).is(http.StatusUnprocessableEntity)
	refused.has(long+"</textarea>", `aria-invalid="true"`)
	b.post("/tickets/"+n+"/messages", form("kind", "note", "text", "", "seen", forced.seen())).is(http.StatusUnprocessableEntity).has("메모를 입력해 주세요.")
	b.post("/tickets/"+n+"/messages", form("kind", "spell", "text", "그대로", "seen", forced.seen())).is(http.StatusUnprocessableEntity).has("그대로</textarea>")
	b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "그대로", "seen", "x")).is(http.StatusUnprocessableEntity).has("그대로</textarea>")
}

func TestNightShowsInTheThreadAndOnTheWorklist(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 17:50")
	n := o.say(t, storetest.Call{User: "a", Text: "낮에 온 글", Friend: true})
	o.clock.Set(storetest.At("2026-11-23 22:30"))
	storetest.Say(t, o.db, storetest.Call{User: "a", Text: "밤에 온 글", Friend: true})
	b := o.signIn(t, "operator")
	b.get("/tickets/"+n).has("업무시간 외 · 다음 업무 11월 24일(화) 09:00", "아침 대기")
	list := b.get("/worklist").is(http.StatusOK)
	list.has("11월 24일(화) 09:00에 업무를 시작해요", "밤에 온 글", "업무 시작 전", "<b>1</b>건 남음")
	checkPage(t, "worklist before", list.body)
	o.clock.Set(storetest.At("2026-11-24 09:00"))
	if _, err := o.db.Opening(t.Context(), store.Job("opening"), o.clock.Now()); err != nil {
		t.Fatal(err)
	}
	b = o.signIn(t, "operator") // the night was longer than a session lives
	b.get("/worklist").has("시작 안내함", "업무를 시작했어요")
	p := b.get("/tickets/" + n)
	p.has("업무 시작", "어제 · 11월 23일(월)", "오늘 · 11월 24일(화)")
	b.post("/tickets/"+n+"/messages", form("kind", "reply", "text", "아침에 답해요", "seen", p.seen()))
	after := b.get("/worklist?period=2026-11-24")
	after.has("<b>1</b>건 답함", "답변함", `value="100"`)
	checkPage(t, "worklist after", after.body)
	b.get("/worklist?period=gestern").is(http.StatusUnprocessableEntity)
}

func TestPhotosAreGroupedAndServedToThoseWhoMay(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Photo: "https://talk.kakaocdn.net/dn/a/1.jpg"})
	o.clock.Advance(5 * time.Second)
	storetest.Say(t, o.db, storetest.Call{User: "a", Photo: "https://talk.kakaocdn.net/dn/a/2.jpg"})
	o.clock.Advance(40 * time.Second)
	storetest.Say(t, o.db, storetest.Call{User: "a", Photo: "https://talk.kakaocdn.net/dn/a/3.jpg"})
	b := o.signIn(t, "operator")
	b.get("/tickets/"+n).has("사진을 받고 있어요", `class="photos n2"`, `class="photos n1"`)
	due, err := o.db.DuePhotos(t.Context(), 10)
	if err != nil || len(due) != 3 {
		t.Fatal(due, err)
	}
	if err := o.db.SettlePhoto(t.Context(), due[0].ID, store.Fetched{Body: picture(t)}); err != nil {
		t.Fatal(err)
	}
	if err := o.db.ExpirePhoto(t.Context(), due[1].ID, "사진 주소가 만료됐어요."); err != nil {
		t.Fatal(err)
	}
	p := b.get("/tickets/" + n)
	p.has("사진 주소가 만료됐어요.", `src="/files/1"`)
	checkPage(t, "photos", p.body)
	photo := b.get("/files/1").is(http.StatusOK)
	if photo.header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(photo.header.Get("Content-Disposition"), "inline") ||
		photo.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(photo.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("photo headers %v", photo.header)
	}
	if d := b.get("/files/1?save=1").header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
		t.Errorf("to save: %q", d)
	}
	o.signIn(t, "road").get("/files/1").is(http.StatusNotFound)
	b.get("/files/2").is(http.StatusNotFound)
	b.get("/files/x").is(http.StatusNotFound)
}

func TestLiveNoticesReachTheBrowser(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "operator")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "retry:") {
		t.Fatalf("the stream begins with %q", lines.Text())
	}
	n := o.say(t, storetest.Call{User: "a", Text: "새 글"})
	for lines.Scan() {
		if strings.Contains(lines.Text(), n) {
			if strings.Contains(lines.Text(), "새 글") {
				t.Error("a notice carries words")
			}
			return
		}
	}
	t.Fatal("no notice")
}

// A window nobody looks at is refreshed without marking the words as read.
func TestRefreshingAHiddenWindowReadsNothing(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	n := o.say(t, storetest.Call{User: "a", Text: "새 글"})
	b := o.signIn(t, "operator")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.URL+"/tickets/"+n, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Toktok-Look", "no")
	b.do(req).is(http.StatusOK)
	b.get("/tickets").has("새 글 1")
	o.signIn(t, "auditor").get("/tickets/" + n).is(http.StatusOK)
	b.get("/tickets").has("새 글 1")
}

func TestListPagesFilterAndGoOn(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	var first string
	for i := range 53 {
		n := o.say(t, storetest.Call{User: "u" + number(i), Text: "글 " + number(i)})
		if i == 0 {
			first = n
		}
		o.clock.Advance(time.Second)
	}
	b := o.signIn(t, "operator")
	p := b.get("/tickets")
	checkPage(t, "full list", p.body)
	p.has("더 보기", first)
	var more string
	for _, e := range elements(p.body) {
		if e.attr["id"] == "more-link" {
			more = e.attr["href"]
		}
	}
	next := b.get(more).is(http.StatusOK)
	next.has(number(53), "처음부터 보기")
	next.hasNot(first, "더 보기")
	b.get("/tickets?cursor=nonsense").is(http.StatusUnprocessableEntity).has("목록의 위치를 알 수 없어요")
	b.get("/tickets?state=nonsense").is(http.StatusUnprocessableEntity)
	b.get("/tickets?assignee=abc").is(http.StatusUnprocessableEntity)
	b.post("/tickets/"+first+"/assign", nil).is(http.StatusOK).has("내가 맡았어요.", "김상담")
	mine := b.get("/tickets?assignee=me").is(http.StatusOK)
	mine.has(first, "내 담당", "담당 김상담")
	mine.hasNot(number(2))
	b.get("/tickets?department=1").has("조건에 맞는 민원이 없어요", "부서: 도로과")
	// A broken filter beside a case is no reason not to show the case.
	b.get("/tickets/" + first + "?state=nonsense").is(http.StatusOK).has("목록의 조건을 읽을 수 없어요")
}
