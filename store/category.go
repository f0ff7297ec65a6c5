package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/store/worktime"
)

// Legal kinds of a case (RULES A7).
const (
	KindOther         = "other"          // 기타민원
	KindInquiryLaw    = "inquiry_law"    // 질의민원: 법령
	KindInquirySystem = "inquiry_system" // 질의민원: 제도·절차
	KindSuggestion    = "suggestion"     // 건의민원
	KindGrievance     = "grievance"      // 고충민원
	KindStatutory     = "statutory"      // 법정민원
)

// LegalKinds lists the kinds in the order of the screen.
var LegalKinds = []string{KindOther, KindInquirySystem, KindInquiryLaw, KindSuggestion, KindGrievance, KindStatutory}

// legalRules are the periods the law sets (민원처리법 시행령 §14–17, §19); 법정민원 has its own each.
var legalRules = map[string]string{
	KindOther: "immediate", KindInquiryLaw: "days:14", KindSuggestion: "days:14", KindInquirySystem: "days:7", KindGrievance: "days:7",
}

// Category sorts cases by matter and proposes department and legal kind.
type Category struct {
	ID         int64
	Code       string
	Name       string
	Department Ref // proposed for a transfer; zero = none
	Kind       string
	Rule       string // processing period; "" = the kind's own
	Retention  string
	Position   int
	ClosedAt   time.Time
}

const categoryColumns = `g.id, g.code, g.name, coalesce(g.department, 0), coalesce(d.name, ''), g.kind, g.rule, g.retention, g.position, g.closed_at`

const categoryTables = ` from categories g left join departments d on d.id = g.department`

func scanCategory(rows *sql.Rows) (Category, error) {
	var c Category
	err := rows.Scan(&c.ID, &c.Code, &c.Name, &c.Department.ID, &c.Department.Name, &c.Kind, &c.Rule, &c.Retention, &c.Position, instant{&c.ClosedAt})
	return c, err
}

// Categories lists all categories, closed ones last.
func (s *DB) Categories(ctx context.Context, who Actor) (_ []Category, err error) {
	defer wrap(&err, "store.Categories")
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	return all(s.read(ctx), scanCategory, `/* Categories */ select `+categoryColumns+categoryTables+`
		order by g.closed_at is not null, g.position, g.name`)
}

// categoryByRef reads a category in use by id, else by its exact name or code.
func categoryByRef(q querier, ref Ref) (Category, error) {
	where, args := ` where g.name = ? or g.code = ? order by g.closed_at is not null`, []any{ref.Name, ref.Name}
	if ref.ID != 0 {
		where, args = ` where g.id = ?`, []any{ref.ID}
	}
	c, err := one(q, scanCategory, "분류", `/* categoryByRef */ select `+categoryColumns+categoryTables+where, args...)
	switch {
	case KindOf(err) == NotFound:
		return c, invalid("category", "그런 분류가 없어요. 분류 이름이나 번호를 확인해 주세요.")
	case err == nil && !c.ClosedAt.IsZero():
		return c, invalid("category", "더는 쓰지 않는 분류예요. 다른 분류를 골라 주세요.")
	}
	return c, err
}

func (c *Category) check() error {
	c.Code, c.Name, c.Rule = strings.TrimSpace(c.Code), strings.TrimSpace(c.Name), strings.TrimSpace(c.Rule)
	c.Kind, c.Retention = cmp.Or(c.Kind, KindOther), cmp.Or(c.Retention, "3y")
	fields := map[string]string{}
	if n := utf8.RuneCountInString(c.Name); n == 0 || n > 40 {
		fields["name"] = "분류 이름을 40자 안으로 적어 주세요."
	}
	if n := utf8.RuneCountInString(c.Code); n == 0 || n > 40 {
		fields["code"] = "분류 코드를 40자 안으로 적어 주세요."
	}
	if _, err := legalRule(c.Kind, c.Rule); err != nil {
		fields[errField(err)] = err.Error()
	}
	return invalidFields(fields)
}

// legalRule gives the processing period of a kind. Only 기타민원 (시행령 §16③) and 법정민원 may have another than the
// law's. The error is a *worktime.Error fit for a form.
func legalRule(kind, rule string) (worktime.Rule, error) {
	if !slices.Contains(LegalKinds, kind) {
		return worktime.Rule{}, &worktime.Error{Field: "kind", Text: "민원 종류를 골라 주세요."}
	}
	own := legalRules[kind]
	switch {
	case rule == "" && own == "":
		return worktime.Rule{}, &worktime.Error{Field: "rule", Text: "법정민원은 처리기간을 적어 주세요."}
	case rule == "":
		rule = own
	case rule != own && kind != KindOther && kind != KindStatutory:
		return worktime.Rule{}, &worktime.Error{Field: "rule", Text: "이 종류의 처리기간은 법으로 정해져 있어요. 처리기간을 비워 주세요."}
	}
	return worktime.ParseRule(rule)
}

func errField(err error) string {
	if e, ok := err.(*worktime.Error); ok && e.Field != "" {
		return e.Field
	}
	return "rule"
}

// SaveCategory adds a category (ID 0) or changes one.
func (s *DB) SaveCategory(ctx context.Context, who Actor, c Category) (_ Category, err error) {
	defer wrap(&err, "store.SaveCategory")
	if err := cmp.Or(who.need(MayConfigure), c.check()); err != nil {
		return Category{}, err
	}
	var saved Category
	err = s.Write(ctx, who, func(tx *Tx) error {
		c := c
		if c.Department != (Ref{}) {
			d, err := departmentByRef(tx, c.Department)
			if err != nil {
				return err
			}
			c.Department = d.Ref()
		}
		if err := tx.putCategory(&c); err != nil {
			return taken(err, "code", "같은 코드의 분류가 이미 있어요.")
		}
		saved = c
		return tx.audit("category_save", 0, fmt.Sprintf("category:%d", c.ID), "")
	})
	return saved, err
}

func (tx *Tx) putCategory(c *Category) (err error) {
	args := []any{c.Code, c.Name, idOrNil(c.Department.ID), c.Kind, c.Rule, c.Retention, c.Position}
	if c.ID == 0 {
		c.ID, err = tx.Insert(`/* putCategory */ insert into categories (code, name, department, kind, rule, retention, position)
			values (?, ?, ?, ?, ?, ?, ?)`, args...)
		return err
	}
	res, err := tx.Exec(`/* putCategory */ update categories set code = ?, name = ?, department = ?, kind = ?, rule = ?, retention = ?, position = ?
		where id = ?`, append(args, c.ID)...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, notFound("분류"))
	}
	return nil
}

// CloseCategory takes a category out of use; cases keep it.
func (s *DB) CloseCategory(ctx context.Context, who Actor, id int64) (err error) {
	defer wrap(&err, "store.CloseCategory %d", id)
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		res, err := tx.Exec(`/* CloseCategory */ update categories set closed_at = coalesce(closed_at, ?) where id = ?`, ms(tx.Now), id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, notFound("분류"))
		}
		return tx.audit("category_close", 0, fmt.Sprintf("category:%d", id), "")
	})
}
