package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"toktok/store/worktime"
)

// HourException is a date whose hours differ for one scope, desk or department:<id>. Several rows with hours on one
// date make a day with a gap.
type HourException struct {
	ID        int64
	Scope     worktime.Scope
	Date      worktime.Date
	Closed    bool
	Hours     worktime.Interval // when not Closed
	Name      string
	EnteredAt time.Time
	EnteredBy string
}

func (e HourException) worktime() worktime.Exception {
	x := worktime.Exception{Date: e.Date, Scope: e.Scope, Closed: e.Closed, Name: e.Name}
	if !e.Closed {
		x.Intervals = []worktime.Interval{e.Hours}
	}
	return x
}

// Exceptions lists the exceptions of a scope from a date on; "" lists every scope.
func (s *DB) Exceptions(ctx context.Context, who Actor, scope worktime.Scope, from worktime.Date) ([]HourException, error) {
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	return storedExceptions(s.read(ctx), scope, from)
}

func storedExceptions(q querier, scope worktime.Scope, from worktime.Date) ([]HourException, error) {
	return all(q, func(rows *sql.Rows) (e HourException, err error) {
		var date string
		var start, end sql.NullInt64
		if err = rows.Scan(&e.ID, &e.Scope, &date, &e.Closed, &start, &end, &e.Name, instant{&e.EnteredAt}, &e.EnteredBy); err != nil {
			return e, err
		}
		e.Hours = worktime.Interval{From: int(start.Int64), To: int(end.Int64)}
		e.Date, err = worktime.ParseDate(date)
		return e, err
	}, `/* storedExceptions */ select id, scope, date, closed, from_min, to_min, name, entered_at, entered_by from hour_exceptions
		where (?1 = '' or scope = ?1) and date >= ?2 order by date, scope, from_min`, string(scope), from.String())
}

// AddException enters a dated exception. It takes effect at once: one added at 08:59 stops the opening of 09:00.
func (s *DB) AddException(ctx context.Context, who Actor, e HourException) (id int64, err error) {
	if err := who.need(MayConfigure); err != nil {
		return 0, err
	}
	if e.Name = strings.TrimSpace(e.Name); e.Name == "" {
		return 0, invalid("name", "무슨 날인지 이름을 적어 주세요. 예: 개청기념일")
	}
	err = s.Write(ctx, who, func(tx *Tx) error {
		if err := tx.scopeExists(e.Scope); err != nil {
			return err
		}
		all, err := storedExceptions(tx, e.Scope, e.Date)
		if err != nil {
			return err
		}
		day := []worktime.Exception{e.worktime()}
		for _, x := range all {
			if x.Date != e.Date {
				continue
			}
			if x.Closed || e.Closed {
				return &Error{Kind: Conflict, Text: "그 날짜에 이미 정해 둔 것이 있어요. 먼저 지운 뒤 다시 넣어 주세요: " + x.Name}
			}
			day[0].Intervals = append(day[0].Intervals, x.Hours)
		}
		if err := asInvalid(worktime.Config{Scope: e.Scope, Exceptions: day}.Validate()); err != nil {
			return err
		}
		var from, to any
		if !e.Closed {
			from, to = e.Hours.From, e.Hours.To
		}
		id, err = tx.Insert(`/* AddException */ insert into hour_exceptions (scope, date, closed, from_min, to_min, name, entered_at, entered_by)
			values (?, ?, ?, ?, ?, ?, ?, ?)`, string(e.Scope), e.Date.String(), e.Closed, from, to, e.Name, ms(tx.Now), who.Label())
		if err != nil {
			return err
		}
		tx.calendarChanged()
		return tx.audit("exception_add", 0, string(e.Scope), e.Date.String())
	})
	return id, err
}

// RemoveException takes an exception back.
func (s *DB) RemoveException(ctx context.Context, who Actor, id int64) error {
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		var scope, date string
		err := tx.QueryRow(`/* RemoveException */ delete from hour_exceptions where id = ? returning scope, date`, id).Scan(&scope, &date)
		if isNoRows(err) {
			return notFound("예외 날짜")
		}
		if err != nil {
			return err
		}
		tx.calendarChanged()
		return tx.audit("exception_remove", 0, scope, date)
	})
}

// Holiday is a public holiday as the page shows it: built in, entered by a person, or taken out by one.
type Holiday struct {
	worktime.Holiday
	Removed   bool
	EnteredAt time.Time // zero: built in
	EnteredBy string
}

const kindRemoved = "removed"

func storedHolidays(q querier) ([]Holiday, error) {
	return all(q, func(rows *sql.Rows) (h Holiday, err error) {
		var date string
		if err = rows.Scan(&date, &h.Name, &h.Kind, &h.Source, instant{&h.EnteredAt}, &h.EnteredBy); err != nil {
			return h, err
		}
		h.Removed, h.Confirmed = h.Kind == kindRemoved, true
		h.Date, err = worktime.ParseDate(date)
		return h, err
	}, `/* storedHolidays */ select date, name, kind, source, entered_at, entered_by from holidays order by date, name`)
}

