// Package webhook is who knocks from outside: KakaoTalk's skill calls and its channel notices. It checks the caller's
// key, hands the bytes to the store, and writes the answer in time.
//
// It may import handlers/web, store and store/kakao; it decides nothing about cases.
package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"toktok/handlers/web"
	"toktok/store"
)

// Options is what the webhooks need.
type Options struct {
	DB       *store.DB
	Keys     []string // values X-Toktok-Key may have; two while they are rotated (RULES H7)
	AdminKey string   // Kakao Developers admin key; "" = /kakao/channel does not exist
}

// KeyHeader carries the skill key; Kakao signs nothing, so this is all the proof there is (kakao-chatbot.md §1.1).
const KeyHeader = "X-Toktok-Key"

const (
	// answerBy is the write deadline after arrival: Kakao shows nothing that comes after 5 s (RULES D1).
	answerBy = 4500 * time.Millisecond
	// bodyLimit is far above any call of Kakao's; what is longer is kept cut, for a person to look at.
	bodyLimit = 256 << 10
)

type hook struct {
	db    *store.DB
	keys  [][sha256.Size]byte
	admin [sha256.Size]byte
}

// Routes lists the webhooks.
func Routes(o Options) []web.Route {
	h := &hook{db: o.DB, admin: sha256.Sum256([]byte("KakaoAK " + o.AdminKey))}
	for _, key := range o.Keys {
		h.keys = append(h.keys, sha256.Sum256([]byte(key)))
	}
	routes := []web.Route{{
		Method: http.MethodPost, Path: "/kakao/skill", Door: web.DoorKey, Side: web.Outside, Shape: web.ShapeJSON,
		Body: bodyLimit, Quiet: true, Handler: h.skill,
	}}
	if o.AdminKey != "" {
		routes = append(routes, web.Route{
			Method: http.MethodPost, Path: "/kakao/channel", Door: web.DoorKey, Side: web.Outside, Shape: web.ShapeJSON, Quiet: true, Handler: h.channel,
		})
	}
	return routes
}

// skill answers a skill call: 200 and a valid body in every case but a wrong key.
func (h *hook) skill(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if !h.known(r.Header.Get(KeyHeader)) {
		return &store.Error{Kind: store.Unauthenticated, Text: "스킬 키가 맞지 않아요. 챗봇 관리자센터의 헤더 값을 확인해 주세요."}
	}
	body, err := io.ReadAll(r.Body)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	if err != nil && !tooLarge {
		sc.Log.Warn("skill call broke off", "err", err)
		return nil // nobody listens any more
	}
	arrived := h.db.Real()
	answer := h.db.Receive(r.Context(), store.In{
		Body: body, RequestID: r.Header.Get("X-Request-Id"), Arrived: h.db.Now(), Real: arrived, TooLarge: tooLarge,
	})
	written := write(w, answer.Body, arrived.Add(answerBy), h.db.Real)
	if written != nil {
		sc.Log.Warn("answer not written", "err", written)
	}
	if err := h.db.Written(r.Context(), answer, written == nil); err != nil {
		sc.Log.Error("what the answer handed out is not settled", "offer", answer.Offer, "err", err)
	}
	return nil
}

// write sends the answer whole and in time, or says that it did not.
func write(w http.ResponseWriter, body []byte, by time.Time, now func() time.Time) error {
	if !now().Before(by) {
		return errors.New("the citizen's client has given up")
	}
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(by); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if _, err := w.Write(body); err != nil {
		return err
	}
	if err := out.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// known compares in constant time with every key that is in force.
func (h *hook) known(key string) bool {
	sum := sha256.Sum256([]byte(key))
	found := 0
	for i := range h.keys {
		found |= subtle.ConstantTimeCompare(sum[:], h.keys[i][:])
	}
	return found == 1
}

// channel hears that somebody added or blocked the channel (kakao-chatbot.md §6.3).
func (h *hook) channel(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	sum := sha256.Sum256([]byte(strings.TrimSpace(r.Header.Get("Authorization"))))
	if subtle.ConstantTimeCompare(sum[:], h.admin[:]) != 1 {
		return &store.Error{Kind: store.Unauthenticated, Text: "관리자 키가 맞지 않아요."}
	}
	var notice struct {
		Event     string    `json:"event"`
		ID        string    `json:"id"`
		IDType    string    `json:"id_type"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &notice)
	}
	if err != nil {
		return &store.Error{Kind: store.Invalid, Text: "알림을 읽을 수 없어요.", Err: err}
	}
	// An open_id matches nothing a skill call carries; there is nothing to keep of it.
	if notice.IDType == "app_user_id" {
		if err := h.db.ChannelChanged(r.Context(), notice.ID, notice.Event, notice.UpdatedAt); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
