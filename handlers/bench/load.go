package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is one round: so many requests over so many connections, each citizen once. Requests are built before the
// clock starts; latencies are exact, not bucketed.
type load struct {
	addr        string
	connections int
	requests    int
	first       int  // number of the first citizen
	keep        bool // collect receipt numbers
	now         func() time.Time
}

type round struct {
	took    time.Duration
	waits   []time.Duration
	numbers []string
	failed  int
	cpu     time.Duration // of the server
}

func (r round) rate() float64 { return float64(len(r.waits)) / r.took.Seconds() }

func (l load) run(ctx context.Context) (round, error) {
	requests := make([][]byte, l.requests)
	for i := range requests {
		requests[i] = request(l.addr, l.first+i)
	}
	conns := make([]net.Conn, l.connections)
	for i := range conns {
		c, err := net.Dial("tcp", l.addr)
		if err != nil {
			return round{}, err
		}
		defer c.Close()
		conns[i] = c
	}
	var next atomic.Int64
	results := make([]round, l.connections)
	errs := make([]error, l.connections)
	began := l.now()
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() { results[i], errs[i] = l.work(ctx, c, requests, &next) })
	}
	wg.Wait()
	all := round{took: l.now().Sub(began)}
	for _, r := range results {
		all.waits = append(all.waits, r.waits...)
		all.numbers = append(all.numbers, r.numbers...)
		all.failed += r.failed
	}
	return all, errors.Join(errs...)
}

// work sends one request after the other over its connection.
func (l load) work(ctx context.Context, c net.Conn, requests [][]byte, next *atomic.Int64) (round, error) {
	var r round
	in := bufio.NewReaderSize(c, 8<<10)
	for ctx.Err() == nil {
		i := int(next.Add(1)) - 1
		if i >= len(requests) {
			return r, nil
		}
		at := l.now()
		if _, err := c.Write(requests[i]); err != nil {
			return r, err
		}
		status, body, err := answer(in)
		if err != nil {
			return r, err
		}
		r.waits = append(r.waits, l.now().Sub(at))
		number := receipt(body)
		switch {
		case status != 200 || l.keep && number == "":
			r.failed++
		case l.keep:
			r.numbers = append(r.numbers, number)
		}
	}
	return r, ctx.Err()
}

// answer reads one HTTP/1.1 answer with a Content-Length.
func answer(in *bufio.Reader) (status int, body []byte, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first:
			if len(line) < 12 {
				return 0, nil, fmt.Errorf("status line %q", line)
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, nil, err
			}
			continue
		case len(line) > 15 && strings.EqualFold(string(line[:15]), "Content-Length:"):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[15:]))); err != nil {
				return 0, nil, err
			}
			continue
		case len(line) > 0:
			continue
		}
		if length < 0 {
			return 0, nil, errors.New("answer without a Content-Length")
		}
		body = make([]byte, length)
		_, err = io.ReadFull(in, body)
		return status, body, err
	}
}

// receipt finds the case number in an answer.
func receipt(body []byte) string {
	const before = "접수번호 "
	i := bytes.Index(body, []byte(before))
	if i < 0 || len(body) < i+len(before)+11 {
		return ""
	}
	return string(body[i+len(before) : i+len(before)+11])
}

// gaps counts numbers missing between the smallest and the largest given.
func gaps(numbers map[string]bool) int {
	low, high := 1<<62, 0
	for n := range numbers {
		_, serial, _ := strings.Cut(n, "-")
		v, err := strconv.Atoi(serial)
		if err != nil {
			continue
		}
		low, high = min(low, v), max(high, v)
	}
	if high == 0 {
		return 0
	}
	return high - low + 1 - len(numbers)
}

// words make texts of 30, 110 and 300 characters, weighted 50/40/10 as in perf.md.
var words = strings.Fields("가로등이 꺼져 있어요 중앙로 앞 보도블록 파손 불법주차 신고합니다 쓰레기 수거가 안 됐어요 언제 고쳐 주나요 하수구 냄새 민원 공사장 소음 너무 심해요 버스 정류장 의자 부서졌어요 신호등 고장 위험합니다 확인 부탁드려요 아이들이 다니는 길입니다 현수막 철거 요청 공원 화장실 청소")

func text(r *rand.Rand) string {
	want := 30
	switch n := r.IntN(10); {
	case n == 9:
		want = 300
	case n >= 5:
		want = 110
	}
	var b strings.Builder
	for runes := 0; runes < want; {
		w := words[r.IntN(len(words))]
		b.WriteString(w)
		b.WriteByte(' ')
		runes += len([]rune(w)) + 1
	}
	return strings.TrimSpace(b.String())
}

// request is a whole skill call of one citizen, as Kakao sends it (kakao-chatbot.md §9.1).
func request(addr string, citizen int) []byte {
	r := rand.New(rand.NewPCG(uint64(citizen), 7))
	key := fmt.Sprintf("%064x%02x", citizen, 170)
	body, err := json.Marshal(map[string]any{
		"intent": map[string]any{"id": "66f0aa01c3d2e14b7a9f0001", "name": "폴백 블록", "extra": map[string]any{"reason": map[string]any{"code": 1, "message": "OK"}}},
		"userRequest": map[string]any{
			"timezone": "Asia/Seoul", "params": map[string]any{"surface": "Kakaotalk.plusfriend"},
			"block":     map[string]any{"id": "66f0aa01c3d2e14b7a9f0001", "name": "폴백 블록"},
			"utterance": text(r), "lang": "ko",
			"user": map[string]any{"id": key, "type": "botUserKey", "properties": map[string]any{
				"botUserKey": key, "bot_user_key": key, "plusfriendUserKey": fmt.Sprintf("pf%010d", citizen), "plusfriend_user_key": fmt.Sprintf("pf%010d", citizen), "isFriend": citizen%2 == 0,
			}},
		},
		"contexts": []any{}, "bot": map[string]any{"id": "66f0a9ffc3d2e14b7a9f0000", "name": "시청 민원 봇"},
		"action": map[string]any{"id": "66f0ab10c3d2e14b7a9f0100", "name": "민원 스킬", "params": map[string]any{}, "detailParams": map[string]any{}, "clientExtra": map[string]any{}},
		"flow":   map[string]any{"trigger": map[string]any{"type": "TEXT_INPUT"}, "lastBlock": map[string]any{"id": "66f0aa01c3d2e14b7a9f0002", "name": "웰컴 블록"}},
	})
	if err != nil {
		panic(err) // maps of strings always encode
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /kakao/skill HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json;charset=UTF-8\r\nAccept: application/json\r\nX-Request-Id: bench-%d\r\nX-Toktok-Key: %s\r\nContent-Length: %d\r\n\r\n",
		addr, citizen, skillKey, len(body))
	b.Write(body)
	return b.Bytes()
}

// figures sums up the rounds of one side: medians over rounds, percentiles over all requests.
func figures(rounds []round) Figures {
	var rates []float64
	var waits []time.Duration
	var cpu time.Duration
	for _, r := range rounds {
		rates = append(rates, r.rate())
		waits = append(waits, r.waits...)
		cpu += r.cpu
	}
	if len(waits) == 0 {
		return Figures{}
	}
	slices.Sort(waits)
	at := func(q float64) float64 {
		return float64(waits[min(len(waits)-1, int(q*float64(len(waits))))].Microseconds()) / 1000
	}
	return Figures{PerSecond: median(rates), P50: at(0.50), P99: at(0.99), P999: at(0.999), Min: slices.Min(rates), Max: slices.Max(rates),
		CPU: float64(cpu.Microseconds()) / float64(len(waits))}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	if len(v)%2 == 1 {
		return v[len(v)/2]
	}
	return (v[len(v)/2-1] + v[len(v)/2]) / 2
}
