package skill_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"toktok/store/kakao/skill"
)

func TestEncodeSamples(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   skill.Response
	}{
		{"answer_event", *skill.Text("[시청] 문의하신 가로등 건의 답변이 도착했습니다.\n11월 25일까지 교체할 예정입니다.")},
		{"callback_body", *skill.Text("중앙로 12는 도로관리과 담당입니다.")},
		{"answer_buttons", skill.Response{
			Outputs: []skill.Bubble{skill.TextCard{
				Title: "접수 전 확인", Description: "위치: 중앙로 12\n내용: 가로등 꺼짐",
				Buttons: []skill.Button{
					{Label: "접수하기", Action: skill.ActionBlock, BlockID: "66f0aa01c3d2e14b7a9f0010", MessageText: "접수하기", Extra: map[string]any{"op": "submit", "draft": "d_7H2K"}},
					{Label: "취소", Action: skill.ActionBlock, BlockID: "66f0aa01c3d2e14b7a9f0010", MessageText: "취소", Extra: map[string]any{"op": "cancel", "draft": "d_7H2K"}},
				},
			}},
			QuickReplies: []skill.QuickReply{{Label: "처음으로", Action: skill.ActionMessage, MessageText: "처음으로"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body, err := tt.in.Encode()
			if err != nil {
				t.Fatal(err)
			}
			want := fixture(t, tt.name)
			if diff := cmp.Diff(decoded(t, want), decoded(t, body)); diff != "" {
				t.Errorf("(-sample +got):\n%s", diff)
			}
			back, err := skill.DecodeAnswer(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.in, back.Response); diff != "" {
				t.Errorf("decoded answer (-want +got):\n%s", diff)
			}
			for _, p := range skill.Validate(want) {
				t.Error(p)
			}
		})
	}
}

func decoded(t *testing.T, b []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	hangul := func(n int) string { return strings.Repeat("가", n) }
	card := func(c skill.TextCard) *skill.Response { return &skill.Response{Outputs: []skill.Bubble{c}} }
	quick := func(q ...skill.QuickReply) *skill.Response {
		return &skill.Response{Outputs: skill.Text("네").Outputs, QuickReplies: q}
	}
	message := func(label string) skill.Button {
		return skill.Button{Label: label, Action: skill.ActionMessage, MessageText: "네"}
	}
	chip := skill.QuickReply{Label: "진행상황", Action: skill.ActionMessage, MessageText: "진행상황"}
	tests := []struct {
		name string
		in   *skill.Response
		want string // field of the LimitError; "" is allowed
	}{
		{"no output", &skill.Response{}, "outputs"},
		{"three", skill.Text("1", "2", "3"), ""},
		{"four", skill.Text("1", "2", "3", "4"), "outputs"},
		{"nil bubble", &skill.Response{Outputs: []skill.Bubble{nil}}, "outputs[0]"},
		{"empty text", skill.Text("네", " \n"), "outputs[1].simpleText.text"},
		{"1000 characters", skill.Text(hangul(1000)), ""},
		{"1001 characters", skill.Text(hangul(1001)), "outputs[0].simpleText.text"},
		{"500 emoji are 1000 units", skill.Text(strings.Repeat("😀", 500)), ""},
		{"501 emoji are 1002 units", skill.Text(strings.Repeat("😀", 501)), "outputs[0].simpleText.text"},
		{"image", &skill.Response{Outputs: []skill.Bubble{skill.SimpleImage{ImageURL: "https://a/m/1.jpg", AltText: "사진"}}}, ""},
		{"image without words", &skill.Response{Outputs: []skill.Bubble{skill.SimpleImage{ImageURL: "https://a/m/1.jpg"}}}, "outputs[0].simpleImage.altText"},
		{"image without address", &skill.Response{Outputs: []skill.Bubble{skill.SimpleImage{ImageURL: "/m/1.jpg", AltText: "사진"}}}, "outputs[0].simpleImage.imageUrl"},
		{"empty card", card(skill.TextCard{}), "outputs[0].textCard"},
		{"card title only", card(skill.TextCard{Title: hangul(50)}), ""},
		{"card title too long", card(skill.TextCard{Title: hangul(51)}), "outputs[0].textCard.title"},
		{"card full", card(skill.TextCard{Title: hangul(50), Description: hangul(350)}), ""},
		{"card too long", card(skill.TextCard{Title: hangul(50), Description: hangul(351)}), "outputs[0].textCard.description"},
		{"three buttons", card(skill.TextCard{Title: "a", Buttons: []skill.Button{message("1"), message("2"), message(hangul(14))}}), ""},
		{"four buttons", card(skill.TextCard{Title: "a", Buttons: []skill.Button{message("1"), message("2"), message("3"), message("4")}}), "outputs[0].textCard.buttons"},
		{"three side by side", card(skill.TextCard{Title: "a", ButtonLayout: skill.Horizontal, Buttons: []skill.Button{message("1"), message("2"), message("3")}}), "outputs[0].textCard.buttons"},
		{"long label side by side", card(skill.TextCard{Title: "a", ButtonLayout: skill.Horizontal, Buttons: []skill.Button{message(hangul(9)), message("2")}}), "outputs[0].textCard.buttons[0].label"},
		{"unknown layout", card(skill.TextCard{Title: "a", ButtonLayout: "grid"}), "outputs[0].textCard.buttonLayout"},
		{"long label", card(skill.TextCard{Title: "a", Buttons: []skill.Button{message(hangul(15))}}), "outputs[0].textCard.buttons[0].label"},
		{"message without words", card(skill.TextCard{Title: "a", Buttons: []skill.Button{{Label: "a", Action: skill.ActionMessage}}}), "outputs[0].textCard.buttons[0].messageText"},
		{"block without id", card(skill.TextCard{Title: "a", Buttons: []skill.Button{{Label: "a", Action: skill.ActionBlock}}}), "outputs[0].textCard.buttons[0].blockId"},
		{"link without address", card(skill.TextCard{Title: "a", Buttons: []skill.Button{{Label: "a", Action: skill.ActionLink, WebLinkURL: "javascript:1"}}}), "outputs[0].textCard.buttons[0].webLinkUrl"},
		{"phone", card(skill.TextCard{Title: "a", Buttons: []skill.Button{{Label: "전화", Action: skill.ActionPhone, PhoneNumber: "054-779-1234"}}}), ""},
		{"phone without number", card(skill.TextCard{Title: "a", Buttons: []skill.Button{{Label: "전화", Action: skill.ActionPhone}}}), "outputs[0].textCard.buttons[0].phoneNumber"},
		{"unknown action", card(skill.TextCard{Title: "a", Buttons: []skill.Button{{Label: "a", Action: "dance"}}}), "outputs[0].textCard.buttons[0].action"},
		{"ten chips", quick(chip, chip, chip, chip, chip, chip, chip, chip, chip, chip), ""},
		{"eleven chips", quick(chip, chip, chip, chip, chip, chip, chip, chip, chip, chip, chip), "quickReplies"},
		{"chip with a link", quick(skill.QuickReply{Label: "a", Action: skill.ActionLink}), "quickReplies[0].action"},
		{"chip without label", quick(skill.QuickReply{Action: skill.ActionMessage, MessageText: "a"}), "quickReplies[0].label"},
		{"bubble over 30 KB", card(skill.TextCard{Title: "a", Buttons: []skill.Button{{Label: "a", Action: skill.ActionBlock, BlockID: "b", Extra: map[string]any{"x": hangul(11000)}}}}), "outputs[0]"},
		{"other kinds", &skill.Response{Outputs: []skill.Bubble{skill.Other{Name: "basicCard"}}}, "outputs[0].basicCard"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body, err := tt.in.Encode()
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range skill.Validate(body) {
					t.Errorf("encoded but refused: %v", p)
				}
				return
			}
			limit, ok := errors.AsType[*skill.LimitError](err)
			if !ok || limit.Path != tt.want {
				t.Fatalf("got %v, want a LimitError at %s", err, tt.want)
			}
			if body != nil {
				t.Error("a body was returned beside the error")
			}
		})
	}
}

