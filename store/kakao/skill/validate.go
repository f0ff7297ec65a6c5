package skill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Problem is one rule an answer breaks, in words for the person who has to mend it.
type Problem struct {
	Path string `json:"path"` // place, such as "template.outputs[0].simpleText.text"; "" is the whole body
	Text string `json:"text"` // Korean
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

// Validate judges an answer of any kind as Kakao would (§3), and returns nil if it would be shown. Which limits Kakao
// enforces and which it only truncates at is not published, so every one is taken as hard.
func Validate(body []byte) []Problem {
	v := &validator{}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		return []Problem{{Text: "JSON으로 읽을 수 없어요"}}
	}
	if _, err := dec.Token(); err != io.EOF {
		return []Problem{{Text: "JSON 뒤에 다른 내용이 더 있어요"}}
	}
	o, ok := root.(map[string]any)
	if !ok {
		return []Problem{{Text: "JSON 객체가 아니에요"}}
	}
	if o["version"] != Version {
		v.add("version", `"2.0"이어야 해요. 없으면 옛 형식으로 읽혀요`)
	}
	if d, ok := o["data"]; ok && d != nil {
		v.object("data", d)
	}
	v.context(o["context"])
	callback, isBool := o["useCallback"].(bool)
	if o["useCallback"] != nil && !isBool {
		v.add("useCallback", "true 또는 false여야 해요")
	}
	switch {
	case callback && o["template"] != nil:
		v.add("template", "useCallback이 true이면 template을 함께 보낼 수 없어요")
	case callback:
	default:
		v.template(o["template"])
	}
	return v.problems
}

type validator struct{ problems []Problem }

func (v *validator) add(path, format string, args ...any) {
	v.problems = append(v.problems, Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (v *validator) object(path string, x any) map[string]any {
	o, ok := x.(map[string]any)
	if !ok {
		v.add(path, "객체여야 해요")
	}
	return o
}

// list returns x as a list with lo to hi entries; a missing one counts as empty.
func (v *validator) list(path string, x any, lo, hi int) []any {
	l, ok := x.([]any)
	if !ok && x != nil {
		v.add(path, "배열이어야 해요")
		return nil
	}
	if n := len(l); n < lo || n > hi {
		switch {
		case lo == hi:
			v.add(path, "정확히 %d개여야 해요 (지금 %d개)", lo, n)
		case lo == 0:
			v.add(path, "%d개까지만 넣을 수 있어요 (지금 %d개)", hi, n)
		default:
			v.add(path, "%d~%d개여야 해요 (지금 %d개)", lo, hi, n)
		}
	}
	return l
}

// text checks an optional string of at most limit characters (0 = any length) and returns it.
func (v *validator) text(path string, x any, limit int) string {
	if x == nil {
		return ""
	}
	s, ok := x.(string)
	if !ok {
		v.add(path, "글자(문자열)여야 해요")
		return ""
	}
	if n := Count(s); limit > 0 && n > limit {
		v.add(path, "%d자까지예요 (지금 %d자)", limit, n)
	}
	return s
}

func (v *validator) required(path string, x any, limit int) string {
	s := v.text(path, x, limit)
	if _, isText := x.(string); (isText || x == nil) && strings.TrimSpace(s) == "" {
		v.add(path, "꼭 있어야 해요")
	}
	return s
}

func (v *validator) url(path string, x any) {
	if s := v.required(path, x, 0); strings.TrimSpace(s) != "" && !isWebURL(s) {
		v.add(path, "http 또는 https 주소여야 해요")
	}
}

func (v *validator) boolean(path string, x any) {
	if _, ok := x.(bool); !ok && x != nil {
		v.add(path, "true 또는 false여야 해요")
	}
}

func (v *validator) context(x any) {
	if x == nil {
		return
	}
	for i, item := range v.list("context.values", v.object("context", x)["values"], 0, 1<<20) {
		path := fmt.Sprintf("context.values[%d]", i)
		o := v.object(path, item)
		if o == nil {
			continue
		}
		v.required(path+".name", o["name"], 0)
		if _, ok := o["lifeSpan"].(json.Number); !ok {
			v.add(path+".lifeSpan", "숫자가 꼭 있어야 해요")
		}
		if o["params"] == nil {
			continue
		}
		for k, p := range v.object(path+".params", o["params"]) {
			v.text(path+".params."+k, p, 0)
		}
	}
}

func (v *validator) template(x any) {
	if x == nil {
		v.add("template", "꼭 있어야 해요 (블록이 스킬데이터를 써요)")
		return
	}
	t := v.object("template", x)
	if t == nil {
		return
	}
	for i, item := range v.list("template.outputs", t["outputs"], 1, MaxOutputs) {
		path := fmt.Sprintf("template.outputs[%d]", i)
		o := v.object(path, item)
		if o == nil {
			continue
		}
		if len(o) != 1 {
			v.add(path, "말풍선 하나에는 한 종류만 넣어야 해요 (지금 %d종류)", len(o))
		}
		for kind, b := range o {
			v.bubble(path+"."+kind, kind, b)
		}
		if b, err := marshal(o); err == nil && len(b) > MaxBubbleBytes {
			v.add(path, "말풍선 크기는 %d바이트까지예요 (지금 %d바이트)", MaxBubbleBytes, len(b))
		}
	}
	for i, item := range v.list("template.quickReplies", t["quickReplies"], 0, MaxQuickReplies) {
		path := fmt.Sprintf("template.quickReplies[%d]", i)
		if o := v.object(path, item); o != nil {
			v.required(path+".label", o["label"], MaxLabel)
			v.action(path, o, "message", "block")
		}
	}
}

func (v *validator) bubble(path, kind string, x any) {
	check, ok := bubbles[kind]
	if !ok {
		v.add(path, "모르는 말풍선 종류예요")
		return
	}
	if b := v.object(path, x); b != nil {
		check(v, path, b, false)
	}
}

// buttons checks the buttons of a card (§3.2 button, buttonLayout).
func (v *validator) buttons(path string, card map[string]any) {
	most, label := MaxButtons, MaxLabel
	layout := v.text(path+".buttonLayout", card["buttonLayout"], 0)
	switch layout {
	case "", Vertical:
	case Horizontal:
		most = MaxButtonsHorizontal
		if l, _ := card["buttons"].([]any); len(l) == MaxButtonsHorizontal {
			label = MaxLabelHorizontal
		}
	default:
		v.add(path+".buttonLayout", "vertical 또는 horizontal이어야 해요")
	}
	for i, item := range v.list(path+".buttons", card["buttons"], 0, most) {
		path := fmt.Sprintf("%s.buttons[%d]", path, i)
		if o := v.object(path, item); o != nil {
			v.required(path+".label", o["label"], label)
			v.action(path, o, "webLink", "message", "block", "phone", "share", "operator")
		}
	}
}

func (v *validator) action(path string, o map[string]any, allowed ...string) {
	action, _ := o["action"].(string)
	if !slices.Contains(allowed, action) {
		v.add(path+".action", "%s 중 하나여야 해요", strings.Join(allowed, ", "))
		return
	}
	switch action {
	case "message":
		v.required(path+".messageText", o["messageText"], 0)
	case "block":
		v.required(path+".blockId", o["blockId"], 0)
		v.text(path+".messageText", o["messageText"], 0)
	case "webLink":
		v.url(path+".webLinkUrl", o["webLinkUrl"])
	case "phone":
		v.required(path+".phoneNumber", o["phoneNumber"], 0)
	}
	if e := o["extra"]; e != nil {
		v.object(path+".extra", e)
	}
}
