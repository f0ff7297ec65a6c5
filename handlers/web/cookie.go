package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// Names of our cookies; by https they carry __Host-, which no other host of the domain can set.
const (
	sessionCookie = "toktok"
	flashCookie   = "toktok-flash"
)

func (sc *Scope) cookieName(name string) string {
	if sc.secure {
		return "__Host-" + name
	}
	return name
}

// cookie is the value of our cookie; two of the name are none, because one of them is not ours.
func (sc *Scope) cookie(r *http.Request, name string) string {
	found := r.CookiesNamed(sc.cookieName(name))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

func (sc *Scope) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	c := &http.Cookie{Name: sc.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: sc.secure, SameSite: http.SameSiteLaxMode}
	switch {
	case value == "":
		c.MaxAge = -1
	case age > 0:
		c.MaxAge = int(age.Seconds())
	}
	http.SetCookie(w, c)
}

// SignIn gives the browser the session's cookie; it lives until the browser closes, the session's own limits hold.
func (sc *Scope) SignIn(w http.ResponseWriter, cookie string) {
	sc.setCookie(w, sessionCookie, cookie, 0)
}

// SignOut takes the cookie away.
func (sc *Scope) SignOut(w http.ResponseWriter) { sc.setCookie(w, sessionCookie, "", 0) }

// Cookie is the value of the session's cookie, for signing out and for keeping one's own session among others.
func (sc *Scope) Cookie(r *http.Request) string { return sc.cookie(r, sessionCookie) }

// Flash is a word to the next page.
type Flash struct {
	Kind string `json:"k"` // "done", "warn"
	Text string `json:"t"`
}

// SetFlash leaves a word for the page that comes next. It may hold no citizen's words: cookies lie on the client's disk.
func (sc *Scope) SetFlash(w http.ResponseWriter, kind, text string) {
	body, err := json.Marshal(Flash{Kind: kind, Text: text})
	if err != nil {
		sc.Log.Error("flash not written", "err", err)
		return
	}
	sc.setCookie(w, flashCookie, base64.RawURLEncoding.EncodeToString(body), time.Minute)
}

// TakeFlash reads the word and takes it away; ok is false when there is none.
func (sc *Scope) TakeFlash(w http.ResponseWriter, r *http.Request) (f Flash, ok bool) {
	value := sc.cookie(r, flashCookie)
	if value == "" {
		return Flash{}, false
	}
	sc.setCookie(w, flashCookie, "", 0)
	body, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || json.Unmarshal(body, &f) != nil || f.Text == "" {
		return Flash{}, false
	}
	return f, true
}
