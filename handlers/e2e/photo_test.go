package e2e

import (
	"bytes"
	bigendian "encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// drawn is a picture of that size.
func drawn(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(x ^ y), 255})
		}
	}
	return m
}

// secretOfPhone is what a phone writes into a photo and nobody may hand on.
const secretOfPhone = "phone-serial-0123456789"

// jpegWithExif is a photo as a phone makes it: metadata with the maker's note in front of the picture.
func jpegWithExif(t testing.TB, w, h int) []byte {
	t.Helper()
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, drawn(w, h), nil); err != nil {
		t.Fatal(err)
	}
	// TIFF header, one entry: ImageDescription (0x010e) as ASCII.
	words := append([]byte(secretOfPhone), 0)
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x0e, 0, 2}
	tiff = bigendian.BigEndian.AppendUint32(tiff, uint32(len(words)))
	tiff = bigendian.BigEndian.AppendUint32(tiff, 26)
	tiff = append(append(tiff, 0, 0, 0, 0), words...)
	payload := append([]byte("Exif\x00\x00"), tiff...)
	out := []byte{0xff, 0xd8, 0xff, 0xe1}
	out = bigendian.BigEndian.AppendUint16(out, uint16(len(payload)+2))
	return append(append(out, payload...), plain.Bytes()[2:]...)
}

// photos waits until the case has that many pictures to fetch and returns them.
func (s *server) photos(number string, n int) []file {
	s.t.Helper()
	var got []file
	eventually(s.t, fmt.Sprintf("%s has %d photos", number, n), func() (string, bool) {
		got = nil
		for _, m := range s.ticket(number).Messages {
			for _, f := range m.Files {
				if f.URL != nil {
					got = append(got, f)
				}
			}
		}
		return fmt.Sprintf("%+v", got), len(got) == n
	})
	return got
}

// picture fetches a file through the API and reads it.
func (s *server) picture(f file) ([]byte, image.Image) {
	s.t.Helper()
	a, err := s.do(http.MethodGet, *f.URL, s.token, nil)
	if err != nil || a.status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %v", *f.URL, a.status, err)
	}
	if got := a.header.Get("Content-Type"); got != f.Type || !strings.HasPrefix(got, "image/") || a.header.Get("X-Content-Type-Options") != "nosniff" {
		s.t.Errorf("%s is served as %q, listed as %q", *f.URL, got, f.Type)
	}
	if int64(len(a.body)) != f.Size {
		s.t.Errorf("%s has %d bytes, listed are %d", *f.URL, len(a.body), f.Size)
	}
	m, _, err := image.Decode(bytes.NewReader(a.body))
	if err != nil {
		s.t.Fatalf("%s: %v", *f.URL, err)
	}
	if a, err := s.do(http.MethodGet, *f.URL, "", nil); err != nil || a.status != http.StatusUnauthorized {
		s.t.Errorf("%s without a token: %d %v", *f.URL, a.status, err)
	}
	return a.body, m
}

func TestPhotoIsFetchedDrawnAnewAndServed(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	citizen := s.phone("사진 보내는 사람", true)
	number := numberIn(t, citizen.say("도로가 파였어요.").texts())
	sent := jpegWithExif(t, 640, 480)
	got := citizen.photo(false, sent).texts()
	if len(got) == 0 || !strings.Contains(got[len(got)-1], "사진") {
		t.Errorf("the photo is answered %q", got)
	}
	files := s.photos(number, 1)
	body, picture := s.picture(files[0])
	if size := picture.Bounds().Size(); size != image.Pt(640, 480) {
		t.Errorf("the picture has %v", size)
	}
	if bytes.Contains(body, []byte(secretOfPhone)) || bytes.Contains(body, []byte("Exif")) {
		t.Error("the phone's metadata is handed on")
	}
	s.stop()
	folderLacks(t, s.dir, secretOfPhone)
	s.run()
	if again, _ := s.picture(s.photos(number, 1)[0]); !bytes.Equal(again, body) {
		t.Error("after a restart the picture is another")
	}
}

