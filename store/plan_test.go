package store_test

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"toktok/store"
)

// mayScan are steps of plans that walk a whole table or index: it is small by its nature, holds only what is under way,
// or is left after a few rows.
var mayScan = regexp.MustCompile(`^SCAN (` + strings.Join([]string{
	`CONSTANT ROW`, `\(subquery-\d+\)`, `json_each VIRTUAL TABLE.*`,
	`settings|setting_history|hours|holidays|hour_exceptions|route_pauses|canned`, // what the office decides
	`departments|categories|staff|staff_departments|staff_departments USING INDEX \w+|tokens|sessions USING COVERING INDEX sessions_staff`,
	`occurrences`, // at the start; hourly rows live a month
	`quarantine|quarantine USING INDEX quarantine_open`,
	`deliveries USING INDEX deliveries_(queued|offered)`, `attempts USING INDEX attempts_next`,
	`callbacks USING INDEX callbacks_(ending|open)`, `offers USING INDEX offers_open`, `queue_items USING INDEX queue_items_open`,
	`call_tasks USING INDEX call_tasks_(open|ticket)`, `files USING INDEX files_fetching`,
	`audit USING COVERING INDEX audit_at`, `journal`, // the first row decides
}, `|`) + `)$`)

// mayScanIn names statements with a reason of their own.
var mayScanIn = map[string]string{
	"storage": "the one figure that looks at every row; kept for a minute",
}

// composed are statements whose text is put together when they run.
var composed = []string{"MarkDue", "OutboxItems", "Tickets", "assignee", "audit", "calledAttempt", "changes", "departmentByRef", "status"}

// TestNoStatementScansABigTable asks SQLite for the plan of every statement of the package (DESIGN §8).
func TestNoStatementScansABigTable(t *testing.T) {
	t.Parallel()
	n := newNight(t, "2026-11-23 10:00")
	texts, unread := statements(t), map[string]bool{}
	if len(texts) < 200 {
		t.Fatalf("only %d statements were found", len(texts))
	}
	for _, at := range slices.Sorted(maps.Keys(texts)) {
		text := texts[at]
		name := strings.Fields(text)[1]
		plan, err := store.PlanOf(n.db, text)
		if err != nil {
			unread[name] = true
			if !slices.Contains(composed, name) {
				t.Errorf("%s: %s: %v", at, name, err)
			}
		}
		for _, step := range plan {
			step = named(step, text)
			walks := strings.HasPrefix(step, "SCAN ") && !mayScan.MatchString(step) || strings.Contains(step, "AUTOMATIC")
			if walks && mayScanIn[name] == "" {
				t.Errorf("%s: %s: %s", at, name, step)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(unread)); !slices.Equal(got, composed) {
		t.Errorf("statements without a plan: %q, known are %q", got, composed)
	}
}

// named gives a step the table's name where the plan has the statement's short one.
func named(step, text string) string {
	return regexp.MustCompile(`^SCAN (\w{1,2})\b`).ReplaceAllStringFunc(step, func(scan string) string {
		short := strings.TrimPrefix(scan, "SCAN ")
		long := regexp.MustCompile(`(?:from|join|update) (\w+)(?:\([^)]*\))? (?:as )?` + short + `\b`).FindStringSubmatch(text)
		if long == nil {
			return scan
		}
		return "SCAN " + long[1]
	})
}

// statements reads every SQL text of the package that begins with the name of who runs it, as "/* name */ select …", by
// where it stands.
func statements(t *testing.T) map[string]string {
	t.Helper()
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, e := range names {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
	}
	// Constants need no imports, and the checker knows them whatever else it does not.
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	c := types.Config{Importer: noImports{}, Error: func(error) {}}
	_, _ = c.Check("store", fset, files, info)
	texts := map[string]string{}
	for e, v := range info.Types {
		if v.Value == nil || v.Value.Kind() != constant.String {
			continue
		}
		text, at := constant.StringVal(v.Value), fset.Position(e.Pos()).String()
		if strings.HasPrefix(text, "/* ") && len(text) > len(texts[at]) { // the whole of a sum, not its first part
			texts[at] = text
		}
	}
	return texts
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }
