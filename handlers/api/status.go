package api

import (
	"net/http"

	"toktok/handlers/web"
	"toktok/store"
)

// StatusAnswer is the state of the service.
type StatusAnswer struct {
	Now        Instant        `json:"now" doc:"서비스의 시각"`
	Version    string         `json:"version" doc:"버전"`
	Queues     Queues         `json:"queues" doc:"민원의 수"`
	Deliveries map[string]int `json:"deliveries" doc:"전달 상태마다의 수"`
	Jobs       []JobStatus    `json:"jobs" doc:"작업"`
	Quarantine int            `json:"quarantine" doc:"사람이 볼 때까지 따로 둔 요청의 수"`
	Storage    Storage        `json:"storage" doc:"저장소"`
}

// Queues are the numbers of cases.
type Queues struct {
	Awaiting int `json:"awaiting" doc:"시민이 답을 기다리는 민원"`
	Waiting  int `json:"waiting" doc:"아침 대기"`
	Open     int `json:"open" doc:"답변 대기"`
	Answered int `json:"answered" doc:"답변함"`
	Review   int `json:"review" doc:"부서 처리"`
	Closed   int `json:"closed" doc:"완료"`
	Calls    int `json:"calls" doc:"전화해야 할 시민"`
	Writes   int `json:"writes" doc:"저장을 기다리는 쓰기"`
}

// JobStatus is a job with its last and next run.
type JobStatus struct {
	ID   string     `json:"id" doc:"이름"`
	Last *RunStatus `json:"last" doc:"지난 실행. 없으면 null"`
	Next Instant    `json:"next" doc:"다음 실행"`
}

// RunStatus is one run of a job.
type RunStatus struct {
	ScheduledFor Instant `json:"scheduled_for" doc:"정해진 시각"`
	Outcome      string  `json:"outcome" doc:"결과" enum:"running,done,failed,missed,skipped"`
}

// Storage is the state of database, files and disk.
type Storage struct {
	DatabaseBytes int64 `json:"database_bytes" doc:"데이터베이스 파일의 크기"`
	LogBytes      int64 `json:"wal_bytes" doc:"쓰기 기록(WAL)의 크기"`
	FileBytes     int64 `json:"file_bytes" doc:"사진의 크기"`
	FreeBytes     int64 `json:"free_bytes" doc:"디스크의 남은 자리. 모르면 -1"`
	CommitP50     int64 `json:"commit_p50_us" doc:"저장에 걸린 시간의 중앙값(마이크로초)"`
	CommitP99     int64 `json:"commit_p99_us" doc:"저장에 걸린 시간의 99백분위(마이크로초)"`
	Failed        int64 `json:"failed_writes" doc:"시작한 뒤 되돌린 쓰기. 규칙에 맞지 않아 거절한 것도 들어가요"`
}

var sampleStatus = StatusAnswer{
	Now: instant("2026-11-23T09:20:00+09:00"), Version: "1.0.0",
	Queues:     Queues{Awaiting: 3, Waiting: 0, Open: 3, Answered: 12, Review: 4, Closed: 260},
	Deliveries: map[string]int{"delivered": 271, "pickup": 2},
	Jobs: []JobStatus{{ID: "opening", Last: &RunStatus{ScheduledFor: instant("2026-11-23T09:00:00+09:00"), Outcome: "done"},
		Next: instant("2026-11-24T09:00:00+09:00")}},
	Storage: Storage{DatabaseBytes: 41943040, LogBytes: 4120032, FileBytes: 91234567, FreeBytes: 21474836480, CommitP50: 900, CommitP99: 4100},
}

// status answers how the service is.
func (a *API) status(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	if err := noQuery(r); err != nil {
		return err
	}
	now, err := a.db.Status(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	stats := a.db.Stats()
	out := StatusAnswer{
		Now: Instant(sc.Now), Version: a.version, Deliveries: now.Deliveries, Jobs: []JobStatus{}, Quarantine: now.Quarantine,
		Queues: Queues{
			Awaiting: now.Awaiting, Waiting: now.Queues[store.StateWaiting], Open: now.Queues[store.StateOpen],
			Answered: now.Queues[store.StateAnswered], Review: now.Queues[store.StateReview], Closed: now.Queues[store.StateClosed],
			Calls: now.CallTasks, Writes: stats.QueueLen,
		},
		Storage: Storage{
			DatabaseBytes: now.Storage.Database, LogBytes: now.Storage.WAL, FileBytes: now.Storage.Files, FreeBytes: now.Storage.Free,
			Failed:    int64(stats.Failed),
			CommitP50: stats.CommitP50.Microseconds(), CommitP99: stats.CommitP99.Microseconds(),
		},
	}
	for _, job := range a.jobs() {
		one := JobStatus{ID: job.ID, Next: Instant(job.Next)}
		if job.Last != nil {
			one.Last = &RunStatus{ScheduledFor: Instant(job.Last.ScheduledFor), Outcome: job.Last.Outcome}
		}
		out.Jobs = append(out.Jobs, one)
	}
	return web.JSON(w, r, http.StatusOK, out)
}
