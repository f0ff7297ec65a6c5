package desk

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/wording"
)

// Sections are the pages of the settings.
var sections = []NavItem{
	{URL: "/settings", Text: "기관"}, {URL: "/settings/hours", Text: "업무시간·휴일"}, {URL: placeDepartments, Text: "부서·분류"},
	{URL: "/settings/texts", Text: "자동 안내 글"}, {URL: "/settings/kakao", Text: "카카오 연결"},
}

func sectionsAt(place string) []NavItem {
	list := slices.Clone(sections)
	for i := range list {
		list[i].Current = list[i].URL == place
	}
	return list
}

// OfficePage holds the office's own values.
type OfficePage struct {
	Base
	Sections []NavItem
	Form     Form
	Version  int64
}

func (d *Desk) settings(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	set := d.db.Settings()
	return d.showOffice(w, r, sc, http.StatusOK, Form{ID: "office", Values: officeValues(set)}, "")
}

func officeValues(s store.Settings) url.Values {
	v := url.Values{
		"city": {s.City}, "contact": {s.Contact}, "duty_phone": {s.DutyPhone}, "privacy_text": {s.PrivacyText},
		"reopen_days": {strconv.Itoa(s.ReopenDays)}, "settle_days": {strconv.Itoa(s.SettleDays)}, "lunch_shift": {strconv.Itoa(s.LunchShift)},
		"undo_seconds": {strconv.Itoa(s.UndoSeconds)}, "thanks_words": {strings.Join(s.ThanksWords, "\n")},
		"urgent_exceptions": {strings.Join(s.UrgentExceptions, "\n")}, "version": {strconv.FormatInt(s.Version, 10)},
	}
	if s.TestCases {
		v.Set("test_cases", "1")
	}
	return v
}

func (d *Desk) showOffice(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, f Form, notice string) error {
	b, err := d.base(w, r, sc, "기관 설정", placeSettings)
	if err != nil {
		return err
	}
	b.Notice = notice
	return d.show(w, status, "office", OfficePage{Base: b, Sections: sectionsAt("/settings"), Form: f})
}

func (d *Desk) saveOffice(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	var in struct {
		City       string `form:"city"`
		Contact    string `form:"contact"`
		DutyPhone  string `form:"duty_phone"`
		Privacy    string `form:"privacy_text" max:"20000"`
		Reopen     int    `form:"reopen_days"`
		Settle     int    `form:"settle_days"`
		Lunch      int    `form:"lunch_shift"`
		Undo       int    `form:"undo_seconds"`
		Thanks     string `form:"thanks_words" max:"8000"`
		Exceptions string `form:"urgent_exceptions" max:"8000"`
		TestCases  bool   `form:"test_cases"`
		Version    int64  `form:"version"`
	}
	err := web.Form(r, &in)
	if err == nil {
		set := d.db.Settings()
		set.City, set.Contact, set.DutyPhone, set.PrivacyText = in.City, in.Contact, in.DutyPhone, in.Privacy
		set.ReopenDays, set.SettleDays, set.LunchShift, set.UndoSeconds = in.Reopen, in.Settle, in.Lunch, in.Undo
		set.ThanksWords, set.UrgentExceptions = strings.Split(in.Thanks, "\n"), strings.Split(in.Exceptions, "\n")
		set.TestCases, set.Version = in.TestCases, in.Version
		err = d.db.SaveSettings(r.Context(), sc.Actor, set)
	}
	if err == nil {
		return d.done(w, r, sc, "/settings", "저장했어요.")
	}
	if f, ok := refused("office", r, err); ok {
		return d.showOffice(w, r, sc, http.StatusUnprocessableEntity, f, "저장하지 못했어요. 표시된 곳을 고쳐 주세요.")
	}
	if p := sc.ProblemOf(err); p.Code == store.Conflict {
		return d.showOffice(w, r, sc, p.Status, Form{ID: "office", Values: r.PostForm}, p.Detail)
	}
	return err
}

// TextsPage lists the automatic texts.
type TextsPage struct {
	Base
	Sections []NavItem
	Groups   []TextGroup
}

// TextGroup is a heading with its texts.
type TextGroup struct {
	Name  string
	Texts []TextRow
}

// TextRow is one text as it is in force.
type TextRow struct {
	Key     string
	Title   string
	Text    string
	Changed bool
	Off     bool
}

