package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"toktok/store/hangul"
	"toktok/store/wording"
	"toktok/store/worktime"
)

// act runs one action of a person on one case: found within sight (else not_found), allowed for the role (else
// forbidden), done by fn, saved, and read again as it is now.
func (s *DB) act(ctx context.Context, who Actor, number string, fn func(*Tx, *Ticket) error) (*Ticket, error) {
	var out *Ticket
	err := s.Write(ctx, who, func(tx *Tx) error {
		t, err := ticketByNumber(tx, who, number)
		if err != nil {
			return err
		}
		if err := who.need(MayAnswer); err != nil {
			return err
		}
		if err := fn(tx, t); err != nil {
			return err
		}
		if err := tx.finish(t); err != nil {
			return err
		}
		out, err = ticketByID(tx, t.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Reasons of a close (row 41) and of 답변 필요 없음 (row 26), with their names on screen.
var (
	CloseReasons   = []string{"answered", "declined", "not_a_case", "ended_abuse"}
	DismissReasons = []string{"thanks", "spam", "test", "duplicate", "told_by_phone"}
)

var reasonLabels = map[string]string{
	"answered": "답변함", "declined": "처리하지 않음(민원처리법 §21)", "not_a_case": "민원이 아님", "ended_abuse": "폭언 등으로 종료", "result": "처리 결과",
	"withdrawn": "취하", "thanks": "인사", "spam": "광고", "test": "시험", "duplicate": "같은 민원", "told_by_phone": "전화로 답함",
}

// ReasonLabel is the name of an outcome or reason on screen, "" for none.
func ReasonLabel(reason string) string { return reasonLabels[reason] }

// FinishInput ends a case. Text is what the citizen reads: the result of a department, the reason of a refusal
// (민원처리법 §21②), else a last answer.
type FinishInput struct {
	Text   string
	Reason string // of CloseReasons; "" = result from review, else answered
}

// FinishTicket closes a case: with its result from review (row 39), else as answered, declined and so on (row 41).
func (s *DB) FinishTicket(ctx context.Context, who Actor, number string, in FinishInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.FinishTicket %s", number)
	in.Text = strings.TrimSpace(hangul.Normalize(in.Text))
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		if t.State == StateReview {
			return tx.result(t, in)
		}
		return tx.close(t, in)
	})
}

// result is row 39: what the department found goes to the citizen as a notice and the legal clock stops.
func (tx *Tx) result(t *Ticket, in FinishInput) error {
	v := tx.handlerVars(t)
	if _, err := tx.move(t, ActResult, facts{Outcome: "result", Log: joinLog("처리 결과를 알리고 완료했어요", t.Department.Name)}); err != nil {
		return err
	}
	switch {
	case in.Reason != "" && in.Reason != "result":
		return invalid("reason", "부서가 처리하는 민원은 처리 결과로만 끝낼 수 있어요.")
	case in.Text == "":
		return invalid("text", "처리 결과를 적어 주세요. 시민에게 그대로 전해요.")
	}
	t.NotifiedAt = time.Time{}
	if t.FirstReplyAt.IsZero() {
		t.FirstReplyAt = tx.Now
	}
	v.Text = in.Text
	return tx.notice(t, wording.ResultNotice, v)
}

// close is row 41. Without words, done_at stays at the answer (RULES A5).
func (tx *Tx) close(t *Ticket, in FinishInput) error {
	reason := cmp.Or(in.Reason, "answered")
	v, awaited := tx.handlerVars(t), !t.AwaitingSince.IsZero()
	if _, err := tx.move(t, ActClose, facts{Outcome: reason, Detail: "reason=" + reason, Log: joinLog("완료했어요", reasonLabels[reason])}); err != nil {
		return err
	}
	switch reason {
	case "answered":
		if in.Text == "" && awaited {
			return invalid("text", "시민이 답변을 기다리고 있어요. 답변을 적거나 다른 사유를 골라 주세요.")
		}
	case "declined":
		switch {
		case in.Text == "":
			return invalid("text", "처리하지 않는 사유를 적어 주세요. 시민에게 알려야 해요(민원처리법 §21).")
		case hangul.Len(in.Text) > reasonMostLong:
			return invalid("text", fmt.Sprintf("사유는 %d자까지 쓸 수 있어요.", reasonMostLong))
		}
	case "not_a_case", "ended_abuse":
	default:
		return invalid("reason", "완료 사유를 골라 주세요.")
	}
	if in.Text == "" {
		return nil
	}
	t.DoneAt, t.NotifiedAt = tx.Now, time.Time{}
	if t.FirstReplyAt.IsZero() {
		t.FirstReplyAt = tx.Now
	}
	if reason == "declined" {
		v.Reason = in.Text
		return tx.notice(t, wording.CloseDeclined, v)
	}
	m := &Message{Kind: FromReply, Text: in.Text}
	if err := tx.addMessage(t, m); err != nil {
		return err
	}
	_, err := tx.send(t, m, ClassReply, sendOptions{})
	return err
}

// ReopenInput opens a closed case again.
type ReopenInput struct {
	Reason string
	Tell   bool // the citizen is told
}

// Reopen starts a new round of a closed case (row 46): in review if it lay with a department, else at the desk.
func (s *DB) Reopen(ctx context.Context, who Actor, number string, in ReopenInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.Reopen %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		if t.Department.ID != 0 {
			if _, err := departmentByRef(tx, t.Department); KindOf(err) == Invalid {
				t.Department = Ref{} // there is nobody left to see it there
			} else if err != nil {
				return err
			}
		}
		if _, err := tx.move(t, ActReopen, facts{}); err != nil {
			return err
		}
		reason, err := needReason(in.Reason)
		if err != nil {
			return err
		}
		if t.State == StateReview {
			t.TakeBy = tx.s.Statutory().Add(tx.Now, takeWithin)
		}
		if err := tx.logEntry(t, ActReopen, joinLog(fmt.Sprintf("다시 열었어요(%d회차)", t.Round), reason)); err != nil {
			return err
		}
		if !in.Tell {
			return nil
		}
		return tx.notice(t, wording.ReopenedNotice, tx.ticketVars(t))
	})
}

