package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// folderLacks greps every file of the data folder.
func folderLacks(t *testing.T, dir, words string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if bytes.Contains(b, []byte(words)) {
			t.Errorf("%s holds %q", filepath.Base(path), words)
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files read: %v", files, err)
	}
}
