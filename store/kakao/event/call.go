package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// AttemptParam is the key under which an event carries the id of our delivery attempt, in event.data and in params:
// which of the two reaches the skill, and where, is not certain (§5.2).
const AttemptParam = "toktok_attempt"

// Limits of a call.
const (
	MaxUsers = 100 // §5.1: 1–100 users, no duplicates
	MaxBody  = 1 << 20
)

// UserType says what kind of key a user is named by (§5.1).
type UserType string

// Kinds of keys.
const (
	BotUserKey        UserType = "botUserKey"
	PlusfriendUserKey UserType = "plusfriendUserKey"
	AppUserID         UserType = "appUserId"
)

// User is one receiver.
type User struct {
	Type UserType `json:"type"`
	ID   string   `json:"id"`
}

// Call asks Kakao to run the block that owns Event for each user.
type Call struct {
	Event   string // name in the block's event setting
	Attempt string // id of our attempt, carried under AttemptParam
	Users   []User
}

// LimitError says which rule a call would have broken.
type LimitError struct {
	Field string
	Rule  string
}

func (e *LimitError) Error() string { return "event: " + e.Field + ": " + e.Rule }

type wireCall struct {
	Event struct {
		Name string            `json:"name"`
		Data map[string]string `json:"data,omitempty"`
	} `json:"event"`
	User   []User            `json:"user"`
	Params map[string]string `json:"params,omitempty"`
}

// Encode returns the body of POST TalkURL, or a *LimitError.
func (c Call) Encode() ([]byte, error) {
	switch {
	case strings.TrimSpace(c.Event) == "":
		return nil, &LimitError{"event.name", "required"}
	case c.Attempt == "":
		return nil, &LimitError{"params." + AttemptParam, "required"}
	case len(c.Users) < 1 || len(c.Users) > MaxUsers:
		return nil, &LimitError{"user", fmt.Sprintf("1–%d users, got %d", MaxUsers, len(c.Users))}
	}
	seen := make(map[User]bool, len(c.Users))
	for i, u := range c.Users {
		field := fmt.Sprintf("user[%d]", i)
		switch {
		case u.ID == "":
			return nil, &LimitError{field + ".id", "required"}
		case u.Type != BotUserKey && u.Type != PlusfriendUserKey && u.Type != AppUserID:
			return nil, &LimitError{field + ".type", "botUserKey, plusfriendUserKey or appUserId"}
		case seen[u]:
			return nil, &LimitError{field, "no duplicates"}
		}
		seen[u] = true
	}
	var w wireCall
	w.Event.Name, w.Event.Data = c.Event, map[string]string{AttemptParam: c.Attempt}
	w.User, w.Params = c.Users, map[string]string{AttemptParam: c.Attempt}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(w); err != nil {
		return nil, fmt.Errorf("event: encode: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// TalkURL is where a call is posted. bot is the exact bot id; the "!" of a development bot stays as it is (§5.1).
func TalkURL(base, bot string) string {
	return join(base, "v2/bots", bot, "talk")
}

// TaskURL is where the result of a task is read.
func TaskURL(base, taskID string) string {
	return join(base, "v1/tasks", taskID, "")
}

func join(base, prefix, id, suffix string) string {
	u := strings.TrimRight(base, "/") + "/" + prefix + "/" + strings.ReplaceAll(url.PathEscape(id), "%21", "!")
	if suffix != "" {
		u += "/" + suffix
	}
	return u
}
