package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/kakao/skill"
	"toktok/store/storetest"
	"toktok/store/wording"
)

// RULES C2: help first, waiting replies next, our own line last, never more than three bubbles, and what is left is one
// tap away.
func TestThreeBubblesAtMost(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("가로등을 하나씩 점검하고 있어요. ", 40) // two bubbles
	for _, c := range []struct {
		what    string
		replies []string
		text    string
		want    []string // what each bubble holds
		more    int
	}{
		{"one waits", []string{"첫 답변"}, "언제요", []string{"첫 답변", "✓"}, 0},
		{"two wait", []string{"첫 답변", "둘째 답변"}, "언제요", []string{"첫 답변", "둘째 답변", "✓"}, 0},
		{"three wait", []string{"첫 답변", "둘째 답변", "셋째 답변"}, "언제요", []string{"첫 답변", "둘째 답변", "✓"}, 1},
		{"a long one", []string{long, "둘째 답변"}, "언제요", []string{"(1/2)", "(2/2)", "✓"}, 1},
		{"urgent words", []string{"첫 답변", "둘째 답변"}, "가스 냄새가 나요", []string{"119", "첫 답변", "✓"}, 1},
		{"urgent words and a long one", []string{long, "둘째 답변"}, "가스 냄새가 나요", []string{"119", "✓"}, 2},
		{"asked for", []string{"첫 답변", "둘째 답변", "셋째 답변", "넷째 답변"}, "답변 확인", []string{"첫 답변", "둘째 답변", "셋째 답변"}, 1},
		{"asked for, the second does not fit", []string{"첫 답변", "둘째 답변", long}, "답변 확인", []string{"첫 답변", "둘째 답변"}, 1},
		{"asked how it stands", []string{"첫 답변", "둘째 답변", "셋째 답변"}, "진행상황", []string{"첫 답변", "둘째 답변", "상태: 답변함"}, 1},
		{"nothing waits", nil, "답변 확인", []string{"새로 도착한 답변이 없어요"}, 0},
	} {
		o := newOffice(t, "2026-11-24 10:00")
		n := o.write(t, "a", "가로등이 꺼졌어요")
		for _, text := range c.replies {
			must(o.db.Reply(bg, o.operator, n, store.ReplyInput{Text: text}))(t)
		}
		h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: c.text})
		if len(h.Bubbles) != len(c.want) {
			t.Errorf("%s: %d bubbles %q", c.what, len(h.Bubbles), h.Bubbles)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(h.Bubbles[i], want) {
				t.Errorf("%s: bubble %d is %q, want %q in it", c.what, i+1, h.Bubbles[i], want)
			}
		}
		more := slices.Contains(h.Quick, fmt.Sprintf("답변 더 보기 (%d)", c.more))
		if more != (c.more > 0) || !slices.Contains(h.Quick, "진행상황") {
			t.Errorf("%s: quick replies %q, want %d more", c.what, h.Quick, c.more)
		}
		// Taps bring the rest, and then nothing is left.
		for taps := 0; ; taps++ {
			o.clock.Advance(5 * time.Second)
			if h = storetest.Say(t, o.db, storetest.Call{User: "a", Text: "답변 확인"}); strings.Contains(h.Text(), "새로 도착한 답변이 없어요") {
				if taps == 0 && c.more > 0 {
					t.Errorf("%s: nothing came of %d", c.what, c.more)
				}
				break
			}
			if taps == c.more {
				t.Fatalf("%s: still waiting %q", c.what, h.Bubbles)
			}
		}
	}
}

