package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/store/secret"
)

// Staff is an account of the office. Its password never leaves the store.
type Staff struct {
	ID          int64
	Login       string
	Name        string
	Role        Role
	Phone       string
	Departments []Membership // of role department
	CreatedAt   time.Time
	DisabledAt  time.Time // zero while it may sign in
	LockedUntil time.Time // after failed sign-ins; past or zero = not locked
}

// Membership says which department's cases an account sees, and whether it is its head.
type Membership struct {
	Department Ref
	Head       bool
}

// StaffInput is what an account is made or changed with. Login and Password count only when it is made.
type StaffInput struct {
	Login       string
	Name        string
	Role        Role
	Phone       string
	Password    string
	Departments []Membership
}

const staffColumns = `a.id, a.login, a.name, a.role, a.phone, a.created_at, a.disabled_at, a.locked_until`

func scanStaff(rows *sql.Rows) (Staff, error) {
	var a Staff
	err := rows.Scan(&a.ID, &a.Login, &a.Name, &a.Role, &a.Phone, instant{&a.CreatedAt}, instant{&a.DisabledAt}, instant{&a.LockedUntil})
	return a, err
}

type memberRow struct {
	staff int64
	Membership
}

func scanMember(rows *sql.Rows) (memberRow, error) {
	var m memberRow
	err := rows.Scan(&m.staff, &m.Department.ID, &m.Department.Name, &m.Head)
	return m, err
}

// StaffList lists the accounts, those that may sign in first.
func (s *DB) StaffList(ctx context.Context, who Actor) (_ []Staff, err error) {
	defer wrap(&err, "store.StaffList")
	if err := who.need(MayManage); err != nil {
		return nil, err
	}
	r := s.read(ctx)
	list, err := all(r, scanStaff, `/* StaffList */ select `+staffColumns+` from staff a order by a.disabled_at is not null, a.name, a.id`)
	if err != nil {
		return nil, err
	}
	members, err := all(r, scanMember, `/* StaffList */ select m.staff, d.id, d.name, m.head
		from staff_departments m join departments d on d.id = m.department order by d.position, d.name`)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if i := slices.IndexFunc(list, func(a Staff) bool { return a.ID == m.staff }); i >= 0 {
			list[i].Departments = append(list[i].Departments, m.Membership)
		}
	}
	return list, nil
}

// Colleague is an account as everybody may see it.
type Colleague struct {
	ID          int64
	Name        string
	Role        Role
	Departments []int64
}

