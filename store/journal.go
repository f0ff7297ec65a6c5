package store

import (
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

// repeated finds the stored answer of a call that came before. Words that were tapped or typed twice are counted on the
// first message; Kakao's own second try of a request is nothing the citizen did.
func (tx *Tx) repeated(id Identity, c *call) (answer []byte, found bool, err error) {
	var message int64
	var retry bool
	// A day's bound of calls is looked through: within ten minutes a citizen may well send hundreds (RULES B7).
	err = tx.QueryRow(`/* repeated */ select coalesce(message, 0), answer, request = ?2 and ?2 <> '' from
		(select at, request, fingerprint, message, answer from journal where identity = ?1 order by id desc limit ?7)
		where request = ?2 and ?2 <> '' and at > ?3 or fingerprint = ?4 and at > ?5 and at < ?6 limit 1`,
		id.ID, c.RequestID, ms(c.Arrived.Add(-sameRequest)), c.print, ms(c.Arrived.Add(-sameWords)), ms(c.Arrived.Add(sameWords)), perDayAtAll).
		Scan(&message, &answer, &retry)
	if isNoRows(err) {
		return nil, false, nil
	}
	if err != nil || retry {
		return answer, err == nil, err
	}
	if message != 0 {
		if _, err := tx.Exec(`/* repeated */ update messages set repeats = repeats + 1 where id = ? and kind = 'citizen'`, message); err != nil {
			return nil, false, err
		}
	}
	// Kakao may try this call again as well. Without a fingerprint it does not make the three seconds longer.
	return answer, true, tx.journal(id, c, []byte{}, message, answer)
}

// journal keeps the masked body with the answer it got.
func (tx *Tx) journal(id Identity, c *call, print []byte, message int64, answer []byte) error {
	_, err := tx.Exec(`/* journal */ insert into journal (at, identity, request, fingerprint, message, body, answer) values (?, ?, ?, ?, ?, ?, ?)`,
		ms(c.Arrived), id.ID, c.RequestID, print, idOrNil(message), c.body, answer)
	return err
}
