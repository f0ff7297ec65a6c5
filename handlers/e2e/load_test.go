package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hall is a production server; its office may be open or closed, the tests that use it do not mind.
func hall(t *testing.T) *server {
	t.Helper()
	s := start(t, "serve")
	s.token = s.addToken("e2e", "admin")
	return s
}

// tell sends one message of a citizen and returns the receipt's text, or why there is none.
func (s *server) tell(user, text string) (string, error) {
	a, err := knock(s.ready.URL+"/kakao/skill", skillKey, encode(request(userKey(user), false, text)))
	if err != nil {
		return "", err
	}
	shown, err := shows(a)
	if err != nil {
		return "", err
	}
	return strings.Join(texts(shown), "\n"), nil
}

func Test64ConcurrentFirstMessagesGetNumbersWithoutGapOrDouble(t *testing.T) {
	t.Parallel()
	s := hall(t)
	const citizens = 64
	told := make([]string, citizens)
	var begin, done sync.WaitGroup
	begin.Add(1)
	for i := range citizens {
		done.Go(func() {
			begin.Wait()
			text, err := s.tell(fmt.Sprint("first ", i), fmt.Sprintf("처음 보내는 글 %d", i))
			if err != nil {
				t.Error(err)
			}
			told[i] = receiptNumber.FindString(text)
		})
	}
	begin.Done()
	done.Wait()
	year := s.tickets("newest")[0].Number[:4]
	var want, listed []string
	for n := range citizens {
		want = append(want, fmt.Sprintf("%s-%06d", year, n+1))
	}
	for _, c := range s.tickets("newest") {
		listed = append(listed, c.Number)
	}
	for who, list := range map[string][]string{"citizens were told": slices.Sorted(slices.Values(told)), "the office sees": slices.Sorted(slices.Values(listed))} {
		if !slices.Equal(list, want) {
			t.Errorf("%s %v, want %s to %s without gap or double", who, list, want[0], want[citizens-1])
		}
	}
	for i, number := range told {
		if got := s.ticket(number).Subject; got != fmt.Sprintf("처음 보내는 글 %d", i) {
			t.Errorf("citizen %d was told %s, which is about %q", i, number, got)
		}
	}
}

// ledger is the test's own book: what each sender sent, and which of it was acknowledged.
type ledger struct {
	mu     sync.Mutex
	sent   map[string]bool // text → a receipt was read to its last byte
	number map[string]string
	acks   atomic.Int64
}

func newLedger() *ledger { return &ledger{sent: map[string]bool{}, number: map[string]string{}} }

func (l *ledger) note(text, receipt string, acknowledged bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[text] = acknowledged
	if !acknowledged {
		return
	}
	if n := receiptNumber.FindString(receipt); n != "" {
		l.number[text] = n
	}
	l.acks.Add(1)
}

// load is eight senders that write without pause until the server goes away.
type load struct {
	s    *server
	book *ledger
	next [8]int // messages of each sender so far
}

// perCitizen is after how many messages a sender is another citizen: one citizen may send 20 a minute (RULES B7).
const perCitizen = 4

// until lets the senders write until so many more are acknowledged, ends the server, and waits for the senders to notice.
func (l *load) until(t *testing.T, acks int64, end func()) {
	t.Helper()
	var senders sync.WaitGroup
	for i := range l.next {
		senders.Go(func() {
			for l.send(t, i) {
			}
		})
	}
	goal := l.book.acks.Load() + acks
	eventually(t, "load arrives", func() (string, bool) { n := l.book.acks.Load(); return fmt.Sprint(n), n >= goal || t.Failed() })
	end()
	senders.Wait()
}

func (l *load) send(t *testing.T, i int) bool {
	n := l.next[i]
	l.next[i]++
	text := fmt.Sprintf("글 %d-%d", i, n)
	receipt, err := l.s.tell(fmt.Sprintf("sender %d citizen %d", i, n/perCitizen), text)
	ok := err == nil && (strings.Contains(receipt, "접수번호") || strings.Contains(receipt, "받았어요"))
	if err == nil && !ok {
		t.Errorf("%q was answered %q", text, receipt)
	}
	_, broken := errors.AsType[*url.Error](err) // no connection, or one that broke: the only thing that may go wrong
	if err != nil && !broken {
		t.Errorf("%q: %v", text, err)
	}
	l.book.note(text, receipt, ok)
	return ok
}

func TestKillInTheMiddleOfLoadLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	s := hall(t)
	l := &load{s: s, book: newLedger()}
	for life := range 10 {
		// Strike between two acknowledgements, never at rest, and each time elsewhere.
		l.until(t, int64(len(l.next))+rand.Int64N(24), s.kill)
		s.run()
		a, err := s.do(http.MethodGet, "/readyz", "", nil)
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("life %d: the first look at readyz: %d %s %v", life, a.status, a.body, err)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	l.book.compare(t, s)
}

func TestSIGTERMInTheMiddleOfLoadLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	s := hall(t)
	l := &load{s: s, book: newLedger()}
	for range 3 {
		l.until(t, 60, s.stop)
		s.run()
	}
	l.book.compare(t, s)
}

// compare holds the office's cases against the test's own book.
func (l *ledger) compare(t *testing.T, s *server) {
	t.Helper()
	found, numbers := map[string]string{}, map[string]bool{}
	list := s.tickets("newest")
	for _, c := range list {
		if numbers[c.Number] {
			t.Errorf("number %s was given twice", c.Number)
		}
		numbers[c.Number] = true
		for _, m := range s.ticket(c.Number).Messages {
			if m.Kind != "citizen" {
				continue
			}
			if other, twice := found[m.Text]; twice {
				t.Errorf("%q stands in %s and in %s", m.Text, other, c.Number)
			}
			if _, sent := l.sent[m.Text]; !sent {
				t.Errorf("nobody sent %q", m.Text)
			}
			found[m.Text] = c.Number
		}
	}
	acknowledged, lost := 0, 0
	for text, ok := range l.sent {
		number, there := found[text]
		switch {
		case ok && !there:
			lost++
			t.Errorf("%q was acknowledged and is lost", text)
		case ok && l.number[text] != "" && l.number[text] != number:
			t.Errorf("%q was acknowledged as %s and stands in %s", text, l.number[text], number)
		}
		if ok {
			acknowledged++
		}
	}
	for n := range len(list) {
		if number := fmt.Sprintf("%s-%06d", list[0].Number[:4], n+1); !numbers[number] {
			t.Errorf("number %s is missing", number)
		}
	}
	t.Logf("%d sent, %d acknowledged, %d stored in %d cases, %d lost", len(l.sent), acknowledged, len(found), len(list), lost)
	if acknowledged < 100 {
		t.Errorf("only %d acknowledged: no load", acknowledged)
	}
}

func TestReadyzAnswersWithinASecondAfterAKill(t *testing.T) {
	t.Parallel()
	s := hall(t)
	for i := range 20 {
		if _, err := s.tell(fmt.Sprint("reader ", i), "불편한 점이 있어요"); err != nil {
			t.Fatal(err)
		}
	}
	s.kill()
	s.run()
	began := time.Now()
	a, err := s.do(http.MethodGet, "/readyz", "", nil)
	if took := time.Since(began); err != nil || a.status != http.StatusOK || took > time.Second && !raceBuild {
		t.Errorf("readyz: %d %s %v after %s", a.status, a.body, err, took)
	}
}
