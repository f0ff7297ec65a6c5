package store_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

// What is a photo, what a file we cannot take, and what words (DESIGN §6 step 2).
func TestWordsPhotosAndFiles(t *testing.T) {
	t.Parallel()
	media := func(kind, url string) map[string]any {
		return map[string]any{"media": map[string]any{"type": kind, "url": url}}
	}
	const photo = "https://talk.kakaocdn.net/dna/a.jpg"
	for _, c := range []struct {
		what  string
		call  storetest.Call
		text  string
		files string
		says  string
	}{
		{"media", storetest.Call{Photo: photo}, "", "1 fetching", "접수번호"},
		{"media of an unnamed type", storetest.Call{Text: photo, Params: media("", photo)}, "", "1 fetching", "접수번호"},
		{"a photo with words", storetest.Call{Text: "여기예요", Params: media("image", photo)}, "여기예요", "1 fetching", "접수번호"},
		{"a bare address of Kakao's", storetest.Call{Text: photo}, "", "1 fetching", "접수번호"},
		{"plugin", storetest.Call{Text: "사진 보안전송", Secure: []string{"http://secure.kakaocdn.net/1", "http://secure.kakaocdn.net/2"}}, "", "2 fetching", "접수번호"},
		{"a photo from elsewhere", storetest.Call{Photo: "https://example.org/a.jpg"}, "", "1 refused", "접수번호"},
		{"a foreign address is words", storetest.Call{Text: "https://example.org/a.jpg"}, "https://example.org/a.jpg", "0 ", "접수번호"},
		{"a host that only looks like it", storetest.Call{Text: "https://kakaocdn.net.example.org/a.jpg"}, "https://kakaocdn.net.example.org/a.jpg", "0 ", "접수번호"},
		{"an address among words", storetest.Call{Text: photo + " 여기요"}, photo + " 여기요", "0 ", "접수번호"},
		{"video", storetest.Call{Text: "https://talk.kakaocdn.net/v.mp4", Params: media("video", "https://talk.kakaocdn.net/v.mp4")}, "(사진이 아닌 파일: video)", "0 ", "동영상·음성·파일은 받을 수 없어요"},
	} {
		db, _ := storetest.New(t, "2026-11-24 10:00")
		h := storetest.Say(t, db, c.call)
		if !strings.Contains(h.Text(), c.says) {
			t.Errorf("%s: answer %q", c.what, h.Bubbles)
		}
		if got := store.Value(db, `select text from messages`); got != c.text {
			t.Errorf("%s: stored %q, want %q", c.what, got, c.text)
		}
		if got := store.Value(db, `select count(*) || ' ' || coalesce(min(state), '') from files`); got != c.files {
			t.Errorf("%s: files %q, want %q", c.what, got, c.files)
		}
		if got := store.Value(db, `select subject from tickets`); c.text == "" && got != "사진" {
			t.Errorf("%s: subject %q", c.what, got)
		}
	}
}

// Odd letters are stored as they are meant, and what is no letter at all is no message.
func TestOddLetters(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("가", 60_000)
	for _, c := range []struct{ what, text, stored string }{
		{"NUL", "앞\x00뒤", "앞\uFFFD뒤"},
		{"decomposed", "\u1100\u1161\u1105\u1169\u1103\u1173\u11bc", "가로등"},
		{"turned writing", "\u202e거꾸로\u202c \u2067글\u2069", "거꾸로 글"},
		{"lone surrogate", "\\ud83d 외톨이", "\uFFFD 외톨이"},
		{"Windows lines", "첫 줄\r\n둘째 줄", "첫 줄\n둘째 줄"},
		{"very long", long, long},
		{"marks that turn nothing", "\u202e \u202c\ufeff", ""},
	} {
		db, _ := storetest.New(t, "2026-11-24 10:00")
		in := storetest.Call{Text: c.text}.In(db)
		in.Body = bytes.ReplaceAll(in.Body, []byte(`\\ud83d`), []byte(`\ud83d`))
		h := storetest.Hear(t, db.Receive(bg, in))
		if c.stored == "" {
			if got := stored(db); !strings.Contains(h.Text(), "내용이 비어") || !strings.Contains(got, "0 cases") {
				t.Errorf("%s: %q, stored %s", c.what, h.Bubbles, got)
			}
			continue
		}
		if got := store.Value(db, `select text from messages`); got != c.stored {
			t.Errorf("%s: stored %.60q, want %.60q", c.what, got, c.stored)
		}
		if tk := list(t, db)[0]; len([]rune(tk.Subject)) > 40 || len([]rune(tk.Preview)) > 80 || tk.Subject == "" {
			t.Errorf("%s: subject %q, preview %q", c.what, tk.Subject, tk.Preview)
		}
	}
}

