package schedule

import (
	"context"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Limits of everything that goes out. A peer may be slow or hostile; a worker is never held longer than totalTime.
const (
	dialTime     = 3 * time.Second
	tlsTime      = 3 * time.Second
	headerTime   = 8 * time.Second
	totalTime    = 15 * time.Second
	answerLimit  = 64 << 10
	headerLimit  = 64 << 10
	idlePerHost  = 4
	idleTime     = 60 * time.Second
	keepAliveOff = -1
)

// ClientOptions are what differs between the users of the one outgoing client.
type ClientOptions struct {
	// Control sees every address after the name was resolved and before a connection is made; its error refuses it.
	// Nil refuses nothing: only for hosts that the city's own settings name.
	Control func(network, address string, c syscall.RawConn) error
	// Limit bounds the body of an answer in bytes; 0 = 64 KiB. Reading past it is an error.
	Limit int64
	// Total bounds one exchange; 0 = 15 s.
	Total time.Duration
	// Dial replaces the network in tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewClient makes an outgoing client: every time-out set, no redirects, no proxy of the environment, no compression,
// and a bounded answer (RULES B9). Nothing in the product makes another.
func NewClient(o ClientOptions) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: keepAliveOff, Control: o.Control}
	dial := dialer.DialContext
	if o.Dial != nil {
		dial = o.Dial
	}
	if o.Limit <= 0 {
		o.Limit = answerLimit
	}
	if o.Total <= 0 {
		o.Total = totalTime
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Timeout:       o.Total,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &bounded{limit: o.Limit, next: &http.Transport{
			DialContext: dial, TLSHandshakeTimeout: tlsTime, ResponseHeaderTimeout: headerTime, MaxResponseHeaderBytes: headerLimit,
			MaxIdleConnsPerHost: idlePerHost, IdleConnTimeout: idleTime, DisableCompression: true, Protocols: protocols,
		}},
	}
}

// bounded cuts the bodies of answers off.
type bounded struct {
	limit int64
	next  http.RoundTripper
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{http.MaxBytesReader(nil, resp.Body, b.limit), resp.Body}
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the transport below.
func (b *bounded) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
