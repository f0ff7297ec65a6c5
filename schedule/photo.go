package schedule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"toktok/store"
)

const (
	photoWorkers = 4
	photosAtHost = 3               // one worker stays free for another host when this one is slow
	photosAhead  = 256             // rows looked at in one round
	photoLook    = time.Minute     // the longest sleep: heals a clock that was set
	photoPause   = 5 * time.Second // after trouble with our own store
	photoLast    = 1 * time.Second // the last try is this long before the link ends
)

// photoTries are the waits after the first failures; the last one repeats until the link's life ends.
var photoTries = []time.Duration{time.Second, 5 * time.Second, 20 * time.Second, time.Minute}

// Fetcher fetches citizens' photos while their links live (DESIGN §6 step 5). It is a Worker: what is still open when
// it starts is resumed, and what is cut short when it stops stays open. Its times are real ones, because the links'
// are (RULES E4).
type Fetcher struct {
	db     *store.DB
	client *http.Client
	log    *slog.Logger
	again  chan struct{}
	tries  []time.Duration
	total  time.Duration
}

// NewFetcher makes a fetcher for the media hosts of the store's set-up; log nil discards.
func NewFetcher(db *store.DB, log *slog.Logger) *Fetcher {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Fetcher{
		db: db, client: NewMediaClient(db.Outside().MediaHosts), log: log, again: make(chan struct{}, 1),
		tries: photoTries, total: photoTime,
	}
}

// Rebase makes the fetcher look again at once.
func (f *Fetcher) Rebase() {
	select {
	case f.again <- struct{}{}:
	default:
	}
}

// Run fetches until ctx ends; it returns when the last worker has.
func (f *Fetcher) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer f.client.CloseIdleConnections()
	flying := make(map[int64]string) // photo to its host
	landed := make(chan int64, photoWorkers)
	for {
		due, wait := f.due(ctx, flying)
		for _, p := range due {
			flying[p.ID] = hostOf(p.URL)
			wg.Go(func() {
				f.fetch(ctx, p)
				landed <- p.ID
			})
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case id := <-landed:
			delete(flying, id)
		case <-f.db.Photos():
		case <-f.again:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due picks the photos to start now, within the limits in all and per host, and says how long to sleep for the next.
func (f *Fetcher) due(ctx context.Context, flying map[int64]string) (start []store.DuePhoto, wait time.Duration) {
	list, err := f.db.DuePhotos(ctx, photosAhead)
	if err != nil {
		if ctx.Err() == nil {
			f.log.Error("photos: cannot read what is due", "err", err)
		}
		return nil, photoPause
	}
	at := make(map[string]int)
	for _, host := range flying {
		at[host]++
	}
	now := f.db.Real()
	wait = photoLook
	for _, p := range list {
		if _, ok := flying[p.ID]; ok {
			continue
		}
		if ahead := p.Next.Sub(now); ahead > 0 {
			return start, min(wait, ahead) // the list is in this order
		}
		host := hostOf(p.URL)
		if len(flying)+len(start) >= photoWorkers {
			return start, wait // the next landing looks again
		}
		if at[host] < photosAtHost {
			at[host]++
			start = append(start, p)
		}
	}
	return start, wait
}

// fetch makes one try and settles the photo, puts it off or gives it up.
func (f *Fetcher) fetch(ctx context.Context, p store.DuePhoto) {
	defer func() {
		if cause := recover(); cause != nil { // our own fault costs this try, not the process
			f.log.Error("photos: a try panicked", "file", p.ID, "cause", fmt.Sprint(cause))
			pause(ctx, photoPause)
		}
	}()
	body, err := f.get(ctx, p.URL)
	if err == nil {
		if err = f.db.SettlePhoto(ctx, p.ID, store.Fetched{Body: body}); err == nil {
			return
		}
		err = keepError{err}
	}
	if ctx.Err() != nil {
		return
	}
	f.log.Warn("photos: not fetched", "file", p.ID, "host", hostOf(p.URL), "tries", p.Tries+1, "err", err)
	now := f.db.Real()
	next := now.Add(f.tries[min(p.Tries, len(f.tries)-1)])
	if last := p.Expires.Add(-photoLast); next.After(last) {
		next = last
	}
	if next.After(now) {
		err = f.db.RetryPhoto(ctx, p.ID, next)
	} else {
		err = f.db.ExpirePhoto(ctx, p.ID, whyExpired(err))
	}
	if err != nil && ctx.Err() == nil {
		f.log.Error("photos: try not recorded", "file", p.ID, "err", err)
		pause(ctx, photoPause)
	}
}

// statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("answered %d", int(e)) }

// keepError is trouble of our own: the photo came and could not be stored.
type keepError struct{ error }

// whyExpired says in Korean, for the thread, why a photo could not be had.
func whyExpired(err error) string {
	if _, answered := errors.AsType[statusError](err); answered {
		return "사진 주소가 만료되어 받지 못했어요."
	}
	if _, ours := errors.AsType[keepError](err); ours {
		return "사진을 저장하지 못했어요. 시스템 화면에서 저장 공간을 확인해 주세요."
	}
	if errors.Is(err, ErrRefusedAddress) {
		return "사진 주소가 허용되지 않은 곳으로 이어져 받지 않았어요."
	}
	return "사진이 있는 서버와 연결되지 않아 제때 받지 못했어요."
}

// get reads a photo: over https first, and over http only where the link itself was http (RULES B9). Its errors name
// no part of the link but the host.
func (f *Fetcher) get(ctx context.Context, link string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.total)
	defer cancel()
	u, err := CheckURL(link, f.db.Outside().MediaHosts)
	if err != nil {
		return nil, err
	}
	schemes := []string{"https"}
	if u.Scheme == "http" {
		schemes = []string{"https", "http"}
	}
	var body []byte
	for _, u.Scheme = range schemes {
		if body, err = f.getOnce(ctx, u); err == nil || ctx.Err() != nil {
			break
		}
	}
	return body, err
}

func (f *Fetcher) getOnce(ctx context.Context, u *url.URL) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("photos: request not made")
	}
	req.Header.Set("User-Agent", "toktok")
	req.Header.Set("Accept", "image/*")
	resp, err := f.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // the outer one quotes the link
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, store.MaxPhoto+1))
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Host
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
