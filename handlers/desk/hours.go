package desk

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/worktime"
)

// HoursPage holds the desk's week, the dated exceptions and the public holidays.
type HoursPage struct {
	Base
	Sections   []NavItem
	Week       Form
	Days       []Field
	Exceptions []store.HourException
	Exception  Form
	Holidays   []store.Holiday
	Holiday    Form
	Year       int
	Years      []int
	Confirmed  bool
	Ask        Form
	Why        []WhyLine
	WhyDate    string
}

// WhyLine answers "왜?" for a date in one calendar.
type WhyLine struct{ Name, Words, Hours string }

var weekdayNames = [7]string{"일요일", "월요일", "화요일", "수요일", "목요일", "금요일", "토요일"}

func (d *Desk) hours(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return d.showHours(w, r, sc, http.StatusOK, Form{}, "")
}

func (d *Desk) showHours(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, f Form, notice string) error {
	ctx, today := r.Context(), worktime.DateOf(sc.Now)
	b, err := d.base(w, r, sc, "업무시간·휴일", placeSettings)
	if err != nil {
		return err
	}
	b.Notice = notice
	p := HoursPage{Base: b, Sections: sectionsAt("/settings/hours"), Week: Form{ID: "week"}, Exception: Form{ID: "exception"}, Holiday: Form{ID: "holiday"}, Ask: Form{ID: "why"}}
	switch f.ID {
	case "week":
		p.Week = f
	case "exception":
		p.Exception = f
	case "holiday":
		p.Holiday = f
	}
	if p.Week.Values == nil {
		week, _, err := d.db.Hours(ctx, sc.Actor, worktime.ScopeDesk)
		if err != nil {
			return err
		}
		p.Week.Values = weekValues(week)
	}
	for i := range 7 {
		day := (i + 1) % 7 // Monday first, as calendars on Korean walls of offices are read
		p.Days = append(p.Days, p.Week.Input("text", "day"+strconv.Itoa(day), weekdayNames[day], "", 60))
	}
	if p.Exceptions, err = d.db.Exceptions(ctx, sc.Actor, worktime.ScopeDesk, today); err != nil {
		return err
	}
	p.Year = today.Year
	if y, err := strconv.Atoi(r.URL.Query().Get("year")); err == nil && y >= 2021 && y <= 2035 {
		p.Year = y
	}
	p.Years = []int{today.Year, today.Year + 1, today.Year + 2}
	if p.Holidays, err = d.db.Holidays(ctx, sc.Actor, p.Year); err != nil {
		return err
	}
	p.Confirmed = d.db.Desk().Confirmed(p.Year)
	if asked := r.URL.Query().Get("date"); asked != "" {
		p.Ask.Values = url.Values{"date": {asked}}
		if day, err := worktime.ParseDate(asked); err != nil {
			p.Ask.Errors = map[string]string{"date": err.Error()}
		} else {
			p.WhyDate, p.Why = worktime.KoreanDate(day), d.why(day)
		}
	}
	return d.show(w, status, "hours", p)
}

// why explains a date in the two calendars that concern everybody.
func (d *Desk) why(day worktime.Date) []WhyLine {
	var out []WhyLine
	for _, c := range []struct {
		name string
		cal  *worktime.Calendar
	}{{"상담 창구", d.db.Desk()}, {"법정 처리기간", d.db.Statutory()}} {
		s := c.cal.Day(day)
		line := WhyLine{Name: c.name, Words: s.Because}
		if !s.Confirmed {
			line.Words += " (그 해의 휴일은 아직 확인 전이에요)"
		}
		var hours []string
		for _, iv := range s.Intervals {
			hours = append(hours, iv.String())
		}
		line.Hours = strings.Join(hours, ", ")
		out = append(out, line)
	}
	return out
}

func weekValues(week worktime.Week) url.Values {
	v := url.Values{}
	for day, list := range week {
		var parts []string
		for _, iv := range list {
			parts = append(parts, iv.String())
		}
		v.Set("day"+strconv.Itoa(day), strings.Join(parts, ", "))
	}
	return v
}

func (d *Desk) saveHours(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Day0 string `form:"day0" max:"60"`
		Day1 string `form:"day1" max:"60"`
		Day2 string `form:"day2" max:"60"`
		Day3 string `form:"day3" max:"60"`
		Day4 string `form:"day4" max:"60"`
		Day5 string `form:"day5" max:"60"`
		Day6 string `form:"day6" max:"60"`
	}
	err := web.Form(r, &in)
	if err == nil {
		var week worktime.Week
		wrong := map[string]string{}
		for day, text := range []string{in.Day0, in.Day1, in.Day2, in.Day3, in.Day4, in.Day5, in.Day6} {
			list, fault := parseHours(text)
			if fault != nil {
				wrong["day"+strconv.Itoa(day)] = fault.Error()
			}
			week[day] = list
		}
		if len(wrong) > 0 {
			err = web.Wrong(wrong)
		} else {
			err = d.db.SaveHours(r.Context(), sc.Actor, worktime.ScopeDesk, week)
		}
	}
	if err == nil {
		return d.done(w, r, sc, "/settings/hours", "업무시간을 바꿨어요. 지금부터 이 시간으로 안내해요.")
	}
	if f, ok := refused("week", r, err); ok {
		return d.showHours(w, r, sc, http.StatusUnprocessableEntity, f, f.Rest("day0", "day1", "day2", "day3", "day4", "day5", "day6"))
	}
	return err
}

