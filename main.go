// Command toktok lets a city hall talk with its citizens over a KakaoTalk channel. This file holds the commands, the
// settings, the wiring and the order of shutdown; nothing here decides anything about cases.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
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
	"strconv"
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
)

// version is set by the release build.
var version = "dev"

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300) // an intake's garbage is short-lived: a third of the collections for some 15 MiB
	}
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
	sockets  []net.Listener // TOKTOK_LISTEN, then TOKTOK_ADMIN_LISTEN if it is set
}

// bind opens TOKTOK_LISTEN and, if it is set, TOKTOK_ADMIN_LISTEN (RULES H6), before anything else: the port may be
// ours to learn.
func (a *app) bind() error {
	for _, addr := range []string{a.s.Listen, a.s.AdminListen} {
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

// url is where a socket is reached from this machine.
func (a *app) url(i int) string {
	at := a.sockets[i].Addr().(*net.TCPAddr)
	host := at.IP
	if host.IsUnspecified() {
		host = net.IPv4(127, 0, 0, 1)
	}
	scheme := "http"
	if a.s.Certificates != nil {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host.String(), strconv.Itoa(at.Port))
}

// office is where desk, API and the demo's phone are.
func (a *app) office() string { return a.url(len(a.sockets) - 1) }

// open opens the store. Only the demo's may call back elsewhere than to Kakao (RULES B9).
func (a *app) open(ctx context.Context, mode, callbacks string, clock store.Clock) error {
	o := store.Options{Dir: a.s.Data, Mode: mode, Clock: clock, Log: a.log, Outside: store.Outside{
		PublicURL: a.s.PublicURL, BotIDs: a.s.BotID, EventReady: a.s.KakaoRestKey != "", EventName: a.s.KakaoEvent,
		EventBlock: a.s.KakaoEventBlock, MediaHosts: a.s.MediaHosts, CallbackOrigin: callbacks,
	}}
	if mode == "demo" {
		o.Outside.PublicURL = cmp.Or(a.s.PublicURL, a.url(0)) // links in answers lead somewhere
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
		Clock: a.clock, ConfirmClock: a.schedule.ConfirmClock,
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
		if len(a.sockets) == 2 {
			line["admin_url"] = a.office()
		}
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
		sides = []func() (http.Handler, error){a.server.Outside, a.server.Inside}
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
			if a.s.Certificates == nil {
				failed <- ignoreClosed(server.Serve(listener))
				return
			}
			server.TLSConfig = &tls.Config{Certificates: a.s.Certificates}
			failed <- ignoreClosed(server.ServeTLS(listener, "", ""))
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
	if err := c.Check(); err != nil {
		return err
	}
	a := &app{s: c.Env, log: c.Logger(io.Err), out: io.Out}
	a.s.Data, a.s.KakaoAPI = cmp.Or(a.s.Data, "./data"), cmp.Or(a.s.KakaoAPI, settings.KakaoAPI)
	if err := a.open(ctx, "serve", "", store.WallClock{}); err != nil {
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

type demoCmd struct{ settings.Demo }

// Run plays the sample city until it is told to stop.
func (c *demoCmd) Run(ctx context.Context, io *control.Console) error {
	if err := c.Check(); err != nil {
		return err
	}
	a := &app{s: c.Env, log: c.Logger(io.Err), out: io.Out}
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
	own := a.s.KakaoAPI == ""
	if err := a.simulate(); err != nil {
		return err
	}
	return a.demo(ctx, c.At, own)
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

// simulate puts a KakaoTalk beside the server, unless TOKTOK_KAKAO_API names another to talk to.
func (a *app) simulate() error {
	a.s.KakaoRestKey, a.s.KakaoEventBlock = cmp.Or(a.s.KakaoRestKey, demo.RESTKey), cmp.Or(a.s.KakaoEventBlock, demo.EventBlock)
	var err error
	a.phone, err = simulator.New(simulator.Options{
		Skill: a.url(0) + "/kakao/skill", SkillKey: a.s.SkillKey[0], Base: a.office(), BotID: append(a.s.BotID, demo.Bot)[0],
		RESTKey: a.s.KakaoRestKey, EventName: a.s.KakaoEvent, EventBlock: a.s.KakaoEventBlock, FallbackBlock: demo.FallbackBlock,
		Log: a.log, Clock: func() time.Time { return a.db.Now() }, Files: assets.Simulator(),
	})
	a.s.KakaoAPI = cmp.Or(a.s.KakaoAPI, a.office())
	a.s.MediaHosts = demo.MediaHosts(a.s.MediaHosts, a.office())
	return err
}

// demo opens the sample city, makes it on the first start, and serves it.
func (a *app) demo(ctx context.Context, at time.Time, own bool) error {
	clock := store.NewDemoClock(at)
	if err := a.open(ctx, "demo", a.s.KakaoAPI, clock); err != nil {
		return err
	}
	defer a.db.Close()
	start := clock.Now()
	fresh, err := demo.Begin(ctx, a.db, clock, at)
	if err != nil {
		return err
	}
	if err := a.wire(clock); err != nil {
		return err
	}
	return a.serving(ctx, func() (map[string]any, error) {
		token, err := demo.Token(ctx, a.db)
		if err == nil && fresh {
			stage := demo.Stage{URL: a.office(), Token: token, Phone: a.phone, Friends: own, Desk: a.db.Desk(), Now: a.db.Now, Real: a.db.Real,
				Set: func(ctx context.Context, t time.Time) error { _, err := a.schedule.StepTo(ctx, t); return err }}
			err = stage.Scene(ctx, start)
		}
		return map[string]any{"simulator": a.office() + "/simulator", "api_token": token, "skill_key": a.s.SkillKey[0], "accounts": demo.Accounts()}, err
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

// clock is what the desk tells of the server's clock.
func (a *app) clock(ctx context.Context) (text string, held bool) {
	state := a.schedule.Clock(ctx)
	return state.Text, state.Held
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
