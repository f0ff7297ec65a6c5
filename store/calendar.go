package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"toktok/store/wording"
	"toktok/store/worktime"
)

// cached is what every request needs and few people change; it is replaced as a whole after the commit that changed it.
type cached struct {
	settings    Settings
	desk        *worktime.Calendar
	statutory   *worktime.Calendar
	office      *worktime.Calendar // of departments without hours of their own
	departments map[int64]*worktime.Calendar
	words       wording.Set
	version     int64     // of the calendars: grows with each change of hours, exceptions, holidays and lunch
	found       time.Time // the newest row when the file was opened (RULES E5)
}

// calendarVersion is the counter of calendar changes.
const calendarVersion = "calendar"

// builtIn is computed once: it is the same for every calendar of the process.
var builtIn = sync.OnceValue(worktime.BuiltIn)

// calendarChanged makes the commit renew the calendars and whoever waits for an opening look again.
func (tx *Tx) calendarChanged() {
	tx.count(calendarVersion, 1)
	tx.refresh, tx.times = true, true
}

// reload fills the cache from settings, hours, exceptions and holidays.
func (s *DB) reload(ctx context.Context) (err error) {
	defer wrap(&err, "store.reload")
	q := s.read(ctx)
	var c cached
	if c.settings, _, err = storedSettings(q); err != nil {
		return err
	}
	c.words = wording.Set(c.settings.Texts)
	if err := q.QueryRow(`/* reload */ select coalesce((select value from counters where name = ?), 0)`, calendarVersion).Scan(&c.version); err != nil {
		return err
	}
	switch was := s.cache.Load(); {
	case was == nil:
		if c.found, err = newestRow(q); err != nil {
			return err
		}
	default:
		c.found = was.found
		if was.version == c.version {
			c.desk, c.statutory, c.office, c.departments = was.desk, was.statutory, was.office, was.departments
			s.cache.Store(&c)
			return nil
		}
	}
	if err := c.build(q); err != nil {
		return err
	}
	s.cache.Store(&c)
	return nil
}

// build makes the calendars of the desk, the law and each department that has hours of its own.
func (c *cached) build(q querier) error {
	holidays, err := holidayList(q)
	if err != nil {
		return err
	}
	weeks, err := storedWeeks(q)
	if err != nil {
		return err
	}
	exceptions, err := storedExceptions(q, "", worktime.Date{})
	if err != nil {
		return err
	}
	own := make(map[worktime.Scope][]worktime.Exception)
	for _, e := range exceptions {
		own[e.Scope] = append(own[e.Scope], e.worktime())
	}
	calendar := func(name string, scope worktime.Scope) *worktime.Calendar {
		week, ok := weeks[scope]
		if !ok {
			week = worktime.OfficeWeek()
		}
		return worktime.New(worktime.Config{Name: name, Scope: scope, Week: week, Holidays: holidays, Exceptions: own[scope]})
	}
	c.desk = calendar("상담", worktime.ScopeDesk)
	if c.statutory, err = worktime.Statutory(holidays, c.settings.LunchShift); err != nil {
		return err
	}
	c.office = calendar("부서", worktime.DepartmentScope("0"))
	c.departments = make(map[int64]*worktime.Calendar)
	for scope := range weeks {
		if id := departmentOf(scope); id != 0 {
			c.departments[id] = calendar("부서", scope)
		}
	}
	for scope := range own {
		if id := departmentOf(scope); id != 0 && c.departments[id] == nil {
			c.departments[id] = calendar("부서", scope)
		}
	}
	return nil
}

func departmentOf(scope worktime.Scope) int64 {
	id, _ := strconv.ParseInt(scope.Department(), 10, 64)
	return id
}

// Desk is the calendar of the desk: open or closed, promises, closing and opening (RULES F).
func (s *DB) Desk() *worktime.Calendar { return s.cache.Load().desk }

// Statutory is the calendar of the legal clocks; nothing of desk or departments touches it.
func (s *DB) Statutory() *worktime.Calendar { return s.cache.Load().statutory }

// CalendarVersion grows with each change of any calendar; a due date keeps the one it was computed with.
func (s *DB) CalendarVersion() int64 { return s.cache.Load().version }

// Calendar returns desk, statutory or the calendar of a department by its id; "" is the desk.
func (s *DB) Calendar(of string) (*worktime.Calendar, error) {
	c := s.cache.Load()
	switch of {
	case "", "desk":
		return c.desk, nil
	case "statutory":
		return c.statutory, nil
	}
	id, err := strconv.ParseInt(of, 10, 64)
	if err != nil || id <= 0 {
		return nil, invalid("of", "desk, statutory 또는 부서 번호를 적어 주세요.")
	}
	if cal := c.departments[id]; cal != nil {
		return cal, nil
	}
	var n int
	if err := s.read(context.Background()).QueryRow(`/* Calendar */ select count(*) from departments where id = ?`, id).Scan(&n); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, notFound("부서")
	}
	return c.office, nil
}