// The greatest possible receipt: every text the city's own and as long as may be, and every remark due at once.
func TestLongestReceiptFitsOneBubble(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-24 20:00", func(o *store.Options) {
		o.Outside.PublicURL = "https://" + strings.Repeat("x", 180) + ".kr"
	})
	set := db.Settings()
	for _, i := range wording.Keys() {
		own := ""
		for _, v := range i.Vars {
			if v.Needed {
				own += "{" + v.Name + "} "
			}
		}
		own += strings.Join(i.Keep, " ")
		if i.First != "" {
			own = i.First
		}
		for text := own; wording.Check(i.Key, text) == nil || len(text) < 20; text += "가" {
			own = text
		}
		set.Texts[i.Key] = own
	}
	if err := db.SaveSettings(bg, admin, set); err != nil {
		t.Fatal(err, fieldsOf(err))
	}
	video := map[string]any{"media": map[string]any{"type": "video", "url": "https://a.kakaocdn.net/v.mp4"}, "memo": "850101-1234567"}
	h := storetest.Say(t, db, storetest.Call{Text: "https://a.kakaocdn.net/v.mp4", Params: video})
	if len(h.Bubbles) != 1 || skill.Count(h.Bubbles[0]) > 1000 || skill.Count(h.Bubbles[0]) < 700 {
		t.Fatalf("%d bubbles: %q", len(h.Bubbles), h.Bubbles)
	}
	if b := h.Bubbles[0]; !strings.Contains(b, "2026-000001") || !strings.HasSuffix(strings.TrimRight(b, "가"), "/privacy ") {
		t.Errorf("number first and privacy last: %q", b)
	}
	if got := stored(db); got != "1 citizens, 1 cases, 1 messages, 0 kept aside" {
		t.Errorf("stored %s", got)
	}
}

// An answer full of replies leaves the privacy link to the next one.
func TestPrivacyLinkMakesNoFourthBubble(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-24 10:00"))
	dir := t.TempDir()
	db := storetest.Open(t, clock, dir, func(o *store.Options) { o.Outside.PublicURL = "" })
	storetest.Say(t, db, storetest.Call{Text: "글"})
	for i := range 3 {
		must(db.Reply(bg, admin, "2026-000001", store.ReplyInput{Text: fmt.Sprint("답변 ", i)}))(t)
	}
	db.Close()
	db = storetest.Open(t, clock, dir) // now the office has a public address
	clock.Advance(time.Minute)
	if h := storetest.Say(t, db, storetest.Call{Text: "답변 확인"}); len(h.Bubbles) != 3 || strings.Contains(h.Text(), "privacy") {
		t.Errorf("answer %q", h.Bubbles)
	}
	if h := storetest.Say(t, db, storetest.Call{Text: "고마워요, 하나 더요"}); !strings.HasSuffix(h.Bubbles[0], "https://talk.example.kr/privacy") {
		t.Errorf("next answer %q", h.Bubbles)
	}
	clock.Advance(time.Minute)
	if h := storetest.Say(t, db, storetest.Call{Text: "하나 더요"}); strings.Contains(h.Text(), "privacy") {
		t.Errorf("told twice: %q", h.Bubbles)
	}
}

// RULES C4: the help bubble comes once a case and day; the alarm and the flag stay.
func TestHelpOncePerCaseAndDay(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-24 10:00")
	for _, c := range []struct {
		at   string
		help bool
	}{{"2026-11-24 10:00", true}, {"2026-11-24 23:00", false}, {"2026-11-25 00:00", true}} {
		clock.Set(storetest.At(c.at))
		h := storetest.Say(t, db, storetest.Call{Text: "가스 냄새가 나요"})
		if got := strings.Contains(h.Bubbles[0], "119에 신고"); got != c.help {
			t.Errorf("at %s: %q", c.at, h.Bubbles)
		}
		if !list(t, db)[0].Urgent {
			t.Errorf("at %s the case is not flagged", c.at)
		}
	}
	if h := storetest.Say(t, db, storetest.Call{User: "b", Text: "화재보험 문의예요"}); len(h.Bubbles) != 1 {
		t.Errorf("harmless words: %q", h.Bubbles)
	}
	if h := storetest.Say(t, db, storetest.Call{User: "c", Text: "자살하고 싶어요"}); !strings.HasPrefix(h.Bubbles[0], "지금 109") {
		t.Errorf("109 first: %q", h.Bubbles)
	}
}

// Also the second urgent word of a day is answered at once, not through a callback (RULES D4).
func TestNoCallbackForUrgentWordsToldBefore(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-24 10:00")
	storetest.Say(t, db, storetest.Call{Text: "가스 냄새가 나요"})
	clock.Advance(time.Minute)
	if h := storetest.Say(t, db, storetest.Call{Text: "가스 냄새가 더 나요", Callback: "https://bot-api.kakao.com/cb"}); h.Waiting != "" {
		t.Errorf("a callback was promised: %q", h.Waiting)
	}
}

