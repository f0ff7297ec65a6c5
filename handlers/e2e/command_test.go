package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestServeReadyLine(t *testing.T) {
	t.Parallel()
	s := start(t, "serve", "TOKTOK_LISTEN=127.0.0.1:0")
	if s.ready.Version == "" || !strings.HasPrefix(s.ready.URL, "http://127.0.0.1:") || strings.HasSuffix(s.ready.URL, ":0") {
		t.Errorf("the ready line is %+v", s.ready)
	}
	if s.ready.APIToken != "" || s.ready.SkillKey != "" || s.ready.Accounts != nil || s.ready.Simulator != "" {
		t.Errorf("serve tells secrets: %+v", s.ready)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/simulator": 404, "/demo/clock": 404, "/kakao/channel": 404, "/nowhere": 404} {
		a, err := s.do(http.MethodGet, path, "", nil)
		if err != nil || a.status != want {
			t.Errorf("GET %s: %d %v, want %d", path, a.status, err, want)
		}
	}
	s.stop()
	if len(s.proc.stdout) != 0 {
		t.Errorf("beside the ready line stdout has %q", s.proc.stdout)
	}
}

func TestDemoReadyLine(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	if s.ready.Simulator != s.ready.URL+"/simulator" || s.ready.APIToken == "" || s.ready.SkillKey != skillKey {
		t.Errorf("the ready line is %+v", s.ready)
	}
	roles := map[string]bool{}
	for _, a := range s.ready.Accounts {
		if a.Login == "" || len(a.Password) < 10 {
			t.Errorf("account %+v", a)
		}
		roles[a.Role] = true
	}
	for _, role := range []string{"admin", "operator", "department", "auditor"} {
		if !roles[role] {
			t.Errorf("no account of role %s", role)
		}
	}
	// The scene has been played: cases in every state that can be at this hour, and citizens with phones.
	states := map[string]int{}
	for _, c := range s.tickets("newest") {
		states[c.State]++
	}
	if states["review"] == 0 || states["answered"] == 0 || states["closed"] == 0 || states["open"]+states["waiting"] == 0 {
		t.Errorf("the demo's cases are %v", states)
	}
	if phones := s.phones(); len(phones) < 5 {
		t.Errorf("the demo has %d citizens", len(phones))
	}
}

func TestSecondProcessOnTheFolderRefusesToStart(t *testing.T) {
	t.Parallel()
	s := start(t, "serve")
	r := command(t, "", []string{"TOKTOK_DATA=" + s.dir, "TOKTOK_LISTEN=127.0.0.1:0", "TOKTOK_SKILL_KEY=" + skillKey}, "serve")
	if r.code != 75 || r.out != "" {
		t.Errorf("exit code %d, stdout %q; want 75 and nothing", r.code, r.out)
	}
	if said := strings.TrimSpace(r.err); strings.Count(said, "\n") != 0 || !strings.Contains(said, "in use by process") {
		t.Errorf("it says %q, want one clear sentence", said)
	}
	if a, err := s.do(http.MethodGet, "/readyz", "", nil); err != nil || a.status != http.StatusOK {
		t.Errorf("the first process is disturbed: %d %v", a.status, err)
	}
}

func TestServeRefusesAFolderThatDemoMadeAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"demo", "serve"}, {"serve", "demo"}} {
		s := start(t, c[0])
		s.stop()
		r := command(t, "", []string{"TOKTOK_DATA=" + s.dir, "TOKTOK_LISTEN=127.0.0.1:0", "TOKTOK_SKILL_KEY=" + skillKey}, c[1])
		if said := strings.TrimSpace(r.err); r.code == 0 || r.out != "" || !strings.Contains(said, c[0]) || strings.Count(said, "\n") != 0 {
			t.Errorf("%s on a folder of %s: exit code %d, stdout %q, stderr %q", c[1], c[0], r.code, r.out, said)
		}
		s.run() // and its own kind still may
	}
}

