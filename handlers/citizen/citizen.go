// Package citizen shows what citizens read in a browser: the privacy notice. No sign-in, no script, no cookie.
//
// It may import web, store and assets.
package citizen

import (
	"html/template"
	"io"
	"net/http"

	"toktok/assets"
	"toktok/handlers/web"
	"toktok/store"
)

// Citizen draws the pages.
type Citizen struct {
	db    *store.DB
	pages *template.Template
}

// New reads the templates.
func New(db *store.DB) (*Citizen, error) {
	pages, err := template.ParseFS(assets.FS, "templates/privacy.html")
	if err != nil {
		return nil, err
	}
	return &Citizen{db: db, pages: pages}, nil
}

// Routes lists the lines of the route table; they stand on both listeners, for KakaoTalk opens them from outside.
func (c *Citizen) Routes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/privacy", Door: web.DoorPublic, Side: web.Outside, Shape: web.ShapePage, Handler: c.privacy},
	}
}

// NoticePage is the privacy notice as the office wrote it.
type NoticePage struct{ Title, City, Text, CSS, Icon string }

func (c *Citizen) privacy(w http.ResponseWriter, _ *http.Request, _ *web.Scope) error {
	set := c.db.Settings()
	// The notice is the same for everybody and changes rarely; a minute keeps a crowd off the server.
	w.Header().Set("Cache-Control", "public, max-age=60")
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return c.pages.ExecuteTemplate(out, "privacy", NoticePage{
			Title: "개인정보 처리 안내", City: set.City, Text: set.Privacy(), CSS: assets.URL("desk.css"), Icon: assets.URL("icon.svg"),
		})
	})
}
