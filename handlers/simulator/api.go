package simulator

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"toktok/store/kakao/skill"
)

// Serves reports whether Handler answers under that path; a server in front of it hands such requests over unchanged.
func Serves(path string) bool {
	return path == "/simulator" || strings.HasPrefix(path, "/simulator/") || strings.HasPrefix(path, "/v1/bots/") ||
		strings.HasPrefix(path, "/v1/tasks/") || strings.HasPrefix(path, "/v2/bots/")
}

// Handler serves the phone page with its API under /simulator, and the Kakao side: the Event API, its tasks, the
// callback address and the media host.
func (s *Simulator) Handler() http.Handler { return s.mux }

func (s *Simulator) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("POST /v2/bots/{bot}/talk", s.talk)
	m.HandleFunc("GET /v1/tasks/{id}", s.result)
	m.HandleFunc("POST /v1/bots/{bot}/callback/{token}", s.postCallback)
	m.HandleFunc("GET "+mediaPath+"{name}", s.media)

	m.HandleFunc("GET /simulator", s.servePage)
	m.HandleFunc("GET /simulator/{$}", s.servePage)
	m.HandleFunc("GET /simulator/assets/{hash}/{name}", s.serveAsset)
	m.HandleFunc("GET "+viewPath+"{id}", s.view)
	m.HandleFunc("GET "+samplePath+"{name}", s.sample)
	m.HandleFunc("GET /simulator/api/events", s.events)
	m.HandleFunc("GET /simulator/api/state", s.state)
	m.HandleFunc("GET /simulator/api/log", s.getLog)
	m.HandleFunc("GET /simulator/api/faults", s.getFaults)
	m.HandleFunc("POST /simulator/api/faults", s.postFault)
	m.HandleFunc("POST /simulator/api/bot", s.postBot)
	m.HandleFunc("GET /simulator/api/citizens", s.getCitizens)
	m.HandleFunc("POST /simulator/api/citizens", s.postCitizen)

	citizen := func(pattern string, h func(http.ResponseWriter, *http.Request, *Citizen)) {
		method, path, _ := strings.Cut(pattern, " ")
		m.HandleFunc(method+" /simulator/api/citizens/{id}"+path, func(w http.ResponseWriter, r *http.Request) {
			c := s.byID(r.PathValue("id"))
			if c == nil {
				fail(w, http.StatusNotFound, "그런 시민이 없어요")
				return
			}
			h(w, r, c)
		})
	}
	citizen("GET /screen", s.getScreen)
	citizen("POST /say", s.postSay)
	citizen("POST /photo", s.postPhoto)
	citizen("POST /tap", s.postTap)
	citizen("POST /repeat", func(w http.ResponseWriter, r *http.Request, c *Citizen) {
		turn, err := c.Repeat(context.WithoutCancel(r.Context()))
		answerTurn(w, turn, err)
	})
	flag := func(path, key string, set func(*Citizen, bool)) {
		citizen("POST "+path, func(w http.ResponseWriter, r *http.Request, c *Citizen) {
			in := map[string]bool{}
			if !read(w, r, &in) {
				return
			}
			on, ok := in[key]
			if !ok {
				fail(w, http.StatusUnprocessableEntity, key+": true 또는 false가 필요해요")
				return
			}
			set(c, on)
			reply(w, c.info())
		})
	}
	flag("/friend", "friend", func(c *Citizen, on bool) { c.set(func() { c.friend = on }) })
	flag("/block", "blocked", func(c *Citizen, on bool) { c.set(func() { c.blocked = on }) })
	flag("/callback", "callback", (*Citizen).SetCallback)
	return m
}

// Info is a citizen as the JSON API tells of him.
type Info struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Key      string `json:"key"` // bot user key in the bot in use
	Friend   bool   `json:"friend"`
	Blocked  bool   `json:"blocked"`
	Callback bool   `json:"callback"`
}

func (c *Citizen) info() Info {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.infoLocked()
}

func (c *Citizen) infoLocked() Info {
	return Info{ID: c.id, Name: c.name, Key: c.keyIn(c.s.botLocked()), Friend: c.friend, Blocked: c.blocked, Callback: c.callback}
}

// Citizens returns everybody in order of their coming.
func (s *Simulator) Citizens() []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Info, 0, len(s.citizens))
	for _, c := range s.citizens {
		list = append(list, c.infoLocked())
	}
	return list
}

func (s *Simulator) state(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	bot, dev, spent := s.botLocked(), s.dev, s.spent
	s.mu.Unlock()
	reply(w, map[string]any{"citizens": s.Citizens(), "bot": bot, "dev": dev, "spent": spent, "clock": s.opt.Clock(), "event": s.opt.EventName})
}

func (s *Simulator) getCitizens(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"citizens": s.Citizens()})
}

func (s *Simulator) postCitizen(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name   string `json:"name"`
		Friend bool   `json:"friend"`
	}
	if !read(w, r, &in) {
		return
	}
	in.Name = strings.TrimSpace(in.Name)
	if in.Name == "" || skill.Count(in.Name) > 30 {
		fail(w, http.StatusUnprocessableEntity, "이름은 1~30자로 적어 주세요")
		return
	}
	s.mu.Lock()
	full := len(s.citizens) >= maxCitizen
	s.mu.Unlock()
	if full {
		fail(w, http.StatusInsufficientStorage, "시민이 너무 많아요")
		return
	}
	reply(w, s.Citizen(in.Name, in.Friend).info())
}

