package wording

import (
	"testing"
	"time"
)

// BenchmarkRender is on the writer's path: every receipt is rendered inside the transaction that gives it its number.
func BenchmarkRender(b *testing.B) {
	v := Vars{Number: "2026-000123", Minutes: 10, NextOpen: time.Unix(1795400000, 0), Duty: "054-700-2222"}
	for b.Loop() {
		if _, err := (Set)(nil).Render(ReceiptClosed, v); err != nil {
			b.Fatal(err)
		}
	}
}
