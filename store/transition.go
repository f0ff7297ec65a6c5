package store

import "slices"

// State says where a case lies (RULES A3).
type State string

// The five states: 아침 대기, 답변 대기, 답변함, 부서 처리, 완료.
const (
	StateWaiting  State = "waiting"
	StateOpen     State = "open"
	StateAnswered State = "answered"
	StateReview   State = "review"
	StateClosed   State = "closed"
)

// States lists the states in the order of the screen.
var States = []State{StateWaiting, StateOpen, StateAnswered, StateReview, StateClosed}

// Targets that are not a state of their own.
const (
	toSame State = "same" // stays where it is
	toNow  State = "now?" // open while the desk is open, else waiting with a queue item
)

// Action is what is done to a case.
type Action string

// The actions of the table.
const (
	ActMessage  Action = "message"
	ActThanks   Action = "thanks"
	ActWithdraw Action = "withdraw"
	ActClosing  Action = "closing"
	ActOpening  Action = "opening"
	ActSnooze   Action = "snooze"
	ActWake     Action = "wake"
	ActReply    Action = "reply"
	ActNote     Action = "note"
	ActDismiss  Action = "no_answer_needed"
	ActAccept   Action = "accept"
	ActCorrect  Action = "correct"
	ActTransfer Action = "transfer"
	ActTake     Action = "take"
	ActReturn   Action = "return"
	ActResult   Action = "result"
	ActClose    Action = "close"
	ActReopen   Action = "reopen"
	ActChange   Action = "change"
)

// guard is the condition under which a row applies, beyond state and actor.
type guard string

const (
	always       guard = ""
	officeOpen   guard = "open now"
	officeClosed guard = "closed now"
	inWindow     guard = "within the reopen window"
	seenAll      guard = "the reply has seen everything"
	seenSome     guard = "a newer citizen message lies there"
	notAccepted  guard = "not accepted"
	isAccepted   guard = "accepted"
	awaits       guard = "a citizen's words lie unanswered"
	hadReview    guard = "was with a department"
)

// awaiting says what a row does to awaiting_since (RULES A1).
type awaiting int

const (
	asKeep   awaiting = iota
	asSet             // arrival of this message, unless an earlier one is set
	asNull            // a person answered
	asUnseen          // the first citizen message the author has not seen
	asNow             // this instant, unless it is set
	asReset           // this instant in any case: a new round
)

// transition is one row of RULES A. The table is the only place that changes a state.
type transition struct {
	row      int
	from     []State
	action   Action
	guard    guard
	to       State
	who      []Role
	as       awaiting
	accepts  bool // takes the case in when nobody has (legal clock)
	done     bool // stops the clock: done_at = this commit
	undone   bool // the citizen came back: done_at cleared
	newRound bool
	queue    bool // a queue row when it ends in waiting
}

var (
	citizen    = []Role{RoleCitizen, RoleSystem}
	job        = []Role{RoleJob, RoleSystem}
	operator   = []Role{RoleAdmin, RoleOperator, RoleSystem}
	department = []Role{RoleAdmin, RoleDepartment, RoleSystem}
	handler    = []Role{RoleAdmin, RoleOperator, RoleDepartment, RoleSystem}
	anyState   = []State{StateWaiting, StateOpen, StateAnswered, StateReview, StateClosed}
	notClosed  = []State{StateWaiting, StateOpen, StateAnswered, StateReview}
)

