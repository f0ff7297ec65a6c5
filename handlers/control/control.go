// Package control is the way the console reaches a running server: HTTP over a socket file in the data folder, so that
// only the server writes (RULES G5). Without a server the same commands run on the store itself, under its lock.
//
// It may import store. Who may open the socket file may do everything, so it is for the folder's owner alone.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"toktok/store"
)

// Command is one order of the console.
type Command struct {
	Name string            `json:"name"` // staff.add, staff.list … : see commands
	Args map[string]string `json:"args"`
}

// Result is what the console prints: lines, the last of which is a secret where one was made.
type Result struct {
	Lines []string `json:"lines"`
	Error string   `json:"error,omitempty"`
}

// request and body limits of the socket.
const (
	limit   = 64 << 10
	patient = 30 * time.Second // a password hash on a busy machine takes a while
)

// Serve answers on the folder's socket until ctx ends. An old socket file is removed: the caller holds the lock.
func Serve(ctx context.Context, dir string, db *store.DB, log *slog.Logger) error {
	listener, err := listen(dir)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, db) }),
		ReadHeaderTimeout: 2 * time.Second, ReadTimeout: patient, WriteTimeout: patient,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func answer(w http.ResponseWriter, r *http.Request, db *store.DB) {
	if !authorised(r) {
		http.Error(w, "not for you", http.StatusUnauthorized)
		return
	}
	var cmd Command
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(&cmd)
	var res Result
	if err == nil {
		res.Lines, err = run(r.Context(), db, cmd)
	}
	if err != nil {
		res = Result{Error: plain(err)}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(res)
}

// Do carries the command out: by the running server if there is one, else on the store that open gives.
func Do(ctx context.Context, dir string, cmd Command, open func() (*store.DB, error)) ([]string, error) {
	lines, err := ask(ctx, dir, cmd)
	if !errors.Is(err, errNoServer) {
		return lines, err
	}
	db, err := open()
	if err != nil {
		return nil, err
	}
	lines, err = run(ctx, db, cmd)
	if err != nil {
		err = errors.New(plain(err))
	}
	return lines, errors.Join(err, db.Close())
}

var errNoServer = errors.New("no server runs on this data folder")

func ask(ctx context.Context, dir string, cmd Command) ([]string, error) {
	body, err := json.Marshal(cmd)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: patient, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, dir) },
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	authorise(req, dir)
	res, err := client.Do(req)
	if _, unreachable := errors.AsType[*net.OpError](err); unreachable || errors.Is(err, os.ErrNotExist) {
		return nil, errNoServer
	}
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var out Result
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&out); err != nil {
		return nil, fmt.Errorf("the running server answered %s: %w", res.Status, err)
	}
	if out.Error != "" {
		return nil, errors.New(out.Error)
	}
	return out.Lines, nil
}

// plain is the error as the console shows it: what a person may read, with the fields that are wrong.
func plain(err error) string {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return err.Error()
	}
	text := e.Text
	for field, why := range e.Fields {
		if why != text {
			text += "\n  " + field + ": " + why
		}
	}
	if text == "" {
		return err.Error()
	}
	return text
}

func socketPath(dir string) string { return filepath.Join(dir, "control.sock") }
