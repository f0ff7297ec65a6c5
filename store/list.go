package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// Orders of a list (RULES H2).
const (
	SortWaiting = "waiting" // 오래 기다린 순
	SortDue     = "due"     // 기한 임박
	SortNewest  = "newest"  // 최신: by arrival of the round
)

// A page of a list (RULES H2).
const (
	pageSize    = 50
	pageSizeMax = 200
)

// ListQuery says which cases and in which order.
//
// Without States the order decides: waiting lists the cases that await an answer, due the unfinished ones with a due
// date, newest all. With States every case of them is listed: first those that have what the order goes by, then the
// others, newest first, so that 답변함 and 완료 have an order too.
type ListQuery struct {
	States     []State
	Department int64
	Assignee   int64 // -1 = nobody
	Mine       bool  // assigned to who asks
	Awaiting   bool  // only cases that await an answer
	Category   int64
	Urgent     *bool
	Sort       string // "" = waiting
	Limit      int    // 0 = 50, at most 200
	Cursor     string // Next of the page before, under the same filters
}

// Page is one page of a list; Next is empty on the last.
type Page struct {
	Tickets []*Ticket
	Next    string
}

// stretch is a run of a list in one order. A list is one or two of them.
type stretch struct {
	column string // what it is ordered by, then id
	down   bool
	where  string
	states []State // nil = those asked for
}

var (
	byAwaiting = stretch{column: "awaiting_since", where: "t.awaiting_since is not null", states: []State{StateWaiting, StateOpen, StateReview}}
	byDue      = stretch{column: "due_at", where: "t.due_at is not null"}
	notAwaited = stretch{column: "received_at", down: true, where: "t.awaiting_since is null"}
	notDue     = stretch{column: "received_at", down: true, where: "t.due_at is null"}
	byNewest   = stretch{column: "received_at", down: true}
)

// stretches are the runs of the query in their order.
func (q *ListQuery) stretches() []stretch {
	var out []stretch
	switch q.Sort {
	case SortNewest:
		out = []stretch{byNewest}
	case SortDue:
		out = []stretch{byDue}
		if len(q.States) == 0 {
			out[0].states = notClosed
		} else {
			out = append(out, notDue)
		}
	default:
		out = []stretch{byAwaiting}
		if len(q.States) > 0 && !q.Awaiting {
			out = append(out, notAwaited)
		}
	}
	if q.Awaiting {
		for i := range out {
			out[i].states = byAwaiting.states
			if out[i].column != byAwaiting.column {
				out[i].where = strings.TrimPrefix(out[i].where+" and "+byAwaiting.where, " and ")
			}
		}
	}
	return out
}

func (q *ListQuery) check(who Actor) error {
	fields := map[string]string{}
	for _, st := range q.States {
		if !slices.Contains(States, st) {
			fields["state"] = "상태는 waiting, open, answered, review, closed 가운데서 골라 주세요."
		}
	}
	q.Sort = cmp.Or(q.Sort, SortWaiting)
	if !slices.Contains([]string{SortWaiting, SortDue, SortNewest}, q.Sort) {
		fields["sort"] = "순서는 waiting, due, newest 가운데 하나예요."
	}
	q.Limit = cmp.Or(q.Limit, pageSize)
	if q.Limit < 1 || q.Limit > pageSizeMax {
		fields["limit"] = "한 번에 1건부터 200건까지 볼 수 있어요."
	}
	if q.Mine {
		q.Assignee = who.Staff
	}
	return invalidFields(fields)
}

// Tickets lists cases the actor may see, a page at a time. Cases of the connection test are in no list.
func (s *DB) Tickets(ctx context.Context, who Actor, q ListQuery) (_ Page, err error) {
	defer wrap(&err, "store.Tickets")
	if err := cmp.Or(who.need(MaySee), q.check(who)); err != nil {
		return Page{}, err
	}
	at, err := q.cursor()
	if err != nil {
		return Page{}, err
	}
	if q.Mine && who.Staff == 0 {
		return Page{}, nil
	}
	runs := q.stretches()
	var page Page
	for i := at.run; i < len(runs); i++ {
		run, from := runs[i], position{run: i}
		if i == at.run {
			from = at
		}
		room := q.Limit - len(page.Tickets) // 0: is there anything left?
		query, args, ok := q.sql(who, run, from, room+1)
		if !ok {
			continue
		}
		list, err := all(s.read(ctx), scanTicket, query, args...)
		if err != nil {
			return Page{}, err
		}
		slices.SortFunc(list, run.compare)
		more := len(list) > room
		list = list[:min(room, len(list))]
		page.Tickets = append(page.Tickets, list...)
		if more {
			if room > 0 {
				from = position{i, true, run.key(list[room-1]), list[room-1].ID}
			}
			page.Next = q.encode(from)
			return page, nil
		}
	}
	return page, nil
}

