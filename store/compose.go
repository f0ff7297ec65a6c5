package store

import (
	"context"
	"strings"
	"time"

	"toktok/store/hangul"
)

// ReplyInput is what a person sends to a citizen.
type ReplyInput struct {
	Text      string
	Seen      int64     // id of the last message the author saw; 0 covers everything committed before (RULES H3)
	Force     bool      // send although a colleague has answered meanwhile
	Finish    bool      // 보내고 완료
	NotBefore time.Time // 내일 09:00에 보내기; zero = at once
	Once      *Once
}

// Reply stores a person's answer with its delivery in one transaction and moves the case (RULES A rows 20–24). A text
// that does not fit two bubbles is Invalid; a colleague's answer the author has not seen is Conflict with that answer.
func (s *DB) Reply(ctx context.Context, who Actor, number string, in ReplyInput) (m Message, err error) {
	defer wrap(&err, "store.Reply")
	if err := who.need(MayAnswer); err != nil {
		return m, err
	}
	text := strings.TrimSpace(hangul.Normalize(in.Text))
	if text == "" {
		return m, invalid("text", "답변을 입력해 주세요.")
	}
	if _, err := bubblesOf(text); err != nil {
		return m, err
	}
	err = s.Write(ctx, who, func(tx *Tx) error {
		if err := tx.replayed(in.Once); err != nil {
			return err
		}
		m = Message{Kind: FromReply, Text: text}
		t, err := ticketByNumber(tx, who, number)
		if err != nil {
			return err
		}
		if err := tx.reply(t, &m, in); err != nil {
			return err
		}
		return tx.remember(in.Once, m)
	})
	return m, err
}

func (tx *Tx) reply(t *Ticket, m *Message, in ReplyInput) error {
	unseen, err := tx.unseen(t, in)
	if err != nil {
		return err
	}
	if err := tx.addMessage(t, m); err != nil {
		return err
	}
	tr, err := tx.move(t, ActReply, facts{FirstUnseen: unseen})
	if err != nil {
		return err
	}
	if t.FirstReplyAt.IsZero() {
		t.FirstReplyAt = tx.Now
	}
	if tr.done {
		t.NotifiedAt = time.Time{} // these words are not yet delivered
	}
	t.CallbackEnded = false
	if err := tx.sawUpTo(t, in.Seen); err != nil {
		return err
	}
	wish := in.NotBefore
	if !wish.After(tx.Now) {
		if wish, err = tx.undoUntil(t); err != nil {
			return err
		}
	}
	if in.Finish {
		if err := tx.finishAfter(t); err != nil {
			return err
		}
	}
	// The case first: a delivery may write to it as well.
	if err := tx.finish(t); err != nil {
		return err
	}
	_, err = tx.send(t, m, ClassReply, sendOptions{notBefore: wish})
	return err
}

// unseen returns the arrival of the oldest citizen message the author has not seen, and refuses when a colleague has
// answered since (RULES A2, H3).
func (tx *Tx) unseen(t *Ticket, in ReplyInput) (first time.Time, err error) {
	if in.Seen == 0 {
		return first, nil
	}
	newer, err := tx.newer(t, FromReply, in.Seen)
	if err != nil {
		return first, err
	}
	if len(newer) > 0 && !in.Force {
		return first, &Error{Kind: Conflict, Newer: newer, State: t.State, Allowed: t.Allowed(tx.Who), Text: "그 사이에 다른 답변이 나갔어요. 확인하고 다시 보내 주세요. 쓰던 글은 그대로 있어요."}
	}
	words, err := tx.newer(t, FromCitizen, in.Seen)
	if err != nil || len(words) == 0 {
		return first, err
	}
	if in.Finish && !in.Force {
		return first, &Error{Kind: Conflict, Newer: words, State: t.State, Allowed: t.Allowed(tx.Who), Text: "그 사이에 시민이 새 글을 남겼어요. 확인하고 다시 완료해 주세요. 쓰던 글은 그대로 있어요."}
	}
	return words[0].At, nil
}

func (tx *Tx) newer(t *Ticket, kind MessageKind, than int64) ([]Message, error) {
	list, err := all(tx, scanMessage, `/* newer */ select `+messageColumns+` from messages m join tickets t on t.id = m.ticket
		where m.ticket = ? and m.kind = ? and m.id > ? order by m.id`, t.ID, kind, than)
	if err != nil {
		return nil, err
	}
	return list, dress(tx, list)
}

// sawUpTo marks the citizen's messages the reply covers as read.
func (tx *Tx) sawUpTo(t *Ticket, seen int64) error {
	if t.Unread == 0 {
		return nil
	}
	if seen == 0 {
		seen = 1<<63 - 1
	}
	res, err := tx.Exec(`/* sawUpTo */ update messages set seen_by = ?, seen_at = ? where ticket = ? and kind = 'citizen' and seen_at is null and id <= ?`,
		idOrNil(tx.Who.Staff), ms(tx.Now), t.ID, seen)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	t.Unread = max(t.Unread-int(n), 0)
	return err
}

// undoUntil is how long a reply may be taken back (RULES D7): by setting, and never when a callback will carry it.
func (tx *Tx) undoUntil(t *Ticket) (time.Time, error) {
	undo := time.Duration(tx.s.Settings().UndoSeconds) * time.Second
	if undo <= 0 {
		return time.Time{}, nil
	}
	r, err := tx.reach(t.Citizen.ID)
	if err != nil || r.callback.ID != 0 {
		return time.Time{}, err
	}
	return tx.Now.Add(undo), nil
}

// finishAfter closes the case behind the reply (보내고 완료): row 41, or row 39 for a case that lies with a department.
func (tx *Tx) finishAfter(t *Ticket) error {
	if t.State == StateClosed {
		return nil
	}
	action, outcome := ActClose, "answered"
	if t.State == StateReview {
		action, outcome = ActResult, "result"
	}
	_, err := tx.move(t, action, facts{Outcome: outcome, Log: "답변을 보내고 완료했어요."})
	return err
}

// Note stores an internal note; the citizen never reads it (RULES A row 25).
func (s *DB) Note(ctx context.Context, who Actor, number, text string, once *Once) (m Message, err error) {
	defer wrap(&err, "store.Note")
	if err := who.need(MayAnswer); err != nil {
		return m, err
	}
	text = strings.TrimSpace(hangul.Normalize(text))
	switch {
	case text == "":
		return m, invalid("text", "메모를 입력해 주세요.")
	case hangul.Len(text) > noteMax:
		return m, invalid("text", "메모는 4,000자까지 쓸 수 있어요. 나누어 남겨 주세요.")
	}
	err = s.Write(ctx, who, func(tx *Tx) error {
		if err := tx.replayed(once); err != nil {
			return err
		}
		m = Message{Kind: FromNote, Text: text}
		t, err := ticketByNumber(tx, who, number)
		if err != nil {
			return err
		}
		if err := tx.addMessage(t, &m); err != nil {
			return err
		}
		if _, err := tx.move(t, ActNote, facts{}); err != nil {
			return err
		}
		if err := tx.finish(t); err != nil {
			return err
		}
		return tx.remember(once, m)
	})
	return m, err
}

// noteMax bounds a note; a page of a case stays readable.
const noteMax = 4000

// replayed answers a request that was carried out before with the stored answer.
func (tx *Tx) replayed(once *Once) error {
	if once == nil {
		return nil
	}
	done, err := tx.once(once)
	if err != nil || done == nil {
		return err
	}
	return &Replayed{StoredAnswer: *done}
}
