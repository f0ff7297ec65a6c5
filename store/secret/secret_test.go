package secret_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"pgregory.net/rapid"

	"toktok/store/secret"
)

func ring(t *testing.T) *secret.Keyring {
	t.Helper()
	r, err := secret.LoadOrMakeKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPassword(t *testing.T) {
	t.Parallel()
	hash, err := secret.HashPassword(t.Context(), "비밀번호 열쇠 123")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", hash)
	}
	again, err := secret.HashPassword(t.Context(), "비밀번호 열쇠 123")
	if err != nil || again == hash {
		t.Errorf("same password, same hash (%v)", err)
	}
	for pw, want := range map[string]bool{"비밀번호 열쇠 123": true, "비밀번호 열쇠 124": false, "": false} {
		ok, rehash, err := secret.CheckPassword(t.Context(), pw, hash)
		if ok != want || rehash || err != nil {
			t.Errorf("%q: ok=%v rehash=%v err=%v, want ok=%v", pw, ok, rehash, err, want)
		}
	}
}

func TestOldCostOpensAndAsksForRehash(t *testing.T) {
	t.Parallel()
	old, err := argon2id.CreateHash("열쇠", &argon2id.Params{Memory: 8192, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	if ok, rehash, err := secret.CheckPassword(t.Context(), "열쇠", old); !ok || !rehash || err != nil {
		t.Errorf("right password: ok=%v rehash=%v err=%v", ok, rehash, err)
	}
	if ok, rehash, err := secret.CheckPassword(t.Context(), "자물쇠", old); ok || rehash || err != nil {
		t.Errorf("wrong password: ok=%v rehash=%v err=%v", ok, rehash, err)
	}
}

func TestUnusableHashesAreRefused(t *testing.T) {
	t.Parallel()
	salt, sum := base64.RawStdEncoding.EncodeToString(make([]byte, 16)), base64.RawStdEncoding.EncodeToString(make([]byte, 32))
	for name, hash := range map[string]string{
		"empty":        "",
		"bcrypt":       "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i":      "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"no key":       "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"short key":    "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$AAAA",
		"no salt":      "$argon2id$v=19$m=19456,t=2,p=1$$" + sum,
		"no rounds":    "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum,
		"no thread":    "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + sum,
		"all memory":   "$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + sum,
		"endless":      "$argon2id$v=19$m=19456,t=4294967295,p=1$" + salt + "$" + sum,
		"broken salt":  "$argon2id$v=19$m=19456,t=2,p=1$!$" + sum,
		"cut short":    "$argon2id$v=19$m=19456,t=2,p=1$" + salt,
		"other number": "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum,
	} {
		if ok, _, err := secret.CheckPassword(t.Context(), "", hash); ok || !errors.Is(err, secret.ErrHash) {
			t.Errorf("%s: ok=%v err=%v, want ErrHash", name, ok, err)
		}
	}
}

func TestNobodyCostsAsMuchAndNeverOpens(t *testing.T) {
	t.Parallel()
	if err := secret.CheckNobody(t.Context(), "열쇠"); err != nil {
		t.Errorf("CheckNobody: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, hashErr := secret.HashPassword(ended, "열쇠")
	for name, err := range map[string]error{"CheckNobody": secret.CheckNobody(ended, "열쇠"), "HashPassword": hashErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after the caller left: %v", name, err)
		}
	}
}

func TestManyAtOnceAllComeThrough(t *testing.T) {
	t.Parallel()
	hash, err := secret.HashPassword(t.Context(), "열쇠")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			pw := []string{"열쇠", "자물쇠"}[i%2]
			if ok, _, err := secret.CheckPassword(t.Context(), pw, hash); ok != (i%2 == 0) || err != nil {
				t.Errorf("%d: ok=%v err=%v", i, ok, err)
			}
		})
	}
	wg.Wait()
}

// While two are being hashed a third waits, and gives up with its caller.
func TestNoMoreThanTwoAtOnce(t *testing.T) {
	for range 2 {
		secret.Slots <- struct{}{}
		defer func() { <-secret.Slots }()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := secret.HashPassword(ctx, "열쇠"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("third hash: %v, want it to wait", err)
	}
	if cap(secret.Slots) != 2 {
		t.Errorf("%d at once", cap(secret.Slots))
	}
}

func TestSealRoundTrip(t *testing.T) {
	t.Parallel()
	r := ring(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		where := rapid.String().Draw(t, "context")
		sealed := r.Seal(plain, where)
		got, err := r.Open(sealed, where)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened %x (%v), want %x", got, err, plain)
		}
		if again := r.Seal(plain, where); again == sealed {
			t.Fatal("sealing twice gave the same string")
		}
		if _, err := r.Open(sealed, where+"x"); !errors.Is(err, secret.ErrSealed) {
			t.Fatalf("other context: %v", err)
		}
	})
}

