package desk

import (
	"net/http"
	"net/url"
	"strconv"

	"toktok/handlers/web"
	"toktok/store"
)

const placeDepartments = "/settings/departments"

// DepartmentsPage lists departments and categories, with a form for a new one of each.
type DepartmentsPage struct {
	Base
	Sections    []NavItem
	Departments []store.Department
	Categories  []CategoryRow
	Department  Form
	Category    CategoryForm
}

// DepartmentPage changes one department.
type DepartmentPage struct {
	Base
	Sections []NavItem
	store.Department
	Form   Form
	Refuse string // why it cannot be closed
}

func (d *Desk) departments(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.showDepartments(w, r, sc, http.StatusOK, Form{})
}

func (d *Desk) showDepartments(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, f Form) error {
	b, err := d.base(w, r, sc, "부서·분류", placeSettings)
	if err != nil {
		return err
	}
	p := DepartmentsPage{Base: b, Sections: sectionsAt(placeDepartments)}
	if p.Departments, err = d.db.Departments(r.Context(), sc.Actor); err != nil {
		return err
	}
	categories, err := d.db.Categories(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	next := 1
	for _, c := range categories {
		p.Categories = append(p.Categories, categoryRow(c))
		next = max(next, c.Position+1)
	}
	p.Category = categoryForm(Form{ID: "category", Values: url.Values{"position": {strconv.Itoa(next)}}}, p.Departments)
	next = 1
	for _, dp := range p.Departments {
		next = max(next, dp.Position+1)
	}
	p.Department = Form{ID: "department", Values: url.Values{"position": {strconv.Itoa(next)}}}
	switch f.ID {
	case "department":
		p.Department = f
	case "category":
		p.Category.Form = f
	}
	return d.show(w, status, "departments", p)
}

// departmentInput is what the form of a department sends.
type departmentInput struct {
	Name     string `form:"name" max:"100"`
	Contact  string `form:"contact" max:"100"`
	Position int    `form:"position"`
}

func (d *Desk) addDepartment(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in departmentInput
	err := web.Form(r, &in)
	var made store.Department
	if err == nil {
		made, err = d.db.AddDepartment(r.Context(), sc.Actor, store.Department{Name: in.Name, Contact: in.Contact, Position: in.Position})
	}
	if err == nil {
		return d.done(w, r, sc, placeDepartments, made.Name+" 부서를 넣었어요. 이제 민원을 보낼 수 있어요.")
	}
	if f, ok := refused("department", r, err); ok {
		return d.showDepartments(w, r, sc, http.StatusUnprocessableEntity, f)
	}
	return err
}

func (d *Desk) department(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	dp, err := d.oneDepartment(r, sc)
	if err != nil {
		return err
	}
	return d.showDepartment(w, r, sc, http.StatusOK, dp, Form{}, "")
}

func (d *Desk) oneDepartment(r *http.Request, sc *web.Scope) (store.Department, error) {
	id, err := idOf(sc.Param("id"), "부서")
	if err != nil {
		return store.Department{}, err
	}
	list, err := d.db.Departments(r.Context(), sc.Actor)
	if err != nil {
		return store.Department{}, err
	}
	for _, dp := range list {
		if dp.ID == id {
			return dp, nil
		}
	}
	return store.Department{}, &store.Error{Kind: store.NotFound, Text: "그런 부서는 없어요. 목록에서 다시 골라 주세요."}
}

func (d *Desk) showDepartment(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, dp store.Department, f Form, refuse string) error {
	b, err := d.base(w, r, sc, dp.Name, placeSettings)
	if err != nil {
		return err
	}
	if f.ID == "" {
		f = Form{ID: "department", Values: url.Values{"name": {dp.Name}, "contact": {dp.Contact}, "position": {strconv.Itoa(dp.Position)}}}
	}
	return d.show(w, status, "department", DepartmentPage{Base: b, Sections: sectionsAt(placeDepartments), Department: dp, Form: f, Refuse: refuse})
}

func (d *Desk) changeDepartment(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	dp, err := d.oneDepartment(r, sc)
	if err != nil {
		return err
	}
	var in departmentInput
	if err = web.Form(r, &in); err == nil {
		changed := dp // what the form does not show stays
		changed.Name, changed.Contact, changed.Position = in.Name, in.Contact, in.Position
		err = d.db.ChangeDepartment(r.Context(), sc.Actor, changed)
	}
	if err == nil {
		return d.done(w, r, sc, placeDepartments, "저장했어요.")
	}
	if f, ok := refused("department", r, err); ok {
		return d.showDepartment(w, r, sc, http.StatusUnprocessableEntity, dp, f, "")
	}
	return err
}

func (d *Desk) closeDepartment(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	dp, err := d.oneDepartment(r, sc)
	if err != nil {
		return err
	}
	if err := d.db.CloseDepartment(r.Context(), sc.Actor, dp.ID); err != nil {
		if p := sc.ProblemOf(err); p.Code == store.Conflict {
			return d.showDepartment(w, r, sc, p.Status, dp, Form{}, p.Detail)
		}
		return err
	}
	return d.done(w, r, sc, placeDepartments, dp.Name+" 부서를 닫았어요. 이제 이 부서로 보낼 수 없어요.")
}

func (d *Desk) reinstateDepartment(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	dp, err := d.oneDepartment(r, sc)
	if err == nil {
		err = d.db.ReinstateDepartment(r.Context(), sc.Actor, dp.ID)
	}
	if err != nil {
		return err
	}
	return d.done(w, r, sc, placeDepartments, dp.Name+" 부서를 다시 쓰기로 했어요.")
}
