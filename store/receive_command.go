package store

import (
	"regexp"
	"slices"
	"strings"

	"toktok/store/kakao/skill"
	"toktok/store/wording"
)

// Commands are whole texts, never messages (RULES C5).
const (
	cmdStatus   = wording.LabelStatus
	cmdPickup   = wording.LabelPickup
	cmdWithdraw = "취하"
)

// What our buttons carry. Their labels alone are words like any other: "계속할게요" may answer an operator's question.
const (
	opWithdraw = "withdraw"
	opKeep     = "keep"
)

var ownNumber = regexp.MustCompile(`^\d{4}-\d{6}$`)

// longestCommand is in bytes, with room for blanks typed inside.
const longestCommand = 64

// command answers buttons of ours and typed commands; false means the words are a message. What a button carries is
// looked up, never trusted: buttons of old messages stay clickable (kakao-chatbot.md §7).
func (r *reply) command() (bool, error) {
	switch op, _ := r.c.req.ClientExtra["op"].(string); op {
	case "":
	case opWithdraw:
		number, _ := r.c.req.ClientExtra["case"].(string)
		return true, r.withdraw(number)
	case opKeep:
		return true, r.status("")
	default:
		r.line(wording.OldButton, r.tx.s.vars())
		return true, nil
	}
	if len(r.c.text) > longestCommand {
		return false, nil
	}
	text := strings.Join(strings.Fields(r.c.text), " ")
	switch {
	case text == cmdStatus || text == "진행 상황":
		return true, r.status("")
	case text == cmdPickup || text == "답변확인":
		return true, r.pickUp()
	case text == cmdWithdraw:
		return true, r.askWithdraw()
	case ownNumber.MatchString(text):
		return true, r.status(text)
	}
	return false, nil
}

// pickUp hands out what waits, up to three bubbles.
func (r *reply) pickUp() error {
	r.pickup = true
	if err := r.takeWaiting(); err != nil {
		return err
	}
	if len(r.offer.Texts) == 0 {
		r.line(wording.PickupNone, r.tx.s.vars())
	}
	return nil
}

// status tells where the citizen's cases stand; a number of somebody else reads like an unknown one.
func (r *reply) status(number string) error {
	tx := r.tx
	where, args := `t.citizen = ? and t.number is not null and t.state <> 'closed'`, []any{r.cz.ID}
	if number != "" {
		where, args = `t.citizen = ? and t.number = ?`, []any{r.cz.ID, number}
	}
	list, err := all(tx, scanTicket, `/* status */ select `+ticketColumns+ticketTables+` where `+where+` order by t.id desc limit 5`, args...)
	if err != nil {
		return err
	}
	switch {
	case len(list) == 0 && number != "":
		r.line(wording.StatusUnknown, tx.s.vars())
	case len(list) == 0:
		r.line(wording.StatusNone, tx.s.vars())
	}
	if len(list) > 1 {
		v := tx.s.vars()
		v.Count = len(list)
		r.line(wording.StatusMany, v)
	}
	for _, t := range list {
		v := r.vars(t)
		v.At = t.ReceivedAt
		if len(list) > 1 {
			r.line(wording.StatusLine, v)
		} else {
			r.line(wording.Status, v)
		}
	}
	return r.takeWaiting()
}

// askWithdraw shows the button that row 14 wants as confirmation.
func (r *reply) askWithdraw() error {
	list, err := r.tx.candidates(r.cz.ID, false)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(c candidate) bool { return c.state == StateClosed })
	if len(list) == 0 {
		r.line(wording.StatusNone, r.tx.s.vars())
		return nil
	}
	c := choose(list, r.tx.s.Desk(), r.c.Arrived)
	if c == nil { // none is lively: the button names the case, so the newest will do
		c = &list[0]
	}
	t, err := ticketByID(r.tx, c.id)
	if err != nil {
		return err
	}
	r.card = &skill.TextCard{
		Description: r.tx.s.say(wording.WithdrawAsk, r.vars(t)),
		Buttons: []skill.Button{
			{Label: wording.LabelWithdraw, Action: skill.ActionMessage, MessageText: wording.LabelWithdraw, Extra: map[string]any{"op": opWithdraw, "case": t.Number}},
			{Label: wording.LabelKeep, Action: skill.ActionMessage, MessageText: wording.LabelKeep, Extra: map[string]any{"op": opKeep}},
		},
	}
	return nil
}

// withdraw is row 14. A case that is closed already, or somebody else's, changes nothing.
func (r *reply) withdraw(number string) error {
	tx := r.tx
	list, err := all(tx, scanTicket, `/* withdraw */ select `+ticketColumns+ticketTables+` where t.citizen = ? and t.number = ?`, r.cz.ID, number)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		r.line(wording.StatusUnknown, tx.s.vars())
		return nil
	}
	t := list[0]
	if t.State == StateClosed {
		return r.status(number)
	}
	if _, err := tx.move(t, ActWithdraw, facts{At: r.c.Arrived, Outcome: "withdrawn", Log: "시민이 민원을 취하했어요."}); err != nil {
		return err
	}
	if err := tx.supersedeLines(t); err != nil {
		return err
	}
	r.line(wording.Withdrawn, r.vars(t))
	r.ticket = t
	return tx.finish(t)
}
