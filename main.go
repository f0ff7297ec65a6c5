// Command toktok lets a city hall talk with its citizens over a KakaoTalk channel. This file holds the commands, the
// settings, the wiring and the order of shutdown; nothing here decides anything about cases.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/schollz/progressbar/v3"

	"toktok/assets"
	"toktok/handlers"
	"toktok/handlers/bench"
	"toktok/handlers/control"
	"toktok/handlers/demo"
	"toktok/handlers/settings"
	"toktok/handlers/simulator"
	"toktok/schedule"
	"toktok/store"
	"toktok/store/db"
	"toktok/store/secret"
	"toktok/store/worktime"
)

// version is set by the release build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type commands struct {
	Demo    demoCmd          `cmd:"" help:"Everything simulated, a sample city, nothing to configure."`
	Serve   serveCmd         `cmd:"" help:"Production."`
	Staff   control.StaffCmd `cmd:"" help:"Accounts of the staff."`
	Token   control.TokenCmd `cmd:"" help:"Keys to the JSON API."`
	Bench   bench.Cmd        `cmd:"" help:"Measure the intake against a no-op route."`
	Version versionCmd       `cmd:"" help:"Print the version."`
}

// run is main without the process: exit code 2 for wrong use, 75 when another process holds the folder (EX_TEMPFAIL).
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var cmd commands
	parser, err := kong.New(&cmd, kong.Name("toktok"), kong.Description("A city hall's desk on a KakaoTalk channel."),
		kong.Writers(out, errOut), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(&control.Console{In: in, Out: out, Err: errOut, Progress: progress}))
	if err != nil {
		fmt.Fprintln(errOut, err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(errOut, "toktok:", err)
		return 2
	}
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(errOut, "toktok:", err)
		if isHeld(err) {
			return 75
		}
		return 1
	}
	return 0
}

// app is everything wired together.
type app struct {
	s        settings.Env
	log      *slog.Logger
	out      io.Writer
	db       *store.DB
	schedule *schedule.Scheduler
	dispatch *schedule.Dispatcher
	server   *handlers.Server
	phone    *simulator.Simulator
	sockets  []net.Listener // the first is the desk's
}

// bind opens TOKTOK_LISTEN and, if it is set, TOKTOK_ADMIN_LISTEN (RULES H6), before anything else: the port may be
// ours to learn.
func (a *app) bind() error {
	for _, addr := range []string{a.s.AdminListen, a.s.Listen} {
		if addr == "" {
			continue
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", addr, err)
		}
		a.sockets = append(a.sockets, l)
	}
	return nil
}

func (a *app) url(i int) string {
	scheme := "http://"
	if a.s.TLSCert != "" {
		scheme = "https://"
	}
	return scheme + a.sockets[i].Addr().String()
}

// open opens the store, and closes what open opened when ctx is done with it.
func (a *app) open(ctx context.Context, mode string, clock store.Clock) error {
	o := store.Options{Dir: a.s.Data, Mode: mode, Clock: clock, Log: a.log, Outside: store.Outside{
		PublicURL: a.s.PublicURL, BotIDs: a.s.BotID, EventReady: a.s.KakaoRestKey != "", EventName: a.s.KakaoEvent,
		EventBlock: a.s.KakaoEventBlock, MediaHosts: a.s.MediaHosts,
	}}
	if mode == "demo" {
		o.Outside.CallbackOrigin = a.s.KakaoAPI
	}
	var err error
	if a.s.KeyFile != "" {
		if o.Keys, err = secret.LoadOrMakeKey(a.s.KeyFile); err != nil {
			return err
		}
	}
	a.db, err = store.Open(ctx, o)
	return err
}

// wire makes schedule and server and lets them know each other.
func (a *app) wire(demo *store.DemoClock) error {
	a.dispatch = schedule.NewDispatcher(schedule.DispatchOptions{
		DB: a.db, Base: a.s.KakaoAPI, RESTKey: a.s.KakaoRestKey, EventName: a.s.KakaoEvent, Log: a.log,
	})
	a.schedule = schedule.New(schedule.Options{DB: a.db, Demo: demo, Log: a.log, Workers: []schedule.Worker{a.dispatch, schedule.NewFetcher(a.db, a.log)}})
	o := handlers.Options{
		DB: a.db, Log: a.log, Version: version, Proxies: a.s.Proxies, AdminNets: a.s.Inside,
		SkillKeys: a.s.SkillKey, KakaoAdminKey: a.s.KakaoAdminKey, MetricsToken: a.s.MetricsToken, Jobs: a.jobs, RunNow: a.schedule.RunNow,
	}
	if a.s.PublicURL != "" {
		o.Public, _ = url.Parse(a.s.PublicURL) // checked with the settings
	}
	if demo != nil {
		o.Stepper = stepper{a.schedule}
	}
	if a.phone != nil {
		o.Simulator = a.phone.Handler()
	}
	var err error
	a.server, err = handlers.New(o)
	return err
}

