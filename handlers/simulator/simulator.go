// Package simulator is a KakaoTalk that runs in the same process, for the demo and for tests. It plays both sides of
// the real protocols over real HTTP: it calls the skill webhook as Kakao does, serves the Event API, the callback
// address and the media host, and judges every answer by Kakao's rules, with the reason shown. Its phone page and its
// JSON API let people and programs be citizens.
//
// It may import store/kakao/* and the standard library, never store: it knows only what Kakao knows. It is the one
// package of handlers that reads the wall clock, because Kakao's limits run on real time. Section numbers in comments
// (§5.1) are those of the fact sheet kakao-chatbot.md.
package simulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Limits of Kakao's that the simulator keeps.
const (
	skillLimit    = 5 * time.Second  // §1.1: not configurable
	callbackLife  = time.Minute      // §4: valid 1 minute, once
	callbackEarly = time.Second      // §4: sooner was refused to some; recorded here, not refused
	photoLife     = 10 * time.Minute // §2.3: at most 10 minutes
	eventPrice    = 15               // §5.4: won for each message that was delivered
)

// Limits of the simulator's own memory.
const (
	maxAnswer  = 1 << 20
	maxPhoto   = 20 << 20
	maxPhotos  = 400
	maxTasks   = 2000
	maxLog     = 500
	maxScreen  = 2000
	maxCitizen = 10000
)

// Options says whose KakaoTalk it is. Only Skill is needed to talk, and Files to show the page.
type Options struct {
	Skill    string // full URL of the webhook; SetSkill may set it later
	SkillKey string // value of the header X-Toktok-Key
	Base     string // origin under which Handler is reached; default the origin of Skill

	BotID         string            // a trailing "!" makes it the development bot
	RESTKey       string            // key the Event API asks for
	EventName     string            // the one event that has a block
	EventBlock    string            // id of that block
	FallbackBlock string            // id of the block that free text and photos reach
	Blocks        map[string]string // further blocks by id, with their names

	Client *http.Client
	Log    *slog.Logger
	Now    func() time.Time // wall clock for Kakao's limits; default time.Now
	Clock  func() time.Time // clock of the service, shown beside the bubbles; default Now
	Files  fs.FS            // page.html, simulator.css, simulator.js, icon.svg
	Desk   string           // where the page links to for the operators; default /tickets

	SkillLimit time.Duration // how long Kakao waits for the skill; default 5 s
}

// Simulator is one KakaoTalk with its citizens. All methods may be used at the same time.
type Simulator struct {
	opt    Options
	mux    *http.ServeMux
	page   *template.Template
	assets map[string]asset

	ctx    context.Context // of what runs after an answer: event blocks
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu          sync.Mutex
	skill, base string
	dev         bool
	citizens    []*Citizen // in order of their coming
	faults      map[Fault]*faultState
	tasks       map[string]*task
	taskOrder   []string
	callbacks   map[string]*callback
	photos      map[string]*photo
	photoOrder  []string
	log         []Exchange
	watchers    map[chan notice]struct{}
	lastID      int64
	spent       int // won
	closed      bool
}

// Errors of the citizen's side.
var (
	ErrNoSkill  = errors.New("simulator: the skill's address is not set")
	ErrNoButton = errors.New("simulator: no such button or quick reply on the screen")
	ErrNoPhoto  = errors.New("simulator: no photo")
)

// RefusedError means that the citizen saw nothing, and why.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "simulator: nothing shown: " + e.Reason }

// New returns a KakaoTalk without citizens. Close it when done. It fails only if the page's files are there but broken.
func New(o Options) (*Simulator, error) {
	if o.Client == nil {
		o.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Clock == nil {
		o.Clock = o.Now
	}
	o.BotID = cmp.Or(o.BotID, "66f0a9ffc3d2e14b7a9f0000")
	o.EventName = cmp.Or(o.EventName, "toktok_reply")
	o.EventBlock = cmp.Or(o.EventBlock, "66f0aa01c3d2e14b7a9f0030")
	o.FallbackBlock = cmp.Or(o.FallbackBlock, "66f0aa01c3d2e14b7a9f0001")
	o.SkillLimit = cmp.Or(o.SkillLimit, skillLimit)
	o.Desk = cmp.Or(o.Desk, "/tickets")
	s := &Simulator{
		opt: o, skill: o.Skill, base: o.Base, dev: strings.HasSuffix(o.BotID, "!"),
		faults: map[Fault]*faultState{}, tasks: map[string]*task{}, callbacks: map[string]*callback{},
		photos: map[string]*photo{}, watchers: map[chan notice]struct{}{},
	}
	if o.Files != nil {
		if err := s.loadPage(o.Files); err != nil {
			return nil, fmt.Errorf("simulator: page: %w", err)
		}
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.mux = s.routes()
	return s, nil
}

// Close ends what still runs, and the live streams of the page, which a server's Shutdown would wait for.
func (s *Simulator) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
}

// Wait returns when no event block runs any more.
func (s *Simulator) Wait() { s.work.Wait() }

// SetSkill sets the full URL of the webhook, once its port is known.
func (s *Simulator) SetSkill(u string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skill = u
}

// SetBase sets the origin under which Handler is reached; photos and callbacks are named by it.
func (s *Simulator) SetBase(origin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = strings.TrimRight(origin, "/")
}

// SetDev chooses between the deployed bot and its development bot, whose id ends with "!" (§1.6). Every citizen has
// another key in each.
func (s *Simulator) SetDev(dev bool) {
	s.mu.Lock()
	s.dev = dev
	s.mu.Unlock()
	s.notify(notice{Topic: "state"})
}

// Spent returns what the event messages have cost so far, in won.
func (s *Simulator) Spent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent
}

// Citizen returns the citizen of that name, who comes into being with the first call; friend is set each time.
func (s *Simulator) Citizen(name string, friend bool) *Citizen {
	s.mu.Lock()
	c := s.citizenLocked(name)
	c.friend = friend
	s.mu.Unlock()
	s.notify(notice{Topic: "state"})
	return c
}

func (s *Simulator) citizenLocked(name string) *Citizen {
	for _, c := range s.citizens {
		if c.name == name {
			return c
		}
	}
	c := &Citizen{s: s, id: "c" + digest("citizen", name)[:10], name: name}
	s.citizens = append(s.citizens, c)
	return c
}

func (s *Simulator) byID(id string) *Citizen {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.citizens {
		if c.id == id {
			return c
		}
	}
	return nil
}

// botLocked returns the exact id of the bot in use.
func (s *Simulator) botLocked() string {
	id := strings.TrimSuffix(s.opt.BotID, "!")
	if s.dev {
		return id + "!"
	}
	return id
}

func (s *Simulator) originLocked() string {
	if s.base != "" {
		return s.base
	}
	u, err := url.Parse(s.skill)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (s *Simulator) nextIDLocked() int64 {
	s.lastID++
	return s.lastID
}

// uuid returns a random id in the form Kakao uses for requests and tasks.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
