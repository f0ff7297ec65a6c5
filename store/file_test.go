package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/kakao/skill"
	"toktok/store/storetest"
	"toktok/store/wording"
)

func TestMediaURL(t *testing.T) {
	t.Parallel()
	hosts := []string{"kakaocdn.net", ".kakao.com", "media.example.kr:8443", "127.0.0.1:8080", "[2001:db8::5]:8080", "192.0.2.7"}
	for link, want := range map[string]bool{
		"https://talk.kakaocdn.net/dna/a.jpg?credential=x&expires=1&signature=y%3D": true,
		"https://kakaocdn.net/a.jpg":                             true,
		"http://secure.kakaocdn.net/a.jpg":                       true,
		"https://TALK.KakaoCDN.net/a.jpg":                        true,
		"https://talk.kakaocdn.net:443/a.jpg":                    true,
		"http://talk.kakaocdn.net:80/a.jpg":                      true,
		"https://dn-m.talk.kakao.com/a.jpg":                      true,
		"https://media.example.kr:8443/a.jpg":                    true,
		"http://127.0.0.1:8080/a.jpg":                            true,
		"http://[2001:db8::5]:8080/a.jpg":                        true,
		"http://192.0.2.7/a.jpg":                                 true,
		"https://talk.kakaocdn.net:8443/a.jpg":                   false, // a port nobody named
		"https://talk.kakaocdn.net:80/a.jpg":                     false,
		"https://media.example.kr/a.jpg":                         false,
		"https://evilkakaocdn.net/a.jpg":                         false, // not below the name
		"https://kakaocdn.net.evil.example/a.jpg":                false,
		"https://kakaocdn.net@evil.example/a.jpg":                false,
		"https://user:pw@talk.kakaocdn.net/a.jpg":                false,
		"https://@talk.kakaocdn.net/a.jpg":                       false,
		"https://talk.kakaocdn.net./a.jpg":                       false,
		"https://talk.kakaocdn.net:/a.jpg":                       false,
		"https://talk.kakaocdn.net:0/a.jpg":                      false,
		"https://talk.kakaocdn.net:99999/a.jpg":                  false,
		"http://127.0.0.1:8081/a.jpg":                            false,
		"http://127.0.0.1/a.jpg":                                 false,
		"http://127.0.0.2:8080/a.jpg":                            false,
		"http://2130706433:8080/a.jpg":                           false, // 127.0.0.1 as one number
		"http://0x7f.0.0.1:8080/a.jpg":                           false,
		"http://[::ffff:127.0.0.1]:8080/a.jpg":                   false,
		"http://1.192.0.2.7/a.jpg":                               false,
		"ftp://talk.kakaocdn.net/a.jpg":                          false,
		"file:///etc/passwd":                                     false,
		"javascript:alert(1)":                                    false,
		"//talk.kakaocdn.net/a.jpg":                              false,
		"https:talk.kakaocdn.net/a.jpg":                          false,
		"https:///a.jpg":                                         false,
		"talk.kakaocdn.net/a.jpg":                                false,
		"https://talk.kakaocdn.net/" + strings.Repeat("a", 5000): false,
		"": false,
	} {
		u, err := store.MediaURL(link, hosts)
		if (err == nil) != want {
			t.Errorf("%.60s: %v, want allowed %v", link, err, want)
		}
		if err != nil && len(link) > 12 && strings.Contains(err.Error(), link[8:12]) {
			t.Errorf("the error quotes the link: %v", err)
		}
		if u != nil && u.String() != link {
			t.Errorf("%s became %s", link, u)
		}
	}
	if _, err := store.MediaURL("https://talk.kakaocdn.net/a.jpg", nil); err == nil {
		t.Error("without entries a host is allowed")
	}
}

const photoLink = "https://talk.kakaocdn.net/dna/a/i_%d.jpg?credential=EXAMPLE&expires=%d&signature=EXAMPLE"

var photosSent atomic.Int64

// sendPhoto lets the citizen send a photo whose link lives for ten minutes more.
func sendPhoto(t testing.TB, db *store.DB) storetest.Heard {
	t.Helper()
	return storetest.Say(t, db, storetest.Call{Photo: fmt.Sprintf(photoLink, photosSent.Add(1), db.Real().Add(10*time.Minute).Unix())})
}

