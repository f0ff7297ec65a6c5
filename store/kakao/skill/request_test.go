package skill_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"toktok/store/kakao/skill"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodeSamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"request_text", "request_photo", "request_button", "request_secureimage", "request_event"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := skill.Decode(fixture(t, name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, append(got, '\n'))
		})
	}
}

func TestDecodeTolerates(t *testing.T) {
	t.Parallel()
	const user = `"user":{"id":"u1"}`
	yes, no := true, false
	tests := []struct {
		name, body string
		want       skill.Request
	}{
		{"nothing but a user", `{"userRequest":{` + user + `}}`, skill.Request{}},
		{"byte order mark", "\xef\xbb\xbf" + `{"userRequest":{"utterance":"안녕",` + user + `}}`, skill.Request{Utterance: "안녕"}},
		{"all null", `{"intent":null,"userRequest":{` + user + `,"params":null,"block":null,"utterance":null,"lang":null,"callbackUrl":null},"bot":null,"action":{"params":null,"clientExtra":null},"contexts":null,"flow":null}`, skill.Request{}},
		{"every field of another type", `{"intent":7,"userRequest":{"params":[],"block":"x","utterance":["a"],` + user + `,"callbackUrl":{},"chat":3},"bot":[],"action":{"params":"x","clientExtra":7},"contexts":{},"flow":"x"}`, skill.Request{}},
		{"a wrong type does not cost later fields", `{"intent":{"id":1},"userRequest":{"block":{"id":{}},"utterance":"가로등",` + user + `}}`, skill.Request{Utterance: "가로등"}},
		{"user type and properties of another type", `{"userRequest":{"utterance":"a","user":{"type":3,"properties":[],"id":"u1"}}}`, skill.Request{Utterance: "a"}},
		{"id from properties", `{"userRequest":{"user":{"properties":{"botUserKey":"u1","app_user_id":4103377120}}}}`, skill.Request{AppUserID: "4103377120"}},
		{"friend", `{"userRequest":{"user":{"id":"u1","properties":{"isFriend":true,"plusfriendUserKey":"p"}}}}`, skill.Request{IsFriend: &yes, PlusfriendUserKey: "p"}},
		{"not a friend", `{"userRequest":{"user":{"id":"u1","properties":{"isFriend":"false"}}}}`, skill.Request{IsFriend: &no}},
		{"friend unreadable", `{"userRequest":{"user":{"id":"u1","properties":{"isFriend":null}}}}`, skill.Request{}},
		{"trimmed, NUL replaced", `{"userRequest":{"utterance":" \n불\u0000이야\r\n",` + user + `}}`, skill.Request{Utterance: "불\uFFFD이야"}},
		{"broken surrogate", `{"userRequest":{"utterance":"\ud83d 안",` + user + `}}`, skill.Request{Utterance: "\uFFFD 안"}},
		{"number as words", `{"userRequest":{"utterance":119,` + user + `}}`, skill.Request{Utterance: "119"}},
		{"unknown fields", `{"new":{"a":[1]},"userRequest":{"utterance":"a","more":1,` + user + `}}`, skill.Request{Utterance: "a"}},
		{"development bot", `{"bot":{"id":"abc!"},"userRequest":{` + user + `}}`, skill.Request{BotID: "abc!", BotDev: true}},
		{"block from intent", `{"intent":{"id":"b","name":"폴백 블록"},"userRequest":{` + user + `}}`, skill.Request{BlockID: "b", BlockName: "폴백 블록"}},
		{"group", `{"userRequest":{"chat":{"id":"g","type":"botGroupKey"},` + user + `}}`, skill.Request{GroupChat: true}},
		{"extra null in a string", `{"userRequest":{` + user + `},"action":{"clientExtra":"null"}}`, skill.Request{}},
		{"extra empty", `{"userRequest":{` + user + `},"action":{"clientExtra":{}}}`, skill.Request{}},
		{"extra in a string", `{"userRequest":{` + user + `},"action":{"clientExtra":"{\"op\":\"withdraw\",\"n\":12345678901234567890}"}}`,
			skill.Request{ClientExtra: map[string]any{"op": "withdraw", "n": json.Number("12345678901234567890")}}},
		{"action params of any type", `{"userRequest":{` + user + `},"action":{"params":{"a":"x","b":{"c":1},"d":null,"e":2}}}`,
			skill.Request{ActionParams: map[string]string{"a": "x", "b": `{"c":1}`, "d": "", "e": "2"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := skill.Decode([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			got.Params = nil
			tt.want.UserID = "u1"
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeParams(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, params string
		check        func(r *skill.Request) bool
	}{
		{"media in a string", `{"media":"{\"type\":\"image\",\"url\":\"https://a.kakaocdn.net/x\"}"}`, func(r *skill.Request) bool {
			return r.Media == skill.Media{Type: "image", URL: "https://a.kakaocdn.net/x"}
		}},
		{"media unreadable", `{"media":[1]}`, func(r *skill.Request) bool { return r.Media.IsZero() }},
		{"bot test, text", `{"surface":"BuilderBotTest","ignoreMe":"true"}`, func(r *skill.Request) bool { return r.IgnoreMe && r.IsTest() }},
		{"bot test, bool", `{"ignoreMe":true}`, func(r *skill.Request) bool { return r.IgnoreMe && r.IsTest() }},
		{"not a test", `{"surface":"Kakaotalk.plusfriend","ignoreMe":"false"}`, func(r *skill.Request) bool { return !r.IsTest() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := skill.Decode([]byte(`{"userRequest":{"params":` + tt.params + `,"user":{"id":"u"}}}`))
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(r) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestDecodeUnusable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       error
	}{
		{"empty", ``, skill.ErrNotJSON},
		{"text", `hello`, skill.ErrNotJSON},
		{"cut off", `{"userRequest":{"utterance":"a`, skill.ErrNotJSON},
		{"list", `[]`, skill.ErrNotJSON},
		{"number", `1`, skill.ErrNotJSON},
		{"null", `null`, skill.ErrNoUser},
		{"no user", `{"userRequest":{"utterance":"가로등"}}`, skill.ErrNoUser},
		{"empty user", `{"userRequest":{"utterance":"가로등","user":{"id":" "}}}`, skill.ErrNoUser},
		{"object as user id", `{"userRequest":{"utterance":"가로등","user":{"id":{"a":1}}}}`, skill.ErrNoUser},
		{"endless user id", `{"userRequest":{"utterance":"가로등","user":{"id":"` + strings.Repeat("a", 300) + `"}}}`, skill.ErrNoUser},
		{"too deep", strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000), skill.ErrNotJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := skill.Decode([]byte(tt.body))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if strings.Contains(tt.body, "가로등") && r.Utterance != "가로등" {
				t.Errorf("the readable words are lost: %q", r.Utterance)
			}
		})
	}
}

func TestSecureImages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, param string
		want        []string
	}{
		{"one", `{"secureUrls":"List(http://a/1)"}`, []string{"http://a/1"}},
		{"no blank", `{"secureUrls":"List(http://a/1,https://a/2)"}`, []string{"http://a/1", "https://a/2"}},
		{"comma inside", `{"secureUrls":"List(http://a/1?x=1,2&y, http://a/2)"}`, []string{"http://a/1?x=1,2&y", "http://a/2"}},
		{"bracket inside", `{"secureUrls":"List(http://a/(1))"}`, []string{"http://a/(1)"}},
		{"without List", `{"secureUrls":"http://a/1, http://a/2"}`, []string{"http://a/1", "http://a/2"}},
		{"real list", `{"secureUrls":["http://a/1","http://a/2"]}`, []string{"http://a/1", "http://a/2"}},
		{"empty", `{"secureUrls":"List()"}`, nil},
		{"no urls", `{"secureUrls":"List(ftp://a, x)"}`, nil},
		{"not JSON", `secureUrls`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			param, _ := json.Marshal(tt.param)
			r, err := skill.Decode([]byte(`{"userRequest":{"user":{"id":"u"}},"action":{"params":{"사진":` + string(param) + `}}}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.SecureImages); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookupOrder(t *testing.T) {
	t.Parallel()
	body := func(params, action, extra string) string {
		return `{"userRequest":{"user":{"id":"u"},"params":` + params + `},"action":{"params":` + action + `,"clientExtra":` + extra + `}}`
	}
	tests := []struct{ name, body, want string }{
		{"params first", body(`{"k":"a"}`, `{"k":"b"}`, `{"k":"c"}`), "a"},
		{"then action", body(`{}`, `{"k":"b"}`, `{"k":"c"}`), "b"},
		{"then extra", body(`null`, `null`, `{"k":"c"}`), "c"},
		{"empty and odd values are passed over", body(`{"k":{"x":1}}`, `{"k":""}`, `{"k":7}`), "7"},
		{"nowhere", body(`{}`, `{}`, `{"k":[1]}`), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := skill.Decode([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Lookup("k"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"request_text", "request_photo", "request_button", "request_secureimage", "request_event"} {
		f.Add(fixture(f, name))
	}
	f.Add([]byte(`{"userRequest":{"user":{"id":1},"params":{"media":"{"}},"action":{"clientExtra":"{}","params":{"a":"\"secureUrls\""}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := skill.Decode(body)
		if r == nil {
			t.Fatal("nil request")
		}
		if (err == nil) != (r.UserID != "") {
			t.Fatalf("user %q with error %v", r.UserID, err)
		}
		for _, s := range []string{r.Utterance, r.UserID, r.BlockID, r.Media.URL, r.Lookup("k"), r.Surface} {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Fatalf("%q is not clean text", s)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := fixture(b, "request_text")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := skill.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
