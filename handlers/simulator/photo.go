package simulator

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	viewPath   = "/simulator/api/view/"    // a citizen's own photo on the phone page; does not expire
	mediaPath  = "/simulator/photos/"      // the media host
	samplePath = "/simulator/api/samples/" // pictures to send
)

type photo struct {
	id, signature string
	bytes         []byte
	until         time.Time
}

// addPhoto keeps any bytes: what a phone sends need not be the picture it claims to be.
func (s *Simulator) addPhoto(b []byte) (*photo, error) {
	if len(b) == 0 || len(b) > maxPhoto {
		return nil, ErrNoPhoto
	}
	p := &photo{id: uuid(), signature: uuid(), bytes: bytes.Clone(b), until: s.opt.Now().Add(photoLife)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.photos[p.id] = p
	s.photoOrder = append(s.photoOrder, p.id)
	if len(s.photoOrder) > maxPhotos {
		delete(s.photos, s.photoOrder[0])
		s.photoOrder = s.photoOrder[1:]
	}
	return p, nil
}

// photoLink returns the signed link that the skill gets (§2.1).
func (s *Simulator) photoLink(p *photo) string {
	s.mu.Lock()
	origin := s.originLocked()
	s.mu.Unlock()
	q := url.Values{"credential": {"simulator"}, "expires": {strconv.FormatInt(p.until.Unix(), 10)}, "signature": {p.signature}}
	return origin + mediaPath + p.id + ".jpg?" + q.Encode()
}

// media is GET /simulator/photos/{name}, the media host.
func (s *Simulator) media(w http.ResponseWriter, r *http.Request) {
	x := Exchange{Direction: FromMedia, Method: r.Method, URL: r.URL.Path, Status: http.StatusOK, Verdict: "보냄"}
	id, _ := strings.CutSuffix(r.PathValue("name"), ".jpg")
	s.mu.Lock()
	p := s.photos[id]
	s.mu.Unlock()
	switch {
	case p == nil:
		x.Status, x.Verdict, x.Reason = http.StatusNotFound, "거절", "모르는 사진이에요"
	case subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("signature")), []byte(p.signature)) != 1:
		x.Status, x.Verdict, x.Reason = http.StatusForbidden, "거절", "서명이 맞지 않아요"
	case !s.opt.Now().Before(p.until):
		x.Status, x.Verdict, x.Reason = http.StatusForbidden, "거절", "링크의 시간이 지났어요"
	}
	s.record(x)
	if x.Status != http.StatusOK {
		http.Error(w, http.StatusText(x.Status), x.Status)
		return
	}
	writePicture(w, p.bytes)
}

// view is GET /simulator/api/view/{id}: the photo as its sender sees it.
func (s *Simulator) view(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p := s.photos[r.PathValue("id")]
	s.mu.Unlock()
	if p == nil {
		http.NotFound(w, r)
		return
	}
	writePicture(w, p.bytes)
}

func writePicture(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Type", "image/jpeg") // §2.1: the content type was unreliable; ours always says this
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // the caller may be gone
}

// Samples are the pictures that can be sent without having one: name and Korean words.
var samples = []struct {
	name, text string
	paint      func(*image.RGBA)
}{
	{"lamp", "꺼진 가로등", paintLamp},
	{"pothole", "파인 도로", paintPothole},
	{"trash", "쌓인 쓰레기", paintTrash},
}

var painted sync.Map // name → JPEG

// SamplePhoto returns a made-up picture as JPEG: lamp, pothole or trash.
func SamplePhoto(name string) ([]byte, error) {
	if b, ok := painted.Load(name); ok {
		return b.([]byte), nil
	}
	for _, sample := range samples {
		if sample.name != name {
			continue
		}
		img := image.NewRGBA(image.Rect(0, 0, 800, 600))
		sample.paint(img)
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 82}); err != nil {
			return nil, fmt.Errorf("simulator: sample photo: %w", err)
		}
		painted.Store(name, buf.Bytes())
		return buf.Bytes(), nil
	}
	return nil, ErrNoPhoto
}

func (s *Simulator) sample(w http.ResponseWriter, r *http.Request) {
	b, err := SamplePhoto(r.PathValue("name"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "max-age=3600")
	writePicture(w, b)
}

func fill(m *image.RGBA, x0, y0, x1, y1 int, c color.RGBA) {
	draw.Draw(m, image.Rect(x0, y0, x1, y1), image.NewUniform(c), image.Point{}, draw.Src)
}

// blob fills an ellipse.
func blob(m *image.RGBA, cx, cy, rx, ry int, c color.RGBA) {
	for y := cy - ry; y <= cy+ry; y++ {
		for x := cx - rx; x <= cx+rx; x++ {
			dx, dy := float64(x-cx)/float64(rx), float64(y-cy)/float64(ry)
			if dx*dx+dy*dy <= 1 {
				m.SetRGBA(x, y, c)
			}
		}
	}
}

func fade(m *image.RGBA, top, bottom color.RGBA) {
	h := m.Bounds().Dy()
	mix := func(a, b uint8, y int) uint8 { return uint8((int(a)*(h-y) + int(b)*y) / h) }
	for y := range h {
		fill(m, 0, y, m.Bounds().Dx(), y+1, color.RGBA{mix(top.R, bottom.R, y), mix(top.G, bottom.G, y), mix(top.B, bottom.B, y), 255})
	}
}

func paintLamp(m *image.RGBA) {
	fade(m, color.RGBA{16, 22, 44, 255}, color.RGBA{52, 56, 84, 255})
	fill(m, 0, 470, 800, 600, color.RGBA{40, 42, 48, 255})
	fill(m, 60, 250, 220, 470, color.RGBA{34, 36, 52, 255})
	for i := range 6 {
		fill(m, 80+i%2*70, 280+i/2*60, 120+i%2*70, 312+i/2*60, color.RGBA{222, 184, 92, 255})
	}
	fill(m, 470, 120, 484, 500, color.RGBA{120, 124, 132, 255})
	fill(m, 380, 120, 484, 132, color.RGBA{120, 124, 132, 255})
	blob(m, 380, 142, 42, 18, color.RGBA{70, 74, 82, 255})
}

func paintPothole(m *image.RGBA) {
	fade(m, color.RGBA{150, 152, 156, 255}, color.RGBA{96, 98, 104, 255})
	for i := range 5 {
		fill(m, 380, i*140, 410, i*140+80, color.RGBA{236, 232, 214, 255})
	}
	blob(m, 250, 380, 170, 84, color.RGBA{72, 70, 70, 255})
	blob(m, 258, 388, 138, 62, color.RGBA{40, 36, 34, 255})
	blob(m, 230, 402, 80, 26, color.RGBA{88, 104, 120, 255})
}

func paintTrash(m *image.RGBA) {
	fade(m, color.RGBA{206, 214, 220, 255}, color.RGBA{150, 146, 138, 255})
	fill(m, 0, 440, 800, 600, color.RGBA{128, 124, 118, 255})
	for i, c := range []color.RGBA{{60, 66, 78, 255}, {238, 238, 232, 255}, {86, 128, 92, 255}, {52, 56, 66, 255}, {228, 196, 120, 255}} {
		blob(m, 190+i*105, 430-i%2*46, 84, 96, c)
		blob(m, 190+i*105, 330-i%2*46, 18, 22, c)
	}
	fill(m, 560, 380, 700, 500, color.RGBA{176, 132, 84, 255})
	fill(m, 560, 434, 700, 444, color.RGBA{140, 100, 60, 255})
}
