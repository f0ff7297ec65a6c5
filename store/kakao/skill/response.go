package skill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Response is an answer with one to three bubbles and up to ten quick replies.
type Response struct {
	Outputs      []Bubble
	QuickReplies []QuickReply
}

// Bubble is SimpleText, SimpleImage or TextCard; DecodeAnswer may also give Other.
type Bubble interface {
	Kind() string
	check(path string) error
}

// SimpleText is a plain text bubble.
type SimpleText struct {
	Text string `json:"text"`
}

// SimpleImage is a picture; Kakao fetches ImageURL itself, so it has to be public (§7).
type SimpleImage struct {
	ImageURL string `json:"imageUrl"`
	AltText  string `json:"altText"`
}

// TextCard is a title, a description, or both, with buttons.
type TextCard struct {
	Title        string   `json:"title,omitempty"`
	Description  string   `json:"description,omitempty"`
	Buttons      []Button `json:"buttons,omitempty"`
	ButtonLayout string   `json:"buttonLayout,omitempty"` // "", Vertical or Horizontal
}

// Other is a bubble of a kind we do not send; it comes from DecodeAnswer only and Encode refuses it.
type Other struct {
	Name string
	Raw  json.RawMessage
}

// Layouts of a card's buttons.
const (
	Vertical   = "vertical"
	Horizontal = "horizontal"
)

// Action is what a button or a quick reply does.
type Action string

// Actions we use (§3.2). A quick reply may only use the first two.
const (
	ActionMessage Action = "message" // sends MessageText as the citizen's words
	ActionBlock   Action = "block"   // runs BlockID; MessageText, else the label, is shown as the citizen's words
	ActionLink    Action = "webLink" // opens WebLinkURL; the skill does not hear of it (§3.2 notes)
	ActionPhone   Action = "phone"   // dials PhoneNumber; hidden on a PC
)

// Button is a button of a card. Extra comes back as clientExtra.
type Button struct {
	Label       string         `json:"label"`
	Action      Action         `json:"action"`
	MessageText string         `json:"messageText,omitempty"`
	BlockID     string         `json:"blockId,omitempty"`
	WebLinkURL  string         `json:"webLinkUrl,omitempty"`
	PhoneNumber string         `json:"phoneNumber,omitempty"`
	Extra       map[string]any `json:"extra,omitempty"`
}

// QuickReply is a chip under the answer (바로연결). Extra comes back as clientExtra.
type QuickReply struct {
	Label       string         `json:"label"`
	Action      Action         `json:"action"`
	MessageText string         `json:"messageText,omitempty"`
	BlockID     string         `json:"blockId,omitempty"`
	Extra       map[string]any `json:"extra,omitempty"`
}

// LimitError says which rule an answer would have broken. Max is 0 for a rule that is not a number.
type LimitError struct {
	Path  string // place in the answer, such as "outputs[0].simpleText.text"
	Limit string // rule, such as "simpleText.text ≤ 1000"
	Max   int
	Got   int
}

func (e *LimitError) Error() string {
	if e.Max == 0 {
		return fmt.Sprintf("skill: %s: %s", e.Path, e.Limit)
	}
	return fmt.Sprintf("skill: %s: %s, got %d", e.Path, e.Limit, e.Got)
}

// Text returns an answer of plain text bubbles.
func Text(bubbles ...string) *Response {
	r := &Response{Outputs: make([]Bubble, 0, len(bubbles))}
	for _, b := range bubbles {
		r.Outputs = append(r.Outputs, SimpleText{Text: b})
	}
	return r
}

type (
	wireOutput struct {
		SimpleText  *SimpleText  `json:"simpleText,omitempty"`
		SimpleImage *SimpleImage `json:"simpleImage,omitempty"`
		TextCard    *TextCard    `json:"textCard,omitempty"`
	}
	wireTemplate struct {
		Outputs      []wireOutput `json:"outputs"`
		QuickReplies []QuickReply `json:"quickReplies,omitempty"`
	}
	wireAnswer struct {
		Version     string            `json:"version"`
		UseCallback bool              `json:"useCallback,omitempty"`
		Template    *wireTemplate     `json:"template,omitempty"`
		Data        map[string]string `json:"data,omitempty"`
	}
)

// Encode checks every limit and returns the body, or a *LimitError that names the rule.
func (r *Response) Encode() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	t := &wireTemplate{Outputs: make([]wireOutput, len(r.Outputs)), QuickReplies: r.QuickReplies}
	for i, b := range r.Outputs {
		switch b := b.(type) {
		case SimpleText:
			t.Outputs[i].SimpleText = &b
		case SimpleImage:
			t.Outputs[i].SimpleImage = &b
		case TextCard:
			t.Outputs[i].TextCard = &b
		}
	}
	body, err := marshal(wireAnswer{Version: Version, Template: t})
	if err != nil || len(body) <= MaxBubbleBytes {
		return body, err
	}
	for i, o := range t.Outputs { // only an answer above the size of one bubble needs a look at each
		b, err := marshal(o)
		if err != nil {
			return nil, err
		}
		if len(b) > MaxBubbleBytes {
			return nil, &LimitError{fmt.Sprintf("outputs[%d]", i), "bubble ≤ 30720 bytes", MaxBubbleBytes, len(b)}
		}
	}
	return body, nil
}

