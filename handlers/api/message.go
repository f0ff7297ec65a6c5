package api

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
)

// messageIn is a reply to the citizen or a note among ourselves.
type messageIn struct {
	Kind  string `json:"kind" doc:"답변 또는 내부 메모" enum:"reply,note" need:"yes"`
	Text  string `json:"text" doc:"글" need:"yes"`
	Seen  int64  `json:"seen" doc:"읽은 마지막 메시지의 번호. 없으면 지금까지의 모든 글에 답한 것으로 봄"`
	Force bool   `json:"force" doc:"그 사이에 다른 직원이 답했어도 보냄"`
}

// idempotencyHeader makes a repeated request safe (RULES H4).
const idempotencyHeader = "Idempotency-Key"

// keyMax is the length of a key; a UUID has 36.
const keyMax = 128

// post adds a reply or a note.
func (a *API) post(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return web.BodyError(err)
	}
	if err := noQuery(r); err != nil {
		return err
	}
	var in messageIn
	if err := web.DecodeBytes(body, &in); err != nil {
		return err
	}
	if err := checkRules(&in); err != nil {
		return err
	}
	if in.Seen < 0 {
		return web.Wrong(map[string]string{"seen": "메시지의 번호를 보내 주세요."})
	}
	once, err := onceOf(r, sc, body)
	if err != nil {
		return err
	}
	number := sc.Param("number")
	var m store.Message
	if in.Kind == string(store.FromNote) {
		m, err = a.db.Note(r.Context(), sc.Actor, number, in.Text, once)
	} else {
		m, err = a.db.Reply(r.Context(), sc.Actor, number, store.ReplyInput{Text: in.Text, Seen: in.Seen, Force: in.Force, Once: once})
	}
	if again, ok := errors.AsType[*store.Replayed](err); ok {
		return repeat(w, r, number, again)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", location(number, m.ID))
	return web.JSON(w, r, http.StatusCreated, messageOf(m))
}

// onceOf reads the Idempotency-Key; nil without one.
func onceOf(r *http.Request, sc *web.Scope, body []byte) (*store.Once, error) {
	given := r.Header.Values(idempotencyHeader)
	if len(given) == 0 {
		return nil, nil
	}
	if len(given) > 1 || !validKey(given[0]) {
		return nil, web.Wrong(map[string]string{idempotencyHeader: "공백 없는 영문·숫자·기호 128자까지의 값을 하나만 보내 주세요."})
	}
	sum := sha256.Sum256(body)
	return &store.Once{
		Scope: "token:" + itoa(sc.Actor.Token) + " " + r.Method + " " + r.URL.Path, Key: given[0], Digest: sum[:],
		Encode: func(m store.Message) (int, []byte) {
			body, err := json.Marshal(messageOf(m))
			if err != nil {
				return http.StatusInternalServerError, nil // a shape of strings and numbers always encodes
			}
			return http.StatusCreated, append(body, '\n')
		},
	}, nil
}

func validKey(key string) bool {
	if key == "" || len(key) > keyMax {
		return false
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// repeat gives the first answer again, byte for byte.
func repeat(w http.ResponseWriter, r *http.Request, number string, again *store.Replayed) error {
	var m struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal(again.Body, &m); err == nil && m.ID != 0 {
		w.Header().Set("Location", location(number, m.ID))
	}
	return web.Raw(w, r, again.Status, again.Body)
}