// sql finds the next ids of a run: one look into an index for each department and state, merged, at most n; and reads
// their rows. ok is false when nothing can match.
func (q *ListQuery) sql(who Actor, run stretch, from position, n int) (query string, args []any, ok bool) {
	states := q.States
	if len(states) == 0 {
		states = States
	}
	if run.states != nil {
		states = intersect(run.states, states)
	}
	departments := []int64{0} // 0 = any
	switch {
	case who.Role == RoleDepartment && q.Department == 0:
		departments = who.Departments
	case q.Department != 0 && !who.Sees(q.Department):
		return "", nil, false
	case q.Department != 0:
		departments = []int64{q.Department}
	}
	direction, beyond := "asc", ">"
	if run.down {
		direction, beyond = "desc", "<"
	}
	var rest strings.Builder
	var restArgs []any
	add := func(condition string, arg ...any) {
		rest.WriteString(" and " + condition)
		restArgs = append(restArgs, arg...)
	}
	if run.where != "" {
		add(run.where)
	}
	if q.Assignee == -1 {
		add("t.assignee is null")
	}
	if q.Urgent != nil {
		// Written out, or the planner could not know that the index of the urgent ones serves.
		add(map[bool]string{false: "t.urgent = 0", true: "t.urgent = 1"}[*q.Urgent])
	}
	if from.set {
		add(fmt.Sprintf("(t.%s, t.id) %s (?, ?)", run.column, beyond), from.key, from.id)
	}
	var parts []string
	for _, d := range departments {
		for _, st := range slices.Compact(slices.Sorted(slices.Values(states))) {
			index, where, whereArgs := q.index(run, d)
			parts = append(parts, fmt.Sprintf(`select * from (select t.id, t.%[1]s as k from tickets t indexed by %[2]s
				where %[3]st.state = ? and t.test = 0%[4]s order by t.%[1]s %[5]s, t.id %[5]s limit ?)`, run.column, index, where, rest.String(), direction))
			args = append(args, whereArgs...)
			args = append(args, string(st))
			args = append(args, restArgs...)
			args = append(args, n)
		}
	}
	if len(parts) == 0 {
		return "", nil, false
	}
	return `/* Tickets */ select ` + ticketColumns + ticketTables + ` where t.id in (select id from (` + strings.Join(parts, ` union all `) +
		fmt.Sprintf(`) order by k %[1]s, id %[1]s limit ?)`, direction), append(args, n), true
}

// index names the index that serves a run best, with the conditions it needs. The planner is told, for without
// statistics it cannot know that a person's cases are fewer than a state's.
func (q *ListQuery) index(run stretch, department int64) (name, where string, args []any) {
	newest := run.column == "received_at"
	switch {
	case q.Assignee > 0:
		name = "tickets_assignee"
	case department != 0:
		name = map[string]string{"awaiting_since": "tickets_department", "due_at": "tickets_department_due", "received_at": "tickets_department_received"}[run.column]
	case q.Category != 0 && newest:
		name = "tickets_category"
	case q.Urgent != nil && *q.Urgent && newest:
		name = "tickets_urgent"
	default:
		name = map[string]string{"awaiting_since": "tickets_state_awaiting", "due_at": "tickets_state_due", "received_at": "tickets_state_newest"}[run.column]
	}
	if q.Assignee > 0 {
		where, args = where+"t.assignee = ? and ", append(args, q.Assignee)
	}
	if department != 0 {
		where, args = where+"t.department = ? and ", append(args, department)
	}
	if q.Category != 0 {
		where, args = where+"t.category = ? and ", append(args, q.Category)
	}
	return name, where, args
}

func (run stretch) key(t *Ticket) int64 {
	var at time.Time
	switch run.column {
	case "awaiting_since":
		at = t.AwaitingSince
	case "due_at":
		at = t.DueAt
	default:
		at = t.ReceivedAt
	}
	return ms(at)
}

func (run stretch) compare(a, b *Ticket) int {
	c := cmp.Or(cmp.Compare(run.key(a), run.key(b)), cmp.Compare(a.ID, b.ID))
	if run.down {
		return -c
	}
	return c
}

func intersect(a, b []State) []State {
	var out []State
	for _, x := range a {
		if slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// position is where a page ended: behind which key and id of which run.
type position struct {
	run int
	set bool // false: at the beginning of the run
	key int64
	id  int64
}

// encode makes the cursor: the position and a checksum over it and the filters, so that a cursor of another list, or a
// damaged one, is refused instead of giving a page that makes no sense. It protects nothing: the actor's rights do.
func (q *ListQuery) encode(p position) string {
	b := []byte{byte(p.run), 0}
	if p.set {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(p.key))
	b = binary.BigEndian.AppendUint64(b, uint64(p.id))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, q.checksum(b)))
}

func (q *ListQuery) checksum(b []byte) uint32 {
	h := fnv.New32a()
	h.Write(b)
	urgent := "any"
	if q.Urgent != nil {
		urgent = fmt.Sprint(*q.Urgent)
	}
	states := slices.Compact(slices.Sorted(slices.Values(q.States)))
	fmt.Fprint(h, states, q.Department, q.Assignee, q.Mine, q.Awaiting, q.Category, urgent, q.Sort)
	return h.Sum32()
}

func (q *ListQuery) cursor() (position, error) {
	if q.Cursor == "" {
		return position{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || len(b) != 22 || binary.BigEndian.Uint32(b[18:]) != q.checksum(b[:18]) {
		return position{}, invalid("cursor", "목록의 위치를 알 수 없어요. 처음부터 다시 불러와 주세요.")
	}
	return position{
		run: int(b[0]), set: b[1] == 1,
		key: int64(binary.BigEndian.Uint64(b[2:])), id: int64(binary.BigEndian.Uint64(b[10:])),
	}, nil
}

// Ticket reads one case the actor may see; a foreign one is not found.
func (s *DB) Ticket(ctx context.Context, who Actor, number string) (_ *Ticket, err error) {
	defer wrap(&err, "store.Ticket %s", number)
	return ticketByNumber(s.read(ctx), who, number)
}
