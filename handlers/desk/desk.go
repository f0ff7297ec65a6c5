package desk

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"time"

	"toktok/assets"
	"toktok/handlers/web"
	"toktok/store"
)

// JobRun is the last occurrence of a job.
type JobRun struct {
	ScheduledFor time.Time
	Outcome      string
	Detail       string
}

// Job is what the schedule tells of one of its jobs; Last is nil before its first run, Next zero when none is planned.
type Job struct {
	ID   string
	Text string // Korean
	Last *JobRun
	Next time.Time
}

// Options is what the pages need of the rest of the process.
type Options struct {
	DB      *store.DB
	Version string
	Demo    bool // the phone page exists: it is linked

	Jobs   func() []Job                                // of package schedule; nil = none
	RunNow func(ctx context.Context, job string) error // nil = jobs cannot be run by hand

	// Clock says what is wrong with the server's clock in Korean, "" = nothing, and whether nothing opens or closes until
	// ConfirmClock. nil = the store's own knowledge of it.
	Clock        func(ctx context.Context) (text string, held bool)
	ConfirmClock func(ctx context.Context, who store.Actor) error
}

// Desk draws the pages.
type Desk struct {
	o     Options
	db    *store.DB
	pages *template.Template
}

// New reads the templates. They are embedded, so an error is a fault of the build.
func New(o Options) (*Desk, error) {
	if o.DB == nil {
		return nil, errors.New("desk: no store")
	}
	pages, err := parse(assets.FS)
	if err != nil {
		return nil, err
	}
	if o.Jobs == nil {
		o.Jobs = func() []Job { return nil }
	}
	if o.Clock == nil {
		o.Clock = func(ctx context.Context) (string, bool) {
			reason, err := o.DB.ClockHeld(ctx)
			if err != nil {
				return "저장소를 읽지 못해 시계를 확인하지 못했어요.", true
			}
			return reason, reason != ""
		}
	}
	if o.ConfirmClock == nil {
		o.ConfirmClock = o.DB.ConfirmClock
	}
	return &Desk{o: o, db: o.DB, pages: pages}, nil
}

// Routes lists the pages' lines of the route table; all lie inside (RULES H6). The files they name are served by whoever
// serves package assets.
func (d *Desk) Routes() []web.Route {
	page := func(method, path string, need store.Permission, h web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Door: web.DoorSession, Need: need, Side: web.Inside, Shape: web.ShapePage, Handler: h}
	}
	get := func(path string, need store.Permission, h web.Handler) web.Route {
		return page(http.MethodGet, path, need, h)
	}
	post := func(path string, need store.Permission, h web.Handler) web.Route {
		return page(http.MethodPost, path, need, h)
	}
	public := func(method, path string, h web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Door: web.DoorPublic, Side: web.Inside, Shape: web.ShapePage, Handler: h}
	}
	signIn := public(http.MethodPost, "/login", d.login)
	signIn.Login = true
	live := get("/live", store.MaySee, d.live)
	live.Shape, live.Quiet = web.ShapeFragment, true
	return []web.Route{
		public(http.MethodGet, "/login", d.loginPage),
		signIn,
		post("/logout", store.MayAlways, d.logout),
		get("/", store.MayAlways, d.home),
		live,
		get("/files/:id", store.MaySee, d.file),

		get("/tickets", store.MaySee, d.list),
		get("/tickets/:number", store.MaySee, d.ticket),
		post("/tickets/:number/messages", store.MayAnswer, d.message),
		post("/tickets/:number/accept", store.MayAnswer, d.accept),
		post("/tickets/:number/transfer", store.MayTransfer, d.transfer),
		post("/tickets/:number/return", store.MayTransfer, d.giveBack),
		post("/tickets/:number/take", store.MayAnswer, d.take),
		post("/tickets/:number/assign", store.MayAnswer, d.assign),
		post("/tickets/:number/close", store.MayAnswer, d.close),
		post("/tickets/:number/reopen", store.MayAnswer, d.reopen),
		post("/tickets/:number/dismiss", store.MayAnswer, d.dismiss),
		post("/deliveries/:id/resend", store.MayAnswer, d.resend),
		post("/deliveries/:id/phone", store.MayAnswer, d.byPhone),
		post("/deliveries/:id/cancel", store.MayAnswer, d.cancel),
		get("/worklist", store.MaySee, d.worklist),
		post("/worklist/kakao", store.MayAnswer, d.tickKakao),
		get("/calls", store.MaySee, d.calls),
		post("/calls/:id/number", store.MayAnswer, d.callNumber),

		get("/account", store.MayAlways, d.account),
		post("/account/password", store.MayAlways, d.changePassword),
		post("/account/sessions/:id/end", store.MayAlways, d.endSession),

		get("/staff", store.MayManage, d.staff),
		post("/staff", store.MayManage, d.addStaff),
		post("/staff/:login/password", store.MayManage, d.resetPassword),
		post("/staff/:login/disable", store.MayManage, d.disableStaff),
		post("/staff/:login/enable", store.MayManage, d.enableStaff),

		get("/settings", store.MayConfigure, d.settings),
		post("/settings", store.MayConfigure, d.saveOffice),
		get("/settings/hours", store.MayConfigure, d.hours),
		post("/settings/hours", store.MayConfigure, d.saveHours),
		post("/settings/exceptions", store.MayConfigure, d.addException),
		post("/settings/exceptions/:id/remove", store.MayConfigure, d.removeException),
		post("/settings/holidays", store.MayConfigure, d.addHoliday),
		post("/settings/holidays/:date/remove", store.MayConfigure, d.removeHoliday),
		post("/settings/holidays/:date/confirm", store.MayConfigure, d.confirmHolidays),
		get("/settings/departments", store.MayConfigure, d.departments),
		post("/settings/departments", store.MayConfigure, d.addDepartment),
		get("/settings/departments/:id", store.MayConfigure, d.department),
		post("/settings/departments/:id", store.MayConfigure, d.changeDepartment),
		post("/settings/departments/:id/close", store.MayConfigure, d.closeDepartment),
		post("/settings/departments/:id/reinstate", store.MayConfigure, d.reinstateDepartment),
		post("/settings/categories", store.MayConfigure, d.addCategory),
		get("/settings/categories/:id", store.MayConfigure, d.category),
		post("/settings/categories/:id", store.MayConfigure, d.changeCategory),
		post("/settings/categories/:id/close", store.MayConfigure, d.closeCategory),
		post("/settings/categories/:id/reinstate", store.MayConfigure, d.reinstateCategory),
		get("/settings/texts", store.MayConfigure, d.texts),
		get("/settings/texts/:key", store.MayConfigure, d.text),
		post("/settings/texts/:key", store.MayConfigure, d.saveText),
		get("/settings/kakao", store.MayConfigure, d.kakao),

		get("/system", store.MayOperate, d.system),
		post("/system/quarantine/:id/replay", store.MayOperate, d.replay),
		post("/system/quarantine/:id/discard", store.MayOperate, d.discard),
		post("/system/jobs/:id/run", store.MayOperate, d.runJob),
		post("/system/routes/:route/reset", store.MayOperate, d.resetRoute),
		post("/system/clock", store.MayOperate, d.confirmClock),
	}
}

func (d *Desk) home(w http.ResponseWriter, r *http.Request, _ *web.Scope) error {
	return web.Redirect(w, r, "/tickets")
}

// live tells one browser that something changed; what it is, the browser reads through the pages.
func (d *Desk) live(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	return web.Stream(w, r, sc, d.db.Live())
}
