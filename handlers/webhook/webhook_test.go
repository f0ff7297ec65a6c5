package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"toktok/handlers/web"
	"toktok/handlers/webhook"
	"toktok/store"
	"toktok/store/kakao/skill"
	"toktok/store/storetest"
)

const (
	oldKey   = "the-old-skill-key-of-enough-length"
	newKey   = "the-new-skill-key-of-enough-length"
	adminKey = "an-admin-key"
)

// nobody is who comes to webhooks: they have no accounts.
type nobody struct{}

func (nobody) Session(context.Context, string, bool) (store.Actor, store.Session, error) {
	return store.Actor{}, store.Session{}, &store.Error{Kind: store.Unauthenticated}
}

func (nobody) Token(context.Context, string) (store.Actor, error) {
	return store.Actor{}, &store.Error{Kind: store.Unauthenticated}
}

type gate struct {
	*httptest.Server
	db  *store.DB
	log bytes.Buffer // read only when the server is closed
}

func open(t *testing.T, admin string) *gate {
	t.Helper()
	g := &gate{db: storetest.Open(t, store.NewDemoClock(storetest.At("2026-11-23 10:00")), t.TempDir())}
	site, err := web.New(web.Options{Doors: nobody{}, Clock: g.db, Log: slog.New(slog.NewJSONHandler(&g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	h, err := site.Router(webhook.Routes(webhook.Options{DB: g.db, Keys: []string{oldKey, newKey}, AdminKey: admin}), web.Outside)
	if err != nil {
		t.Fatal(err)
	}
	g.Server = httptest.NewServer(h)
	t.Cleanup(g.Close)
	return g
}

func (g *gate) post(t *testing.T, path, header, value string, body []byte) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(header, value)
	res, err := g.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, out
}

func (g *gate) cases(t *testing.T) []*store.Ticket {
	t.Helper()
	page, err := g.db.Tickets(t.Context(), store.System("test"), store.ListQuery{States: store.States, Sort: store.SortNewest, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	return page.Tickets
}

// 200 and a body that KakaoTalk shows in every case but a wrong key (DESIGN §5); both keys hold while one is changed.
func TestSkillAnswersEverythingButAWrongKey(t *testing.T) {
	t.Parallel()
	g := open(t, "")
	right := storetest.Call{Text: "가로등이 꺼졌어요"}.Body()
	for name, body := range map[string][]byte{
		"a citizen": right, "nothing": nil, "a list": []byte("[]"), "half a body": right[:len(right)/2], "not UTF-8": []byte("\xff\xfe{"),
		"too long": []byte(`{"userRequest":{"utterance":"` + strings.Repeat("가", 200_000) + `"}}`), "deep": []byte(strings.Repeat("[", 20_000)),
	} {
		for _, key := range []string{oldKey, newKey} {
			res, out := g.post(t, "/kakao/skill", webhook.KeyHeader, key, body)
			if problems := skill.Validate(out); res.StatusCode != http.StatusOK || len(problems) > 0 || res.ContentLength != int64(len(out)) {
				t.Errorf("%s: %d %v %s", name, res.StatusCode, problems, out)
			}
		}
	}
	stored := len(g.cases(t))
	for _, key := range []string{"", oldKey + "x", oldKey[1:], oldKey + "," + newKey} {
		if res, _ := g.post(t, "/kakao/skill", webhook.KeyHeader, key, storetest.Call{User: "stranger", Text: "안녕하세요"}.Body()); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("key %q: %d", key, res.StatusCode)
		}
	}
	if got := len(g.cases(t)); got != stored || stored != 1 {
		t.Errorf("%d cases, before the wrong keys %d", got, stored)
	}
}

// Neither words nor keys nor the citizen's id reach the log, whatever becomes of the call.
func TestLogsHoldNoWords(t *testing.T) {
	t.Parallel()
	g := open(t, adminKey)
	words, user := "비밀스러운글", "secret-user-key"
	body := storetest.Call{User: user, Text: words}.Body()
	g.post(t, "/kakao/skill", webhook.KeyHeader, newKey, body)
	g.post(t, "/kakao/skill", webhook.KeyHeader, newKey, body[:len(body)-5])
	g.post(t, "/kakao/skill?"+user, webhook.KeyHeader, "wrong-"+words, body)
	g.post(t, "/kakao/channel", "Authorization", "KakaoAK "+adminKey, []byte(words))
	g.Close()
	for _, secret := range []string{words, user, oldKey, newKey, adminKey} {
		if strings.Contains(g.log.String(), secret) {
			t.Errorf("%q is in the log:\n%s", secret, g.log.String())
		}
	}
	if g.log.Len() == 0 {
		t.Error("nothing is logged at all")
	}
}

func TestChannel(t *testing.T) {
	t.Parallel()
	notice, err := json.Marshal(map[string]any{"event": "added", "id": "app-user-1", "id_type": "app_user_id", "updated_at": "2026-11-23T01:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	g := open(t, adminKey)
	for name, c := range map[string]struct {
		key  string
		body []byte
		want int
	}{
		"the admin key":  {"KakaoAK " + adminKey, notice, 200},
		"an open_id":     {"KakaoAK " + adminKey, []byte(`{"event":"blocked","id":"x","id_type":"open_id"}`), 200},
		"no key":         {"", notice, 401},
		"another key":    {"KakaoAK other", notice, 401},
		"without scheme": {adminKey, notice, 401},
		"no notice":      {"KakaoAK " + adminKey, []byte("{"), 422},
	} {
		if res, out := g.post(t, "/kakao/channel", "Authorization", c.key, c.body); res.StatusCode != c.want {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, out, c.want)
		}
	}
	if res, _ := open(t, "").post(t, "/kakao/channel", "Authorization", "KakaoAK ", notice); res.StatusCode != http.StatusNotFound {
		t.Errorf("without TOKTOK_KAKAO_ADMIN_KEY: %d", res.StatusCode) // RULES H7
	}
}
