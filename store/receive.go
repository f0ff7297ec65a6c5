package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"toktok/store/db"
	"toktok/store/hangul"
	"toktok/store/kakao/event"
	"toktok/store/kakao/skill"
	"toktok/store/wording"
)

// In is one call of the skill webhook: the body as it came, and when it had been read.
type In struct {
	Body      []byte
	RequestID string    // X-Request-Id
	Arrived   time.Time // service clock; decides open or closed, period and year (RULES B6)
	Real      time.Time // the wall's, for Kakao's own limits
	TooLarge  bool      // Body is cut: it was longer than any call of Kakao's
}

// Answer is a valid v2.0 body, whatever came. Offer is to be settled when the last byte is written; 0 = none.
//
// Callback is the address whose first answer this is; DB.CallbackAnswered is to be told whether Kakao got it.
type Answer struct {
	Body     []byte
	Offer    int64
	Callback string

	message int64 // what the call became, 0 = no message
}

// commitBudget is how long a citizen's message may wait for its commit (DESIGN §6); past it the answer is an honest
// "not yet confirmed". Kakao shows nothing that comes after 5 s (kakao-chatbot.md §1.1).
const commitBudget = 2500 * time.Millisecond

// commitGrace is what a transaction that has begun gets beyond it before the citizen reads that nothing is certain.
const commitGrace = 200 * time.Millisecond

// call is a decoded skill call on its way through the transaction.
type call struct {
	In
	body   []byte // masked
	masked int
	req    *skill.Request
	text   string // what was typed, cleaned; empty for a photo
	title  string // subject of a case that begins with it, telephone numbers covered
	line   string // the same for lists
	photos []string
	print  []byte
	pace   int // usual minutes to an answer; 0 = not known
	manned bool
	urgent string // kind of the urgent words in text, "" for none
	unread bool   // nobody will read the answer: what it would tell once stays untold
}

// Receive takes one call in: masked, journalled, filed under a case in one durable transaction, and answered. It never
// fails; what cannot be filed is kept in quarantine or truthfully refused.
func (s *DB) Receive(ctx context.Context, in In) (a Answer) {
	in.Arrived = in.Arrived.In(seoul).Truncate(time.Millisecond)
	body, masked := maskBody(in.Body, s.mediaHost)
	defer func() {
		if cause := recover(); cause != nil { // our own failure loses nothing (RULES B3)
			what := fmt.Sprintf("panic: %T", cause) // its words may be a citizen's
			if err, ok := cause.(runtime.Error); ok {
				what = "panic: " + err.Error()
			}
			s.log.Error("intake panicked", "cause", what, "stack", string(debug.Stack()))
			a = s.keepAside(ctx, in, body, quarFailed, what, wording.Quarantined)
		}
	}()
	req, err := skill.Decode(body)
	switch {
	case in.TooLarge:
		return s.keepAside(ctx, in, body, quarTooLarge, "the body was longer than the limit and is cut", wording.Quarantined)
	case err != nil:
		return s.keepAside(ctx, in, body, quarUnreadable, err.Error(), wording.Quarantined)
	case !s.ourBot(req.BotID):
		return s.keepAside(ctx, in, body, quarWrongBot, "bot is not in TOKTOK_BOT_ID", wording.WrongBot)
	case req.GroupChat:
		return s.keepAside(ctx, in, body, quarGroup, "group chats are not served", wording.WrongBot)
	}
	c := s.newCall(in, body, req)
	c.masked = masked
	if req.IsTest() {
		return s.answerTest(ctx, c)
	}
	c.pace, c.manned = s.usualPace(ctx), s.manned()

	var answer Answer
	filing := s.engine.Start(s.closure(Actor{Role: RoleCitizen}, func(tx *Tx) error {
		var err error
		answer, err = tx.take(c)
		return err
	}))
	budget := time.NewTimer(commitBudget)
	defer budget.Stop()
	select {
	case <-filing.Done():
		return s.told(c, answer, filing.Err())
	case <-budget.C:
	}
	if filing.Leave() {
		return s.told(c, answer, db.ErrWaited)
	}
	budget.Reset(commitGrace)
	select {
	case <-filing.Done():
		return s.told(c, answer, filing.Err())
	case <-budget.C:
	}
	// The closure has begun and will end one way or the other; what it hands out was not seen by the citizen, and what it
	// could not file is kept aside all the same.
	go func() {
		<-filing.Done()
		if filing.Err() != nil {
			s.told(c, answer, filing.Err())
			return
		}
		if err := s.Written(context.Background(), answer, false); err != nil {
			s.log.Error("a late commit's answer not taken back", "err", err)
		}
	}()
	return Answer{Body: skill.Safe(s.say(wording.Unconfirmed, wording.Vars{}))}
}

