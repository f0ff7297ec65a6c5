package schedule_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"toktok/store"
	"toktok/store/storetest"
)

// BenchmarkMorning works a night of 10,000 cases at 09:00 while citizens go on writing: how long until each is told, and
// how long an intake waits meanwhile.
func BenchmarkMorning(b *testing.B) {
	const cases = 10_000
	for b.Loop() {
		b.StopTimer()
		var c *city
		k := &kakao{task: answer(200, allSuccess)}
		k.talk = func(w http.ResponseWriter, r *http.Request) {
			uid, user := attemptOf(r)
			c.fetch(user, uid, true)
			answer(200, taken)(w, r)
		}
		c = at(b, k)
		c.clock.Run(storetest.At("2026-11-22 22:00"))
		var wg sync.WaitGroup
		for part := range 32 {
			wg.Go(func() {
				for i := part; i < cases; i += 32 {
					c.db.Receive(context.Background(), storetest.Call{User: fmt.Sprint("night", i), Text: "가로등이 꺼져 있어요", Friend: true}.In(c.db))
				}
			})
		}
		wg.Wait()
		c.clock.Run(storetest.At("2026-11-23 09:00"))
		done := make(chan struct{})
		var waits []time.Duration
		var day sync.WaitGroup
		day.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
				from := time.Now()
				c.db.Receive(context.Background(), storetest.Call{User: fmt.Sprint("day", i), Text: "불법 주차예요", Friend: true}.In(c.db))
				waits = append(waits, time.Since(from))
			}
		})
		b.StartTimer()
		from := time.Now()
		n, err := c.db.Opening(context.Background(), store.Job("opening"), c.db.Now())
		if n != cases || err != nil {
			b.Fatalf("opened %d, %v", n, err)
		}
		b.ReportMetric(time.Since(from).Seconds(), "s/opening")
		for {
			st, err := c.db.Status(context.Background(), operator)
			if err != nil {
				b.Fatal(err)
			}
			if st.Deliveries["delivered"] == cases {
				break
			}
			time.Sleep(50 * time.Millisecond)
			if time.Since(from) > 4*time.Minute {
				b.Logf("gave up: %v", st.Deliveries)
				break
			}
		}
		b.ReportMetric(time.Since(from).Seconds(), "s/told")
		b.StopTimer()
		close(done)
		day.Wait()
		slices.Sort(waits)
		b.ReportMetric(float64(waits[len(waits)*99/100].Milliseconds()), "ms/intake-p99")
		b.ReportMetric(float64(waits[len(waits)-1].Milliseconds()), "ms/intake-max")
		b.StartTimer()
	}
}
