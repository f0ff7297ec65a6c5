package assets_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"toktok/assets"
)

func TestStaticFilesAreServedUnderTheirHash(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(assets.Handler())
	t.Cleanup(srv.Close)
	entries, err := fs.ReadDir(assets.FS, "static")
	if err != nil || len(entries) == 0 {
		t.Fatal("no static files", err)
	}
	for _, e := range entries {
		url := assets.URL(e.Name())
		res, err := http.Get(srv.URL + url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || res.Header.Get("Content-Type") == "" {
			t.Errorf("%s: %d %q %q", url, res.StatusCode, res.Header.Get("Cache-Control"), res.Header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/a/0000000000000000/icon.svg", "/a/../templates/error.html", "/a/", assets.URL("icon.svg") + "x"} {
		res, err := http.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, res.StatusCode)
		}
	}
	if assets.URL("nothing.css") != "" {
		t.Error("a file that does not exist has a URL")
	}
	if _, err := fs.Stat(assets.Simulator(), "page.html"); err != nil {
		t.Error(err)
	}
}

// The style sheet is one request of every page; 30 KB is what a page of the office may cost once.
func TestStyleSheetIsSmall(t *testing.T) {
	t.Parallel()
	body, err := fs.ReadFile(assets.FS, "static/desk.css")
	if err != nil {
		t.Fatal(err)
	}
	if len(body) > 30<<10 {
		t.Errorf("desk.css has %d bytes", len(body))
	}
}
