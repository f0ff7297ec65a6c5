package demo

import (
	"net"
	"net/url"
)

// The demo's bot, as an administrator would enter it. Without TOKTOK_BOT_ID the demo takes any bot's calls.
const (
	Bot           = "66f0a9ffc3d2e14b7a9f0000"
	EventBlock    = "66f0aa01c3d2e14b7a9f0030"
	FallbackBlock = "66f0aa01c3d2e14b7a9f0001"
	RESTKey       = "demo-rest-key"
)

// MediaHosts are the hosts the demo fetches photos from: those given and its own phone's. For localhost the loopback
// addresses are named too, since a name never leads to one by itself (RULES B9).
func MediaHosts(given []string, phone string) []string {
	list := append([]string{}, given...)
	for _, host := range given {
		name, port, err := net.SplitHostPort(host)
		if err != nil {
			name, port = host, "80"
		}
		if name == "localhost" {
			list = append(list, net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port))
		}
	}
	if u, err := url.Parse(phone); err == nil {
		list = append(list, u.Host)
	}
	return list
}
