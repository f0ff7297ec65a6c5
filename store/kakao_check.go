package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"toktok/store/live"
	"toktok/store/worktime"
)

// Kakao's own 1:1 inbox cannot be read from here, so a person looks into it once a day, and says so (RULES C6).
const kakaoCheckKey = "kakao.admin_check"

// KakaoCheck is the day's look into Kakao's own inbox. By is empty until somebody has been there.
type KakaoCheck struct {
	Day   worktime.Date `json:"day"`
	By    string        `json:"by"`
	Staff int64         `json:"staff"`
	At    time.Time     `json:"at"`
}

// mayCheckKakao reports whether the actor may tick the item: whoever answers for the whole office.
func (a Actor) mayCheckKakao() bool { return a.Can(MayAnswer) && a.Role != RoleDepartment }

// KakaoCheck reads who looked into Kakao's inbox on a day; mine says that the actor may tick it.
func (s *DB) KakaoCheck(ctx context.Context, who Actor, day worktime.Date) (c KakaoCheck, mine bool, err error) {
	defer wrap(&err, "store.KakaoCheck %s", day)
	if err := who.need(MaySee); err != nil {
		return c, false, err
	}
	c, err = kakaoCheckOn(s.read(ctx), day)
	return c, who.mayCheckKakao(), err
}

func kakaoCheckOn(q querier, day worktime.Date) (KakaoCheck, error) {
	c := KakaoCheck{Day: day}
	var value string
	err := q.QueryRow(`/* kakaoCheckOn */ select value from setting_history where key = ? and json_extract(value, '$.day') = ? order by version limit 1`,
		kakaoCheckKey, day.String()).Scan(&value)
	if isNoRows(err) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	err = json.Unmarshal([]byte(value), &c)
	c.At = c.At.In(seoul)
	return c, err
}

// TickKakaoCheck records that the actor has looked today. The first tick of the day stays; a second one changes nothing.
func (s *DB) TickKakaoCheck(ctx context.Context, who Actor) (c KakaoCheck, err error) {
	defer wrap(&err, "store.TickKakaoCheck")
	switch {
	case !who.Can(MayAnswer):
		return c, forbidden()
	case !who.mayCheckKakao(): // a department is not shown the item
		return c, notFound("할 일")
	}
	err = s.Write(ctx, who, func(tx *Tx) error {
		var err error
		if c, err = kakaoCheckOn(tx, worktime.DateOf(tx.Now)); err != nil || c.By != "" {
			return err
		}
		c.By, c.Staff, c.At = tx.Who.Name, tx.Who.Staff, tx.Now
		if c.By == "" {
			c.By = tx.Who.Label()
		}
		value, err := json.Marshal(c)
		if err != nil {
			return err
		}
		var version int64
		if err := tx.QueryRow(`/* TickKakaoCheck */ insert into settings (key, value, changed_at, changed_by) values (?, ?, ?, ?)
			on conflict (key) do update set value = excluded.value, version = version + 1, changed_at = excluded.changed_at, changed_by = excluded.changed_by
			returning version`, kakaoCheckKey, string(value), ms(tx.Now), tx.Who.Label()).Scan(&version); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* TickKakaoCheck */ insert into setting_history (key, value, version, changed_at, changed_by) values (?, ?, ?, ?, ?)`,
			kakaoCheckKey, string(value), version, ms(tx.Now), tx.Who.Label()); err != nil {
			return err
		}
		tx.changes = append(tx.changes, live.Change{Topic: "desk"})
		return tx.audit("kakao_admin_check", 0, kakaoCheckKey, fmt.Sprintf("day %s", c.Day))
	})
	return c, err
}

// KakaoTest is the last call of the bot test or the skill test: it makes no case and proves the connection (RULES B5).
type KakaoTest struct {
	At       time.Time `json:"at"`
	Bot      string    `json:"bot"`
	Block    string    `json:"block"`
	Surface  string    `json:"surface"`
	UserType string    `json:"user_type"`
}

// LastKakaoTest reads it; its At is zero when there was none.
func (s *DB) LastKakaoTest(ctx context.Context, who Actor) (c KakaoTest, err error) {
	defer wrap(&err, "store.LastKakaoTest")
	if err := who.need(MayConfigure); err != nil {
		return c, err
	}
	var value string
	err = s.read(ctx).QueryRow(`/* LastKakaoTest */ select value from settings where key = 'kakao.last_test'`).Scan(&value)
	if isNoRows(err) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	err = json.Unmarshal([]byte(value), &c)
	return c, err
}
