package store

import (
	"database/sql"
	"time"

	"toktok/store/hangul"
)

// MessageKind says who speaks.
type MessageKind string

// The kinds of message (RULES A3).
const (
	FromCitizen MessageKind = "citizen"
	FromReply   MessageKind = "reply"
	FromNote    MessageKind = "note"
	FromAuto    MessageKind = "auto"
	FromLog     MessageKind = "log"
)

// Message is one entry of a thread. Its order is its id, never its time (RULES B6).
type Message struct {
	ID       int64
	Ticket   int64
	Number   string // of the ticket
	Citizen  int64
	Kind     MessageKind
	Text     string
	At       time.Time
	ByStaff  int64
	ByName   string
	Key      string
	Repeats  int
	SeenAt   time.Time
	Files    []File
	Delivery *Delivery // newest delivery of a reply, notice or line
}

const messageColumns = `m.id, m.ticket, coalesce(t.number, ''), m.citizen, m.kind, m.text, m.at, coalesce(m.by_staff, 0), m.by_name, m.key, m.repeats, m.seen_at`

func scanMessage(rows *sql.Rows) (Message, error) {
	var m Message
	err := rows.Scan(&m.ID, &m.Ticket, &m.Number, &m.Citizen, &m.Kind, &m.Text, instant{&m.At}, &m.ByStaff, &m.ByName, &m.Key, &m.Repeats, instant{&m.SeenAt})
	return m, err
}

// addMessage stores a message of the case and keeps the case's preview, unread count and talk marks; the caller saves
// the case. Only what a person said becomes the preview.
func (tx *Tx) addMessage(t *Ticket, m *Message) error {
	if err := tx.insertMessage(t, m); err != nil {
		return err
	}
	switch m.Kind {
	case FromCitizen:
		t.Unread++
		t.CitizenAt = m.At
		t.preview(m)
	case FromReply:
		t.TalkedAt = m.At
		t.EndsAsking = hangul.EndsWithQuestion(m.Text)
		t.preview(m)
	case FromAuto:
		t.EndsAsking = hangul.EndsWithQuestion(m.Text)
	}
	return nil
}

// insertMessage stores a message and tells the search index of it.
func (tx *Tx) insertMessage(t *Ticket, m *Message) error {
	m.Ticket, m.Number, m.Citizen = t.ID, t.Number, t.Citizen.ID
	if m.At.IsZero() {
		m.At = tx.Now
	}
	if m.Repeats == 0 {
		m.Repeats = 1
	}
	var staff any
	if m.Kind != FromCitizen && tx.Who.Staff != 0 {
		staff = tx.Who.Staff
		m.ByStaff = tx.Who.Staff
	}
	if m.ByName == "" && m.Kind != FromCitizen && tx.Who.IsStaff() {
		m.ByName = tx.Who.Name
	}
	id, err := tx.Insert(`/* insertMessage */ insert into messages (ticket, citizen, kind, text, at, by_staff, by_name, key, repeats)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`, t.ID, t.Citizen.ID, m.Kind, m.Text, ms(m.At), staff, m.ByName, m.Key, m.Repeats)
	if err != nil {
		return err
	}
	m.ID = id
	if m.Kind == FromLog {
		return nil
	}
	tx.reindex(m.ID, "add")
	return nil
}

func (t *Ticket) preview(m *Message) { t.show(m, previewOf(m.Text)) }

// show makes line, the preview of m, what lists tell of the case.
func (t *Ticket) show(m *Message, line string) {
	if line == "" && m.Kind == FromCitizen {
		line = "사진"
	}
	t.Preview, t.PreviewKind, t.PreviewAt = line, string(m.Kind), m.At
}

// previewOf is one line of a message, telephone numbers covered.
func previewOf(text string) string { return coverPhones(oneLine(text, 80)) }

// logEntry adds a 처리 기록: what was done by whom, as the thread shows it.
func (tx *Tx) logEntry(t *Ticket, action Action, text string) error {
	return tx.addMessage(t, &Message{Kind: FromLog, Text: text, Key: string(action)})
}
