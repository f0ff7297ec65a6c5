package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

const goodPassword = "여름밤 가로등 아래 2026"

func hireReal(t testing.TB, db *store.DB, login string, role store.Role) store.Staff {
	t.Helper()
	return must(db.AddStaff(bg, store.System("test"), store.StaffInput{Login: login, Name: "이름 " + login, Role: role, Password: goodPassword}))(t)
}

func TestStaffFaultsComeTogether(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 10:00")
	sys := store.System("test")
	_, err := db.AddStaff(bg, sys, store.StaffInput{Login: "한글", Role: "boss", Password: "short", Phone: strings.Repeat("0", 41)})
	for _, f := range []string{"login", "name", "role", "password", "phone"} {
		if fieldsOf(err)[f] == "" {
			t.Errorf("no word about %s: %v", f, err)
		}
	}
	_, err = db.AddStaff(bg, sys, store.StaffInput{Login: "road", Name: "담당", Role: store.RoleDepartment, Password: goodPassword})
	if fieldsOf(err)["departments"] == "" {
		t.Errorf("a department account without department: %v", err)
	}
	hireReal(t, db, "Desk", store.RoleOperator)
	_, err = db.AddStaff(bg, sys, store.StaffInput{Login: " desk ", Name: "둘째", Role: store.RoleOperator, Password: goodPassword})
	if fieldsOf(err)["login"] == "" {
		t.Errorf("a login twice: %v", err)
	}
	_, err = db.AddStaff(bg, store.Actor{Role: store.RoleOperator}, store.StaffInput{})
	wantKind(t, err, store.Forbidden)
}

func TestWeakPasswords(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 10:00")
	for _, pw := range []string{
		"", "short", "elevenchars", strings.Repeat("가", 129), "aaaaaaaaaaaaaaaa", "121212121212121212", "password123456", "관리자비밀번호123456",
		"minister1234", "kakao-toktok-2026",
	} {
		_, err := db.AddStaff(bg, store.System("test"), store.StaffInput{Login: "minister", Name: "이름", Role: store.RoleOperator, Password: pw})
		if fieldsOf(err)["password"] == "" {
			t.Errorf("%q was taken: %v", pw, err)
		}
	}
	for i, pw := range []string{goodPassword, "correct horse battery", "garam-demo-admin-2026", " spaces count   ", strings.Repeat("긴 비밀번호도 ", 16)} {
		login := fmt.Sprint("user", i)
		must(db.AddStaff(bg, store.System("test"), store.StaffInput{Login: login, Name: "이름", Role: store.RoleOperator, Password: pw}))(t)
		if _, _, err := db.Login(bg, login, pw, "10.0.0.1", "ua"); err != nil {
			t.Errorf("%q does not open: %v", pw, err)
		}
	}
}

func TestLastAdminStays(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 10:00")
	must(db.HireFast(bg, "first", store.RoleAdmin))(t)
	wantKind(t, db.DisableStaff(bg, store.System("test"), "first"), store.Conflict)
	wantKind(t, db.ChangeStaff(bg, store.System("test"), "first", store.StaffInput{Name: "이름", Role: store.RoleOperator}), store.Conflict)
	must(db.HireFast(bg, "second", store.RoleAdmin))(t)
	if err := db.DisableStaff(bg, store.System("test"), "first"); err != nil {
		t.Error(err)
	}
	wantKind(t, db.DisableStaff(bg, store.System("test"), "second"), store.Conflict)
	if err := db.EnableStaff(bg, store.System("test"), "first"); err != nil {
		t.Error(err)
	}
	if err := db.DisableStaff(bg, store.System("test"), "second"); err != nil {
		t.Error(err)
	}
	wantKind(t, db.DisableStaff(bg, store.System("test"), "nobody"), store.NotFound)
}

func TestStaffListAndColleagues(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	list := must(o.db.StaffList(bg, o.admin))(t)
	i := slices.IndexFunc(list, func(a store.Staff) bool { return a.Login == "road" })
	if len(list) != 5 || i < 0 || len(list[i].Departments) != 1 || list[i].Departments[0].Department.Name != "도로과" {
		t.Errorf("list %+v", list)
	}
	_, err := o.db.StaffList(bg, o.operator)
	wantKind(t, err, store.Forbidden)
	names := func(who store.Actor) (out []string) {
		for _, c := range must(o.db.Colleagues(bg, who))(t) {
			out = append(out, c.Name)
		}
		return out
	}
	if got := names(o.operator); !slices.Equal(got, []string{"chief", "desk", "road", "waste"}) {
		t.Errorf("colleagues of the desk: %v", got)
	}
	if got := names(o.roadStaff); !slices.Equal(got, []string{"road"}) {
		t.Errorf("colleagues of the road: %v", got)
	}
}

