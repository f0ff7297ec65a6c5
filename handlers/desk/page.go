package desk

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"toktok/assets"
	"toktok/handlers/web"
	"toktok/store"
	"toktok/store/worktime"
)

// Base is what every page shows around its own content.
type Base struct {
	Title  string
	City   string
	Now    time.Time
	Me     *Me // nil: nobody is signed in
	Nav    []NavItem
	Strip  Strip
	Flash  *web.Flash
	Notice string // an error of the whole page, above its content
	Demo   bool
}

// Me is who is signed in.
type Me struct {
	Name  string
	Role  string
	Login string // keeps what scripts remember apart, where several people share a browser
}

// NavItem is a place of the main menu. Count shows when it is above zero.
type NavItem struct {
	URL     string
	Text    string
	Icon    string
	Count   int
	Current bool
}

// Strip is the line at the top.
type Strip struct {
	Open   bool
	Words  string // 업무 중 · 18:00까지
	Known  bool   // the counts could be read
	Counts store.Counts
	Calls  int // citizens to telephone

	Urgent   []Alarm
	Troubles []Notice
}

// CSS, JS and Icon are the addresses of the page's files.
func (Base) CSS() string  { return assets.URL("desk.css") }
func (Base) JS() string   { return assets.URL("desk.js") }
func (Base) Icon() string { return assets.URL("icon.svg") }

// Window is the title of the browser's tab: how many wait comes first, where it can be read.
func (b Base) Window() string {
	title := b.Title + " · " + b.City + " 톡톡"
	if b.Me != nil && b.Strip.Counts.Awaiting > 0 {
		return fmt.Sprintf("(%d) %s", b.Strip.Counts.Awaiting, title)
	}
	return title
}

// NowMS is the service's time, for scripts: the demo's clock is not the browser's.
func (b Base) NowMS() int64 { return b.Now.UnixMilli() }

func parse(files fs.FS) (*template.Template, error) {
	return template.New("pages").Funcs(template.FuncMap{
		"date": worktime.KoreanDate, "at": atWords, "clock": clockWords, "iso": isoTime, "bytes": bytesWords, "day": dayWords,
		"state": stateLabel, "role": roleLabel, "ms": func(t time.Time) int64 { return t.UnixMilli() },
		"query": url.QueryEscape, "path": url.PathEscape, "num": numberWords,
	}).ParseFS(files, "templates/*.html")
}

// base gathers what surrounds a page. place is the menu's address of it.
func (d *Desk) base(w http.ResponseWriter, r *http.Request, sc *web.Scope, title, place string) (Base, error) {
	b := Base{Title: title, City: d.db.Settings().City, Now: sc.Now, Demo: d.o.Demo}
	if f, ok := sc.TakeFlash(w, r); ok {
		b.Flash = &f
	}
	if !sc.SignedIn() {
		return b, nil
	}
	b.Me = &Me{Name: sc.Actor.Name, Role: roleLabel(sc.Actor.Role), Login: sc.Session.Login}
	if sc.Actor.Can(store.MaySee) {
		counts, err := d.db.Counts(r.Context(), sc.Actor)
		if err != nil {
			return b, err
		}
		b.Strip = d.strip(sc.Now, counts)
		b.Strip.Known = true
		if b.Strip.Calls, err = d.db.CallCount(r.Context(), sc.Actor); err != nil {
			return b, err
		}
		if err := d.alarms(r.Context(), sc, &b.Strip); err != nil {
			return b, err
		}
	}
	b.Nav = menu(sc.Actor, b.Strip, place)
	return b, nil
}

func (d *Desk) strip(now time.Time, counts store.Counts) Strip {
	s := Strip{Counts: counts}
	status := d.db.Desk().Explain(now)
	s.Open = status.Open
	switch {
	case status.Open && !status.NextClose.IsZero():
		s.Words = status.Because + " · " + nearWords(status.NextClose, now) + "까지"
	case !status.Open && !status.NextOpen.IsZero():
		s.Words = status.Because + " · 다음 업무 " + nearWords(status.NextOpen, now)
	default:
		s.Words = status.Because
	}
	return s
}

// Addresses of the menu.
const (
	placeInbox    = "/tickets"
	placeMorning  = "/worklist"
	placeMine     = "/tickets?assignee=me"
	placeAnswered = "/tickets?state=answered"
	placeReview   = "/tickets?state=review"
	placeDue      = "/tickets?sort=due"
	placeCalls    = "/calls"
	placeClosed   = "/tickets?state=closed"
	placeSettings = "/settings"
	placeStaff    = "/staff"
	placeSystem   = "/system"
	placeAccount  = "/account"
)

