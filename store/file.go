package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// File is a citizen's photo as the thread shows it. Its link's life and its retries run by real time, because the
// link is Kakao's (RULES E4).
type File struct {
	ID      int64
	Ticket  int64
	Message int64
	Name    string
	Type    string // image/jpeg once ready, else empty
	State   string // FileFetching, FileReady, FileExpired, FileRefused
	Reason  string // Korean; why it is expired or refused
	Size    int64  // bytes kept
	Width   int
	Height  int
	TakenAt string // 2026-11-23 10:15:30 by the camera's own clock; empty = it did not say
	URL     string // where the API serves it; empty unless ready
}

// The states of a file.
const (
	FileFetching = "fetching"
	FileReady    = "ready"
	FileExpired  = "expired"
	FileRefused  = "refused"
)

const (
	maxPhotoURL  = 4096           // a signed link is a few hundred bytes
	maxPhotoLife = 24 * time.Hour // longer claims of a link are not believed
)

const fileColumns = `f.id, f.ticket, f.message, f.name, f.type, f.state, f.reason, f.size, f.width, f.height, f.taken_at`

func scanFile(rows *sql.Rows) (File, error) {
	var f File
	err := rows.Scan(&f.ID, &f.Ticket, &f.Message, &f.Name, &f.Type, &f.State, &f.Reason, &f.Size, &f.Width, &f.Height, &f.TakenAt)
	if f.State == FileReady {
		f.URL = fmt.Sprintf("/api/v1/files/%d", f.ID)
	}
	return f, err
}

