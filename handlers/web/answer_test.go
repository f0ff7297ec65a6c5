package web_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"toktok/handlers/web"
	"toktok/store"
)

func TestCompression(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<p>가나다라</p>", 500)
	body := func(kind, text string) web.Handler {
		return func(w http.ResponseWriter, _ *http.Request, _ *web.Scope) error {
			return web.Bytes(w, 200, kind, []byte(text))
		}
	}
	b := serve(t, web.Options{},
		route("GET", "/html", web.DoorPublic, web.ShapePage, body("text/html; charset=utf-8", long)),
		route("GET", "/short", web.DoorPublic, web.ShapePage, body("text/html; charset=utf-8", "<p>짧은 글</p>")),
		route("GET", "/png", web.DoorPublic, web.ShapePage, body("image/png", long)),
		route("POST", "/hook", web.DoorKey, web.ShapeJSON, body("application/json", long)))
	for _, tt := range []struct {
		method, path, accept string
		packed               bool
	}{
		{"GET", "/html", "gzip, br", true},
		{"GET", "/html", "br", false},
		{"GET", "/html", "gzip;q=0", false},
		{"GET", "/html", "", false},
		{"GET", "/short", "gzip", false},
		{"GET", "/png", "gzip", false},
		{"POST", "/hook", "gzip", false}, // its sender must know when the last byte is out
	} {
		res, got := b.do(t, ask{method: tt.method, path: tt.path, header: map[string]string{"Accept-Encoding": tt.accept}})
		if packed := res.Header.Get("Content-Encoding") == "gzip"; packed != tt.packed {
			t.Errorf("%s, Accept-Encoding %q: packed %v", tt.path, tt.accept, packed)
			continue
		}
		if tt.packed {
			z, err := gzip.NewReader(strings.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(z)
			if err != nil || string(plain) != long || !strings.Contains(res.Header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("%s: %v, %d bytes, Vary %q", tt.path, err, len(plain), res.Header.Get("Vary"))
			}
		}
	}
	res, got := b.do(t, ask{method: "HEAD", path: "/html", header: map[string]string{"Accept-Encoding": "gzip"}})
	if got != "" || res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("HEAD: %q %v", got, res.Header)
	}
}

