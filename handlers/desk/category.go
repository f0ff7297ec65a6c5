package desk

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"toktok/handlers/web"
	"toktok/store"
)

// CategoryRow is a category in the list.
type CategoryRow struct {
	store.Category
	KindName string
	RuleText string
}

// CategoryForm is the form of a category with what it offers to choose from.
type CategoryForm struct {
	Form
	Kinds       []Option
	Departments []Option
}

// CategoryFormAt is the form with where it is sent to and the word on its button.
type CategoryFormAt struct {
	CategoryForm
	URL, Button string
}

// At says where the form is sent to.
func (f CategoryForm) At(to, button string) CategoryFormAt { return CategoryFormAt{f, to, button} }

// CategoryPage changes one category.
type CategoryPage struct {
	Base
	Sections []NavItem
	store.Category
	Form CategoryForm
}

func categoryRow(c store.Category) CategoryRow {
	return CategoryRow{Category: c, KindName: store.KindLabel(c.Kind), RuleText: ruleWordsOr(c.Rule, "종류에 따름")}
}

func ruleWordsOr(rule, otherwise string) string {
	if rule == "" {
		return otherwise
	}
	return ruleWords(rule)
}

func categoryForm(f Form, departments []store.Department) CategoryForm {
	out := CategoryForm{Form: f}
	for _, k := range store.LegalKinds {
		out.Kinds = append(out.Kinds, Option{Value: k, Text: store.KindLabel(k)})
	}
	for _, dp := range departments {
		if dp.ClosedAt.IsZero() {
			out.Departments = append(out.Departments, Option{Value: strconv.FormatInt(dp.ID, 10), Text: dp.Name})
		}
	}
	return out
}

// categoryInput is what the form of a category sends.
type categoryInput struct {
	Name       string `form:"name" max:"100"`
	Code       string `form:"code" max:"100"`
	Department int64  `form:"department"`
	Kind       string `form:"kind"`
	Rule       string `form:"rule" max:"40"`
	Position   int    `form:"position"`
}

// fill puts the form's values into a category; a code left empty is the name.
func (in categoryInput) fill(c store.Category) (store.Category, error) {
	rule, err := ruleOf(in.Rule)
	c.Name, c.Code, c.Department, c.Kind, c.Rule, c.Position = in.Name, cmp.Or(in.Code, in.Name), store.Ref{ID: in.Department}, in.Kind, rule, in.Position
	return c, err
}

func (d *Desk) saveCategory(r *http.Request, sc *web.Scope, c store.Category) (store.Category, error) {
	var in categoryInput
	err := web.Form(r, &in)
	if err == nil {
		c, err = in.fill(c)
	}
	if err == nil {
		c, err = d.db.SaveCategory(r.Context(), sc.Actor, c)
	}
	return c, err
}

func (d *Desk) addCategory(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	c, err := d.saveCategory(r, sc, store.Category{})
	if err == nil {
		return d.done(w, r, sc, placeDepartments+"#categories", c.Name+" 분류를 넣었어요.")
	}
	if f, ok := refused("category", r, err); ok {
		return d.showDepartments(w, r, sc, http.StatusUnprocessableEntity, f)
	}
	return err
}

func (d *Desk) category(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	c, err := d.oneCategory(r, sc)
	if err != nil {
		return err
	}
	return d.showCategory(w, r, sc, http.StatusOK, c, Form{})
}

func (d *Desk) oneCategory(r *http.Request, sc *web.Scope) (store.Category, error) {
	id, err := idOf(sc.Param("id"), "분류")
	if err != nil {
		return store.Category{}, err
	}
	list, err := d.db.Categories(r.Context(), sc.Actor)
	if err != nil {
		return store.Category{}, err
	}
	for _, c := range list {
		if c.ID == id {
			return c, nil
		}
	}
	return store.Category{}, &store.Error{Kind: store.NotFound, Text: "그런 분류는 없어요. 목록에서 다시 골라 주세요."}
}

func (d *Desk) showCategory(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, c store.Category, f Form) error {
	b, err := d.base(w, r, sc, c.Name, placeSettings)
	if err != nil {
		return err
	}
	departments, err := d.db.Departments(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	if f.ID == "" {
		f = Form{ID: "category", Values: url.Values{
			"name": {c.Name}, "code": {c.Code}, "department": {strconv.FormatInt(c.Department.ID, 10)}, "kind": {c.Kind}, "rule": {ruleField(c.Rule)},
			"position": {strconv.Itoa(c.Position)},
		}}
	}
	return d.show(w, status, "category", CategoryPage{Base: b, Sections: sectionsAt(placeDepartments), Category: c, Form: categoryForm(f, departments)})
}

func (d *Desk) changeCategory(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	c, err := d.oneCategory(r, sc)
	if err != nil {
		return err
	}
	if _, err = d.saveCategory(r, sc, c); err == nil {
		return d.done(w, r, sc, placeDepartments+"#categories", "저장했어요.")
	}
	if f, ok := refused("category", r, err); ok {
		return d.showCategory(w, r, sc, http.StatusUnprocessableEntity, c, f)
	}
	return err
}

func (d *Desk) closeCategory(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	c, err := d.oneCategory(r, sc)
	if err == nil {
		err = d.db.CloseCategory(r.Context(), sc.Actor, c.ID)
	}
	if err != nil {
		return err
	}
	return d.done(w, r, sc, placeDepartments+"#categories", c.Name+" 분류를 닫았어요. 이미 정한 민원에는 그대로 남아요.")
}

func (d *Desk) reinstateCategory(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	c, err := d.oneCategory(r, sc)
	if err == nil {
		err = d.db.ReinstateCategory(r.Context(), sc.Actor, c.ID)
	}
	if err != nil {
		return err
	}
	return d.done(w, r, sc, placeDepartments+"#categories", c.Name+" 분류를 다시 쓰기로 했어요.")
}