// transitions holds the rows of RULES A that exist so far, in their order; rows 1, 2 and 11 make a new case and are
// kept by newTicket. The first row whose state, action, guard and role fit is the one.
var transitions = []transition{
	{row: 3, from: []State{StateWaiting}, action: ActMessage, guard: officeClosed, to: StateWaiting, who: citizen, as: asSet},
	{row: 4, from: []State{StateWaiting}, action: ActMessage, guard: officeOpen, to: StateOpen, who: citizen, as: asSet},
	{row: 5, from: []State{StateOpen}, action: ActMessage, guard: officeOpen, to: StateOpen, who: citizen, as: asSet},
	{row: 6, from: []State{StateOpen}, action: ActMessage, guard: officeClosed, to: StateWaiting, who: citizen, as: asSet, queue: true},
	{row: 7, from: []State{StateAnswered}, action: ActMessage, to: toNow, who: citizen, as: asSet, undone: true, queue: true},
	{row: 8, from: []State{StateAnswered, StateClosed}, action: ActThanks, to: toSame, who: citizen},
	{row: 9, from: []State{StateReview}, action: ActMessage, to: StateReview, who: citizen, as: asSet},
	{row: 10, from: []State{StateClosed}, action: ActMessage, guard: inWindow, to: toNow, who: citizen, as: asReset, newRound: true, queue: true},
	{row: 14, from: notClosed, action: ActWithdraw, to: StateClosed, who: citizen, as: asNull, done: true},
	{row: 16, from: []State{StateOpen}, action: ActClosing, guard: awaits, to: StateWaiting, who: job, queue: true},
	{row: 17, from: []State{StateWaiting}, action: ActOpening, guard: awaits, to: StateOpen, who: job},
	{row: 19, from: []State{StateOpen, StateAnswered, StateReview}, action: ActSnooze, to: toSame, who: handler},
	{row: 19, from: []State{StateOpen, StateAnswered, StateReview}, action: ActWake, to: toSame, who: []Role{RoleAdmin, RoleOperator, RoleDepartment, RoleJob, RoleSystem}},
	{row: 20, from: []State{StateWaiting, StateOpen}, action: ActReply, guard: seenAll, to: StateAnswered, who: handler, as: asNull, accepts: true, done: true},
	{row: 21, from: []State{StateWaiting, StateOpen}, action: ActReply, guard: seenSome, to: StateOpen, who: handler, as: asUnseen, accepts: true},
	{row: 22, from: []State{StateAnswered}, action: ActReply, to: StateAnswered, who: handler, done: true},
	{row: 23, from: []State{StateReview}, action: ActReply, guard: seenAll, to: StateReview, who: handler, as: asNull},
	{row: 23, from: []State{StateReview}, action: ActReply, guard: seenSome, to: StateReview, who: handler, as: asUnseen},
	{row: 24, from: []State{StateClosed}, action: ActReply, to: StateClosed, who: handler},
	{row: 25, from: anyState, action: ActNote, to: toSame, who: handler},
	{row: 26, from: []State{StateWaiting, StateOpen}, action: ActDismiss, to: StateAnswered, who: operator, as: asNull, accepts: true, done: true},
	{row: 27, from: notClosed, action: ActAccept, guard: notAccepted, to: toSame, who: handler},
	{row: 28, from: notClosed, action: ActCorrect, guard: isAccepted, to: toSame, who: operator},
	{row: 29, from: []State{StateWaiting, StateOpen, StateAnswered}, action: ActTransfer, to: StateReview, who: operator, as: asNull, accepts: true, undone: true},
	{row: 30, from: []State{StateReview}, action: ActTake, to: StateReview, who: department},
	{row: 31, from: []State{StateReview}, action: ActReturn, to: StateOpen, who: department, as: asNow},
	{row: 32, from: []State{StateReview}, action: ActTransfer, to: StateReview, who: handler},
	{row: 39, from: []State{StateReview}, action: ActResult, to: StateClosed, who: department, as: asNull, accepts: true, done: true},
	{row: 41, from: []State{StateWaiting, StateOpen, StateAnswered}, action: ActClose, to: StateClosed, who: operator, as: asNull, accepts: true, done: true},
	{row: 46, from: []State{StateClosed}, action: ActReopen, guard: hadReview, to: StateReview, who: handler, as: asReset, newRound: true},
	{row: 46, from: []State{StateClosed}, action: ActReopen, to: StateOpen, who: handler, as: asReset, newRound: true},
	{row: 47, from: anyState, action: ActChange, to: toSame, who: handler},
}

// allowed lists what the role may do in a state, for the answer of a 409. Of the guards it knows whether the case is
// accepted; the others are judged when it is done.
func allowed(state State, role Role, accepted bool) []Action {
	var out []Action
	for _, tr := range transitions {
		if tr.guard == notAccepted && accepted || tr.guard == isAccepted && !accepted {
			continue
		}
		if slices.Contains(tr.from, state) && slices.Contains(tr.who, role) && !slices.Contains(out, tr.action) {
			out = append(out, tr.action)
		}
	}
	return out
}

// find returns the row that applies. holds answers the row's guard.
func find(state State, action Action, role Role, holds func(guard) bool) (transition, error) {
	known := false
	for _, tr := range transitions {
		if tr.action != action || !slices.Contains(tr.from, state) {
			continue
		}
		if !slices.Contains(tr.who, role) {
			known = true
			continue
		}
		if tr.guard == always || holds(tr.guard) {
			return tr, nil
		}
	}
	if known {
		return transition{}, forbidden()
	}
	return transition{}, &Error{
		Kind: WrongState, State: state, Allowed: allowed(state, role, holds(isAccepted)),
		Text: "지금 상태에서는 할 수 없는 일이에요. 화면을 새로 고쳐 확인해 주세요.",
	}
}