// told is the answer of a filing that ended in time.
func (s *DB) told(c *call, a Answer, err error) Answer {
	if err != nil {
		return s.answerTrouble(c, err)
	}
	return a
}

// Written settles what an answer handed out, once its last byte is written or is known to be lost (RULES D1, D4).
func (s *DB) Written(ctx context.Context, a Answer, written bool) error {
	ctx = context.WithoutCancel(ctx) // whoever asked may be gone; what he heard has to be kept all the same
	if a.Callback != "" {
		return s.CallbackAnswered(ctx, a.Callback, written)
	}
	if a.Offer != 0 {
		return s.SettleOffer(ctx, a.Offer, written)
	}
	return nil
}

// answerTrouble says truthfully what happened to a message that was not filed.
func (s *DB) answerTrouble(c *call, err error) Answer {
	if errors.Is(err, db.ErrBusy) || errors.Is(err, db.ErrWaited) {
		return Answer{Body: skill.Safe(s.say(wording.Overload, wording.Vars{}))}
	}
	if KindOf(err) == Unavailable {
		s.log.Error("intake not stored", "request", c.RequestID, "err", err)
		return Answer{Body: skill.Safe(s.say(wording.NotStored, wording.Vars{}))}
	}
	return s.keepAside(context.Background(), c.In, c.body, quarFailed, err.Error(), wording.Quarantined)
}

// keepAside stores a masked body in quarantine and answers politely (RULES B3). Only when that fails too does the
// citizen read that nothing was stored.
func (s *DB) keepAside(ctx context.Context, in In, body []byte, reason, detail string, key wording.Key) Answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitBudget/2)
	defer cancel()
	err := s.Write(ctx, System("intake"), func(tx *Tx) error {
		return tx.quarantine(reason, detail, in.RequestID, body, in.Arrived)
	})
	if err != nil {
		s.log.Error("quarantine failed", "request", in.RequestID, "reason", reason, "err", err)
		return Answer{Body: skill.Safe(s.say(wording.NotStored, wording.Vars{}))}
	}
	s.log.Warn("intake kept aside", "request", in.RequestID, "reason", reason)
	return Answer{Body: skill.Safe(s.say(key, s.vars()))}
}

// replay takes a quarantined body in with its original arrival.
func (s *DB) replay(ctx context.Context, who Actor, q Quarantined) error {
	req, err := skill.Decode(q.Body)
	if err != nil {
		return &Error{Kind: Invalid, Text: "이 글은 읽을 수 없는 형식이에요. 내용을 확인하고 처리 완료로 표시해 주세요.", Err: err}
	}
	switch {
	case !s.ourBot(req.BotID):
		return &Error{Kind: Invalid, Text: "설정에 없는 봇에서 온 글이에요. 봇 ID 설정을 확인한 뒤 다시 시도해 주세요."}
	case req.GroupChat, req.IsTest():
		return &Error{Kind: Invalid, Text: "단체 채팅방이나 시험 호출에서 온 글이라 민원이 되지 않아요. 내용을 확인하고 처리 완료로 표시해 주세요."}
	}
	c := s.newCall(In{Body: q.Body, RequestID: q.Request, Arrived: q.At, Real: q.At}, q.Body, req)
	c.unread = true
	c.req.CallbackURL = "" // its window is long over
	return s.Write(ctx, Actor{Role: RoleCitizen}, func(tx *Tx) error {
		a, err := tx.take(c)
		if err != nil {
			return err
		}
		if a.Offer != 0 { // nobody reads this answer
			if err := tx.returnOffer(a.Offer); err != nil {
				return err
			}
		}
		tx.Who = who
		return tx.handled(q.ID, a.message)
	})
}