func due(t testing.TB, db *store.DB) []store.DuePhoto {
	t.Helper()
	list, err := db.DuePhotos(context.Background(), 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// photosOf reads the files and the texts of a case as the desk sees them.
func photosOf(t testing.TB, db *store.DB, number string) (files []store.File, texts []string) {
	t.Helper()
	th, err := db.Thread(context.Background(), admin, number)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range th.Messages {
		files = append(files, m.Files...)
		texts = append(texts, m.Text)
	}
	return files, texts
}

func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 64, 48))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPhotoIsShownInTheThread(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	sendPhoto(t, db)
	select {
	case <-db.Photos():
	default:
		t.Error("nobody was told that there is a photo to fetch")
	}
	c := list(t, db)[0]
	if c.Subject != "사진" {
		t.Errorf("subject %q", c.Subject)
	}
	files, texts := photosOf(t, db, c.Number)
	if len(files) != 1 || files[0].State != store.FileFetching || files[0].URL != "" || !strings.HasPrefix(files[0].Name, c.Number+"-") {
		t.Fatalf("before: %+v", files)
	}
	if words := strings.Join(texts, "\n"); strings.Contains(words, "kakaocdn") {
		t.Errorf("the link stands in the thread: %q", words)
	}
	p := due(t, db)[0]
	if want := storetest.At("2026-11-23 10:10"); !p.Expires.Equal(want) {
		t.Errorf("the link ends %v, want what it says itself: %v", p.Expires, want)
	}
	if _, _, err := db.OpenFile(context.Background(), admin, p.ID); store.KindOf(err) != store.NotFound {
		t.Errorf("a photo that is not there yet: %v", err)
	}
	if err := db.SettlePhoto(context.Background(), p.ID, store.Fetched{Body: picture(t)}); err != nil {
		t.Fatal(err)
	}
	files, _ = photosOf(t, db, c.Number)
	if f := files[0]; f.State != store.FileReady || f.Type != "image/jpeg" || f.Width != 64 || f.Height != 48 || f.Size == 0 || f.URL != fmt.Sprintf("/api/v1/files/%d", f.ID) {
		t.Errorf("after: %+v", f)
	}
	if len(due(t, db)) != 0 {
		t.Error("a photo that is there is still wanted")
	}
	kept, _ := filepath.Glob(filepath.Join(db.Dir(), "files", "*", "*"))
	if len(kept) != 1 || filepath.Ext(kept[0]) != ".jpg" {
		t.Errorf("on disk: %v", kept)
	}
}