// Colleagues lists whom a case may be assigned to: enabled accounts that act on cases. Somebody of a department gets
// those of the own departments.
func (s *DB) Colleagues(ctx context.Context, who Actor) (_ []Colleague, err error) {
	defer wrap(&err, "store.Colleagues")
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	r := s.read(ctx)
	list, err := all(r, func(rows *sql.Rows) (Colleague, error) {
		var c Colleague
		return c, rows.Scan(&c.ID, &c.Name, &c.Role)
	}, `/* Colleagues */ select id, name, role from staff where disabled_at is null and role <> 'auditor' order by name, id`)
	if err != nil {
		return nil, err
	}
	members, err := all(r, scanMember, `/* Colleagues */ select staff, department, '', head from staff_departments`)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if i := slices.IndexFunc(list, func(c Colleague) bool { return c.ID == m.staff }); i >= 0 {
			list[i].Departments = append(list[i].Departments, m.Department.ID)
		}
	}
	return slices.DeleteFunc(list, func(c Colleague) bool {
		return who.Role == RoleDepartment && !slices.ContainsFunc(c.Departments, who.Sees)
	}), nil
}

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,39}$`)

func normalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

func (in *StaffInput) check(made bool) error {
	in.Login, in.Name, in.Phone = normalLogin(in.Login), strings.TrimSpace(in.Name), strings.TrimSpace(in.Phone)
	fields := map[string]string{}
	if made {
		if !loginForm.MatchString(in.Login) {
			fields["login"] = "아이디는 영문 소문자, 숫자, . _ - @로 2자부터 40자까지 쓸 수 있어요."
		}
		if text := weakPassword(in.Password, in.Login); text != "" {
			fields["password"] = text
		}
	}
	if n := utf8.RuneCountInString(in.Name); n == 0 || n > 40 {
		fields["name"] = "이름을 40자 안으로 적어 주세요."
	}
	if utf8.RuneCountInString(in.Phone) > 40 {
		fields["phone"] = "연락처는 40자까지 쓸 수 있어요."
	}
	switch in.Role {
	case RoleAdmin, RoleOperator, RoleAuditor:
		if len(in.Departments) > 0 {
			fields["departments"] = "부서는 부서 담당자에게만 정해요."
		}
	case RoleDepartment:
		if len(in.Departments) == 0 {
			fields["departments"] = "부서 담당자는 부서를 하나 이상 골라 주세요."
		}
	default:
		fields["role"] = "역할을 골라 주세요."
	}
	return invalidFields(fields)
}

// AddStaff makes an account.
func (s *DB) AddStaff(ctx context.Context, who Actor, in StaffInput) (_ Staff, err error) {
	defer wrap(&err, "store.AddStaff")
	if err := cmp.Or(who.need(MayManage), in.check(true)); err != nil {
		return Staff{}, err
	}
	hash, err := secret.HashPassword(ctx, in.Password)
	if err != nil {
		return Staff{}, err
	}
	var made Staff
	err = s.Write(ctx, who, func(tx *Tx) error {
		a := Staff{Login: in.Login, Name: in.Name, Role: in.Role, Phone: in.Phone, CreatedAt: tx.Now}
		var err error
		a.ID, err = tx.Insert(`/* AddStaff */ insert into staff (login, name, role, phone, password, created_at) values (?, ?, ?, ?, ?, ?)`,
			a.Login, a.Name, a.Role, a.Phone, hash, ms(tx.Now))
		if err != nil {
			return taken(err, "login", "이미 쓰고 있는 아이디예요.")
		}
		if a.Departments, err = tx.joinDepartments(a.ID, in.Departments); err != nil {
			return err
		}
		made = a
		return tx.audit("staff_add", 0, fmt.Sprintf("staff:%d", a.ID), "role="+string(a.Role))
	})
	return made, err
}

// joinDepartments replaces the memberships of an account.
func (tx *Tx) joinDepartments(staff int64, list []Membership) ([]Membership, error) {
	if _, err := tx.Exec(`/* joinDepartments */ delete from staff_departments where staff = ?`, staff); err != nil {
		return nil, err
	}
	var out []Membership
	for _, m := range list {
		d, err := departmentByRef(tx, m.Department)
		if err != nil {
			return nil, err
		}
		if _, err := tx.Exec(`/* joinDepartments */ insert into staff_departments (staff, department, head) values (?, ?, ?)
			on conflict do update set head = excluded.head`, staff, d.ID, m.Head); err != nil {
			return nil, err
		}
		out = append(out, Membership{d.Ref(), m.Head})
	}
	return out, nil
}

func staffByLogin(q querier, login string) (Staff, error) {
	return one(q, scanStaff, "직원", `/* staffByLogin */ select `+staffColumns+` from staff a where a.login = ?`, normalLogin(login))
}

// otherAdmin refuses to take the last administrator who can sign in away.
func (tx *Tx) otherAdmin(a Staff) error {
	if a.Role != RoleAdmin || !a.DisabledAt.IsZero() {
		return nil
	}
	var n int
	if err := tx.QueryRow(`/* otherAdmin */ select count(*) from staff where role = 'admin' and disabled_at is null and id <> ?`, a.ID).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return &Error{Kind: Conflict, Text: "마지막 관리자예요. 다른 관리자를 먼저 만들어 주세요."}
	}
	return nil
}

// ChangeStaff saves name, role, phone and departments of an account. Another role or other departments end its
// sessions, so that nothing open keeps the former rights.
func (s *DB) ChangeStaff(ctx context.Context, who Actor, login string, in StaffInput) (err error) {
	defer wrap(&err, "store.ChangeStaff")
	if err := cmp.Or(who.need(MayManage), in.check(false)); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		a, err := staffByLogin(tx, login)
		if err != nil {
			return err
		}
		if in.Role != RoleAdmin {
			if err := tx.otherAdmin(a); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`/* ChangeStaff */ update staff set name = ?, role = ?, phone = ? where id = ?`, in.Name, in.Role, in.Phone, a.ID); err != nil {
			return err
		}
		if _, err := tx.joinDepartments(a.ID, in.Departments); err != nil {
			return err
		}
		if in.Role != a.Role || in.Role == RoleDepartment {
			if err := tx.endSessions(a.ID); err != nil {
				return err
			}
		}
		return tx.audit("staff_change", 0, fmt.Sprintf("staff:%d", a.ID), "role="+string(in.Role))
	})
}

// DisableStaff keeps an account from signing in and ends its sessions; its history stays. The last administrator
// cannot be disabled.
func (s *DB) DisableStaff(ctx context.Context, who Actor, login string) (err error) {
	defer wrap(&err, "store.DisableStaff")
	if err := who.need(MayManage); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		a, err := staffByLogin(tx, login)
		if err != nil || !a.DisabledAt.IsZero() {
			return err
		}
		if err := tx.otherAdmin(a); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* DisableStaff */ update staff set disabled_at = ? where id = ?`, ms(tx.Now), a.ID); err != nil {
			return err
		}
		if err := tx.endSessions(a.ID); err != nil {
			return err
		}
		return tx.audit("staff_disable", 0, fmt.Sprintf("staff:%d", a.ID), "")
	})
}

// EnableStaff lets a disabled account sign in again.
func (s *DB) EnableStaff(ctx context.Context, who Actor, login string) (err error) {
	defer wrap(&err, "store.EnableStaff")
	if err := who.need(MayManage); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		a, err := staffByLogin(tx, login)
		if err != nil || a.DisabledAt.IsZero() {
			return err
		}
		if _, err := tx.Exec(`/* EnableStaff */ update staff set disabled_at = null, failed = 0, locked_until = null where id = ?`, a.ID); err != nil {
			return err
		}
		return tx.audit("staff_enable", 0, fmt.Sprintf("staff:%d", a.ID), "")
	})
}
