package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/store/wording"
	"toktok/store/worktime"
)

// The limits of 민원처리법 시행령 §6 and §13, in working time of the statutory calendar.
const (
	acceptWithin   = 8 * time.Hour // arrival → 접수 (§6⑧)
	takeWithin     = 1 * time.Hour // desk → department (§13)
	rerouteWithin  = 3 * time.Hour // wrong department → right one (§13)
	aWorkingDay    = 8 * time.Hour // 민원처리법 §19①
	reasonMostLong = 200           // characters of a reason that a notice can show
)

var kindLabels = map[string]string{
	KindOther: "기타민원", KindInquirySystem: "질의민원(제도·절차)", KindInquiryLaw: "질의민원(법령)", KindSuggestion: "건의민원",
	KindGrievance: "고충민원", KindStatutory: "법정민원",
}

// KindLabel is the name of a legal kind on screen, "" for none.
func KindLabel(kind string) string { return kindLabels[kind] }

// AcceptInput takes a case in. Kind and Rule default to those of the category; kinds but other need the citizen's name
// and contact, known before or given here, or a written reason why there are none (RULES A7).
type AcceptInput struct {
	Kind     string
	Rule     string
	Category Ref // zero = as it is
	Name     string
	Contact  string
	Reason   string
}

// Accept takes a case in (row 27): the legal clock starts now.
func (s *DB) Accept(ctx context.Context, who Actor, number string, in AcceptInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.Accept %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		if _, err := tx.move(t, ActAccept, facts{Detail: "kind=" + in.Kind}); err != nil {
			return err
		}
		if in.Category != (Ref{}) {
			c, err := categoryByRef(tx, in.Category)
			if err != nil {
				return err
			}
			t.Category = Ref{c.ID, c.Name}
		}
		kind, rule, err := tx.legalKind(t, in.Kind, in.Rule)
		if err != nil {
			return err
		}
		reason, err := tx.whoIsIt(t, kind, in.Name, in.Contact, in.Reason)
		if err != nil {
			return err
		}
		if err := tx.accept(t, kind, rule); err != nil {
			return err
		}
		if err := tx.logEntry(t, ActAccept, joinLog("접수했어요", kindLabels[t.Kind], "처리기한 "+dueKorean(t), reason)); err != nil {
			return err
		}
		// Row 27: what is answered within the day needs no letter about it.
		if t.DueAt.After(tx.s.Statutory().Add(t.AcceptedAt, aWorkingDay)) {
			return tx.announce(t, wording.AcceptNotice, tx.handlerVars(t))
		}
		return nil
	})
}

// CorrectInput changes the kind of an accepted case; Reason is read by the citizen if the due date he was told moves.
type CorrectInput struct {
	Kind    string
	Rule    string
	Name    string
	Contact string
	Reason  string
}

// Correct changes the legal kind or the period of an accepted case (row 28); the due date is computed anew from the
// same acceptance.
func (s *DB) Correct(ctx context.Context, who Actor, number string, in CorrectInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.Correct %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		if _, err := tx.move(t, ActCorrect, facts{Detail: "kind=" + in.Kind}); err != nil {
			return err
		}
		reason, err := needReason(in.Reason)
		if err != nil {
			return err
		}
		kind, rule, err := tx.legalKind(t, cmp.Or(in.Kind, t.Kind), in.Rule)
		if err != nil {
			return err
		}
		if _, err := tx.whoIsIt(t, kind, in.Name, in.Contact, reason); err != nil {
			return err
		}
		var announced time.Time
		if err := tx.QueryRow(`/* Correct */ select max(announced_at) from dues where ticket = ? and round = ?`, t.ID, t.Round).
			Scan(instant{&announced}); err != nil {
			return err
		}
		was := t.DueText
		if err := tx.setDue(t, kind, rule); err != nil {
			return err
		}
		if err := tx.logEntry(t, ActCorrect, joinLog("종류를 고쳤어요", kindLabels[t.Kind], "처리기한 "+dueKorean(t), reason)); err != nil {
			return err
		}
		if announced.IsZero() || was == t.DueText {
			return nil
		}
		v := tx.handlerVars(t)
		v.Reason = reason
		return tx.announce(t, wording.DueNotice, v)
	})
}

// accept starts the legal clock of the running round. Without a kind it is what the category says; then, for want of the
// citizen's name and contact, 기타민원 (RULES A7). The caller saves the case.
func (tx *Tx) accept(t *Ticket, kind, rule string) error {
	if kind == "" {
		var err error
		if kind, rule, err = tx.legalKind(t, "", ""); err != nil {
			return err
		}
		if kind != KindOther {
			known, err := tx.knownContact(t.Citizen.ID)
			if err != nil {
				return err
			}
			if !known {
				kind, rule = KindOther, ""
			}
		}
	}
	t.AcceptedAt = tx.Now
	if t.AcceptedAt.Before(t.ReceivedAt) {
		t.AcceptedAt = t.ReceivedAt // the demo's clock was set back in between
	}
	return tx.setDue(t, kind, rule)
}

// legalKind fills in what was not said: the category's kind and period, then 기타민원 and the law's period.
func (tx *Tx) legalKind(t *Ticket, kind, rule string) (string, string, error) {
	var ofKind, ofRule string
	if t.Category.ID != 0 {
		if err := tx.QueryRow(`/* legalKind */ select kind, rule from categories where id = ?`, t.Category.ID).Scan(&ofKind, &ofRule); err != nil {
			return "", "", err
		}
	}
	kind = cmp.Or(kind, ofKind, KindOther)
	if kind == ofKind {
		rule = cmp.Or(rule, ofRule)
	}
	if kind == KindOther {
		rule = cmp.Or(rule, tx.s.Settings().OtherRule)
	}
	if _, err := legalRule(kind, rule); err != nil {
		return "", "", formError(err)
	}
	return kind, rule, nil
}