// menu lists the places the actor may go to.
func menu(who store.Actor, s Strip, place string) []NavItem {
	c := s.Counts
	var list []NavItem
	add := func(need store.Permission, to, text, icon string, count int) {
		if who.Can(need) {
			list = append(list, NavItem{URL: to, Text: text, Icon: icon, Count: count, Current: to == place})
		}
	}
	add(store.MaySee, placeInbox, "받은함", "inbox", c.Awaiting)
	add(store.MaySee, placeMorning, "아침 대기", "morning", c.Waiting)
	if who.Can(store.MayAnswer) && who.Staff != 0 {
		add(store.MaySee, placeMine, "내 담당", "mine", c.Mine)
	}
	add(store.MaySee, placeReview, "부서 처리", "review", c.Review)
	add(store.MaySee, placeDue, "기한", "due", c.Overdue+c.DueToday)
	add(store.MaySee, placeCalls, "전화할 일", "call", s.Calls)
	add(store.MaySee, placeAnswered, "답변함", "answered", 0)
	add(store.MaySee, placeClosed, "완료", "done", 0)
	add(store.MayConfigure, placeSettings, "설정", "settings", 0)
	add(store.MayManage, placeStaff, "직원", "staff", 0)
	add(store.MayOperate, placeSystem, "시스템", "system", 0)
	return list
}

// show renders a page.
func (d *Desk) show(w http.ResponseWriter, status int, name string, page any) error {
	return web.Page(w, status, func(out io.Writer) error { return d.pages.ExecuteTemplate(out, name, page) })
}

// done leaves a word and sends the browser on: every POST that worked ends here.
func (d *Desk) done(w http.ResponseWriter, r *http.Request, sc *web.Scope, to, text string) error {
	if text != "" {
		sc.SetFlash(w, "done", text)
	}
	return web.Redirect(w, r, to)
}

// ErrorPage draws an error for people, inside the frame when somebody is signed in.
func (d *Desk) ErrorPage(out io.Writer, v web.ErrorView) error {
	p := ErrorPage{Base: Base{Title: v.Title, City: d.db.Settings().City, Now: v.Scope.Now}, View: v, Back: "/"}
	if v.SignedIn {
		p.Me = &Me{Name: v.Scope.Actor.Name, Role: roleLabel(v.Scope.Actor.Role), Login: v.Scope.Session.Login}
		// Where the store itself is in trouble there are no counts, and the page says what it can.
		var counts store.Counts
		known := false
		if v.Request != nil && v.Status < http.StatusInternalServerError && v.Scope.Actor.Can(store.MaySee) {
			var err error
			counts, err = d.db.Counts(v.Request.Context(), v.Scope.Actor)
			known = err == nil
		}
		p.Strip = d.strip(v.Scope.Now, counts)
		p.Strip.Known = known
		p.Nav = menu(v.Scope.Actor, p.Strip, "")
	}
	if v.Request != nil && v.Request.Method == http.MethodPost {
		p.Back = refererPath(v.Request)
	}
	return d.pages.ExecuteTemplate(out, "error", p)
}

// ErrorPage is the page of an error.
type ErrorPage struct {
	Base
	View web.ErrorView
	Back string
}

// refererPath is where a form came from, if that is a place of ours.
func refererPath(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || !strings.EqualFold(u.Host, r.Host) {
		return "/"
	}
	return web.LocalPath(u.RequestURI(), "/")
}

// Form is a form as it is shown again: open, with what was typed and what is wrong.
type Form struct {
	ID     string
	Open   bool
	Values url.Values
	Errors map[string]string
}

// refused fills a form with what was typed and the faults of err. ok is false when the error is none of a form.
func refused(id string, r *http.Request, err error) (f Form, ok bool) {
	fields := web.FieldsOf(err)
	if fields == nil {
		return Form{}, false
	}
	return Form{ID: id, Open: true, Values: r.PostForm, Errors: fields}, true
}

// Value is what was typed into a field.
func (f Form) Value(name string) string { return f.Values.Get(name) }

// Is reports whether the field has that value.
func (f Form) Is(name, value string) bool { return f.Values.Get(name) == value }

// Has reports whether the value was among those chosen for the field.
func (f Form) Has(name, value string) bool {
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Error is what is wrong with a field, or "".
func (f Form) Error(name string) string { return f.Errors[name] }

// FormAt is a form with where it is sent to and the word on its button.
type FormAt struct {
	Form        Form
	URL, Button string
}

// At says where the form is sent to.
func (f Form) At(to, button string) FormAt { return FormAt{f, to, button} }

// Rest are the faults that belong to none of the named fields; they stand above the form.
func (f Form) Rest(names ...string) string {
	var rest []string
	for name, text := range f.Errors {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			rest = append(rest, text)
		}
	}
	return strings.Join(rest, " ")
}

// Field is one input with its label, hint and fault.
type Field struct {
	ID, Name, Label, Hint, Value, Error, Type, Auto string
	Max                                             int
	Needed                                          bool
}

// Described lists the ids that explain the field, for aria-describedby.
func (f Field) Described() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Input makes a field of the form: kind is an input type, "area" or one of those with "!" behind for a needed field.
func (f Form) Input(kind, name, label, hint string, most int) Field {
	kind, needed := strings.CutSuffix(kind, "!")
	field := Field{
		ID: f.ID + "-" + name, Name: name, Label: label, Hint: hint, Value: f.Value(name), Error: f.Error(name), Type: kind, Max: most, Needed: needed,
	}
	switch {
	case kind == "password" && name == "old":
		field.Auto = "current-password"
	case kind == "password":
		field.Auto = "new-password"
	default:
		field.Auto = "off"
	}
	if kind == "password" {
		field.Value = ""
	}
	return field
}

// Icons is the address of the sprite.
func (Base) Icons() string { return assets.URL("icons.svg") }