// newCall does what needs no rows before the transaction, so that nobody waits for it.
func (s *DB) newCall(in In, body []byte, req *skill.Request) *call {
	c := &call{In: in, body: body, req: req, print: fingerprint(req)}
	c.read(s)
	// What needs no rows is done here, where nobody waits for it.
	c.title, c.line = coverPhones(oneLine(c.text, 40)), previewOf(c.text)
	if kind, ok := wording.Urgent(c.text, s.cache.Load().settings.UrgentExceptions); ok {
		c.urgent = kind
	}
	return c
}

// read tells words from photos: params.media, the secure image plugin, or a bare address on an allowed host.
func (c *call) read(s *DB) {
	c.text = strings.TrimSpace(hangul.Normalize(c.req.Utterance))
	switch {
	case len(c.req.SecureImages) > 0:
		c.photos, c.text = c.req.SecureImages, ""
	case c.req.Media.URL != "" && (c.req.Media.Type == "image" || c.req.Media.Type == ""):
		c.photos = []string{c.req.Media.URL}
		if c.text == c.req.Media.URL {
			c.text = ""
		}
	case !c.req.Media.IsZero():
		// What the file was is all that can be kept of it; its address is no words of the citizen.
		c.text = "(사진이 아닌 파일: " + c.req.Media.Type + ")"
	case bareURL(c.text) && s.mediaHost(c.text):
		c.photos, c.text = []string{c.text}, ""
	}
}

func (c *call) unsupported() bool { return !c.req.Media.IsZero() && len(c.photos) == 0 }

func bareURL(s string) bool {
	return (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) && !strings.ContainsAny(s, " \n\t")
}

// ourBot matches TOKTOK_BOT_ID: an entry without "!" accepts the development bot too (RULES B5).
func (s *DB) ourBot(id string) bool {
	if len(s.outside.BotIDs) == 0 {
		return true
	}
	return slices.Contains(s.outside.BotIDs, id) || slices.Contains(s.outside.BotIDs, strings.TrimSuffix(id, "!"))
}

// isEventCall recognises the skill call that our own Event API request caused (DESIGN §6 step 2).
func (c *call) isEventCall(o Outside) (uid string, yes bool) {
	uid = c.req.Lookup(event.AttemptParam)
	return uid, uid != "" || o.EventBlock != "" && c.req.BlockID == o.EventBlock || o.EventName != "" && c.req.Utterance == o.EventName
}

func (c *call) identity() Identity {
	return Identity{Channel: "bot", Scope: c.req.BotID, Key: c.req.UserID, PlusfriendKey: c.req.PlusfriendUserKey, AppUserID: c.req.AppUserID, Friend: c.req.IsFriend}
}

// take is the order of RULES B1: event-block calls, repeats, blocked and flooding citizens, buttons and commands, words.
func (tx *Tx) take(c *call) (Answer, error) {
	heard := c.identity()
	cz, id, known, err := tx.findCitizen(heard.Channel, heard.Scope, heard.Key)
	if err != nil {
		return Answer{}, err
	}
	if uid, yes := c.isEventCall(tx.s.outside); yes {
		return tx.takeEvent(c, id, known, uid)
	}
	if known {
		answer, again, err := tx.repeated(id, c)
		if err != nil || again {
			return Answer{Body: answer}, err
		}
		if err := tx.knowIdentity(&id, heard); err != nil {
			return Answer{}, err
		}
	} else {
		id = heard
		if cz, err = tx.addCitizen(&id, !c.unread); err != nil {
			return Answer{}, err
		}
	}
	r := &reply{tx: tx, c: c, cz: cz, id: id, known: known}
	if err := r.answer(); err != nil {
		return Answer{}, err
	}
	if err := r.privacy(); err != nil {
		return Answer{}, err
	}
	body, err := r.encode()
	if err != nil {
		return Answer{}, fmt.Errorf("answer: %w", err)
	}
	if !r.refused {
		if err := tx.journal(id, c, c.print, r.message, body); err != nil {
			return Answer{}, err
		}
	}
	a := Answer{Body: body, Offer: r.offer.ID, message: r.message}
	if r.callback {
		a.Callback = c.req.CallbackURL
	}
	return a, nil
}