// Only whole texts are commands, and only what our buttons carry is a button of ours.
func TestWordsAndButtonsAreToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		call    storetest.Call
		says    string
		message bool
	}{
		{storetest.Call{Text: "진행상황"}, "상태: 답변 대기", false},
		{storetest.Call{Text: " 진행  상황 "}, "상태: 답변 대기", false},
		{storetest.Call{Text: "진행상황 알려 주세요"}, "✓ 받았어요", true},
		{storetest.Call{Text: "2026-000001"}, "상태: 답변 대기", false},
		{storetest.Call{Text: "2026-000001 건 언제 되나요"}, "✓ 받았어요", true},
		{storetest.Call{Text: "2026-000002"}, "찾지 못했어요", false},
		{storetest.Call{Text: "취하"}, "취하할까요", false},
		{storetest.Call{Text: "계속할게요"}, "✓ 받았어요", true}, // may answer an operator's question
		{storetest.Call{Text: "취하할게요"}, "✓ 받았어요", true},
		{storetest.Call{Text: "계속할게요", Extra: map[string]any{"op": "keep"}}, "상태: 답변 대기", false},
		{storetest.Call{Text: "접수하기", Extra: map[string]any{"op": "submit"}}, "지금은 쓸 수 없는 버튼", false},
		{storetest.Call{Text: "쓰레기 배출일", Extra: map[string]any{"menu": 3}}, "✓ 받았어요", true}, // a button of the city's own
		{storetest.Call{Text: "취하할게요", Extra: map[string]any{"op": "withdraw"}}, "찾지 못했어요", false},
		{storetest.Call{Text: "취하할게요", Extra: map[string]any{"op": "withdraw", "case": 1}}, "찾지 못했어요", false},
	} {
		db, _ := storetest.New(t, "2026-11-24 10:00")
		storetest.Say(t, db, storetest.Call{User: "b", Text: "글"})
		storetest.Say(t, db, storetest.Call{User: "c", Text: "글"})
		c.call.User = "b"
		h := storetest.Say(t, db, c.call)
		if !strings.Contains(h.Text(), c.says) {
			t.Errorf("%q %v: %q, want %q", c.call.Text, c.call.Extra, h.Bubbles, c.says)
		}
		if got := store.Value(db, `select count(*) from messages where citizen = 1`); (got == "2") != c.message {
			t.Errorf("%q %v: %s messages", c.call.Text, c.call.Extra, got)
		}
	}
}

// 취하 is asked about what is still open, though the last we spoke of is closed, and shows the number once.
func TestWithdrawAsksAboutTheOpenCase(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "2026-11-24 10:00")
	old := o.write(t, "a", "첫 민원")
	must(o.db.FinishTicket(bg, o.operator, old, store.FinishInput{Reason: "not_a_case"}))(t)
	open := o.write(t, "a", "둘째 민원")
	must(o.db.Reply(bg, o.operator, old, store.ReplyInput{Text: "앞선 민원에 덧붙여요."}))(t)
	h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "취하"})
	if got := strings.Join(h.Bubbles, "\n"); strings.Count(got, open) != 1 || !strings.Contains(got, "취하할까요") {
		t.Errorf("asked %q", h.Bubbles)
	}
	storetest.Say(t, o.db, storetest.Call{User: "a", Text: "취하할게요", Extra: map[string]any{"op": "withdraw", "case": open}})
	o.clock.Advance(time.Minute)
	if h := storetest.Say(t, o.db, storetest.Call{User: "a", Text: "취하"}); !strings.Contains(h.Text(), "진행 중인 민원이 없어요") {
		t.Errorf("nothing is open: %q", h.Bubbles)
	}
	if tk := must(o.db.Ticket(bg, o.admin, open))(t); tk.State != store.StateClosed || tk.Outcome != "withdrawn" || !tk.AwaitingSince.IsZero() {
		t.Errorf("withdrawn: %+v", tk)
	}
}
