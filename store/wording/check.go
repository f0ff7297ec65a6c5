package wording

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"toktok/store/hangul"
)

// particles that may stand behind the | of a variable.
var particles = []string{"은/는", "이/가", "을/를", "과/와", "와/과", "으로/로"}

// numbers finds phone-like numbers, to see which one a frightened reader meets first.
var numbers = regexp.MustCompile(`[0-9]+`)

// Objection is a reason, in Korean and for the person at the settings page, not to keep a text.
type Objection string

// Error returns the reason.
func (o Objection) Error() string { return string(o) }

func objectf(format string, args ...any) error { return Objection(fmt.Sprintf(format, args...)) }

// Check says in Korean why text may not take the place of text k, or returns nil (else an Objection): variables it may not
// use or must not miss, words it must keep, and its length with the longest values.
func Check(k Key, text string) error {
	info, ok := byKey[k]
	if !ok {
		return objectf("없는 안내 글이에요: %s", k)
	}
	if strings.TrimSpace(text) == "" {
		if info.Optional {
			return nil
		}
		return objectf("이 안내 글은 비울 수 없어요.")
	}
	if text != hangul.Normalize(text) {
		return objectf("보이지 않는 문자가 들어 있어요. 지우고 다시 저장해 주세요.")
	}
	if err := checkVariables(info, text); err != nil {
		return err
	}
	if err := checkWords(info, text); err != nil {
		return err
	}
	if n := hangul.Len(longest(info, text)); n > info.Limit {
		return objectf("가장 길 때 %d자예요. %d자까지 쓸 수 있어요.", n, info.Limit)
	}
	return nil
}

func checkVariables(info Info, text string) error {
	used := make(map[string]bool)
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		name, josa := m[1], m[2]
		if !info.allows(name) {
			return objectf("이 글에서는 {%s}%s 쓸 수 없어요.", name, hangul.Josa(name, "을/를"))
		}
		if strings.Contains(m[0], "|") && !slices.Contains(particles, josa) {
			return objectf("{%s} 뒤의 조사는 %s 가운데 하나로 써 주세요.", name, strings.Join(particles, ", "))
		}
		used[name] = true
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(text, ""), "{}") {
		return objectf("중괄호는 {접수번호}처럼 변수에만 쓸 수 있어요.")
	}
	for _, v := range info.Vars {
		if v.Needed && !used[v.Name] {
			return objectf("{%s}%s 꼭 들어가야 해요.", v.Name, hangul.Josa(v.Name, "이/가"))
		}
	}
	return nil
}

func checkWords(info Info, text string) error {
	for _, w := range info.Keep {
		if !strings.Contains(text, w) {
			return objectf("%s%s 꼭 들어가야 해요.", w, hangul.Josa(w, "이/가"))
		}
	}
	if info.First == "" {
		return nil
	}
	// Help comes before everything else that looks like a number, also one a variable brings.
	plain := text
	if at := strings.Index(text, "{"); at >= 0 {
		plain = text[:at]
	}
	if numbers.FindString(plain) != info.First {
		return objectf("%s%s 다른 번호보다 먼저 나와야 해요.", info.First, hangul.Josa(info.First, "이/가"))
	}
	return nil
}

// longest returns text with every variable at its longest.
func longest(info Info, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name, josa, _ := strings.Cut(m[1:len(m)-1], "|")
		x, ok := variableNamed(name)
		if !ok || !info.allows(name) {
			return m
		}
		closed, open, _ := strings.Cut(josa, "/")
		if hangul.Len(open) > hangul.Len(closed) {
			closed = open
		}
		if closed != "" { // both forms are written where the sound is unknown: 으로/로 → (으)로
			closed += "()" + open
		}
		return x.longest() + closed
	})
}