func TestSessionLife(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-24 09:00")
	a := hireReal(t, db, "desk", store.RoleOperator)
	ses, cookie, err := db.Login(bg, " DESK ", goodPassword, "10.0.0.1", "browser")
	if err != nil {
		t.Fatal(err)
	}
	if ses.Staff != a.ID || ses.Name != "이름 desk" || ses.Role != store.RoleOperator || !strings.HasPrefix(cookie, ses.ID+".") {
		t.Errorf("session %+v cookie %q", ses, cookie)
	}
	who, _, err := db.SessionActor(bg, cookie)
	if err != nil || who.Staff != a.ID || who.Role != store.RoleOperator || who.Address != "10.0.0.1" {
		t.Fatalf("actor %+v: %v", who, err)
	}
	for _, bad := range []string{"", "x", ses.ID, ses.ID + ".", ses.ID + ".AAAA", "." + cookie, cookie + "x", strings.Repeat("x", 500)} {
		if _, _, err := db.SessionActor(bg, bad); store.KindOf(err) != store.Unauthenticated {
			t.Errorf("cookie %q: %v", bad, err)
		}
	}
	// Used, it lives on; the own page's checks alone do not keep it.
	for range 5 {
		clock.Advance(29 * time.Minute)
		if _, _, err := db.SessionActor(bg, cookie); err != nil {
			t.Fatalf("after %s: %v", clock.Now(), err)
		}
	}
	clock.Advance(20 * time.Minute)
	if _, _, err := db.CheckSession(bg, cookie); err != nil {
		t.Errorf("checked: %v", err)
	}
	clock.Advance(10 * time.Minute)
	if _, _, err := db.CheckSession(bg, cookie); store.KindOf(err) != store.Unauthenticated {
		t.Errorf("30 idle minutes later: %v", err)
	}
	// Nine hours are the end, however busy.
	_, cookie, err = db.Login(bg, "desk", goodPassword, "10.0.0.1", "browser")
	if err != nil {
		t.Fatal(err)
	}
	end := clock.Now().Add(9 * time.Hour)
	for clock.Now().Add(25 * time.Minute).Before(end) {
		clock.Advance(25 * time.Minute)
		if _, _, err := db.SessionActor(bg, cookie); err != nil {
			t.Fatalf("busy at %s: %v", clock.Now(), err)
		}
	}
	clock.Set(end)
	if _, _, err := db.SessionActor(bg, cookie); store.KindOf(err) != store.Unauthenticated {
		t.Errorf("after nine hours: %v", err)
	}
}

func TestSessionIsTouchedOnceAMinute(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-24 09:00")
	hireReal(t, db, "desk", store.RoleOperator)
	_, cookie, err := db.Login(bg, "desk", goodPassword, "10.0.0.1", "browser")
	if err != nil {
		t.Fatal(err)
	}
	writes := db.Stats().Writes
	for range 59 {
		clock.Advance(time.Second)
		must2(db.SessionActor(bg, cookie))(t)
	}
	if n := db.Stats().Writes - writes; n != 0 {
		t.Errorf("%d writes within a minute", n)
	}
	clock.Advance(time.Second)
	for range 3 {
		must2(db.SessionActor(bg, cookie))(t)
	}
	if n := db.Stats().Writes - writes; n != 1 {
		t.Errorf("%d writes after a minute, want 1", n)
	}
}

