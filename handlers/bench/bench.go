// Package bench measures the intake of a running toktok from outside: it starts the executable on an empty folder,
// drives its skill webhook with distinct citizens over raw connections, and compares it with a no-op route measured in
// the same run. Machines are noisy; the ratio is what can be compared.
//
// It may import store, handlers/web and handlers/control. Latencies are of the wall's clock, which is
// why main hands it in.
package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Options says what to measure.
type Options struct {
	Executable  string           // the binary to start; it must know `serve` and `bench --noop`
	Connections int              // kept open, one request at a time each
	Requests    int              // a round
	Rounds      int              // interleaved with the no-op's
	Now         func() time.Time // the wall's clock
	Progress    func(done int)
	Log         io.Writer // stderr of the children
}

// Figures are of one side.
type Figures struct {
	PerSecond float64 `json:"per_second"` // median over the rounds
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	P999      float64 `json:"p999_ms"`
	Min       float64 `json:"min_per_second"`
	Max       float64 `json:"max_per_second"`
	CPU       float64 `json:"cpu_us"` // server's processor time for a request; 0 where it cannot be read
}

// Report is the result of a run.
type Report struct {
	Connections  int     `json:"connections"`
	Requests     int     `json:"requests"`
	Rounds       int     `json:"rounds"`
	Intake       Figures `json:"intake"`
	Noop         Figures `json:"noop"`
	Ratio        float64 `json:"ratio"` // median of the paired ratios
	ReadyMS      float64 `json:"ready_ms"`
	IdleMiB      float64 `json:"idle_mib"`
	PeakMiB      float64 `json:"peak_mib"`
	Acknowledged int     `json:"acknowledged"` // distinct receipt numbers read
	Failed       int     `json:"failed"`       // answers without one
	Gaps         int     `json:"gaps"`         // numbers between the first and the last that nobody was given
}

const skillKey = "bench-bench-bench-bench-bench-bench-bench"

// Run measures and reports.
func Run(ctx context.Context, o Options) (*Report, error) {
	dir, err := os.MkdirTemp("", "toktok-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	served, err := start(ctx, o, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--skill-key", skillKey)
	if err != nil {
		return nil, err
	}
	defer served.stop()
	idle := memory(served.pid(), "VmRSS")
	noop, err := start(ctx, o, "bench", "--noop")
	if err != nil {
		return nil, err
	}
	defer noop.stop()
	r := &Report{Connections: o.Connections, Requests: o.Requests, Rounds: o.Rounds, ReadyMS: served.ready.Seconds() * 1000, IdleMiB: idle}
	if err := r.measure(ctx, o, served, noop); err != nil {
		return nil, err
	}
	r.PeakMiB = memory(served.pid(), "VmHWM")
	return r, nil
}

// measure interleaves the rounds of both sides, so that a slow moment of the machine meets both.
func (r *Report) measure(ctx context.Context, o Options, served, noop *child) error {
	var intake, nothing []round
	numbers := map[string]bool{}
	citizen := 0
	warm := load{addr: served.addr, connections: o.Connections, requests: min(o.Requests, 1000), first: 1 << 30, now: o.Now}
	for i := range 2*o.Rounds + 1 {
		side := served
		l := load{addr: served.addr, connections: o.Connections, requests: o.Requests, first: citizen, now: o.Now, keep: true}
		switch {
		case i == 0:
			l = warm
			l.keep = true
		case i%2 == 1:
			side, l.addr, l.keep = noop, noop.addr, false
		default:
			citizen += o.Requests
		}
		before := processor(side.pid())
		got, err := l.run(ctx)
		if err != nil {
			return err
		}
		got.cpu = processor(side.pid()) - before
		r.Failed += got.failed
		for _, n := range got.numbers {
			if numbers[n] {
				return fmt.Errorf("receipt number %s was given twice", n)
			}
			numbers[n] = true
		}
		switch {
		case i == 0:
		case i%2 == 1:
			nothing = append(nothing, got)
		default:
			intake = append(intake, got)
		}
		if o.Progress != nil {
			o.Progress(i + 1)
		}
	}
	r.Acknowledged = len(numbers)
	r.Gaps = gaps(numbers)
	r.Intake, r.Noop = figures(intake), figures(nothing)
	ratios := make([]float64, len(intake))
	for i := range intake {
		ratios[i] = intake[i].rate() / nothing[i].rate()
	}
	r.Ratio = median(ratios)
	return nil
}

// child is one side, running.
type child struct {
	cmd   *exec.Cmd
	addr  string
	ready time.Duration
}

var readyURL = regexp.MustCompile(`"url":"http://([^"]+)"`)

// start runs the executable and waits for its ready line.
func start(ctx context.Context, o Options, args ...string) (*child, error) {
	cmd := exec.CommandContext(ctx, o.Executable, args...)
	cmd.Stderr = o.Log
	cmd.Env = append(cleanEnv(), "TOKTOK_LOG=error")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := o.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	c.ready = o.Now().Sub(began)
	var ready struct{ URL string }
	if err == nil {
		err = json.Unmarshal([]byte(line), &ready)
	}
	if m := readyURL.FindStringSubmatch(line); m != nil {
		c.addr = m[1]
		return c, nil
	}
	c.stop()
	return nil, errors.Join(fmt.Errorf("%s did not become ready: %q", strings.Join(args[:1], " "), line), err)
}

// cleanEnv is the environment without our own settings: a bench must not write into a real office's folder.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TOKTOK_") {
			env = append(env, kv)
		}
	}
	return env
}

func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) stop() {
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		c.cmd.Process.Kill()
	}
	c.cmd.Wait()
}

// processor is the time a process has used, read from /proc in ticks of 10 ms; 0 where there is none.
func processor(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold blanks
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory reads a figure of /proc in MiB; 0 where there is none.
func memory(pid int, field string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			var kib float64
			fmt.Sscanf(rest, "%f", &kib)
			return kib / 1024
		}
	}
	return 0
}
