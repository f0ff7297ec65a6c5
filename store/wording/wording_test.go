package wording_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"toktok/store/hangul"
	"toktok/store/wording"
)

var update = flag.Bool("update", false, "write the golden files")

var seoul = time.FixedZone("KST", 9*60*60)

// full has a value for everything, as texts show it at their fullest.
var full = wording.Vars{
	Number: "2026-000123", Previous: "2026-000098", Round: 2, Minutes: 15, Count: 3,
	NextOpen: time.Date(2026, 11, 24, 9, 0, 0, 0, seoul), Close: time.Date(2026, 11, 23, 18, 0, 0, 0, seoul), At: time.Date(2026, 11, 23, 14, 5, 0, 0, seoul),
	Department: "도로과", Handler: "김하나", Contact: "054-779-1234", Due: "12월 4일(금)", State: wording.StateLabel("review"), Reason: "현장을\n더 확인해야 해서",
	City: "경주시", Duty: "054-779-8585", PrivacyURL: "https://talk.example.go.kr/privacy", Text: "가로등을 고쳤습니다.",
}

func render(t *testing.T, s wording.Set, k wording.Key, v wording.Vars) string {
	t.Helper()
	text, err := s.Render(k, v)
	if err != nil {
		t.Fatalf("Render(%s): %v", k, err)
	}
	return text
}

// least keeps of full what text k cannot do without.
func least(t *testing.T, info wording.Info) wording.Vars {
	t.Helper()
	var v wording.Vars
	for _, x := range info.Vars {
		if !x.Needed {
			continue
		}
		switch x.Name {
		case "접수번호":
			v.Number = full.Number
		case "다음업무":
			v.NextOpen = full.NextOpen
		case "마감":
			v.Close = full.Close
		case "부서":
			v.Department = full.Department
		case "연락처":
			v.Contact = full.Contact
		case "처리기한":
			v.Due = full.Due
		case "상태":
			v.State = full.State
		case "사유":
			v.Reason = full.Reason
		case "개인정보안내":
			v.PrivacyURL = full.PrivacyURL
		case "건수":
			v.Count = full.Count
		case "내용":
			v.Text = full.Text
		default:
			t.Fatalf("%s needs {%s}, which this test does not know", info.Key, x.Name)
		}
	}
	return v
}

// Each text has a golden file: with all values, and below the line with only those it needs.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, info := range wording.Keys() {
		path := filepath.Join("testdata", "golden", string(info.Key)+".txt")
		known[path] = true
		got := render(t, nil, info.Key, full) + "\n"
		if bare := render(t, nil, info.Key, least(t, info)) + "\n"; bare != got {
			got += "----\n" + bare
		}
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%s: %v", info.Key, err)
			continue
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", info.Key, diff)
		}
	}
	for _, f := range files {
		if !known[f] {
			t.Errorf("%s belongs to no text", f)
		}
	}
}

