package store

import (
	"cmp"
	"context"
	"fmt"
)

// ReinstateDepartment takes a closed department back into use, under its old name and with its old cases.
func (s *DB) ReinstateDepartment(ctx context.Context, who Actor, id int64) error {
	return s.reinstate(ctx, who, id, "department", "부서", `/* ReinstateDepartment */ update departments set closed_at = null where id = ?`)
}

// ReinstateCategory takes a closed category back into use.
func (s *DB) ReinstateCategory(ctx context.Context, who Actor, id int64) error {
	return s.reinstate(ctx, who, id, "category", "분류", `/* ReinstateCategory */ update categories set closed_at = null where id = ?`)
}

func (s *DB) reinstate(ctx context.Context, who Actor, id int64, what, korean, query string) (err error) {
	defer wrap(&err, "store.reinstate %s %d", what, id)
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		res, err := tx.Exec(query, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, notFound(korean))
		}
		tx.refresh = true
		return tx.audit(what+"_reinstate", 0, fmt.Sprintf("%s:%d", what, id), "")
	})
}
