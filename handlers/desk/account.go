package desk

import (
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
)

// AccountPage is one's own account: password and sessions.
type AccountPage struct {
	Base
	Login    string
	Form     Form
	Sessions []SessionRow
}

// SessionRow is a signed-in browser of the account.
type SessionRow struct {
	ID, Since, Seen, Address, Browser string
	Here                              bool
}

func (d *Desk) account(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.showAccount(w, r, sc, http.StatusOK, Form{ID: "password"})
}

func (d *Desk) showAccount(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, f Form) error {
	b, err := d.base(w, r, sc, "내 계정", placeAccount)
	if err != nil {
		return err
	}
	list, err := d.db.Sessions(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	p := AccountPage{Base: b, Login: sc.Session.Login, Form: f}
	for _, s := range list {
		p.Sessions = append(p.Sessions, SessionRow{
			ID: s.ID, Since: atWords(s.CreatedAt), Seen: atWords(s.LastSeen), Address: s.Address, Browser: browserWords(s.Agent), Here: s.ID == sc.Session.ID,
		})
	}
	return d.show(w, status, "account", p)
}

// changePassword ends every session, this one too: whoever knew the old word is out.
func (d *Desk) changePassword(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Old      string `form:"old" max:"1024" raw:"yes" required:"지금 비밀번호를 적어 주세요."`
		Password string `form:"password" max:"1024" raw:"yes" required:"새 비밀번호를 적어 주세요."`
		Again    string `form:"again" max:"1024" raw:"yes"`
	}
	err := web.Form(r, &in)
	if err == nil && in.Password != in.Again {
		err = web.Wrong(map[string]string{"again": "새 비밀번호와 다르게 적었어요. 한 번 더 적어 주세요."})
	}
	if err == nil {
		err = d.db.ChangePassword(r.Context(), sc.Actor, in.Old, in.Password)
	}
	if err == nil {
		sc.SignOut(w)
		return d.done(w, r, sc, "/login", "비밀번호를 바꿨어요. 새 비밀번호로 다시 로그인해 주세요.")
	}
	if f, ok := refused("password", r, err); ok {
		return d.showAccount(w, r, sc, http.StatusUnprocessableEntity, f)
	}
	return err
}

func (d *Desk) endSession(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	id := sc.Param("id")
	if err := d.db.EndSession(r.Context(), sc.Actor, id); err != nil && sc.ProblemOf(err).Code != store.NotFound {
		return err
	}
	if id == sc.Session.ID {
		sc.SignOut(w)
		return web.Redirect(w, r, "/login")
	}
	return d.done(w, r, sc, placeAccount, "그 로그인을 끝냈어요.")
}
