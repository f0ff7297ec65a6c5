package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/store/secret"
)

// Limits of a session (RULES I1, reliability-security.md §2.6). They run on real time: the demo's clock may jump hours
// ahead without anybody having left the desk.
const (
	sessionIdle  = 30 * time.Minute
	sessionLife  = 9 * time.Hour // a working day
	sessionTouch = time.Minute
	sessionKept  = 30 * 24 * time.Hour // ended rows stay that long: they say which addresses an account is known at
)

// Session is a signed-in browser. All times are real time.
type Session struct {
	ID        string // the public half of the cookie
	Staff     int64
	Login     string
	Name      string
	Role      Role
	CreatedAt time.Time
	LastSeen  time.Time
	Address   string
	Agent     string
}

type sessionRow struct {
	Session
	digest []byte
}

const sessionColumns = `s.id, s.digest, s.staff, a.login, a.name, a.role, s.created_at, s.last_seen, s.address, s.agent`

func scanSession(rows *sql.Rows) (sessionRow, error) {
	var r sessionRow
	err := rows.Scan(&r.ID, &r.digest, &r.Staff, &r.Login, &r.Name, &r.Role, instant{&r.CreatedAt}, instant{&r.LastSeen}, &r.Address, &r.Agent)
	return r, err
}

// live reports whether the session may still be used; an ended one has no digest.
func (r sessionRow) live(now time.Time) bool {
	return len(r.digest) > 0 && now.Sub(r.LastSeen) < sessionIdle && now.Sub(r.CreatedAt) < sessionLife
}

var errSignIn = &Error{Kind: Unauthenticated, Text: "아이디나 비밀번호가 맞지 않아요."}

func errSession() error {
	return &Error{Kind: Unauthenticated, Text: "로그인 시간이 끝났어요. 다시 로그인해 주세요."}
}

// account is what a sign-in needs to know of a name.
type account struct {
	id       int64
	password string
	failed   int
	locked   time.Time
	known    bool // the account has signed in from this address before
}

func (s *DB) account(ctx context.Context, login, address string) (account, error) {
	var a account
	err := s.read(ctx).QueryRow(`/* account */ select id, password, failed, locked_until,
		exists (select 1 from sessions s where s.staff = a.id and s.last_seen > ? and s.address = ?)
		from staff a where login = ? and disabled_at is null`, ms(s.Real().Add(-sessionKept)), address, login).
		Scan(&a.id, &a.password, &a.failed, instant{&a.locked}, &a.known)
	if isNoRows(err) {
		return account{}, nil
	}
	return a, err
}

// Login checks name and password and opens a session; cookie is the value to set (id.secret). Every sign-in makes a new
// session. Errors: unauthenticated, or too_many while the account is locked. Unknown names cost the same work and lock
// the same way. An address the account has signed in from before has a count of its own, so that nobody can lock the
// account's owner out by failing elsewhere.
func (s *DB) Login(ctx context.Context, login, password, address, agent string) (_ Session, cookie string, err error) {
	defer wrap(&err, "store.Login")
	login = normalLogin(login)
	if login == "" || utf8.RuneCountInString(login) > 40 || len(password) > 1024 {
		return Session{}, "", errSignIn
	}
	a, err := s.account(ctx, login, address)
	if err != nil {
		return Session{}, "", err
	}
	key := login
	if a.known {
		key += " " + address
	}
	g, err := s.logins.gates.enter(ctx, key, s.Real())
	if err != nil {
		return Session{}, "", err
	}
	if !a.known && a.id != 0 && ms(s.Real()) < a.locked.UnixMilli() {
		g.remember(a.failed, a.locked)
		g.leave(s.Real(), false, errSignIn)
		return Session{}, "", lockedError(a.locked.Sub(s.Real()))
	}
	var ok, renew bool
	if a.id == 0 {
		err = secret.CheckNobody(ctx, password)
	} else {
		ok, renew, err = secret.CheckPassword(ctx, password, a.password)
	}
	g.leave(s.Real(), ok, err)
	if err != nil {
		return Session{}, "", err
	}
	if !ok {
		return Session{}, "", s.failedLogin(ctx, a, g, address)
	}
	if renew {
		if fresh, err := secret.HashPassword(ctx, password); err == nil {
			return s.openSession(ctx, a, fresh, address, agent)
		}
	}
	return s.openSession(ctx, a, "", address, agent)
}

