package worktime

import (
	"cmp"
	"fmt"
	"time"
)

// Due is a processing deadline together with the arithmetic that led to it.
type Due struct {
	At        time.Time // the instant, when Instant; else zero
	On        Date      // the day on which it ends
	Instant   bool
	Confirmed bool // false when holidays of a year it passes through wait for confirmation
	Steps     []Step
}

// Step is one line of the arithmetic, in Korean: a day, whether it counts, why, and the sum so far.
type Step struct {
	On      string `json:"on"`
	Counts  bool   `json:"counts"`
	Because string `json:"because"`
	Sum     string `json:"sum"`
}

// String returns RFC 3339 with +09:00 for an instant, else YYYY-MM-DD.
func (d Due) String() string {
	if d.Instant {
		return d.At.In(Seoul).Format(time.RFC3339)
	}
	return d.On.String()
}

// Korean returns the deadline as people read it: 11월 24일(화) 11:30, or 12월 1일(화).
func (d Due) Korean() string {
	if d.Instant {
		return Korean(d.At)
	}
	return KoreanDate(d.On)
}

// Last returns the last millisecond that is still in time: the instant itself, or 23:59:59.999 of
// the day. It is what rows are sorted and compared by.
func (d Due) Last() time.Time {
	if d.Instant {
		return d.At
	}
	return d.On.AddDays(1).At(0, 0).Add(-time.Millisecond)
}

// Overdue reports whether now is past the deadline: after the instant, or from 00:00 of the day
// after a day-type deadline.
func (d Due) Overdue(now time.Time) bool {
	if d.Instant {
		return now.After(d.At)
	}
	return !now.Before(d.On.AddDays(1).At(0, 0))
}

// Due computes the deadline of a period that starts when a person accepted the case. It is meant for
// the Statutory calendar; errors are *Error.
//
//   - immediate, hours and days ≤ 5 count working hours from the instant (민원처리법 §19①);
//   - days ≥ 6 count working days, the day of acceptance as the first at whatever hour, 17:59 or
//     20:00 included (§19②: 첫날 산입);
//   - weeks, months and years count by the calendar, the first day included; when the last day is no
//     working day, the next one ends them (§19③, 민법 §159–161).
//
// Excluded days do not count in any of the three. Each extension starts where the period before it
// ended and counts working days, or 8 working hours a day for an instant; no source fixes this for
// periods in months, so they follow the days.
func (c *Calendar) Due(rule Rule, acceptedAt time.Time, exclusions []Exclusion, extensions []Extension) (Due, error) {
	if rule.IsZero() {
		return Due{}, &Error{Field: "rule", Text: "처리기간을 정해 주세요."}
	}
	day, _ := locate(acceptedAt)
	if day < 0 || day >= tableDays {
		return Due{}, &Error{Field: "accepted_at", Text: fmt.Sprintf("접수 시각은 %d년부터 %d년까지만 계산할 수 있어요.", firstYear, lastYear)}
	}
	if err := validExclusions(exclusions); err != nil {
		return Due{}, err
	}
	if err := validExtensions(rule, DateOf(acceptedAt), extensions); err != nil {
		return Due{}, err
	}
	w := &walk{c: c, exclusions: exclusions}
	var due Due
	var err error
	if rule.Instant() {
		due, err = w.instant(rule, acceptedAt, extensions)
	} else {
		due, err = w.wholeDays(rule, day, extensions)
	}
	if err != nil {
		return Due{}, err
	}
	due.Steps = w.steps
	due.Confirmed = true
	for year := yearOf(acceptedAt); year <= due.On.Year; year++ {
		due.Confirmed = due.Confirmed && c.Confirmed(year)
	}
	return due, nil
}

// instant runs the hours of the rule and of each extension.
func (w *walk) instant(rule Rule, acceptedAt time.Time, extensions []Extension) (Due, error) {
	because := "근무시간 계산(민원처리법 §19①)"
	if rule.immediate {
		because = "즉시 처리(민원처리법 시행령 §19)"
	}
	at, err := w.hours(acceptedAt, rule.hours(), because, "")
	for _, e := range extensions {
		if err != nil {
			break
		}
		at, err = w.hours(at, time.Duration(e.Days*workingDayHours)*time.Hour, e.because(), "연장 ")
	}
	return Due{At: at, On: DateOf(at), Instant: true}, err
}

// wholeDays runs the days of the rule and of each extension.
func (w *walk) wholeDays(rule Rule, first int, extensions []Extension) (Due, error) {
	var last int
	var err error
	if rule.unit == unitDays {
		last, err = w.days(first, rule.n, "접수일 산입(민원처리법 §19②)", "")
	} else {
		last, err = w.calendarDays(rule, first)
	}
	for _, e := range extensions {
		if err != nil {
			break
		}
		last, err = w.days(last+1, e.Days, e.because(), "연장 ")
	}
	return Due{On: dateAt(last)}, err
}