// serving runs what serve and demo share until ctx ends: listen, start the schedule, print the ready line, drain.
func (a *app) serving(ctx context.Context, ready func() (map[string]any, error)) (err error) {
	base, endStreams := context.WithCancel(context.Background())
	defer endStreams()
	servers, failed, err := a.listen(base)
	if err != nil {
		return err
	}
	line := map[string]any{}
	if err = a.schedule.Start(ctx); err == nil {
		line, err = ready()
	}
	if err == nil {
		line["msg"], line["url"], line["version"] = "ready", a.url(0), version
		err = json.NewEncoder(a.out).Encode(line)
	}
	if err == nil {
		a.log.Info("ready", "url", a.url(0), "version", version)
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	return errors.Join(err, a.drain(servers, endStreams))
}

// listen serves every socket and the console's.
func (a *app) listen(base context.Context) ([]*http.Server, <-chan error, error) {
	failed := make(chan error, len(a.sockets)+1)
	sides := []func() (http.Handler, error){a.server.All}
	if len(a.sockets) == 2 {
		sides = []func() (http.Handler, error){a.server.Inside, a.server.Outside}
	}
	var servers []*http.Server
	for i, side := range sides {
		handler, err := side()
		if err != nil {
			return nil, nil, err
		}
		server, listener := a.server.HTTPServer(base, handler), handlers.Listener(a.sockets[i])
		a.sockets[i] = listener
		servers = append(servers, server)
		go func() {
			if a.s.TLSCert != "" {
				failed <- ignoreClosed(server.ServeTLS(listener, a.s.TLSCert, a.s.TLSKey))
				return
			}
			failed <- ignoreClosed(server.Serve(listener))
		}()
	}
	go func() {
		if err := control.Serve(base, a.s.Data, a.db, a.log); err != nil {
			a.log.Error("the console cannot reach this server", "err", err)
		}
	}()
	return servers, failed, nil
}

// drain closes the listeners, lets what the kernel had accepted arrive, ends streams, then waits: net/http drops a
// request that it reads after Shutdown began (golang/go#36819).
func (a *app) drain(servers []*http.Server, endStreams func()) error {
	a.log.Info("stopping")
	var err error
	for _, l := range a.sockets {
		err = errors.Join(err, ignoreClosed(l.Close()))
	}
	time.Sleep(200 * time.Millisecond)
	endStreams()
	if a.phone != nil {
		a.phone.Close()
	}
	patience, cancel := context.WithTimeout(context.Background(), 7*time.Second)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, ignoreClosed(s.Shutdown(patience)))
	}
	return errors.Join(err, a.schedule.Stop(patience))
}

type serveCmd struct{ settings.Env }

// Run serves production until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, io *control.Console) error {
	a := &app{s: c.Env, log: logger(io.Err, c.Log), out: io.Out}
	if err := a.s.Check(); err != nil {
		return err
	}
	a.s.Data, a.s.KakaoAPI = cmp.Or(a.s.Data, "./data"), cmp.Or(a.s.KakaoAPI, settings.KakaoAPI)
	if err := a.open(ctx, "serve", store.WallClock{}); err != nil {
		return err
	}
	defer a.db.Close()
	if err := a.bind(); err != nil {
		return err
	}
	if err := a.wire(nil); err != nil {
		return err
	}
	return a.serving(ctx, func() (map[string]any, error) { return map[string]any{}, nil })
}

type demoCmd struct {
	settings.Env
	Now string `env:"TOKTOK_DEMO_NOW" help:"Service's time at start, RFC 3339: as if the machine had been off until then."`
}

