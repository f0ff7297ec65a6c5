package schedule

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAllowControl(t *testing.T) {
	t.Parallel()
	allow := NewAllow([]string{"kakaocdn.net", "media.example.kr:8443", "127.0.0.1:8080", "[fd00::5]:8080", "10.1.2.3", "bad.example:port"})
	for address, want := range map[string]bool{
		// public
		"211.249.220.24:443":   true,
		"211.249.220.24:80":    true,
		"211.249.220.24:8443":  true,
		"[2404:4600:6::1]:443": true,
		"211.249.220.24:22":    false,
		"211.249.220.24:6379":  false,
		"[2404:4600:6::1]:25":  false,
		// literal entries: that address and port, no other
		"127.0.0.1:8080":          true,
		"[fd00::5]:8080":          true,
		"10.1.2.3:443":            true,
		"10.1.2.3:80":             true,
		"127.0.0.1:8081":          false,
		"127.0.0.1:443":           false,
		"127.0.0.2:8080":          false,
		"10.1.2.3:8080":           false,
		"10.1.2.4:443":            false,
		"[fd00::5]:443":           false,
		"[::ffff:127.0.0.1]:8080": false,
		"[::127.0.0.1]:8080":      false,
		// what the special-purpose registries hold
		"0.0.0.0:443":          false,
		"10.0.0.1:443":         false,
		"100.64.0.1:443":       false,
		"127.1.2.3:443":        false,
		"169.254.169.254:80":   false,
		"172.16.0.1:443":       false,
		"172.31.255.255:443":   false,
		"192.0.0.8:443":        false,
		"192.0.2.1:443":        false,
		"192.88.99.1:443":      false,
		"192.168.1.1:443":      false,
		"198.18.0.1:443":       false,
		"198.19.255.255:443":   false,
		"198.51.100.1:443":     false,
		"203.0.113.1:443":      false,
		"224.0.0.1:443":        false,
		"239.255.255.250:443":  false,
		"240.0.0.1:443":        false,
		"255.255.255.255:443":  false,
		"[::]:443":             false,
		"[::1]:443":            false,
		"[::ffff:8.8.8.8]:443": false,
		"[64:ff9b::a00:1]:443": false,
		"[64:ff9b:1::1]:443":   false,
		"[100::1]:443":         false,
		"[2001::1]:443":        false,
		"[2001:db8::1]:443":    false,
		"[2002:a00:1::1]:443":  false,
		"[3fff::1]:443":        false,
		"[5f00::1]:443":        false,
		"[fc00::1]:443":        false,
		"[fe80::1]:443":        false,
		"[fe80::1%eth0]:443":   false,
		"[fec0::1]:443":        false,
		"[ff02::1]:443":        false,
		// no address
		"kakaocdn.net:443": false,
		"":                 false,
	} {
		network := "tcp4"
		if strings.HasPrefix(address, "[") {
			network = "tcp6"
		}
		err := allow.Control(network, address, nil)
		if (err == nil) != want {
			t.Errorf("%s: %v, want allowed %v", address, err, want)
		}
		if err != nil && !errors.Is(err, ErrRefusedAddress) {
			t.Errorf("%s: %v is not ErrRefusedAddress", address, err)
		}
	}
	if err := allow.Control("udp4", "211.249.220.24:443", nil); !errors.Is(err, ErrRefusedAddress) {
		t.Errorf("udp: %v", err)
	}
	if err := NewAllow(nil).Control("tcp4", "211.249.220.24:443", nil); err == nil {
		t.Error("without entries an address is allowed")
	}
}

// dns is a name server of the test's own: every A question is answered with the address that is set.
type dns struct {
	conn    net.PacketConn
	address atomic.Pointer[netip.Addr]
}

func newDNS(t *testing.T) *dns {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dns{conn: conn}
	t.Cleanup(func() { conn.Close() })
	go d.serve()
	return d
}

func (d *dns) says(address string) {
	a := netip.MustParseAddr(address)
	d.address.Store(&a)
}

func (d *dns) serve() {
	b := make([]byte, 1500)
	for {
		n, from, err := d.conn.ReadFrom(b)
		if err != nil {
			return
		}
		q := b[:n]
		end := 12
		for end < n && q[end] != 0 {
			end += 1 + int(q[end])
		}
		if end+5 > n {
			continue
		}
		isA := binary.BigEndian.Uint16(q[end+1:]) == 1
		answer := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end+5]...)
		if isA {
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
			answer = append(answer, d.address.Load().AsSlice()...)
		}
		d.conn.WriteTo(answer, from)
	}
}

func (d *dns) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", d.conn.LocalAddr().String())
	}}
}

// A name that was good a moment ago and now leads inside is refused when the connection is made.
func TestRebindingNameIsRefused(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { served.Add(1) }))
	t.Cleanup(srv.Close)
	own := srv.Listener.Addr().(*net.TCPAddr).AddrPort()
	names := newDNS(t)
	hosts := []string{"media.example.kr:" + strings.Split(own.String(), ":")[1], own.String()}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: NewAllow(hosts).Control, Resolver: names.resolver()}
	client := NewClient(ClientOptions{Dial: dialer.DialContext, Total: 10 * time.Second})
	get := func() error {
		resp, err := client.Get("http://" + hosts[0] + "/a.jpg")
		if err == nil {
			resp.Body.Close()
		}
		client.CloseIdleConnections()
		return err
	}
	names.says("127.0.0.1")
	if err := get(); err != nil || served.Load() != 1 {
		t.Fatalf("the allowed address: %v, served %d", err, served.Load())
	}
	for _, inside := range []string{"127.0.0.2", "10.0.0.7", "169.254.169.254", "100.64.0.1", "0.0.0.0"} {
		names.says(inside)
		if err := get(); !errors.Is(err, ErrRefusedAddress) {
			t.Errorf("%s: %v", inside, err)
		}
	}
	if served.Load() != 1 {
		t.Errorf("served %d times", served.Load())
	}
}

// Where a callback may lead: to the public, and in demo to exactly the origin of its KakaoTalk, by whatever name.
func TestCallbackHosts(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string][]string{
		"":                      {"211.249.220.24:443"},
		"http://127.0.0.1:9000": {"211.249.220.24:443", "127.0.0.1:9000"},
		"http://localhost:9000": {"211.249.220.24:443", "127.0.0.1:9000", "[::1]:9000"},
		"http://localhost":      {"211.249.220.24:443", "127.0.0.1:80", "[::1]:80"},
		"http://kakao.test":     {"211.249.220.24:443"},
	} {
		var got []string
		for _, address := range []string{"211.249.220.24:443", "127.0.0.1:9000", "[::1]:9000", "127.0.0.1:80", "[::1]:80", "127.0.0.1:9001", "10.0.0.1:9000"} {
			network := "tcp4"
			if strings.HasPrefix(address, "[") {
				network = "tcp6"
			}
			if callbackHosts(origin).Control(network, address, nil) == nil {
				got = append(got, address)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q leads to %v, want %v", origin, got, want)
		}
	}
}

// A name of the machine itself is no way in, though its host is on the list.
func TestLocalhostIsRefused(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	t.Cleanup(srv.Close)
	host := "localhost:" + strings.Split(srv.Listener.Addr().String(), ":")[1]
	_, err := NewMediaClient([]string{host}).Get("http://" + host + "/")
	if !errors.Is(err, ErrRefusedAddress) || served.Load() != 0 {
		t.Errorf("%v, served %d", err, served.Load())
	}
}
