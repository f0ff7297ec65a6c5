package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what has to happen. It is no measure of speed: a loaded machine must not fail.
const patience = 30 * time.Second

// stopTime is the promise of DESIGN §5: SIGTERM, finish, exit 0.
const stopTime = 10 * time.Second

// skillKey is the secret of the tests' bot.
const skillKey = "an-end-to-end-test-skill-key-of-enough-length"

var work string // of the test run: the binary

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "toktok-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	work = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var build = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(work, "toktok")
	args := []string{"build", "-o", bin}
	if raceBuild {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
})

// binary is the program under test, built once a run.
func binary(t testing.TB) string {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// places bounds how many servers run at once, however many tests are parallel.
var places = make(chan struct{}, 4)

// ready is the line a server prints when it can be used (DESIGN §5).
type ready struct {
	Msg       string `json:"msg"`
	URL       string `json:"url"`
	AdminURL  string `json:"admin_url"` // with a listener of its own
	Version   string `json:"version"`
	Simulator string `json:"simulator"`
	APIToken  string `json:"api_token"`
	SkillKey  string `json:"skill_key"`
	Accounts  []struct {
		Login, Password, Role string
	} `json:"accounts"`
}

// server is one toktok on one data folder, through all its starts.
type server struct {
	t     testing.TB
	mode  string
	dir   string
	env   []string
	ready ready
	token string // for the API; the demo's administrator, or what the test made
	staff string // who answers citizens; "" = the same
	proc  *process
}

// process is one start.
type process struct {
	cmd    *exec.Cmd
	stdout []string // after the ready line; read only when exited is closed
	stderr *buffer
	exited chan struct{}
}

// start runs demo or serve on a fresh folder until the ready line. The settings are only what env says.
func start(t testing.TB, mode string, env ...string) *server {
	t.Helper()
	s := place(t, mode, t.TempDir(), env)
	s.run()
	return s
}

// place makes a server that does not run yet, once there is room for one more.
func place(t testing.TB, mode, dir string, env []string) *server {
	places <- struct{}{}
	t.Cleanup(func() { <-places })
	s := &server{t: t, mode: mode, dir: dir, env: append([]string{"TOKTOK_SKILL_KEY=" + skillKey}, env...)}
	t.Cleanup(s.end)
	return s
}

// cities holds the folder of a demo whose scene was played, by the instant it was started at.
var cities = struct {
	sync.Mutex
	made map[string]string
}{made: map[string]string{}}

// city runs a demo at that instant of its own clock, with these settings, on a copy of a folder whose scene was played
// before by the demo's own KakaoTalk.
func city(t testing.TB, now string, env ...string) *server {
	t.Helper()
	s := place(t, "demo", t.TempDir(), env)
	if err := os.CopyFS(s.dir, os.DirFS(played(t, now))); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(s.dir, "key"), 0o600); err != nil { // CopyFS keeps no modes, and a key that others may read is refused
		t.Fatal(err)
	}
	s.run("TOKTOK_DEMO_NOW=" + now)
	return s
}

func played(t testing.TB, now string) string {
	t.Helper()
	cities.Lock()
	defer cities.Unlock()
	if dir, ok := cities.made[now]; ok {
		return dir
	}
	first := &server{t: t, mode: "demo", dir: filepath.Join(work, fmt.Sprint("city", len(cities.made))), env: []string{"TOKTOK_SKILL_KEY=" + skillKey}}
	first.run("TOKTOK_DEMO_NOW=" + now)
	first.stop()
	cities.made[now] = first.dir
	return first.dir
}

// run starts the program on the folder once more, with further settings for this time.
func (s *server) run(env ...string) {
	s.t.Helper()
	bin := binary(s.t)
	p := &process{cmd: exec.Command(bin, s.mode), stderr: &buffer{}, exited: make(chan struct{})}
	p.cmd.Env = append(environ("TOKTOK_DATA="+s.dir, "TOKTOK_LISTEN=127.0.0.1:0", "TOKTOK_LOG=warn"), append(s.env, env...)...)
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.proc = p
	lines := make(chan string, 1)
	go func() {
		r := bufio.NewReader(out)
		first, _ := r.ReadString('\n') // without one the process has ended, which is seen below
		lines <- first
		rest, _ := io.ReadAll(r)
		if len(rest) > 0 {
			p.stdout = strings.Split(strings.TrimSuffix(string(rest), "\n"), "\n")
		}
		p.cmd.Wait()
		close(p.exited)
	}()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case line := <-lines:
		s.ready = ready{}
		if err := json.Unmarshal([]byte(line), &s.ready); err != nil || s.ready.Msg != "ready" || s.ready.URL == "" {
			s.kill()
			s.t.Fatalf("%s printed %q instead of the ready line; stderr:\n%s", s.mode, line, p.stderr)
		}
	case <-limit.C:
		s.kill()
		s.t.Fatalf("%s printed no ready line in %s; stderr:\n%s", s.mode, patience, p.stderr)
	}
	if s.ready.APIToken != "" {
		s.token = s.ready.APIToken
	}
}

