package store

import (
	"fmt"
	"strings"
	"time"

	"toktok/store/db"
)

// What every action leaves behind besides its own rows (audit, the search index's list of changes, counters, the
// year's number) is gathered while its closure runs and written once for the whole batch, before the COMMIT: the cost
// of a statement is paid by the batch, and evidence stands in the order of the commits (RULES G4).

type auditRow struct {
	at             int64
	who            string
	staff          any
	address        string
	action         string
	ticket         any
	object, detail string
}

type changeRow struct {
	message int64
	op      string
}

// audit records who did what to which case; detail holds ids, field names and digests, never words (RULES G4).
func (tx *Tx) audit(action string, ticket int64, object, detail string) error {
	tx.audits = append(tx.audits, auditRow{
		at: ms(tx.Now), who: tx.Who.Label(), staff: idOrNil(tx.Who.Staff), address: tx.Who.Address, action: action,
		ticket: idOrNil(ticket), object: object, detail: detail,
	})
	return nil
}

// reindex tells the search index that a message came ("add"), or was moved, masked or erased (RULES G3).
func (tx *Tx) reindex(message int64, op string) {
	tx.reindexed = append(tx.reindexed, changeRow{message, op})
}

// count adds to a counter row.
func (tx *Tx) count(name string, n int64) {
	if tx.counts == nil {
		tx.counts = make(map[string]int64, 4)
	}
	tx.counts[name] += n
}

// numbers hands out receipt numbers without a statement for each. It belongs to the writer's goroutine. What a batch
// was given is read back when the next one begins, so a batch that fails leaves no gap.
type numbers struct {
	batch uint64
	last  map[int]int64 // by year
}

// nextNumber takes the next number of the year; a closure that fails gives it back, so there are no gaps.
func (tx *Tx) nextNumber(at time.Time) (string, error) {
	n, year := &tx.s.numbers, at.In(seoul).Year()
	if n.batch != tx.Batch || n.last == nil {
		n.batch, n.last = tx.Batch, map[int]int64{}
	}
	if _, known := n.last[year]; !known {
		var last int64
		if err := tx.QueryRow(`/* nextNumber */ select coalesce((select value from counters where name = ?), 0)`, numberOf(year)).Scan(&last); err != nil {
			return "", err
		}
		n.last[year] = last
	}
	n.last[year]++
	tx.numbered = append(tx.numbered, year)
	return fmt.Sprintf("%d-%06d", year, n.last[year]), nil
}

func numberOf(year int) string { return fmt.Sprintf("number:%d", year) }

// returnNumbers undoes what a closure took that did not survive.
func (tx *Tx) returnNumbers() {
	for _, year := range tx.numbered {
		if tx.s.numbers.batch == tx.Batch {
			tx.s.numbers.last[year]--
		}
	}
	tx.numbered = nil
}

// beforeCommit writes the evidence of the batch's surviving closures.
func (s *DB) beforeCommit(t *db.Tx) error {
	counts := map[string]int64{}
	var audits []auditRow
	var changes []changeRow
	years := map[int]bool{}
	for _, scope := range t.Survivors {
		tx, ok := scope.(*Tx)
		if !ok {
			continue
		}
		for name, n := range tx.counts {
			counts[name] += n
		}
		for _, year := range tx.numbered {
			years[year] = true
		}
		audits, changes = append(audits, tx.audits...), append(changes, tx.reindexed...)
	}
	for name, n := range counts {
		if n == 0 {
			continue
		}
		if _, err := t.Exec(`/* counts */ insert into counters (name, value) values (?, ?)
			on conflict (name) do update set value = value + excluded.value`, name, n); err != nil {
			return err
		}
	}
	for year := range years {
		if _, err := t.Exec(`/* numbers */ insert into counters (name, value) values (?, ?)
			on conflict (name) do update set value = excluded.value`, numberOf(year), s.numbers.last[year]); err != nil {
			return err
		}
	}
	if err := insertMany(t, `/* changes */ insert into changes (message, op) values `, changes, func(c changeRow) []any { return []any{c.message, c.op} }); err != nil {
		return err
	}
	return writeAudit(t, audits)
}

func writeAudit(t *db.Tx, rows []auditRow) error {
	return insertMany(t, `/* audit */ insert into audit (at, who, staff, address, action, ticket, object, detail) values `, rows, func(a auditRow) []any {
		return []any{a.at, a.who, a.staff, a.address, a.action, a.ticket, a.object, a.detail}
	})
}

// flushAudit writes the closure's audit rows at once, for an action that has to know their ids.
func (tx *Tx) flushAudit() error {
	rows := tx.audits
	tx.audits = nil
	return writeAudit(tx.Tx, rows)
}

// many is how many rows one statement takes; what is left goes one by one, so that two texts serve every number.
const many = 16

func insertMany[T any](t *db.Tx, insert string, rows []T, args func(T) []any) error {
	for len(rows) > 0 {
		n := 1
		if len(rows) >= many {
			n = many
		}
		var values []any
		for _, row := range rows[:n] {
			values = append(values, args(row)...)
		}
		one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(values)/n), ", ") + ")"
		if _, err := t.Exec(insert+strings.TrimSuffix(strings.Repeat(one+", ", n), ", "), values...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
