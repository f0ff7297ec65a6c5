package store_test

import (
	"context"
	"errors"
	"testing"

	"toktok/store"
	"toktok/store/storetest"
)

// office is a desk with two departments, and everybody who may act.
type office struct {
	db          *store.DB
	clock       *storetest.Clock
	road, waste store.Department
	admin       store.Actor
	operator    store.Actor
	roadStaff   store.Actor
	wasteStaff  store.Actor
	auditor     store.Actor
	citizens    int
}

func (o *office) count() int { o.citizens++; return o.citizens }

var bg = context.Background()

func newOffice(t testing.TB, at string) *office {
	t.Helper()
	db, clock := storetest.New(t, at)
	o := &office{db: db, clock: clock}
	o.road = must(db.AddDepartment(bg, store.System("test"), store.Department{Name: "도로과", Contact: "054-779-1000", Position: 1}))(t)
	o.waste = must(db.AddDepartment(bg, store.System("test"), store.Department{Name: "자원순환과", Contact: "054-779-2000", Position: 2}))(t)
	o.admin = o.hire(t, "chief", store.RoleAdmin)
	o.operator = o.hire(t, "desk", store.RoleOperator)
	o.roadStaff = o.hire(t, "road", store.RoleDepartment, o.road)
	o.wasteStaff = o.hire(t, "waste", store.RoleDepartment, o.waste)
	o.auditor = o.hire(t, "audit", store.RoleAuditor)
	return o
}

func (o *office) hire(t testing.TB, login string, role store.Role, departments ...store.Department) store.Actor {
	t.Helper()
	a := must(o.db.HireFast(bg, login, role, departments...))(t)
	return a
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

// write lets a citizen write; it returns the number of the case.
func (o *office) write(t testing.TB, citizen, text string) string {
	t.Helper()
	storetest.Say(t, o.db, storetest.Call{User: citizen, Text: text})
	number, err := o.db.NewestOf(bg, citizen)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func wantKind(t testing.TB, err error, want store.Kind) {
	t.Helper()
	if err == nil || store.KindOf(err) != want {
		t.Errorf("error = %v, want kind %s", err, want)
	}
}

func fieldsOf(err error) map[string]string {
	if e, ok := errors.AsType[*store.Error](err); ok {
		return e.Fields
	}
	return nil
}
