package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// These tests use a real browser: TOKTOK_TEST_BROWSER names it (chromium), TOKTOK_TEST_AXE is the file axe.min.js of
// axe-core. .ci/run installs and demands both. Screenshots of every page are kept where T.ArtifactDir says.

// browser opens the browser, or says which tool is missing and stops.
func browser(t *testing.T) context.Context {
	t.Helper()
	name := os.Getenv("TOKTOK_TEST_BROWSER")
	if name == "" {
		t.Skip("NOT RUN: no browser. Set TOKTOK_TEST_BROWSER=chromium to run the browser tests; .ci/run does.")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("TOKTOK_TEST_BROWSER: %v", err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "ko-KR"), chromedp.WindowSize(1440, 900),
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// tab opens a page in a window of its own; its uncaught errors fail the test.
func tab(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("browser: %v", err)
	}
	return ctx
}

func do(t *testing.T, ctx context.Context, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// see waits until the page's visible text holds the words.
func see(t *testing.T, ctx context.Context, words string) {
	t.Helper()
	quoted, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		_, err := chromedp.Run(limited, chromedp.Poll[bool](fmt.Sprintf("document.body.innerText.includes(%s)", quoted)))
		if err == nil {
			return
		}
		if limited.Err() != nil { // any other error is a page that was left while we looked: look at the next one
			text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
			t.Fatalf("the page does not show %q: %v\n%s", words, err, text)
		}
	}
}

// picture keeps a screenshot of the whole page.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatalf("screenshot %s: %v", name, err)
	}
	dir := os.Getenv("TOKTOK_TEST_SHOTS")
	if dir == "" {
		dir = t.ArtifactDir()
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

// signIn signs in on the desk.
func signIn(t *testing.T, ctx context.Context, s *server, login string) {
	t.Helper()
	for _, a := range s.ready.Accounts {
		if a.Login == login {
			do(t, ctx, "sign in", chromedp.Navigate(s.ready.URL+"/login"),
				chromedp.SendKeys("#login-login", a.Login), chromedp.SendKeys("#login-password", a.Password),
				chromedp.Click("#login button"))
			see(t, ctx, "로그아웃")
			return
		}
	}
	t.Fatalf("the demo has no account %q", login)
}

// openCase is where the demo stands in these tests: a Monday at ten.
const openCase = "TOKTOK_DEMO_NOW=2026-11-23T10:00:00+09:00"

// TestWriteOnThePhoneAnswerOnTheDesk is the product in one go: a citizen writes on the phone page, an operator sees it
// come in and answers on the desk, and the citizen sees the answer on the phone.
func TestWriteOnThePhoneAnswerOnTheDesk(t *testing.T) {
	t.Parallel()
	root := browser(t)
	s := start(t, "demo", openCase)
	desk := tab(t, root)
	signIn(t, desk, s, "operator1")
	phone := tab(t, desk)
	do(t, phone, "phone page", chromedp.Navigate(s.ready.Simulator), chromedp.WaitVisible("#people"),
		chromedp.SendKeys("#add-name", "도토리"), chromedp.Click("#add button"))
	see(t, phone, "도토리")
	const words = "놀이터 그네 줄이 끊어질 것 같아요"
	const box = "//article[contains(@class, 'phone')][.//h3[contains(., '도토리')]]"
	do(t, phone, "write", chromedp.WaitVisible(box+"//textarea"),
		chromedp.SendKeys(box+"//textarea", words), chromedp.Click(box+"//form//button[@type='submit']"))
	see(t, phone, "접수번호 2026-")
	picture(t, phone, "phone-receipt")

	see(t, desk, words) // it came in by itself
	do(t, desk, "open the case", chromedp.Click("//a[contains(., '"+words+"')]"), chromedp.WaitVisible("#composer-text"))
	const answer = "위험해 보이네요. 오늘 오전에 그네를 멈추고 줄을 갈게요."
	do(t, desk, "answer", chromedp.SendKeys("#composer-text", answer), chromedp.Click("#send"))
	see(t, desk, answer)
	see(t, phone, answer)
	see(t, desk, "전달됨")
	picture(t, phone, "phone-answer")
	picture(t, desk, "desk-answered")
}

// page is one address of the desk with the account that looks at it.
type page struct{ name, account, path string }

var pages = []page{
	{"list", "operator1", "/tickets"}, {"list-all", "operator1", "/tickets?state=waiting,open,answered,review,closed"}, {"list-empty", "operator1", "/tickets?assignee=me"},
	{"case-photo", "operator1", "/tickets/2026-000001"}, {"case-answered", "operator1", "/tickets/2026-000002"}, {"case-closed", "operator1", "/tickets/2026-000003"},
	{"worklist", "operator1", "/worklist"}, {"calls", "operator1", "/calls"}, {"system", "admin", "/system"}, {"settings", "admin", "/settings"},
	{"hours", "admin", "/settings/hours"}, {"departments", "admin", "/settings/departments"}, {"department-one", "admin", "/settings/departments/1"},
	{"category-one", "admin", "/settings/categories/1"}, {"texts", "admin", "/settings/texts"}, {"text", "admin", "/settings/texts/receipt_open"},
	{"kakao", "admin", "/settings/kakao"}, {"staff", "admin", "/staff"},
	{"account", "operator1", "/account"}, {"not-found", "operator1", "/tickets/2026-999999"}, {"department", "road", "/tickets"},
}

// TestEveryPageIsAccessible opens every page in both themes, at desktop and phone width, keeps a screenshot of each,
// and lets axe-core look at it: no violation.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	root := browser(t)
	axe := axeSource(t)
	s := start(t, "demo", openCase)
	signed := map[string]context.Context{}
	plain := tab(t, root)
	do(t, plain, "sign-in page", chromedp.Navigate(s.ready.URL+"/login"))
	inspect(t, plain, axe, "login")
	do(t, plain, "privacy", chromedp.Navigate(s.ready.URL+"/privacy"))
	inspect(t, plain, axe, "privacy")
	do(t, plain, "phone page", chromedp.Navigate(s.ready.Simulator), chromedp.WaitVisible("#people li"))
	inspect(t, plain, axe, "phone")
	for _, p := range pages {
		if signed[p.account] == nil {
			own := tab(t, browser(t)) // a browser of its own: cookies apart
			signIn(t, own, s, p.account)
			signed[p.account] = own
		}
		ctx := signed[p.account]
		do(t, ctx, p.name, chromedp.Navigate(s.ready.URL+p.path), chromedp.WaitVisible("main"))
		inspect(t, ctx, axe, p.name)
	}
}

