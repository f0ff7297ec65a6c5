package store

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"time"
)

// Citizen is a person; the thread is his (DESIGN §2).
type Citizen struct {
	ID           int64
	Name         string
	PrivacyTold  time.Time
	MaskTold     time.Time
	BlockedAt    time.Time
	BlockedUntil time.Time
	BlockReason  string
	minuteAt     int64
	minuteCount  int
	dayOn        string
	dayCount     int
}

// Identity is one way a citizen is known: by bot user key and bot, consult key and sender key, or a case page.
type Identity struct {
	ID, Citizen   int64
	Channel       string
	Scope         string // exact bot id
	Key           string
	PlusfriendKey string
	AppUserID     string
	Friend        *bool // nil: never told
	EventOff      time.Time
	Blocked       time.Time
}

const citizenColumns = `c.id, c.name, c.privacy_told, c.mask_told, c.blocked_at, c.blocked_until, coalesce(c.block_reason, ''),
	c.minute_at, c.minute_count, c.day_on, c.day_count`

func (c *Citizen) scanInto() []any {
	return []any{&c.ID, &c.Name, instant{&c.PrivacyTold}, instant{&c.MaskTold}, instant{&c.BlockedAt}, instant{&c.BlockedUntil}, &c.BlockReason,
		&c.minuteAt, &c.minuteCount, &c.dayOn, &c.dayCount}
}

const identityColumns = `i.id, i.citizen, i.channel, i.scope, i.key, i.plusfriend_key, i.app_user_id, i.friend, i.event_off_since, i.blocked_at`

// identityReturned is the same for RETURNING, which takes no alias.
const identityReturned = `id, citizen, channel, scope, key, plusfriend_key, app_user_id, friend, event_off_since, blocked_at`

func (i *Identity) scanInto(friend *sql.NullBool) []any {
	return []any{&i.ID, &i.Citizen, &i.Channel, &i.Scope, &i.Key, &i.PlusfriendKey, &i.AppUserID, friend, instant{&i.EventOff}, instant{&i.Blocked}}
}

func scanIdentity(rows *sql.Rows) (Identity, error) {
	var i Identity
	var friend sql.NullBool
	if err := rows.Scan(i.scanInto(&friend)...); err != nil {
		return i, err
	}
	if friend.Valid {
		i.Friend = &friend.Bool
	}
	return i, nil
}

// identitiesOf lists how the citizen is known, newest first.
func (tx *Tx) identitiesOf(citizen int64) ([]Identity, error) {
	return all(tx, scanIdentity, `/* identitiesOf */ select `+identityColumns+` from identities i where i.citizen = ? order by i.id desc`, citizen)
}

// findCitizen looks the caller up by identity.
func (tx *Tx) findCitizen(channel, scope, key string) (*Citizen, Identity, bool, error) {
	var c Citizen
	var i Identity
	var friend sql.NullBool
	err := tx.QueryRow(`/* findCitizen */ select `+citizenColumns+`, `+identityColumns+`
		from identities i join citizens c on c.id = i.citizen where i.channel = ? and i.scope = ? and i.key = ?`, channel, scope, key).
		Scan(append(c.scanInto(), i.scanInto(&friend)...)...)
	if isNoRows(err) {
		return nil, Identity{}, false, nil
	}
	if err != nil {
		return nil, Identity{}, false, err
	}
	if friend.Valid {
		i.Friend = &friend.Bool
	}
	return &c, i, true, nil
}

