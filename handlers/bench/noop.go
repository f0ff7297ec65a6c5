package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/julienschmidt/httprouter"

	"toktok/store/kakao/skill"
)

// Noop serves the route that everything is compared with: the same router, decoding and answer as the webhook, and
// nothing kept. It runs until ctx ends.
func Noop(ctx context.Context, stdout io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	router := httprouter.New()
	router.POST("/kakao/skill", func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = skill.Decode(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := skill.Text("접수번호 2026-000000\n상담원이 확인하고 답해 드려요.\n답변은 ‘답변 확인’을 누르면 볼 수 있어요.").Encode()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Write(answer)
	})
	server := &http.Server{Handler: router}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	fmt.Fprintf(stdout, `{"msg":"ready","url":"http://%s"}`+"\n", listener.Addr())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
