// Package api is the JSON API of toktok and the document that describes it. One table holds every operation with its
// parameters, bodies and answers; the routes and the OpenAPI document are both made from it.
//
// It may import handlers/web, store and its leaves. It decides nothing about cases: it reads a request strictly, asks
// the store, and gives the answer the shape of DESIGN §5 and RULES H.
package api
