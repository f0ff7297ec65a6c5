package store

import (
	"testing"
	"time"

	"toktok/store/worktime"
)

// The order of RULES B4: who was spoken with, who alone waits, what is lively, else a new case. The list is newest first.
func TestWhichCaseIsMeant(t *testing.T) {
	t.Parallel()
	desk := worktime.New(worktime.Config{Name: "상담", Scope: worktime.ScopeDesk, Week: worktime.OfficeWeek(), Holidays: worktime.BuiltIn()})
	day := func(s string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", s, seoul)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	now := day("2026-11-24 10:00") // Tuesday
	var (
		yesterday = day("2026-11-23 10:00")
		thursday  = day("2026-11-19 00:01") // three working days before
		wednesday = day("2026-11-18 23:59") // four
		fortnight = day("2026-11-10 10:00") // ten
		longAgo   = day("2026-11-09 10:00") // eleven
	)
	for _, c := range []struct {
		what string
		list []candidate
		want int64 // 0 = a new case
	}{
		{"nobody yet", nil, 0},
		{"the one a person spoke of, before a newer that waits", []candidate{
			{id: 2, state: StateOpen, awaiting: true, last: yesterday},
			{id: 1, state: StateAnswered, talked: yesterday, last: yesterday}}, 1},
		{"of two spoken of, the later", []candidate{
			{id: 2, state: StateAnswered, talked: thursday, last: thursday},
			{id: 1, state: StateAnswered, talked: yesterday, last: yesterday}}, 1},
		{"a closed one spoken of, before an open one", []candidate{
			{id: 2, state: StateOpen, awaiting: true, last: yesterday},
			{id: 1, state: StateClosed, talked: yesterday, last: yesterday, closed: yesterday}}, 1},
		{"on the third working day it still counts", []candidate{
			{id: 2, state: StateOpen, awaiting: true, last: yesterday},
			{id: 1, state: StateAnswered, talked: thursday, last: thursday}}, 1},
		{"on the fourth the only one that waits is meant", []candidate{
			{id: 2, state: StateAnswered, last: yesterday},
			{id: 1, state: StateOpen, awaiting: true, talked: wednesday, last: wednesday}}, 1},
		{"the only one that waits, however old", []candidate{{id: 1, state: StateReview, awaiting: true, last: longAgo}}, 1},
		{"of two that wait, the newest lively", []candidate{
			{id: 2, state: StateOpen, awaiting: true, last: yesterday},
			{id: 1, state: StateOpen, awaiting: true, last: yesterday}}, 2},
		{"the newest that is not closed", []candidate{
			{id: 3, state: StateClosed, last: yesterday, closed: wednesday},
			{id: 2, state: StateAnswered, last: fortnight},
			{id: 1, state: StateReview, last: yesterday}}, 2},
		{"silent for more than ten working days", []candidate{{id: 1, state: StateAnswered, last: longAgo}}, 0},
		{"closed, and nobody spoke of it lately", []candidate{{id: 1, state: StateClosed, talked: wednesday, last: yesterday, closed: yesterday}}, 0},
	} {
		var got int64
		if found := choose(c.list, desk, now); found != nil {
			got = found.id
		}
		if got != c.want {
			t.Errorf("%s: case %d, want %d", c.what, got, c.want)
		}
	}
}
