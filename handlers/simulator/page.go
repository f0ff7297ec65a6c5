package simulator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"time"
)

type asset struct {
	hash, contentType string
	bytes             []byte
}

// sampleView is a sample picture as the page offers it.
type sampleView struct{ Name, Text, URL string }

type pageData struct {
	CSS, JS, Icon string // URLs with the hash of the content
	Desk          string
	Samples       []sampleView
}

func (s *Simulator) loadPage(files fs.FS) error {
	s.assets = map[string]asset{}
	for name, contentType := range map[string]string{
		"simulator.css": "text/css; charset=utf-8", "simulator.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
	} {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		s.assets[name] = asset{hash: hex.EncodeToString(sum[:8]), contentType: contentType, bytes: b}
	}
	var err error
	s.page, err = template.ParseFS(files, "page.html")
	return err
}

func (s *Simulator) assetURL(name string) string {
	return "/simulator/assets/" + s.assets[name].hash + "/" + name
}

// serveAsset serves a file under the hash of its content, so that it may be kept for ever.
func (s *Simulator) serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("name")]
	if !ok || a.hash != r.PathValue("hash") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(a.bytes) // the caller may be gone
}

func (s *Simulator) servePage(w http.ResponseWriter, r *http.Request) {
	if s.page == nil {
		http.NotFound(w, r)
		return
	}
	data := pageData{CSS: s.assetURL("simulator.css"), JS: s.assetURL("simulator.js"), Icon: s.assetURL("icon.svg"), Desk: s.opt.Desk}
	for _, p := range samples {
		data.Samples = append(data.Samples, sampleView{Name: p.name, Text: p.text, URL: samplePath + p.name})
	}
	var buf bytes.Buffer
	if err := s.page.Execute(&buf, data); err != nil {
		s.opt.Log.Error("phone page", "err", err)
		http.Error(w, "페이지를 만들지 못했어요", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'"+s.pictureOrigin()+
		"; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(buf.Bytes()) // the caller may be gone
}

// pictureOrigin lets the page show pictures of bubbles when the service is reached under another origin.
func (s *Simulator) pictureOrigin() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := url.Parse(s.skill)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

// events is the live stream of the page: it names what to fetch again.
func (s *Simulator) events(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // a stream outlives the server's limit; where that is not possible the page reconnects
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	ch, stop := s.watch()
	defer stop()
	if _, err := fmt.Fprint(w, "retry: 1000\n\n"); err != nil || rc.Flush() != nil {
		return
	}
	beat := time.NewTicker(25 * time.Second)
	defer beat.Stop()
	for {
		line := ": beat\n\n"
		select {
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		case n, ok := <-ch:
			if !ok {
				return
			}
			b, err := json.Marshal(n)
			if err != nil {
				return
			}
			line = "data: " + string(b) + "\n\n"
		case <-beat.C:
		}
		if _, err := fmt.Fprint(w, line); err != nil || rc.Flush() != nil {
			return
		}
	}
}
