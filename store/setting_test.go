package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"toktok/store"
	"toktok/store/storetest"
	"toktok/store/wording"
)

var (
	anAdmin    = store.Actor{Role: store.RoleAdmin, Name: "관리자"}
	anOperator = store.Actor{Role: store.RoleOperator, Name: "상담원"}
)

func TestSettingsAreKeptWithHistory(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 10:00"))
	db := storetest.Open(t, clock, dir)

	set := db.Settings()
	if set.ReopenDays != 3 || set.SettleDays != 3 || !set.TestCases || set.UndoSeconds != 0 || set.OtherRule != "immediate" {
		t.Errorf("defaults are not those of the rules: %+v", set)
	}
	set.City, set.Contact, set.ReopenDays = " 경주시 ", "054-779-0000", 5
	set.ThanksWords = []string{"고맙데이", " 고맙데이 ", ""}
	set.Texts[wording.OpeningLine] = "접수번호 {접수번호}\n이제 시작해요."
	set.Texts[wording.Thanks] = wording.Default(wording.Thanks)
	set.Texts[wording.CallbackEnd] = " "
	if err := db.SaveSettings(ctx, anAdmin, set); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.Open(t, clock, dir)
	got := db.Settings()
	want := set
	want.City, want.ThanksWords, want.Version = "경주시", []string{"고맙데이"}, got.Version
	want.Texts = map[wording.Key]string{wording.OpeningLine: "접수번호 {접수번호}\n이제 시작해요.", wording.CallbackEnd: ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	if text, _ := db.Words().Render(wording.OpeningLine, wording.Vars{Number: "2026-000001"}); !strings.Contains(text, "이제 시작해요.") {
		t.Errorf("the city's own text is not used: %q", text)
	}
	if text, err := db.Words().Render(wording.CallbackEnd, wording.Vars{}); text != "" || err != nil {
		t.Errorf("a text that was switched off says %q, %v", text, err)
	}
	if !strings.Contains(got.Privacy(), "경주시 054-779-0000") {
		t.Errorf("the privacy notice does not name the office: %s", got.Privacy())
	}

	history, err := db.SettingHistory(ctx, anAdmin, "city")
	if err != nil || len(history) != 1 || history[0].Value != `"경주시"` || history[0].By != "admin:관리자" || !history[0].At.Equal(clock.Now()) {
		t.Errorf("history of city: %+v, %v", history, err)
	}
	// Saving again what is there changes nothing, so nobody has to read empty history.
	if err := db.SaveSettings(ctx, anAdmin, got); err != nil {
		t.Fatal(err)
	}
	if all, _ := db.SettingHistory(ctx, anAdmin, ""); len(all) != 5 {
		t.Errorf("%d history rows for 5 changed settings: %+v", len(all), all)
	}
}

func TestSettingsCopyIsTheCallers(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	set := db.Settings()
	set.ThanksWords[0] = "changed"
	set.Texts[wording.Thanks] = "changed"
	if got := db.Settings(); got.ThanksWords[0] == "changed" || len(got.Texts) != 0 {
		t.Error("a caller's copy is the cache itself")
	}
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	for field, change := range map[string]func(*store.Settings){
		"city":               func(s *store.Settings) { s.City = " " },
		"contact":            func(s *store.Settings) { s.Contact = "전화 주세요" },
		"duty_phone":         func(s *store.Settings) { s.DutyPhone = strings.Repeat("1", 21) },
		"privacy_text":       func(s *store.Settings) { s.PrivacyText = "" },
		"reopen_days":        func(s *store.Settings) { s.ReopenDays = -1 },
		"settle_days":        func(s *store.Settings) { s.SettleDays = 31 },
		"other_rule":         func(s *store.Settings) { s.OtherRule = "bald" },
		"thanks_words":       func(s *store.Settings) { s.ThanksWords = []string{strings.Repeat("가", 31)} },
		"urgent_exceptions":  func(s *store.Settings) { s.UrgentExceptions = []string{strings.Repeat("가", 31)} },
		"lunch_shift":        func(s *store.Settings) { s.LunchShift = 61 },
		"undo_seconds":       func(s *store.Settings) { s.UndoSeconds = 31 },
		"texts.closing_line": func(s *store.Settings) { s.Texts[wording.ClosingLine] = "끝났어요." },
		"texts.nothing":      func(s *store.Settings) { s.Texts["nothing"] = "없는 글" },
	} {
		set := db.Settings()
		change(&set)
		set.City = strings.Replace(set.City, "우리", "새", 1)
		err := db.SaveSettings(ctx, anAdmin, set)
		e, ok := err.(*store.Error)
		if !ok || e.Kind != store.Invalid || e.Fields[field] == "" || len(e.Fields) != 1 {
			t.Errorf("%s: %v, fields %v", field, err, e)
		}
	}
	if got := db.Settings(); got.City != "우리 시" {
		t.Errorf("a refused save stored %q", got.City)
	}
	if err := db.SaveSettings(ctx, anOperator, db.Settings()); store.KindOf(err) != store.Forbidden {
		t.Errorf("an anOperator may save: %v", err)
	}
	if _, err := db.SettingHistory(ctx, anOperator, ""); store.KindOf(err) != store.Forbidden {
		t.Errorf("an anOperator may read the history: %v", err)
	}
}

func TestSettingsOfTwoAdmins(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	first := db.Settings()
	first.City = "경주시"
	if err := db.SaveSettings(ctx, anAdmin, first); err != nil {
		t.Fatal(err)
	}
	one, two := db.Settings(), db.Settings()
	one.City, two.City = "포항시", "영천시"
	if err := db.SaveSettings(ctx, anAdmin, one); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveSettings(ctx, anAdmin, two); store.KindOf(err) != store.Conflict {
		t.Errorf("the second save overwrote the first: %v", err)
	}
	if got := db.Settings().City; got != "포항시" {
		t.Errorf("city is %q", got)
	}
}