// stop ends the server as an administrator would, and holds it to its promise.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	began := time.Now()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-s.proc.exited:
	case <-limit.C:
		s.kill()
		s.t.Fatalf("no exit %s after SIGTERM; stderr:\n%s", patience, s.proc.stderr)
	}
	if took, code := time.Since(began), s.proc.cmd.ProcessState.ExitCode(); took > stopTime || code != 0 {
		s.t.Fatalf("exit code %d after SIGTERM and %s; stderr:\n%s", code, took, s.proc.stderr)
	}
}

// kill is a power cut for the process.
func (s *server) kill() {
	s.signal(syscall.SIGKILL)
	<-s.proc.exited
}

func (s *server) signal(sig os.Signal) {
	if err := s.proc.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Error(err)
	}
}

// end is the clean-up: whatever still runs is stopped, and what the process said of itself is judged.
func (s *server) end() {
	if s.proc == nil {
		return
	}
	select {
	case <-s.proc.exited:
	default:
		if s.t.Failed() {
			s.kill()
		} else {
			s.stop()
		}
	}
	said := s.proc.stderr.String()
	for _, bad := range []string{"DATA RACE", `"event":"panic"`, "panic:"} {
		if strings.Contains(said, bad) {
			s.t.Errorf("the server said %s:\n%s", bad, said)
		}
	}
	if s.t.Failed() {
		s.t.Logf("stderr of the server:\n%s", last(said, 60))
	}
}

func last(text string, lines int) string {
	all := strings.Split(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// environ is the environment of a program under test: nothing of the caller's settings.
func environ(set ...string) []string {
	var env []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "TOKTOK_") {
			env = append(env, pair)
		}
	}
	return append(env, set...)
}

// result is how a command ended.
type result struct {
	code     int
	out, err string
}

// command runs the program with arguments to its end.
func command(t testing.TB, in string, env []string, args ...string) result {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Env, cmd.Dir, cmd.Stdin = environ(env...), t.TempDir(), strings.NewReader(in)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	if !stuck.Stop() {
		t.Fatalf("toktok %v did not end; stdout:\n%sstderr:\n%s", args, &out, &errOut)
	}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// command runs a console command on the server's folder, which has to succeed; it returns the lines printed.
func (s *server) command(in string, args ...string) []string {
	s.t.Helper()
	r := command(s.t, in, []string{"TOKTOK_DATA=" + s.dir}, args...)
	if r.code != 0 {
		s.t.Fatalf("toktok %v: exit code %d\n%s%s", args, r.code, r.out, r.err)
	}
	return strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
}

// addToken makes an API token at the console, as an administrator would.
func (s *server) addToken(name, role string, more ...string) string {
	s.t.Helper()
	lines := s.command("", append([]string{"token", "add", name, "--role", role}, more...)...)
	return lines[len(lines)-1]
}

// client is shared by all tests. It follows nothing and hides nothing.
var client = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is what came back over HTTP.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do makes one request. A limit of the API is kept to as a good client does.
func (s *server) do(method, path, token string, body any) (answer, error) {
	var in []byte
	if body != nil {
		var err error
		if in, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	for deadline := time.Now().Add(patience); ; {
		req, err := http.NewRequest(method, s.ready.URL+path, bytes.NewReader(in))
		if err != nil {
			return answer{}, err
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		if body != nil {
			req.Header.Set("Content-Type", "application/json")
		}
		a, err := send(req)
		if err != nil || a.status != http.StatusTooManyRequests || time.Now().After(deadline) {
			return a, err
		}
		wait, _ := time.ParseDuration(a.header.Get("Retry-After") + "s")
		time.Sleep(cmp.Or(wait, time.Second))
	}
}

func send(req *http.Request) (answer, error) {
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, out}, err
}

// call makes one request that has to succeed, and reads the answer into out if that is not nil.
func (s *server) call(method, path string, body, out any) {
	s.t.Helper()
	s.callAs(s.token, method, path, body, out)
}

func (s *server) callAs(token, method, path string, body, out any) {
	s.t.Helper()
	a, err := s.do(method, path, token, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status >= 300 {
		s.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, a.body)
		}
	}
}

// eventually waits until look says that it is so; look tells what it saw for the one who has to read the failure.
func eventually(t testing.TB, what string, look func() (saw string, ok bool)) {
	t.Helper()
	saw := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		var ok bool
		if saw, ok = look(); ok {
			return
		}
		time.Sleep(25 * time.Millisecond) // between two looks; what ends the wait is what is seen
	}
	t.Fatalf("not in %s: %s; last seen: %s", patience, what, saw)
}

// buffer collects what a process says while the test runs.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
