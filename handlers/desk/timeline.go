package desk

import (
	"fmt"
	"strconv"
	"time"

	"toktok/store"
	"toktok/store/worktime"
)

// sameGroup is how close photos of one citizen lie to be shown as one group (RULES B8).
const sameGroup = 20 * time.Second

// Item is one line of a thread: a day, a closed period, an event, or a bubble.
type Item struct {
	ID     string // of the element
	Kind   string // day, closed, event, bubble
	Text   string
	At     time.Time
	Bubble *Bubble
}

// Bubble is what somebody said.
type Bubble struct {
	Side    string // citizen, reply, auto, note
	Who     string
	At      time.Time
	Text    string
	Repeats int
	Photos  []Photo
	Sending *Sending
	New     bool // came while the reader wrote
}

// Photo is a citizen's picture, or the word why there is none.
type Photo struct {
	URL           string
	Name          string
	Words         string // without URL: what became of it
	Width, Height int
	TakenAt       string
}

// timeline turns the messages of a case into lines. fresh is the last message the reader knew, 0 = all.
func (d *Desk) timeline(who store.Actor, t *store.Ticket, list []store.Message, now time.Time, fresh int64) []Item {
	var items []Item
	var last struct {
		day     worktime.Date
		closed  worktime.Date // closed period the line before lies in; zero = open hours
		started bool
	}
	desk, may := d.db.Desk(), who.Can(store.MayAnswer)
	for i := range list {
		m := &list[i]
		id := strconv.FormatInt(m.ID, 10)
		if day := worktime.DateOf(m.At); day != last.day {
			items = append(items, Item{ID: "day-" + id, Kind: "day", Text: dayHeading(day, now), At: m.At})
			last.day = day
		}
		if m.Kind != store.FromLog && m.Kind != store.FromNote {
			period, closed := desk.Period(m.At)
			switch {
			case closed && period != last.closed:
				opens, _ := desk.DayOpen(period)
				items = append(items, Item{ID: "closed-" + id, Kind: "closed", Text: "업무시간 외 · " + "다음 업무 " + worktime.Korean(opens), At: m.At})
			case !closed && last.closed != (worktime.Date{}) && last.started:
				items = append(items, Item{ID: "open-" + id, Kind: "closed", Text: "업무 시작", At: m.At})
			}
			if last.closed = period; !closed {
				last.closed = worktime.Date{}
			}
			last.started = true
		}
		if m.Kind == store.FromLog {
			items = append(items, Item{ID: "m" + id, Kind: "event", Text: eventWords(m), At: m.At})
			continue
		}
		if joins(items, m) {
			b := items[len(items)-1].Bubble
			b.Photos = append(b.Photos, photosOf(m)...)
			continue
		}
		b := &Bubble{
			Side: string(m.Kind), Who: m.ByName, At: m.At, Text: m.Text, Repeats: m.Repeats, Photos: photosOf(m),
			Sending: sendingOf(m.Delivery, now, may), New: fresh != 0 && m.ID > fresh && m.Kind != store.FromNote,
		}
		switch m.Kind {
		case store.FromCitizen:
			b.Who = t.Citizen.Name
		case store.FromAuto:
			b.Who = "자동 안내"
		}
		items = append(items, Item{ID: "m" + id, Kind: "bubble", At: m.At, Bubble: b})
	}
	return items
}

// joins reports whether a message is a photo that goes into the group before it.
func joins(items []Item, m *store.Message) bool {
	if len(items) == 0 || m.Kind != store.FromCitizen || len(m.Files) == 0 || m.Text != "" {
		return false
	}
	before := items[len(items)-1]
	return before.Bubble != nil && before.Bubble.Side == string(store.FromCitizen) && len(before.Bubble.Photos) > 0 && before.Bubble.Text == "" &&
		m.At.Sub(before.At) <= sameGroup
}

func photosOf(m *store.Message) []Photo {
	var out []Photo
	for _, f := range m.Files {
		p := Photo{Name: f.Name, Width: f.Width, Height: f.Height, TakenAt: f.TakenAt}
		switch f.State {
		case store.FileReady:
			p.URL = fmt.Sprintf("/files/%d", f.ID)
		case store.FileFetching:
			p.Words = "사진을 받고 있어요"
		default:
			if p.Words = f.Reason; p.Words == "" {
				p.Words = "사진을 받지 못했어요."
			}
		}
		out = append(out, p)
	}
	return out
}

func dayHeading(day worktime.Date, now time.Time) string {
	words := worktime.KoreanDate(day)
	switch today := worktime.DateOf(now); {
	case day == today:
		return "오늘 · " + words
	case day == today.AddDays(-1):
		return "어제 · " + words
	case day.Year != today.Year:
		return fmt.Sprintf("%d년 %s", day.Year, words)
	}
	return words
}

// eventWords writes a 처리 기록 with who did it, unless nobody of the office did.
func eventWords(m *store.Message) string {
	if m.ByName == "" {
		return m.Text
	}
	return m.Text + " · " + m.ByName
}