func TestExtraThatIsNotJSON(t *testing.T) {
	t.Parallel()
	r := skill.Text("네")
	r.QuickReplies = []skill.QuickReply{{Label: "a", Action: skill.ActionMessage, MessageText: "a", Extra: map[string]any{"f": func() {}}}}
	if body, err := r.Encode(); err == nil {
		t.Errorf("got %s", body)
	}
}

// Whatever is asked for, Encode either refuses or gives what Kakao accepts.
func TestEncodeNeverInvalid(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("가나다 😀\n\"<&\x00")), 0, 1100, -1))
	label := rapid.StringOfN(rapid.RuneFrom([]rune("가a😀 ")), 0, 16, -1)
	action := rapid.SampledFrom([]skill.Action{skill.ActionMessage, skill.ActionBlock, skill.ActionLink, skill.ActionPhone, "share", ""})
	extra := rapid.MapOf(rapid.String(), rapid.Map(rapid.String(), func(s string) any { return s }))
	button := rapid.Custom(func(t *rapid.T) skill.Button {
		return skill.Button{Label: label.Draw(t, "label"), Action: action.Draw(t, "action"), MessageText: label.Draw(t, "message"),
			BlockID: label.Draw(t, "block"), WebLinkURL: rapid.SampledFrom([]string{"", "https://a", "x"}).Draw(t, "url"),
			PhoneNumber: label.Draw(t, "phone"), Extra: extra.Draw(t, "extra")}
	})
	bubble := rapid.Custom(func(t *rapid.T) skill.Bubble {
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return skill.SimpleText{Text: text.Draw(t, "text")}
		case 1:
			return skill.SimpleImage{ImageURL: rapid.SampledFrom([]string{"https://a/b", ""}).Draw(t, "image"), AltText: text.Draw(t, "alt")}
		}
		return skill.TextCard{Title: label.Draw(t, "title"), Description: text.Draw(t, "description"),
			Buttons: rapid.SliceOfN(button, 0, 4).Draw(t, "buttons"), ButtonLayout: rapid.SampledFrom([]string{"", "vertical", "horizontal", "x"}).Draw(t, "layout")}
	})
	rapid.Check(t, func(t *rapid.T) {
		r := skill.Response{Outputs: rapid.SliceOfN(bubble, 0, 4).Draw(t, "outputs")}
		for _, b := range rapid.SliceOfN(button, 0, 11).Draw(t, "quick") {
			r.QuickReplies = append(r.QuickReplies, skill.QuickReply{Label: b.Label, Action: b.Action, MessageText: b.MessageText, BlockID: b.BlockID, Extra: b.Extra})
		}
		body, err := r.Encode()
		if err != nil {
			return
		}
		if p := skill.Validate(body); len(p) > 0 {
			t.Fatalf("%v in %s", p, body)
		}
	})
}

