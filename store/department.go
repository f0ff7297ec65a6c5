package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/store/db"
)

// Department is a place of the office that cases are transferred to.
type Department struct {
	ID       int64
	Name     string
	Contact  string // telephone the citizen reads in notices
	Approval bool   // results need an approver (RULES I6)
	Position int
	ClosedAt time.Time // zero while it exists
}

// Ref is the department as other rows name it.
func (d Department) Ref() Ref { return Ref{d.ID, d.Name} }

const departmentColumns = `d.id, d.name, d.contact, d.approval, d.position, d.closed_at`

func scanDepartment(rows *sql.Rows) (Department, error) {
	var d Department
	err := rows.Scan(&d.ID, &d.Name, &d.Contact, &d.Approval, &d.Position, instant{&d.ClosedAt})
	return d, err
}

// Departments lists all departments, closed ones last.
func (s *DB) Departments(ctx context.Context, who Actor) (_ []Department, err error) {
	defer wrap(&err, "store.Departments")
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	return all(s.read(ctx), scanDepartment, `/* Departments */ select `+departmentColumns+`
		from departments d order by d.closed_at is not null, d.position, d.name`)
}

// departmentByRef reads a department that exists, by id or else by its exact name (RULES H2).
func departmentByRef(q querier, ref Ref) (Department, error) {
	where, arg := `d.name = ?`, any(strings.TrimSpace(ref.Name))
	if ref.ID != 0 {
		where, arg = `d.id = ?`, ref.ID
	}
	d, err := one(q, scanDepartment, "부서", `/* departmentByRef */ select `+departmentColumns+` from departments d where `+where, arg)
	switch {
	case KindOf(err) == NotFound:
		return d, invalid("department", "그런 부서가 없어요. 부서 이름이나 번호를 확인해 주세요.")
	case err == nil && !d.ClosedAt.IsZero():
		return d, invalid("department", "없어진 부서예요. 다른 부서를 골라 주세요.")
	}
	return d, err
}

func (d *Department) check() error {
	d.Name, d.Contact = strings.TrimSpace(d.Name), strings.TrimSpace(d.Contact)
	fields := map[string]string{}
	switch n := utf8.RuneCountInString(d.Name); {
	case n == 0:
		fields["name"] = "부서 이름을 적어 주세요."
	case n > 40:
		fields["name"] = "부서 이름은 40자까지 쓸 수 있어요."
	}
	if utf8.RuneCountInString(d.Contact) > 40 {
		fields["contact"] = "연락처는 40자까지 쓸 수 있어요."
	}
	return invalidFields(fields)
}

// AddDepartment makes a department; the name must be new.
func (s *DB) AddDepartment(ctx context.Context, who Actor, d Department) (_ Department, err error) {
	defer wrap(&err, "store.AddDepartment")
	if err := cmp.Or(who.need(MayConfigure), d.check()); err != nil {
		return Department{}, err
	}
	var id int64
	err = s.Write(ctx, who, func(tx *Tx) error {
		var err error
		id, err = tx.Insert(`/* AddDepartment */ insert into departments (name, contact, approval, position) values (?, ?, ?, ?)`,
			d.Name, d.Contact, d.Approval, d.Position)
		if err != nil {
			return taken(err, "name", "같은 이름의 부서가 이미 있어요.")
		}
		tx.refresh = true
		return tx.audit("department_add", 0, fmt.Sprintf("department:%d", id), "")
	})
	d.ID, d.ClosedAt = id, time.Time{}
	return d, err
}

// ChangeDepartment saves name, contact, approval and position of a department.
func (s *DB) ChangeDepartment(ctx context.Context, who Actor, d Department) (err error) {
	defer wrap(&err, "store.ChangeDepartment %d", d.ID)
	if err := cmp.Or(who.need(MayConfigure), d.check()); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		res, err := tx.Exec(`/* ChangeDepartment */ update departments set name = ?, contact = ?, approval = ?, position = ? where id = ?`,
			d.Name, d.Contact, d.Approval, d.Position, d.ID)
		if err != nil {
			return taken(err, "name", "같은 이름의 부서가 이미 있어요.")
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, notFound("부서"))
		}
		tx.refresh = true
		return tx.audit("department_change", 0, fmt.Sprintf("department:%d", d.ID), "")
	})
}

// CloseDepartment ends a department: nothing can be transferred to it any more. It is refused while cases of it are
// not finished, for nobody would see them.
func (s *DB) CloseDepartment(ctx context.Context, who Actor, id int64) (err error) {
	defer wrap(&err, "store.CloseDepartment %d", id)
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		d, err := one(tx, scanDepartment, "부서", `/* CloseDepartment */ select `+departmentColumns+` from departments d where d.id = ?`, id)
		if err != nil || !d.ClosedAt.IsZero() {
			return err
		}
		var left int
		if err := tx.QueryRow(`/* CloseDepartment */ select count(*) from tickets where department = ? and state in ('waiting', 'open', 'answered', 'review')
			and department is not null and test = 0`, id).Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			return &Error{Kind: Conflict, Text: fmt.Sprintf("%s에 끝나지 않은 민원이 %d건 있어요. 먼저 다른 부서로 보내거나 끝내 주세요.", d.Name, left)}
		}
		if _, err := tx.Exec(`/* CloseDepartment */ update departments set closed_at = ? where id = ?`, ms(tx.Now), id); err != nil {
			return err
		}
		tx.refresh = true
		return tx.audit("department_close", 0, fmt.Sprintf("department:%d", id), "")
	})
}

// invalidFields is the error of a form with these faults; nil without one.
func invalidFields(fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Text: "적은 내용을 다시 확인해 주세요.", Fields: fields}
}

// taken gives a broken unique constraint the text of its field.
func taken(err error, field, text string) error {
	if db.IsUnique(err) {
		return invalid(field, text)
	}
	return err
}