func must2[A, B any](a A, b B, err error) func(testing.TB) (A, B) {
	return func(t testing.TB) (A, B) {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return a, b
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-24 09:00")
	hireReal(t, db, "chief", store.RoleAdmin)
	other := hireReal(t, db, "desk", store.RoleOperator)
	login := func(who string) string {
		t.Helper()
		clock.Advance(time.Second)
		_, cookie, err := db.Login(bg, who, goodPassword, "10.0.0.1", "browser")
		if err != nil {
			t.Fatal(err)
		}
		return cookie
	}
	dead := func(what, cookie string) {
		t.Helper()
		if _, _, err := db.SessionActor(bg, cookie); store.KindOf(err) != store.Unauthenticated {
			t.Errorf("%s: the session still opens: %v", what, err)
		}
	}
	one, two := login("desk"), login("desk")
	if one == two {
		t.Fatal("two sign-ins, one cookie")
	}
	who, _ := must2(db.SessionActor(bg, one))(t)
	list := must(db.Sessions(bg, who))(t)
	if len(list) != 2 || !strings.HasPrefix(two, list[0].ID) {
		t.Errorf("own sessions %+v", list)
	}
	chief, _ := must2(db.SessionActor(bg, login("chief")))(t)
	stranger := store.Actor{Role: store.RoleOperator, Staff: 99, Name: "x"}
	wantKind(t, db.EndSession(bg, stranger, list[0].ID), store.NotFound)
	if err := db.EndSession(bg, who, list[0].ID); err != nil {
		t.Error(err)
	}
	dead("ended by its owner", two)
	must2(db.SessionActor(bg, one))(t)
	if err := db.Logout(bg, one); err != nil {
		t.Error(err)
	}
	dead("signed out", one)
	if err := db.Logout(bg, one); err != nil {
		t.Errorf("signing out twice: %v", err)
	}

	one = login("desk")
	if err := db.SetPassword(bg, chief, "desk", "다른 비밀번호 열두 자"); err != nil {
		t.Fatal(err)
	}
	dead("password changed by an admin", one)
	if _, _, err := db.Login(bg, "desk", goodPassword, "10.0.0.1", "browser"); store.KindOf(err) != store.Unauthenticated {
		t.Errorf("the old password still opens: %v", err)
	}
	_, one, err := db.Login(bg, "desk", "다른 비밀번호 열두 자", "10.0.0.1", "browser")
	if err != nil {
		t.Fatal(err)
	}
	self := store.Actor{Role: store.RoleOperator, Staff: other.ID, Name: "desk"}
	err = db.ChangePassword(bg, self, "falsch falsch falsch", goodPassword)
	if fieldsOf(err)["old"] == "" {
		t.Errorf("a wrong old password: %v", err)
	}
	if err := db.ChangePassword(bg, self, "다른 비밀번호 열두 자", goodPassword); err != nil {
		t.Fatal(err)
	}
	dead("own password changed", one)
	one = login("desk")
	if err := db.DisableStaff(bg, chief, "desk"); err != nil {
		t.Fatal(err)
	}
	dead("disabled", one)
	if _, _, err := db.Login(bg, "desk", goodPassword, "10.0.0.1", "browser"); store.KindOf(err) != store.Unauthenticated {
		t.Errorf("a disabled account signs in: %v", err)
	}
	if err := db.EnableStaff(bg, chief, "desk"); err != nil {
		t.Fatal(err)
	}
	dead("enabled again, the old cookie", one)
}

func TestSessionsSeeTheDepartmentsOfNow(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 09:00")
	sys := store.System("test")
	road := must(db.AddDepartment(bg, sys, store.Department{Name: "도로과"}))(t)
	waste := must(db.AddDepartment(bg, sys, store.Department{Name: "자원순환과"}))(t)
	in := store.StaffInput{Login: "kim", Name: "김담당", Role: store.RoleDepartment, Password: goodPassword, Departments: []store.Membership{{Department: road.Ref(), Head: true}}}
	must(db.AddStaff(bg, sys, in))(t)
	_, cookie, err := db.Login(bg, "kim", goodPassword, "10.0.0.1", "browser")
	if err != nil {
		t.Fatal(err)
	}
	who, _ := must2(db.SessionActor(bg, cookie))(t)
	if !who.Sees(road.ID) || who.Sees(waste.ID) || who.Sees(0) || !slices.Equal(who.Heads, []int64{road.ID}) {
		t.Errorf("actor %+v", who)
	}
	in.Departments = []store.Membership{{Department: waste.Ref()}}
	if err := db.ChangeStaff(bg, sys, "kim", in); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.SessionActor(bg, cookie); store.KindOf(err) != store.Unauthenticated {
		t.Errorf("moved to another department, still signed in: %v", err)
	}
	_, cookie, err = db.Login(bg, "kim", goodPassword, "10.0.0.1", "browser")
	if err != nil {
		t.Fatal(err)
	}
	if who, _ = must2(db.SessionActor(bg, cookie))(t); who.Sees(road.ID) || !who.Sees(waste.ID) {
		t.Errorf("after the move %+v", who)
	}
}

// Failures lock for a minute, then longer, never for ever; unknown names behave the same; the owner gets in from where
// he is known.
func TestLockOut(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-24 09:00")
	hireReal(t, db, "desk", store.RoleOperator)
	for _, name := range []string{"desk", "nobody-there"} {
		fail := func(want store.Kind, text string) {
			t.Helper()
			_, _, err := db.Login(bg, name, "wrong wrong wrong", "203.0.113.9", "curl")
			if store.KindOf(err) != want {
				t.Errorf("%s %s: %v, want %s", name, text, err, want)
			}
		}
		for i := range 5 {
			fail(store.Unauthenticated, fmt.Sprint("failure ", i+1))
		}
		for _, locked := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
			clock.Advance(locked - time.Second)
			fail(store.TooMany, "just before "+locked.String())
			clock.Advance(time.Second)
			fail(store.Unauthenticated, "after "+locked.String())
		}
	}
	// The lock holds for the right password too, and ends by itself.
	if _, _, err := db.Login(bg, "desk", goodPassword, "198.51.100.1", "browser"); err != nil {
		t.Errorf("after the lock: %v", err) // the locks of "nobody-there" took longer than desk's last one
	}
}

