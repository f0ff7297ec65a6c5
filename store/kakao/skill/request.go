package skill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Errors of Decode: the request cannot be used, though what was readable is returned.
var (
	ErrNotJSON = errors.New("skill: body is not a JSON object")
	ErrNoUser  = errors.New("skill: no usable user id")
)

// Request is one skill call, reduced to what we use.
type Request struct {
	BotID  string // exactly as sent, with the "!" of a development bot (§1.6)
	BotDev bool   // the id ends with "!"

	BlockID, BlockName string // block that ran (§1.4), else the intent (§1.3)
	Utterance          string // typed words, button text or a photo's URL; trimmed, without NUL

	UserID            string // bot user key: one person within one bot (§1.5)
	UserType          string // "botUserKey"; "accountId" from the skill-test tool
	PlusfriendUserKey string // one person within one channel
	AppUserID         string // number of Kakao Login, if the bot is linked to an app
	IsFriend          *bool  // nil = not known to be a friend: Kakao omits it instead of sending false (§1.5)

	Surface     string // "Kakaotalk.plusfriend" or "BuilderBotTest" (§1.4)
	IgnoreMe    bool   // the bot test asks not to take it seriously
	CallbackURL string // only if the block's callback option is on (§4)
	Media       Media
	TriggerType string // flow.trigger.type (§1.8)
	GroupChat   bool   // from a group chat bot

	Params       map[string]json.RawMessage // userRequest.params; values are not all strings
	ActionParams map[string]string          // action.params; a value that is not a string is kept as its JSON text
	ClientExtra  map[string]any             // extra of the button that was tapped; nil if none. Untrusted: old buttons stay clickable

	SecureImages      []string // URLs from the secure image plugin, alive for 10 minutes at most (§2.3)
	SecureImageExpire string   // its "expire", format not certain
}

// Media is a photo or other file sent straight into the chat room (§2.1).
type Media struct{ Type, URL string }

// IsZero reports that nothing was sent.
func (m Media) IsZero() bool { return m == Media{} }

// IsTest reports a call of the bot test or the skill-test tool, which is not a citizen.
func (r *Request) IsTest() bool {
	return r.IgnoreMe || r.Surface == "BuilderBotTest" || r.UserType == "accountId"
}

type wireRequest struct {
	Intent struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"intent"`
	UserRequest struct {
		Params map[string]json.RawMessage `json:"params"`
		Block  struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"block"`
		Utterance text `json:"utterance"`
		User      struct {
			ID         text   `json:"id"`
			Type       string `json:"type"`
			Properties struct {
				BotUserKey     text `json:"botUserKey"`
				BotUserKey2    text `json:"bot_user_key"`
				Plusfriend     text `json:"plusfriendUserKey"`
				Plusfriend2    text `json:"plusfriend_user_key"`
				AppUserID      text `json:"appUserId"`
				AppUserID2     text `json:"app_user_id"`
				IsFriend       text `json:"isFriend"`
				IsFriendOldWay text `json:"is_friend"`
			} `json:"properties"`
		} `json:"user"`
		CallbackURL string `json:"callbackUrl"`
		Chat        struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		} `json:"chat"`
	} `json:"userRequest"`
	Bot struct {
		ID text `json:"id"`
	} `json:"bot"`
	Action struct {
		Params      map[string]anyText `json:"params"`
		ClientExtra json.RawMessage    `json:"clientExtra"`
	} `json:"action"`
	Flow struct {
		Trigger struct {
			Type string `json:"type"`
		} `json:"trigger"`
	} `json:"flow"`
}

// Decode reads a skill request. The request is never nil; the error is ErrNotJSON or ErrNoUser and means that nothing
// can be filed under a citizen.
func Decode(body []byte) (*Request, error) {
	var w wireRequest
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(body, &w); err != nil {
		// A field of another type is skipped by encoding/json, which reads on: exactly the leniency wanted here.
		if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok || mismatch.Field == "" {
			return &Request{}, fmt.Errorf("%w: %w", ErrNotJSON, err)
		}
	}
	u, p := &w.UserRequest, &w.UserRequest.User.Properties
	r := &Request{
		BotID:             clean(string(w.Bot.ID)),
		BlockID:           clean(firstOf(u.Block.ID, w.Intent.ID)),
		BlockName:         clean(firstOf(u.Block.Name, w.Intent.Name)),
		Utterance:         strings.TrimSpace(clean(string(u.Utterance))),
		UserID:            strings.TrimSpace(string(firstOf(u.User.ID, p.BotUserKey, p.BotUserKey2))),
		UserType:          clean(u.User.Type),
		PlusfriendUserKey: clean(string(firstOf(p.Plusfriend, p.Plusfriend2))),
		AppUserID:         clean(string(firstOf(p.AppUserID, p.AppUserID2))),
		IsFriend:          tristate(firstOf(p.IsFriend, p.IsFriendOldWay)),
		CallbackURL:       strings.TrimSpace(clean(u.CallbackURL)),
		TriggerType:       clean(w.Flow.Trigger.Type),
		GroupChat:         u.Chat.ID != "" || u.Chat.Type != "",
		Params:            u.Params,
		ClientExtra:       object(w.Action.ClientExtra),
	}
	r.BotDev = strings.HasSuffix(r.BotID, "!")
	r.Surface = r.param("surface")
	r.IgnoreMe = strings.EqualFold(r.param("ignoreMe"), "true")
	if raw, ok := u.Params["media"]; ok {
		r.Media = media(raw)
	}
	if len(w.Action.Params) > 0 {
		r.ActionParams = make(map[string]string, len(w.Action.Params))
		for k, v := range w.Action.Params {
			r.ActionParams[k] = clean(string(v))
		}
		r.secureImages()
	}
	if r.UserID == "" || len(r.UserID) > MaxUserID || strings.IndexByte(r.UserID, 0) >= 0 {
		r.UserID = ""
		return r, ErrNoUser
	}
	return r, nil
}

