// Package demo makes the sample city of `toktok demo`: an office by ordinary store calls, and a few days of its life
// by citizens who write through the simulator and operators who answer through the JSON API, over HTTP (RULES H9).
//
// It may import store and handlers/simulator. Nothing of it runs in production.
package demo

import (
	"context"
	"fmt"
	"time"

	"toktok/store"
	"toktok/store/worktime"
)

// Account is a sign-in of the demo, told in the ready line.
type Account struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Role     string `json:"role"`
}

// The sample city and its telephone numbers do not exist.
const city = "가람시"

type department struct{ name, contact string }

var departments = []department{
	{"도로과", "054-700-2101"}, {"교통행정과", "054-700-2102"}, {"자원순환과", "054-700-2103"}, {"도시공원과", "054-700-2104"},
	{"환경정책과", "054-700-2105"}, {"상하수도과", "054-700-2106"}, {"건축허가과", "054-700-2107"}, {"안전정책과", "054-700-2108"},
	{"관광정책과", "054-700-2109"}, {"복지정책과", "054-700-2110"}, {"시민봉사과", "054-700-2111"}, {"보건소", "054-700-2112"},
}

// categories are the fields of everyday city life with the department most cities send them to (domain-korea.md §6.2).
var categories = []struct{ code, name, department, kind string }{
	{"ROAD_POTHOLE", "도로 파손·보도블록", "도로과", "other"},
	{"LIGHT", "가로등·보안등 고장", "도로과", "other"},
	{"PARKING", "불법주정차", "교통행정과", "other"},
	{"BUS", "버스·택시·정류장", "교통행정과", "inquiry_system"},
	{"SIGNAL", "신호등·차선·반사경", "교통행정과", "other"},
	{"WASTE", "쓰레기·대형폐기물", "자원순환과", "other"},
	{"CARCASS", "동물 사체", "자원순환과", "other"},
	{"PARK", "공원·가로수·제초", "도시공원과", "other"},
	{"NOISE", "소음·먼지·악취", "환경정책과", "grievance"},
	{"WATER", "상수도", "상하수도과", "other"},
	{"SEWER", "하수도·맨홀·빗물받이", "상하수도과", "other"},
	{"BUILD", "건축·인허가", "건축허가과", "inquiry_law"},
	{"SAFETY", "위험 시설·난간", "안전정책과", "other"},
	{"TOUR", "관광 안내·축제", "관광정책과", "inquiry_system"},
	{"WELFARE", "복지·수당", "복지정책과", "inquiry_system"},
	{"PASSPORT", "여권·증명", "시민봉사과", "inquiry_system"},
	{"HEALTH", "보건·방역", "보건소", "other"},
}

var staff = []struct{ login, name, role, department, password string }{
	{"admin", "김관리", "admin", "", "garam-demo-admin-2026"},
	{"operator1", "이상담", "operator", "", "garam-demo-operator-2026"},
	{"operator2", "박상담", "operator", "", "garam-demo-operator-2026"},
	{"road", "최도로", "department", "도로과", "garam-demo-road-2026"},
	{"waste", "정순환", "department", "자원순환과", "garam-demo-waste-2026"},
	{"auditor", "한감사", "auditor", "", "garam-demo-auditor-2026"},
}

var canned = []store.Canned{
	{Scope: "all", Folder: "인사", Title: "첫 인사", Body: "안녕하세요, 가람시입니다. 보내 주신 내용을 확인하고 있어요."},
	{Scope: "all", Folder: "위치", Title: "위치를 여쭐 때", Body: "정확한 위치를 알려 주시면 바로 확인할게요. 가까운 건물 이름이나 전봇대 번호도 좋아요."},
	{Scope: "all", Folder: "도로", Title: "가로등 고장 접수", Body: "가로등 고장을 접수했어요. 담당 부서가 현장을 확인하고 고친 뒤에 다시 알려 드릴게요."},
	{Scope: "all", Folder: "청소", Title: "대형폐기물 신고 방법", Body: "대형폐기물은 시청 누리집이나 행정복지센터에서 신고하고 스티커를 붙여 내놓으시면 돼요."},
	{Scope: "all", Folder: "민원실", Title: "여권 신청", Body: "여권은 시민봉사과에서 신청하실 수 있어요. 신분증과 6개월 안에 찍은 여권용 사진 1장을 가져와 주세요."},
}

// Begin makes the sample office on the first start, and sets the clock: in a fresh demo to the working day before, in
// time for its opening, where the scene begins; else to where RULES E4 says that it goes on.
func Begin(ctx context.Context, db *store.DB, clock *store.DemoClock, at time.Time) (fresh bool, err error) {
	staff, err := db.StaffList(ctx, store.System("demo"))
	if err != nil {
		return false, err
	}
	if len(staff) > 0 {
		return false, db.ResumeDemoClock(ctx, clock, at)
	}
	clock.Run(db.Desk().AddWorkingDays(worktime.DateOf(clock.Now()), -1).At(8, 30))
	return true, office(ctx, db)
}

// office makes the sample office, once.
func office(ctx context.Context, db *store.DB) error {
	who := store.System("demo")
	set := db.Settings()
	set.City, set.Contact, set.DutyPhone = city, "054-700-2000", "054-700-2222"
	if err := db.SaveSettings(ctx, who, set); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	ids := map[string]store.Ref{}
	for i, d := range departments {
		made, err := db.AddDepartment(ctx, who, store.Department{Name: d.name, Contact: d.contact, Position: i + 1})
		if err != nil {
			return fmt.Errorf("department %s: %w", d.name, err)
		}
		ids[d.name] = made.Ref()
	}
	for i, c := range categories {
		in := store.Category{Code: c.code, Name: c.name, Department: ids[c.department], Kind: c.kind, Position: i + 1, Retention: "3y"}
		if _, err := db.SaveCategory(ctx, who, in); err != nil {
			return fmt.Errorf("category %s: %w", c.code, err)
		}
	}
	for _, s := range staff {
		in := store.StaffInput{Login: s.login, Name: s.name, Role: store.Role(s.role), Password: s.password}
		if s.department != "" {
			in.Departments = []store.Membership{{Department: ids[s.department]}}
		}
		if _, err := db.AddStaff(ctx, who, in); err != nil {
			return fmt.Errorf("account %s: %w", s.login, err)
		}
	}
	for _, c := range canned {
		if _, err := db.SaveCanned(ctx, who, c); err != nil {
			return fmt.Errorf("canned answer %s: %w", c.Title, err)
		}
	}
	return nil
}

// Accounts lists the sign-ins.
func Accounts() []Account {
	var list []Account
	for _, s := range staff {
		list = append(list, Account{s.login, s.password, s.role})
	}
	return list
}

// tokenName is the API token that the ready line tells; each start makes its secret anew. What the scene does by it
// reads in the threads like the work of the operator.
const tokenName = "이상담"

// Token makes the administrator's API token of this start.
func Token(ctx context.Context, db *store.DB) (string, error) {
	who := store.System("demo")
	list, err := db.Tokens(ctx, who)
	if err != nil {
		return "", err
	}
	for _, k := range list {
		if k.Name == tokenName && k.RevokedAt.IsZero() {
			if err := db.RevokeToken(ctx, who, tokenName); err != nil {
				return "", err
			}
		}
	}
	_, bearer, err := db.AddToken(ctx, who, store.TokenInput{Name: tokenName, Role: store.RoleAdmin})
	return bearer, err
}
