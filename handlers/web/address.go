package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientIP is the caller's address: X-Forwarded-For is read from right to left, and only as far as trusted peers wrote
// it. What cannot be read ends the walk at the last peer that could.
func clientIP(r *http.Request, proxies []netip.Prefix) netip.Addr {
	ip := peer(r)
	if !contains(proxies, ip) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return ip
		}
		ip = next.Unmap().WithZone("")
		if !contains(proxies, ip) {
			return ip
		}
	}
	return ip
}

func peer(r *http.Request) netip.Addr {
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return ip.Unmap().WithZone("")
}

func contains(nets []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// secure reports whether the caller came by https: our own TLS, the public address, or a trusted proxy's word. The
// public address counts by Host, because operators may come by plain http from inside at the same time.
func (s *Site) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if public := s.o.Public; public != nil && public.Scheme == "https" && strings.EqualFold(r.Host, public.Host) {
		return true
	}
	return contains(s.o.Proxies, peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// bearer is the token of the Authorization header.
func bearer(r *http.Request) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, ok && token != "" && strings.EqualFold(scheme, "Bearer")
}
