package demo

import (
	"context"
	"slices"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

func TestMediaHosts(t *testing.T) {
	t.Parallel()
	got := MediaHosts([]string{"kakaocdn.net", "localhost:9000", "127.0.0.1:9001"}, "http://127.0.0.1:8080")
	want := []string{"kakaocdn.net", "localhost:9000", "127.0.0.1:9001", "127.0.0.1:9000", "[::1]:9000", "127.0.0.1:8080"}
	if !slices.Equal(got, want) {
		t.Errorf("photos from %v, want %v", got, want)
	}
}

// The first start makes the office and stands at the working day before; the next ones find it (RULES E4, H9).
func TestBegin(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	start := storetest.At("2026-09-28 10:40") // Chuseok lies before it
	clock := store.NewDemoClock(start)
	db := storetest.Open(t, clock, dir, func(o *store.Options) { o.Mode = "demo" })
	fresh, err := Begin(ctx, db, clock, start)
	if err != nil || !fresh || db.Now().Sub(storetest.At("2026-09-23 08:30")).Abs() > time.Minute {
		t.Fatalf("fresh %t at %v, %v", fresh, db.Now(), err)
	}
	who := store.System("test")
	if list, err := db.Departments(ctx, who); err != nil || len(list) != len(departments) {
		t.Errorf("%d departments, %v", len(list), err)
	}
	for _, a := range Accounts() {
		if a.Login == "" || a.Password == "" || a.Role == "" {
			t.Errorf("account %+v", a)
		}
	}
	first, err := Token(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err = Begin(ctx, db, clock, start)
	if err != nil || fresh || db.Now().Sub(start).Abs() > time.Minute {
		t.Errorf("again: fresh %t at %v, %v", fresh, db.Now(), err)
	}
	second, err := Token(ctx, db)
	if err != nil || second == first {
		t.Errorf("the token of the second start: %v", err)
	}
	if _, err := db.TokenActor(ctx, first); err == nil {
		t.Error("the first start's token still opens")
	}
	if who, err := db.TokenActor(ctx, second); err != nil || who.Role != store.RoleAdmin {
		t.Errorf("the token opens as %q, %v", who.Role, err)
	}
}
