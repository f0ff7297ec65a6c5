package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"toktok/store"
)

// exchange is one request and what became of it.
type exchange struct {
	status     int // 0: no answer
	body       []byte
	retryAfter time.Duration
	sent       bool // bytes may have left us
	err        error
}

// send makes one request. It never follows, repeats or hides anything: what is unclear stays visible in the exchange.
func send(ctx context.Context, client *http.Client, method, url string, header http.Header, body []byte, now time.Time) (x exchange) {
	var sent atomic.Bool
	// The headers go into a buffer first, so this fires before the first byte leaves: what is not sent here never left.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	defer func() { x.sent = sent.Load() }()
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		x.err = err
		return x
	}
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		x.err = err
		return x
	}
	defer resp.Body.Close()
	x.status, x.retryAfter = resp.StatusCode, retryAfter(resp.Header.Get("Retry-After"), now)
	x.body, x.err = io.ReadAll(resp.Body)
	return x
}

// report classifies an exchange before its body is understood; ok means that the body decides.
func (x exchange) report() (r store.Report, ok bool) {
	switch {
	case x.status == 0 && !x.sent:
		return store.Report{Verdict: store.VerdictUnreached, Reason: reason(x.err)}, false
	case x.status == 0:
		return store.Report{Verdict: store.VerdictLost, Reason: reason(x.err)}, false
	case x.status == http.StatusTooManyRequests, x.status == http.StatusServiceUnavailable && x.retryAfter > 0:
		return store.Report{Verdict: store.VerdictBusy, RetryAfter: x.retryAfter, Reason: fmt.Sprintf("http %d", x.status)}, false
	case x.err != nil: // the answer broke off, or is longer than any of Kakao's
		return store.Report{Verdict: store.VerdictLost, Reason: reason(x.err)}, false
	}
	return store.Report{}, true
}

// unreadable is the report on an answer that is no JSON: a clear refusal by its status, else nobody knows.
func (x exchange) unreadable() store.Report {
	r := store.Report{Verdict: store.VerdictLost, Reason: fmt.Sprintf("http %d", x.status)}
	if x.status >= 300 && x.status < 500 || x.status == http.StatusServiceUnavailable {
		r.Verdict = store.VerdictRefused
	}
	return r
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3); 0 is none.
func retryAfter(v string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return time.Duration(min(n, 86400)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// reason says in a word why an exchange failed; addresses and keys stay out of it.
func reason(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	var tooLong *http.MaxBytesError
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &tooLong):
		return "answer too long"
	case errors.As(err, &dns):
		return "name not found"
	case isNet && timeout.Timeout():
		return "time-out"
	case errors.As(err, &op):
		return op.Op + " failed"
	}
	return "connection failed"
}
