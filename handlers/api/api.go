package api

import (
	"net/http"
	"time"

	"toktok/handlers/web"
	"toktok/store"
)

// JobRun is the last occurrence of a job.
type JobRun struct {
	ScheduledFor time.Time
	Outcome      string
}

// Job is what the schedule tells of one of its jobs; Last is nil before its first run, Next zero when none is planned.
type Job struct {
	ID   string
	Last *JobRun
	Next time.Time
}

// Options is what the API needs.
type Options struct {
	DB      *store.DB
	Version string
	Jobs    func() []Job // of package schedule; nil = none
}

// API answers programs.
type API struct {
	db      *store.DB
	version string
	jobs    func() []Job
	ops     []operation
	doc     []byte
}

// New makes the API and writes its document.
func New(o Options) (*API, error) {
	a := &API{db: o.DB, version: o.Version, jobs: o.Jobs}
	if a.jobs == nil {
		a.jobs = func() []Job { return nil }
	}
	a.ops = a.operations()
	doc, err := document(o.Version, a.ops)
	if err != nil {
		return nil, err
	}
	a.doc = doc
	return a, nil
}

// Base is the path under which the API lies.
const Base = "/api/v1"

// Routes lists the API's lines of the route table; all lie inside (RULES H6).
func (a *API) Routes() []web.Route {
	routes := make([]web.Route, 0, len(a.ops))
	for _, op := range a.ops {
		route := web.Route{
			Method: op.method, Path: Base + op.path, Door: web.DoorToken, Need: op.need,
			Side: web.Inside, Shape: web.ShapeJSON, Handler: op.handler,
		}
		if op.public {
			route.Door, route.Need, route.Quiet = web.DoorPublic, "", true
		}
		routes = append(routes, route)
	}
	return routes
}

// openapi shows the document. It holds no data of the office, so it needs no token.
func (a *API) openapi(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
	w.Header().Set("Cache-Control", "no-cache")
	return web.Raw(w, r, http.StatusOK, a.doc)
}
