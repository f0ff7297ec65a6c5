package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Canned is an answer kept for reuse (상용구). Scope is "all", "department:<id>" or "staff:<id>".
type Canned struct {
	ID        int64
	Scope     string
	Folder    string
	Title     string
	Body      string
	Used      int
	ChangedAt time.Time
	ChangedBy string
}

func scanCanned(rows *sql.Rows) (Canned, error) {
	var c Canned
	err := rows.Scan(&c.ID, &c.Scope, &c.Folder, &c.Title, &c.Body, &c.Used, instant{&c.ChangedAt}, &c.ChangedBy)
	return c, err
}

// cannedScopes are those whose texts the actor may use.
func (a Actor) cannedScopes() []string {
	out := []string{"all"}
	if a.Staff != 0 {
		out = append(out, fmt.Sprintf("staff:%d", a.Staff))
	}
	for _, d := range a.Departments {
		out = append(out, fmt.Sprintf("department:%d", d))
	}
	return out
}

// mayEditCanned: what belongs to all is the administrator's, a department's its members', one's own one's own.
func (a Actor) mayEditCanned(scope string) bool {
	if a.Can(MayConfigure) {
		return scope == "all" || strings.HasPrefix(scope, "department:") || slices.Contains(a.cannedScopes(), scope)
	}
	return a.Can(MayAnswer) && scope != "all" && slices.Contains(a.cannedScopes(), scope)
}

// CannedAnswers lists the texts the actor may use, most used first within their folders; an administrator also gets
// those of every department.
func (s *DB) CannedAnswers(ctx context.Context, who Actor) (_ []Canned, err error) {
	defer wrap(&err, "store.CannedAnswers")
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	list, err := all(s.read(ctx), scanCanned, `/* CannedAnswers */ select id, scope, folder, title, body, used, changed_at, changed_by
		from canned order by folder, used desc, title`)
	if err != nil {
		return nil, err
	}
	mine := who.cannedScopes()
	return slices.DeleteFunc(list, func(c Canned) bool {
		return !slices.Contains(mine, c.Scope) && !(who.Can(MayConfigure) && strings.HasPrefix(c.Scope, "department:"))
	}), nil
}

func (c *Canned) check() error {
	c.Scope, c.Folder, c.Title = cmp.Or(c.Scope, "all"), strings.TrimSpace(c.Folder), strings.TrimSpace(c.Title)
	fields := map[string]string{}
	if n := utf8.RuneCountInString(c.Title); n == 0 || n > 60 {
		fields["title"] = "제목을 60자 안으로 적어 주세요."
	}
	if n := utf8.RuneCountInString(c.Body); strings.TrimSpace(c.Body) == "" || n > 2000 {
		fields["body"] = "내용을 2,000자 안으로 적어 주세요."
	}
	if utf8.RuneCountInString(c.Folder) > 40 {
		fields["folder"] = "묶음 이름은 40자까지 쓸 수 있어요."
	}
	kind, id, _ := strings.Cut(c.Scope, ":")
	if n, err := strconv.ParseInt(id, 10, 64); c.Scope != "all" && (kind != "department" && kind != "staff" || err != nil || n <= 0) {
		fields["scope"] = "누가 쓰는 상용구인지 골라 주세요."
	}
	return invalidFields(fields)
}

// SaveCanned adds a text (ID 0) or changes one.
func (s *DB) SaveCanned(ctx context.Context, who Actor, c Canned) (_ Canned, err error) {
	defer wrap(&err, "store.SaveCanned")
	if err := c.check(); err != nil {
		return Canned{}, err
	}
	if !who.mayEditCanned(c.Scope) {
		return Canned{}, forbidden()
	}
	id := c.ID
	err = s.Write(ctx, who, func(tx *Tx) error {
		if c.ID == 0 {
			var err error
			id, err = tx.Insert(`/* SaveCanned */ insert into canned (scope, folder, title, body, changed_at, changed_by) values (?, ?, ?, ?, ?, ?)`,
				c.Scope, c.Folder, c.Title, c.Body, ms(tx.Now), who.Label())
			return err
		}
		if err := tx.editableCanned(c.ID); err != nil {
			return err
		}
		_, err := tx.Exec(`/* SaveCanned */ update canned set scope = ?, folder = ?, title = ?, body = ?, changed_at = ?, changed_by = ? where id = ?`,
			c.Scope, c.Folder, c.Title, c.Body, ms(tx.Now), who.Label(), c.ID)
		return err
	})
	c.ID = id
	return c, err
}

// editableCanned refuses a text that is not there or not the actor's to change.
func (tx *Tx) editableCanned(id int64) error {
	c, err := one(tx, scanCanned, "상용구", `/* editableCanned */ select id, scope, folder, title, body, used, changed_at, changed_by
		from canned where id = ?`, id)
	if err != nil {
		return err
	}
	if !tx.Who.mayEditCanned(c.Scope) {
		if !slices.Contains(tx.Who.cannedScopes(), c.Scope) {
			return notFound("상용구")
		}
		return forbidden()
	}
	return nil
}

// DeleteCanned removes a text.
func (s *DB) DeleteCanned(ctx context.Context, who Actor, id int64) (err error) {
	defer wrap(&err, "store.DeleteCanned %d", id)
	return s.Write(ctx, who, func(tx *Tx) error {
		if err := tx.editableCanned(id); err != nil {
			return err
		}
		_, err := tx.Exec(`/* DeleteCanned */ delete from canned where id = ?`, id)
		return err
	})
}

// UsedCanned counts one use of a text, so that lists can show the useful ones first.
func (s *DB) UsedCanned(ctx context.Context, who Actor, id int64) (err error) {
	defer wrap(&err, "store.UsedCanned %d", id)
	if err := who.need(MayAnswer); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		_, err := tx.Exec(`/* UsedCanned */ update canned set used = used + 1 where id = ?`, id)
		return err
	})
}
