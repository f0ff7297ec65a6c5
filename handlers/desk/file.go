package desk

import (
	"mime"
	"net/http"
	"strings"

	"toktok/handlers/web"
)

// file serves a photo of a case within sight. Only our own re-encoded pictures open in the browser; whatever else may
// ever lie there is saved.
func (d *Desk) file(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	id, err := idOf(sc.Param("id"), "사진")
	if err != nil {
		return err
	}
	f, opened, err := d.db.OpenFile(r.Context(), sc.Actor, id)
	if err != nil {
		return err
	}
	defer opened.Close()
	how := "attachment"
	switch f.Type {
	case "image/jpeg", "image/png":
		if how = "inline"; r.URL.Query().Has("save") {
			how = "attachment"
		}
	default:
		f.Type = "application/octet-stream"
	}
	info, err := opened.Stat()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": strings.ReplaceAll(f.Name, "\\", "_")}))
	// A picture is a document of its own here: nothing in it may run or load.
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	http.ServeContent(w, r, "", info.ModTime(), opened)
	return nil
}