// parseHours reads "09:00-12:00, 13:00-18:00"; empty is a day off.
func parseHours(text string) ([]worktime.Interval, error) {
	var out []worktime.Interval
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		iv, err := worktime.ParseInterval(part)
		if err != nil {
			return nil, err
		}
		out = append(out, iv)
	}
	return out, nil
}

func (d *Desk) addException(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Date  string `form:"date" required:"날짜를 골라 주세요."`
		Name  string `form:"name" max:"40" required:"무슨 날인지 적어 주세요. 예: 개청기념일"`
		Kind  string `form:"kind"`
		Hours string `form:"hours" max:"60"`
	}
	err := web.Form(r, &in)
	if err == nil {
		err = d.enterException(r, sc, in.Date, in.Name, in.Hours, in.Kind == "closed")
	}
	if err == nil {
		return d.done(w, r, sc, "/settings/hours#exceptions", "예외 날짜를 넣었어요. 바로 적용돼요.")
	}
	if f, ok := refused("exception", r, err); ok {
		return d.showHours(w, r, sc, http.StatusUnprocessableEntity, f, "")
	}
	if p := sc.ProblemOf(err); p.Code == store.Conflict {
		return d.showHours(w, r, sc, p.Status, Form{ID: "exception", Values: r.PostForm, Errors: map[string]string{"date": p.Detail}}, "")
	}
	return err
}

func (d *Desk) enterException(r *http.Request, sc *web.Scope, date, name, hours string, closed bool) error {
	day, err := worktime.ParseDate(date)
	if err != nil {
		return web.Wrong(map[string]string{"date": err.Error()})
	}
	e := store.HourException{Scope: worktime.ScopeDesk, Date: day, Closed: closed, Name: name}
	if !closed {
		list, err := parseHours(hours)
		if err != nil {
			return web.Wrong(map[string]string{"hours": err.Error()})
		}
		if len(list) != 1 {
			return web.Wrong(map[string]string{"hours": "여는 시간을 하나 적어 주세요. 예: 09:00-13:00"})
		}
		e.Hours = list[0]
	}
	_, err = d.db.AddException(r.Context(), sc.Actor, e)
	return err
}

func (d *Desk) removeException(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	id, err := idOf(sc.Param("id"), "예외 날짜")
	if err != nil {
		return err
	}
	if err := d.db.RemoveException(r.Context(), sc.Actor, id); err != nil {
		return err
	}
	return d.done(w, r, sc, "/settings/hours#exceptions", "예외 날짜를 지웠어요.")
}

func (d *Desk) addHoliday(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Date string `form:"date" required:"날짜를 골라 주세요."`
		Name string `form:"name" max:"40" required:"휴일 이름을 적어 주세요. 예: 임시공휴일"`
	}
	err := web.Form(r, &in)
	var day worktime.Date
	if err == nil {
		if day, err = worktime.ParseDate(in.Date); err != nil {
			err = web.Wrong(map[string]string{"date": err.Error()})
		} else {
			err = d.db.AddHoliday(r.Context(), sc.Actor, day, in.Name)
		}
	}
	if err == nil {
		return d.done(w, r, sc, "/settings/hours?year="+strconv.Itoa(day.Year)+"#holidays", "휴일로 넣었어요. 상담·부서·법정 기한에 모두 적용돼요.")
	}
	if f, ok := refused("holiday", r, err); ok {
		return d.showHours(w, r, sc, http.StatusUnprocessableEntity, f, "")
	}
	if p := sc.ProblemOf(err); p.Code == store.Conflict {
		return d.showHours(w, r, sc, p.Status, Form{ID: "holiday", Values: r.PostForm, Errors: map[string]string{"date": p.Detail}}, "")
	}
	return err
}

func (d *Desk) removeHoliday(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		Name string `form:"name" max:"100"`
	}
	if err := web.Form(r, &in); err != nil {
		return err
	}
	day, err := worktime.ParseDate(sc.Param("date"))
	if err != nil {
		return &store.Error{Kind: store.NotFound, Text: "그런 날짜는 없어요."}
	}
	if err := d.db.RemoveHoliday(r.Context(), sc.Actor, day, in.Name); err != nil {
		return err
	}
	return d.done(w, r, sc, "/settings/hours?year="+strconv.Itoa(day.Year)+"#holidays", "휴일에서 뺐어요.")
}

// confirmHolidays records that a person has compared a year with the published calendar. The path names the year.
func (d *Desk) confirmHolidays(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	year, err := time.Parse("2006", sc.Param("date"))
	if err != nil {
		return &store.Error{Kind: store.NotFound, Text: "그런 해는 없어요."}
	}
	if err := d.db.ConfirmHolidays(r.Context(), sc.Actor, year.Year()); err != nil {
		return err
	}
	return d.done(w, r, sc, "/settings/hours?year="+sc.Param("date")+"#holidays", "그 해의 휴일을 확인했어요.")
}
