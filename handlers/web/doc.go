// Package web is what every room of the server needs: the scope of a request (who asks, when, from where), the adapter
// that turns returned errors into answers, middleware, limits, forms, cookies and the event stream.
//
// A room exports Routes() []Route; package handlers puts them into one table. Package web knows no page and no JSON
// shape of any room. It may import store (and its leaf store/live) and httprouter; no room.
package web
