package db_test

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// TestLibcIsTheOneSQLiteWasBuiltFor: modernc.org/sqlite works only with the libc of
// its own go.mod (go-deps.md §1.2); an update of one alone corrupts memory.
func TestLibcIsTheOneSQLiteWasBuiltFor(t *testing.T) {
	t.Parallel()
	type module struct {
		Version, GoMod string
		Replace        *struct{ Path string }
	}
	list := func(path string) (m module) {
		t.Helper()
		out, err := exec.Command("go", "list", "-m", "-json", path).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", path, err)
		}
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatal(err)
		}
		if m.Replace != nil {
			t.Errorf("%s is replaced by %s", path, m.Replace.Path)
		}
		return m
	}
	const libc = "modernc.org/libc"
	sqlite, ours := list("modernc.org/sqlite"), list(libc)

	out, err := exec.Command("go", "mod", "edit", "-json", sqlite.GoMod).Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	for _, r := range theirs.Require {
		if r.Path == libc {
			if r.Version != ours.Version {
				t.Errorf("%s %s wants %s %s, go.mod has %s", "modernc.org/sqlite", sqlite.Version, libc, r.Version, ours.Version)
			}
			return
		}
	}
	t.Errorf("%s names no %s", sqlite.GoMod, libc)
}
