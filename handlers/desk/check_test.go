package desk_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	startTag  = regexp.MustCompile(`<([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?)*)\s*/?>`)
	attribute = regexp.MustCompile(`([^\s=>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?`)
	anyTag    = regexp.MustCompile(`</?([a-zA-Z][a-zA-Z0-9]*)[^>]*>`)
)

type element struct {
	name string
	attr map[string]string
	at   int
}

func elements(page string) []element {
	var out []element
	for _, m := range startTag.FindAllStringSubmatchIndex(page, -1) {
		e := element{name: strings.ToLower(page[m[2]:m[3]]), attr: map[string]string{}, at: m[0]}
		for _, a := range attribute.FindAllStringSubmatch(page[m[4]:m[5]], -1) {
			e.attr[strings.ToLower(a[1])] = html.UnescapeString(a[2] + a[3] + a[4])
		}
		out = append(out, e)
	}
	return out
}

var (
	voids     = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
	landmarks = regexp.MustCompile(`<main[\s>]`)
	heading1  = regexp.MustCompile(`<h1[\s>]`)
	inline    = regexp.MustCompile(`(?i)<style|<script[^>]*>[^<]`)
)

// checkPage holds a page to what every page of ours is: well formed, one title, one h1, one main, unique ids, a label
// for every input, a name for every button and link, nothing inline.
func checkPage(t testing.TB, name, page string) {
	t.Helper()
	fail := func(what string) {
		t.Helper()
		t.Errorf("%s: %s", name, what)
	}
	if !strings.HasPrefix(page, "<!doctype html>\n<html lang=\"ko\">") {
		fail("no doctype or lang")
	}
	if strings.Count(page, "<title>") != 1 || strings.Contains(page, "<title></title>") {
		fail("not one title")
	}
	if n := len(heading1.FindAllString(page, -1)); n != 1 {
		t.Errorf("%s: %d h1", name, n)
	}
	if n := len(landmarks.FindAllString(page, -1)); n != 1 {
		t.Errorf("%s: %d main", name, n)
	}
	if found := inline.FindString(page); found != "" {
		t.Errorf("%s: something inline: %q", name, found)
	}
	checkNesting(t, name, page)
	checkNames(t, name, page)
}

func checkNesting(t testing.TB, name, page string) {
	t.Helper()
	var open []string
	for _, m := range anyTag.FindAllStringSubmatch(page, -1) {
		tag := strings.ToLower(m[1])
		switch {
		case slices.Contains(voids, tag) || strings.HasSuffix(m[0], "/>"):
		case strings.HasPrefix(m[0], "</"):
			if len(open) == 0 || open[len(open)-1] != tag {
				t.Errorf("%s: </%s> closes %v", name, tag, open)
				return
			}
			open = open[:len(open)-1]
		default:
			if len(open) > 0 && open[len(open)-1] == "p" && slices.Contains([]string{"p", "div", "form", "ul", "ol", "dl", "table", "section", "h1", "h2", "h3", "details"}, tag) {
				t.Errorf("%s: <%s> inside <p>", name, tag)
			}
			open = append(open, tag)
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: left open: %v", name, open)
	}
}

func checkNames(t testing.TB, name, page string) {
	t.Helper()
	ids, labelled := map[string]bool{}, map[string]bool{}
	all := elements(page)
	for _, e := range all {
		if id, ok := e.attr["id"]; ok {
			if id == "" || ids[id] {
				t.Errorf("%s: id %q is empty or there twice", name, id)
			}
			ids[id] = true
		}
		if e.name == "label" {
			labelled[e.attr["for"]] = true
		}
	}
	for _, e := range all {
		for key, value := range e.attr {
			if key == "style" || strings.HasPrefix(key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "javascript:") && key != "value" {
				t.Errorf("%s: <%s %s=%q> is inline", name, e.name, key, value)
			}
		}
		switch e.name {
		case "input", "select", "textarea":
			if e.attr["type"] == "hidden" || e.attr["aria-label"] != "" || labelled[e.attr["id"]] && e.attr["id"] != "" || insideLabel(page, e.at) {
				break
			}
			t.Errorf("%s: <%s name=%q> has no label", name, e.name, e.attr["name"])
		case "img":
			if _, ok := e.attr["alt"]; !ok {
				t.Errorf("%s: a picture without alt", name)
			}
		case "a":
			if href := e.attr["href"]; href == "" || strings.HasPrefix(href, "//") || strings.Contains(href, ":") && !strings.HasPrefix(href, "/") {
				t.Errorf("%s: link to %q", name, href)
			}
		case "form":
			if method := e.attr["method"]; method != "post" && method != "get" {
				t.Errorf("%s: form with method %q", name, method)
			}
		case "nav", "section", "aside":
			if e.name == "nav" && e.attr["aria-label"] == "" {
				t.Errorf("%s: a menu without a name", name)
			}
		}
		for _, list := range []string{"aria-describedby", "aria-labelledby", "for"} {
			for id := range strings.FieldsSeq(e.attr[list]) {
				if !ids[id] {
					t.Errorf("%s: %s=%q names nothing", name, list, id)
				}
			}
		}
	}
	for _, tag := range []string{"button", "summary", "th", "h2", "h3", "caption", "label"} {
		for _, m := range regexp.MustCompile(`(?s)<`+tag+`(?:\s[^>]*)?>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1) {
			if strings.TrimSpace(text(m[1])) == "" {
				t.Errorf("%s: a <%s> without words", name, tag)
			}
		}
	}
}

func insideLabel(page string, at int) bool {
	before := page[:at]
	return strings.LastIndex(before, "<label") > strings.LastIndex(before, "</label>")
}

// links are the addresses a page leads to, without those of files and the citizen's side.
func links(page string) []string {
	var out []string
	for _, e := range elements(page) {
		if href := e.attr["href"]; e.name == "a" && strings.HasPrefix(href, "/") && !slices.Contains(out, href) {
			out = append(out, href)
		}
	}
	return out
}