// RULES B2: a number that was masked was never here: not in tables, journal, quarantine, files or logs, by whatever way
// the call went.
func TestMaskedNumbersAreNowhere(t *testing.T) {
	t.Parallel()
	const resident, card, account = "850101-1234567", "4111-1111-1111-1111", "110-123-456789"
	words := "주민번호 " + resident + " 카드 " + card + " 계좌 " + account
	var log bytes.Buffer
	clock := &storetest.Clock{}
	clock.Set(storetest.At("2026-11-24 10:00"))
	dir := t.TempDir()
	db := storetest.Open(t, clock, dir, func(o *store.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	everywhere := storetest.Call{
		User: "a", Text: words, Params: map[string]any{"memo": words, "media": map[string]any{"type": words, "url": "https://example.org/v"}},
		Extra: map[string]any{"note": words, "list": []any{words}},
	}
	in := everywhere.In(db)
	in.Body = bytes.ReplaceAll(in.Body, []byte("폴백 블록"), []byte(words))
	h := storetest.Hear(t, db.Receive(bg, in))
	if !strings.Contains(h.Text(), "접수번호") || !strings.Contains(h.Text(), "이런 번호는 보내지 말아 주세요") {
		t.Errorf("answer %q", h.Bubbles)
	}
	for _, c := range []storetest.Call{
		{User: "a", Text: "https://example.org/?n=" + resident},
		{User: "test", Text: words, Surface: "BuilderBotTest"},
		{User: "wrong", Text: words, Bot: "another-bot"},
		{User: "event", Text: words, Params: map[string]any{"toktok_attempt": words}},
	} {
		storetest.Say(t, db, c)
	}
	db.Receive(bg, store.In{Body: []byte(`{"cut": "` + words), Arrived: clock.Now(), Real: clock.Now()})
	db.Receive(bg, store.In{Body: []byte(words), Arrived: clock.Now(), Real: clock.Now(), TooLarge: true})
	mend := breakIntake(t, db)
	storetest.Say(t, db, storetest.Call{User: "broken", Text: words})
	mend()
	if got := len(must(db.Quarantine(bg, admin))(t)); got != 4 {
		t.Errorf("%d bodies kept aside, want 4", got)
	}
	look := func(where string, b []byte) {
		for _, secret := range []string{resident, card, account, "8501011234567"} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %s", where, secret)
			}
		}
		if where == "log" && bytes.Contains(b, []byte("주민번호")) {
			t.Error("the log holds a citizen's words")
		}
	}
	look("log", log.Bytes())
	db.Close()
	seen := 0
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		look(d.Name(), b)
		seen += bytes.Count(b, []byte("[주민등록번호 가림]"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Error("the folder holds nothing of what was said: the test looks in the wrong place")
	}
}

// RULES B5: what comes from the bot test or the development bot, and which bots are ours.
func TestBotsAndTests(t *testing.T) {
	t.Parallel()
	const ours = "66f0a9ffc3d2e14b7a9f0000"
	dev := func(on bool) func(*store.DB) {
		return func(db *store.DB) {
			set := db.Settings()
			set.TestCases = on
			if err := db.SaveSettings(bg, admin, set); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		what   string
		bots   []string
		setup  func(*store.DB)
		call   storetest.Call
		says   string
		stored string
	}{
		{"bot test", nil, nil, storetest.Call{Surface: "BuilderBotTest"}, "접수번호 시험", "0 citizens, 0 cases"},
		{"ignoreMe", nil, nil, storetest.Call{Params: map[string]any{"ignoreMe": "true"}}, "접수번호 시험", "0 citizens, 0 cases"},
		{"no list accepts every bot", nil, nil, storetest.Call{Bot: "any"}, "접수번호 2026-000001", "1 citizens, 1 cases"},
		{"our bot", []string{ours}, nil, storetest.Call{Bot: ours}, "접수번호 2026-000001", "1 citizens, 1 cases"},
		{"its development bot", []string{ours}, nil, storetest.Call{Bot: ours + "!"}, "접수번호 시험", "1 citizens, 1 cases"},
		{"as ordinary cases, by setting", []string{ours}, dev(false), storetest.Call{Bot: ours + "!"}, "접수번호 2026-000001", "1 citizens, 1 cases"},
		{"only the development bot is listed", []string{ours + "!"}, nil, storetest.Call{Bot: ours}, "연결되어 있지 않아요", "0 citizens, 0 cases"},
		{"another bot", []string{ours}, nil, storetest.Call{Bot: "another"}, "연결되어 있지 않아요", "0 citizens, 0 cases"},
	} {
		db, _ := storetest.New(t, "2026-11-24 10:00", func(o *store.Options) { o.Outside.BotIDs = c.bots })
		if c.setup != nil {
			c.setup(db)
		}
		c.call.Text = "가로등이 꺼졌어요"
		if h := storetest.Say(t, db, c.call); !strings.Contains(h.Text(), c.says) {
			t.Errorf("%s: %q", c.what, h.Bubbles)
		}
		if got := stored(db); !strings.HasPrefix(got, c.stored) {
			t.Errorf("%s: stored %s", c.what, got)
		}
		if c.says == "접수번호 시험" {
			if n := len(list(t, db)); n != 0 {
				t.Errorf("%s: %d cases in the list", c.what, n)
			}
			if h := storetest.Say(t, db, storetest.Call{User: "real", Text: "진짜", Bot: ours}); !strings.Contains(h.Text(), "접수번호 2026-000001") {
				t.Errorf("%s used up a number: %q", c.what, h.Bubbles)
			}
		}
	}
}
