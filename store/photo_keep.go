package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"time"

	"toktok/store/wording"
)

// photoActor is who acts on photos.
var photoActor = Job("photos")

// DuePhoto is a photo whose bytes are still wanted. Expires and Next are real time.
type DuePhoto struct {
	ID      int64
	URL     string
	Expires time.Time
	Next    time.Time
	Tries   int
}

// DuePhotos lists the photos still to be fetched, the next one first, also those whose next try lies ahead.
func (s *DB) DuePhotos(ctx context.Context, limit int) (_ []DuePhoto, err error) {
	defer wrap(&err, "store.DuePhotos")
	return all(s.read(ctx), func(rows *sql.Rows) (DuePhoto, error) {
		var p DuePhoto
		err := rows.Scan(&p.ID, &p.URL, instant{&p.Expires}, instant{&p.Next}, &p.Tries)
		return p, err
	}, `/* DuePhotos */ select id, url, expires_at, next_try, tries from files where state = 'fetching' order by next_try, id limit ?`, limit)
}

// Fetched is what a photo's link gave: at most MaxPhoto+1 bytes, the last of which only shows that there were more.
type Fetched struct{ Body []byte }

// SettlePhoto makes the picture anew, keeps it and shows it in the thread; what is no picture we take is refused with
// the reason. An error means that it could not be kept and may be tried again.
func (s *DB) SettlePhoto(ctx context.Context, id int64, f Fetched) (err error) {
	defer wrap(&err, "store.SettlePhoto file=%d", id)
	p, err := reencode(ctx, bytes.NewReader(f.Body))
	if why, ok := errors.AsType[refusal](err); ok {
		return s.endPhoto(ctx, id, FileRefused, string(why), nil)
	}
	if err != nil {
		return err
	}
	var at string
	err = s.read(ctx).QueryRow(`/* SettlePhoto */ select path from files where id = ? and state = 'fetching'`, id).Scan(&at)
	if isNoRows(err) {
		return nil // the case is gone, or somebody was faster
	}
	if err != nil {
		return err
	}
	if err := s.keepPhoto(at, p.JPEG); err != nil {
		return fmt.Errorf("keep photo: %w", err)
	}
	return s.Write(ctx, photoActor, func(tx *Tx) error {
		res, err := tx.Exec(`/* SettlePhoto */ update files set state = 'ready', type = 'image/jpeg', size = ?, sha256 = ?, taken_at = ?,
			width = ?, height = ?, url = '', next_try = null where id = ? and state = 'fetching'`,
			len(p.JPEG), p.SHA256, p.TakenAt, p.Width, p.Height, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return tx.fileChanged(id)
	})
}

// RetryPhoto puts the next try off to an instant of real time.
func (s *DB) RetryPhoto(ctx context.Context, id int64, next time.Time) error {
	return s.Write(ctx, photoActor, func(tx *Tx) error {
		_, err := tx.Exec(`/* RetryPhoto */ update files set tries = tries + 1, next_try = ? where id = ? and state = 'fetching'`, ms(next), id)
		return err
	})
}

// ExpirePhoto gives a photo up whose link has ended; reason is Korean and stands in the thread. The citizen is asked
// for it again, once per case (RULES B8).
func (s *DB) ExpirePhoto(ctx context.Context, id int64, reason string) (err error) {
	defer wrap(&err, "store.ExpirePhoto file=%d", id)
	return s.endPhoto(ctx, id, FileExpired, reason, func(tx *Tx, t *Ticket) error {
		if t.PhotoAsked || t.State == StateClosed {
			return nil
		}
		t.PhotoAsked = true
		return tx.notice(t, wording.PhotoExpired, tx.ticketVars(t))
	})
}

// endPhoto settles a photo that is not to be had and removes what a crash may have left of it; ask may add to the case.
func (s *DB) endPhoto(ctx context.Context, id int64, state, reason string, ask func(*Tx, *Ticket) error) error {
	at, err := "", error(nil)
	err = s.Write(ctx, photoActor, func(tx *Tx) error {
		at = ""
		var ticket int64
		err := tx.QueryRow(`/* endPhoto */ select path, ticket from files where id = ? and state = 'fetching'`, id).Scan(&at, &ticket)
		if isNoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`/* endPhoto */ update files set state = ?, reason = ?, url = '', path = '', next_try = null where id = ?`,
			state, reason, id); err != nil {
			return err
		}
		t, err := ticketByID(tx, ticket)
		if err != nil {
			return err
		}
		if ask != nil {
			if err := ask(tx, t); err != nil {
				return err
			}
		}
		return tx.finish(t)
	})
	if err != nil || at == "" {
		return err
	}
	return s.dropPhoto(at)
}

func (tx *Tx) fileChanged(id int64) error {
	var ticket int64
	if err := tx.QueryRow(`/* fileChanged */ select ticket from files where id = ?`, id).Scan(&ticket); err != nil {
		return err
	}
	t, err := ticketByID(tx, ticket)
	if err != nil {
		return err
	}
	tx.changed(t, 0, "")
	return nil
}

// keepPhoto writes a picture so that after a power cut it is there whole or not at all.
func (s *DB) keepPhoto(at string, b []byte) (err error) {
	root, err := s.fileRoot()
	if err != nil {
		return err
	}
	defer root.Close()
	switch err := root.Mkdir(path.Dir(at), 0o700); {
	case err == nil:
		if err := syncDir(root, "."); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	temp := at + ".tmp"
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(temp, at)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return syncDir(root, path.Dir(at))
}

// dropPhoto removes a picture and its temporary file, where they exist.
func (s *DB) dropPhoto(at string) error {
	root, err := s.fileRoot()
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range []string{at, at + ".tmp"} {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncDir makes a new name durable. Windows cannot sync a folder and keeps names by its journal.
func syncDir(root *os.Root, name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
