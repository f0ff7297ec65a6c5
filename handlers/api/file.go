package api

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"toktok/handlers/web"
	"toktok/store"
)

// file sends a picture. It is always a download and never a page: what citizens send must not run on our origin.
func (a *API) file(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := noQuery(r); err != nil {
		return err
	}
	id, ok := idOf(sc.Param("id"))
	if !ok {
		return &store.Error{Kind: store.NotFound, Text: "파일을 찾을 수 없어요. 번호를 다시 확인해 주세요."}
	}
	f, content, err := a.db.OpenFile(r.Context(), sc.Actor, id)
	if err != nil {
		return err
	}
	defer content.Close()
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", disposition(f.Name))
	http.ServeContent(w, r, "", time.Time{}, content)
	return nil
}

// disposition writes the name as RFC 6266 wants it, Korean in filename*.
func disposition(name string) string {
	name = strings.Map(func(c rune) rune {
		if c < ' ' || c == '/' || c == '\\' || c == 0x7f {
			return '_'
		}
		return c
	}, name)
	if v := mime.FormatMediaType("attachment", map[string]string{"filename": name}); v != "" {
		return v
	}
	return "attachment"
}
