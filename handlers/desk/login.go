package desk

import (
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
)

// LoginPage is the sign-in page.
type LoginPage struct {
	Base
	Next string
	Form Form
}

func (d *Desk) loginPage(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	next := web.LocalPath(r.URL.Query().Get("next"), "/tickets")
	if sc.SignedIn() {
		return web.Redirect(w, r, next)
	}
	return d.showLogin(w, r, sc, http.StatusOK, next, Form{ID: "login"})
}

func (d *Desk) showLogin(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, next string, f Form) error {
	b, err := d.base(w, r, sc, "로그인", "")
	if err != nil {
		return err
	}
	b.Me, b.Nav = nil, nil
	return d.show(w, status, "login", LoginPage{Base: b, Next: next, Form: f})
}

// login opens a session. Whatever is wrong, the answer is the same sentence: it tells nobody which accounts exist.
func (d *Desk) login(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Login    string `form:"login" max:"100"`
		Password string `form:"password" max:"1024" raw:"yes"`
		Next     string `form:"next"`
	}
	if err := web.Form(r, &in); err != nil && web.FieldsOf(err) == nil {
		return err
	}
	next := web.LocalPath(in.Next, "/tickets")
	_, cookie, err := d.db.Login(r.Context(), in.Login, in.Password, sc.IP.String(), r.UserAgent())
	if err != nil {
		p := sc.ProblemOf(err)
		if p.Code != store.Unauthenticated && p.Code != store.TooMany {
			return err
		}
		status := http.StatusUnprocessableEntity // 401 would ask for WWW-Authenticate, which a form is not
		if p.Code == store.TooMany {
			status = p.Status
			w.Header().Set("Retry-After", "60")
		}
		return d.showLogin(w, r, sc, status, next, Form{ID: "login", Values: r.PostForm, Errors: map[string]string{"": p.Detail}})
	}
	sc.SignIn(w, cookie)
	return web.Redirect(w, r, next)
}

func (d *Desk) logout(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := d.db.Logout(r.Context(), sc.Cookie(r)); err != nil {
		return err
	}
	sc.SignOut(w)
	// Unsent words that scripts keep for the tab do not stay behind.
	w.Header().Set("Clear-Site-Data", `"storage"`)
	return web.Redirect(w, r, "/login")
}
