// Package handlers is the server: one route table with a permission for each route, the composition of its rooms, and
// what belongs to no room: health, readiness, metrics and the demo's clock.
//
// It may import its rooms, handlers/web, store, assets, httprouter and metrics; never schedule. What it needs of the
// schedule it declares as small interfaces, which main wires.
package handlers

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"toktok/handlers/api"
	"toktok/handlers/desk"
	"toktok/handlers/web"
	"toktok/store"
)

// Options is what the server needs. DB is required.
type Options struct {
	DB        *store.DB
	Log       *slog.Logger
	Version   string
	Public    *url.URL       // TOKTOK_PUBLIC_URL
	Proxies   []netip.Prefix // TOKTOK_TRUSTED_PROXIES
	AdminNets []netip.Prefix // TOKTOK_ADMIN_NETS
	Limits    web.Limits

	SkillKeys     []string // TOKTOK_SKILL_KEY, two while it is rotated
	KakaoAdminKey string   // TOKTOK_KAKAO_ADMIN_KEY; "" = no /kakao/channel
	MetricsToken  string   // TOKTOK_METRICS_TOKEN; "" = /metrics for loopback only

	// Of the schedule; nil = no jobs.
	Jobs   func() []Job
	RunNow func(ctx context.Context, job string) error

	// Of the schedule's clock; nil = what the store knows of it. text is Korean, "" = the clock is right.
	Clock        func(ctx context.Context) (text string, held bool)
	ConfirmClock func(ctx context.Context, who store.Actor) error

	// Demo only; nil in production, where their routes do not exist.
	Stepper   Stepper
	Simulator http.Handler
}

// JobRun is the last occurrence of a job.
type JobRun struct {
	ScheduledFor time.Time
	Outcome      string
	Detail       string
}

// Job is what the schedule tells of one of its jobs; Last is nil before its first run, Next zero when none is planned.
type Job struct {
	ID   string
	Text string // Korean
	Last *JobRun
	Next time.Time
}

// Server holds the handlers of all listeners.
type Server struct {
	o      Options
	site   *web.Site
	desk   *desk.Desk
	meter  *meter
	ready  *readiness
	routes []web.Route
}

// New builds the route table and checks it.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Jobs == nil {
		o.Jobs = func() []Job { return nil }
	}
	s := &Server{o: o, ready: newReadiness(o.DB)}
	s.meter = newMeter(s)
	var err error
	s.desk, err = desk.New(desk.Options{DB: o.DB, Version: o.Version, Demo: o.Simulator != nil, Jobs: s.deskJobs, RunNow: o.RunNow, Clock: o.Clock, ConfirmClock: o.ConfirmClock})
	if err != nil {
		return nil, err
	}
	s.site, err = web.New(web.Options{
		Doors: doors{o.DB}, Clock: o.DB, Log: o.Log, Public: o.Public, Proxies: o.Proxies, AdminNets: o.AdminNets, Limits: o.Limits,
		ErrorPage: s.desk.ErrorPage, Messages: api.Newer, Observe: s.meter.observe,
	})
	if err != nil {
		return nil, err
	}
	if s.routes, err = s.table(); err != nil {
		return nil, err
	}
	_, err = s.handler(web.Both)
	return s, err
}

// Routes is the route table.
func (s *Server) Routes() []web.Route { return s.routes }

// All serves every route, for one listener.
func (s *Server) All() (http.Handler, error) { return s.handler(web.Both) }

// Outside serves what TOKTOK_LISTEN shows when there is a second listener (RULES H6).
func (s *Server) Outside() (http.Handler, error) { return s.handler(web.Outside) }

// Inside serves what TOKTOK_ADMIN_LISTEN shows.
func (s *Server) Inside() (http.Handler, error) { return s.handler(web.Inside) }

func (s *Server) handler(side web.Side) (http.Handler, error) { return s.site.Router(s.routes, side) }

// doors lets people and programs in by the store's sessions and tokens.
type doors struct{ db *store.DB }

func (d doors) Session(ctx context.Context, cookie string, touch bool) (store.Actor, store.Session, error) {
	if touch {
		return d.db.SessionActor(ctx, cookie)
	}
	return d.db.CheckSession(ctx, cookie)
}

func (d doors) Token(ctx context.Context, token string) (store.Actor, error) {
	return d.db.TokenActor(ctx, token)
}

// Time limits of a connection (reliability-security.md §2.4). Kakao's proxy keeps connections for up to 75 s, so ours
// must not end first. Streams and other long answers lift theirs through http.ResponseController.
const (
	readHeader = 2 * time.Second
	readAll    = 5 * time.Second
	writeAll   = 10 * time.Second
	idle       = 75 * time.Second
	headerMax  = 16 << 10
)

// connections is the most one listener serves at a time; further ones wait in the kernel's queue.
const connections = 512

// HTTPServer makes the server of one listener. base ends before Shutdown is called, so that streams end and do not hold
// it up.
func (s *Server) HTTPServer(base context.Context, h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler: h, Protocols: protocols, BaseContext: func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: readHeader, ReadTimeout: readAll, WriteTimeout: writeAll, IdleTimeout: idle, MaxHeaderBytes: headerMax,
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
}

// Listener bounds the connections of l.
func Listener(l net.Listener) net.Listener {
	return &bounded{Listener: l, places: make(chan struct{}, connections), done: make(chan struct{})}
}

type bounded struct {
	net.Listener
	places chan struct{}
	done   chan struct{}
	once   sync.Once
}

// Accept waits for a place first, so that the kernel and not we hold those who wait.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.places <- struct{}{}:
	case <-b.done:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	return &placed{Conn: c, leave: b.places}, nil
}

// Close ends the listener and who waits for a place in it.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.done) })
	return b.Listener.Close()
}

type placed struct {
	net.Conn
	leave chan struct{}
	once  sync.Once
}

// Close gives the place back, once.
func (p *placed) Close() error {
	defer p.once.Do(func() { <-p.leave })
	return p.Conn.Close()
}
