package store

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 10, ""}, {"  \n\t\n", 10, ""}, {"가로등이  꺼졌어요", 40, "가로등이 꺼졌어요"}, {"\n 첫 줄 \n둘째 줄", 40, "첫 줄"},
		{"가나다라마", 5, "가나다라마"}, {"가나다라마바", 5, "가나다라…"}, {"가나다 라마바", 5, "가나다…"}, {"가나다라 ", 5, "가나다라"}, {"가나다라 마", 5, "가나다라…"},
		{strings.Repeat("가", 1000), 3, "가가…"},
	} {
		if got := oneLine(tt.in, tt.n); got != tt.want {
			t.Errorf("oneLine(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}
