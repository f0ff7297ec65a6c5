package handlers

import (
	"fmt"
	"net/http"

	"toktok/assets"
	"toktok/handlers/api"
	"toktok/handlers/citizen"
	"toktok/handlers/desk"
	"toktok/handlers/web"
	"toktok/handlers/webhook"
	"toktok/store"
)

// table is the route table: our own lines, then each room's. The matrix test and the documents read it.
func (s *Server) table() ([]web.Route, error) {
	a, err := api.New(api.Options{DB: s.o.DB, Version: s.o.Version, Jobs: s.apiJobs})
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	routes := []web.Route{
		own("GET", "/healthz", web.Outside, s.healthz),
		own("GET", "/readyz", web.Inside, s.readyz),
		own("GET", "/metrics", web.Inside, s.metrics),
		own("GET", assets.Prefix+"*path", web.Both, static),
	}
	routes = append(routes, webhook.Routes(webhook.Options{DB: s.o.DB, Keys: s.o.SkillKeys, AdminKey: s.o.KakaoAdminKey})...)
	routes = append(routes, a.Routes()...)
	routes = append(routes, s.desk.Routes()...)
	c, err := citizen.New(s.o.DB)
	if err != nil {
		return nil, fmt.Errorf("citizen: %w", err)
	}
	routes = append(routes, c.Routes()...)
	if s.o.Stepper != nil {
		clock := &demoClock{stepper: s.o.Stepper, now: s.o.DB.Now}
		routes = append(routes, own("GET", "/demo/clock", web.Inside, clock.get), own("POST", "/demo/clock", web.Inside, clock.post))
	}
	if s.o.Simulator != nil {
		routes = append(routes, simulated(s.o.Simulator)...)
	}
	return routes, nil
}

// own is a line of this package: open to all, quiet in the log.
func own(method, path string, side web.Side, h web.Handler) web.Route {
	return web.Route{Method: method, Path: path, Door: web.DoorPublic, Side: side, Shape: web.ShapeJSON, Quiet: true, Handler: h}
}

// photoBody is the largest request of the phone page: a photo of 20 MiB as a form sends it.
const photoBody = 24 << 20

// simulated mounts the demo's KakaoTalk: its page below /simulator, and Kakao's own addresses.
func simulated(phone http.Handler) []web.Route {
	h := func(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
		web.Patient(w) // its faults answer late on purpose, and its page listens
		phone.ServeHTTP(w, r)
		return nil
	}
	var routes []web.Route
	for _, line := range [][2]string{
		{"GET", "/simulator"}, {"GET", "/simulator/*path"}, {"POST", "/simulator/*path"},
		{"POST", "/v2/bots/:bot/talk"}, {"GET", "/v1/tasks/:id"}, {"POST", "/v1/bots/:bot/callback/:token"},
	} {
		route := own(line[0], line[1], web.Both, h)
		route.Body = photoBody
		routes = append(routes, route)
	}
	return routes
}

// static serves the embedded files under the hash of their content, for a year.
func static(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
	body, kind, ok := assets.Lookup(r.URL.Path)
	if !ok {
		return &store.Error{Kind: store.NotFound, Text: "이 파일은 없어요. 화면을 새로 고쳐 주세요."}
	}
	web.Immutable(w)
	return web.Bytes(w, http.StatusOK, kind, body)
}

func (s *Server) apiJobs() []api.Job {
	var out []api.Job
	for _, job := range s.o.Jobs() {
		one := api.Job{ID: job.ID, Next: job.Next}
		if job.Last != nil {
			one.Last = &api.JobRun{ScheduledFor: job.Last.ScheduledFor, Outcome: job.Last.Outcome}
		}
		out = append(out, one)
	}
	return out
}

func (s *Server) deskJobs() []desk.Job {
	var out []desk.Job
	for _, job := range s.o.Jobs() {
		one := desk.Job{ID: job.ID, Text: job.Text, Next: job.Next}
		if job.Last != nil {
			one.Last = &desk.JobRun{ScheduledFor: job.Last.ScheduledFor, Outcome: job.Last.Outcome, Detail: job.Last.Detail}
		}
		out = append(out, one)
	}
	return out
}
