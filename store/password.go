package store

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"toktok/store/secret"
)

// guessable are words that a password must not consist of (ASVS 6.1.2: names of the place and the product).
var guessable = []string{"password", "passw0rd", "qwerty", "qwertyuiop", "asdfghjkl", "admin", "administrator", "welcome", "letmein", "iloveyou",
	"toktok", "kakao", "kakaotalk", "minwon", "cityhall", "gyeongju", "민원", "시청", "비밀번호", "관리자", "톡톡", "카카오톡"}

// weakPassword says what is wrong with a password, "" if nothing is. It is taken exactly as typed; there is no rule
// about kinds of characters (ASVS 6.2.1, 6.2.5, 6.2.8, 6.2.9).
func weakPassword(pw, login string) string {
	n := utf8.RuneCountInString(pw)
	switch {
	case n < 12:
		return "비밀번호는 12자부터예요. 낱말 서너 개를 이어 쓰면 외우기 쉬워요."
	case n > 128:
		return "비밀번호는 128자까지예요."
	}
	low := strings.ToLower(pw)
	if login != "" && utf8.RuneCountInString(strings.ReplaceAll(low, login, "")) < 8 {
		return "비밀번호가 아이디와 너무 비슷해요. 다른 낱말을 더해 주세요."
	}
	different := map[rune]bool{}
	for _, r := range low {
		different[r] = true
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, low)
	for _, w := range guessable {
		letters = strings.ReplaceAll(letters, w, "")
	}
	if len(different) < 5 || letters == "" && n < 20 {
		return "짐작하기 쉬운 비밀번호예요. 다른 낱말을 섞어 주세요."
	}
	return ""
}

// SetPassword gives an account a new password; all its sessions end and a lock is lifted.
func (s *DB) SetPassword(ctx context.Context, who Actor, login, password string) (err error) {
	defer wrap(&err, "store.SetPassword")
	if err := who.need(MayManage); err != nil {
		return err
	}
	return s.putPassword(ctx, who, login, password)
}

// ChangePassword gives the own account a new password, against the old one; all its sessions end, this one too.
func (s *DB) ChangePassword(ctx context.Context, who Actor, old, password string) (err error) {
	defer wrap(&err, "store.ChangePassword")
	if who.Staff == 0 {
		return forbidden()
	}
	var login, hash string
	if err := s.read(ctx).QueryRow(`/* ChangePassword */ select login, password from staff where id = ? and disabled_at is null`, who.Staff).
		Scan(&login, &hash); err != nil {
		return err
	}
	g, err := s.logins.gates.enter(ctx, fmt.Sprintf("change:%d", who.Staff), s.Real())
	if err != nil {
		return err
	}
	ok, _, err := secret.CheckPassword(ctx, old, hash)
	g.leave(s.Real(), ok, err)
	if err != nil {
		return err
	}
	if !ok {
		return invalid("old", "지금 비밀번호가 맞지 않아요.")
	}
	if old == password {
		return invalid("password", "지금 비밀번호와 다른 것을 적어 주세요.")
	}
	return s.putPassword(ctx, who, login, password)
}

func (s *DB) putPassword(ctx context.Context, who Actor, login, password string) error {
	if text := weakPassword(password, normalLogin(login)); text != "" {
		return invalid("password", text)
	}
	hash, err := secret.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		a, err := staffByLogin(tx, login)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`/* putPassword */ update staff set password = ?, failed = 0, locked_until = null where id = ?`, hash, a.ID); err != nil {
			return err
		}
		if err := tx.endSessions(a.ID); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.logins.gates.forget(a.Login) })
		return tx.audit("staff_password", 0, fmt.Sprintf("staff:%d", a.ID), "")
	})
}
