package worktime

import (
	"fmt"
	"strings"
	"time"
)

// maxSteps ends an arithmetic that would list more days than a person could check: about ten years.
const maxSteps = 4000

var errTooFar = &Error{Field: "rule", Text: "처리기한이 너무 멀어 계산할 수 없어요. 기간과 제외 기간을 확인해 주세요."}

// walk goes through the days one by one and writes down what each of them does.
type walk struct {
	c          *Calendar
	exclusions []Exclusion
	steps      []Step
}

func (w *walk) note(day int, counts bool, because, sum string) {
	if !counts {
		sum = "제외"
	}
	w.steps = append(w.steps, Step{On: dateAt(day).String(), Counts: counts, Because: because, Sum: sum})
}

// onward reports whether there is a day left to go to.
func (w *walk) onward(day int) bool {
	return w.c.nextWorking(day) < tableDays && len(w.steps) < maxSteps
}

// span is a piece of working time.
type span struct{ from, to time.Time }

// hours spends need of working time after from. first explains the first day that counts, prefix
// goes before each sum.
func (w *walk) hours(from time.Time, need time.Duration, first, prefix string) (time.Time, error) {
	var sum time.Duration
	day, _ := locate(from)
	for start := day; w.onward(day); day++ {
		p := &w.c.plans[w.c.day[day]]
		if p.minutes == 0 {
			w.note(day, false, p.reason, "")
			continue
		}
		left, why := w.spans(day, from)
		if len(left) == 0 {
			// An extension begins where the period ended; a day that was used up is not listed again.
			if day > start || prefix == "" {
				w.note(day, false, why, "")
			}
			continue
		}
		because := "업무시간 "
		if first != "" {
			because, first = first+" ", ""
		}
		end, used := spend(left, need-sum)
		sum += used[len(used)-1].spent
		var parts []string
		for _, u := range used {
			parts = append(parts, u.text())
		}
		w.note(day, true, because+strings.Join(parts, ", "), prefix+durationText(sum))
		if sum == need {
			return end, nil
		}
	}
	return time.Time{}, errTooFar
}

// piece is what was used of a span, and how much is spent with it.
type piece struct {
	span
	spent time.Duration
}

func (p piece) text() string {
	return p.from.In(Seoul).Format("15:04") + "–" + p.to.In(Seoul).Format("15:04")
}

// spend takes need from the spans in order, as far as they go.
func spend(spans []span, need time.Duration) (end time.Time, used []piece) {
	var spent time.Duration
	for _, s := range spans {
		take := min(s.to.Sub(s.from), need-spent)
		spent += take
		end = s.from.Add(take)
		used = append(used, piece{span{s.from, end}, spent})
		if spent == need {
			break
		}
	}
	return end, used
}

// spans returns the working time of a day from an instant on, less the excluded time; when nothing is
// left, why says what took it.
func (w *walk) spans(day int, from time.Time) (left []span, why string) {
	for _, iv := range w.c.plans[w.c.day[day]].intervals {
		s := span{instant(day, iv.From), instant(day, iv.To)}
		if s.from.Before(from) {
			s.from = from
		}
		if s.from.Before(s.to) {
			left = append(left, s)
		}
	}
	if len(left) == 0 {
		return nil, "업무시간이 끝난 뒤"
	}
	date := dateAt(day)
	for _, e := range w.exclusions {
		if e.Begin.IsZero() {
			if !date.Before(e.From) && !date.After(e.To) {
				return nil, e.because()
			}
			continue
		}
		if left = without(left, e.Begin, e.End); len(left) == 0 {
			return nil, e.because()
		}
	}
	return left, ""
}

// without cuts [from, to) out of the spans.
func without(spans []span, from, to time.Time) []span {
	var out []span
	for _, s := range spans {
		if !from.Before(s.to) || !s.from.Before(to) {
			out = append(out, s)
			continue
		}
		if s.from.Before(from) {
			out = append(out, span{s.from, from})
		}
		if to.Before(s.to) {
			out = append(out, span{to, s.to})
		}
	}
	return out
}

// excluded reports whether a whole day does not count, and why.
func (w *walk) excluded(day int) (why string, ok bool) {
	date := dateAt(day)
	begin, end := instant(day, 0), instant(day, dayMinutes)
	if ivs := w.c.plans[w.c.day[day]].intervals; len(ivs) > 0 {
		begin, end = instant(day, ivs[0].From), instant(day, ivs[len(ivs)-1].To)
	}
	for _, e := range w.exclusions {
		if e.Begin.IsZero() && !date.Before(e.From) && !date.After(e.To) ||
			!e.Begin.IsZero() && !e.Begin.After(begin) && !e.End.Before(end) {
			return e.because(), true
		}
	}
	return "", false
}

// days counts need working days from day on and returns the last of them.
func (w *walk) days(day, need int, first, prefix string) (last int, err error) {
	start, n := day, 0
	for ; w.onward(day); day++ {
		p := &w.c.plans[w.c.day[day]]
		if p.minutes == 0 {
			w.note(day, false, p.reason, "")
			continue
		}
		if why, ok := w.excluded(day); ok {
			w.note(day, false, why, "")
			continue
		}
		n++
		because := "업무일"
		switch {
		case n == 1 && (day == start || prefix != ""):
			because = first
		case n == 1:
			because = "첫 업무일(민원처리법 §19②)"
		}
		w.note(day, true, because, fmt.Sprintf("%s%d일째", prefix, n))
		if n == need {
			return day, nil
		}
	}
	return 0, errTooFar
}

// calendarDays counts a period in weeks, months or years from its first day, which counts whatever
// day it is, and moves an end that is no working day on. Only the days that decide are listed.
func (w *walk) calendarDays(rule Rule, first int) (last int, err error) {
	end, ok := dayIndex(rule.lastDay(dateAt(first)))
	if !ok {
		return 0, errTooFar
	}
	need, n := end-first+1, 0
	day := first
	for ; w.onward(day); day++ {
		if why, ok := w.excluded(day); ok {
			w.note(day, false, why, "")
			continue
		}
		n++
		switch n {
		case need:
			w.note(day, true, "처리기간 "+rule.Korean()+"의 마지막 날(민법 §160)", fmt.Sprintf("%d일째", n))
		case 1:
			w.note(day, true, "첫날 산입(민원처리법 §19③)", "1일째")
		}
		if n == need {
			return w.rollOn(day)
		}
	}
	return 0, errTooFar
}

// rollOn moves an end on a holiday, a weekend day or an excluded day to the next working day. Saturday
// is treated like a holiday, as 민법 §161 has it since 2007.
func (w *walk) rollOn(day int) (int, error) {
	for moved := false; w.onward(day); day, moved = day+1, true {
		p := &w.c.plans[w.c.day[day]]
		why, out := w.excluded(day)
		switch {
		case p.minutes == 0:
			w.note(day, false, p.reason+": 다음 날로(민법 §161)", "")
		case out:
			w.note(day, false, why, "")
		default:
			if moved {
				w.note(day, true, "다음 업무일(민법 §161)", "처리기한")
			}
			return day, nil
		}
	}
	return 0, errTooFar
}

// durationText writes working time as 3시간, 2시간 30분, 1시간 59분 30초.
func durationText(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "시간"}, {time.Minute, "분"}, {time.Second, "초"}} {
		if n := d / u.unit; n > 0 {
			parts = append(parts, fmt.Sprintf("%d%s", n, u.name))
			d -= n * u.unit
		}
	}
	if len(parts) == 0 {
		return "0시간"
	}
	return strings.Join(parts, " ")
}