// CalendarStatus says whether a calendar is open at an instant, why, and what comes next.
func (s *DB) CalendarStatus(at time.Time, of string) (worktime.Status, error) {
	cal, err := s.Calendar(of)
	if err != nil {
		return worktime.Status{}, err
	}
	return cal.Explain(at), nil
}

// ComputeDue computes a legal deadline in the statutory calendar, with its steps. Faults are Invalid with their field.
func (s *DB) ComputeDue(rule string, acceptedAt time.Time, exclusions []worktime.Exclusion, extensions []worktime.Extension) (worktime.Due, error) {
	r, err := worktime.ParseRule(rule)
	if err != nil {
		return worktime.Due{}, asInvalid(err)
	}
	due, err := s.Statutory().Due(r, acceptedAt, exclusions, extensions)
	return due, asInvalid(err)
}

// inClosedPeriod names the closed period of the desk in which an instant lies: the date of the opening that ends it,
// and that opening. A gap inside a working day is no closed period (RULES E3).
func (tx *Tx) inClosedPeriod(at time.Time) (period worktime.Date, opens time.Time, closed bool) {
	desk := tx.s.Desk()
	period, closed = desk.Period(at)
	if !closed {
		return worktime.Date{}, time.Time{}, false
	}
	opens, _ = desk.DayOpen(period)
	return period, opens, true
}

// Hours returns the week of a scope, desk or department:<id>; own is false when it is the default of the office.
func (s *DB) Hours(ctx context.Context, who Actor, scope worktime.Scope) (week worktime.Week, own bool, err error) {
	if err := who.need(MaySee); err != nil {
		return week, false, err
	}
	weeks, err := storedWeeks(s.read(ctx))
	if err != nil {
		return week, false, err
	}
	if week, own = weeks[scope]; own {
		return week, true, nil
	}
	return worktime.OfficeWeek(), false, nil
}

// SaveHours replaces the week of a scope, desk or department:<id>.
func (s *DB) SaveHours(ctx context.Context, who Actor, scope worktime.Scope, week worktime.Week) error {
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	if err := asInvalid(worktime.Config{Scope: scope, Week: week}.Validate()); err != nil {
		return err
	}
	if !slices.ContainsFunc(week[:], func(day []worktime.Interval) bool { return len(day) > 0 }) {
		// Without an opening nothing that waits would ever be worked.
		return invalid("hours", "적어도 한 요일은 여는 시간이 있어야 해요.")
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		if err := tx.scopeExists(scope); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* SaveHours */ delete from hours where scope = ?`, string(scope)); err != nil {
			return err
		}
		for day, list := range week {
			for _, iv := range list {
				if _, err := tx.Exec(`/* SaveHours */ insert into hours (scope, weekday, from_min, to_min) values (?, ?, ?, ?)`,
					string(scope), day, iv.From, iv.To); err != nil {
					return err
				}
			}
		}
		tx.calendarChanged()
		return tx.audit("hours", 0, string(scope), weekText(week))
	})
}

func weekText(week worktime.Week) string {
	var b strings.Builder
	for day, list := range week {
		for _, iv := range list {
			fmt.Fprintf(&b, "%s %s ", time.Weekday(day).String()[:3], iv)
		}
	}
	return strings.TrimSpace(b.String())
}

// scopeExists refuses hours and exceptions of what has none: the statutory calendar takes nobody's (RULES F).
func (tx *Tx) scopeExists(scope worktime.Scope) error {
	if scope == worktime.ScopeDesk {
		return nil
	}
	id := departmentOf(scope)
	var n int
	if err := tx.QueryRow(`/* scopeExists */ select count(*) from departments where id = ?`, id).Scan(&n); err != nil {
		return err
	}
	if id == 0 || n == 0 {
		return invalid("scope", "상담 창구나 등록된 부서를 골라 주세요.")
	}
	return nil
}

func storedWeeks(q querier) (map[worktime.Scope]worktime.Week, error) {
	type row struct {
		scope    worktime.Scope
		day      int
		from, to int
	}
	list, err := all(q, func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(&r.scope, &r.day, &r.from, &r.to)
	}, `/* storedWeeks */ select scope, weekday, from_min, to_min from hours order by scope, weekday, from_min`)
	if err != nil {
		return nil, err
	}
	weeks := make(map[worktime.Scope]worktime.Week)
	for _, r := range list {
		week := weeks[r.scope]
		week[r.day] = append(week[r.day], worktime.Interval{From: r.from, To: r.to})
		weeks[r.scope] = week
	}
	return weeks, nil
}

// asInvalid gives a fault of worktime its kind; its texts are fit for a form.
func asInvalid(err error) error {
	if e, ok := errors.AsType[*worktime.Error](err); ok {
		return invalid(e.Field, e.Text)
	}
	return err
}
