package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"toktok/handlers/simulator"
	"toktok/store/worktime"
)

// Stage is what the scene is played on: the server's address, a token for the operators, the citizens' phones, and
// the clock that moves through every job on the way.
type Stage struct {
	URL   string
	Token string
	Phone *simulator.Simulator
	// Friends: the citizens who are friends of the channel may be so. They are not where another KakaoTalk has the
	// server's ear, which knows nothing of them: their answers wait to be asked for.
	Friends bool
	Desk    *worktime.Calendar
	Now     func() time.Time                             // service clock
	Real    func() time.Time                             // the wall's, to bound waiting
	Set     func(ctx context.Context, t time.Time) error // moves the clock, running what becomes due
}

type play struct {
	Stage
	client *http.Client
}

// Scene plays the day before and the morning of the start instant, so that the demo opens on a living office: cases in
// every state that can truly be at that hour. It ends with the clock at start.
func (st Stage) Scene(ctx context.Context, start time.Time) error {
	p := &play{Stage: st, client: &http.Client{Timeout: 5 * time.Second}}
	today := worktime.DateOf(start)
	yesterday := st.Desk.AddWorkingDays(today, -1)
	if err := p.yesterday(ctx, yesterday); err != nil {
		return fmt.Errorf("yesterday: %w", err)
	}
	if err := p.evening(ctx, yesterday, start); err != nil {
		return fmt.Errorf("evening: %w", err)
	}
	if err := p.today(ctx, today, start); err != nil {
		return fmt.Errorf("today: %w", err)
	}
	return p.Set(ctx, start)
}

// yesterday is a working day: one case with a department, one answered, one finished, one that waits for its citizen.
func (p *play) yesterday(ctx context.Context, d worktime.Date) error {
	light := p.Phone.Citizen("김하늘", p.Friends)
	passport := p.Phone.Citizen("이바다", p.Friends)
	waste := p.Phone.Citizen("박들", false)
	road := p.Phone.Citizen("최별", p.Friends)
	return p.steps(ctx, time.Time{},
		at(d, 9, 12, func() error {
			return p.report(ctx, light, "중앙로 12 앞 가로등이 사흘째 꺼져 있어요. 밤에 너무 어두워요.", "lamp", "LIGHT")
		}),
		at(d, 9, 15, func() error {
			return p.answer(ctx, light, "불편을 드려 죄송해요. 위치를 확인해서 도로과로 전달할게요.")
		}),
		at(d, 9, 20, func() error {
			return p.do(ctx, light, "/transfer", map[string]any{"department": "도로과", "reason": "가로등 수리"})
		}),
		at(d, 10, 40, func() error {
			return p.report(ctx, passport, "여권을 새로 만들려면 무엇을 가져가야 하나요?", "", "PASSPORT")
		}),
		at(d, 10, 44, func() error {
			return p.answer(ctx, passport, "시민봉사과에 신분증과 여권용 사진 1장을 가져오시면 돼요. 평일 09:00~18:00에 신청하실 수 있어요.")
		}),
		at(d, 10, 46, func() error { return p.say(ctx, passport, "감사합니다") }),
		at(d, 13, 30, func() error {
			return p.report(ctx, waste, "의자를 버리고 싶은데 어떻게 신고하나요?", "", "WASTE")
		}),
		at(d, 13, 35, func() error {
			return p.answer(ctx, waste, "대형폐기물은 시청 누리집이나 행정복지센터에서 신고하고 스티커를 붙여 내놓으시면 돼요.")
		}),
		at(d, 13, 50, func() error { return p.say(ctx, waste, "답변 확인") }),
		at(d, 14, 10, func() error { return p.do(ctx, waste, "/close", map[string]any{"text": "", "reason": "answered"}) }),
		at(d, 16, 20, func() error {
			return p.report(ctx, road, "시장 입구 보도블록이 깨져서 걸려 넘어질 뻔했어요.", "pothole", "ROAD_POTHOLE")
		}),
		at(d, 16, 26, func() error {
			return p.answer(ctx, road, "다치지는 않으셨나요? 시장 어느 쪽 입구인지 알려 주시면 바로 확인할게요.")
		}),
	)
}

