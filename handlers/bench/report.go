package bench

import (
	"fmt"
	"io"
)

// Goals of the first release (64 connections).
const (
	goalRatio = 0.25
	goalP99   = 60.0  // ms
	goalPeak  = 120.0 // MiB
	goalReady = 300.0 // ms
	goalIdle  = 60.0  // MiB
)

// Table prints the report for people.
func (r *Report) Table(w io.Writer) {
	fmt.Fprintf(w, "%d connections, %d requests a round, %d rounds interleaved with the no-op\n\n", r.Connections, r.Requests, r.Rounds)
	fmt.Fprintf(w, "%-10s %12s %22s %9s %9s %9s %9s\n", "route", "req/s", "(min–max)", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs")
	for _, row := range []struct {
		name string
		f    Figures
	}{{"no-op", r.Noop}, {"intake", r.Intake}} {
		fmt.Fprintf(w, "%-10s %12.0f %22s %9.2f %9.2f %9.2f %9.0f\n", row.name, row.f.PerSecond, fmt.Sprintf("(%.0f–%.0f)", row.f.Min, row.f.Max), row.f.P50, row.f.P99, row.f.P999, row.f.CPU)
	}
	fmt.Fprintf(w, "\nintake ÷ no-op   %6.2f   goal ≥ %.2f   %s\n", r.Ratio, goalRatio, reached(r.Ratio >= goalRatio))
	fmt.Fprintf(w, "intake p99       %6.1f   goal < %.0f ms   %s\n", r.Intake.P99, goalP99, reached(r.Intake.P99 < goalP99))
	fmt.Fprintf(w, "peak memory      %6.1f   goal < %.0f MiB  %s\n", r.PeakMiB, goalPeak, reached(r.PeakMiB < goalPeak))
	fmt.Fprintf(w, "idle memory      %6.1f   goal < %.0f MiB   %s\n", r.IdleMiB, goalIdle, reached(r.IdleMiB < goalIdle))
	fmt.Fprintf(w, "ready after      %6.1f   goal < %.0f ms  %s\n", r.ReadyMS, goalReady, reached(r.ReadyMS < goalReady))
	fmt.Fprintf(w, "acknowledged %d, failed %d, gaps in the numbers %d\n", r.Acknowledged, r.Failed, r.Gaps)
}

func reached(yes bool) string {
	if yes {
		return "reached"
	}
	return "not reached"
}