// addCitizen makes a citizen known by one identity, with the first message counted. The name is a pseudonym until
// somebody tells a better one. answered says that the first answer will be read: it links to the privacy notice.
func (tx *Tx) addCitizen(i *Identity, answered bool) (*Citizen, error) {
	c := &Citizen{Name: pseudonym(i.Scope + i.Key)}
	var told any
	if answered && tx.s.outside.PublicURL != "" {
		told = ms(tx.Now)
	}
	id, err := tx.Insert(`/* addCitizen */ insert into citizens (name, created_at, privacy_told, minute_at, minute_count, day_on, day_count)
		values (?, ?, ?, ?, 1, ?, 1)`, c.Name, ms(tx.Now), told, tx.Now.Unix()/60, tx.Now.Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	c.ID, i.Citizen = id, id
	i.ID, err = tx.Insert(`/* addIdentity */ insert into identities (citizen, channel, scope, key, plusfriend_key, app_user_id, friend, friend_at)
		values (?, ?, ?, ?, ?, ?, ?, ?)`, id, i.Channel, i.Scope, i.Key, i.PlusfriendKey, i.AppUserID, friendOrNil(i.Friend), ms(tx.Now))
	return c, err
}

// knowIdentity keeps what a later call tells of the same identity: friendship may come and go, keys may appear.
func (tx *Tx) knowIdentity(known *Identity, heard Identity) error {
	// isFriend is missing, not false, for somebody who has not added the channel (kakao-chatbot.md §1.5): every skill
	// call settles the question.
	now := heard.Friend != nil && *heard.Friend
	was := known.Friend != nil && *known.Friend
	same := known.Friend != nil && was == now &&
		(heard.PlusfriendKey == "" || heard.PlusfriendKey == known.PlusfriendKey) && (heard.AppUserID == "" || heard.AppUserID == known.AppUserID)
	known.Friend = &now
	if !same {
		if _, err := tx.Exec(`/* knowIdentity */ update identities set friend = ?, friend_at = ?, plusfriend_key = coalesce(nullif(?, ''), plusfriend_key),
			app_user_id = coalesce(nullif(?, ''), app_user_id), blocked_at = case when ? then null else blocked_at end where id = ?`,
			now, ms(tx.Now), heard.PlusfriendKey, heard.AppUserID, now, known.ID); err != nil {
			return err
		}
	}
	if now && (!was || !known.EventOff.IsZero()) {
		return tx.friendAgain(*known)
	}
	return nil
}

func friendOrNil(f *bool) any {
	if f == nil {
		return false // a skill call without isFriend: not a friend
	}
	return *f
}

// pseudonym is what lists show until a name is known: "시민 7F3A".
func pseudonym(key string) string {
	h := fnv.New32a()
	h.Write([]byte(key))
	return fmt.Sprintf("시민 %04X", h.Sum32()&0xffff)
}

// blocked reports whether staff have blocked the citizen at the moment (RULES B7).
func (c *Citizen) blocked(now time.Time) bool {
	return !c.BlockedAt.IsZero() && (c.BlockedUntil.IsZero() || now.Before(c.BlockedUntil))
}

// The limits of RULES B7 per identity: full treatment, then stored with one line, then refused.
const (
	perMinute   = 20
	perDay      = 200
	perDayAtAll = 1000
)

// traffic counts one more message of the citizen and says whether it floods or is beyond the day's bound.
func (tx *Tx) traffic(c *Citizen) (flood, refused bool, err error) {
	minute, day := tx.Now.Unix()/60, tx.Now.Format(time.DateOnly)
	if c.minuteAt != minute {
		c.minuteAt, c.minuteCount = minute, 0
	}
	if c.dayOn != day {
		c.dayOn, c.dayCount = day, 0
	}
	c.minuteCount++
	c.dayCount++
	_, err = tx.Exec(`/* traffic */ update citizens set minute_at = ?, minute_count = ?, day_on = ?, day_count = ? where id = ?`,
		c.minuteAt, c.minuteCount, c.dayOn, c.dayCount, c.ID)
	return c.minuteCount > perMinute || c.dayCount > perDay, c.dayCount > perDayAtAll, err
}

// ChannelChanged keeps that somebody added ("added") or blocked ("blocked") the channel; notices may come twice and out
// of order, so only one newer than what is known counts.
func (s *DB) ChannelChanged(ctx context.Context, appUser, what string, at time.Time) error {
	friend := what == "added"
	if appUser == "" || !friend && what != "blocked" {
		return invalid("event", "채널 추가와 차단 알림만 받아요.")
	}
	return s.Write(ctx, System("kakao"), func(tx *Tx) error {
		if at.IsZero() || at.After(tx.Now) {
			at = tx.Now
		}
		var blocked any
		if !friend {
			blocked = ms(at)
		}
		list, err := all(tx, scanIdentity, `/* ChannelChanged */ update identities as i set friend = ?, friend_at = ?, blocked_at = ?
			where i.app_user_id = ? and i.app_user_id <> '' and coalesce(i.friend_at, 0) <= ? returning `+identityReturned, friend, ms(at), blocked, appUser, ms(at))
		for _, i := range list {
			if friend && err == nil { // answers go out at once (RULES C3)
				err = tx.friendAgain(i)
			}
		}
		return err
	})
}
