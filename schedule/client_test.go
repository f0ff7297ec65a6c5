package schedule_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"toktok/schedule"
)

func TestClientIsBounded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/long":
			io.WriteString(w, strings.Repeat("x", 1001))
		case "/packed":
			if r.Header.Get("Accept-Encoding") != "" {
				t.Error("the client asks for compression")
			}
			w.Header().Set("Content-Encoding", "gzip")
			gzip.NewWriter(w).Close()
		default:
			t.Errorf("a redirect was followed to %s", r.URL.Path)
		}
	}))
	defer server.Close()
	client := schedule.NewClient(schedule.ClientOptions{Limit: 1000})
	for path, check := range map[string]func(*http.Response, []byte, error){
		"/redirect": func(r *http.Response, _ []byte, err error) {
			if err != nil || r.StatusCode != http.StatusFound {
				t.Errorf("redirect: %v, %v", r.Status, err)
			}
		},
		"/long": func(_ *http.Response, body []byte, err error) {
			if _, ok := errors.AsType[*http.MaxBytesError](err); !ok || len(body) > 1000 {
				t.Errorf("read %d bytes of a long answer, %v", len(body), err)
			}
		},
		"/packed": func(r *http.Response, _ []byte, _ error) {
			if r.Uncompressed {
				t.Error("the client unpacks")
			}
		},
	} {
		resp, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		check(resp, body, err)
	}
	client.CloseIdleConnections()
}

func TestClientAsksItsGuardBeforeConnecting(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	no := errors.New("no")
	asked := ""
	client := schedule.NewClient(schedule.ClientOptions{Control: func(_, address string, _ syscall.RawConn) error {
		asked = address
		return no
	}})
	if _, err := client.Get(server.URL); !errors.Is(err, no) || asked != server.Listener.Addr().String() {
		t.Errorf("asked about %q, err %v", asked, err)
	}
}
