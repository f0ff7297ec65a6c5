package schedule_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"toktok/schedule"
	"toktok/store/storetest"
)

// leap is a demo whose clock is moved by hand, with a Kakao that fetches the words of an event a while after it took it,
// and the phone of the citizen.
type leap struct {
	*city
	s     *schedule.Scheduler
	kakao *kakao

	mu     sync.Mutex
	phone  []string
	shown  sync.WaitGroup
	events int
}

func newLeap(t *testing.T, after time.Duration) *leap {
	t.Helper()
	l := &leap{}
	l.kakao = &kakao{task: answer(200, pending)}
	l.kakao.talk = func(w http.ResponseWriter, r *http.Request) {
		uid, user := attemptOf(r)
		l.mu.Lock()
		l.events++
		l.mu.Unlock()
		if after >= 0 {
			l.shown.Go(func() {
				time.Sleep(after) // Kakao's own time: nothing to wait for on our side
				read := l.fetch(user, uid, true)
				l.mu.Lock()
				l.phone = append(l.phone, read...)
				l.mu.Unlock()
			})
		}
		answer(200, taken)(w, r)
	}
	server := httptest.NewServer(l.kakao)
	t.Cleanup(server.Close)
	l.city = newCity(t, func(o *schedule.DispatchOptions) { o.Base = server.URL })
	l.s = schedule.New(schedule.Options{DB: l.db, Demo: l.clock, Workers: []schedule.Worker{l.d}})
	if err := l.s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.shown.Wait()
		stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.s.Stop(stop); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (l *leap) step(to string) {
	l.Helper()
	if _, err := l.s.StepTo(context.Background(), storetest.At(to)); err != nil {
		l.Fatal(err)
	}
}

// read is what the citizen's phone shows in the end.
func (l *leap) read() (phone []string, events int) {
	l.shown.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phone, l.events
}

// The minute that an event waits for its skill call is not over because somebody moved the demo's clock.
func TestLeapWaitsForTheSkillCall(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{
		"an hour":   "2026-11-23 11:00",
		"a week":    "2026-11-30 10:00",
		"62 s":      "2026-11-23 10:01:02",
		"half an h": "2026-11-23 10:31",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLeap(t, 300*time.Millisecond)
			number := l.says("citizen", "가로등이 꺼져 있어요", true)
			l.reply(number, "오늘 고칠게요.")
			l.quiet()
			if d := l.delivery(number); d.State != "accepted" {
				t.Fatalf("before the leap the delivery is %+v", d)
			}
			l.step(to)
			l.step("2026-12-01 10:00")
			l.step("2026-12-01 10:02")
			l.quiet()
			phone, events := l.read()
			if len(phone) != 1 || phone[0] != "오늘 고칠게요." || events != 1 {
				t.Errorf("%d events, the phone shows %q", events, phone)
			}
			if d := l.delivery(number); d.State != "accepted" && d.State != "delivered" {
				t.Errorf("in the end %+v", d)
			}
		})
	}
}

// Nights and mornings pass in one step; each line of them is fetched 50 ms after Kakao took it, and read once.
func TestLeapOverNightsShowsEachLineOnce(t *testing.T) {
	t.Parallel()
	l := newLeap(t, 50*time.Millisecond)
	l.says("citizen", "가로등이 꺼져 있어요", true)
	l.step("2026-11-26 10:00")
	l.quiet()
	phone, events := l.read()
	var evenings, mornings int
	for _, line := range phone {
		switch {
		case strings.Contains(line, "이어서 확인"):
			evenings++
		case strings.Contains(line, "상담을 시작"):
			mornings++
		}
	}
	if len(phone) != 6 || evenings != 3 || mornings != 3 || events != 6 {
		t.Errorf("%d events, the phone shows %d lines of the evening and %d of the morning:\n%s", events, evenings, mornings, strings.Join(phone, "\n"))
	}
}

// A Kakao that never comes does not hold the clock for long, and the words are not lost.
func TestLeapWithAKakaoThatNeverComes(t *testing.T) {
	t.Parallel()
	l := newLeap(t, -1)
	number := l.says("citizen", "가로등이 꺼져 있어요", true)
	l.reply(number, "오늘 고칠게요.")
	began := time.Now()
	l.step("2026-12-23 10:00")
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the step took %v", took)
	}
	for range 8 {
		l.later(2 * time.Hour)
	}
	if d := l.delivery(number); d.State != "pickup" {
		t.Errorf("in the end %+v", d)
	}
	if a := storetest.Say(t, l.db, storetest.Call{Text: "답변 확인", Friend: false}); len(a.Bubbles) == 0 || a.Bubbles[0] != "오늘 고칠게요." {
		t.Errorf("the citizen picks up %q", a.Bubbles)
	}
}
