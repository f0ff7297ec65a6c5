package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"toktok/store/kakao/skill"
)

// noop runs the route that everything is compared with and returns its address.
func noop(t *testing.T) string {
	t.Helper()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Noop(ctx, in) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("no-op: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ URL string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(ready.URL, "http://")
}

func TestLoadSendsEveryRequestOnce(t *testing.T) {
	t.Parallel()
	l := load{addr: noop(t), connections: 8, requests: 500, now: time.Now, keep: true}
	got, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.waits) != 500 || len(got.numbers) != 500 || got.failed != 0 {
		t.Errorf("%d answers, %d numbers, %d failed; want 500, 500, 0", len(got.waits), len(got.numbers), got.failed)
	}
	f := figures([]round{got})
	if f.PerSecond <= 0 || f.P50 <= 0 || f.P50 > f.P99 || f.P99 > f.P999 {
		t.Errorf("figures %+v are out of order", f)
	}
}

// TestRequestIsAsKakaoSendsIt: what is measured must be the real thing, from a citizen of its own each time.
func TestRequestIsAsKakaoSendsIt(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 50 {
		_, body, _ := strings.Cut(string(request("127.0.0.1:1", i)), "\r\n\r\n")
		r, err := skill.Decode([]byte(body))
		if err != nil || r.Utterance == "" || seen[r.UserID] || r.IsTest() {
			t.Fatalf("request %d: %v, words %q, citizen seen before: %v", i, err, r.Utterance, seen[r.UserID])
		}
		seen[r.UserID] = true
	}
}

func TestReceiptAndGaps(t *testing.T) {
	t.Parallel()
	if got := receipt([]byte(`{"text":"접수번호 2026-000123\n곧 답해요"}`)); got != "2026-000123" {
		t.Errorf("receipt %q", got)
	}
	if got := receipt([]byte(`{"text":"저장하지 못했어요"}`)); got != "" {
		t.Errorf("a refusal has the number %q", got)
	}
	if got := gaps(map[string]bool{"2026-000001": true, "2026-000002": true, "2026-000005": true}); got != 2 {
		t.Errorf("gaps %d, want 2", got)
	}
	if got := median([]float64{3, 1, 2, 10}); got != 2.5 {
		t.Errorf("median %v, want 2.5", got)
	}
}
