package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"toktok/store/secret"
)

// tokenPrefix lets scanners of files and logs recognise a token of ours.
const tokenPrefix = "toktok_"

// Token is a key to the JSON API. The secret itself is shown once, when it is made; only its digest is kept.
type Token struct {
	ID         int64
	Name       string
	Role       Role
	Department Ref // of role department
	CreatedAt  time.Time
	LastUsed   time.Time // real time, to the minute
	RevokedAt  time.Time
	Held       bool // after a restore, until somebody confirms it
}

// TokenInput is what a token is made with; Department (id or exact name) belongs to role department only.
type TokenInput struct {
	Name       string
	Role       Role
	Department Ref
}

const tokenColumns = `k.id, k.name, k.role, coalesce(k.department, 0), coalesce(d.name, ''), k.created_at, k.last_used, k.revoked_at, k.held`

const tokenTables = ` from tokens k left join departments d on d.id = k.department`

func scanToken(rows *sql.Rows) (Token, error) {
	var k Token
	err := rows.Scan(&k.ID, &k.Name, &k.Role, &k.Department.ID, &k.Department.Name, instant{&k.CreatedAt}, instant{&k.LastUsed}, instant{&k.RevokedAt}, &k.Held)
	return k, err
}

func (in *TokenInput) check() error {
	in.Name = strings.TrimSpace(in.Name)
	fields := map[string]string{}
	if n := utf8.RuneCountInString(in.Name); n == 0 || n > 60 {
		fields["name"] = "토큰 이름을 60자 안으로 적어 주세요."
	}
	switch in.Role {
	case RoleAdmin, RoleOperator, RoleAuditor:
		if in.Department != (Ref{}) {
			fields["department"] = "부서는 부서 담당자 토큰에만 정해요."
		}
	case RoleDepartment:
		if in.Department == (Ref{}) {
			fields["department"] = "부서 담당자 토큰은 부서를 정해 주세요."
		}
	default:
		fields["role"] = "역할은 admin, operator, department, auditor 가운데 하나예요."
	}
	return invalidFields(fields)
}

// AddToken makes a token and returns its secret, which nothing can show again. The name of a revoked token may be
// given again; the token of that name then has a new secret.
func (s *DB) AddToken(ctx context.Context, who Actor, in TokenInput) (_ Token, bearer string, err error) {
	defer wrap(&err, "store.AddToken")
	if err := cmp.Or(who.need(MayManage), in.check()); err != nil {
		return Token{}, "", err
	}
	bearer = tokenPrefix + secret.Token()
	var made Token
	err = s.Write(ctx, who, func(tx *Tx) error {
		in := in
		if in.Department != (Ref{}) {
			d, err := departmentByRef(tx, in.Department)
			if err != nil {
				return err
			}
			in.Department = d.Ref()
		}
		k := Token{Name: in.Name, Role: in.Role, Department: in.Department, CreatedAt: tx.Now}
		err := tx.QueryRow(`/* AddToken */ insert into tokens (name, digest, role, department, created_at) values (?, ?, ?, ?, ?)
			on conflict (name) do update set digest = excluded.digest, role = excluded.role, department = excluded.department,
				created_at = excluded.created_at, last_used = null, revoked_at = null, held = 0
			where revoked_at is not null returning id`,
			in.Name, secret.Digest(bearer), in.Role, idOrNil(in.Department.ID), ms(tx.Now)).Scan(&k.ID)
		if isNoRows(err) {
			return invalid("name", "같은 이름의 토큰이 있어요. 다른 이름을 쓰거나 먼저 폐기해 주세요.")
		}
		if err != nil {
			return err
		}
		made = k
		tx.AfterCommit(s.logins.tokens.forget)
		return tx.audit("token_add", 0, fmt.Sprintf("token:%d", k.ID), "role="+string(k.Role))
	})
	if err != nil {
		return Token{}, "", err
	}
	return made, bearer, nil
}

