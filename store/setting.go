package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"toktok/store/wording"
	"toktok/store/worktime"
)

// Settings are what the office decides on the settings page. Each field is a row of settings with its own version and
// history; a row that is missing has its default.
type Settings struct {
	City             string                 // name as citizens read it
	Contact          string                 // telephone of the city, for citizens; "" = none told
	DutyPhone        string                 // 당직실, told with urgent words and at night; "" = none told
	PrivacyText      string                 // notice at /privacy; {기관} and {전화} are filled in
	ReopenDays       int                    // working days in which a message reopens a closed case (RULES A4)
	SettleDays       int                    // working days until an answered case is closed by itself, 0 = never (RULES A5)
	OtherRule        string                 // processing period of kind other (시행령 §16③)
	ThanksWords      []string               // RULES A6
	UrgentExceptions []string               // harmless compounds of urgent words (RULES C4)
	LunchShift       int                    // minutes by which the lunch of the statutory calendar is moved, -60…60
	TestCases        bool                   // calls of the development bot make cases flagged 시험 (RULES B5)
	UndoSeconds      int                    // time in which a reply can be taken back, 0 = off (RULES D7)
	Texts            map[wording.Key]string // automatic answers that differ from their default

	// Version is the state these settings were read at; a save with an older one is a conflict. 0 saves in any case.
	Version int64
}

// Privacy returns the privacy notice with the city's name and telephone filled in.
func (s Settings) Privacy() string {
	phone := s.Contact
	if phone == "" {
		phone = "대표전화"
	}
	return strings.NewReplacer("{기관}", s.City, "{전화}", phone).Replace(s.PrivacyText)
}

func defaultSettings() Settings {
	return Settings{
		City:        "우리 시",
		PrivacyText: defaultPrivacy,
		ReopenDays:  3, // RULES A4
		SettleDays:  3, // RULES A5
		OtherRule:   "immediate",
		ThanksWords: []string{
			"감사합니다", "감사해요", "감사드립니다", "정말 감사합니다", "너무 감사합니다", "고맙습니다", "고마워요", "정말 고맙습니다",
			"수고하세요", "수고하셨습니다", "수고 많으셨습니다", "네", "넵", "넹", "예", "알겠습니다", "알겠어요", "확인했습니다", "확인했어요", "안녕히 계세요",
		},
		UrgentExceptions: []string{
			"화재보험", "화재 보험", "화재예방", "화재 예방", "가스요금", "가스 요금", "가스비", "도시가스 신청", "가스검침", "가스 검침", "침수차",
		},
		TestCases: true,
		Texts:     map[wording.Key]string{},
	}
}

const defaultPrivacy = `{기관}은(는) 카카오톡 상담을 위해 다음과 같이 개인정보를 처리해요.

1. 처리 목적: 민원 접수, 처리, 결과 안내
2. 처리 항목: 카카오톡 사용자 식별값, 보내 주신 글과 사진, 직접 적어 주신 성함과 연락처
3. 보유 기간: 민원의 종류에 따른 기록물 보존기간(공공기록물법)
4. 처리 위탁과 제3자 제공: 법령에 따른 경우가 아니면 하지 않아요.
5. 권리: 열람, 정정, 삭제, 처리정지를 요구하실 수 있어요.
6. 주민등록번호, 카드번호, 계좌번호는 보내지 마세요. 보내시더라도 가려서 저장해요.

문의: {기관} {전화}`

// setting is one row: its key, where its value lives, and what must hold, as a Korean sentence or "".
type setting struct {
	key   string
	value any
	fault string
}