func TestSecureImagePluginWithTwoPhotos(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	citizen := s.phone("안심 사진", false)
	number := numberIn(t, citizen.say("공사장 사진을 보낼게요.").texts())
	var shot bytes.Buffer
	if err := png.Encode(&shot, drawn(300, 200)); err != nil {
		t.Fatal(err)
	}
	citizen.photo(true, jpegWithExif(t, 320, 240), shot.Bytes())
	sizes := map[image.Point]bool{}
	for _, f := range s.photos(number, 2) {
		_, m := s.picture(f)
		sizes[m.Bounds().Size()] = true
	}
	if !sizes[image.Pt(320, 240)] || !sizes[image.Pt(300, 200)] {
		t.Errorf("the pictures have %v", sizes)
	}
	for _, m := range s.ticket(number).Messages {
		if strings.Contains(m.Text, "이미지 전송 완료") || strings.Contains(m.Text, "http") {
			t.Errorf("the plugin's words are on file: %q", m.Text)
		}
	}
}

func TestFileThatIsNoPictureIsNotServedNorKept(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	citizen := s.phone("가짜 사진", true)
	number := numberIn(t, citizen.say("사진을 보낼게요.").texts())
	const evil = "<svg onload=alert(1)>, not a picture at all"
	citizen.photo(false, []byte(evil))
	eventually(t, "the file was fetched", func() (string, bool) {
		got := s.exchanges("media", "/simulator/photos/")
		return fmt.Sprint(got), len(got) > 0
	})
	citizen.photo(false, jpegWithExif(t, 64, 64)) // and the one after it is
	good := s.photos(number, 1)
	s.stop()
	folderLacks(t, s.dir, evil)
	s.run() // where the fetch goes on if it was cut short
	listed := 0
	for _, m := range s.ticket(number).Messages {
		listed += len(m.Files)
	}
	if listed != 2 || *s.photos(number, 1)[0].URL != *good[0].URL {
		t.Errorf("%d files are listed, served is %+v", listed, good)
	}
}

func TestPhotoThatCannotBeHadIsAskedForAgainOnceACase(t *testing.T) {
	t.Parallel()
	s, k := office(t)
	friend := k.person("photographer", true)
	number := numberIn(t, friend.say("맨홀 뚜껑이 없어요."))
	const asked = "한 번만 다시 보내 주세요"
	for i := range 2 {
		link := fmt.Sprintf("%s/photos/gone-%d.jpg?expires=%d", k.web.URL, i, time.Now().Add(2*time.Second).Unix())
		body := request(friend.key, true, link)
		body["userRequest"].(map[string]any)["params"] = map[string]any{"media": map[string]any{"type": "image", "url": link}}
		a, err := knock(s.ready.URL+"/kakao/skill", skillKey, encode(body))
		if err == nil {
			_, err = shows(a)
		}
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the link was tried and the citizen asked", func() (string, bool) {
			n, _ := friend.times(asked)
			return fmt.Sprintf("tried %d, asked %d", k.gone.Load(), n), n > 0 && k.gone.Load() > int64(i)
		})
	}
	k.part()
	s.stop() // what was fetched is settled, or goes on at the start
	s.run()
	k.meet(s)
	s.settle(number)
	friend.once(asked, "event")
	if lines := s.ticket(number).lines(asked); len(lines) != 1 {
		t.Errorf("asked %d times", len(lines))
	}
}

func TestPhotoFromAnotherHostIsNeverFetched(t *testing.T) {
	t.Parallel()
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { visits.Add(1); http.Error(w, "no", 404) }))
	defer elsewhere.Close()
	s, k := office(t)
	for i, link := range []string{
		elsewhere.URL + "/a.jpg", strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) + "/b.jpg",
		strings.Replace(elsewhere.URL, "http://", "http://"+strings.TrimPrefix(k.web.URL, "http://")+"@", 1) + "/c.jpg", "file:///etc/passwd",
	} {
		body := request(userKey(fmt.Sprint("media ", i)), true, link)
		body["userRequest"].(map[string]any)["params"] = map[string]any{"media": map[string]any{"type": "image", "url": link}}
		a, err := knock(s.ready.URL+"/kakao/skill", skillKey, encode(body))
		if err == nil {
			_, err = shows(a)
		}
		if err != nil {
			t.Errorf("%s: %v", link, err)
		}
	}
	// When a photo of the allowed host that came after them has been fetched, so would they have been.
	friend := k.person("photographer", true)
	link := k.web.URL + "/photos/good.jpg"
	body := request(friend.key, true, link)
	body["userRequest"].(map[string]any)["params"] = map[string]any{"media": map[string]any{"type": "image", "url": link}}
	a, err := knock(s.ready.URL+"/kakao/skill", skillKey, encode(body))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := shows(a)
	if err != nil {
		t.Fatal(err)
	}
	s.photos(numberIn(t, texts(shown)), 1)
	if n := visits.Load(); n != 0 {
		t.Errorf("a host that is not allowed was visited %d times", n)
	}
}