// DismissInput says why a case needs no answer.
type DismissInput struct{ Reason string }

// Dismiss is 답변 필요 없음 (row 26): the case leaves the queue as if answered.
func (s *DB) Dismiss(ctx context.Context, who Actor, number string, in DismissInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.Dismiss %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		if t.AcceptedAt.IsZero() && (t.State == StateWaiting || t.State == StateOpen) {
			if err := tx.accept(t, KindOther, ""); err != nil {
				return err
			}
		}
		if _, err := tx.move(t, ActDismiss, facts{Detail: "reason=" + in.Reason, Log: joinLog("답변 필요 없음", reasonLabels[in.Reason])}); err != nil {
			return err
		}
		switch in.Reason {
		case "thanks", "spam", "test", "duplicate":
			t.NotifiedAt = time.Time{}
		case "told_by_phone":
			t.NotifiedAt = tx.Now
		default:
			return invalid("reason", "답변이 필요 없는 이유를 골라 주세요.")
		}
		return tx.supersedeLines(t)
	})
}

// snoozeMost bounds a snooze: what is put off further is forgotten.
const snoozeMost = 90 * 24 * time.Hour

// SnoozeInput puts a case off until an instant; the zero time brings it back.
type SnoozeInput struct{ Until time.Time }

// Snooze puts a case off or wakes it (row 19). The legal clock goes on.
func (s *DB) Snooze(ctx context.Context, who Actor, number string, in SnoozeInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.Snooze %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error { return tx.snooze(t, in.Until) })
}

func (tx *Tx) snooze(t *Ticket, until time.Time) error {
	tx.times = true
	if until.IsZero() {
		if t.SnoozeUntil.IsZero() {
			return nil
		}
		_, err := tx.move(t, ActWake, facts{Log: "보류를 풀었어요"})
		return err
	}
	until = until.In(seoul).Truncate(time.Millisecond)
	if _, err := tx.move(t, ActSnooze, facts{Log: joinLog("보류했어요", worktime.Korean(until)+"까지")}); err != nil {
		return err
	}
	switch {
	case !until.After(tx.Now):
		return invalid("snooze_until", "보류는 지금보다 뒤로 정해 주세요.")
	case until.Sub(tx.Now) > snoozeMost:
		return invalid("snooze_until", "보류는 90일까지 할 수 있어요.")
	}
	t.SnoozeUntil = until
	return nil
}