// rows lists the settings in the order of the page. Keys are stored, so they never change.
func (s *Settings) rows() []setting {
	return []setting{
		{"city", &s.City, badLine(s.City, 1, 20, "기관 이름")},
		{"contact", &s.Contact, badPhone(s.Contact)},
		{"duty_phone", &s.DutyPhone, badPhone(s.DutyPhone)},
		{"privacy_text", &s.PrivacyText, badLength(s.PrivacyText, 1, 20_000, "개인정보 처리 안내")},
		{"reopen_days", &s.ReopenDays, badNumber(s.ReopenDays, 0, 30, "다시 열리는 기간", "근무일")},
		{"settle_days", &s.SettleDays, badNumber(s.SettleDays, 0, 30, "자동 완료 기간", "근무일")},
		{"other_rule", &s.OtherRule, badRule(s.OtherRule)},
		{"thanks_words", &s.ThanksWords, badWords(s.ThanksWords)},
		{"urgent_exceptions", &s.UrgentExceptions, badWords(s.UrgentExceptions)},
		{"lunch_shift", &s.LunchShift, badNumber(s.LunchShift, -60, 60, "점심시간 옮기기", "분")},
		{"test_cases", &s.TestCases, ""},
		{"undo_seconds", &s.UndoSeconds, badNumber(s.UndoSeconds, 0, 30, "보내기 취소 시간", "초")},
		{"texts", &s.Texts, ""},
	}
}

// validate reports every fault at once, field by field, so that a form shows them all.
func (s *Settings) validate() error {
	fields := make(map[string]string)
	for _, row := range s.rows() {
		if row.fault != "" {
			fields[row.key] = row.fault
		}
	}
	for key, text := range s.Texts {
		if err := wording.Check(key, text); err != nil {
			fields["texts."+string(key)] = err.Error()
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Text: "설정을 저장하지 못했어요. 표시된 곳을 고쳐 주세요.", Fields: fields}
}

// Settings returns what is in force; the caller may change the copy.
func (s *DB) Settings() Settings {
	set := s.cache.Load().settings
	set.ThanksWords = slices.Clone(set.ThanksWords)
	set.UrgentExceptions = slices.Clone(set.UrgentExceptions)
	set.Texts = maps.Clone(set.Texts)
	return set
}

// Words renders what citizens read, with the city's own texts.
func (s *DB) Words() wording.Set { return s.cache.Load().words }

// SaveSettings stores what differs from the rows, with history and audit. Faults come back together as one Invalid.
func (s *DB) SaveSettings(ctx context.Context, who Actor, set Settings) error {
	if err := who.need(MayConfigure); err != nil {
		return err
	}
	set.tidy()
	if err := set.validate(); err != nil {
		return err
	}
	return s.Write(ctx, who, func(tx *Tx) error {
		stored, version, err := storedSettings(tx)
		if err != nil {
			return err
		}
		if set.Version != 0 && set.Version != version {
			return &Error{Kind: Conflict, Text: "그사이 다른 사람이 설정을 바꿨어요. 화면을 새로 고친 뒤 다시 저장해 주세요."}
		}
		want := set.rows()
		for i, row := range stored.rows() {
			was, err := json.Marshal(row.value)
			if err != nil {
				return err
			}
			is, err := json.Marshal(want[i].value)
			if err != nil {
				return err
			}
			if string(was) == string(is) {
				continue
			}
			if err := tx.saveSetting(row.key, string(is)); err != nil {
				return err
			}
			if row.key == "lunch_shift" {
				tx.calendarChanged()
			}
		}
		return nil
	})
}

// tidy takes off what a form adds: blanks around words, empty lines, texts set back to nothing.
func (s *Settings) tidy() {
	s.City, s.Contact, s.DutyPhone = strings.TrimSpace(s.City), strings.TrimSpace(s.Contact), strings.TrimSpace(s.DutyPhone)
	s.PrivacyText, s.OtherRule = strings.TrimSpace(s.PrivacyText), strings.TrimSpace(s.OtherRule)
	for _, list := range []*[]string{&s.ThanksWords, &s.UrgentExceptions} {
		words := []string{}
		for _, w := range *list {
			if w = strings.Join(strings.Fields(w), " "); w != "" && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
		*list = words
	}
	texts := make(map[wording.Key]string, len(s.Texts))
	for key, text := range s.Texts {
		// An optional text may be switched off by emptying it; any other emptied one is its default again.
		if text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")); text == wording.Default(key) || text == "" && !optional(key) {
			continue
		}
		texts[key] = text
	}
	s.Texts = texts
}

func optional(key wording.Key) bool {
	return slices.ContainsFunc(wording.Keys(), func(i wording.Info) bool { return i.Key == key && i.Optional })
}

// saveSetting writes one row, its history and its audit; readers see it after the commit.
func (tx *Tx) saveSetting(key, value string) error {
	var version int64
	if err := tx.QueryRow(`/* saveSetting */ insert into settings (key, value, changed_at, changed_by) values (?, ?, ?, ?)
		on conflict (key) do update set value = excluded.value, version = version + 1, changed_at = excluded.changed_at, changed_by = excluded.changed_by
		returning version`, key, value, ms(tx.Now), tx.Who.Label()).Scan(&version); err != nil {
		return err
	}
	if _, err := tx.Exec(`/* saveSetting */ insert into setting_history (key, value, version, changed_at, changed_by) values (?, ?, ?, ?, ?)`,
		key, value, version, ms(tx.Now), tx.Who.Label()); err != nil {
		return err
	}
	tx.refresh = true
	return tx.audit("setting", 0, key, fmt.Sprintf("version %d", version))
}

// storedSettings reads the rows over the defaults. Version is the sum of the rows' versions: it grows with every save.
func storedSettings(q querier) (set Settings, version int64, err error) {
	type row struct {
		key, value string
		version    int64
	}
	list, err := all(q, func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(&r.key, &r.value, &r.version)
	}, `/* storedSettings */ select key, value, version from settings`)
	if err != nil {
		return Settings{}, 0, err
	}
	set = defaultSettings()
	known := set.rows()
	for _, r := range list {
		i := slices.IndexFunc(known, func(s setting) bool { return s.key == r.key })
		if i < 0 {
			continue
		}
		if err := json.Unmarshal([]byte(r.value), known[i].value); err != nil {
			return Settings{}, 0, fmt.Errorf("setting %s: %w", r.key, err)
		}
		version += r.version
	}
	set.Version = version
	return set, version, nil
}

