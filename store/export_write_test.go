package store

import (
	"context"
	"errors"

	"toktok/store/kakao/skill"
)

// TakeThen takes a call in, as Receive does, and runs then in the same closure.
func TakeThen(s *DB, in In, then func(*Tx) error) error {
	req, err := skill.Decode(in.Body)
	if err != nil {
		return err
	}
	c := &call{In: in, body: in.Body, req: req, print: fingerprint(req)}
	c.read(s)
	return s.Write(context.Background(), Actor{Role: RoleCitizen}, func(tx *Tx) error {
		_, err := tx.take(c)
		return errors.Join(err, then(tx))
	})
}