// addPhoto makes the row of a photo of message m; it is fetched after the commit. expires is real time and gives way
// to what the link says of itself. A link to a host that is not allowed is refused at once and not kept.
func (tx *Tx) addPhoto(m *Message, link string, expires time.Time) (int64, error) {
	now := tx.s.Real().Truncate(time.Millisecond)
	f := File{Ticket: m.Ticket, Message: m.ID, State: FileFetching}
	f.Name = fmt.Sprintf("%d-%d.jpg", m.ID, len(m.Files)+1)
	if m.Number != "" {
		f.Name = m.Number + "-" + f.Name
	}
	path := photoPath()
	var next any = ms(now)
	u, err := MediaURL(link, tx.s.outside.MediaHosts)
	if err != nil {
		f.State, f.Reason, link, path, next = FileRefused, "허용된 곳에서 온 사진이 아니라서 받지 않았어요.", "", "", nil
	} else {
		link, expires = u.String(), photoExpiry(u, now, expires)
	}
	f.ID, err = tx.Insert(`/* addPhoto */ insert into files (ticket, message, name, state, reason, url, expires_at, next_try, path, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, f.Ticket, f.Message, f.Name, f.State, f.Reason, link, msOrNil(expires), next, path, ms(tx.Now))
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`/* addPhoto */ update messages set files = files + 1 where id = ?`, m.ID); err != nil {
		return 0, err
	}
	m.Files = append(m.Files, f)
	tx.photos = tx.photos || f.State == FileFetching
	return f.ID, nil
}

// photoExpiry believes the link's own "expires" (unix seconds, kakao-chatbot.md §2.1) before the caller's guess.
func photoExpiry(u *url.URL, now, guess time.Time) time.Time {
	if sec, err := strconv.ParseInt(u.Query().Get("expires"), 10, 64); err == nil && sec > 0 && sec < 1<<40 {
		guess = time.Unix(sec, 0)
	}
	if last := now.Add(maxPhotoLife); guess.IsZero() || guess.After(last) {
		return last
	}
	return guess
}

// photoPath is where a photo will lie below data/files. It is fixed when the row is made, so that a crash between
// file and row leaves nothing behind that no row names.
func photoPath() string {
	var b [16]byte
	rand.Read(b[:])
	name := hex.EncodeToString(b[:])
	return name[:2] + "/" + name + ".jpg"
}

// filesOf reads the files of messages the caller has already been allowed to see.
func filesOf(q querier, messages []int64) (map[int64][]File, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	ids, err := json.Marshal(messages)
	if err != nil {
		return nil, err
	}
	list, err := all(q, scanFile, `/* filesOf */ select `+fileColumns+` from files f
		where f.message in (select value from json_each(?)) order by f.id`, string(ids))
	if err != nil {
		return nil, err
	}
	of := make(map[int64][]File, len(messages))
	for _, f := range list {
		of[f.Message] = append(of[f.Message], f)
	}
	return of, nil
}

// OpenFile opens a photo of a case the actor may see; a foreign one, and one that is not there yet, is not found. The
// caller closes it.
func (s *DB) OpenFile(ctx context.Context, who Actor, id int64) (_ File, _ *os.File, err error) {
	defer wrap(&err, "store.OpenFile file=%d", id)
	type sighted struct {
		File
		path       string
		department int64
	}
	f, err := one(s.read(ctx), func(rows *sql.Rows) (sighted, error) {
		var f sighted
		err := rows.Scan(&f.ID, &f.Ticket, &f.Message, &f.Name, &f.Type, &f.State, &f.Reason, &f.Size, &f.Width, &f.Height, &f.TakenAt,
			&f.path, &f.department)
		f.URL = fmt.Sprintf("/api/v1/files/%d", f.ID)
		return f, err
	}, "사진", `/* OpenFile */ select `+fileColumns+`, f.path, coalesce(t.department, 0)
		from files f join tickets t on t.id = f.ticket where f.id = ? and f.state = 'ready'`, id)
	if err != nil {
		return File{}, nil, err
	}
	if !who.Can(MaySee) || !who.Sees(f.department) {
		return File{}, nil, notFound("사진")
	}
	root, err := s.fileRoot()
	if err != nil {
		return File{}, nil, err
	}
	defer root.Close()
	opened, err := root.Open(f.path)
	return f.File, opened, err
}

// fileRoot confines every access to data/files.
func (s *DB) fileRoot() (*os.Root, error) { return os.OpenRoot(filepath.Join(s.dir, "files")) }

// mediaHost reports whether a link leads to a host that photos are fetched from.
func (s *DB) mediaHost(link string) bool {
	_, err := MediaURL(link, s.outside.MediaHosts)
	return err == nil
}

// Why MediaURL refuses an address. They name no part of it: an address may hold a citizen's words.
var (
	errURLForm = errors.New("store: not an http or https address that may be fetched")
	errURLHost = errors.New("store: host is not allowed")
)

// MediaURL parses an address and checks it against the allowed hosts (RULES B9). An entry is an exact host and, for
// names, everything below it, with an optional ":port"; without one only the scheme's own port is allowed. A literal
// address is allowed by the same literal only. User-info and other schemes are refused.
func MediaURL(link string, hosts []string) (*url.URL, error) {
	if len(link) > maxPhotoURL {
		return nil, errURLForm
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" || u.User != nil || u.Host == "" {
		return nil, errURLForm
	}
	u.Fragment, u.RawFragment = "", ""
	standard := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	port := cmp.Or(u.Port(), standard)
	if strings.HasSuffix(u.Host, ":") || !validPort(port) {
		return nil, errURLForm
	}
	for _, entry := range hosts {
		if name, p := SplitHostPort(entry); cmp.Or(p, standard) == port && sameHost(u.Hostname(), name) {
			return u, nil
		}
	}
	return nil, errURLHost
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// SplitHostPort splits an entry of TOKTOK_MEDIA_HOSTS: "kakaocdn.net", "127.0.0.1:8080", "[::1]:8080"; no port is "".
func SplitHostPort(entry string) (host, port string) {
	entry = strings.TrimSpace(entry)
	if _, err := netip.ParseAddr(entry); err == nil { // a bare IPv6 address has colons of its own
		return entry, ""
	}
	host = entry
	if i := strings.LastIndexByte(entry, ':'); i >= 0 && !strings.HasSuffix(entry, "]") {
		host, port = entry[:i], entry[i+1:]
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port
}

func sameHost(host, entry string) bool {
	literal, err := netip.ParseAddr(host)
	allowed, entryErr := netip.ParseAddr(entry)
	if err == nil || entryErr == nil {
		return err == nil && entryErr == nil && literal == allowed
	}
	host, entry = strings.ToLower(host), strings.ToLower(strings.TrimPrefix(entry, "."))
	return entry != "" && (host == entry || strings.HasSuffix(host, "."+entry))
}