// setDue computes the due date in the statutory calendar and keeps how (RULES F, 민원처리법 §19).
func (tx *Tx) setDue(t *Ticket, kind, rule string) error {
	if kind == KindOther {
		rule = cmp.Or(rule, tx.s.Settings().OtherRule)
	}
	r, err := legalRule(kind, rule)
	if err != nil {
		return formError(err)
	}
	due, err := tx.s.Statutory().Due(r, t.AcceptedAt, nil, nil)
	if err != nil {
		return formError(err)
	}
	steps, err := json.Marshal(due.Steps)
	if err != nil {
		return err
	}
	inputs, err := json.Marshal(map[string]any{"accepted_at": t.AcceptedAt.Format(time.RFC3339), "exclusions": []any{}, "extensions": []any{}})
	if err != nil {
		return err
	}
	t.Kind, t.DueAt, t.DueText, t.DueRule, t.DueSteps = kind, due.Last(), due.String(), r.String(), string(steps)
	t.DueID, err = tx.Insert(`/* setDue */ insert into dues (ticket, round, rule, inputs, result, steps, calendar, computed_at)
		values (?, ?, ?, ?, ?, ?, ?, ?)`, t.ID, t.Round, t.DueRule, string(inputs), t.DueText, t.DueSteps, tx.s.cache.Load().version, ms(tx.Now))
	return err
}

// announce sends a notice that names the due date and remembers that the citizen was told.
func (tx *Tx) announce(t *Ticket, key wording.Key, v wording.Vars) error {
	if t.DueID != 0 {
		if _, err := tx.Exec(`/* announce */ update dues set announced_at = ? where id = ? and announced_at is null`, ms(tx.Now), t.DueID); err != nil {
			return err
		}
	}
	return tx.notice(t, key, v)
}

// handlerVars are the variables of a case's notices; who acts is its handler if nobody else is named, for a notice
// states department, name and contact (민원처리법 시행령 §31).
func (tx *Tx) handlerVars(t *Ticket) wording.Vars {
	v := tx.ticketVars(t)
	if v.Handler == "" && tx.Who.Staff != 0 {
		v.Handler = tx.Who.Name
	}
	v.At = tx.Now
	return v
}

// acceptBy is until when a case has to be accepted that arrived at the given instant.
func (tx *Tx) acceptBy(at time.Time) time.Time { return tx.s.Statutory().Add(at, acceptWithin) }

func (tx *Tx) knownContact(citizen int64) (known bool, err error) {
	err = tx.QueryRow(`/* knownContact */ select exists (select 1 from contacts where citizen = ? and name <> '' and phone <> '')`, citizen).Scan(&known)
	return known, err
}

// whoIsIt keeps name and contact if they are given, and demands them, or a reason, for kinds that need a known citizen.
// It returns the reason for the log.
func (tx *Tx) whoIsIt(t *Ticket, kind, name, contact, reason string) (string, error) {
	name, contact, reason = strings.TrimSpace(name), strings.TrimSpace(contact), strings.TrimSpace(reason)
	fields := map[string]string{}
	for field, text := range map[string]string{"name": name, "contact": contact} {
		if utf8.RuneCountInString(text) > 40 {
			fields[field] = "40자까지 쓸 수 있어요."
		}
	}
	if utf8.RuneCountInString(reason) > reasonMostLong {
		fields["reason"] = "사유는 200자까지 쓸 수 있어요."
	}
	if err := invalidFields(fields); err != nil {
		return "", err
	}
	if name != "" || contact != "" {
		if _, err := tx.Exec(`/* whoIsIt */ insert into contacts (citizen, name, phone) values (?, ?, ?)
			on conflict (citizen) do update set name = coalesce(nullif(excluded.name, ''), name), phone = coalesce(nullif(excluded.phone, ''), phone)`,
			t.Citizen.ID, name, contact); err != nil {
			return "", err
		}
	}
	if name != "" {
		if _, err := tx.Exec(`/* whoIsIt */ update citizens set name = ? where id = ?`, name, t.Citizen.ID); err != nil {
			return "", err
		}
	}
	if kind == KindOther || reason != "" {
		return reason, nil
	}
	known, err := tx.knownContact(t.Citizen.ID)
	if err != nil || known {
		return reason, err
	}
	text := kindLabels[kind] + "은 성함과 연락처가 있어야 해요. 알 수 없으면 사유를 적어 주세요."
	return "", &Error{Kind: Invalid, Text: text, Fields: map[string]string{"name": text, "contact": text, "reason": text}}
}

// formError gives a fault of worktime its place in the form.
func formError(err error) error {
	if e, ok := errors.AsType[*worktime.Error](err); ok {
		return invalid(cmp.Or(e.Field, "rule"), e.Text)
	}
	return err
}

// needReason demands a written reason that fits a notice.
func needReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch n := utf8.RuneCountInString(reason); {
	case n == 0:
		return "", invalid("reason", "사유를 적어 주세요.")
	case n > reasonMostLong:
		return "", invalid("reason", fmt.Sprintf("사유는 %d자까지 쓸 수 있어요.", reasonMostLong))
	}
	return reason, nil
}

// joinLog builds a 처리 기록 from its parts; empty ones are left out.
func joinLog(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}