// Lookup returns the text under key in userRequest.params, else action.params, else clientExtra, else "". Where Kakao
// puts the data of an event call is not certain, so all three are searched (§5.2).
func (r *Request) Lookup(key string) string {
	if s := r.param(key); s != "" {
		return s
	}
	if s := r.ActionParams[key]; s != "" {
		return s
	}
	switch v := r.ClientExtra[key].(type) {
	case string:
		return clean(v)
	case json.Number:
		return v.String()
	}
	return ""
}

func (r *Request) param(key string) string {
	raw, ok := r.Params[key]
	if !ok {
		return ""
	}
	var t text
	_ = t.UnmarshalJSON(raw) // never fails
	return clean(string(t))
}

// secureImages finds the plugin's parameter by its content: its name is chosen in the admin center.
func (r *Request) secureImages() {
	for _, k := range slices.Sorted(maps.Keys(r.ActionParams)) {
		v := r.ActionParams[k]
		if !strings.Contains(v, "secureUrls") {
			continue
		}
		var plugin struct {
			URLs   anyText `json:"secureUrls"`
			Expire text    `json:"expire"`
		}
		if err := json.Unmarshal([]byte(v), &plugin); err != nil {
			continue
		}
		if urls := splitList(string(plugin.URLs)); len(urls) > len(r.SecureImages) {
			r.SecureImages, r.SecureImageExpire = urls, clean(string(plugin.Expire))
		}
	}
}

// splitList reads "List(http://a, http://b)" (§2.3), and a JSON list too. A comma inside a URL does not split it.
func splitList(s string) []string {
	var urls []string
	if strings.HasPrefix(s, "[") && json.Unmarshal([]byte(s), &urls) == nil {
		return urls
	}
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, "List("); ok {
		s = strings.TrimSuffix(inner, ")")
	}
	for start, i := -1, 0; i <= len(s); i++ { // a URL begins at the start or behind a comma, and lasts until the next one
		if i < len(s) && i > 0 && s[i-1] != ',' {
			continue
		}
		rest := strings.TrimLeft(s[i:], " ")
		isURL := strings.HasPrefix(rest, "http://") || strings.HasPrefix(rest, "https://")
		if i < len(s) && !isURL {
			continue
		}
		if start >= 0 {
			urls = append(urls, strings.TrimRight(s[start:i], ", "))
		}
		start = len(s) - len(rest)
		if !isURL {
			break
		}
	}
	return urls
}

func media(raw json.RawMessage) Media {
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		raw = json.RawMessage(s)
	}
	var m struct {
		Type text `json:"type"`
		URL  text `json:"url"`
	}
	_ = json.Unmarshal(raw, &m) // an unreadable part stays empty
	return Media{Type: clean(string(m.Type)), URL: strings.TrimSpace(clean(string(m.URL)))}
}

// object reads clientExtra, which comes as an object, null, {}, the string "null", or an object in a string (§1.7).
func object(raw json.RawMessage) map[string]any {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil
		}
		raw = json.RawMessage(s)
	}
	if len(raw) < 3 || raw[0] != '{' {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // ids of ours must not become floats
	var m map[string]any
	if dec.Decode(&m) != nil || len(m) == 0 {
		return nil
	}
	return m
}

// text is a string that also accepts numbers and booleans; anything else reads as "".
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	*t = ""
	if len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
		*t = text(unquote(raw))
	}
	return nil
}

// anyText is a string that accepts every JSON value: what is not a string is kept as its JSON text.
type anyText string

func (t *anyText) UnmarshalJSON(raw []byte) error {
	*t = anyText(unquote(raw))
	return nil
}

func unquote(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0, string(raw) == "null":
		return ""
	case raw[0] != '"':
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	case len(raw) >= 2 && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw):
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// clean replaces NUL, which SQLite's text functions and C strings end at.
func clean(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

func tristate(t text) *bool {
	switch t {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	return nil
}

func firstOf[S ~string](values ...S) S {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
