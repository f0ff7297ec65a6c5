package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"toktok/handlers/web"
	"toktok/store"
)

// meter keeps what requests add up to and asks the store for the rest when somebody reads it.
type meter struct {
	s       *Server
	set     *metrics.Set
	intake  *metrics.PrometheusHistogram
	answers sync.Map // counted → *metrics.Counter: the name is built once, not for each request
}

type counted struct {
	route  *web.Route
	status int
}

// intakePath is the route whose time is the citizens'.
const intakePath = "/kakao/skill"

// Buckets of the intake in seconds, up to Kakao's limit of 5 (kakao-chatbot.md §1.1).
var intakeBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

func newMeter(s *Server) *meter {
	m := &meter{s: s, set: metrics.NewSet()}
	m.intake = m.set.NewPrometheusHistogramExt("toktok_intake_seconds", intakeBuckets)
	return m
}

// observe counts an answer under its route; the pattern, never the URL.
func (m *meter) observe(route *web.Route, status int, took time.Duration) {
	key := counted{route, status}
	count, ok := m.answers.Load(key)
	if !ok {
		name := fmt.Sprintf(`toktok_requests_total{method=%q,route=%q,status="%d"}`, route.Method, route.Path, status)
		count, _ = m.answers.LoadOrStore(key, m.set.GetOrCreateCounter(name))
	}
	count.(*metrics.Counter).Inc()
	if route.Path == intakePath {
		m.intake.Update(took.Seconds())
	}
}

// metrics answers Prometheus text to its own token, or to the machine itself.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if !s.mayMeasure(r, sc) {
		return &store.Error{Kind: store.Forbidden, Text: "이 주소는 같은 서버나 TOKTOK_METRICS_TOKEN으로만 볼 수 있어요."}
	}
	gauges, err := s.gauges(r.Context())
	if err != nil {
		return err
	}
	return web.Body(w, http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", func(out io.Writer) error {
		s.meter.set.WritePrometheus(out)
		_, err := out.Write(gauges)
		if err == nil {
			metrics.WriteProcessMetrics(out)
		}
		return err
	})
}

// mayMeasure: a proxy on this machine makes everyone look local, so a forwarded request never counts as local.
func (s *Server) mayMeasure(r *http.Request, sc *web.Scope) bool {
	if s.o.MetricsToken != "" {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		want, got := sha256.Sum256([]byte(s.o.MetricsToken)), sha256.Sum256([]byte(given))
		if subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
			return true
		}
	}
	forwarded := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
	return sc.IP.IsLoopback() && !forwarded
}

// gauges are read when asked for. Labels hold states and job ids, nothing of a citizen.
func (s *Server) gauges(ctx context.Context) ([]byte, error) {
	status, err := s.o.DB.Status(ctx, store.System("metrics"))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, state := range store.States {
		fmt.Fprintf(&b, "toktok_tickets{state=%q} %d\n", state, status.Queues[state])
	}
	fmt.Fprintf(&b, "toktok_tickets_awaiting %d\n", status.Awaiting)
	for _, state := range slices.Sorted(maps.Keys(status.Deliveries)) {
		fmt.Fprintf(&b, "toktok_deliveries{state=%q} %d\n", state, status.Deliveries[state])
	}
	fmt.Fprintf(&b, "toktok_quarantine %d\ntoktok_call_tasks %d\n", status.Quarantine, status.CallTasks)
	fmt.Fprintf(&b, "toktok_file_bytes %d\ntoktok_disk_free_bytes %d\n", status.Storage.Files, status.Storage.Free)
	db := s.o.DB.Stats()
	fmt.Fprintf(&b, "toktok_write_queue %d\ntoktok_db_commits_total %d\ntoktok_db_writes_total %d\ntoktok_db_failed_writes_total %d\ntoktok_db_rerun_writes_total %d\n",
		db.QueueLen, db.Batches, db.Writes, db.Failed, db.Rerun)
	fmt.Fprintf(&b, "toktok_db_commit_seconds{quantile=\"0.5\"} %g\ntoktok_db_commit_seconds{quantile=\"0.99\"} %g\ntoktok_db_bytes %d\ntoktok_db_wal_bytes %d\n",
		db.CommitP50.Seconds(), db.CommitP99.Seconds(), db.DBBytes, db.WALBytes)
	fmt.Fprintf(&b, "toktok_streams %d\ntoktok_hub_subscribers %d\n", s.site.Streams(), s.o.DB.Live().Len())
	for _, job := range s.o.Jobs() {
		if job.Last != nil {
			fmt.Fprintf(&b, "toktok_job_last_seconds{job=%q,outcome=%q} %d\n", job.ID, job.Last.Outcome, job.Last.ScheduledFor.Unix())
		}
		if !job.Next.IsZero() {
			fmt.Fprintf(&b, "toktok_job_next_seconds{job=%q} %d\n", job.ID, job.Next.Unix())
		}
	}
	fmt.Fprintf(&b, "toktok_build_info{version=%q} 1\n", s.o.Version)
	return b.Bytes(), nil
}
