package secret

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

var (
	// ErrKeyFile says that the key file cannot be trusted or read; the text says why.
	ErrKeyFile = errors.New("secret: key file")
	// ErrUnknownKey says that a value was sealed under a key that is not in the key file, as after a
	// restore without it.
	ErrUnknownKey = errors.New("secret: sealed under another key")
	// ErrSealed says that a sealed value is broken, was changed, or belongs to another context.
	ErrSealed = errors.New("secret: sealed value does not open")
)

// Keyring seals and opens values under the keys of one key file. Safe for concurrent use.
type Keyring struct {
	active *key
	byID   map[string]*key
}

type key struct {
	id   string // from the key itself, so that no file can name it wrongly
	seal cipher.AEAD
	mac  []byte
}

// String keeps the keys out of logs.
func (*Keyring) String() string { return "keyring" }

const (
	keySize   = 32 // AES-256
	keyHeader = "# toktok key file: the first key seals, all open. Keep it secret and keep a copy.\n"
	version   = "v1"
)

// LoadOrMakeKey reads the key file at path; when there is none it makes one with a new key, readable
// by its owner only. On Unix a file that others may read is refused.
func LoadOrMakeKey(path string) (*Keyring, error) {
	k, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := makeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w: make %s: %w", ErrKeyFile, path, err)
	}
	return loadKey(path)
}

// makeKey writes aside and links, so that a crash leaves no half key and two starts make one key.
func makeKey(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	fresh := make([]byte, keySize)
	rand.Read(fresh) // never fails
	_, err = fmt.Fprintf(f, "%s%s\n", keyHeader, base64.StdEncoding.EncodeToString(fresh))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the new name last through a power cut: without its key everything sealed is lost.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be opened there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func loadKey(path string) (*Keyring, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrKeyFile, path)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s is open to others (mode %04o); run: chmod 600 %s", ErrKeyFile, path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	ring := &Keyring{byID: make(map[string]*key)}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(raw) != keySize {
			return nil, fmt.Errorf("%w: line %d of %s is no key", ErrKeyFile, n, path) // without the line itself
		}
		k, err := newKey(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
		}
		if ring.active == nil {
			ring.active = k
		}
		ring.byID[k.id] = k
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if ring.active == nil {
		return nil, fmt.Errorf("%w: %s holds no key", ErrKeyFile, path)
	}
	return ring, nil
}

// newKey derives from the file's key one key for each use, so that no use weakens another.
func newKey(master []byte) (*key, error) {
	derive := func(use string, size int) ([]byte, error) {
		return hkdf.Key(sha256.New, master, nil, "toktok "+use, size)
	}
	id, err := derive("key id", 4)
	if err != nil {
		return nil, err
	}
	sealing, err := derive("seal", keySize)
	if err != nil {
		return nil, err
	}
	mac, err := derive("mac", sha256.Size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &key{id: hex.EncodeToString(id), seal: aead, mac: mac}, nil
}

// Seal encrypts plain for storage. context names the place it is for ("staff.totp 12"); only Open with
// the same context gives it back, so a sealed value cannot be moved to another row.
func (r *Keyring) Seal(plain []byte, context string) string {
	sealed := r.active.seal.Seal(nil, nil, plain, bound(r.active.id, context))
	return version + "." + r.active.id + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open returns what Seal was given, or ErrUnknownKey or ErrSealed.
func (r *Keyring) Open(sealed, context string) ([]byte, error) {
	v, rest, _ := strings.Cut(sealed, ".")
	id, body, ok := strings.Cut(rest, ".")
	if v != version || !ok {
		return nil, ErrSealed
	}
	k, ok := r.byID[id]
	if !ok {
		return nil, ErrUnknownKey
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, ErrSealed
	}
	plain, err := k.seal.Open(nil, nil, raw, bound(id, context))
	if err != nil {
		return nil, ErrSealed // the cause would only say "authentication failed"
	}
	return plain, nil
}

func bound(id, context string) []byte { return []byte(version + "." + id + "." + context) }

// MAC returns 32 bytes that only the holder of the key file can compute from data. Each label (the
// use: "case link") gives unrelated results. Changing the sealing key changes them.
func (r *Keyring) MAC(label string, data []byte) []byte {
	return sum(sum(r.active.mac, []byte(label)), data)
}

func sum(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}
