package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"toktok/store/wording"
)

// TransferInput sends a case to a department (id or exact name), or with Return back from one (우리 부서 아님).
type TransferInput struct {
	Department Ref
	Return     bool
	Reason     string
}

// TransferView is one step of a case's way through the departments. To is zero when it went back to the desk.
type TransferView struct {
	From, To   Ref
	Reason     string
	By         string
	SentAt     time.Time
	TakenAt    time.Time
	ReturnedAt time.Time
	LimitAt    time.Time // until when it had to be taken or re-routed
}

func transfersOf(q querier, ticket int64) ([]TransferView, error) {
	return all(q, func(rows *sql.Rows) (TransferView, error) {
		var v TransferView
		err := rows.Scan(&v.From.ID, &v.From.Name, &v.To.ID, &v.To.Name, &v.Reason, &v.By, instant{&v.SentAt}, instant{&v.TakenAt}, instant{&v.ReturnedAt}, instant{&v.LimitAt})
		return v, err
	}, `/* transfersOf */ select coalesce(f.id, 0), coalesce(f.name, ''), coalesce(d.id, 0), coalesce(d.name, ''), r.reason, r.by_who,
		r.sent_at, r.taken_at, r.returned_at, r.limit_at
		from transfers r left join departments f on f.id = r.from_department left join departments d on d.id = r.to_department
		where r.ticket = ? order by r.id`, ticket)
}

// Transfer hands a case to a department (rows 29, 32) or from there back to the desk (row 31). The citizen reads where
// it lies and until when it will be done.
func (s *DB) Transfer(ctx context.Context, who Actor, number string, in TransferInput) (_ *Ticket, err error) {
	defer wrap(&err, "store.Transfer %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		if in.Return {
			return tx.giveBack(t, in.Reason)
		}
		return tx.transfer(t, in)
	})
}

func (tx *Tx) transfer(t *Ticket, in TransferInput) error {
	from, onward := t.Department, t.State == StateReview
	tr, err := tx.move(t, ActTransfer, facts{Detail: fmt.Sprintf("department=%d", in.Department.ID)})
	if err != nil {
		return err
	}
	reason, err := needReason(in.Reason)
	if err != nil {
		return err
	}
	if in.Department == (Ref{}) {
		return invalid("department", "보낼 부서를 골라 주세요.")
	}
	d, err := departmentByRef(tx, in.Department)
	if err != nil {
		return err
	}
	if onward && d.ID == from.ID {
		return invalid("department", "이미 이 부서에서 처리하고 있어요.")
	}
	within, key := takeWithin, wording.TransferNotice
	if tr.row == 32 {
		within, key = rerouteWithin, wording.TransferOnNotice
	}
	// Whoever had it has handed it over; the department says who takes it.
	t.Department, t.Assignee, t.TakenAt, t.TakeBy = d.Ref(), Ref{}, time.Time{}, tx.s.Statutory().Add(tx.Now, within)
	if err := tx.addTransfer(t, from, t.Department, reason, t.TakeBy); err != nil {
		return err
	}
	if err := tx.logEntry(t, ActTransfer, joinLog(d.Name+" 부서로 보냈어요", reason)); err != nil {
		return err
	}
	return tx.announce(t, key, tx.ticketVars(t))
}

// giveBack is 우리 부서 아님: the case lies at the desk again, which has three working hours to find the right one.
func (tx *Tx) giveBack(t *Ticket, why string) error {
	from := t.Department
	if _, err := tx.move(t, ActReturn, facts{Detail: fmt.Sprintf("department=%d", from.ID)}); err != nil {
		return err
	}
	reason, err := needReason(why)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`/* giveBack */ update transfers set returned_at = ? where id = (select max(id) from transfers where ticket = ?)`, ms(tx.Now), t.ID); err != nil {
		return err
	}
	t.Assignee = Ref{}
	if err := tx.addTransfer(t, from, Ref{}, reason, tx.s.Statutory().Add(tx.Now, rerouteWithin)); err != nil {
		return err
	}
	return tx.logEntry(t, ActReturn, joinLog(from.Name+"에서 돌려보냈어요(우리 부서 아님)", reason))
}

func (tx *Tx) addTransfer(t *Ticket, from, to Ref, reason string, limit time.Time) error {
	_, err := tx.Exec(`/* addTransfer */ insert into transfers (ticket, from_department, to_department, reason, by_who, sent_at, limit_at)
		values (?, ?, ?, ?, ?, ?, ?)`, t.ID, idOrNil(from.ID), idOrNil(to.ID), reason, tx.Who.Label(), ms(tx.Now), ms(limit))
	return err
}

// Take is a department's 맡기 (row 30): whoever takes it handles it.
func (s *DB) Take(ctx context.Context, who Actor, number string) (_ *Ticket, err error) {
	defer wrap(&err, "store.Take %s", number)
	return s.act(ctx, who, number, func(tx *Tx, t *Ticket) error {
		log := joinLog(t.Department.Name+"에서 맡았어요", tx.Who.Name)
		if _, err := tx.move(t, ActTake, facts{Log: log}); err != nil {
			return err
		}
		if tx.Who.Staff != 0 {
			t.Assignee = Ref{tx.Who.Staff, tx.Who.Name}
		}
		if !t.TakenAt.IsZero() {
			return nil
		}
		t.TakenAt, t.TakeBy = tx.Now, time.Time{}
		_, err := tx.Exec(`/* Take */ update transfers set taken_at = ? where taken_at is null and id = (select max(id) from transfers where ticket = ?)`, ms(tx.Now), t.ID)
		return err
	})
}
