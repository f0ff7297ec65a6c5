package store

import "context"

// Ready commits a small write and returns when it is on disk: the proof that messages can be kept.
func (s *DB) Ready(ctx context.Context) (err error) {
	defer wrap(&err, "store.Ready")
	return s.Write(ctx, System("ready"), func(tx *Tx) error {
		_, err := tx.Exec(`/* Ready */ insert into counters (name, value) values ('ready', ?)
			on conflict (name) do update set value = excluded.value`, ms(tx.Now))
		return err
	})
}