// The rules fix some texts to the letter.
func TestTextsOfTheRules(t *testing.T) {
	t.Parallel()
	for k, want := range map[wording.Key]string{
		wording.ReceiptShort: "✓ 받았어요",
		wording.Thanks:       "네, 필요하시면 언제든 남겨 주세요.",
		wording.AlreadyShown: "앞서 보내 드린 답변을 확인해 주세요.",
		wording.TooMany:      "많은 글이 이어지고 있어요. 곧 확인할게요.",
		wording.Quarantined:  "글을 받았지만 처리 중 문제가 생겼어요. 상담원이 확인합니다.",
	} {
		if got := render(t, nil, k, full); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	for k, parts := range map[wording.Key][]string{
		wording.ReceiptOpen:           {"보통 15분 안에 답해요"},
		wording.ReceiptOpenLate:       {"오늘 18:00까지 답하지 못하면 11월 24일(화) 09:00에 이어서 답해요"},
		wording.ReceiptClosed:         {"11월 24일(화) 09:00", "112·119", "054-779-8585"},
		wording.ReceiptReopened:       {"2회차", "보통 15분 안에 답해요"},
		wording.ReceiptReopenedClosed: {"2회차", "11월 24일(화) 09:00"},
		wording.ReceiptFollows:        {"2026-000098은"},
		wording.ReceiptClosedPeriod:   {"✓ 받았어요", "11월 24일(화) 09:00"},
		wording.ReceiptReview:         {"도로과", "12월 4일(금)", "함께 전달했어요"},
		wording.TransferNotice:        {"2026-000123", "도로과", "김하나", "054-779-1234", "12월 4일(금)"},
		wording.TransferOnNotice:      {"도로과로"},
		wording.ResultNotice:          {"가로등을 고쳤습니다.", "도로과", "054-779-1234", "11월 23일(월) 14:05"},
		wording.CloseDeclined:         {"현장을 더 확인해야 해서"},
		wording.ClosingLine:           {"11월 24일(화) 09:00"},
		wording.Status:                {"부서 처리", "12월 4일(금)"},
		wording.NotFriendHint:         {"답변 확인", "채널을 추가하면 바로"},
		wording.BlockedCitizen:        {"054-779-1234"},
	} {
		text := render(t, nil, k, full)
		for _, p := range parts {
			if !strings.Contains(text, p) {
				t.Errorf("%s lacks %q:\n%s", k, p, text)
			}
		}
	}
	for _, k := range []wording.Key{
		wording.ReceiptOpen, wording.ReceiptOpenLate, wording.ReceiptGap, wording.ReceiptClosed, wording.ReceiptReopened,
		wording.ReceiptReopenedClosed, wording.ReceiptFollows, wording.ReceiptFollowsClosed,
	} {
		if first, _, _ := strings.Cut(render(t, nil, k, full), "\n"); first != "접수번호 2026-000123" {
			t.Errorf("%s begins with %q", k, first)
		}
	}
}

func TestHelpComesFirst(t *testing.T) {
	t.Parallel()
	for kind, number := range map[string]string{
		wording.Gas: "119", wording.Fire: "119", wording.Shock: "119", wording.Flood: "119", wording.Collapse: "119", wording.Missing: "112", wording.Suicide: "109",
	} {
		text := render(t, nil, wording.UrgentKey(kind), full)
		if at := strings.IndexAny(text, "0123456789"); !strings.HasPrefix(text[max(at, 0):], number) {
			t.Errorf("%s: another number before %s:\n%s", kind, number, text)
		}
		if duty := strings.Contains(text, full.Duty); duty != (kind != wording.Suicide) {
			t.Errorf("%s: duty room shown: %v", kind, duty)
		}
	}
}

func TestLinesWithoutValueAreLeftOut(t *testing.T) {
	t.Parallel()
	v := wording.Vars{Number: "2026-000123"}
	if got := render(t, nil, wording.ReceiptOpen, v); strings.Contains(got, "보통") || !strings.Contains(got, "2026-000123") {
		t.Errorf("without samples: %q", got)
	}
	v.Department, v.Contact = "도로과", "054-779-1234"
	if got, want := render(t, nil, wording.TransferNotice, v), "접수번호 2026-000123\n도로과에서 이어서 처리해요.\n연락처: 054-779-1234"; got != want {
		t.Errorf("without handler and due: %q", got)
	}
	v.Text = "고쳤습니다."
	if got := render(t, nil, wording.ResultNotice, v); strings.Contains(got, "\n\n\n") || strings.Contains(got, "{") {
		t.Errorf("blank lines: %q", got)
	}
}

func TestRenderErrors(t *testing.T) {
	t.Parallel()
	if _, err := wording.Set(nil).Render("none", full); err == nil {
		t.Error("unknown text rendered")
	}
	if text, err := wording.Set(nil).Render(wording.StatusMany, wording.Vars{}); err == nil {
		t.Errorf("nothing to say, said %q", text)
	}
	if _, err := wording.Set(nil).Join(full, wording.Thanks, "none"); err == nil {
		t.Error("unknown text joined")
	}
}

func TestOwnTexts(t *testing.T) {
	t.Parallel()
	s := wording.Set{
		wording.ReceiptOpen: "{접수번호|으로/로} 받았습니다.\n{부서}", wording.CallbackEnd: " ", wording.Thanks: "{도시|이/가} 함께할게요.",
		wording.ReceiptShort: "{사라진변수}",
	}
	if got := render(t, s, wording.ReceiptOpen, full); got != "2026-000123으로 받았습니다." {
		t.Errorf("own receipt: %q", got)
	}
	if got := render(t, s, wording.Thanks, full); got != "경주시가 함께할게요." {
		t.Errorf("particle: %q", got)
	}
	if got := render(t, s, wording.Thanks, wording.Vars{}); got != wording.Default(wording.Thanks) {
		t.Errorf("own text without its value gives way to the default, got %q", got)
	}
	if got := render(t, s, wording.ReceiptShort, full); got != "✓ 받았어요" {
		t.Errorf("own text with a variable that is gone: %q", got)
	}
	if got := render(t, s, wording.CallbackEnd, full); got != "" {
		t.Errorf("switched off, but says %q", got)
	}
	got, err := s.Join(full, wording.ReceiptOpen, wording.CallbackEnd, wording.PrivacyFirst)
	if want := "2026-000123으로 받았습니다.\n개인정보 처리 안내: https://talk.example.go.kr/privacy"; err != nil || got != want {
		t.Errorf("Join: %q (%v)", got, err)
	}
}

// What a citizen or a clerk typed stays text, whatever it looks like.
func TestValuesAreNotTemplates(t *testing.T) {
	t.Parallel()
	v := full
	v.Text = "{접수번호} {없는것|이/가} $1 \\n"
	if got := render(t, nil, wording.ResultNotice, v); !strings.Contains(got, v.Text) {
		t.Errorf("value changed: %q", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		key  wording.Key
		text string
		want string // part of the objection; "" = accepted
	}{
		{"fine", wording.ReceiptOpen, "{접수번호}번으로 받았어요.\n보통 {분}분 안에 답해요.", ""},
		{"particle", wording.TransferNotice, "{접수번호|은/는} {부서|으로/로} 갔어요.", ""},
		{"switched off", wording.CallbackEnd, " \n", ""},
		{"empty", wording.ReceiptOpen, " \n", "비울 수 없어요"},
		{"no such text", "none", "글", "없는 안내 글"},
		{"unknown variable", wording.ReceiptOpen, "{접수번호} {이름}", "{이름}을 쓸 수 없어요"},
		{"variable of another text", wording.ReceiptOpen, "{접수번호} {처리기한}", "{처리기한}을 쓸 수 없어요"},
		{"missing variable", wording.ReceiptOpen, "받았어요", "{접수번호}가 꼭"},
		{"unknown particle", wording.ReceiptOpen, "{접수번호|이든/든}", "조사는"},
		{"empty particle", wording.ReceiptOpen, "{접수번호|}", "조사는"},
		{"open brace", wording.ReceiptOpen, "{접수번호} {", "중괄호"},
		{"closing brace", wording.ReceiptOpen, "{접수번호}} 번", "중괄호"},
		{"brace across lines", wording.ReceiptOpen, "{접수번호} {분\n}", "중괄호"},
		{"emergency number dropped", wording.ReceiptClosed, "{접수번호} {다음업무} 119", "112가 꼭"},
		{"other number first", wording.UrgentSuicide, "1588-0000 또는 109", "109가 다른 번호보다 먼저"},
		{"variable before help", wording.UrgentGas, "당직실 {당직실}\n119", "119가 다른 번호보다 먼저"},
		{"no help", wording.UrgentGas, "피하세요", "119가 다른 번호보다 먼저"},
		{"control characters", wording.Thanks, "네\x00", "보이지 않는 문자"},
		{"too long", wording.ReceiptShort, strings.Repeat("가", 121), "가장 길 때 121자예요. 120자까지"},
		{"just fits", wording.ReceiptShort, strings.Repeat("가", 120), ""},
		{"too long with its longest value", wording.CloseDeclined, "{접수번호} {사유}" + strings.Repeat("가", 270), "가장 길 때 482자"},
		{"emoji count as KakaoTalk counts", wording.ReceiptShort, strings.Repeat("👍", 61), "가장 길 때 122자"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := wording.Check(c.key, c.text)
			if c.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if _, ok := errors.AsType[wording.Objection](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("objection %v, want %q", err, c.want)
			}
		})
	}
}

func TestDefaultsPassTheirOwnCheck(t *testing.T) {
	t.Parallel()
	seen := make(map[wording.Key]bool)
	for _, info := range wording.Keys() {
		if err := wording.Check(info.Key, info.Default); err != nil {
			t.Errorf("%s: %v", info.Key, err)
		}
		if seen[info.Key] || info.Title == "" || info.Group == "" || info.Limit == 0 || info.Default != wording.Default(info.Key) {
			t.Errorf("%s: incomplete or double", info.Key)
		}
		seen[info.Key] = true
		for _, v := range info.Vars {
			if v.Title == "" {
				t.Errorf("%s: variable {%s} does not exist", info.Key, v.Name)
			}
		}
	}
}

// A checked text never gets longer than its limit, whatever the values are (the privacy address and
// the words of staff apart, which are bounded where they are entered).
func TestNoValueBreaksALimit(t *testing.T) {
	t.Parallel()
	infos := wording.Keys()
	rapid.Check(t, func(t *rapid.T) {
		long := func(name string) string {
			return strings.Repeat(rapid.SampledFrom([]string{"가", "漢", "강", "👨‍👩‍👧", "x\n"}).Draw(t, name), rapid.IntRange(0, 400).Draw(t, name+" length"))
		}
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "time"))
		v := wording.Vars{
			Number: long("number"), Previous: long("previous"), Round: rapid.IntRange(0, 99).Draw(t, "round"), Minutes: rapid.IntRange(0, 540).Draw(t, "minutes"),
			Count: rapid.IntRange(0, 9999).Draw(t, "count"), NextOpen: at, Close: at, At: at, Department: long("department"), Handler: long("handler"),
			Contact: long("contact"), Due: long("due"), State: long("state"), Reason: long("reason"), City: long("city"), Duty: long("duty"),
		}
		info := rapid.SampledFrom(infos).Draw(t, "text")
		text, err := wording.Set(nil).Render(info.Key, v)
		if err == nil && hangul.Len(text) > info.Limit {
			t.Fatalf("%s: %d characters, limit %d:\n%s", info.Key, hangul.Len(text), info.Limit, text)
		}
	})
}

