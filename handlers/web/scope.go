package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/julienschmidt/httprouter"

	"toktok/store"
)

// Doors lets people and programs in. Both answer an *store.Error of kind Unauthenticated for what they do not know.
type Doors interface {
	// Session finds the account behind the cookie's value; touch is false when nobody did anything (a live page's beat).
	Session(ctx context.Context, cookie string, touch bool) (store.Actor, store.Session, error)
	// Token finds what a bearer token may do.
	Token(ctx context.Context, token string) (store.Actor, error)
}

// Scope is what a handler knows of its request beyond the request itself.
type Scope struct {
	Actor     store.Actor // zero Role: nobody is signed in
	Session   store.Session
	Params    httprouter.Params
	Log       *slog.Logger // carries the request id
	IP        netip.Addr
	RequestID string
	Now       time.Time // the service's time when the request arrived, KST
	Route     *Route

	site   *Site
	secure bool
}

// Param is a named part of the path.
func (sc *Scope) Param(name string) string { return sc.Params.ByName(name) }

// SignedIn reports whether an account or token was let in.
func (sc *Scope) SignedIn() bool { return sc.Actor.Role != "" }

// Secure reports whether the caller reaches us by https.
func (sc *Scope) Secure() bool { return sc.secure }

// Real is the wall's time, for measuring and for deadlines of the connection.
func (sc *Scope) Real() time.Time { return sc.site.o.Clock.Real() }

// enter finds out who asks. A public door knows the account too, but lets everyone in.
func (sc *Scope) enter(r *http.Request, touch bool) error {
	var err error
	switch sc.Route.Door {
	case DoorKey:
		return nil
	case DoorToken:
		token, ok := bearer(r)
		if !ok {
			return unauthenticated("API 토큰이 필요해요. Authorization: Bearer 헤더로 보내 주세요.")
		}
		sc.Actor, err = sc.site.o.Doors.Token(r.Context(), token)
	case DoorSession, DoorPublic:
		cookie := sc.cookie(r, sessionCookie)
		if cookie == "" {
			err = unauthenticated("로그인해 주세요.")
			break
		}
		sc.Actor, sc.Session, err = sc.site.o.Doors.Session(r.Context(), cookie, touch)
	}
	if err != nil {
		sc.Actor, sc.Session = store.Actor{}, store.Session{}
		if sc.Route.Door == DoorPublic {
			return nil
		}
		return err
	}
	sc.Actor.Address = sc.IP.String()
	return nil
}

// allowed checks the permission of the route table.
func (sc *Scope) allowed() error {
	switch sc.Route.Door {
	case DoorSession, DoorToken:
		if !sc.Actor.Can(sc.Route.Need) {
			return &store.Error{Kind: store.Forbidden, Text: "이 일을 할 권한이 없어요. 관리자에게 문의해 주세요."}
		}
	}
	return nil
}

// Recheck asks the door again whether the caller may still be here; a live page does so on each beat.
func (sc *Scope) Recheck(r *http.Request) error {
	again := Scope{Route: sc.Route, IP: sc.IP, site: sc.site, secure: sc.secure}
	if err := again.enter(r, false); err != nil {
		return err
	}
	if again.Session.ID != sc.Session.ID || again.Actor.Staff != sc.Actor.Staff || again.Actor.Token != sc.Actor.Token {
		return unauthenticated("다시 로그인해 주세요.")
	}
	if err := again.allowed(); err != nil {
		return err
	}
	sc.Actor = again.Actor
	return nil
}
