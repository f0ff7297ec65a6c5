// Package settings is the environment of a server: TOKTOK_… variables, flags of the same names, and what is wrong with
// them, all at once. What the office decides itself lives in the database.
//
// It may import the standard library; the tags are read by main's command line.
package settings

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Env is what the environment sets; each is a flag too.
type Env struct {
	Listen            string   `env:"TOKTOK_LISTEN" default:"127.0.0.1:8080" help:"Address for KakaoTalk, and for the desk unless it has its own."`
	AdminListen       string   `env:"TOKTOK_ADMIN_LISTEN" help:"Inner address of desk, API and metrics."`
	Data              string   `env:"TOKTOK_DATA" help:"Data folder on a local disk (serve: ./data, demo: a temporary one)."`
	PublicURL         string   `env:"TOKTOK_PUBLIC_URL" help:"https://talk.example.kr, as citizens reach it."`
	SkillKey          []string `env:"TOKTOK_SKILL_KEY" help:"Value of X-Toktok-Key; two while it is changed."`
	SkillKeyFile      string   `env:"TOKTOK_SKILL_KEY_FILE" help:"File with it."`
	BotID             []string `env:"TOKTOK_BOT_ID" help:"Bots that may call; empty accepts all."`
	KakaoRestKey      string   `env:"TOKTOK_KAKAO_REST_KEY" help:"REST API key for the Event API."`
	KakaoRestKeyFile  string   `env:"TOKTOK_KAKAO_REST_KEY_FILE" help:"File with it."`
	KakaoAdminKey     string   `env:"TOKTOK_KAKAO_ADMIN_KEY" help:"Admin key, for /kakao/channel."`
	KakaoAdminKeyFile string   `env:"TOKTOK_KAKAO_ADMIN_KEY_FILE" help:"File with it."`
	KakaoAPI          string   `name:"kakao-api" env:"TOKTOK_KAKAO_API" help:"Origin of Kakao's API (https://bot-api.kakao.com)."`
	KakaoEvent        string   `env:"TOKTOK_KAKAO_EVENT" default:"toktok_reply" help:"Name of the event."`
	KakaoEventBlock   string   `env:"TOKTOK_KAKAO_EVENT_BLOCK" help:"Id of the event's block."`
	MediaHosts        []string `env:"TOKTOK_MEDIA_HOSTS" default:"kakaocdn.net,kakao.com" help:"Hosts that photos may be fetched from."`
	TLSCert           string   `name:"tls-cert" env:"TOKTOK_TLS_CERT" help:"Certificate file."`
	TLSKey            string   `name:"tls-key" env:"TOKTOK_TLS_KEY" help:"Its key file."`
	TrustedProxies    []string `env:"TOKTOK_TRUSTED_PROXIES" help:"Addresses or networks whose X-Forwarded-For counts."`
	AdminNets         []string `env:"TOKTOK_ADMIN_NETS" help:"Addresses or networks that may use desk and API."`
	KeyFile           string   `env:"TOKTOK_KEY_FILE" help:"Seals secrets at rest (data/key)."`
	MetricsToken      string   `env:"TOKTOK_METRICS_TOKEN" help:"Bearer token of /metrics."`
	MetricsTokenFile  string   `env:"TOKTOK_METRICS_TOKEN_FILE" help:"File with it."`
	Log               string   `env:"TOKTOK_LOG" default:"info" help:"Least level logged: debug, info, warn or error."`

	// Check reads them from TrustedProxies and AdminNets.
	Proxies []netip.Prefix `kong:"-"`
	Inside  []netip.Prefix `kong:"-"`
	// Check loads TLSCert and TLSKey; nil without.
	Certificates []tls.Certificate `kong:"-"`
}

