package settings

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var key = strings.Repeat("k", 32)

// right is a set of settings in which nothing is wrong.
func right() Env {
	return Env{Listen: "127.0.0.1:0", SkillKey: []string{key}, MediaHosts: []string{"kakaocdn.net", "127.0.0.1:9000", "[::1]:9000"}, Log: "info"}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRightSettings(t *testing.T) {
	t.Parallel()
	e := right()
	e.PublicURL, e.KakaoAPI, e.AdminListen = "https://talk.example.kr/", "http://localhost:9000/", "[::1]:8081"
	e.TrustedProxies, e.AdminNets = []string{"10.0.0.1"}, []string{" 10.1.0.0/16", "fd00::/8"}
	e.SkillKey, e.BotID = []string{key, " " + key + "2"}, []string{"a", " b"}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	if e.PublicURL != "https://talk.example.kr" || e.KakaoAPI != "http://localhost:9000" || e.SkillKey[1] != key+"2" || e.BotID[1] != "b" {
		t.Errorf("read as %+v", e)
	}
	if len(e.Inside) != 2 || e.Proxies[0].String() != "10.0.0.1/32" || e.Certificates != nil {
		t.Errorf("networks %v %v, certificates %v", e.Inside, e.Proxies, e.Certificates)
	}
}

// Every wrong setting is named, alone and with all others (DESIGN §5).
func TestWrongSettingsAreReportedTogether(t *testing.T) {
	t.Parallel()
	empty := file(t, " \n")
	wrong := map[string]func(*Env){
		"TOKTOK_LISTEN":               func(e *Env) { e.Listen = "nowhere" },
		"TOKTOK_ADMIN_LISTEN":         func(e *Env) { e.AdminListen = "127.0.0.1:99999" },
		"TOKTOK_SKILL_KEY takes":      func(e *Env) { e.SkillKey = []string{key, key, "short"} },
		"TOKTOK_SKILL_KEY must":       func(e *Env) { e.SkillKey = []string{key, key, "short"} },
		"TOKTOK_PUBLIC_URL":           func(e *Env) { e.PublicURL = "https://talk.example.kr/desk" },
		"TOKTOK_KAKAO_API":            func(e *Env) { e.KakaoAPI = "kakao" },
		"TOKTOK_MEDIA_HOSTS":          func(e *Env) { e.MediaHosts = []string{"https://kakaocdn.net/"} },
		"TOKTOK_TLS_CERT":             func(e *Env) { e.TLSCert, e.TLSKey = empty, empty },
		"TOKTOK_TRUSTED_PROXIES":      func(e *Env) { e.TrustedProxies = []string{"proxy"} },
		"TOKTOK_ADMIN_NETS":           func(e *Env) { e.AdminNets = []string{"10.0.0.0/33"} },
		"TOKTOK_LOG":                  func(e *Env) { e.Log = "loud" },
		"TOKTOK_KAKAO_REST_KEY_FILE":  func(e *Env) { e.KakaoRestKeyFile = empty + "-none" },
		"TOKTOK_KAKAO_ADMIN_KEY_FILE": func(e *Env) { e.KakaoAdminKeyFile = empty },
		"TOKTOK_METRICS_TOKEN_FILE":   func(e *Env) { e.MetricsTokenFile = empty },
	}
	all := right()
	for name, spoil := range wrong {
		e := right()
		spoil(&e)
		spoil(&all)
		if err := e.Check(); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "short") {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := all.Check()
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for name := range wrong {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not among\n%v", name, err)
		}
	}
	none := right()
	none.SkillKey = nil
	if err := none.Check(); err == nil || !strings.Contains(err.Error(), "TOKTOK_SKILL_KEY is missing") {
		t.Errorf("without a key: %v", err)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	e := right()
	e.SkillKey, e.SkillKeyFile = nil, file(t, key+"\n"+key+"2\n")
	e.KakaoRestKeyFile, e.KakaoAdminKeyFile, e.MetricsTokenFile = file(t, "rest\n"), file(t, "admin"), file(t, " metrics ")
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.SkillKey, []string{key, key + "2"}) || e.KakaoRestKey != "rest" || e.KakaoAdminKey != "admin" || e.MetricsToken != "metrics" {
		t.Errorf("read as %q %q %q %q", e.SkillKey, e.KakaoRestKey, e.KakaoAdminKey, e.MetricsToken)
	}
}

// A certificate that cannot be used is a wrong setting and no surprise after the start.
func TestCertificate(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	draft := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, draft, draft, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	e := right()
	e.TLSCert = file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	if err := e.Check(); err == nil {
		t.Error("a certificate without its key is taken")
	}
	e.TLSKey = file(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	if err := e.Check(); err != nil || len(e.Certificates) != 1 {
		t.Errorf("%d certificates, %v", len(e.Certificates), err)
	}
	d := Demo{Env: e}
	if err := d.Check(); err == nil || !strings.Contains(err.Error(), "demo") {
		t.Errorf("the demo takes a certificate: %v", err)
	}
}

func TestDemoNeedsNothing(t *testing.T) {
	t.Parallel()
	d := Demo{Env: right(), Now: "2026-09-23T22:30:00+09:00"}
	d.SkillKey = nil
	if err := d.Check(); err != nil || len(d.SkillKey) != 1 || len(d.SkillKey[0]) < 32 || !d.At.Equal(time.Date(2026, 9, 23, 13, 30, 0, 0, time.UTC)) {
		t.Errorf("%q at %v, %v", d.SkillKey, d.At, err)
	}
	d = Demo{Env: right(), Now: "yesterday"}
	d.Listen = "nowhere"
	if err := d.Check(); err == nil || !strings.Contains(err.Error(), "TOKTOK_DEMO_NOW") || !strings.Contains(err.Error(), "TOKTOK_LISTEN") {
		t.Errorf("wrong together: %v", err)
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := (&Env{Log: "warn"}).Logger(&out)
	log.Info("quiet")
	log.Warn("loud", slog.Int("n", 1))
	if text := out.String(); strings.Contains(text, "quiet") || !strings.Contains(text, `"msg":"loud"`) {
		t.Errorf("logged %s", text)
	}
}
