package desk

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"toktok/handlers/web"
	"toktok/store"
)

// StaffPage lists the accounts of the office.
type StaffPage struct {
	Base
	People      []Person
	Form        Form
	Roles       []Option
	Departments []Option
}

// Person is one account.
type Person struct {
	store.Staff
	RoleName string
	Where    string
	Self     bool
	Disabled string
	Locked   string
	Form     Form // of a new password
}

func (d *Desk) staff(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.showStaff(w, r, sc, http.StatusOK, Form{ID: "add"}, "")
}

func (d *Desk) showStaff(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, f Form, notice string) error {
	b, err := d.base(w, r, sc, "직원", placeStaff)
	if err != nil {
		return err
	}
	b.Notice = notice
	p := StaffPage{Base: b, Form: Form{ID: "add"}}
	if f.ID == "add" {
		p.Form = f
	}
	list, err := d.db.StaffList(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	for _, a := range list {
		person := Person{Staff: a, RoleName: roleLabel(a.Role), Self: a.ID == sc.Actor.Staff, Disabled: atWords(a.DisabledAt), Form: Form{ID: "pw-" + strconv.FormatInt(a.ID, 10)}}
		if person.Form.ID == f.ID || "pw-"+a.Login == f.ID {
			f.ID = person.Form.ID
			person.Form = f
		}
		if a.LockedUntil.After(d.db.Real()) {
			person.Locked = atWords(a.LockedUntil)
		}
		var where []string
		for _, m := range a.Departments {
			name := m.Department.Name
			if m.Head {
				name += "(부서장)"
			}
			where = append(where, name)
		}
		person.Where = strings.Join(where, ", ")
		p.People = append(p.People, person)
	}
	for _, role := range []store.Role{store.RoleOperator, store.RoleDepartment, store.RoleAuditor, store.RoleAdmin} {
		p.Roles = append(p.Roles, Option{Value: string(role), Text: roleLabel(role)})
	}
	departments, err := d.db.Departments(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	for _, dp := range departments {
		if dp.ClosedAt.IsZero() {
			p.Departments = append(p.Departments, Option{Value: strconv.FormatInt(dp.ID, 10), Text: dp.Name})
		}
	}
	return d.show(w, status, "staff", p)
}

func (d *Desk) addStaff(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Login       string  `form:"login" max:"100"`
		Name        string  `form:"name" max:"100"`
		Role        string  `form:"role"`
		Phone       string  `form:"phone" max:"100"`
		Password    string  `form:"password" max:"1024" raw:"yes"`
		Departments []int64 `form:"departments"`
		Head        bool    `form:"head"`
	}
	err := web.Form(r, &in)
	if err == nil {
		a := store.StaffInput{Login: in.Login, Name: in.Name, Role: store.Role(in.Role), Phone: in.Phone, Password: in.Password}
		for _, id := range in.Departments {
			if a.Role == store.RoleDepartment {
				a.Departments = append(a.Departments, store.Membership{Department: store.Ref{ID: id}, Head: in.Head})
			}
		}
		_, err = d.db.AddStaff(r.Context(), sc.Actor, a)
	}
	if err == nil {
		return d.done(w, r, sc, placeStaff, in.Name+"님의 계정을 만들었어요. 아이디와 비밀번호를 알려 주세요.")
	}
	if f, ok := refused("add", r, err); ok {
		return d.showStaff(w, r, sc, http.StatusUnprocessableEntity, f, "")
	}
	return err
}

func (d *Desk) resetPassword(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Password string `form:"password" max:"1024" raw:"yes"`
	}
	login := sc.Param("login")
	err := web.Form(r, &in)
	if err == nil {
		err = d.db.SetPassword(r.Context(), sc.Actor, login, in.Password)
	}
	if err == nil {
		return d.done(w, r, sc, placeStaff, login+" 계정의 비밀번호를 바꿨어요. 그 계정의 로그인은 모두 끝났어요.")
	}
	if f, ok := refused("pw-"+login, r, err); ok {
		f.Values = url.Values{}
		return d.showStaff(w, r, sc, http.StatusUnprocessableEntity, f, "")
	}
	return err
}

func (d *Desk) disableStaff(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	login := sc.Param("login")
	if err := d.db.DisableStaff(r.Context(), sc.Actor, login); err != nil {
		if p := sc.ProblemOf(err); p.Code == store.Conflict {
			return d.showStaff(w, r, sc, p.Status, Form{ID: "add"}, p.Detail)
		}
		return err
	}
	return d.done(w, r, sc, placeStaff, login+" 계정을 멈췄어요.")
}

func (d *Desk) enableStaff(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	login := sc.Param("login")
	if err := d.db.EnableStaff(r.Context(), sc.Actor, login); err != nil {
		return err
	}
	return d.done(w, r, sc, placeStaff, login+" 계정을 다시 쓸 수 있게 했어요.")
}

// browserWords names a browser so that its owner recognises it.
func browserWords(agent string) string {
	name := "브라우저"
	for _, b := range [][2]string{{"Whale/", "웨일"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, b[0]) {
			name = b[1]
			break
		}
	}
	for _, s := range [][2]string{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, s[0]) {
			return name + " · " + s[1]
		}
	}
	return name
}
