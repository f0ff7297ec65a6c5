// Package e2e holds the tests that see toktok from outside: the built binary, a browser, and the house itself.
package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// room is what a package may import: packages of ours, and modules from outside. std is always allowed.
type room struct {
	ours    []string
	outside []string
}

// leaves know nothing of us (DESIGN §4).
var leaves = []string{"store/db", "store/kakao/skill", "store/kakao/event", "store/worktime", "store/wording", "store/hangul", "store/secret", "store/live"}

// rooms is DESIGN §4 as a table. A package that is not here fails the test: say first what it owns and may import.
var rooms = map[string]room{
	"": { // main wires everything
		ours:    append([]string{"store", "schedule", "assets", "handlers", "handlers/web", "handlers/webhook", "handlers/desk", "handlers/api", "handlers/citizen", "handlers/simulator", "handlers/bench", "handlers/demo", "handlers/control", "handlers/settings"}, leaves...),
		outside: []string{"github.com/alecthomas/kong", "github.com/schollz/progressbar/v3"},
	},
	"store":              {ours: leaves, outside: []string{"github.com/gabriel-vasile/mimetype", "golang.org/x/image"}},
	"store/db":           {outside: []string{"modernc.org/sqlite", "github.com/pressly/goose/v3", "golang.org/x/sys"}},
	"store/kakao/skill":  {},
	"store/kakao/event":  {},
	"store/worktime":     {},
	"store/hangul":       {outside: []string{"golang.org/x/text"}},
	"store/wording":      {ours: []string{"store/hangul"}},
	"store/secret":       {outside: []string{"golang.org/x/crypto", "github.com/alexedwards/argon2id"}},
	"store/live":         {},
	"assets":             {},
	"schedule":           {ours: append([]string{"store"}, leaves...), outside: []string{"github.com/robfig/cron/v3", "github.com/VictoriaMetrics/metrics"}},
	"handlers/web":       {ours: append([]string{"store", "assets"}, leaves...), outside: []string{"github.com/julienschmidt/httprouter"}},
	"handlers/webhook":   {ours: append([]string{"store", "handlers/web"}, leaves...)},
	"handlers/api":       {ours: append([]string{"store", "handlers/web"}, leaves...)},
	"handlers/desk":      {ours: append([]string{"store", "assets", "handlers/web"}, leaves...)},
	"handlers/citizen":   {ours: []string{"store", "assets", "handlers/web"}},
	"handlers/settings":  {},
	"handlers/control":   {ours: append([]string{"store"}, leaves...)},
	"handlers/demo":      {ours: append([]string{"store", "handlers/simulator"}, leaves...)},
	"handlers/bench":     {ours: []string{"store", "store/kakao/skill", "handlers/control", "handlers/web"}},
	"handlers/simulator": {ours: []string{"store/kakao/skill", "store/kakao/event", "assets"}},
	"handlers": {
		ours:    append([]string{"store", "assets", "handlers/web", "handlers/webhook", "handlers/desk", "handlers/api", "handlers/citizen", "handlers/simulator"}, leaves...),
		outside: []string{"github.com/julienschmidt/httprouter", "github.com/VictoriaMetrics/metrics"},
	},
	"handlers/e2e":    {},
	"store/storetest": {ours: append([]string{"store"}, leaves...)}, // imported by tests only
}

// onlyHere holds std packages that few may import, and why.
var onlyHere = map[string]struct {
	where []string
	why   string
}{
	"database/sql": {[]string{"store", "store/db"}, "rows are read in one place"},
	"net/http":     {[]string{"", "schedule", "handlers*", "assets"}, "the store and its leaves know nothing of HTTP"},
}

type listed struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
	Doc        string
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles,Doc", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "toktok"), "/")
		may, ok := rooms[name]
		if !ok {
			t.Errorf("package %q is in no room: add it to the table with what it may import", name)
			continue
		}
		for _, path := range p.Imports {
			if ours, ok := strings.CutPrefix(path, "toktok/"); ok {
				if !slices.Contains(may.ours, ours) {
					t.Errorf("%s imports %s: DESIGN §4 does not allow it", name, ours)
				}
				continue
			}
			if only, ok := onlyHere[path]; ok && !matches(only.where, name) {
				t.Errorf("%s imports %s: %s", name, path, only.why)
			}
			if strings.Contains(strings.SplitN(path, "/", 2)[0], ".") && !within(path, may.outside) {
				t.Errorf("%s imports %s: DESIGN §4 does not allow it", name, path)
			}
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		if len(p.GoFiles) > 0 && len(p.Doc) < 20 {
			t.Errorf("%s has no doc comment that says what it owns and may import", p.ImportPath)
		}
	}
}

// TestTopLevel holds the layout the customer fixed, dot-files aside.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(root(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"README.md", "assets", "go.mod", "go.sum", "handlers", "main.go", "schedule", "store"}
	var got []string
	for _, e := range entries {
		if n := e.Name(); !strings.HasPrefix(n, ".") && n != "toktok" && n != "data" { // build and data, both ignored by git
			got = append(got, n)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("top level is %v, want %v", got, want)
	}
}

// TestOneReaderOfTheClock: time is an argument everywhere else (DESIGN §7).
func TestOneReaderOfTheClock(t *testing.T) {
	t.Parallel()
	reads := regexp.MustCompile(`\btime\.(Now|Since|Until)\(`)
	exits := regexp.MustCompile(`\b(log\.Fatal|os\.Exit)\w*\(`)
	walk(t, func(path string, src []byte) {
		if path != "main.go" && path != "store/clock.go" && !strings.HasPrefix(path, "handlers/simulator/") && reads.Match(src) {
			t.Errorf("%s reads the wall clock", path)
		}
		if path != "main.go" && exits.Match(src) {
			t.Errorf("%s ends the process", path)
		}
	})
}

// TestFilesStayReadable: product files beyond 600 lines hide two things in one file.
func TestFilesStayReadable(t *testing.T) {
	t.Parallel()
	walk(t, func(path string, src []byte) {
		if n := bytes.Count(src, []byte("\n")); n > 600 {
			t.Errorf("%s has %d lines", path, n)
		}
	})
}

func walk(t *testing.T, visit func(path string, src []byte)) {
	t.Helper()
	top := root(t)
	err := filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != top {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(rel), src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func within(path string, modules []string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
}

func matches(where []string, name string) bool {
	return slices.ContainsFunc(where, func(w string) bool {
		prefix, wild := strings.CutSuffix(w, "*")
		return w == name || wild && strings.HasPrefix(name, prefix)
	})
}
