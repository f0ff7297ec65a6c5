package web

import (
	"net/http"

	"toktok/store"
)

// Handler answers one request. A returned error becomes the answer in the shape of the route; what was already written stays.
type Handler func(w http.ResponseWriter, r *http.Request, sc *Scope) error

// Door says how a caller is known.
type Door string

// The doors. A route with DoorKey checks the caller's key itself, because only it knows which one.
const (
	DoorPublic  Door = "public"  // nobody is asked; who is signed in is still known
	DoorKey     Door = "webhook" // a secret of the outside caller, checked by the handler
	DoorSession Door = "session" // the cookie of a signed-in account
	DoorToken   Door = "token"   // Authorization: Bearer
)

// Shape says how a route's errors are answered.
type Shape string

// The shapes: a Korean page, problem+json for our own scripts, problem+json for programs.
const (
	ShapePage     Shape = "page"
	ShapeFragment Shape = "fragment"
	ShapeJSON     Shape = "json"
)

// Side says on which listener a route stands when there are two (RULES H6).
type Side uint8

// Outside is TOKTOK_LISTEN, Inside TOKTOK_ADMIN_LISTEN.
const (
	Outside Side = 1 << iota
	Inside
	Both = Outside | Inside
)

func (s Side) String() string {
	switch s {
	case Outside:
		return "outside"
	case Inside:
		return "inside"
	case Both:
		return "both"
	}
	return "nowhere"
}

// Default sizes of a request body in bytes (reliability-security.md §2.4).
const (
	WebhookBody = 64 << 10
	FormBody    = 32 << 10
	JSONBody    = 64 << 10
)

// Route is one line of the route table. Need is asked of doors session and token.
type Route struct {
	Method  string
	Path    string // httprouter pattern; also the name in logs and metrics
	Door    Door
	Need    store.Permission
	Side    Side
	Shape   Shape
	Body    int64 // largest body; 0 = by door and shape
	Login   bool  // counts against the sign-in limit of the address
	Quiet   bool  // health checks and assets: logged at debug level only
	Handler Handler
}

func (r *Route) body() int64 {
	switch {
	case r.Body > 0:
		return r.Body
	case r.Door == DoorKey:
		return WebhookBody
	case r.Shape == ShapePage:
		return FormBody
	}
	return JSONBody
}

// changes reports whether the method changes state (RFC 9110 §9.2.1).
func changes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}
