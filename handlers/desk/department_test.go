package desk_test

import (
	"net/http"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

func TestDepartmentsAreMadeChangedAndClosed(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	list := b.get("/settings/departments").is(http.StatusOK)
	list.has("도로과", "054-779-1001", "부서 넣기", `href="/settings/departments"`)
	checkPage(t, "departments", list.body)

	refused := b.post("/settings/departments", form("name", "도로과", "contact", "054-1 <x>", "position", "7")).is(http.StatusUnprocessableEntity)
	refused.has("같은 이름의 부서가 이미 있어요.", `value="도로과"`, `value="054-1 &lt;x&gt;"`, `id="department-name-error"`)
	checkPage(t, "departments refused", refused.body)
	b.post("/settings/departments", form("name", "", "position", "많이")).is(http.StatusUnprocessableEntity).has(`id="department-position-error"`, `value="많이"`)
	b.post("/settings/departments", form("name", "복지정책과", "contact", "054-779-1003", "position", "3")).is(http.StatusOK).has("복지정책과 부서를 넣었어요", "054-779-1003")

	one := b.get("/settings/departments/3").is(http.StatusOK)
	one.has("복지정책과", "부서 닫기")
	checkPage(t, "department", one.body)
	b.post("/settings/departments/3", form("name", "", "contact", "054-9")).is(http.StatusUnprocessableEntity).has("부서 이름을 적어 주세요.", `value="054-9"`)
	b.post("/settings/departments/3", form("name", "복지지원과", "contact", "054-779-1009", "position", "1")).is(http.StatusOK).has("복지지원과", "054-779-1009")
	b.get("/settings/departments/99").is(http.StatusNotFound)

	n := o.say(t, storetest.Call{User: "a", Text: "길이 패였어요"})
	if _, err := o.db.Transfer(t.Context(), o.actor("operator"), n, store.TransferInput{Department: o.road.Ref(), Reason: "도로"}); err != nil {
		t.Fatal(err)
	}
	stuck := b.post("/settings/departments/1/close", nil).is(http.StatusConflict)
	stuck.has("도로과에 끝나지 않은 민원이 1건 있어요", `id="close-refused"`, "이 부서의 민원 보기")
	checkPage(t, "department not closed", stuck.body)
	b.post("/settings/departments/3/close", nil).is(http.StatusOK).has("복지지원과 부서를 닫았어요", "닫음")
	b.get("/tickets/" + n).hasNot("복지지원과")
	closed := b.get("/settings/departments/3")
	closed.has("에 닫음", "부서 다시 쓰기")
	checkPage(t, "department closed", closed.body)
	b.post("/settings/departments/3/reinstate", nil).is(http.StatusOK).has("다시 쓰기로 했어요")
	b.get("/tickets/" + n).has("복지지원과")
	o.signIn(t, "operator").get("/settings/departments").is(http.StatusForbidden)
}

func TestCategoriesAreMadeChangedAndClosed(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	b.get("/settings/departments").has("분류가 아직 없어요")
	refused := b.post("/settings/categories", form("name", "여권", "code", "PASS", "department", "2", "kind", "grievance", "rule", "20일", "position", "1")).is(http.StatusUnprocessableEntity)
	refused.has("이 종류의 처리기간은 법으로 정해져 있어요", `value="여권"`, `value="20일"`, `value="2" selected`, `value="grievance" selected`, `id="category-rule-error"`)
	checkPage(t, "category refused", refused.body)
	b.post("/settings/categories", form("name", "여권", "kind", "statutory", "rule", "")).is(http.StatusUnprocessableEntity).has("법정민원은 처리기간을 적어 주세요.")
	b.post("/settings/categories", form("name", "여권", "kind", "statutory", "rule", "열흘")).is(http.StatusUnprocessableEntity).has("처리기간을 즉시, 3시간, 10일, 2주, 1개월처럼 적어 주세요.", `value="열흘"`)
	b.post("/settings/categories", form("name", "여권", "department", "2", "kind", "statutory", "rule", "10일", "position", "1")).is(http.StatusOK).
		has("여권 분류를 넣었어요", "공원녹지과", "법정민원", "10일")
	one := b.get("/settings/categories/1").is(http.StatusOK)
	one.has(`value="10일"`, `value="여권"`, `value="statutory" selected`)
	checkPage(t, "category", one.body)
	b.post("/settings/categories/1", form("name", "여권 발급", "code", "PASSPORT", "kind", "other", "rule", "즉시", "department", "0")).is(http.StatusOK).has("저장했어요", "여권 발급", "즉시(3시간)")
	b.post("/settings/categories/1", form("name", "", "kind", "other")).is(http.StatusUnprocessableEntity).has("분류 이름을 40자 안으로 적어 주세요.")
	n := o.say(t, storetest.Call{User: "a", Text: "여권이 급해요"})
	b.get("/tickets/" + n).has("여권 발급")
	b.post("/settings/categories/1/close", nil).is(http.StatusOK).has("여권 발급 분류를 닫았어요")
	b.get("/tickets/" + n).hasNot("여권 발급")
	b.post("/settings/categories/1/reinstate", nil).is(http.StatusOK)
	b.get("/tickets/" + n).has("여권 발급")
	b.get("/settings/categories/2").is(http.StatusNotFound)
}

// In a new city hall there is no department: the action says what to do.
func TestTransferWithoutDepartments(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	for _, id := range []int64{o.parks.ID, o.road.ID} {
		if err := o.db.CloseDepartment(t.Context(), store.System("test"), id); err != nil {
			t.Fatal(err)
		}
	}
	n := o.say(t, storetest.Call{User: "a", Text: "문의해요"})
	p := o.signIn(t, "admin").get("/tickets/" + n)
	p.has("부서로 보내기", "보낼 부서가 없어요.", `<a href="/settings/departments">부서·분류</a>`)
	checkPage(t, "transfer without departments", p.body)
	p = o.signIn(t, "operator").get("/tickets/" + n)
	p.has("관리자에게 부서를 넣어 달라고 해 주세요.")
	p.hasNot("/settings/departments")
}

// A processing period is typed as people write it.
func TestProcessingPeriodsAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-11-23 10:00")
	b := o.signIn(t, "admin")
	for typed, want := range map[string]string{"즉시": "immediate", "3 시간": "hours:3", "10일": "days:10", "2주": "weeks:2", "1개월": "months:1", "1년": "years:1", "days:5": "days:5", "": "immediate"} {
		n := o.say(t, storetest.Call{User: "u" + typed, Text: "신청해요"})
		kind := "statutory"
		if typed == "" {
			kind = "other"
		}
		b.post("/tickets/"+n+"/accept", form("kind", kind, "rule", typed, "name", "홍길동", "contact", "010-1234-5678")).is(http.StatusOK)
		k, err := o.db.Ticket(t.Context(), o.actor("admin"), n)
		if err != nil || k.DueRule != want {
			t.Errorf("%q is taken as %q, %v", typed, k.DueRule, err)
		}
	}
	n := o.say(t, storetest.Call{User: "z", Text: "신청해요"})
	b.post("/tickets/"+n+"/accept", form("kind", "statutory", "rule", "0일")).is(http.StatusUnprocessableEntity).has("처리기간은 1일부터 365일까지 정할 수 있어요.", `value="0일"`)
}
