package db_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"toktok/store/db"
)

// BenchmarkWrite measures tiny closures (one insert) at several numbers of callers.
func BenchmarkWrite(b *testing.B) {
	for _, callers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			e := open(b, db.Options{})
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						err := e.Write(context.Background(), func(tx *db.Tx) error {
							_, err := tx.Exec(`insert into item (at, body) values (?, ?)`, tx.Now.UnixMilli(), "한 줄")
							return err
						})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(e.Stats().MeanBatch, "per-batch")
		})
	}
}

// BenchmarkQueryRow measures a read by key through the prepared facade.
func BenchmarkQueryRow(b *testing.B) {
	e := open(b, db.Options{})
	if err := e.Write(b.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into parent (id, name) values (1, 'a')`)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			var name string
			if err := e.QueryRow(context.Background(), `select name from parent where id = ?`, 1).Scan(&name); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