// SettingChange is one line of a setting's history. Value is JSON.
type SettingChange struct {
	Key     string
	Value   string
	Version int64
	At      time.Time
	By      string
}

// SettingHistory lists the changes of one setting, newest first, at most 200; key "" lists all of them.
func (s *DB) SettingHistory(ctx context.Context, who Actor, key string) ([]SettingChange, error) {
	if !who.Can(MayConfigure) && !who.Can(MayAudit) {
		return nil, forbidden()
	}
	return all(s.read(ctx), func(rows *sql.Rows) (c SettingChange, err error) {
		return c, rows.Scan(&c.Key, &c.Value, &c.Version, instant{&c.At}, &c.By)
	}, `/* SettingHistory */ select key, coalesce(value, ''), version, changed_at, changed_by from setting_history
		where ?1 = '' or key = ?1 order by id desc limit 200`, key)
}

func badLength(s string, least, most int, what string) string {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		if n == 0 {
			return what + " 내용을 적어 주세요."
		}
		return fmt.Sprintf("%s: %d자부터 %d자까지 적을 수 있어요.", what, least, most)
	}
	return ""
}

func badLine(s string, least, most int, what string) string {
	if strings.ContainsAny(s, "\r\n\t") {
		return what + ": 한 줄로 적어 주세요."
	}
	return badLength(s, least, most, what)
}

func badPhone(s string) string {
	if len(s) > 20 || strings.Trim(s, "0123456789-~() ") != "" {
		return "전화번호를 054-779-0000처럼 적어 주세요."
	}
	return ""
}

func badNumber(n, least, most int, what, unit string) string {
	if n < least || n > most {
		return fmt.Sprintf("%s: %d부터 %d%s까지 정할 수 있어요.", what, least, most, unit)
	}
	return ""
}

func badRule(rule string) string {
	if _, err := worktime.ParseRule(rule); err != nil {
		return err.Error()
	}
	return ""
}

func badWords(list []string) string {
	if len(list) > 200 {
		return "낱말은 200개까지 적을 수 있어요."
	}
	for _, w := range list {
		if utf8.RuneCountInString(w) > 30 {
			return "낱말은 30자까지 적을 수 있어요: " + string([]rune(w)[:30]) + "…"
		}
	}
	return ""
}
