package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// bodyOf is a good request with one thing changed in its JSON text.
func bodyOf(utterance string) []byte {
	return encode(request(userKey("odd"+utterance), true, utterance))
}

func swap(old, new string) []byte {
	return bytes.Replace(encode(request(userKey("swap"+new), true, "바꿔 볼 글")), []byte(old), []byte(new), 1)
}

func TestOddBrokenAndHostileBodiesGetAPoliteAnswerAndLoseNothing(t *testing.T) {
	t.Parallel()
	s := hall(t)
	good := encode(request(userKey("good"), true, "멀쩡한 글이에요"))
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	zip.Write(good)
	zip.Close()
	long := strings.Repeat("가", 60000)
	kept := 0 // bodies that must be found again: as a message or in quarantine
	tests := []struct {
		name   string
		body   []byte
		words  string // what has to be on file as a citizen's message; "" = the answer alone counts
		header []string
	}{
		{"empty", nil, "", nil},
		{"blank", []byte(" \r\n\t "), "", nil},
		{"not JSON", []byte("<html>502 Bad Gateway</html>"), "", nil},
		{"cut off", good[:len(good)/2], "", nil},
		{"two documents", append(bytes.Clone(good), good...), "", nil},
		{"JSON null", []byte("null"), "", nil},
		{"JSON number", []byte("12"), "", nil},
		{"JSON list", []byte("[]"), "", nil},
		{"empty object", []byte("{}"), "", nil},
		{"300 KiB", bodyOf(strings.Repeat("a", 300<<10)), "", nil},
		{"300 KiB of nothing", bytes.Repeat([]byte{' '}, 300<<10), "", nil},
		{"deep lists", []byte(strings.Repeat("[", 20000) + strings.Repeat("]", 20000)), "", nil},
		{"deep objects", []byte(strings.Repeat(`{"userRequest":`, 10000) + "1" + strings.Repeat("}", 10000)), "", nil},
		{"deep inside a good one", swap(`"contexts":[]`, `"contexts":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)), "", nil},
		{"keys twice", swap(`"lang":"ko"`, `"lang":"ko","lang":{"x":[1]},"utterance":"두 번째 글"`), "", nil},
		{"60,000 characters", bodyOf(long), long, nil},
		{"60,000 line ends", bodyOf("줄" + strings.Repeat("\n", 60000) + "끝"), "", nil},
		{"NUL", bodyOf("앞\x00뒤"), "", nil},
		{"NUL alone", bodyOf("\x00"), "", nil},
		{"control characters", bodyOf("\x01\x02\x1b[31m빨강\x7f"), "", nil},
		{"lone surrogate", swap("바꿔 볼 글", `\ud83d 외톨이`), "", nil},
		{"surrogates the wrong way round", swap("바꿔 볼 글", `\udc00\ud800`), "", nil},
		{"not UTF-8", swap("바꿔 볼 글", "\xff\xfe\xc0\xaf"), "", nil},
		{"byte order mark", append([]byte("\xef\xbb\xbf"), bodyOf("앞에 표시가 있는 글")...), "앞에 표시가 있는 글", nil},
		{"right to left", bodyOf("\u202e거꾸로 쓴 글\u202c \u200f\u2067שלום مرحبا\u2069"), "", nil},
		{"zero width", bodyOf("\u200b\u200c\u200d\ufeff"), "", nil},
		{"combining marks", bodyOf("e" + strings.Repeat("\u0301", 5000)), "", nil},
		{"family emoji", bodyOf("👨‍👩‍👧‍👦 가로등"), "👨‍👩‍👧‍👦 가로등", nil},
		{"unfinished syllables", bodyOf("ㄱㅏㄹㅗㄷㅡㅇ"), "ㄱㅏㄹㅗㄷㅡㅇ", nil},
		{"decomposed Hangul", bodyOf("가로등"), "", nil},
		{"markup", bodyOf(`<script>alert(1)</script>{{.}}${x}'; drop table tickets; --`), `<script>alert(1)</script>{{.}}${x}'; drop table tickets; --`, nil},
		{"template of Kakao's", bodyOf("{{#webhook.text}} {{user.name}}"), "{{#webhook.text}} {{user.name}}", nil},
		{"utterance null", swap(`"utterance":"바꿔 볼 글"`, `"utterance":null`), "", nil},
		{"utterance a number", swap(`"utterance":"바꿔 볼 글"`, `"utterance":12345`), "", nil},
		{"utterance an object", swap(`"utterance":"바꿔 볼 글"`, `"utterance":{"text":"글"}`), "", nil},
		{"no user", swap(`"user":`, `"nobody":`), "", nil},
		{"user a list", swap(`"user":{`, `"user":[],"nobody":{`), "", nil},
		{"user key a number", swap(`"id":"`+userKey("swap\"id\":77,\"old\":\""), `"id":77,"old":"`), "", nil},
		{"user key of a megabyte, cut by the limit", encode(request(strings.Repeat("k", 250<<10), true, "긴 열쇠")), "", nil},
		{"user key with a line end", encode(request("line\nend-of-a-key-that-is-odd", true, "줄 바뀐 열쇠")), "", nil},
		{"bot a number", swap(`"bot":{`, `"bot":7,"old":{`), "", nil},
		{"action missing", swap(`"action":`, `"reaction":`), "", nil},
		{"action params a text", swap(`"params":{}`, `"params":"x"`), "", nil},
		{"clientExtra a list", swap(`"clientExtra":{}`, `"clientExtra":[{"op":"close"}]`), "", nil},
		{"an op nobody made", swap(`"clientExtra":{}`, `"clientExtra":{"op":"../../close","ticket":"2026-000001"}`), "", nil},
		{"callback to another host", swap(`"lang":"ko"`, `"lang":"ko","callbackUrl":"http://127.0.0.1:1/steal"`), "", nil},
		{"callback no URL", swap(`"lang":"ko"`, `"lang":"ko","callbackUrl":{"x":1}`), "", nil},
		{"media to an inner address", swap(`"surface":"Kakaotalk.plusfriend"`, `"media":{"type":"image","url":"http://169.254.169.254/latest"}`), "", nil},
		{"media of odd types", swap(`"surface":"Kakaotalk.plusfriend"`, `"media":["x",{"url":7}]`), "", nil},
		{"secure images of odd form", swap(`"params":{}`, `"params":{"secureimage":"{\"secureUrls\":\"List(,,http://)\"}"}`), "", nil},
		{"says gzip, is gzip", packed.Bytes(), "", []string{"Content-Encoding", "gzip"}},
		{"says gzip, is not", bodyOf("눌러 담지 않은 글"), "", []string{"Content-Encoding", "gzip"}},
		{"no content type", bodyOf("종류 없는 글"), "종류 없는 글", []string{"Content-Type", ""}},
		{"a form", []byte("utterance=%EA%B8%80"), "", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"very long request id", bodyOf("긴 요청 번호"), "긴 요청 번호", []string{"X-Request-Id", strings.Repeat("r", 4000)}},
	}
	for _, tt := range tests {
		a, err := knock(s.ready.URL+"/kakao/skill", skillKey, tt.body, tt.header...)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		shown, err := shows(a)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		said := strings.Join(texts(shown), "\n")
		for _, never := range []string{"panic", "goroutine", "sql", "json:", "nil", "error"} {
			if strings.Contains(said, never) {
				t.Errorf("%s: the citizen reads %q", tt.name, said)
			}
		}
		number := receiptNumber.FindString(said)
		switch {
		case number != "":
			kept++
			text := s.ticket(number).Messages[0].Text
			if !utf8.ValidString(text) || tt.words != "" && text != tt.words {
				t.Errorf("%s: on file is %.80q", tt.name, text)
			}
		case tt.words != "":
			t.Errorf("%s: no number, but %q", tt.name, said)
		case strings.Contains(said, "받았지만"):
			kept++
		}
	}
	st := s.status()
	if cases := len(s.tickets("newest")); cases+st.Quarantine < kept {
		t.Errorf("%d bodies were acknowledged, %d are cases and %d in quarantine", kept, cases, st.Quarantine)
	}
	if st.Quarantine == 0 {
		t.Error("no unreadable body was kept for a person to look at")
	}
	// After all that the citizen beside them is served as ever.
	if got, err := s.tell("neighbour", "가로등이 꺼졌어요"); err != nil || receiptNumber.FindString(got) == "" {
		t.Errorf("a good message afterwards: %q %v", got, err)
	}
}

func TestWrongSkillKeyIsRefusedAndNothingIsStored(t *testing.T) {
	t.Parallel()
	s := hall(t)
	body := encode(request(userKey("intruder"), true, "저장되면 안 되는 글"))
	for _, key := range []string{"", "wrong", skillKey + "x", skillKey[:len(skillKey)-1], strings.ToUpper(skillKey), skillKey + "," + skillKey} {
		a, err := knock(s.ready.URL+"/kakao/skill", key, body)
		if err != nil || a.status != http.StatusUnauthorized {
			t.Errorf("key %q: %d %s %v", key, a.status, a.body, err)
		}
	}
	for _, broken := range [][]byte{nil, []byte("{"), bytes.Repeat([]byte("x"), 300<<10)} {
		a, err := knock(s.ready.URL+"/kakao/skill", "wrong", broken)
		if err != nil || a.status != http.StatusUnauthorized {
			t.Errorf("a broken body of %d bytes with a wrong key: %d %v", len(broken), a.status, err)
		}
	}
	if n, q := len(s.tickets("newest")), s.status().Quarantine; n != 0 || q != 0 {
		t.Errorf("%d cases and %d quarantined bodies by callers without the key", n, q)
	}
	s.stop()
	folderLacks(t, s.dir, "저장되면 안 되는 글")
}

func TestMaskedNumbersAreNowhereInTheFolder(t *testing.T) {
	t.Parallel()
	s := hall(t)
	secrets := []string{"900101-1234567", "4111-1111-1111-1111"}
	got, err := s.tell("careless", "제 주민번호는 "+secrets[0]+" 이고 카드는 "+secrets[1]+" 예요")
	if err != nil || !strings.Contains(got, "가리고 저장했어요") {
		t.Fatalf("%q %v", got, err)
	}
	// Also where we could not read the body.
	if _, err := knock(s.ready.URL+"/kakao/skill", skillKey, []byte(`{"broken": "`+secrets[0]+` `+secrets[1])); err != nil {
		t.Fatal(err)
	}
	text := s.ticket(receiptNumber.FindString(got)).Messages[0].Text
	if !strings.Contains(text, "[주민등록번호 가림]") || strings.Contains(text, secrets[0]) || strings.Contains(text, secrets[1]) {
		t.Errorf("on file is %q", text)
	}
	s.stop()
	for _, secret := range secrets {
		folderLacks(t, s.dir, secret)
	}
}

// TestSlowCallersDoNotHoldUpTheOthers: who sends a byte now and then is cut off, and the citizen beside him is answered.
func TestSlowCallersDoNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	s := hall(t)
	host := strings.TrimPrefix(s.ready.URL, "http://")
	for range 32 {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /kakao/skill HTTP/1.1\r\nHost: %s\r\nX-Toktok-Key: %s\r\nContent-Length: 100000\r\n\r\n{", host, skillKey)
	}
	for i := range 16 {
		if got, err := s.tell(fmt.Sprint("patient ", i), "잘 되나요?"); err != nil || receiptNumber.FindString(got) == "" {
			t.Fatalf("%q %v", got, err)
		}
	}
	s.stop() // and they do not hold up the end
}

func TestRepeatedRequestGetsTheSameBytesAndOneMessage(t *testing.T) {
	t.Parallel()
	s := hall(t)
	body, id := encode(request(userKey("repeat"), false, "한 번만 적어 주세요")), rand.Text()
	var first answer
	for i := range 5 {
		a, err := knock(s.ready.URL+"/kakao/skill", skillKey, body, "X-Request-Id", id)
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("%d %v", a.status, err)
		}
		if i == 0 {
			first = a
		} else if !bytes.Equal(a.body, first.body) {
			t.Errorf("repeat %d: %s, want %s", i, a.body, first.body)
		}
	}
	list := s.tickets("newest")
	if len(list) != 1 {
		t.Fatalf("%d cases", len(list))
	}
	n := 0
	for _, m := range s.ticket(list[0].Number).Messages {
		if m.Kind == "citizen" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d messages on file", n)
	}
}