// Logger writes JSON from the least level on. The level was checked.
func (s *Env) Logger(w io.Writer) *slog.Logger {
	var level slog.Level // info
	_ = level.UnmarshalText([]byte(s.Log))
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// KakaoAPI is where Kakao answers in production.
const KakaoAPI = "https://bot-api.kakao.com"

// Check reads the secrets' files and reports every wrong setting in one error. Texts are read here and not by the
// command line, which stops at the first it cannot read.
func (s *Env) Check() error {
	var wrong []error
	secret := func(name, file string, value *string) {
		if file == "" {
			return
		}
		text, err := os.ReadFile(file)
		*value = strings.TrimSpace(string(text))
		if err == nil && *value == "" {
			err = fmt.Errorf("%s is empty", file)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s_FILE: %w", name, err))
		}
	}
	var keys string
	secret("TOKTOK_SKILL_KEY", s.SkillKeyFile, &keys)
	if keys != "" {
		s.SkillKey = strings.FieldsFunc(keys, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' || r == ' ' })
	}
	secret("TOKTOK_KAKAO_REST_KEY", s.KakaoRestKeyFile, &s.KakaoRestKey)
	secret("TOKTOK_KAKAO_ADMIN_KEY", s.KakaoAdminKeyFile, &s.KakaoAdminKey)
	secret("TOKTOK_METRICS_TOKEN", s.MetricsTokenFile, &s.MetricsToken)
	for _, list := range [][]string{s.SkillKey, s.BotID, s.MediaHosts} {
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
	}
	if len(s.SkillKey) == 0 {
		wrong = append(wrong, errors.New("TOKTOK_SKILL_KEY is missing: make one with `openssl rand -hex 24` and enter it in the skill's header X-Toktok-Key"))
	}
	if len(s.SkillKey) > 2 {
		wrong = append(wrong, errors.New("TOKTOK_SKILL_KEY takes one value, or two while it is changed"))
	}
	if slices.ContainsFunc(s.SkillKey, func(key string) bool { return len(key) < 32 }) {
		wrong = append(wrong, errors.New("TOKTOK_SKILL_KEY must have at least 32 characters"))
	}
	for _, origin := range [][2]string{{"TOKTOK_PUBLIC_URL", s.PublicURL}, {"TOKTOK_KAKAO_API", s.KakaoAPI}} {
		name, raw := origin[0], origin[1]
		u, err := url.Parse(raw)
		if raw != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "") {
			wrong = append(wrong, fmt.Errorf("%s must be an origin such as https://talk.example.kr", name))
		}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		wrong = append(wrong, errors.New("TOKTOK_TLS_CERT and TOKTOK_TLS_KEY belong together"))
	} else if s.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("TOKTOK_TLS_CERT, TOKTOK_TLS_KEY: %w", err))
		}
		s.Certificates = []tls.Certificate{pair}
	}
	for _, host := range s.MediaHosts {
		if host == "" || strings.ContainsAny(host, "/@?# *") {
			wrong = append(wrong, fmt.Errorf("TOKTOK_MEDIA_HOSTS: %q must be a host, such as kakaocdn.net or 127.0.0.1:9000", host))
		}
	}
	for _, socket := range [][2]string{{"TOKTOK_LISTEN", s.Listen}, {"TOKTOK_ADMIN_LISTEN", s.AdminListen}} {
		_, port, err := net.SplitHostPort(socket[1])
		if err == nil {
			_, err = net.LookupPort("tcp", port)
		}
		if socket[1] != "" && (err != nil || port == "") {
			wrong = append(wrong, fmt.Errorf("%s must be an address with a port, such as 127.0.0.1:8080", socket[0]))
		}
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s.Log) {
		wrong = append(wrong, errors.New("TOKTOK_LOG must be debug, info, warn or error"))
	}
	s.Proxies, wrong = networks("TOKTOK_TRUSTED_PROXIES", s.TrustedProxies, wrong)
	s.Inside, wrong = networks("TOKTOK_ADMIN_NETS", s.AdminNets, wrong)
	s.PublicURL, s.KakaoAPI = strings.TrimSuffix(s.PublicURL, "/"), strings.TrimSuffix(s.KakaoAPI, "/")
	return errors.Join(wrong...)
}

// networks reads addresses and networks; an address is the network of itself.
func networks(name string, texts []string, wrong []error) ([]netip.Prefix, []error) {
	var list []netip.Prefix
	for _, text := range texts {
		text = strings.TrimSpace(text)
		p, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %q must be an address or a network, such as 10.0.0.0/8", name, text))
			continue
		}
		list = append(list, p)
	}
	return list, wrong
}