func TestOwnerIsNotLockedOut(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-24 09:00")
	hireReal(t, db, "desk", store.RoleOperator)
	if _, _, err := db.Login(bg, "desk", goodPassword, "10.0.0.7", "browser"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(24 * time.Hour)
	for range 6 {
		db.Login(bg, "desk", "wrong wrong wrong", "203.0.113.9", "curl")
	}
	if _, _, err := db.Login(bg, "desk", goodPassword, "198.51.100.1", "browser"); store.KindOf(err) != store.TooMany {
		t.Errorf("from a new address: %v", err)
	}
	if _, _, err := db.Login(bg, "desk", goodPassword, "10.0.0.7", "browser"); err != nil {
		t.Errorf("the owner at the own desk: %v", err)
	}
	for range 5 {
		db.Login(bg, "desk", "wrong wrong wrong", "10.0.0.7", "browser")
	}
	if _, _, err := db.Login(bg, "desk", goodPassword, "10.0.0.7", "browser"); store.KindOf(err) != store.TooMany {
		t.Errorf("guessing from the known address has no bound: %v", err)
	}
}

func TestLockSurvivesARestart(t *testing.T) {
	t.Parallel()
	clock, dir := &storetest.Clock{}, t.TempDir()
	clock.Set(storetest.At("2026-11-24 09:00"))
	db := storetest.Open(t, clock, dir)
	hireReal(t, db, "desk", store.RoleOperator)
	for range 5 {
		db.Login(bg, "desk", "wrong wrong wrong", "203.0.113.9", "curl")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.Open(t, clock, dir)
	if _, _, err := db.Login(bg, "desk", goodPassword, "203.0.113.9", "curl"); store.KindOf(err) != store.TooMany {
		t.Errorf("after the restart: %v", err)
	}
	clock.Advance(time.Minute)
	if _, _, err := db.Login(bg, "desk", "wrong wrong wrong", "203.0.113.9", "curl"); store.KindOf(err) != store.Unauthenticated {
		t.Errorf("after the lock: %v", err)
	}
	if _, _, err := db.Login(bg, "desk", goodPassword, "203.0.113.9", "curl"); store.KindOf(err) != store.TooMany {
		t.Errorf("the sixth failure is free: %v", err)
	}
}

// A hundred tries at once are no way round the lock.
func TestLockOutUnderParallelTries(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 09:00")
	hireReal(t, db, "desk", store.RoleOperator)
	var wg sync.WaitGroup
	var mu sync.Mutex
	kinds := map[store.Kind]int{}
	for range 100 {
		wg.Go(func() {
			_, _, err := db.Login(bg, "desk", "wrong wrong wrong", "203.0.113.9", "curl")
			mu.Lock()
			defer mu.Unlock()
			kinds[store.KindOf(err)]++
		})
	}
	wg.Wait()
	if kinds[store.Unauthenticated] > 5 || kinds[store.Unauthenticated]+kinds[store.TooMany] != 100 {
		t.Errorf("answers %v: at most 5 passwords may have been looked at", kinds)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 09:00")
	_, _, err := o.db.AddToken(bg, o.operator, store.TokenInput{Name: "x", Role: store.RoleAdmin})
	wantKind(t, err, store.Forbidden)
	for field, in := range map[string]store.TokenInput{
		"name":       {Role: store.RoleAdmin},
		"role":       {Name: "x", Role: "citizen"},
		"department": {Name: "x", Role: store.RoleDepartment},
	} {
		_, _, err := o.db.AddToken(bg, o.admin, in)
		if fieldsOf(err)[field] == "" {
			t.Errorf("%+v: %v", in, err)
		}
	}
	_, admin := must2(o.db.AddToken(bg, o.admin, store.TokenInput{Name: "연계", Role: store.RoleAdmin}))(t)
	made, road := must2(o.db.AddToken(bg, o.admin, store.TokenInput{Name: "도로", Role: store.RoleDepartment, Department: store.Ref{Name: "도로과"}}))(t)
	if made.Department.ID != o.road.ID || admin == road {
		t.Errorf("token %+v", made)
	}
	who := must(o.db.TokenActor(bg, road))(t)
	if who.Role != store.RoleDepartment || who.Token != made.ID || who.Staff != 0 || !who.Sees(o.road.ID) || who.Sees(o.waste.ID) {
		t.Errorf("actor %+v", who)
	}
	for _, bad := range []string{"", "toktok_", road + "x", strings.ToLower(road), "Bearer " + road} {
		if _, err := o.db.TokenActor(bg, bad); store.KindOf(err) != store.Unauthenticated {
			t.Errorf("token %q: %v", bad, err)
		}
	}
	_, _, err = o.db.AddToken(bg, o.admin, store.TokenInput{Name: "연계", Role: store.RoleAdmin})
	if fieldsOf(err)["name"] == "" {
		t.Errorf("a name twice: %v", err)
	}

	writes := o.db.Stats().Writes
	for range 10 {
		must(o.db.TokenActor(bg, road))(t)
	}
	if n := o.db.Stats().Writes - writes; n != 0 {
		t.Errorf("%d writes within a minute", n)
	}
	o.clock.Advance(time.Minute)
	must(o.db.TokenActor(bg, road))(t)
	must(o.db.TokenActor(bg, road))(t)
	if n := o.db.Stats().Writes - writes; n != 1 {
		t.Errorf("%d writes after a minute, want 1", n)
	}

	if err := o.db.RevokeToken(bg, o.admin, "도로"); err != nil {
		t.Fatal(err)
	}
	_, err = o.db.TokenActor(bg, road)
	wantKind(t, err, store.Unauthenticated)
	must(o.db.TokenActor(bg, admin))(t)
	wantKind(t, o.db.RevokeToken(bg, o.admin, "없음"), store.NotFound)
	// The name is free again; the old secret is not.
	_, fresh := must2(o.db.AddToken(bg, o.admin, store.TokenInput{Name: "도로", Role: store.RoleAuditor}))(t)
	if who := must(o.db.TokenActor(bg, fresh))(t); who.Role != store.RoleAuditor {
		t.Errorf("actor %+v", who)
	}
	_, err = o.db.TokenActor(bg, road)
	wantKind(t, err, store.Unauthenticated)
	list := must(o.db.Tokens(bg, o.admin))(t)
	if len(list) != 2 || list[0].LastUsed.IsZero() {
		t.Errorf("list %+v", list)
	}
	if got := store.Value(o.db, `select count(*) from tokens where cast(digest as text) like '%toktok%' or digest in (?, ?)`, admin, fresh); got != "0" {
		t.Error("a secret is stored as it is")
	}
}

// A token revoked while many requests use it is dead for all of them once the revocation has returned.
func TestTokenCacheNeverServesARevokedToken(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 09:00")
	for round := range 20 {
		_, bearer := must2(o.db.AddToken(bg, o.admin, store.TokenInput{Name: fmt.Sprint("t", round), Role: store.RoleAuditor}))(t)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						o.db.TokenActor(bg, bearer)
					}
				}
			})
		}
		if err := o.db.RevokeToken(bg, o.admin, fmt.Sprint("t", round)); err != nil {
			t.Fatal(err)
		}
		_, err := o.db.TokenActor(bg, bearer)
		wantKind(t, err, store.Unauthenticated)
		close(stop)
		wg.Wait()
		_, err = o.db.TokenActor(bg, bearer)
		wantKind(t, err, store.Unauthenticated)
	}
}
