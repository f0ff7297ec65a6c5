package handlers

import (
	"context"
	"net/http"
	"time"

	"toktok/handlers/api"
	"toktok/handlers/web"
)

// Ran is an occurrence that ran while the clock moved.
type Ran struct {
	Job          string
	ScheduledFor time.Time
	Outcome      string
}

// Stepper moves the demo's clock and returns when every occurrence due by then has run.
type Stepper interface {
	StepTo(ctx context.Context, target time.Time) ([]Ran, error)
}

type demoClock struct {
	stepper Stepper
	now     func() time.Time
}

type clockAnswer struct {
	Now api.Instant `json:"now"`
	Ran []ranAnswer `json:"ran"`
}

type ranAnswer struct {
	Job          string      `json:"job"`
	ScheduledFor api.Instant `json:"scheduled_for"`
	Outcome      string      `json:"outcome"`
}

func (c *demoClock) get(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
	return web.JSON(w, r, http.StatusOK, map[string]api.Instant{"now": api.Instant(c.now())})
}

// post moves the clock to an instant or by a span; backward is allowed (RULES E4).
func (c *demoClock) post(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
	var in struct {
		Now     string `json:"now"`
		Advance string `json:"advance"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	target, err := c.target(in.Now, in.Advance)
	if err != nil {
		return err
	}
	web.Patient(w) // a year takes some seconds
	ran, err := c.stepper.StepTo(r.Context(), target)
	if err != nil {
		return err
	}
	out := clockAnswer{Now: api.Instant(c.now()), Ran: make([]ranAnswer, 0, len(ran))}
	for _, one := range ran {
		out.Ran = append(out.Ran, ranAnswer{one.Job, api.Instant(one.ScheduledFor), one.Outcome})
	}
	return web.JSON(w, r, http.StatusOK, out)
}

// The demo's clock stays in the years whose holidays are known (domain-korea.md §2).
const firstYear, lastYear = 2021, 2028

func (c *demoClock) target(now, advance string) (time.Time, error) {
	field := "now"
	var target time.Time
	var err error
	switch {
	case (now == "") == (advance == ""):
		return target, web.Wrong(map[string]string{"now": "now와 advance 가운데 하나만 보내 주세요."})
	case now != "":
		if target, err = time.Parse(time.RFC3339, now); err != nil {
			return target, web.Wrong(map[string]string{"now": "2026-09-23T22:30:00+09:00처럼 보내 주세요."})
		}
	default:
		field = "advance"
		by, err := time.ParseDuration(advance)
		if err != nil {
			return target, web.Wrong(map[string]string{"advance": "10h, 30m처럼 보내 주세요."})
		}
		target = c.now().Add(by)
	}
	if year := target.Year(); year < firstYear || year > lastYear {
		return target, web.Wrong(map[string]string{field: "2021년부터 2028년까지로 옮길 수 있어요."})
	}
	return target, nil
}
