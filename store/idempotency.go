package store

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"
)

// Once makes a request that is sent twice happen once (RULES H4). Scope is token and path, Key the client's
// Idempotency-Key, Digest that of the body, and Encode the answer the first request gets and the second gets again.
type Once struct {
	Scope  string
	Key    string
	Digest []byte
	Encode func(Message) (status int, body []byte)
}

// StoredAnswer is what the first request was answered.
type StoredAnswer struct {
	Status int
	Body   []byte
}

// Replayed is the error of a request that was carried out before; the caller sends the stored answer.
type Replayed struct{ StoredAnswer }

func (e *Replayed) Error() string { return fmt.Sprintf("store: answered before with %d", e.Status) }

// answersKept is how long an answer is given again (RULES H4).
const answersKept = 24 * time.Hour

// once looks the key up: nil for the first request, the stored answer for its repeat, Invalid for another body under the
// same key. Without a key every request is the first.
func (tx *Tx) once(o *Once) (done *StoredAnswer, err error) {
	if o == nil || o.Key == "" {
		return nil, nil
	}
	if utf8.RuneCountInString(o.Key) > 255 {
		return nil, invalid("Idempotency-Key", "Idempotency-Key는 255자까지 쓸 수 있어요.")
	}
	var digest []byte
	var at time.Time
	var stored StoredAnswer
	err = tx.QueryRow(`/* once */ select digest, status, body, at from idempotency where scope = ? and key = ?`, o.Scope, o.Key).
		Scan(&digest, &stored.Status, &stored.Body, instant{&at})
	switch {
	case isNoRows(err):
		return nil, nil
	case err != nil:
		return nil, err
	case tx.Now.Sub(at) >= answersKept:
		return nil, nil
	case !bytes.Equal(digest, o.Digest):
		return nil, invalid("Idempotency-Key", "같은 Idempotency-Key로 다른 내용이 왔어요. 새 키로 보내 주세요.")
	}
	return &stored, nil
}

// remember keeps the answer in the transaction that did the work, so that neither exists without the other.
func (tx *Tx) remember(o *Once, m Message) error {
	if o == nil || o.Key == "" {
		return nil
	}
	status, body := o.Encode(m)
	_, err := tx.Exec(`/* remember */ insert into idempotency (scope, key, digest, status, body, at) values (?, ?, ?, ?, ?, ?)
		on conflict (scope, key) do update set digest = excluded.digest, status = excluded.status, body = excluded.body, at = excluded.at`,
		o.Scope, o.Key, o.Digest, status, body, ms(tx.Now))
	return err
}