func (s *Simulator) getScreen(w http.ResponseWriter, _ *http.Request, c *Citizen) {
	s.mu.Lock()
	bubbles, chips, info := slices.Clone(c.screen), slices.Clone(c.chips), c.infoLocked()
	s.mu.Unlock()
	if bubbles == nil {
		bubbles = []Bubble{}
	}
	if chips == nil {
		chips = []skill.QuickReply{}
	}
	reply(w, map[string]any{"citizen": info, "bubbles": bubbles, "quick_replies": chips})
}

// What the citizen does goes on when the page is closed: hence WithoutCancel.

func (s *Simulator) postSay(w http.ResponseWriter, r *http.Request, c *Citizen) {
	var in struct {
		Text string `json:"text"`
	}
	if !read(w, r, &in) {
		return
	}
	if strings.TrimSpace(in.Text) == "" {
		fail(w, http.StatusUnprocessableEntity, "보낼 글이 없어요")
		return
	}
	turn, err := c.Say(context.WithoutCancel(r.Context()), in.Text)
	answerTurn(w, turn, err)
}

func (s *Simulator) postTap(w http.ResponseWriter, r *http.Request, c *Citizen) {
	var in struct {
		Label  string `json:"label"`
		Bubble int64  `json:"bubble"` // 0 = the newest that has it
	}
	if !read(w, r, &in) {
		return
	}
	turn, err := c.tap(context.WithoutCancel(r.Context()), in.Bubble, in.Label)
	answerTurn(w, turn, err)
}

// postPhoto takes a raw body, a multipart form with one or more files, or ?sample=NAME; ?secure=1 sends them through
// the secure image plugin. Several photos without it are one skill call each.
func (s *Simulator) postPhoto(w http.ResponseWriter, r *http.Request, c *Citizen) {
	pictures, err := readPictures(w, r)
	if err != nil || len(pictures) == 0 {
		fail(w, http.StatusUnprocessableEntity, "사진을 읽을 수 없어요 (한 장에 20 MB까지)")
		return
	}
	ctx := context.WithoutCancel(r.Context())
	if r.URL.Query().Get("secure") != "" {
		turn, err := c.SecurePhotos(ctx, pictures...)
		answerTurn(w, turn, err)
		return
	}
	var turn Turn
	for _, p := range pictures {
		if turn, err = c.Photo(ctx, p); err != nil {
			break
		}
	}
	answerTurn(w, turn, err)
}

func readPictures(w http.ResponseWriter, r *http.Request) ([][]byte, error) {
	if name := r.URL.Query().Get("sample"); name != "" {
		b, err := SamplePhoto(name)
		return [][]byte{b}, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, 10*maxPhoto)
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "multipart/form-data" {
		b, err := io.ReadAll(io.LimitReader(r.Body, maxPhoto+1))
		return [][]byte{b}, err
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	var pictures [][]byte
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return pictures, nil
		}
		if err != nil {
			return nil, err
		}
		if part.FileName() == "" {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, maxPhoto+1))
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, b)
	}
}

func (s *Simulator) getFaults(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"faults": s.Faults()})
}

// postFault takes {"fault":"event_429","count":2,"retry_after":5}, or {"fault":…,"on":true} until switched off.
func (s *Simulator) postFault(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Fault      Fault `json:"fault"`
		On         *bool `json:"on"`
		Count      int   `json:"count"`
		RetryAfter int   `json:"retry_after"` // seconds
	}
	if !read(w, r, &in) {
		return
	}
	if in.On != nil && *in.On && in.Count == 0 {
		in.Count = -1
	}
	if in.On != nil && !*in.On {
		in.Count = 0
	}
	if err := s.setFault(in.Fault, in.Count, time.Duration(min(max(in.RetryAfter, 0), 3600))*time.Second); err != nil {
		fail(w, http.StatusUnprocessableEntity, "모르는 장애예요: "+string(in.Fault))
		return
	}
	s.getFaults(w, r)
}

func (s *Simulator) postBot(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Dev bool `json:"dev"`
	}
	if !read(w, r, &in) {
		return
	}
	s.SetDev(in.Dev)
	s.state(w, r)
}

func (s *Simulator) getLog(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"log": s.Log()})
}

func answerTurn(w http.ResponseWriter, turn Turn, err error) {
	_, refused := errors.AsType[*RefusedError](err)
	switch {
	case err == nil, refused: // silence is an outcome, not an error of the call
		reply(w, turn)
	case errors.Is(err, ErrNoButton):
		fail(w, http.StatusNotFound, "화면에 그런 버튼이 없어요")
	case errors.Is(err, ErrNoPhoto):
		fail(w, http.StatusUnprocessableEntity, "사진을 읽을 수 없어요 (한 장에 20 MB까지, 보안전송은 10장까지)")
	case errors.Is(err, ErrNoSkill):
		fail(w, http.StatusServiceUnavailable, "스킬 주소가 아직 없어요")
	default:
		fail(w, http.StatusInternalServerError, "보내지 못했어요")
	}
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	if !isJSON(r) {
		fail(w, http.StatusUnsupportedMediaType, "Content-Type은 application/json이어야 해요")
		return false
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAnswer)).Decode(v); err != nil {
		fail(w, http.StatusBadRequest, "JSON을 읽을 수 없어요")
		return false
	}
	return true
}

func reply(w http.ResponseWriter, v any) { write(w, http.StatusOK, v) }

func fail(w http.ResponseWriter, status int, text string) {
	write(w, status, map[string]string{"error": text})
}

func write(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"답을 만들지 못했어요"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(cmp.Or(status, http.StatusOK))
	_, _ = w.Write(b) // the caller may be gone
}