func (d *Desk) texts(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	b, err := d.base(w, r, sc, "자동 안내 글", placeSettings)
	if err != nil {
		return err
	}
	own := d.db.Settings().Texts
	p := TextsPage{Base: b, Sections: sectionsAt("/settings/texts")}
	for _, i := range wording.Keys() {
		if len(p.Groups) == 0 || p.Groups[len(p.Groups)-1].Name != i.Group {
			p.Groups = append(p.Groups, TextGroup{Name: i.Group})
		}
		row := TextRow{Key: string(i.Key), Title: i.Title, Text: i.Default}
		if text, ok := own[i.Key]; ok {
			row.Text, row.Changed, row.Off = text, true, text == ""
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Texts = append(g.Texts, row)
	}
	return d.show(w, http.StatusOK, "texts", p)
}

// TextPage edits one text.
type TextPage struct {
	Base
	Sections []NavItem
	Info     wording.Info
	Form     Form
	Preview  string
	Changed  bool
}

func textInfo(key string) (wording.Info, error) {
	for _, i := range wording.Keys() {
		if string(i.Key) == key {
			return i, nil
		}
	}
	return wording.Info{}, &store.Error{Kind: store.NotFound, Text: "그런 안내 글은 없어요. 목록에서 다시 골라 주세요."}
}

func (d *Desk) text(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	info, err := textInfo(sc.Param("key"))
	if err != nil {
		return err
	}
	text, changed := d.db.Settings().Texts[info.Key]
	if !changed {
		text = info.Default
	}
	return d.showText(w, r, sc, http.StatusOK, info, Form{ID: "text", Values: url.Values{"text": {text}}})
}

func (d *Desk) showText(w http.ResponseWriter, r *http.Request, sc *web.Scope, status int, info wording.Info, f Form) error {
	b, err := d.base(w, r, sc, info.Title, placeSettings)
	if err != nil {
		return err
	}
	_, changed := d.db.Settings().Texts[info.Key]
	p := TextPage{Base: b, Sections: sectionsAt("/settings/texts"), Info: info, Form: f, Changed: changed}
	if f.Error("text") == "" {
		p.Preview = d.preview(info, f.Value("text"), sc)
	}
	return d.show(w, status, "text", p)
}

// preview is the text as a citizen would read it, with values of an everyday case.
func (d *Desk) preview(info wording.Info, text string, sc *web.Scope) string {
	set, desk := d.db.Settings(), d.db.Desk()
	next := desk.NextDayOpen(sc.Now)
	phone := set.Contact
	if phone == "" {
		phone = "054-779-0000"
	}
	duty := set.DutyPhone
	if duty == "" {
		duty = phone
	}
	words, err := wording.Set{info.Key: text}.Render(info.Key, wording.Vars{
		Number: sc.Now.Format("2006") + "-000123", Previous: sc.Now.Format("2006") + "-000097", Round: 2, NextOpen: next, Close: desk.NextClose(sc.Now), At: sc.Now, Minutes: 10,
		Department: "도로과", Handler: "김담당", Contact: phone, Due: wording.Date(next), State: wording.StateLabel("review"),
		Reason: "담당 부서를 다시 정했어요", City: set.City, Duty: duty, PrivacyURL: d.db.Outside().PublicURL + "/privacy", Count: 2,
		Text: "말씀하신 곳의 보도블록을 고쳤어요.",
	})
	if err != nil {
		return ""
	}
	return words
}

// saveText keeps a text, shows how it reads, or sets it back to the one delivered.
func (d *Desk) saveText(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	info, err := textInfo(sc.Param("key"))
	if err != nil {
		return err
	}
	var in struct {
		Text string `form:"text" max:"2000"`
		Do   string `form:"do"`
	}
	if err = web.Form(r, &in); err == nil && in.Do != "default" {
		if fault := wording.Check(info.Key, in.Text); fault != nil {
			err = web.Wrong(map[string]string{"text": fault.Error()})
		}
	}
	f := Form{ID: "text", Values: url.Values{"text": {in.Text}}}
	if err == nil && in.Do == "preview" {
		return d.showText(w, r, sc, http.StatusOK, info, f)
	}
	if err == nil {
		set := d.db.Settings()
		if set.Texts == nil {
			set.Texts = map[wording.Key]string{}
		}
		if set.Texts[info.Key] = in.Text; in.Do == "default" {
			delete(set.Texts, info.Key)
		}
		err = d.db.SaveSettings(r.Context(), sc.Actor, set)
	}
	if err == nil {
		return d.done(w, r, sc, "/settings/texts/"+string(info.Key), "저장했어요. 지금부터 이 글로 안내해요.")
	}
	if fields := web.FieldsOf(err); fields != nil {
		f.Errors = map[string]string{"text": firstOf(fields, "", "text", "texts."+string(info.Key))}
		return d.showText(w, r, sc, http.StatusUnprocessableEntity, info, f)
	}
	return err
}