func TestPhotoOnlyInSightOfItsCase(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	roads, err := db.AddDepartment(context.Background(), admin, store.Department{Name: "도로과", Contact: "054-779-6000"})
	if err != nil {
		t.Fatal(err)
	}
	water, err := db.AddDepartment(context.Background(), admin, store.Department{Name: "수도과", Contact: "054-779-6100"})
	if err != nil {
		t.Fatal(err)
	}
	sendPhoto(t, db)
	id := due(t, db)[0].ID
	if err := db.SettlePhoto(context.Background(), id, store.Fetched{Body: picture(t)}); err != nil {
		t.Fatal(err)
	}
	number := list(t, db)[0].Number
	staffOf := func(d store.Department) store.Actor {
		return store.Actor{Role: store.RoleDepartment, Name: "담당", Departments: []int64{d.ID}}
	}
	open := func(who store.Actor) store.Kind {
		f, r, err := db.OpenFile(context.Background(), who, id)
		if err != nil {
			return store.KindOf(err)
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil || int64(len(b)) != f.Size {
			t.Errorf("%d bytes of %d, %v", len(b), f.Size, err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(b)); err != nil {
			t.Errorf("%s reads no JPEG: %v", who.Role, err)
		}
		return ""
	}
	check := func(when string, who store.Actor, want store.Kind) {
		t.Helper()
		if got := open(who); got != want {
			t.Errorf("%s: %s gets %q, want %q", when, who.Label(), got, want)
		}
	}
	check("at the desk", staffOf(roads), store.NotFound)
	check("at the desk", admin, "")
	check("at the desk", store.Actor{Role: store.RoleAuditor}, "")
	check("at the desk", store.Actor{Role: store.RoleCitizen}, store.NotFound)
	check("at the desk", store.Actor{}, store.NotFound)
	if _, err := db.Transfer(context.Background(), admin, number, store.TransferInput{Department: roads.Ref(), Reason: "도로 시설"}); err != nil {
		t.Fatal(err)
	}
	check("after the transfer", staffOf(roads), "")
	check("after the transfer", staffOf(water), store.NotFound)

	// A row that points outside the folder opens nothing.
	for _, path := range []string{"../toktok.db", "/etc/hosts"} {
		err := db.Write(context.Background(), admin, func(tx *store.Tx) error {
			_, err := tx.Exec(`update files set path = ? where id = ?`, path, id)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, r, err := db.OpenFile(context.Background(), admin, id); err == nil {
			r.Close()
			t.Errorf("%s was opened", path)
		}
	}
}

func TestPhotoFromElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	storetest.Say(t, db, storetest.Call{Photo: "http://169.254.169.254/latest/meta-data"})
	files, _ := photosOf(t, db, list(t, db)[0].Number)
	if len(files) != 1 || files[0].State != store.FileRefused || !strings.Contains(files[0].Reason, "허용된 곳") {
		t.Errorf("files %+v", files)
	}
	if n := len(due(t, db)); n != 0 {
		t.Errorf("%d photos would be fetched", n)
	}
}

func TestPhotoThatIsNoneShowsWhy(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	sendPhoto(t, db)
	id := due(t, db)[0].ID
	if err := db.SettlePhoto(context.Background(), id, store.Fetched{Body: []byte("<html>not found</html>")}); err != nil {
		t.Fatal(err)
	}
	files, texts := photosOf(t, db, list(t, db)[0].Number)
	if files[0].State != store.FileRefused || !strings.Contains(files[0].Reason, "사진이 아닌") || len(texts) != 1 {
		t.Errorf("%+v, messages %q", files, texts)
	}
	if kept, _ := filepath.Glob(filepath.Join(db.Dir(), "files", "*", "*")); len(kept) != 0 {
		t.Errorf("on disk: %v", kept)
	}
}

func TestSecurePhotosAreFilesOfOneMessage(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	storetest.Say(t, db, storetest.Call{Secure: []string{"http://secure.kakaocdn.net/a1/img_org.jpg", "http://secure.kakaocdn.net/a2/img_org.jpg"}})
	th, err := db.Thread(context.Background(), admin, list(t, db)[0].Number)
	if err != nil {
		t.Fatal(err)
	}
	if files := th.Messages[0].Files; len(files) != 2 || files[0].Name == files[1].Name {
		t.Errorf("files %+v", files)
	}
	for _, p := range due(t, db) {
		if want := storetest.At("2026-11-23 10:10"); !p.Expires.Equal(want) {
			t.Errorf("a link without a time of its own ends %v, want %v", p.Expires, want)
		}
	}
}

// A link that claims to live for ever is believed for a day; one that has ended is still tried once.
func TestPhotoLinkLife(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	for link, want := range map[string]string{
		"https://talk.kakaocdn.net/1.jpg?expires=99999999999": "2026-11-24 10:00",
		"https://talk.kakaocdn.net/2.jpg?expires=-5":          "2026-11-23 10:10",
		"https://talk.kakaocdn.net/3.jpg?expires=soon":        "2026-11-23 10:10",
		"https://talk.kakaocdn.net/4.jpg?expires=1795395540":  "2026-11-23 09:59",
	} {
		storetest.Say(t, db, storetest.Call{Photo: link})
		found := false
		for _, p := range due(t, db) {
			if p.URL == link {
				found = true
				if !p.Expires.Equal(storetest.At(want)) || p.Next.After(db.Real()) {
					t.Errorf("%s ends %v, next %v; want end %s and a try now", link, p.Expires, p.Next, want)
				}
			}
		}
		if !found {
			t.Errorf("%s is not fetched", link)
		}
	}
}

func TestExpiredPhotoIsAskedForOnce(t *testing.T) {
	t.Parallel()
	db, clock := storetest.New(t, "2026-11-23 10:00")
	sendPhoto(t, db)
	sendPhoto(t, db)
	sendPhoto(t, db)
	number := list(t, db)[0].Number
	for _, p := range due(t, db) {
		if err := db.ExpirePhoto(context.Background(), p.ID, "사진 주소가 만료되어 받지 못했어요."); err != nil {
			t.Fatal(err)
		}
	}
	asked, err := db.Words().Render(wording.PhotoExpired, wording.Vars{Number: number})
	if err != nil {
		t.Fatal(err)
	}
	files, texts := photosOf(t, db, number)
	if len(files) != 3 {
		t.Errorf("%d files, want 3", len(files))
	}
	for _, f := range files {
		if f.State != store.FileExpired || f.Reason != "사진 주소가 만료되어 받지 못했어요." {
			t.Errorf("%+v", f)
		}
	}
	if n := strings.Count(strings.Join(texts, "\n"), asked); n != 1 {
		t.Errorf("asked %d times in the thread: %q", n, texts)
	}
	clock.Advance(time.Minute)
	heard := storetest.Say(t, db, storetest.Call{Text: "답변 확인"})
	if !strings.Contains(heard.Text(), asked) {
		t.Errorf("the citizen reads %q, want %q", heard.Text(), asked)
	}
	// The photo that comes instead belongs to the same case.
	clock.Advance(time.Minute)
	sendPhoto(t, db)
	if n := len(list(t, db)); n != 1 {
		t.Errorf("%d cases, want one", n)
	}
}

// What a dead process left is wanted again; a second settling, and one after the case is gone, changes nothing.
func TestPhotosAfterRestart(t *testing.T) {
	t.Parallel()
	dir, clock := t.TempDir(), &storetest.Clock{}
	clock.Set(storetest.At("2026-11-23 10:00"))
	db := storetest.Open(t, clock, dir)
	sendPhoto(t, db)
	id := due(t, db)[0].ID
	if err := db.RetryPhoto(context.Background(), id, clock.Now().Add(20*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	db = storetest.Open(t, clock, dir)
	left := due(t, db)
	if len(left) != 1 || left[0].ID != id || left[0].Tries != 1 || left[0].Next.After(clock.Now()) {
		t.Fatalf("after the restart: %+v", left)
	}
	for range 2 {
		if err := db.SettlePhoto(context.Background(), id, store.Fetched{Body: picture(t)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.ExpirePhoto(context.Background(), id, "늦었어요."); err != nil {
		t.Fatal(err)
	}
	if files, _ := photosOf(t, db, list(t, db)[0].Number); files[0].State != store.FileReady {
		t.Errorf("%+v", files[0])
	}
	if _, r, err := db.OpenFile(context.Background(), admin, id); err != nil {
		t.Error(err)
	} else {
		r.Close()
	}
}

// A disk that takes nothing is an error that may be tried again, and leaves nothing half written.
func TestPhotoThatCannotBeKept(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	sendPhoto(t, db)
	id := due(t, db)[0].ID
	files := filepath.Join(db.Dir(), "files")
	if err := os.Rename(files, files+".away"); err != nil {
		t.Fatal(err)
	}
	err := db.SettlePhoto(context.Background(), id, store.Fetched{Body: picture(t)})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if len(due(t, db)) != 1 {
		t.Error("the photo is given up")
	}
	if err := os.Rename(files+".away", files); err != nil {
		t.Fatal(err)
	}
	if err := db.SettlePhoto(context.Background(), id, store.Fetched{Body: picture(t)}); err != nil {
		t.Fatal(err)
	}
	if len(due(t, db)) != 0 {
		t.Error("the photo is still wanted")
	}
}

// The answer to a photo is what Kakao takes, and does not repeat the link.
func TestPhotoAnswer(t *testing.T) {
	t.Parallel()
	db, _ := storetest.New(t, "2026-11-23 10:00")
	sendPhoto(t, db)
	h := sendPhoto(t, db)
	if strings.Contains(h.Text(), "kakaocdn") || !strings.Contains(h.Text(), "사진") || len(skill.Validate(h.Body)) != 0 {
		t.Errorf("answer %q", h.Text())
	}
}