// inspect runs axe on the open page in both themes and keeps its pictures.
func inspect(t *testing.T, ctx context.Context, axe, name string) {
	t.Helper()
	for _, look := range []struct {
		name, theme   string
		width, height int64
	}{{"light", "light", 1440, 900}, {"dark", "dark", 1440, 900}, {"phone", "light", 390, 844}} {
		do(t, ctx, name, chromedp.EmulateViewport(look.width, look.height), theme(look.theme))
		if violations := violations(t, ctx, axe); violations != "" {
			t.Errorf("%s, %s: axe finds\n%s", name, look.name, violations)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"))
		if err != nil {
			t.Fatal(err)
		}
		if wide {
			t.Errorf("%s, %s: the page scrolls sideways", name, look.name)
		}
		picture(t, ctx, name+"-"+look.name)
	}
}

func theme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	})
}

func axeSource(t *testing.T) string {
	t.Helper()
	file := os.Getenv("TOKTOK_TEST_AXE")
	if file == "" {
		t.Skip("NOT RUN: no axe-core. Set TOKTOK_TEST_AXE to its axe.min.js to check accessibility; .ci/run does.")
	}
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("TOKTOK_TEST_AXE: %v", err)
	}
	return string(source)
}

// violations runs axe-core with the rules of WCAG 2.2 AA and its best practices.
func violations(t *testing.T, ctx context.Context, axe string) string {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](axe+";true")); err != nil {
		t.Fatalf("axe: %v", err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v =>
		v.id + ": " + v.help + "\n" + v.nodes.slice(0, 5).map(n => "  " + n.target.join(" ") + " " + n.failureSummary.replaceAll("\n", " ")).join("\n")).join("\n"))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe: %v", err)
	}
	return strings.TrimSpace(found)
}

// TestUrgentWordsRing: wherever an operator is, urgent words come up at once, are spoken and mark the window; put away
// with the keyboard they stay away.
func TestUrgentWordsRing(t *testing.T) {
	t.Parallel()
	root := browser(t)
	s := start(t, "demo", openCase)
	desk := tab(t, root)
	signIn(t, desk, s, "operator1")
	do(t, desk, "another page", chromedp.Navigate(s.ready.URL+"/account"))
	see(t, desk, "실시간")
	phone := tab(t, desk)
	do(t, phone, "phone page", chromedp.Navigate(s.ready.Simulator), chromedp.WaitVisible("#people"),
		chromedp.SendKeys("#add-name", "다람쥐"), chromedp.Click("#add button"))
	const box = "//article[contains(@class, 'phone')][.//h3[contains(., '다람쥐')]]"
	const words = "집에서 가스 냄새가 심하게 나요"
	do(t, phone, "write", chromedp.WaitVisible(box+"//textarea"),
		chromedp.SendKeys(box+"//textarea", words), chromedp.Click(box+"//form//button[@type='submit']"))
	see(t, desk, words)
	is := func(what, js string) {
		t.Helper()
		if _, err := chromedp.Run(desk, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(patience))); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	is("the window is marked", `document.title.startsWith("긴급! ")`)
	is("it is spoken", `document.querySelector("[role=alert]#alarm-say").textContent.includes("가스 냄새")`)
	is("it leads to the case", `document.querySelector(".alarm.is-on a").getAttribute("href").startsWith("/tickets/2026-")`)
	picture(t, desk, "urgent")
	is("the keyboard reaches it", `document.querySelector(".alarm.is-on button").focus() || document.activeElement.closest(".alarm") !== null`)
	do(t, desk, "put away", chromedp.KeyEvent("\r"))
	is("it is gone", `!document.querySelector(".alarm.is-on") && !document.title.startsWith("긴급")`)
	do(t, desk, "another page", chromedp.Navigate(s.ready.URL+"/worklist"))
	see(t, desk, "카카오톡 관리자센터 확인")
	is("it stays away", `document.querySelector(".alarm:not(.is-on)") !== null && !document.title.startsWith("긴급")`)
}