func TestFailingTemplateIsNeverHalfAPage(t *testing.T) {
	t.Parallel()
	b := serve(t, web.Options{}, route("GET", "/x", web.DoorPublic, web.ShapePage, func(w http.ResponseWriter, _ *http.Request, _ *web.Scope) error {
		return web.Page(w, 200, func(out io.Writer) error {
			_, _ = io.WriteString(out, "half of it")
			return errors.New("template: no such field")
		})
	}))
	res, body := b.do(t, ask{path: "/x"})
	if res.StatusCode != 500 || strings.Contains(body, "half of it") || strings.Contains(body, "template") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestErrorPageOfTheRoom(t *testing.T) {
	t.Parallel()
	broken := false
	b := serve(t, web.Options{ErrorPage: func(out io.Writer, v web.ErrorView) error {
		if broken {
			return errors.New("broken")
		}
		_, err := io.WriteString(out, "our page: "+v.Title)
		return err
	}})
	if _, body := b.do(t, ask{path: "/nowhere"}); body != "our page: 찾을 수 없어요" {
		t.Errorf("%s", body)
	}
	broken = true
	if res, body := b.do(t, ask{path: "/nowhere"}); res.StatusCode != 404 || !strings.Contains(body, "찾을 수 없어요") {
		t.Errorf("with a broken error page: %d %s", res.StatusCode, body)
	}
	if res, p := b.problem(t, ask{path: "/nowhere", header: map[string]string{"Accept": "application/problem+json"}}); res.StatusCode != 404 || p.Code != store.NotFound {
		t.Errorf("a script: %d", res.StatusCode)
	}
}

func TestCookiesAndFlash(t *testing.T) {
	t.Parallel()
	routes := []web.Route{
		route("GET", "/in", web.DoorPublic, web.ShapePage, func(w http.ResponseWriter, _ *http.Request, sc *web.Scope) error {
			sc.SignIn(w, "id.secret")
			sc.SetFlash(w, "done", "저장했어요.")
			w.WriteHeader(204)
			return nil
		}),
		route("GET", "/next", web.DoorPublic, web.ShapePage, func(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
			f, _ := sc.TakeFlash(w, r)
			return web.Bytes(w, 200, "text/plain", []byte(f.Kind+" "+f.Text))
		}),
	}
	public, err := url.Parse("https://talk.example.kr")
	if err != nil {
		t.Fatal(err)
	}
	b := serve(t, web.Options{Public: public}, routes...)
	for host, want := range map[string]struct {
		name   string
		secure bool
	}{"talk.example.kr": {"__Host-toktok", true}, "10.0.0.5:8081": {"toktok", false}} {
		req, err := http.NewRequest("GET", b.URL+"/in", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := b.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		c := res.Cookies()[0]
		if c.Name != want.name || c.Secure != want.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%s: %+v", host, c)
		}
		if hsts := res.Header.Get("Strict-Transport-Security"); (hsts != "") != want.secure {
			t.Errorf("%s: Strict-Transport-Security %q", host, hsts)
		}
		req, err = http.NewRequest("GET", b.URL+"/next", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		for _, c := range res.Cookies() {
			req.AddCookie(c)
		}
		res, err = b.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(text) != "done 저장했어요." {
			t.Errorf("%s: flash %q %v", host, text, err)
		}
		if gone := res.Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
			t.Errorf("%s: the flash stays: %v", host, gone)
		}
	}
	for _, bad := range []string{"rubbish", "e30", "bnVsbA", ""} {
		if _, body := b.do(t, ask{path: "/next", header: map[string]string{"Cookie": "toktok-flash=" + bad}}); body != " " {
			t.Errorf("flash %q shows %q", bad, body)
		}
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/tickets?state=open": "/tickets?state=open", "/": "/", "": "/login", "//evil.example/a": "/login", `/\evil.example/a`: "/login",
		"https://evil.example": "/login", "javascript:alert(1)": "/login", "/a\r\nSet-Cookie: x": "/login", "tickets": "/login", "/\t/evil.example": "/login",
	} {
		if got := web.LocalPath(next, "/login"); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	type form struct {
		Text     string   `form:"text" required:"글을 써 주세요." max:"10"`
		Password string   `form:"password" raw:"yes"`
		Finish   bool     `form:"finish"`
		Seen     int64    `form:"seen"`
		Tags     []string `form:"tag"`
		IDs      []int64  `form:"id"`
		Hidden   string
	}
	read := func(body, contentType string) (form, error) {
		r := httptest.NewRequest("POST", "/x", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		var f form
		err := web.Form(r, &f)
		return f, err
	}
	const urlencoded = "application/x-www-form-urlencoded"
	got, err := read("text=+a%0D%0Ab+&password=+p+&finish=on&seen=41&tag=x&tag=y&id=1&id=2&Hidden=z&other=1", urlencoded)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(form{Text: "a\nb", Password: " p ", Finish: true, Seen: 41, Tags: []string{"x", "y"}, IDs: []int64{1, 2}}, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	for body, want := range map[string]map[string]string{
		"":                        {"text": "글을 써 주세요."},
		"text=+":                  {"text": "글을 써 주세요."},
		"text=01234567890":        {"text": "10자까지 쓸 수 있어요. 지금은 11자예요."},
		"text=a&text=b":           {"text": "값이 두 번 왔어요."},
		"text=a&seen=x":           {"seen": "숫자로 적어 주세요."},
		"text=a&id=1&id=x":        {"id": "숫자로 적어 주세요."},
		"text=a%00":               {"text": "쓸 수 없는 글자가 있어요."},
		"text=%ff":                {"text": "쓸 수 없는 글자가 있어요."},
		"seen=x&text=0123456789a": {"seen": "숫자로 적어 주세요.", "text": "10자까지 쓸 수 있어요. 지금은 11자예요."},
	} {
		_, err := read(body, urlencoded)
		if diff := cmp.Diff(want, web.FieldsOf(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	if _, err := read(`{"text":"a"}`, "application/json"); store.KindOf(err) != store.Invalid {
		t.Errorf("JSON where a form belongs: %v", err)
	}
	multipart := "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n가나\r\n--b--\r\n"
	if got, err := read(multipart, "multipart/form-data; boundary=b"); err != nil || got.Text != "가나" {
		t.Errorf("multipart: %q %v", got.Text, err)
	}
}

func TestRouterRefusesAWrongTable(t *testing.T) {
	t.Parallel()
	site, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	good := route("GET", "/a/:id", web.DoorSession, web.ShapePage, okay)
	for name, spoil := range map[string]func() []web.Route{
		"no permission":         func() []web.Route { r := good; r.Need = ""; return []web.Route{r} },
		"no handler":            func() []web.Route { r := good; r.Handler = nil; return []web.Route{r} },
		"no door":               func() []web.Route { r := good; r.Door = ""; return []web.Route{r} },
		"no shape":              func() []web.Route { r := good; r.Shape = ""; return []web.Route{r} },
		"nowhere":               func() []web.Route { r := good; r.Side = 0; return []web.Route{r} },
		"permission unasked":    func() []web.Route { r := good; r.Door = web.DoorPublic; return []web.Route{r} },
		"the same twice":        func() []web.Route { return []web.Route{good, good} },
		"a word beside a value": func() []web.Route { r := good; r.Path = "/a/new"; return []web.Route{good, r} },
	} {
		if _, err := site.Router(spoil(), web.Both); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := site.Router([]web.Route{good}, web.Both); err != nil {
		t.Errorf("a right table: %v", err)
	}
}

// Whatever bytes come, they are read or refused as invalid; nothing else.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `{"text":"a"}`, `{"text":null,"list":[{"a":1}]}`, `{"opt":null}`, `{"opt":3}`, `[]`, `{"text":"\ud800"}`, `{"text":"a","text":"b"}`, "\x00", `{"list":[[[[`, `{"text":1e999}`} {
		f.Add([]byte(seed))
	}
	type in struct {
		Text string            `json:"text"`
		List []struct{ A int } `json:"list"`
		Opt  web.Opt[int64]    `json:"opt"`
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v in
		if err := web.DecodeBytes(body, &v); err != nil && store.KindOf(err) != store.Invalid {
			t.Errorf("%q: %v", body, err)
		}
	})
}

// What every webhook pays for scope, headers, log and recovery (DESIGN §8: the intake is a ratio to a no-op route).
func BenchmarkWebhookRoute(b *testing.B) {
	site, err := web.New(web.Options{Clock: store.WallClock{}})
	if err != nil {
		b.Fatal(err)
	}
	quiet := route("POST", "/hook", web.DoorKey, web.ShapeJSON, func(w http.ResponseWriter, _ *http.Request, _ *web.Scope) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	quiet.Quiet = true
	h, err := site.Router([]web.Route{quiet}, web.Both)
	if err != nil {
		b.Fatal(err)
	}
	req := httptest.NewRequest("POST", "/hook", strings.NewReader("{}"))
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), req)
	}
}
