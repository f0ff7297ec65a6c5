package skill

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Answer is an answer as the phone shows it.
type Answer struct {
	UseCallback bool           // the real answer follows through the callback URL
	Data        map[string]any // free values for the block's text; data["text"] is the waiting text
	Response
}

// WaitingText returns the text a block shows as {{#webhook.text}}.
func (a *Answer) WaitingText() string {
	s, _ := a.Data["text"].(string)
	return s
}

// DecodeAnswer reads an answer for showing it. It does not judge: see Validate.
func DecodeAnswer(body []byte) (*Answer, error) {
	var w struct {
		UseCallback bool           `json:"useCallback"`
		Data        map[string]any `json:"data"`
		Template    struct {
			Outputs      []map[string]json.RawMessage `json:"outputs"`
			QuickReplies []QuickReply                 `json:"quickReplies"`
		} `json:"template"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
			return nil, fmt.Errorf("%w: %w", ErrNotJSON, err)
		}
	}
	a := &Answer{UseCallback: w.UseCallback, Data: w.Data}
	a.QuickReplies = w.Template.QuickReplies
	for _, o := range w.Template.Outputs {
		for kind, raw := range o { // a valid output has exactly one key
			a.Outputs = append(a.Outputs, decodeBubble(kind, raw))
		}
	}
	return a, nil
}

func decodeBubble(kind string, raw json.RawMessage) Bubble {
	switch kind {
	case "simpleText":
		return into[SimpleText](raw)
	case "simpleImage":
		return into[SimpleImage](raw)
	case "textCard":
		return into[TextCard](raw)
	}
	return Other{Name: kind, Raw: raw}
}

func into[B Bubble](raw json.RawMessage) (b B) {
	_ = json.Unmarshal(raw, &b) // fields of another type stay empty
	return b
}
