// Package assets holds what browsers are given: templates, style sheet, scripts and pictures, embedded in the
// executable. Static files live under a hash of their content, so that browsers may keep them for ever.
//
// It may import the standard library only.
package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed templates static simulator
var files embed.FS

// FS holds templates/, static/ and simulator/.
var FS fs.FS = files

// Prefix is the path below which Handler serves: /a/<hash>/<name>.
const Prefix = "/a/"

// types are set by hand: mime.TypeByExtension asks the machine, and machines differ.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".webmanifest": "application/manifest+json",
}

type file struct {
	body []byte
	kind string
}

// One hash covers all static files, because scripts import each other and the style sheet names pictures by relative
// paths: a file of one build never meets a file of another.
var static, version = load()

func load() (map[string]file, string) {
	found := make(map[string]file)
	sum := sha256.New()
	entries, err := fs.ReadDir(files, "static")
	if err != nil {
		return found, "none" // the folder is embedded: the compiler has seen it
	}
	for _, e := range entries {
		body, err := fs.ReadFile(files, "static/"+e.Name())
		if err != nil {
			continue
		}
		found[e.Name()] = file{body: body, kind: types[path.Ext(e.Name())]}
		sum.Write([]byte(e.Name()))
		sum.Write(strconv.AppendInt([]byte{0}, int64(len(body)), 10))
		sum.Write(body)
	}
	return found, hex.EncodeToString(sum.Sum(nil)[:8])
}

// URL is the path of a static file, with the hash of the content in it; "" if there is no such file.
func URL(name string) string {
	if _, ok := static[name]; !ok {
		return ""
	}
	return Prefix + version + "/" + name
}

// Lookup finds a static file by its path. Another hash is another build's: not found.
func Lookup(urlPath string) (body []byte, contentType string, ok bool) {
	rest, inside := strings.CutPrefix(urlPath, Prefix+version+"/")
	f, known := static[rest]
	return f.body, f.kind, inside && known
}

// Handler serves static files for a year; what it does not know is a plain 404.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, kind, ok := Lookup(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", kind)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // the caller may be gone
	})
}

// Simulator holds the files of the simulator's phone page.
func Simulator() fs.FS {
	sub, err := fs.Sub(files, "simulator")
	if err != nil { // only for a path that is not valid
		return files
	}
	return sub
}