// Run plays the sample city until it is told to stop.
func (c *demoCmd) Run(ctx context.Context, io *control.Console) error {
	a := &app{s: c.Env, log: logger(io.Err, c.Log), out: io.Out}
	if len(a.s.SkillKey) == 0 && a.s.SkillKeyFile == "" {
		a.s.SkillKey = []string{secret.Token() + secret.Token()}
	}
	var at time.Time
	var wrong error
	if c.Now != "" {
		if at, wrong = time.Parse(time.RFC3339, c.Now); wrong != nil {
			wrong = fmt.Errorf("TOKTOK_DEMO_NOW must be RFC 3339, such as 2026-09-23T22:30:00+09:00: %w", wrong)
		}
	}
	if err := errors.Join(a.s.Check(), wrong); err != nil {
		return err
	}
	if a.s.Data == "" {
		dir, err := os.MkdirTemp("", "toktok-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		a.s.Data = dir
	}
	if err := a.bind(); err != nil {
		return err
	}
	if err := a.simulate(); err != nil {
		return err
	}
	return a.demo(ctx, at)
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

type versionCmd struct{}

// Run prints the version and what it was built with.
func (versionCmd) Run(c *control.Console) error {
	info, _ := debug.ReadBuildInfo()
	fmt.Fprintf(c.Out, "toktok %s, %s\n", version, info.GoVersion)
	for _, m := range info.Deps {
		fmt.Fprintf(c.Out, "  %s %s\n", m.Path, m.Version)
	}
	return nil
}

func logger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}

// demoBot is the bot of the sample city. Without TOKTOK_BOT_ID the demo takes any bot's calls.
const demoBot = "66f0a9ffc3d2e14b7a9f0000"

// simulate puts a KakaoTalk beside the server, unless TOKTOK_KAKAO_API names another to talk to.
func (a *app) simulate() error {
	a.s.KakaoRestKey = cmp.Or(a.s.KakaoRestKey, "demo-rest-key")
	a.s.KakaoEventBlock = cmp.Or(a.s.KakaoEventBlock, "66f0aa01c3d2e14b7a9f0030")
	outside := a.url(len(a.sockets) - 1)
	var err error
	a.phone, err = simulator.New(simulator.Options{
		Skill: outside + "/kakao/skill", SkillKey: a.s.SkillKey[0], Base: a.url(0), BotID: append(a.s.BotID, demoBot)[0],
		RESTKey: a.s.KakaoRestKey, EventName: a.s.KakaoEvent, EventBlock: a.s.KakaoEventBlock, FallbackBlock: "66f0aa01c3d2e14b7a9f0001",
		Log: a.log, Clock: func() time.Time { return a.db.Now() }, Files: assets.Simulator(),
	})
	if err != nil {
		return err
	}
	a.s.KakaoAPI = cmp.Or(a.s.KakaoAPI, a.url(0))
	a.s.MediaHosts = append(a.s.MediaHosts, strings.TrimPrefix(a.url(0), "http://"))
	return nil
}

// demo opens the sample city, makes it on the first start, and serves it.
func (a *app) demo(ctx context.Context, at time.Time) error {
	clock := store.NewDemoClock(at)
	if err := a.open(ctx, "demo", clock); err != nil {
		return err
	}
	defer a.db.Close()
	staff, err := a.db.StaffList(ctx, store.System("demo"))
	if err != nil {
		return err
	}
	fresh, start := len(staff) == 0, clock.Now()
	if fresh { // the scene begins the working day before, in time for its opening
		clock.Run(a.db.Desk().AddWorkingDays(worktime.DateOf(start), -1).At(8, 30))
		err = demo.Office(ctx, a.db)
	} else {
		err = a.db.ResumeDemoClock(ctx, clock, at)
	}
	if err != nil {
		return err
	}
	if err := a.wire(clock); err != nil {
		return err
	}
	return a.serving(ctx, func() (map[string]any, error) {
		token, err := demo.Token(ctx, a.db)
		if err != nil {
			return nil, err
		}
		if fresh {
			stage := demo.Stage{URL: a.url(0), Token: token, Phone: a.phone, Desk: a.db.Desk(), Now: a.db.Now, Real: a.db.Real,
				Set: func(ctx context.Context, t time.Time) error { _, err := a.schedule.StepTo(ctx, t); return err }}
			if err := stage.Scene(ctx, start); err != nil {
				return nil, fmt.Errorf("the demo's cases: %w", err)
			}
		}
		return map[string]any{"simulator": a.url(0) + "/simulator", "api_token": token, "skill_key": a.s.SkillKey[0], "accounts": demo.Accounts()}, nil
	})
}

// stepper lets the demo's clock route move the schedule.
type stepper struct{ s *schedule.Scheduler }

func (s stepper) StepTo(ctx context.Context, target time.Time) ([]handlers.Ran, error) {
	ran, err := s.s.StepTo(ctx, target)
	list := make([]handlers.Ran, 0, len(ran))
	for _, r := range ran {
		list = append(list, handlers.Ran{Job: r.Job, ScheduledFor: r.ScheduledFor, Outcome: string(r.Outcome)})
	}
	return list, err
}

// jobs is what API and desk tell of the schedule.
func (a *app) jobs() []handlers.Job {
	infos, err := a.schedule.Jobs(context.Background())
	if err != nil {
		a.log.Warn("jobs not read", "err", err)
	}
	var list []handlers.Job
	for _, j := range infos {
		job := handlers.Job{ID: j.ID, Text: j.Text, Next: j.Next}
		if !j.Last.ScheduledFor.IsZero() {
			job.Last = &handlers.JobRun{ScheduledFor: j.Last.ScheduledFor, Outcome: string(j.Last.Outcome), Detail: j.Last.Detail}
		}
		list = append(list, job)
	}
	return list
}

// progress shows how far long work is.
func progress(title string, of int) func(done int) {
	bar := progressbar.NewOptions(of, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(title), progressbar.OptionClearOnFinish())
	return func(done int) { bar.Set(done) }
}

func isHeld(err error) bool {
	_, held := errors.AsType[*db.HeldError](err)
	return held
}