func TestEveryChangedCharacterIsNoticed(t *testing.T) {
	t.Parallel()
	r := ring(t)
	sealed := r.Seal([]byte("otp seed"), "staff.totp 12")
	for i := range sealed {
		changed := []byte(sealed)
		changed[i] ^= 1
		if _, err := r.Open(string(changed), "staff.totp 12"); !errors.Is(err, secret.ErrSealed) && !errors.Is(err, secret.ErrUnknownKey) {
			t.Errorf("character %d changed: %v", i, err)
		}
		if _, err := r.Open(sealed[:i], "staff.totp 12"); err == nil {
			t.Errorf("cut at %d still opens", i)
		}
	}
	if strings.Contains(sealed, "otp") {
		t.Errorf("sealed value shows what it holds: %s", sealed)
	}
}

func FuzzOpen(f *testing.F) {
	r, err := secret.LoadOrMakeKey(filepath.Join(f.TempDir(), "key"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("v1.00000000.AAAA")
	f.Add("v1..")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if plain, err := r.Open(s, "fuzz"); err == nil {
			t.Fatalf("%q opened to %x", s, plain)
		}
	})
}

func TestKeyFileIsMadeOnceForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	first, err := secret.LoadOrMakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := first.Seal([]byte("값"), "here")
	second, err := secret.LoadOrMakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(sealed, "here"); err != nil || string(got) != "값" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if runtime.GOOS == "windows" {
		return // Windows has no such modes
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := secret.LoadOrMakeKey(path); !errors.Is(err, secret.ErrKeyFile) || !strings.Contains(fmt.Sprint(err), "chmod 600") {
			t.Errorf("mode %04o: %v, want a refusal that says what to do", mode, err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.LoadOrMakeKey(path); err != nil {
		t.Errorf("mode 0400: %v", err)
	}
}

func TestConcurrentFirstStartsMakeOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	rings := make([]*secret.Keyring, 8)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = secret.LoadOrMakeKey(path); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sealed := rings[0].Seal([]byte("값"), "here")
	for i, r := range rings {
		if _, err := r.Open(sealed, "here"); err != nil {
			t.Errorf("%d has another key: %v", i, err)
		}
	}
}

func TestBadKeyFilesAreRefusedWithoutShowingThem(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":     "",
		"comment":   "# nothing\n",
		"no base64": "geheim-geheim\n",
		"short":     base64.StdEncoding.EncodeToString(make([]byte, 16)) + "\n",
		"huge line": strings.Repeat("A", 1<<20),
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := secret.LoadOrMakeKey(path)
		if !errors.Is(err, secret.ErrKeyFile) || strings.Contains(fmt.Sprint(err), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%s: file was overwritten", name)
		}
	}
	if _, err := secret.LoadOrMakeKey(t.TempDir()); !errors.Is(err, secret.ErrKeyFile) {
		t.Errorf("folder: %v", err)
	}
	if _, err := secret.LoadOrMakeKey(filepath.Join(t.TempDir(), "none", "key")); !errors.Is(err, secret.ErrKeyFile) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestNewKeyInFrontKeepsOldValuesReadable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	old, err := secret.LoadOrMakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := old.Seal([]byte("값"), "here")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	added := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)) + "\n"
	if err := os.WriteFile(path, append([]byte(added), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	both, err := secret.LoadOrMakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := both.Open(sealed, "here"); err != nil || string(got) != "값" {
		t.Errorf("old value: %q, %v", got, err)
	}
	if _, err := old.Open(both.Seal([]byte("값"), "here"), "here"); !errors.Is(err, secret.ErrUnknownKey) {
		t.Errorf("new value under the old key alone: %v, want ErrUnknownKey", err)
	}
}

func TestMAC(t *testing.T) {
	t.Parallel()
	r := ring(t)
	a := r.MAC("case link", []byte("1"))
	if len(a) != 32 || !bytes.Equal(a, r.MAC("case link", []byte("1"))) {
		t.Errorf("not repeatable: %x", a)
	}
	for name, b := range map[string][]byte{
		"data": r.MAC("case link", []byte("2")), "label": r.MAC("other", []byte("1")), "key": ring(t).MAC("case link", []byte("1")),
		"border": r.MAC("case link1", nil),
	} {
		if bytes.Equal(a, b) {
			t.Errorf("another %s gives the same result", name)
		}
	}
}

func TestTokensDigestsEqual(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 1000 {
		tok := secret.Token()
		if len(tok) != 26 || seen[tok] || strings.Trim(tok, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Fatalf("token %q", tok)
		}
		seen[tok] = true
	}
	if got := fmt.Sprintf("%x", secret.Digest("abc")); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("Digest(abc) = %s", got)
	}
	if !secret.Equal("열쇠", "열쇠") || secret.Equal("열쇠", "열쇠 ") || secret.Equal("", "x") || !secret.Equal([]byte{1}, []byte{1}) {
		t.Error("Equal")
	}
	if s := fmt.Sprintf("%v %+v", ring(t), ring(t)); s != "keyring keyring" {
		t.Errorf("a printed keyring shows %s", s)
	}
}

func BenchmarkCheckPassword(b *testing.B) {
	hash, err := secret.HashPassword(b.Context(), "열쇠")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if ok, _, err := secret.CheckPassword(b.Context(), "열쇠", hash); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