func TestProblemsOfTheAPIAreSaidInKorean(t *testing.T) {
	t.Parallel()
	s := hall(t)
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		{"GET", "/api/v1/tickets/nonsense", nil, 404, "not_found"},
		{"GET", "/api/v1/nowhere", nil, 404, "not_found"},
		{"GET", "/api/v1/tickets?limit=x", nil, 422, "invalid"},
		{"GET", "/api/v1/tickets?frobnicate=1", nil, 422, "invalid"},
		{"POST", "/api/v1/calendar/due", map[string]any{"rule": "days:x", "accepted_at": "2026-09-22T10:00:00+09:00"}, 422, "invalid"},
		{"POST", "/api/v1/calendar/due", []int{1}, 422, "invalid"},
	} {
		a, err := s.do(c.method, c.path, s.token, c.body)
		if err != nil {
			t.Fatal(err)
		}
		problem(t, c.method+" "+c.path, a, c.status, c.code)
		var p struct{ Detail string }
		if json.Unmarshal(a.body, &p) == nil && !strings.ContainsFunc(p.Detail, func(r rune) bool { return r >= '가' && r <= '힣' }) {
			t.Errorf("%s %s: the detail is %q", c.method, c.path, p.Detail)
		}
	}
	if a, err := s.do(http.MethodGet, "/healthz", "", nil); err != nil || a.status != 200 {
		t.Errorf("healthz: %d %v", a.status, err)
	}
}
