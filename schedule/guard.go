package schedule

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"toktok/store"
)

// ErrRefusedAddress says that a connection was not made because of where it led.
var ErrRefusedAddress = errors.New("schedule: address is refused")

// special are the ranges of the IANA special-purpose registries that nothing of the public internet answers from, and
// those that carry another address inside. net/netip's own predicates let half of them pass
// (reliability-security.md §2.4).
var special = func() []netip.Prefix {
	var list []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
	} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}()

// unicast6 is all of IPv6 that is given out; what lies outside is loopback, mapped, translated (64:ff9b::/96),
// private, link-local, multicast or nobody's.
var unicast6 = netip.MustParsePrefix("2000::/3")

func isSpecial(a netip.Addr) bool {
	if a.Is4In6() || a.Zone() != "" || a.Is6() && !unicast6.Contains(a) {
		return true
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Allow decides where connections may lead: to public addresses on the ports its names have, and to exactly the
// literal addresses it was given (RULES B9).
type Allow struct {
	exact map[netip.AddrPort]bool
	ports map[uint16]bool
}

// NewAllow reads entries as TOKTOK_MEDIA_HOSTS has them: host or address, optional ":port"; without one 443 and 80.
func NewAllow(hosts []string) Allow {
	a := Allow{exact: make(map[netip.AddrPort]bool), ports: make(map[uint16]bool)}
	for _, entry := range hosts {
		host, port := store.SplitHostPort(entry)
		ports := []uint16{443, 80}
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			ports = []uint16{uint16(n)}
		} else if port != "" {
			continue // no port anybody can dial
		}
		addr, err := netip.ParseAddr(host)
		for _, p := range ports {
			if err == nil {
				a.exact[netip.AddrPortFrom(addr, p)] = true
			} else {
				a.ports[p] = true
			}
		}
	}
	return a
}

// Control is a net.Dialer's: it sees the address a name was resolved to, so that a name cannot lead elsewhere between
// check and connection. Its errors are ErrRefusedAddress.
func (a Allow) Control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	switch {
	case err != nil || network != "tcp4" && network != "tcp6":
		return fmt.Errorf("%w: %s", ErrRefusedAddress, network)
	case a.exact[to]:
		return nil
	case isSpecial(to.Addr()):
		return fmt.Errorf("%w: not a public address", ErrRefusedAddress)
	case !a.ports[to.Port()]:
		return fmt.Errorf("%w: port %d", ErrRefusedAddress, to.Port())
	}
	return nil
}

// CheckURL parses an address that came from outside and checks scheme, host, port and user-info against the entries of
// TOKTOK_MEDIA_HOSTS, or of any list of that form.
func CheckURL(raw string, hosts []string) (*url.URL, error) { return store.MediaURL(raw, hosts) }

// photoTime bounds the fetching of one photo, with its fall-back to http.
const photoTime = 20 * time.Second

// NewMediaClient makes the client that photos are fetched with.
func NewMediaClient(hosts []string) *http.Client {
	return NewClient(ClientOptions{Control: NewAllow(hosts).Control, Limit: store.MaxPhoto + 1, Total: photoTime})
}
