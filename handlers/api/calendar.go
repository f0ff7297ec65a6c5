package api

import (
	"errors"
	"net/http"
	"time"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/worktime"
)

// CalendarAnswer says whether it is open, why, and what comes next.
type CalendarAnswer struct {
	Open      bool    `json:"open" doc:"업무 중인지"`
	Because   string  `json:"because" doc:"까닭" example:"휴무: 추석 연휴"`
	NextOpen  Instant `json:"next_open" doc:"다음에 여는 시각"`
	NextClose Instant `json:"next_close" doc:"다음에 닫는 시각"`
}

func (a *API) calendar(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	q := readQuery(r)
	at, of := q.instant("at", sc.Now), q.text("of")
	if err := q.done(); err != nil {
		return err
	}
	if of == "" {
		of = "desk"
	}
	c, err := a.db.Calendar(of)
	if store.KindOf(err) == store.NotFound {
		return web.Wrong(map[string]string{"of": "desk, statutory, 또는 있는 부서의 번호를 써 주세요."})
	}
	if err != nil {
		return err
	}
	s := c.Explain(at)
	return web.JSON(w, r, http.StatusOK, CalendarAnswer{Open: s.Open, Because: s.Because, NextOpen: Instant(s.NextOpen), NextClose: Instant(s.NextClose)})
}

// dueIn is a period whose end is asked for (RULES H1).
type dueIn struct {
	Rule       string        `json:"rule" doc:"처리기간: immediate, hours:N, days:N, weeks:N, months:N, years:N" example:"days:7" need:"yes"`
	AcceptedAt string        `json:"accepted_at" doc:"접수 시각" format:"date-time" need:"yes"`
	Exclusions []exclusionIn `json:"exclusions" doc:"기한에 들지 않는 기간"`
	Extensions []extensionIn `json:"extensions" doc:"연장. 두 번까지"`
}

type exclusionIn struct {
	From string `json:"from" doc:"처음. 날짜(YYYY-MM-DD)나 시각" need:"yes"`
	To   string `json:"to" doc:"끝. 날짜면 그날까지" need:"yes"`
	Kind string `json:"kind" doc:"까닭" example:"supplement"`
}

type extensionIn struct {
	Days   int    `json:"days" doc:"늘리는 근무일 수" need:"yes"`
	Ground string `json:"ground" doc:"사유(민원처리법 시행령 §21)" enum:"coop,site,force,similar" need:"yes"`
}

// DueAnswer is the end of a period with its arithmetic.
type DueAnswer struct {
	Due   string          `json:"due" doc:"처리기한. 즉시·시간·5일 이하는 시각, 그 밖은 날짜(YYYY-MM-DD)"`
	Steps []worktime.Step `json:"steps" doc:"산정 근거"`
}

// listMax bounds the lists of a due question: more than a case can ever have.
const listMax = 50

func (a *API) due(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
	var in dueIn
	if err := decode(r, &in); err != nil {
		return err
	}
	if len(in.Exclusions) > listMax || len(in.Extensions) > listMax {
		return web.Wrong(map[string]string{"exclusions": "50개까지 보낼 수 있어요."})
	}
	rule, err := worktime.ParseRule(in.Rule)
	if err != nil {
		return fromTime(err)
	}
	accepted, err := time.Parse(time.RFC3339, in.AcceptedAt)
	if err != nil {
		return web.Wrong(map[string]string{"accepted_at": wantInstant})
	}
	var exclusions []worktime.Exclusion
	for _, one := range in.Exclusions {
		e, err := worktime.ParseExclusion(one.From, one.To, one.Kind)
		if err != nil {
			return fromTime(err)
		}
		exclusions = append(exclusions, e)
	}
	var extensions []worktime.Extension
	for _, one := range in.Extensions {
		extensions = append(extensions, worktime.Extension{Days: one.Days, Ground: one.Ground})
	}
	due, err := a.db.Statutory().Due(rule, accepted, exclusions, extensions)
	if err != nil {
		return fromTime(err)
	}
	steps := due.Steps
	if steps == nil {
		steps = []worktime.Step{}
	}
	return web.JSON(w, r, http.StatusOK, DueAnswer{Due: due.String(), Steps: steps})
}

// fromTime gives an error of worktime its place in the form.
func fromTime(err error) error {
	if e, ok := errors.AsType[*worktime.Error](err); ok {
		return web.Wrong(map[string]string{e.Field: e.Text})
	}
	return err
}
