package store_test

import (
	"testing"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/worktime"
)

func TestKakaoInboxIsTickedOnceADay(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 09:05")
	monday := worktime.DateOf(o.db.Now())
	check := func(day worktime.Date) store.KakaoCheck {
		t.Helper()
		c, _, err := o.db.KakaoCheck(bg, o.operator, day)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := check(monday); c.By != "" {
		t.Errorf("ticked before anybody did: %+v", c)
	}
	first := must(o.db.TickKakaoCheck(bg, o.operator))(t)
	o.clock.Set(storetest.At("2026-11-23 11:00"))
	second := must(o.db.TickKakaoCheck(bg, o.admin))(t)
	if first.By != o.operator.Name || second.By != first.By || !second.At.Equal(storetest.At("2026-11-23 09:05")) {
		t.Errorf("first %+v, second %+v", first, second)
	}
	if got := store.Value(o.db, `select count(*) from audit where action = 'kakao_admin_check' and staff = ?`, o.operator.Staff); got != "1" {
		t.Errorf("%s audit rows", got)
	}
	o.clock.Set(storetest.At("2026-11-24 09:05"))
	if c := check(worktime.DateOf(o.db.Now())); c.By != "" {
		t.Errorf("yesterday's tick counts today: %+v", c)
	}
	must(o.db.TickKakaoCheck(bg, o.admin))(t)
	if c := check(monday); c.By != o.operator.Name {
		t.Errorf("monday is forgotten: %+v", c)
	}
	_, err := o.db.TickKakaoCheck(bg, o.auditor)
	wantKind(t, err, store.Forbidden)
	_, err = o.db.TickKakaoCheck(bg, o.roadStaff)
	wantKind(t, err, store.NotFound)
}

func TestLastKakaoTest(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-23 10:00")
	if c := must(o.db.LastKakaoTest(bg, o.admin))(t); !c.At.IsZero() {
		t.Errorf("a test nobody made: %+v", c)
	}
	storetest.Say(t, o.db, storetest.Call{Text: "테스트", Surface: "BuilderBotTest"})
	c := must(o.db.LastKakaoTest(bg, o.admin))(t)
	if !c.At.Equal(o.db.Now()) || c.Bot != storetest.BotID || c.Surface != "BuilderBotTest" || c.Block != "fallback" {
		t.Errorf("last test %+v", c)
	}
	_, err := o.db.LastKakaoTest(bg, o.operator)
	wantKind(t, err, store.Forbidden)
}
