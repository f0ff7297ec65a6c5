package schedule

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

var desk = store.Actor{Role: store.RoleOperator, Name: "상담원"}

// linkClock stands in office hours; links live by the wall (RULES E4).
type linkClock struct{}

func (linkClock) Now() time.Time  { return storetest.At("2026-11-23 10:00") }
func (linkClock) Real() time.Time { return time.Now() }

// media is a media host and a store whose citizens' photos lie there.
type media struct {
	*testing.T
	srv *httptest.Server
	db  *store.DB
	dir string
	log bytes.Buffer
	mu  sync.Mutex
}

func (m *media) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.Write(b)
}

func (m *media) logged() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.String()
}

func newMedia(t *testing.T, serve http.HandlerFunc) *media {
	t.Helper()
	m := &media{T: t, srv: httptest.NewServer(serve), dir: t.TempDir()}
	t.Cleanup(m.srv.Close)
	m.srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	m.open()
	return m
}

func (m *media) host() string { return m.srv.Listener.Addr().String() }

func (m *media) open() {
	m.db = storetest.Open(m.T, linkClock{}, m.dir, func(o *store.Options) { o.Outside.MediaHosts = []string{m.host()} })
}

// send lets the citizen send a photo whose link lives so long.
func (m *media) send(name string, life time.Duration) {
	m.Helper()
	link := fmt.Sprintf("http://%s/%s?expires=%d&signature=geheim", m.host(), name, time.Now().Add(life).Unix())
	storetest.Say(m.T, m.db, storetest.Call{Photo: link})
}

// fetch starts a fetcher with short waits; stop ends it and waits.
func (m *media) fetch() (stop func()) {
	f := NewFetcher(m.db, slog.New(slog.NewTextHandler(m, nil)))
	f.tries = []time.Duration{5 * time.Millisecond, 10 * time.Millisecond}
	f.total = 2 * time.Second
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { f.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	m.Cleanup(stop)
	return stop
}

func (m *media) files() (files []store.File, texts []string) {
	m.Helper()
	page, err := m.db.Tickets(context.Background(), desk, store.ListQuery{})
	if err != nil {
		m.Fatal(err)
	}
	for _, c := range page.Tickets {
		th, err := m.db.Thread(context.Background(), desk, c.Number)
		if err != nil {
			m.Fatal(err)
		}
		for _, msg := range th.Messages {
			files, texts = append(files, msg.Files...), append(texts, msg.Text)
		}
	}
	return files, texts
}

// settled waits until no photo is being fetched; every change of a case is a reason to look.
func (m *media) settled() []store.File {
	m.Helper()
	sub := m.db.Live().Subscribe(nil)
	defer sub.Close()
	late := time.After(20 * time.Second)
	for {
		files, _ := m.files()
		open := 0
		for _, f := range files {
			if f.State == store.FileFetching {
				open++
			}
		}
		if open == 0 {
			return files
		}
		select {
		case <-sub.C():
		case <-late:
			m.Fatalf("still fetching %d of %d; log:\n%s", open, len(files), m.logged())
		}
	}
}

func lamp(t testing.TB) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 320, 200))
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	img.SetGray(3, 3, color.Gray{})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPhotoIsFetchedAtOnce(t *testing.T) {
	t.Parallel()
	body := lamp(t)
	var asked atomic.Pointer[http.Request]
	m := newMedia(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		w.Header().Set("Content-Type", "text/html") // the content type is not believed
		w.Write(body)
	})
	m.fetch()
	m.send("lamp.jpg", time.Minute)
	files := m.settled()
	if len(files) != 1 || files[0].State != store.FileReady || files[0].Width != 320 {
		t.Fatalf("%+v\n%s", files, m.logged())
	}
	f, r, err := m.db.OpenFile(context.Background(), desk, files[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || int64(len(b)) != f.Size || bytes.Equal(b, body) {
		t.Errorf("%d bytes of %d, %v; drawn anew %v", len(b), f.Size, err, !bytes.Equal(b, body))
	}
	h := asked.Load().Header
	if h.Get("Accept-Encoding") != "" || h.Get("Cookie") != "" || h.Get("Referer") != "" || h.Get("Authorization") != "" {
		t.Errorf("asked with %v", h)
	}
}

func TestPhotoIsTriedAgain(t *testing.T) {
	t.Parallel()
	body := lamp(t)
	var n atomic.Int64
	m := newMedia(t, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.Write(body[:len(body)/2]) // cut off on the way: not the same as a damaged file
		default:
			w.Write(body)
		}
	})
	m.fetch()
	m.send("lamp.jpg", time.Minute)
	if files := m.settled(); files[0].State != store.FileReady || n.Load() != 3 {
		t.Errorf("%+v after %d tries", files, n.Load())
	}
	if log := m.logged(); strings.Contains(log, "geheim") || strings.Contains(log, "lamp.jpg") || !strings.Contains(log, m.host()) {
		t.Errorf("the log names more or less than the host:\n%s", log)
	}
}

