package skill_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"toktok/store/kakao/skill"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	outputs := func(bubbles ...string) string {
		return `{"version":"2.0","template":{"outputs":[` + strings.Join(bubbles, ",") + `]}}`
	}
	many := func(n int, item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	x := func(n int) string { return strings.Repeat("가", n) }
	const text = `{"simpleText":{"text":"네"}}`
	const thumb = `"thumbnail":{"imageUrl":"https://a/b.png"}`
	const out = "template.outputs[0]"
	tests := []struct {
		name, body string
		want       []string // paths
	}{
		{"good", outputs(text), nil},
		{"not JSON", `{"version":`, []string{""}},
		{"words", `안녕하세요`, []string{""}},
		{"empty body", ``, []string{""}},
		{"more behind it", outputs(text) + `{}`, []string{""}},
		{"list", `[]`, []string{""}},
		{"no version", `{"template":{"outputs":[` + text + `]}}`, []string{"version"}},
		{"version as number", `{"version":2.0,"template":{"outputs":[` + text + `]}}`, []string{"version"}},
		{"no template", `{"version":"2.0"}`, []string{"template"}},
		{"no outputs", `{"version":"2.0","template":{}}`, []string{"template.outputs"}},
		{"outputs is an object", `{"version":"2.0","template":{"outputs":{}}}`, []string{"template.outputs"}},
		{"four outputs", outputs(text, text, text, text), []string{"template.outputs"}},
		{"empty output", outputs(`{}`), []string{out}},
		{"two kinds in one", outputs(`{"simpleText":{"text":"a"},"textCard":{"title":"a"}}`), []string{out}},
		{"unknown kind", outputs(`{"video":{}}`), []string{out + ".video"}},
		{"text missing", outputs(`{"simpleText":{}}`), []string{out + ".simpleText.text"}},
		{"text is a number", outputs(`{"simpleText":{"text":1}}`), []string{out + ".simpleText.text"}},
		{"text too long", outputs(`{"simpleText":{"text":"` + x(1001) + `"}}`), []string{out + ".simpleText.text"}},
		{"too big", outputs(`{"textCard":{"title":"a","buttons":[{"label":"a","action":"block","blockId":"b","extra":{"x":"` + x(11000) + `"}}]}}`), []string{out}},
		{"callback", `{"version":"2.0","useCallback":true,"data":{"text":"a"}}`, nil},
		{"callback alone", `{"version":"2.0","useCallback":true}`, nil},
		{"callback with template", `{"version":"2.0","useCallback":true,"template":{"outputs":[` + text + `]}}`, []string{"template"}},
		{"callback as text", `{"version":"2.0","useCallback":"true","template":{"outputs":[` + text + `]}}`, []string{"useCallback"}},
		{"data as text", `{"version":"2.0","useCallback":true,"data":"a"}`, []string{"data"}},
		{"context", `{"version":"2.0","context":{"values":[{"name":"a","lifeSpan":1,"params":{"a":"b"}}]},"template":{"outputs":[` + text + `]}}`, nil},
		{"context without life span", `{"version":"2.0","context":{"values":[{"name":"a","params":{"a":1}}]},"template":{"outputs":[` + text + `]}}`, []string{"context.values[0].lifeSpan", "context.values[0].params.a"}},
		{"quick replies", `{"version":"2.0","template":{"outputs":[` + text + `],"quickReplies":` + many(11, `{"label":"a","action":"message","messageText":"a"}`) + `}}`, []string{"template.quickReplies"}},
		{"quick reply with link", `{"version":"2.0","template":{"outputs":[` + text + `],"quickReplies":[{"label":"a","action":"webLink","webLinkUrl":"https://a"}]}}`, []string{"template.quickReplies[0].action"}},
		{"quick reply, extra is text", `{"version":"2.0","template":{"outputs":[` + text + `],"quickReplies":[{"label":"a","action":"block","blockId":"b","extra":"x"}]}}`, []string{"template.quickReplies[0].extra"}},
		{"image", outputs(`{"simpleImage":{"imageUrl":"a.png","altText":"` + x(51) + `"}}`), []string{out + ".simpleImage.imageUrl", out + ".simpleImage.altText"}},
		{"text card", outputs(`{"textCard":{"title":"` + x(51) + `","description":"` + x(400) + `"}}`), []string{out + ".textCard.title", out + ".textCard"}},
		{"text card empty", outputs(`{"textCard":{}}`), []string{out + ".textCard"}},
		{"buttons", outputs(`{"textCard":{"title":"a","buttons":` + many(4, `{"label":"a","action":"share"}`) + `}}`), []string{out + ".textCard.buttons"}},
		{"horizontal label", outputs(`{"textCard":{"title":"a","buttonLayout":"horizontal","buttons":` + many(2, `{"label":"가나다라마바사아자","action":"operator"}`) + `}}`),
			[]string{out + ".textCard.buttons[0].label", out + ".textCard.buttons[1].label"}},
		{"button fields", outputs(`{"textCard":{"title":"a","buttons":[{"label":"a","action":"message"},{"label":"a","action":"webLink"},{"action":"phone"}]}}`),
			[]string{out + ".textCard.buttons[0].messageText", out + ".textCard.buttons[1].webLinkUrl", out + ".textCard.buttons[2].label", out + ".textCard.buttons[2].phoneNumber"}},
		{"basic card", outputs(`{"basicCard":{"title":"a",` + thumb + `}}`), nil},
		{"basic card bare", outputs(`{"basicCard":{"description":"` + x(231) + `"}}`), []string{out + ".basicCard.description", out + ".basicCard.thumbnail"}},
		{"commerce card", outputs(`{"commerceCard":{"price":1000,"currency":"won","thumbnails":[{"imageUrl":"https://a"}]}}`), nil},
		{"commerce card wrong", outputs(`{"commerceCard":{"price":"1000","currency":"usd","thumbnails":[]}}`), []string{out + ".commerceCard.price", out + ".commerceCard.currency", out + ".commerceCard.thumbnails"}},
		{"list card", outputs(`{"listCard":{"header":{"title":"a"},"items":` + many(5, `{"title":"a","imageUrl":"https://a"}`) + `}}`), nil},
		{"list card wrong", outputs(`{"listCard":{"header":{},"items":` + many(6, `{"action":"phone"}`) + `}}`), append([]string{out + ".listCard.header.title", out + ".listCard.items"}, repeat(out+".listCard.items[%d]", 6, ".title", ".action")...)},
		{"item card", outputs(`{"itemCard":{"head":{"title":"a"},"itemList":[{"title":"접수","description":"3월"}],"itemListSummary":{"title":"합","description":"1"},"title":"a","description":"b",` + thumb + `}}`), nil},
		{"item card wrong", outputs(`{"itemCard":{"head":{"title":"a"},"profile":{"title":"` + x(16) + `"},"itemListAlignment":"center","itemList":[{"title":"일이삼사오육칠","description":"a"}],"description":"` + x(201) + `"}}`),
			[]string{out + ".itemCard.itemList[0].title", out + ".itemCard", out + ".itemCard.profile.title", out + ".itemCard.itemListAlignment", out + ".itemCard.title", out + ".itemCard"}},
		{"carousel", outputs(`{"carousel":{"type":"basicCard","header":{"title":"a","description":"b",` + thumb + `},"items":` + many(10, `{`+thumb+`}`) + `}}`), nil},
		{"carousel of text cards", outputs(`{"carousel":{"type":"textCard","header":{},"items":[{"title":"a","description":"` + x(128) + `"}]}}`), []string{out + ".carousel.items[0]", out + ".carousel.header"}},
		{"carousel of lists", outputs(`{"carousel":{"type":"listCard","items":` + many(6, `{"header":{"title":"a"},"items":[{"title":"a"}]}`) + `}}`), []string{out + ".carousel.items"}},
		{"carousel of carousels", outputs(`{"carousel":{"type":"carousel","items":[]}}`), []string{out + ".carousel.type"}},
		{"carousel of nothing", outputs(`{"carousel":{"items":[]}}`), []string{out + ".carousel.type"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range skill.Validate([]byte(tt.body)) {
				got = append(got, p.Path)
				if strings.TrimSpace(p.Text) == "" || strings.Contains(p.Text, "%!") {
					t.Errorf("no reason: %+v", p)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func repeat(format string, n int, suffixes ...string) (paths []string) {
	for i := range n {
		for _, s := range suffixes {
			paths = append(paths, fmt.Sprintf(format, i)+s)
		}
	}
	return paths
}

func FuzzValidate(f *testing.F) {
	for _, name := range []string{"answer_buttons", "answer_event", "answer_callback", "callback_body"} {
		f.Add(fixture(f, name))
	}
	f.Add([]byte(`{"version":"2.0","template":{"outputs":[{"carousel":{"type":"itemCard","items":[{"head":1,"itemListSummary":[]}],"header":null}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		problems := skill.Validate(body)
		for _, p := range problems {
			if !utf8.ValidString(p.Text) || p.Text == "" {
				t.Fatalf("%+v", p)
			}
		}
		a, err := skill.DecodeAnswer(body)
		if len(problems) > 0 {
			return
		}
		if err != nil {
			t.Fatalf("valid but unreadable: %v", err)
		}
		if !a.UseCallback && (len(a.Outputs) < 1 || len(a.Outputs) > skill.MaxOutputs) {
			t.Fatalf("valid with %d outputs", len(a.Outputs))
		}
	})
}