// evening is after closing: what is written waits for the next opening.
func (p *play) evening(ctx context.Context, d worktime.Date, start time.Time) error {
	lamp := p.Phone.Citizen("정가람", p.Friends)
	noise := p.Phone.Citizen("한여울", false)
	return p.steps(ctx, start,
		at(d, 19, 42, func() error {
			return p.report(ctx, lamp, "공원 산책로 보안등이 깜빡거려요.", "lamp", "LIGHT")
		}),
		at(d, 21, 5, func() error {
			return p.report(ctx, noise, "집 앞 공사장이 밤에도 시끄러워요. 몇 시까지 공사할 수 있나요?", "", "NOISE")
		}),
	)
}

// today goes on until the start instant.
func (p *play) today(ctx context.Context, d worktime.Date, start time.Time) error {
	parking := p.Phone.Citizen("오나루", p.Friends)
	bus := p.Phone.Citizen("윤솔", false)
	return p.steps(ctx, start,
		&step{start.Add(-35 * time.Minute), func() error {
			return p.report(ctx, parking, "초등학교 정문 앞에 차들이 세워져 있어 아이들이 위험해요.", "", "PARKING")
		}},
		&step{start.Add(-8 * time.Minute), func() error {
			return p.report(ctx, bus, "300번 버스가 자주 늦는데 시간표가 바뀌었나요?", "", "BUS")
		}},
	)
}

type step struct {
	at time.Time
	do func() error
}

func at(d worktime.Date, hour, minute int, do func() error) *step {
	return &step{d.At(hour, minute), do}
}

// steps plays what lies before end, moving the clock to each.
func (p *play) steps(ctx context.Context, end time.Time, list ...*step) error {
	for _, s := range list {
		if !end.IsZero() && !s.at.Before(end) {
			return nil
		}
		if s.at.Before(p.Now()) {
			continue
		}
		if err := p.Set(ctx, s.at); err != nil {
			return err
		}
		if err := s.do(); err != nil {
			return fmt.Errorf("at %s: %w", worktime.Korean(s.at), err)
		}
	}
	return nil
}

// say writes as a citizen; an answer that Kakao would not show is an error.
func (p *play) say(ctx context.Context, c *simulator.Citizen, text string) error {
	turn, err := c.Say(ctx, text)
	if err == nil && turn.Refused != "" {
		err = fmt.Errorf("KakaoTalk showed nothing: %s", turn.Refused)
	}
	return err
}

// report opens a case, with a photo if one is named, and sorts it.
func (p *play) report(ctx context.Context, c *simulator.Citizen, text, photo, category string) error {
	if err := p.say(ctx, c, text); err != nil {
		return err
	}
	if photo != "" {
		picture, err := simulator.SamplePhoto(photo)
		if err != nil {
			return err
		}
		if _, err := c.Photo(ctx, picture); err != nil {
			return err
		}
	}
	return p.call(ctx, http.MethodPatch, c, "", map[string]any{"category": category})
}

// answer replies as an operator and waits until the reply is on its way or visibly waits.
func (p *play) answer(ctx context.Context, c *simulator.Citizen, text string) error {
	if err := p.do(ctx, c, "/messages", map[string]any{"kind": "reply", "text": text}); err != nil {
		return err
	}
	return p.settled(ctx, c)
}

func (p *play) do(ctx context.Context, c *simulator.Citizen, path string, body any) error {
	if err := p.call(ctx, http.MethodPost, c, path, body); err != nil {
		return err
	}
	return p.settled(ctx, c)
}

var receiptNumber = regexp.MustCompile(`\d{4}-\d{6}`)

// number is what the citizen was told on his phone.
func number(c *simulator.Citizen) (string, error) {
	for _, b := range c.Screen() {
		if n := receiptNumber.FindString(b.Text); n != "" && b.From != "citizen" {
			return n, nil
		}
	}
	return "", fmt.Errorf("%s was told no number", c.Name())
}

func (p *play) call(ctx context.Context, method string, c *simulator.Citizen, path string, body any) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	_, err = p.request(ctx, method, "/api/v1/tickets/"+n+path, body)
	return err
}

func (p *play) request(ctx context.Context, method, path string, body any) ([]byte, error) {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.URL+path, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, res.Status, strings.TrimSpace(string(out)))
	}
	return out, err
}

// settled waits, for two seconds at most, until nothing of the case is on the move: the clock must not jump away from
// an attempt under way.
func (p *play) settled(ctx context.Context, c *simulator.Citizen) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for until := p.Real().Add(2 * time.Second); p.Real().Before(until); {
		out, err := p.request(ctx, http.MethodGet, "/api/v1/tickets/"+n, nil)
		if err != nil {
			return err
		}
		if !bytes.Contains(out, []byte(`"state":"queued"`)) && !bytes.Contains(out, []byte(`"state":"sending"`)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
