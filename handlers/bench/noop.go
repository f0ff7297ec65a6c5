package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/kakao/skill"
)

// Noop serves the route that everything is compared with: the webhook's way from socket to answer (router, headers,
// limits, decoding, deadline, an answer of the same size) with nothing kept. It runs until ctx ends.
func Noop(ctx context.Context, stdout io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	site, err := web.New(web.Options{Clock: store.WallClock{}})
	if err != nil {
		return err
	}
	handler, err := site.Router([]web.Route{{
		Method: http.MethodPost, Path: "/kakao/skill", Door: web.DoorKey, Side: web.Both, Shape: web.ShapeJSON, Quiet: true, Handler: nothing,
	}}, web.Both)
	if err != nil {
		return err
	}
	// The time limits of package handlers: each sets a deadline for each request.
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 2 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	fmt.Fprintf(stdout, `{"msg":"ready","url":"http://%s"}`+"\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// nothing answers like the webhook and keeps nothing.
func nothing(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if _, err := skill.Decode(body); err != nil {
		return &store.Error{Kind: store.Invalid, Text: "읽을 수 없는 글이에요.", Err: err}
	}
	answer, err := skill.Text("접수번호 2026-000000\n상담원이 확인하고 답해 드려요.\n답변은 ‘답변 확인’을 누르면 볼 수 있어요.").Encode()
	if err != nil {
		return err
	}
	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(sc.Real().Add(4500 * time.Millisecond)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	if _, err := w.Write(answer); err != nil {
		return err
	}
	return out.Flush()
}