func TestPhotoPastItsLife(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	m := newMedia(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		http.Error(w, "expired", http.StatusForbidden)
	})
	m.send("a.jpg", -time.Hour)
	m.send("b.jpg", -time.Hour)
	m.fetch()
	for _, f := range m.settled() {
		if f.State != store.FileExpired || !strings.Contains(f.Reason, "만료") {
			t.Errorf("%+v", f)
		}
	}
	if n.Load() != 2 {
		t.Errorf("%d tries for two dead links, want one each", n.Load())
	}
	_, texts := m.files()
	if asked := strings.Count(strings.Join(texts, "\n"), "다시 보내 주세요"); asked != 1 {
		t.Errorf("asked again %d times, want once: %q", asked, texts)
	}
}

func TestHostilePhotos(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 50<<20)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	var outside atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { outside.Add(1) }))
	t.Cleanup(other.Close)
	whole := lamp(t)
	for _, tt := range []struct {
		name, state, reason string
		serve               http.HandlerFunc
	}{
		{"gzip bomb", store.FileRefused, "사진이 아닌", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}},
		{"endless", store.FileRefused, "10MB", func(w http.ResponseWriter, r *http.Request) {
			w.Write(whole)
			for block := make([]byte, 1<<20); ; {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}},
		{"truncated", store.FileRefused, "손상", func(w http.ResponseWriter, _ *http.Request) { w.Write(whole[:len(whole)/2]) }},
		{"page", store.FileRefused, "사진이 아닌", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/jpeg")
			io.WriteString(w, "<!doctype html><script>alert(1)</script>")
		}},
		{"redirect", store.FileExpired, "만료", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }},
		{"redirect to itself", store.FileExpired, "만료", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusMovedPermanently)
		}},
		{"slow drip", store.FileExpired, "제때", func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					w.Write([]byte{0xff})
					w.(http.Flusher).Flush()
				}
			}
		}},
		{"hangs up", store.FileExpired, "제때", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMedia(t, tt.serve)
			m.send("x.jpg", -time.Hour) // one try
			m.fetch()
			if f := m.settled()[0]; f.State != tt.state || !strings.Contains(f.Reason, tt.reason) {
				t.Errorf("%s %q\n%s", f.State, f.Reason, m.logged())
			}
		})
	}
	t.Cleanup(func() {
		if n := outside.Load(); n != 0 {
			t.Errorf("a redirect was followed %d times", n)
		}
	})
}

// A link that was http is asked for over https first, one that was https never over http.
func TestHTTPSFirst(t *testing.T) {
	t.Parallel()
	var hello atomic.Int64 // TLS greetings that arrive at a plain server are its bad requests
	body := lamp(t)
	m := newMedia(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })
	f := NewFetcher(m.db, nil)
	plain := f.client.Transport
	f.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Scheme == "https" {
			hello.Add(1)
		} else if hello.Load() == 0 {
			t.Error("http was tried first")
		}
		return plain.RoundTrip(r)
	})
	if b, err := f.get(context.Background(), "http://"+m.host()+"/a.jpg"); err != nil || !bytes.Equal(b, body) || hello.Load() != 1 {
		t.Errorf("http link: %d bytes, %v, %d greetings", len(b), err, hello.Load())
	}
	if _, err := f.get(context.Background(), "https://"+m.host()+"/a.jpg"); err == nil || hello.Load() != 2 {
		t.Errorf("https link over a plain server: %v, %d greetings", err, hello.Load())
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Stopping does not wait for a slow host, and the next start goes on where this one was cut.
func TestRestartResumesPhotos(t *testing.T) {
	t.Parallel()
	body := lamp(t)
	reached := make(chan struct{}, 8)
	var answer atomic.Bool
	m := newMedia(t, func(w http.ResponseWriter, r *http.Request) {
		if answer.Load() {
			w.Write(body)
			return
		}
		reached <- struct{}{}
		<-r.Context().Done()
	})
	stop := m.fetch()
	m.send("lamp.jpg", time.Minute)
	<-reached
	began := time.Now()
	stop()
	if took := time.Since(began); took > time.Second {
		t.Errorf("stopping took %v", took)
	}
	if files, _ := m.files(); files[0].State != store.FileFetching {
		t.Fatalf("cut short: %+v", files)
	}
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	answer.Store(true)
	m.open()
	m.fetch()
	if files := m.settled(); files[0].State != store.FileReady {
		t.Errorf("after the restart: %+v", files)
	}
}

// One host is never asked for more than three photos at once, and all of a burst arrive.
func TestPhotosPerHost(t *testing.T) {
	t.Parallel()
	body := lamp(t)
	var now, most atomic.Int64
	m := newMedia(t, func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			was := most.Load()
			if n <= was || most.CompareAndSwap(was, n) {
				break
			}
		}
		<-time.After(30 * time.Millisecond) // a slow host, so that tries meet there
		w.Write(body)
	})
	for i := range 15 {
		m.send(fmt.Sprintf("%d.jpg", i), time.Minute)
	}
	m.fetch()
	files := m.settled()
	for _, f := range files {
		if f.State != store.FileReady {
			t.Errorf("%+v", f)
		}
	}
	if len(files) != 15 || most.Load() != 3 {
		t.Errorf("%d files, %d at once", len(files), most.Load())
	}
}