// Receipt, mask line, hint and privacy line stand in one bubble of at most 1000 (kakao-chatbot.md §3.2).
func TestTheFirstReceiptFitsOneBubble(t *testing.T) {
	t.Parallel()
	limit := make(map[wording.Key]int)
	for _, info := range wording.Keys() {
		limit[info.Key] = info.Limit
		if info.Limit > 1000 {
			t.Errorf("%s: limit %d", info.Key, info.Limit)
		}
	}
	if sum := limit[wording.ReceiptClosed] + limit[wording.Masked] + limit[wording.NotFriendHint] + limit[wording.PrivacyFirst] + 3; sum > 1000 {
		t.Errorf("together %d characters", sum)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC), "9월 28일(월) 09:00"},
		{time.Date(2026, 12, 31, 15, 0, 0, 0, time.UTC), "1월 1일(금) 00:00"},
		{time.Date(2026, 11, 22, 18, 5, 59, 0, seoul), "11월 22일(일) 18:05"},
		{time.Time{}, ""},
	} {
		if got := wording.Time(c.at); got != c.want {
			t.Errorf("Time(%v) = %q, want %q", c.at, got, c.want)
		}
	}
	if got := wording.Date(time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)); got != "3월 1일(일)" {
		t.Errorf("Date: %q", got)
	}
}

func TestStateLabel(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{
		"waiting": "아침 대기", "open": "답변 대기", "answered": "답변함", "review": "부서 처리", "closed": "완료", "new": "new",
	} {
		if got := wording.StateLabel(state); got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
}