// mergedHolidays lays the rows over what is built in: a row of the same date and name confirms or removes it.
func mergedHolidays(q querier) ([]Holiday, error) {
	rows, err := storedHolidays(q)
	if err != nil {
		return nil, err
	}
	type key struct {
		date worktime.Date
		name string
	}
	at := make(map[key]int)
	var list []Holiday
	for _, h := range builtIn() {
		at[key{h.Date, h.Name}] = len(list)
		list = append(list, Holiday{Holiday: h})
	}
	for _, h := range rows {
		i, known := at[key{h.Date, h.Name}]
		switch {
		case !known:
			list = append(list, h)
			continue
		case h.Removed:
			list[i].Removed = true
		}
		list[i].Confirmed, list[i].EnteredAt, list[i].EnteredBy = true, h.EnteredAt, h.EnteredBy
	}
	slices.SortStableFunc(list, func(a, b Holiday) int { return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.Name, b.Name)) })
	return list, nil
}

// holidayList is what the calendars are built from.
func holidayList(q querier) ([]worktime.Holiday, error) {
	merged, err := mergedHolidays(q)
	if err != nil {
		return nil, err
	}
	list := make([]worktime.Holiday, 0, len(merged))
	for _, h := range merged {
		if !h.Removed {
			list = append(list, h.Holiday)
		}
	}
	return list, nil
}

// Holidays lists the holidays of a year in order, those taken out included.
func (s *DB) Holidays(ctx context.Context, who Actor, year int) ([]Holiday, error) {
	if err := who.need(MaySee); err != nil {
		return nil, err
	}
	list, err := mergedHolidays(s.read(ctx))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(h Holiday) bool { return h.Date.Year != year }), nil
}

// AddHoliday enters a day that is a holiday for all three calendars, such as a 임시공휴일, or puts a removed one back.
func (s *DB) AddHoliday(ctx context.Context, who Actor, date worktime.Date, name string) error {
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	h := worktime.Holiday{Date: date, Name: name, Kind: worktime.KindTemporary, Confirmed: true}
	if err := asInvalid(worktime.Config{Holidays: []worktime.Holiday{h}}.Validate()); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		merged, err := mergedHolidays(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(merged, func(m Holiday) bool { return m.Date == date && m.Name == name })
		switch {
		case i >= 0 && !merged[i].Removed:
			return &Error{Kind: Conflict, Text: "이미 휴일로 들어 있어요: " + worktime.KoreanDate(date) + " " + name}
		case i >= 0:
			_, err = tx.Exec(`/* AddHoliday */ delete from holidays where date = ? and name = ?`, date.String(), name)
		default:
			err = tx.enterHoliday(h.Date, h.Name, h.Kind, "직접 입력")
		}
		if err != nil {
			return err
		}
		tx.calendarChanged()
		return tx.audit("holiday_add", 0, date.String(), "")
	})
}

// RemoveHoliday takes a holiday out: an entered one is deleted, a built-in one stays in the list, marked removed.
func (s *DB) RemoveHoliday(ctx context.Context, who Actor, date worktime.Date, name string) error {
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		if _, err := tx.Exec(`/* RemoveHoliday */ delete from holidays where date = ? and name = ? and kind <> 'removed'`, date.String(), name); err != nil {
			return err
		}
		merged, err := mergedHolidays(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(merged, func(m Holiday) bool { return m.Date == date && m.Name == name })
		if i >= 0 && !merged[i].Removed {
			if err := tx.enterHoliday(date, name, kindRemoved, "직접 입력"); err != nil {
				return err
			}
		}
		tx.calendarChanged()
		return tx.audit("holiday_remove", 0, date.String(), "")
	})
}

// ConfirmHolidays enters the built-in holidays of a year as a person has checked them against the published calendar
// (월력요항); until then its dates read "not confirmed" (RULES F).
func (s *DB) ConfirmHolidays(ctx context.Context, who Actor, year int) error {
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	if len(worktime.Holidays(year)) == 0 {
		return invalid("year", "그 해의 휴일을 알 수 없어요.")
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		for _, h := range worktime.Holidays(year) {
			if err := tx.enterHoliday(h.Date, h.Name, h.Kind, "월력요항 확인"); err != nil {
				return err
			}
		}
		tx.calendarChanged()
		return tx.audit("holidays_confirm", 0, fmt.Sprint(year), "")
	})
}

func (tx *Tx) enterHoliday(date worktime.Date, name, kind, source string) error {
	_, err := tx.Exec(`/* enterHoliday */ insert into holidays (date, name, kind, source, entered_at, entered_by) values (?, ?, ?, ?, ?, ?)
		on conflict (date, name) do nothing`, date.String(), name, kind, source, ms(tx.Now), tx.Who.Label())
	return err
}