// Check returns the first rule the answer breaks as a *LimitError, but for the size in bytes.
func (r *Response) Check() error {
	if n := len(r.Outputs); n < 1 || n > MaxOutputs {
		return &LimitError{"outputs", "1–3 outputs", MaxOutputs, n}
	}
	if n := len(r.QuickReplies); n > MaxQuickReplies {
		return &LimitError{"quickReplies", "quickReplies ≤ 10", MaxQuickReplies, n}
	}
	for i, b := range r.Outputs {
		path := fmt.Sprintf("outputs[%d]", i)
		if b == nil {
			return &LimitError{Path: path, Limit: "bubble required"}
		}
		if err := b.check(path + "." + b.Kind()); err != nil {
			return err
		}
	}
	for i, q := range r.QuickReplies {
		path := fmt.Sprintf("quickReplies[%d]", i)
		if q.Action != ActionMessage && q.Action != ActionBlock {
			return &LimitError{Path: path + ".action", Limit: "quickReply.action is message or block"}
		}
		b := Button{Label: q.Label, Action: q.Action, MessageText: q.MessageText, BlockID: q.BlockID}
		if err := b.check(path, MaxLabel); err != nil {
			return err
		}
	}
	return nil
}

func (SimpleText) Kind() string  { return "simpleText" }
func (SimpleImage) Kind() string { return "simpleImage" }
func (TextCard) Kind() string    { return "textCard" }
func (o Other) Kind() string     { return o.Name }

func (b SimpleText) check(path string) error {
	return within(path+".text", "simpleText.text ≤ 1000", b.Text, MaxText)
}

func (b SimpleImage) check(path string) error {
	if !isWebURL(b.ImageURL) {
		return &LimitError{Path: path + ".imageUrl", Limit: "simpleImage.imageUrl is a URL"}
	}
	return within(path+".altText", "simpleImage.altText ≤ 50", b.AltText, MaxAlt)
}

func (b TextCard) check(path string) error {
	if strings.TrimSpace(b.Title) == "" && strings.TrimSpace(b.Description) == "" {
		return &LimitError{Path: path, Limit: "textCard.title or description required"}
	}
	if n := Count(b.Title); n > MaxTextCardTitle {
		return &LimitError{path + ".title", "textCard.title ≤ 50", MaxTextCardTitle, n}
	}
	if n := Count(b.Title) + Count(b.Description); n > MaxTextCard {
		return &LimitError{path + ".description", "textCard.title + description ≤ 400", MaxTextCard, n}
	}
	most, label := MaxButtons, MaxLabel
	switch b.ButtonLayout {
	case "", Vertical:
	case Horizontal:
		most = MaxButtonsHorizontal
		if len(b.Buttons) == 2 {
			label = MaxLabelHorizontal
		}
	default:
		return &LimitError{Path: path + ".buttonLayout", Limit: "buttonLayout is vertical or horizontal"}
	}
	if n := len(b.Buttons); n > most {
		return &LimitError{path + ".buttons", fmt.Sprintf("buttons ≤ %d", most), most, n}
	}
	for i, button := range b.Buttons {
		if err := button.check(fmt.Sprintf("%s.buttons[%d]", path, i), label); err != nil {
			return err
		}
	}
	return nil
}

func (o Other) check(path string) error {
	return &LimitError{Path: path, Limit: "bubble kind is not one we send"}
}

func (b Button) check(path string, label int) error {
	if err := within(path+".label", fmt.Sprintf("label ≤ %d", label), b.Label, label); err != nil {
		return err
	}
	missing := func(field string) error {
		return &LimitError{Path: path + "." + field, Limit: fmt.Sprintf("action %s needs %s", b.Action, field)}
	}
	switch b.Action {
	case ActionMessage:
		if strings.TrimSpace(b.MessageText) == "" {
			return missing("messageText")
		}
	case ActionBlock:
		if b.BlockID == "" {
			return missing("blockId")
		}
	case ActionLink:
		if !isWebURL(b.WebLinkURL) {
			return missing("webLinkUrl")
		}
	case ActionPhone:
		if strings.TrimSpace(b.PhoneNumber) == "" {
			return missing("phoneNumber")
		}
	default:
		return &LimitError{Path: path + ".action", Limit: "action is not one we send"}
	}
	return nil
}

func within(path, limit, s string, most int) error {
	if n := Count(s); n > most {
		return &LimitError{path, limit, most, n}
	}
	if strings.TrimSpace(s) == "" {
		return &LimitError{Path: path, Limit: strings.Fields(limit)[0] + " required"}
	}
	return nil
}

func isWebURL(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	return ok && rest != "" && !strings.ContainsAny(s, " \t\r\n")
}

// lastResort is what Safe says when it is given nothing to say.
const lastResort = "답변을 준비하지 못했어요. 잠시 후 다시 말씀해 주세요."

// Safe returns a body that is valid whatever the text: cut to one bubble, and never empty.
func Safe(text string) []byte {
	text = strings.TrimSpace(strings.ToValidUTF8(clean(text), "\uFFFD"))
	if text == "" {
		text = lastResort
	}
	body, err := Text(Truncate(text, MaxText)).Encode()
	if err != nil { // a text of 1,000 characters always fits; kept so that no path can answer with nothing
		return []byte(`{"version":"2.0","template":{"outputs":[{"simpleText":{"text":"` + lastResort + `"}}]}}`)
	}
	return body
}

// CallbackWaiting returns the first answer of a callback (§4): text is what the block shows as {{#webhook.text}} until
// the real answer is posted.
func CallbackWaiting(text string) ([]byte, error) {
	if err := within("data.text", "data.text ≤ 1000", text, MaxText); err != nil {
		return nil, err
	}
	return marshal(wireAnswer{Version: Version, UseCallback: true, Data: map[string]string{"text": text}})
}

// marshal is json.Marshal without the escaping of <, > and &, which would only make bubbles bigger.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("skill: encode: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
