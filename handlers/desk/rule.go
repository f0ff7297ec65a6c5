package desk

import (
	"strings"

	"toktok/handlers/web"
	"toktok/store/worktime"
)

// ruleUnits are the units of a processing period as people write them, longer words first: 시간 ends like 간 in 일간 does not.
var ruleUnits = []struct{ korean, name string }{
	{"시간", "hours"}, {"개월", "months"}, {"달", "months"}, {"주일", "weeks"}, {"주", "weeks"}, {"일", "days"}, {"년", "years"},
}

// ruleOf reads a processing period as people write it: 즉시, 3시간, 10일, 2주, 1개월, 1년; "" is none. The fault is one of
// the field "rule".
func ruleOf(text string) (string, error) {
	text = strings.Join(strings.Fields(text), "")
	switch text {
	case "":
		return "", nil
	case "즉시", "즉시(3시간)":
		return "immediate", nil
	}
	rule := text
	for _, u := range ruleUnits {
		if n, ok := strings.CutSuffix(text, u.korean); ok {
			rule = u.name + ":" + n
			break
		}
	}
	r, err := worktime.ParseRule(rule)
	switch {
	case err == nil:
		return r.String(), nil
	case rule == text: // no unit of ours
		return "", web.Wrong(map[string]string{"rule": "처리기간을 즉시, 3시간, 10일, 2주, 1개월처럼 적어 주세요."})
	}
	return "", web.Wrong(map[string]string{"rule": err.Error()})
}

// ruleField is a rule as ruleOf reads it.
func ruleField(rule string) string {
	if rule == "immediate" {
		return "즉시"
	}
	return ruleWords(rule)
}