// Tokens lists the tokens, revoked ones last.
func (s *DB) Tokens(ctx context.Context, who Actor) (_ []Token, err error) {
	defer wrap(&err, "store.Tokens")
	if err := who.need(MayManage); err != nil {
		return nil, err
	}
	return all(s.read(ctx), scanToken, `/* Tokens */ select `+tokenColumns+tokenTables+` order by k.revoked_at is not null, k.name`)
}

// RevokeToken ends a token at once.
func (s *DB) RevokeToken(ctx context.Context, who Actor, name string) (err error) {
	defer wrap(&err, "store.RevokeToken")
	if err := who.need(MayManage); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		k, err := one(tx, scanToken, "토큰", `/* RevokeToken */ select `+tokenColumns+tokenTables+` where k.name = ?`, strings.TrimSpace(name))
		if err != nil || !k.RevokedAt.IsZero() {
			return err
		}
		if _, err := tx.Exec(`/* RevokeToken */ update tokens set revoked_at = ? where id = ?`, ms(tx.Now), k.ID); err != nil {
			return err
		}
		tx.AfterCommit(s.logins.tokens.forget)
		return tx.audit("token_revoke", 0, fmt.Sprintf("token:%d", k.ID), "")
	})
}

// TokenActor returns who acts with the token. The error is unauthenticated when it is unknown or revoked.
func (s *DB) TokenActor(ctx context.Context, bearer string) (_ Actor, err error) {
	defer wrap(&err, "store.TokenActor")
	refused := &Error{Kind: Unauthenticated, Text: "토큰이 없거나 쓸 수 없어요. Authorization: Bearer 뒤에 토큰을 적어 주세요."}
	if !strings.HasPrefix(bearer, tokenPrefix) || len(bearer) > 64 {
		return Actor{}, refused
	}
	digest := secret.Digest(bearer)
	k, since, ok := s.logins.tokens.get(digest)
	if !ok {
		k, err = one(s.read(ctx), scanToken, "토큰", `/* TokenActor */ select `+tokenColumns+tokenTables+`
			where k.digest = ? and k.revoked_at is null`, digest)
		switch {
		case KindOf(err) == NotFound:
			return Actor{}, refused
		case err != nil:
			return Actor{}, err
		}
		s.logins.tokens.put(digest, k, since)
	}
	if k.Held {
		return Actor{}, &Error{Kind: Unauthenticated, Text: "복원 뒤에 아직 확인하지 않은 토큰이에요. 관리자가 확인하면 쓸 수 있어요."}
	}
	if now := s.Real(); s.logins.tokens.touch(digest, now) {
		// Without the touch the request is still good: the next minute tries again.
		if err := s.Write(ctx, System("token"), func(tx *Tx) error {
			_, err := tx.Exec(`/* TokenActor */ update tokens set last_used = ? where id = ?`, ms(now), k.ID)
			return err
		}); err != nil {
			s.log.Warn("token not touched", "err", err)
		}
	}
	who := Actor{Role: k.Role, Token: k.ID, Name: k.Name}
	if k.Role == RoleDepartment {
		who.Departments = []int64{k.Department.ID}
	}
	return who, nil
}

// tokenCache saves the look-up of each request. It is emptied after every commit that changes tokens; what was read
// before that is not put in afterwards.
type tokenCache struct {
	mu      sync.Mutex
	version uint64
	m       map[string]*cachedToken
}

type cachedToken struct {
	Token
	touched time.Time
}

func (c *tokenCache) get(digest []byte) (_ Token, version uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.m[string(digest)]; k != nil {
		return k.Token, c.version, true
	}
	return Token{}, c.version, false
}

func (c *tokenCache) put(digest []byte, k Token, version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version != c.version {
		return
	}
	if c.m == nil {
		c.m = make(map[string]*cachedToken)
	}
	c.m[string(bytes.Clone(digest))] = &cachedToken{Token: k, touched: k.LastUsed}
}

// touch reports whether the use is worth a row: the first one in a minute.
func (c *tokenCache) touch(digest []byte, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.m[string(digest)]
	if k == nil || now.Sub(k.touched) < time.Minute {
		return false
	}
	k.touched = now
	return true
}

func (c *tokenCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	clear(c.m)
}