// failedLogin records the failure: the lock survives a restart, the audit shows it. A name that does not exist is
// recorded without the name, for it may be a password in the wrong field.
func (s *DB) failedLogin(ctx context.Context, a account, g *gate, address string) error {
	failed, until := g.state()
	err := s.Write(ctx, Actor{Role: RoleSystem, Name: "login", Staff: a.id, Address: address}, func(tx *Tx) error {
		if a.id != 0 && !a.known {
			if _, err := tx.Exec(`/* failedLogin */ update staff set failed = ?, locked_until = ? where id = ?`, failed, msOrNil(until), a.id); err != nil {
				return err
			}
		}
		return tx.audit("login_failed", 0, "", "")
	})
	return errors.Join(errSignIn, err)
}

func (s *DB) openSession(ctx context.Context, a account, rehashed, address, agent string) (Session, string, error) {
	now := s.Real().In(seoul).Truncate(time.Millisecond)
	half := secret.Token()
	row := sessionRow{Session: Session{ID: secret.Token(), Staff: a.id, CreatedAt: now, LastSeen: now, Address: address, Agent: cutText(agent, 200)}}
	err := s.Write(ctx, Actor{Role: RoleSystem, Name: "login", Staff: a.id, Address: address}, func(tx *Tx) error {
		var hash string
		err := tx.QueryRow(`/* openSession */ select login, name, role, password from staff where id = ? and disabled_at is null`, a.id).
			Scan(&row.Login, &row.Name, &row.Role, &hash)
		if isNoRows(err) || err == nil && hash != a.password {
			return errSignIn // disabled or changed since it was checked
		}
		if err != nil {
			return err
		}
		if rehashed == "" {
			rehashed = hash
		}
		if _, err := tx.Exec(`/* openSession */ update staff set password = ?, failed = 0, locked_until = null where id = ?`, rehashed, a.id); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* openSession */ delete from sessions where staff = ? and last_seen < ?`, a.id, ms(now.Add(-sessionKept))); err != nil {
			return err
		}
		if _, err := tx.Exec(`/* openSession */ insert into sessions (id, digest, staff, created_at, last_seen, address, agent) values (?, ?, ?, ?, ?, ?, ?)`,
			row.ID, secret.Digest(half), a.id, ms(now), ms(now), row.Address, row.Agent); err != nil {
			return err
		}
		return tx.audit("login", 0, "session:"+row.ID[:8], "")
	})
	if err != nil {
		return Session{}, "", err
	}
	s.present(row.Role)
	return row.Session, row.ID + "." + half, nil
}

// SessionActor returns who uses the cookie and notes that he is there, at most once a minute. The error is
// unauthenticated when the session is unknown, ended or too old.
func (s *DB) SessionActor(ctx context.Context, cookie string) (_ Actor, _ Session, err error) {
	defer wrap(&err, "store.SessionActor")
	who, row, err := s.sessionActor(ctx, cookie)
	if err != nil {
		return Actor{}, Session{}, err
	}
	if now := s.Real(); now.Sub(row.LastSeen) >= sessionTouch {
		// Without the touch the request is still good: the next one tries again.
		if err := s.Write(ctx, who, func(tx *Tx) error {
			_, err := tx.Exec(`/* SessionActor */ update sessions set last_seen = ? where id = ? and last_seen < ?`, ms(now), row.ID, ms(now))
			return err
		}); err != nil {
			s.log.Warn("session not touched", "err", err)
		}
	}
	return who, row.Session, nil
}

// CheckSession is SessionActor for what the page does by itself (live notices): it keeps nobody signed in.
func (s *DB) CheckSession(ctx context.Context, cookie string) (_ Actor, _ Session, err error) {
	defer wrap(&err, "store.CheckSession")
	who, row, err := s.sessionActor(ctx, cookie)
	return who, row.Session, err
}

func (s *DB) sessionActor(ctx context.Context, cookie string) (Actor, sessionRow, error) {
	id, half, ok := strings.Cut(cookie, ".")
	if !ok || len(id) > 64 || len(half) > 64 {
		return Actor{}, sessionRow{}, errSession()
	}
	r := s.read(ctx)
	row, err := one(r, scanSession, "로그인", `/* sessionActor */ select `+sessionColumns+`
		from sessions s join staff a on a.id = s.staff where s.id = ? and a.disabled_at is null`, id)
	if KindOf(err) == NotFound {
		return Actor{}, sessionRow{}, errSession()
	}
	if err != nil {
		return Actor{}, sessionRow{}, err
	}
	if !secret.Equal(row.digest, secret.Digest(half)) || !row.live(s.Real()) {
		return Actor{}, sessionRow{}, errSession()
	}
	who := Actor{Role: row.Role, Staff: row.Staff, Name: row.Name, Address: row.Address}
	if row.Role == RoleDepartment {
		if who.Departments, who.Heads, err = departmentsOf(r, row.Staff); err != nil {
			return Actor{}, sessionRow{}, err
		}
	}
	s.present(row.Role)
	return who, row, nil
}

func departmentsOf(q querier, staff int64) (departments, heads []int64, err error) {
	list, err := all(q, scanMember, `/* departmentsOf */ select staff, department, '', head from staff_departments where staff = ? order by department`, staff)
	for _, m := range list {
		departments = append(departments, m.Department.ID)
		if m.Head {
			heads = append(heads, m.Department.ID)
		}
	}
	return departments, heads, err
}

// present is the sign of life of somebody who answers live (RULES C3).
func (s *DB) present(role Role) {
	if role == RoleOperator || role == RoleAdmin {
		s.seen.Store(s.Real().UnixMilli())
	}
}

// endSessions ends all sessions of an account; the rows stay as the memory of its addresses.
func (tx *Tx) endSessions(staff int64) error {
	_, err := tx.Exec(`/* endSessions */ update sessions set digest = x'' where staff = ?`, staff)
	return err
}

// Logout ends the session of the cookie; a cookie that is no good any more is no error.
func (s *DB) Logout(ctx context.Context, cookie string) (err error) {
	defer wrap(&err, "store.Logout")
	who, row, err := s.sessionActor(ctx, cookie)
	if KindOf(err) == Unauthenticated {
		return nil
	}
	if err != nil {
		return err
	}
	return s.EndSession(ctx, who, row.ID)
}

// Sessions lists the own sessions that are in use, the latest first.
func (s *DB) Sessions(ctx context.Context, who Actor) (_ []Session, err error) {
	defer wrap(&err, "store.Sessions")
	if who.Staff == 0 {
		return nil, forbidden()
	}
	now := s.Real()
	list, err := all(s.read(ctx), scanSession, `/* Sessions */ select `+sessionColumns+`
		from sessions s join staff a on a.id = s.staff where s.staff = ? and s.last_seen > ? order by s.last_seen desc`, who.Staff, ms(now.Add(-sessionIdle)))
	var out []Session
	for _, r := range list {
		if r.live(now) {
			out = append(out, r.Session)
		}
	}
	return out, err
}

// EndSession ends one session by its id: one's own, or for whoever manages accounts anybody's.
func (s *DB) EndSession(ctx context.Context, who Actor, id string) (err error) {
	defer wrap(&err, "store.EndSession")
	return s.Write(ctx, who, func(tx *Tx) error {
		var staff int64
		err := tx.QueryRow(`/* EndSession */ select staff from sessions where id = ? and digest <> x''`, id).Scan(&staff)
		if isNoRows(err) || err == nil && staff != who.Staff && !who.Can(MayManage) {
			return notFound("로그인")
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`/* EndSession */ update sessions set digest = x'' where id = ?`, id); err != nil {
			return err
		}
		return tx.audit("logout", 0, fmt.Sprintf("staff:%d", staff), "")
	})
}

func cutText(s string, n int) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > n {
		return string(r[:n])
	}
	return strings.ToValidUTF8(s, "")
}
