package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

// BenchmarkReceive takes in first messages of distinct citizens, 64 at a time: the store's share of `toktok bench`.
func BenchmarkReceive(b *testing.B) {
	db := storetest.Open(b, store.WallClock{}, b.TempDir())
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			call := storetest.Call{User: fmt.Sprintf("citizen-%060d", i), Text: "중앙로 12 앞 가로등이 꺼져 있어요. 밤에 너무 어두워요.", Friend: i%2 == 0, Request: fmt.Sprint("r", i)}
			if a := db.Receive(context.Background(), call.In(db)); len(a.Body) == 0 {
				b.Error("no answer")
			}
		}
	})
}
