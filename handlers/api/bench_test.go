package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"toktok/handlers/web"
	"toktok/store"
)

func benchmark(b *testing.B, path string) {
	const cases = 500
	house := open(b, web.Limits{Token: web.Rate{PerSecond: 1e9, Burst: 1e9}})
	for i := range cases {
		house.say(b, fmt.Sprintf("u%d", i), "집 앞 가로등이 꺼졌어요")
	}
	handler := house.Config.Handler
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req := httptest.NewRequest("GET", "/api/v1"+path, nil)
			req.Header.Set("Authorization", "Bearer "+house.tokens[store.RoleOperator])
			rec := httptest.NewRecorder()
			if handler.ServeHTTP(rec, req); rec.Code != http.StatusOK {
				b.Errorf("%d %s", rec.Code, rec.Body)
			}
		}
	})
}

// The list and a case through the whole server, each with its access row on disk (RULES G4).
func BenchmarkList(b *testing.B) { benchmark(b, "/tickets?limit=50") }

func BenchmarkGet(b *testing.B) { benchmark(b, "/tickets/2026-000100") }
