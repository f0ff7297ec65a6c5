package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"time"

	"toktok/store/kakao/skill"
)

// The journal keeps what came, masked, with the answer it got, for 7 days. A repeat of the same request gets the same
// bytes again (RULES B1).

const (
	sameRequest = 10 * time.Minute // the same X-Request-Id
	sameWords   = 3 * time.Second  // the same tap or words
)

// fingerprint is what makes two calls of one citizen the same: block, utterance, clientExtra, action.params and media.
func fingerprint(r *skill.Request) []byte {
	h := sha256.New()
	for _, s := range []string{r.BlockID, r.Utterance, r.Media.Type, r.Media.URL} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	if len(r.ActionParams) > 0 || len(r.ClientExtra) > 0 {
		// Maps are encoded with their keys sorted; the values were decoded from JSON, so they encode again.
		b, _ := json.Marshal([]any{r.ActionParams, r.ClientExtra})
		h.Write(b)
	}
	return h.Sum(nil)[:16]
}

// repeated finds the stored answer of a request that came before. Typed words are counted on the first message.
func (tx *Tx) repeated(id Identity, request string, print []byte, at time.Time) ([]byte, bool, error) {
	rows, err := tx.Query(`/* repeated */ select at, request, fingerprint, coalesce(message, 0), answer from journal
		where identity = ? order by id desc limit 20`, id.ID)
	if err != nil {
		return nil, false, err
	}
	var answer []byte
	var message int64
	found := false
	for rows.Next() && !found {
		var was int64
		var req string
		var fp []byte
		if err = rows.Scan(&was, &req, &fp, &message, &answer); err != nil {
			break
		}
		age := at.Sub(fromMS(was))
		found = request != "" && req == request && age < sameRequest || bytes.Equal(fp, print) && age < sameWords && age > -sameWords
	}
	rows.Close()
	if err == nil {
		err = rows.Err()
	}
	if err != nil || !found {
		return nil, false, err
	}
	if message != 0 {
		if _, err := tx.Exec(`/* repeated */ update messages set repeats = repeats + 1 where id = ? and kind = 'citizen'`, message); err != nil {
			return nil, false, err
		}
	}
	return answer, true, nil
}

// remember keeps the masked body with its answer.
func (tx *Tx) journal(id Identity, request string, print []byte, message int64, body, answer []byte, at time.Time) error {
	_, err := tx.Exec(`/* journal */ insert into journal (at, identity, request, fingerprint, message, body, answer) values (?, ?, ?, ?, ?, ?, ?)`,
		ms(at), id.ID, request, print, idOrNil(message), body, answer)
	return err
}
