package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/julienschmidt/httprouter"

	"toktok/store"
)

// Options is what all rooms share.
type Options struct {
	Doors     Doors
	Clock     store.Clock
	Log       *slog.Logger
	Public    *url.URL       // TOKTOK_PUBLIC_URL; nil: what the connection shows
	Proxies   []netip.Prefix // peers whose X-Forwarded-* counts
	AdminNets []netip.Prefix // who may use inside routes; empty = everyone who reaches them
	Limits    Limits

	// ErrorPage draws an error for people; nil uses a plain page.
	ErrorPage func(io.Writer, ErrorView) error
	// Messages gives the newer messages of a conflict the shape of the API.
	Messages func([]store.Message) any
	// Observe hears of every answer, for metrics.
	Observe func(route *Route, status int, took time.Duration)
}

// Site turns routes into handlers.
type Site struct {
	o       Options
	origin  *http.CrossOriginProtection
	account *Limiter
	token   *Limiter
	login   *Limiter
	streams *Gauge
}

// New checks the options and makes the site.
func New(o Options) (*Site, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.withDefaults()
	s := &Site{
		o: o, origin: http.NewCrossOriginProtection(),
		account: NewLimiter(o.Limits.Account), token: NewLimiter(o.Limits.Token), login: NewLimiter(o.Limits.Login),
		streams: NewGauge(o.Limits.Streams),
	}
	if o.Public != nil && o.Public.Host != "" {
		// Behind a proxy that rewrites Host, the browser's Origin names the public address.
		if err := s.origin.AddTrustedOrigin(o.Public.Scheme + "://" + o.Public.Host); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Streams is how many event streams are open.
func (s *Site) Streams() int { return s.streams.Total() }

// Handle makes the router's handle of a route.
func (s *Site) Handle(route *Route) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
		sc := scopeOf(r)
		sc.Route, sc.Params = route, p
		if err := s.run(w, r, sc); err != nil {
			s.Fail(w, r, sc, err)
		}
	}
}

// run takes a request from the table to its handler: origin, address, limits, door, permission, body.
func (s *Site) run(w http.ResponseWriter, r *http.Request, sc *Scope) error {
	route := sc.Route
	if err := s.checkAddress(sc); err != nil {
		return err
	}
	if err := s.checkOrigin(r, route); err != nil {
		return err
	}
	if route.Login {
		if err := s.login.take(addressKey(sc.IP), sc.Real()); err != nil {
			return err
		}
	}
	if err := checkBody(w, r, route); err != nil {
		return err
	}
	if err := sc.enter(r, true); err != nil {
		return err
	}
	if err := s.checkRate(sc); err != nil {
		return err
	}
	if err := sc.allowed(); err != nil {
		return err
	}
	return route.Handler(w, r, sc)
}

// checkAddress keeps inside routes inside (TOKTOK_ADMIN_NETS).
func (s *Site) checkAddress(sc *Scope) error {
	if sc.Route.Side != Inside || len(s.o.AdminNets) == 0 || contains(s.o.AdminNets, sc.IP) {
		return nil
	}
	sc.Log.Warn("address outside the admin networks", "event", "admin_net_denied", "route", sc.Route.Path)
	return &store.Error{Kind: store.Forbidden, Text: "이 주소에서는 쓸 수 없어요. 업무망에서 접속해 주세요."}
}

// checkOrigin refuses what another site makes a browser do. CrossOriginProtection lets requests without browser headers
// pass, which is right for tokens; where a cookie speaks, one of the headers must be there. A webhook's key is proof enough.
func (s *Site) checkOrigin(r *http.Request, route *Route) error {
	if route.Door == DoorKey {
		return nil
	}
	refused := s.origin.Check(r) != nil
	if !refused && route.Door == DoorSession && changes(r.Method) {
		refused = r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
	}
	if refused {
		return &store.Error{Kind: store.Forbidden, Text: "다른 곳에서 보낸 요청이라 처리하지 않았어요. 이 화면을 새로 열고 다시 해 주세요."}
	}
	return nil
}

func checkBody(w http.ResponseWriter, r *http.Request, route *Route) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	limit := route.body()
	if route.Door == DoorKey {
		// What is too long or odd is the handler's to answer: Kakao reads nothing but 200.
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		return nil
	}
	// Nothing of ours inflates: 51 KB of gzip become 50 MiB (reliability-security.md §2.4).
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return &store.Error{Kind: store.Invalid, Text: "압축한 본문은 받지 않아요. 압축하지 말고 보내 주세요."}
	}
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return tooLarge()
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

func (s *Site) checkRate(sc *Scope) error {
	switch {
	case sc.Actor.Token != 0:
		return s.token.take(idKey(sc.Actor.Token), sc.Real())
	case sc.Actor.Staff != 0:
		return s.account.take(idKey(sc.Actor.Staff), sc.Real())
	}
	return nil
}