// ChangeInput changes what hangs on a case; nil leaves it, a zero value clears it. Category and Assignee are named by
// id, else by the category's exact name and the account's login.
type ChangeInput struct {
	Category    *Ref
	Assignee    *Ref
	Priority    *string // low, normal, high, urgent
	Urgent      *bool
	SnoozeUntil *time.Time
}

var priorityLabels = map[string]string{"low": "낮음", "normal": "보통", "high": "높음", "urgent": "긴급"}

// PriorityLabel is the name of a priority on screen.
func PriorityLabel(p string) string { return priorityLabels[p] }

// Change applies what differs (row 47, and row 19 for the snooze). A category only proposes a kind: the clock stays.
func (s *DB) Change(ctx context.Context, who Actor, number string, in ChangeInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.Change %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		said, err := tx.change(t, in)
		if err != nil {
			return err
		}
		if len(said) > 0 {
			if _, err := tx.move(t, ActChange, facts{Log: joinLog(said...)}); err != nil {
				return err
			}
		}
		if in.SnoozeUntil == nil || in.SnoozeUntil.Equal(t.SnoozeUntil) {
			return nil
		}
		return tx.snooze(t, *in.SnoozeUntil)
	})
}

// change sets the fields and says what changed.
func (tx *Tx) change(t *Ticket, in ChangeInput) (said []string, err error) {
	if in.Category != nil {
		var c Category
		if *in.Category != (Ref{}) {
			if c, err = categoryByRef(tx, *in.Category); err != nil {
				return nil, err
			}
		}
		if c.ID != t.Category.ID {
			t.Category = Ref{c.ID, c.Name}
			said = append(said, "분류: "+cmp.Or(c.Name, "없음"))
		}
	}
	if in.Assignee != nil {
		a, err := tx.assignee(t, *in.Assignee)
		if err != nil {
			return nil, err
		}
		if a.ID != t.Assignee.ID {
			t.Assignee = a
			said = append(said, "담당: "+cmp.Or(a.Name, "없음"))
		}
	}
	if in.Priority != nil {
		p := cmp.Or(*in.Priority, "normal")
		if priorityLabels[p] == "" {
			return nil, invalid("priority", "우선순위는 low, normal, high, urgent 가운데 하나예요.")
		}
		if p != t.Priority {
			t.Priority = p
			said = append(said, "우선순위: "+priorityLabels[p])
		}
	}
	if in.Urgent != nil && *in.Urgent != t.Urgent {
		t.Urgent = *in.Urgent
		said = append(said, map[bool]string{true: "긴급 표시", false: "긴급 표시 해제"}[t.Urgent])
	}
	return said, nil
}

// assignee finds an account that may work on the case: enabled, not an auditor, and of the case's department or the desk.
func (tx *Tx) assignee(t *Ticket, ref Ref) (Ref, error) {
	if ref == (Ref{}) {
		return Ref{}, nil
	}
	var a Actor
	var disabled bool
	where, arg := `login = ?`, any(normalLogin(ref.Name))
	if ref.ID != 0 {
		where, arg = `id = ?`, ref.ID
	}
	err := tx.QueryRow(`/* assignee */ select id, name, role, disabled_at is not null from staff where `+where, arg).Scan(&a.Staff, &a.Name, &a.Role, &disabled)
	if err != nil && !isNoRows(err) {
		return Ref{}, err
	}
	if err == nil && a.Role == RoleDepartment {
		if a.Departments, _, err = departmentsOf(tx, a.Staff); err != nil {
			return Ref{}, err
		}
	}
	if isNoRows(err) || disabled || !a.Can(MayAnswer) || !a.Sees(t.Department.ID) {
		return Ref{}, invalid("assignee", "이 민원을 맡을 수 있는 직원이 아니에요. 다른 사람을 골라 주세요.")
	}
	return Ref{a.Staff, a.Name}, nil
}