func TestAllWrongSettingsAreReportedInOneRun(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	r := command(t, "", []string{
		"TOKTOK_DATA=" + dir, "TOKTOK_SKILL_KEY=short", "TOKTOK_TLS_CERT=cert.pem", "TOKTOK_PUBLIC_URL=talk.example.kr",
		"TOKTOK_KAKAO_API=kakao", "TOKTOK_KAKAO_REST_KEY_FILE=" + filepath.Join(dir, "none"),
		"TOKTOK_TRUSTED_PROXIES=everybody", "TOKTOK_ADMIN_NETS=10.0.0.0/99", "TOKTOK_LISTEN=nowhere", "TOKTOK_LOG=loud",
	}, "serve")
	if r.code == 0 || r.out != "" {
		t.Errorf("exit code %d, stdout %q", r.code, r.out)
	}
	for _, name := range []string{
		"TOKTOK_SKILL_KEY", "TOKTOK_TLS_KEY", "TOKTOK_PUBLIC_URL", "TOKTOK_KAKAO_API", "TOKTOK_KAKAO_REST_KEY_FILE",
		"TOKTOK_TRUSTED_PROXIES", "TOKTOK_ADMIN_NETS", "TOKTOK_LISTEN", "TOKTOK_LOG",
	} {
		if !strings.Contains(r.err, name) {
			t.Errorf("%s is wrong and not reported:\n%s", name, r.err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a data folder was made in spite of wrong settings")
	}
}

func TestServeNeedsASkillKey(t *testing.T) {
	t.Parallel()
	r := command(t, "", []string{"TOKTOK_DATA=" + t.TempDir(), "TOKTOK_LISTEN=127.0.0.1:0"}, "serve")
	if r.code == 0 || !strings.Contains(r.err, "TOKTOK_SKILL_KEY is missing") {
		t.Errorf("exit code %d, stderr %q", r.code, r.err)
	}
}

func TestEverySecretHasAFileForm(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(skillKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "serve", "TOKTOK_SKILL_KEY=", "TOKTOK_SKILL_KEY_FILE="+path)
	if got, err := s.tell("file", "열쇠가 파일에 있어요"); err != nil || receiptNumber.FindString(got) == "" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSIGTERMWithOpenStreamsExitsInTime(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	cookie := s.signIn("operator1", "garam-demo-operator-2026")
	for _, path := range []string{"/live", "/api/v1/events", "/simulator/api/events"} {
		req, err := http.NewRequest(http.MethodGet, s.ready.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		req.AddCookie(cookie)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		first, err := bufio.NewReader(res.Body).ReadString('\n')
		if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
			t.Fatalf("%s: %d %q %v %v", path, res.StatusCode, first, err, res.Header)
		}
	}
	s.stop()
}

// signIn signs in at the desk as a browser does.
func (s *server) signIn(login, password string) *http.Cookie {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.ready.URL+"/login", strings.NewReader(url.Values{"login": {login}, "password": {password}}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		if c.HttpOnly && c.Value != "" {
			return c
		}
	}
	s.t.Fatalf("%s is not signed in: %d %v", login, res.StatusCode, res.Header)
	return nil
}

// TestTwoListenersShowOnlyTheirSide: what is for KakaoTalk on one, what is for the office on the other (RULES H6).
func TestTwoListenersShowOnlyTheirSide(t *testing.T) {
	t.Parallel()
	s := start(t, "serve", "TOKTOK_LISTEN=127.0.0.1:0", "TOKTOK_ADMIN_LISTEN=127.0.0.1:0")
	outside := strings.TrimPrefix(s.ready.URL, "http://")
	if s.ready.URL = s.ready.AdminURL; s.ready.URL == "" || strings.HasSuffix(s.ready.URL, outside) {
		t.Fatalf("the ready line names %q and %q", outside, s.ready.URL)
	}
	s.token = s.addToken("안쪽", "admin")
	a, err := knock("http://"+outside+"/kakao/skill", skillKey, encode(request(userKey("outside"), false, "밖에서 온 글")))
	if err == nil {
		_, err = shows(a)
	}
	if err != nil || len(s.tickets("newest")) != 1 {
		t.Errorf("the webhook outside: %v", err)
	}
	if a, err := knock(s.ready.URL+"/kakao/skill", skillKey, encode(request(userKey("inside"), false, "안에서 온 글"))); err != nil || a.status != http.StatusNotFound {
		t.Errorf("the webhook inside: %d %v", a.status, err)
	}
	for _, path := range []string{"/api/v1/tickets", "/api/v1/openapi.json", "/login", "/tickets", "/readyz", "/metrics"} {
		req, err := http.NewRequest(http.MethodGet, "http://"+outside+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		if a, err := send(req); err != nil || a.status != http.StatusNotFound {
			t.Errorf("GET %s outside: %d %v", path, a.status, err)
		}
		if a, err := s.do(http.MethodGet, path, s.token, nil); err != nil || a.status == http.StatusNotFound {
			t.Errorf("GET %s inside: %d %v", path, a.status, err)
		}
	}
}

func TestStaffAndTokensBesideTheRunningServerAndWithoutIt(t *testing.T) {
	t.Parallel()
	s := start(t, "serve")
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(s.dir, "control.sock"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the console's socket: %v %v", info, err)
		}
	}
	use := func(token string) int {
		t.Helper()
		a, err := s.do(http.MethodGet, "/api/v1/tickets", token, nil)
		if err != nil {
			t.Fatal(err)
		}
		return a.status
	}
	beside := s.addToken("beside", "operator")
	if got := use(beside); got != http.StatusOK {
		t.Errorf("a token made beside the server: %d", got)
	}
	password := "충분히-긴-비밀번호-2026"
	said := s.command(password+"\n", "staff", "add", "--login", "kim", "--name", "김상담", "--role", "operator")
	if strings.Contains(strings.Join(said, "\n"), password) {
		t.Error("the password is printed")
	}
	if list := strings.Join(s.command("", "staff", "list"), "\n"); !strings.Contains(list, "kim") || !strings.Contains(list, "김상담") {
		t.Errorf("the staff are %q", list)
	}
	s.stop()

	without := s.addToken("without", "auditor")
	s.command(password+"\n", "staff", "add", "--login", "lee", "--name", "이감사", "--role", "auditor")
	if list := strings.Join(s.command("", "token", "list"), "\n"); !strings.Contains(list, "beside") || !strings.Contains(list, "without") || strings.Contains(list, without) {
		t.Errorf("the tokens are %q", list)
	}
	s.run()
	for name, token := range map[string]string{"beside": beside, "without": without} {
		if got := use(token); got != http.StatusOK {
			t.Errorf("token %s after the restart: %d", name, got)
		}
	}
	s.command("", "token", "revoke", "beside")
	if got := use(beside); got != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d", got)
	}
	if got := use(without); got != http.StatusOK {
		t.Errorf("the other token after that: %d", got)
	}
	s.stop()
	s.command("", "token", "revoke", "without")
	s.run()
	if got := use(without); got != http.StatusUnauthorized {
		t.Errorf("a token revoked without a server: %d", got)
	}
	if list := strings.Join(s.command("", "staff", "list"), "\n"); !strings.Contains(list, "kim") || !strings.Contains(list, "lee") {
		t.Errorf("the staff are %q", list)
	}
}

func TestConsoleRefusesWithASentence(t *testing.T) {
	t.Parallel()
	s := start(t, "serve")
	for _, c := range []struct {
		name, in string
		args     []string
	}{
		{"no such role", "", []string{"token", "add", "x", "--role", "mayor"}},
		{"department missing", "", []string{"token", "add", "x", "--role", "department"}},
		{"short password", "1234\n", []string{"staff", "add", "--login", "kim", "--name", "김", "--role", "operator"}},
		{"unknown account", "충분히-긴-비밀번호-2026\n", []string{"staff", "passwd", "nobody"}},
		{"unknown token", "", []string{"token", "revoke", "nothing"}},
		{"unknown command", "", []string{"dance"}},
	} {
		r := command(t, c.in, []string{"TOKTOK_DATA=" + s.dir}, c.args...)
		if r.code == 0 || strings.TrimSpace(r.err) == "" || strings.Contains(r.err, "panic") || strings.Contains(r.err, "goroutine") {
			t.Errorf("%s: exit code %d, stderr %q", c.name, r.code, r.err)
		}
	}
	if r := command(t, "", []string{"TOKTOK_DATA=" + filepath.Join(t.TempDir(), "none")}, "token", "list"); r.code == 0 || !strings.Contains(r.err, "there is no data folder") {
		t.Errorf("without a folder: %d %q", r.code, r.err)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if r := command(t, "", nil, "version"); r.code != 0 || !strings.HasPrefix(r.out, "toktok ") {
		t.Errorf("exit code %d, %q", r.code, r.out)
	}
}

// TestLogsHoldNoWordsAndNoSecrets: what citizens write and what opens doors never reaches the log (DESIGN §9).
func TestLogsHoldNoWordsAndNoSecrets(t *testing.T) {
	t.Parallel()
	s := start(t, "serve", "TOKTOK_LOG=debug", "TOKTOK_KAKAO_REST_KEY="+restKey)
	s.token = s.addToken("로그", "admin")
	words := "아무도-보면-안-되는-글"
	got, err := s.tell("logged", words)
	if err != nil {
		t.Fatal(err)
	}
	number := receiptNumber.FindString(got)
	s.reply(number, words+"의 답")
	if _, err := knock(s.ready.URL+"/kakao/skill", skillKey, []byte(`{"broken":"`+words)); err != nil {
		t.Fatal(err)
	}
	if _, err := knock(s.ready.URL+"/kakao/skill?"+words, "wrong-"+skillKey, encode(request(userKey("logged"), false, words))); err != nil {
		t.Fatal(err)
	}
	s.ticket(number)
	s.stop()
	said := s.proc.stderr.String()
	for what, secret := range map[string]string{"a citizen's words": words, "the skill key": skillKey, "the REST key": restKey, "an API token": s.token, "a case's number": number, "a user key": userKey("logged")} {
		if strings.Contains(said, secret) {
			t.Errorf("the log holds %s", what)
		}
	}
	lines := 0
	for line := range bytes.Lines([]byte(said)) {
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal(line, &entry); err != nil || entry.Msg == "" {
			t.Errorf("a log line is no JSON: %q", line)
		} else if at, err := time.Parse(time.RFC3339, entry.Time); err != nil || at.IsZero() {
			t.Errorf("a log line without a time: %q", line)
		}
		lines++
	}
	if lines < 5 || !slices.Contains(strings.Split(said, `"`), "stopping") {
		t.Errorf("the log has %d lines:\n%s", lines, said)
	}
}