// takeEvent hands out what an attempt carries; it is never a message (RULES D3).
func (tx *Tx) takeEvent(c *call, id Identity, known bool, uid string) (Answer, error) {
	shown := tx.s.say(wording.AlreadyShown, wording.Vars{})
	if !known {
		return Answer{Body: skill.Safe(shown)}, nil
	}
	offer, _, err := tx.eventCall(id, uid, c.RequestID)
	if err != nil {
		return Answer{}, err
	}
	if len(offer.Texts) == 0 {
		return Answer{Body: skill.Safe(shown)}, nil
	}
	body, err := skill.Text(offer.Texts...).Encode()
	return Answer{Body: body, Offer: offer.ID}, err
}

// answer decides what the call is and does it.
func (r *reply) answer() error {
	tx, c := r.tx, r.c
	if r.known { // the first one was counted with the row
		var err error
		if r.flood, r.refused, err = tx.traffic(r.cz); err != nil {
			return err
		}
	}
	switch {
	case r.refused:
		r.line(wording.RefusedDay, tx.s.vars())
		return nil
	case r.cz.blocked(tx.Now):
		r.line(wording.BlockedCitizen, tx.s.vars())
		return nil
	}
	done, err := r.command()
	if err != nil || done {
		return err
	}
	if c.text == "" && len(c.photos) == 0 {
		r.line(wording.EmptyMessage, tx.s.vars())
		return nil
	}
	if err := r.file(); err != nil {
		return err
	}
	if c.masked > 0 && r.cz.MaskTold.IsZero() {
		r.lines = slices.Insert(r.lines, min(1, len(r.lines)), tx.s.say(wording.Masked, tx.s.vars()))
		if _, err := tx.Exec(`/* maskTold */ update citizens set mask_told = ? where id = ?`, ms(tx.Now), r.cz.ID); err != nil {
			return err
		}
	}
	return nil
}

// answerTest answers a call of the bot test or the skill-test tool like the real thing, and keeps it only as the last
// test that the connection page shows (RULES B5).
func (s *DB) answerTest(ctx context.Context, c *call) Answer {
	at := c.Arrived
	v := s.vars()
	v.Number = testNumber
	key := wording.ReceiptOpen
	if !s.Desk().WithinDay(at) {
		key, v.NextOpen = wording.ReceiptClosed, s.Desk().NextDayOpen(at)
	}
	text := s.say(key, v)
	seen, err := json.Marshal(map[string]any{"at": at.Format(time.RFC3339), "bot": c.req.BotID, "block": c.req.BlockID, "surface": c.req.Surface, "user_type": c.req.UserType})
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitBudget)
		defer cancel()
		err = s.Write(ctx, System("intake"), func(tx *Tx) error {
			_, err := tx.Exec(`/* lastTest */ insert into settings (key, value, changed_at, changed_by) values ('kakao.last_test', ?, ?, 'intake')
				on conflict (key) do update set value = excluded.value, changed_at = excluded.changed_at`, string(seen), ms(tx.Now))
			return err
		})
	}
	if err != nil && !errors.Is(err, db.ErrBusy) {
		s.log.Error("last test not kept", "err", err)
	}
	return Answer{Body: skill.Safe(text)}
}

// testNumber stands where the number would be for calls that are no cases.
const testNumber = "시험"
