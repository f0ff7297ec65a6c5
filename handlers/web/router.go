package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"toktok/store"
)

// Router serves the routes of one side, with GET also answering HEAD. It refuses a table that cannot be served.
func (s *Site) Router(routes []Route, side Side) (_ http.Handler, err error) {
	defer func() {
		// httprouter says by panic that two patterns do not go together; for us that is a wrong table.
		if cause := recover(); cause != nil {
			err = fmt.Errorf("route table: %v", cause)
		}
	}()
	rt := &router{site: s, mux: httprouter.New()}
	rt.mux.RedirectFixedPath, rt.mux.RedirectTrailingSlash = false, false
	rt.mux.HandleMethodNotAllowed, rt.mux.HandleOPTIONS = false, false
	rt.mux.NotFound = http.HandlerFunc(rt.unknown)
	for i := range routes {
		route := &routes[i]
		if err := route.check(); err != nil {
			return nil, err
		}
		if route.Side&side == 0 {
			continue
		}
		rt.add(route.Method, route)
		if route.Method == http.MethodGet {
			rt.add(http.MethodHead, route)
		}
	}
	return s.Wrap(rt.mux), nil
}

// check refuses a line that would be served otherwise than it reads.
func (r *Route) check() error {
	var wrong []string
	if r.Handler == nil {
		wrong = append(wrong, "no handler")
	}
	if r.Side&Both == 0 {
		wrong = append(wrong, "on no listener")
	}
	switch r.Door {
	case DoorSession, DoorToken:
		if r.Need == "" {
			wrong = append(wrong, "no permission")
		}
	case DoorPublic, DoorKey:
		if r.Need != "" {
			wrong = append(wrong, "a permission nobody asks for")
		}
	default:
		wrong = append(wrong, "no door")
	}
	switch r.Shape {
	case ShapePage, ShapeFragment, ShapeJSON:
	default:
		wrong = append(wrong, "no shape")
	}
	if len(wrong) > 0 {
		return errors.New("route " + r.Method + " " + r.Path + ": " + strings.Join(wrong, ", "))
	}
	return nil
}

type router struct {
	site    *Site
	mux     *httprouter.Router
	methods []string
}

func (rt *router) add(method string, route *Route) {
	rt.mux.Handle(method, route.Path, rt.site.Handle(route))
	if !slices.Contains(rt.methods, method) {
		rt.methods = append(rt.methods, method)
		slices.Sort(rt.methods)
	}
}

// unknown answers what has no route: another method, a slash too many on a page, or nothing at all.
func (rt *router) unknown(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if allow := rt.allow(path); len(allow) > 0 {
		rt.site.NotAllowed(w, r, allow)
		return
	}
	if bare := strings.TrimRight(path, "/"); bare != path && bare != "" && !changes(r.Method) && !strings.HasPrefix(path, "/api/") && len(rt.allow(bare)) > 0 {
		to := *r.URL
		to.Path, to.RawPath = bare, ""
		http.Redirect(w, r, LocalPath(to.RequestURI(), "/"), http.StatusPermanentRedirect)
		return
	}
	rt.site.NotFound(w, r)
}

func (rt *router) allow(path string) []string {
	var out []string
	for _, method := range rt.methods {
		if handle, _, _ := rt.mux.Lookup(method, path); handle != nil {
			out = append(out, method)
		}
	}
	return out
}

// Reach reports what the route table asks of a caller, for tests and documents: the roles that may pass.
func (r *Route) Reach(roles ...store.Role) []store.Role {
	var out []store.Role
	for _, role := range roles {
		if r.Need == "" || (store.Actor{Role: role}).Can(r.Need) {
			out = append(out, role)
		}
	}
	return out
}