func TestSafe(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", " \n", "글을 받았어요.", "\xff\xfe", "\x00", strings.Repeat("가", 5000), strings.Repeat("😀", 501), "a\x00b"} {
		body := skill.Safe(in)
		for _, p := range skill.Validate(body) {
			t.Errorf("Safe(%.20q): %v", in, p)
		}
		a, err := skill.DecodeAnswer(body)
		if err != nil || len(a.Outputs) != 1 {
			t.Fatalf("Safe(%.20q) = %s, %v", in, body, err)
		}
	}
	if got, want := string(skill.Safe("글을 받았어요.")), `{"version":"2.0","template":{"outputs":[{"simpleText":{"text":"글을 받았어요."}}]}}`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestCallbackWaiting(t *testing.T) {
	t.Parallel()
	body, err := skill.CallbackWaiting("확인하고 있습니다. 잠시만 기다려 주세요.")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decoded(t, fixture(t, "answer_callback")), decoded(t, body)); diff != "" {
		t.Errorf("(-sample +got):\n%s", diff)
	}
	a, err := skill.DecodeAnswer(body)
	if err != nil || !a.UseCallback || a.WaitingText() != "확인하고 있습니다. 잠시만 기다려 주세요." {
		t.Errorf("got %+v, %v", a, err)
	}
	for _, bad := range []string{"", strings.Repeat("가", 1001)} {
		if _, err := skill.CallbackWaiting(bad); err == nil {
			t.Errorf("%.10q was accepted", bad)
		}
	}
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in    string
		limit int
		want  string
	}{
		{"가나다", 3, "가나다"}, {"가나다라", 3, "가나…"}, {"😀😀", 4, "😀😀"}, {"😀😀", 3, "😀…"}, {"가나", 1, "…"}, {"가", 0, ""}, {"", 0, ""},
	}
	for _, tt := range tests {
		if got := skill.Truncate(tt.in, tt.limit); got != tt.want || skill.Count(got) > tt.limit {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	r := skill.Text("접수번호 2026-000123\n곧 답변드릴게요.")
	r.QuickReplies = []skill.QuickReply{{Label: "진행상황", Action: skill.ActionMessage, MessageText: "진행상황"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