// validExtensions holds 시행령 §21: at most twice, each by at most the original period, and only on
// one of the four grounds. That the second needs the citizen's consent is the caller's to check.
func validExtensions(rule Rule, first Date, list []Extension) error {
	if len(list) > 2 {
		return &Error{Field: "extensions", Text: "처리기간은 두 번까지만 연장할 수 있어요(민원처리법 시행령 §21)."}
	}
	var most int
	switch {
	case rule.Instant():
		most = int(rule.hours() / (workingDayHours * time.Hour))
	case rule.unit == unitDays:
		most = rule.n
	default:
		from, ok1 := dayIndex(first)
		to, ok2 := dayIndex(rule.lastDay(first))
		if !ok1 || !ok2 {
			return errTooFar
		}
		most = to - from + 1
	}
	for _, e := range list {
		switch {
		case groundName[e.Ground] == "":
			return &Error{Field: "extensions", Text: "연장 사유를 coop, site, force, similar 가운데서 골라 주세요(민원처리법 시행령 §21)."}
		case e.Days < 1:
			return &Error{Field: "extensions", Text: "연장 일수는 1일부터예요."}
		case most == 0:
			return &Error{Field: "extensions", Text: "하루가 안 되는 처리기간은 하루 단위로 연장할 수 없어요."}
		case e.Days > most:
			return &Error{Field: "extensions", Text: fmt.Sprintf("연장은 처음 처리기간(%d일)을 넘을 수 없어요(민원처리법 시행령 §21).", most)}
		}
	}
	return nil
}

// Extension lengthens a period by working days on one of the four grounds of 시행령 §21
// (2026-05-06): coop, site, force, similar.
type Extension struct {
	Days   int
	Ground string
}

var groundName = map[string]string{
	"coop":    "관계 기관 협조",
	"site":    "사실관계·현장 확인",
	"force":   "천재지변 등 불가항력",
	"similar": "그 밖에 이에 준하는 사유",
}

// GroundName returns the Korean name of an extension ground, "" for an unknown one.
func GroundName(ground string) string { return groundName[ground] }

func (e Extension) because() string {
	return "연장: " + groundName[e.Ground] + "(민원처리법 시행령 §21)"
}

// Exclusion is time that does not count: whole days From…To, both end days included (행정절차법
// 시행령 §11), or, when Begin is set, the instants [Begin, End) of an outage. Against a period
// counted in days an outage takes a day out only when it covers all of its working time.
//
// Kind names the step: supplement, transport, representative, hearing, test, precondition, outage,
// investigation; any other text is shown as it is.
type Exclusion struct {
	From, To   Date
	Begin, End time.Time
	Kind       string
}

var kindName = map[string]string{
	"supplement":     "보완 기간(민원처리법 시행령 §20)",
	"transport":      "문서 이송(민원처리법 시행령 §20)",
	"representative": "대표자 선정(민원처리법 시행령 §20)",
	"hearing":        "의견청취(민원처리법 시행령 §20)",
	"test":           "시험·검사·감정(민원처리법 시행령 §20)",
	"precondition":   "선행 절차(민원처리법 시행령 §20)",
	"outage":         "정보시스템 장애(민원처리법 시행령 §20)",
	"investigation":  "고충민원 현장조사(민원처리법 시행령 §17)",
}

// ParseExclusion reads two dates YYYY-MM-DD or two RFC 3339 instants; the error is an *Error.
func ParseExclusion(from, to, kind string) (Exclusion, error) {
	e := Exclusion{Kind: kind}
	var err1, err2 error
	if e.From, err1 = ParseDate(from); err1 == nil {
		e.To, err2 = ParseDate(to)
	} else {
		e.Begin, err1 = time.Parse(time.RFC3339, from)
		e.End, err2 = time.Parse(time.RFC3339, to)
	}
	if cmp.Or(err1, err2) != nil {
		return Exclusion{}, &Error{Field: "exclusions", Text: "제외 기간의 처음과 끝을 둘 다 날짜(2026-11-25) 또는 둘 다 시각으로 적어 주세요."}
	}
	return e, validExclusions([]Exclusion{e})
}

func (e Exclusion) because() string {
	return cmp.Or(kindName[e.Kind], e.Kind, "제외 기간")
}

func validExclusions(list []Exclusion) error {
	for _, e := range list {
		switch {
		case !e.Begin.IsZero():
			if e.End.Before(e.Begin) {
				return &Error{Field: "exclusions", Text: "제외 기간의 끝이 처음보다 빨라요."}
			}
		case !e.From.Valid() || !e.To.Valid():
			return &Error{Field: "exclusions", Text: "제외 기간의 처음과 끝 날짜를 적어 주세요."}
		case e.To.Before(e.From):
			return &Error{Field: "exclusions", Text: "제외 기간의 끝이 처음보다 빨라요."}
		}
	}
	return nil
}
