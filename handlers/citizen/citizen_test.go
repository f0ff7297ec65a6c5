package citizen_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"toktok/handlers/citizen"
	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/storetest"
)

type nobody struct{ web.Doors }

func TestPrivacyNoticeIsTheOneTheOfficeWrote(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	c, err := citizen.New(db)
	if err != nil {
		t.Fatal(err)
	}
	site, err := web.New(web.Options{Doors: nobody{}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	h, err := site.Router(c.Routes(), web.Outside)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	read := func() string {
		t.Helper()
		res, err := http.Get(srv.URL + "/privacy")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res.Status, err)
		}
		return string(body)
	}
	if page := read(); !strings.Contains(page, "우리 시") || !strings.Contains(page, "주민등록번호") || strings.Contains(page, "{기관}") {
		t.Errorf("the delivered notice reads\n%s", page)
	}
	set := db.Settings()
	set.City, set.PrivacyText = "경주시", "{기관} <b>안내</b>입니다."
	if err := db.SaveSettings(t.Context(), store.System("test"), set); err != nil {
		t.Fatal(err)
	}
	if page := read(); !strings.Contains(page, "경주시 &lt;b&gt;안내&lt;/b&gt;입니다.") {
		t.Errorf("the office's notice reads\n%s", page)
	}
}
