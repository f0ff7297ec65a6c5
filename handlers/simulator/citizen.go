package simulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"toktok/store/kakao/skill"
)

// Citizen is one made-up person with a KakaoTalk.
type Citizen struct {
	s        *Simulator
	id, name string

	// Guarded by s.mu.
	friend, blocked, callback bool
	screen                    []Bubble
	chips                     []skill.QuickReply
	lastBlock                 string
	lastCall                  *outgoing
}

// Who said a bubble, and how it came to the screen.
const (
	FromCitizen = "citizen"
	FromBot     = "bot"

	ViaAnswer   = "answer"   // answer to the citizen's words
	ViaWaiting  = "waiting"  // waiting text of a callback block
	ViaCallback = "callback" // posted to the callback address
	ViaEvent    = "event"    // pushed by the Event API
)

// Bubble is one thing on the citizen's screen.
type Bubble struct {
	ID       int64          `json:"id"`
	At       time.Time      `json:"at"` // clock of the service
	From     string         `json:"from"`
	Via      string         `json:"via,omitempty"`
	Kind     string         `json:"kind"` // simpleText, simpleImage, textCard, … as Kakao names them; photo for the citizen's own
	Title    string         `json:"title,omitempty"`
	Text     string         `json:"text,omitempty"`
	ImageURL string         `json:"image_url,omitempty"`
	Buttons  []skill.Button `json:"buttons,omitempty"`
	Unseen   string         `json:"unseen,omitempty"` // of the citizen's own: why no answer was shown
}

// Turn is what came back for one thing the citizen did.
type Turn struct {
	Bubbles      []Bubble           `json:"bubbles"`
	QuickReplies []skill.QuickReply `json:"quick_replies"`
	Waiting      bool               `json:"waiting"`           // the answer will come through the callback address
	Status       int                `json:"status"`            // HTTP status of the skill, 0 if there was none
	Refused      string             `json:"refused,omitempty"` // why nothing was shown
	Opened       string             `json:"opened,omitempty"`  // link or number a button opened; the skill hears nothing of it
	RequestID    string             `json:"request_id"`
	TookMS       int64              `json:"took_ms"`
}

// Text returns the words of the bubbles, one below the other.
func (t Turn) Text() string {
	var parts []string
	for _, b := range t.Bubbles {
		for _, p := range []string{b.Title, b.Text} {
			if p != "" {
				parts = append(parts, p)
			}
		}
	}
	return strings.Join(parts, "\n")
}

// ID returns the id of the citizen in the JSON API.
func (c *Citizen) ID() string { return c.id }

// Name returns the citizen's made-up name. Kakao does not tell it to the skill.
func (c *Citizen) Name() string { return c.name }

// Key returns the bot user key, which is another one in the development bot (§1.5).
func (c *Citizen) Key() string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.keyIn(c.s.botLocked())
}

func (c *Citizen) keyIn(bot string) string {
	sum := digest("botUserKey", bot, c.name)
	return sum + sum[:2] // real ones have about 66 characters
}

func (c *Citizen) channelKeyIn(bot string) string {
	return "P" + digest("plusfriendUserKey", bot, c.name)[:11]
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Say types text into the chat room. The error is a *RefusedError if the citizen saw no answer.
func (c *Citizen) Say(ctx context.Context, text string) (Turn, error) {
	c.show(FromCitizen, nil, Bubble{Kind: "simpleText", Text: text})
	return c.send(ctx, input{utterance: text, trigger: "TEXT_INPUT"})
}

// Photo sends a picture straight into the chat room: the skill gets a link that expires (§2.1).
func (c *Citizen) Photo(ctx context.Context, picture []byte) (Turn, error) {
	p, err := c.s.addPhoto(picture)
	if err != nil {
		return Turn{}, err
	}
	c.show(FromCitizen, nil, Bubble{Kind: "photo", ImageURL: viewPath + p.id})
	link := c.s.photoLink(p)
	media, err := json.Marshal(map[string]string{"type": "image", "url": link})
	if err != nil {
		return Turn{}, fmt.Errorf("simulator: photo: %w", err)
	}
	return c.send(ctx, input{utterance: link, trigger: "IMAGE_UPLOAD", params: map[string]json.RawMessage{"media": media}})
}

// SecurePhotos sends pictures through the secure image plugin (§2.3).
func (c *Citizen) SecurePhotos(ctx context.Context, pictures ...[]byte) (Turn, error) {
	if len(pictures) == 0 || len(pictures) > 10 { // §2.3: up to 10 images
		return Turn{}, fmt.Errorf("%w: 1–10 pictures", ErrNoPhoto)
	}
	var links []string
	for _, picture := range pictures {
		p, err := c.s.addPhoto(picture)
		if err != nil {
			return Turn{}, err
		}
		c.show(FromCitizen, nil, Bubble{Kind: "photo", ImageURL: viewPath + p.id})
		links = append(links, c.s.photoLink(p))
	}
	param, err := json.Marshal(map[string]string{
		"privacyAgreement": "Y", "imageQuantity": fmt.Sprint(len(links)),
		"secureUrls": "List(" + strings.Join(links, ", ") + ")",
		"expire":     c.s.opt.Now().Add(photoLife).Format("2006-01-02T15:04:05-0700"),
	})
	if err != nil {
		return Turn{}, fmt.Errorf("simulator: secure photos: %w", err)
	}
	return c.send(ctx, input{utterance: "이미지 전송 완료", block: secureBlock, trigger: "CARD_BUTTON_BLOCK", action: map[string]string{"secureimage": string(param)}})
}

// Tap presses the quick reply or, newest first, the button with that label. Buttons of old bubbles stay alive, quick
// replies go with the next answer.
func (c *Citizen) Tap(ctx context.Context, label string) (Turn, error) {
	return c.tap(ctx, 0, label)
}

func (c *Citizen) tap(ctx context.Context, bubble int64, label string) (Turn, error) {
	b, card, ok := c.find(bubble, label)
	if !ok {
		return Turn{}, ErrNoButton
	}
	kind := "QUICKREPLY_BUTTON"
	if card {
		kind = "CARD_BUTTON"
	}
	in := input{extra: b.Extra}
	switch b.Action {
	case skill.ActionMessage:
		in.utterance, in.trigger = b.MessageText, kind+"_MESSAGE"
	case skill.ActionBlock:
		in.utterance, in.trigger, in.block = b.MessageText, kind+"_BLOCK", b.BlockID
		if in.utterance == "" {
			in.utterance = b.Label // §3.2: messageText is shown as the user's words, else the label
		}
	case skill.ActionLink:
		return Turn{Opened: b.WebLinkURL}, nil
	case skill.ActionPhone:
		return Turn{Opened: "tel:" + b.PhoneNumber}, nil
	default:
		return Turn{}, ErrNoButton
	}
	c.show(FromCitizen, nil, Bubble{Kind: "simpleText", Text: in.utterance})
	return c.send(ctx, in)
}

func (c *Citizen) find(bubble int64, label string) (b skill.Button, card, ok bool) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if bubble == 0 {
		for _, q := range c.chips {
			if q.Label == label {
				return skill.Button{Label: q.Label, Action: q.Action, MessageText: q.MessageText, BlockID: q.BlockID, Extra: q.Extra}, false, true
			}
		}
	}
	for _, shown := range slices.Backward(c.screen) {
		if bubble != 0 && shown.ID != bubble {
			continue
		}
		for _, b := range shown.Buttons {
			if b.Label == label {
				return b, true, true
			}
		}
	}
	return skill.Button{}, false, false
}

// Repeat sends the last call once more with the same X-Request-Id, as a network might.
func (c *Citizen) Repeat(ctx context.Context) (Turn, error) {
	c.s.mu.Lock()
	last := c.lastCall
	c.s.mu.Unlock()
	if last == nil {
		return Turn{}, errors.New("simulator: nothing was sent yet")
	}
	return c.deliver(ctx, last)
}

// AddChannel makes the citizen a friend of the channel, and unblocks it.
func (c *Citizen) AddChannel() { c.set(func() { c.friend, c.blocked = true, false }) }

// LeaveChannel ends the friendship.
func (c *Citizen) LeaveChannel() { c.set(func() { c.friend = false }) }

// Block blocks the channel: nothing can be pushed, and isFriend is missing from then on (§1.5).
func (c *Citizen) Block() { c.set(func() { c.blocked = true }) }

// Unblock ends it.
func (c *Citizen) Unblock() { c.set(func() { c.blocked = false }) }

// SetCallback switches the callback option of the citizen's block: only then does the skill get a callbackUrl (§4).
func (c *Citizen) SetCallback(on bool) { c.set(func() { c.callback = on }) }

func (c *Citizen) set(change func()) {
	c.s.mu.Lock()
	change()
	c.s.mu.Unlock()
	c.s.notify(notice{Topic: "state", Citizen: c.id})
}

// Screen returns everything the citizen sees, oldest first.
func (c *Citizen) Screen() []Bubble {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return slices.Clone(c.screen)
}

// QuickReplies returns the chips under the last answer.
func (c *Citizen) QuickReplies() []skill.QuickReply {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return slices.Clone(c.chips)
}

// show puts bubbles of one speaker on the screen, with the quick replies below them, and returns them as they stand there.
func (c *Citizen) show(from string, chips []skill.QuickReply, bubbles ...Bubble) []Bubble {
	c.s.mu.Lock()
	at := c.s.opt.Clock()
	for i := range bubbles {
		b := &bubbles[i]
		b.ID, b.At, b.From = c.s.nextIDLocked(), at, from
		c.screen = append(c.screen, *b)
	}
	if n := len(c.screen) - maxScreen; n > 0 {
		c.screen = slices.Delete(c.screen, 0, n)
	}
	c.chips = chips
	c.s.mu.Unlock()
	c.s.notify(notice{Topic: "screen", Citizen: c.id})
	return bubbles
}

// showAnswer puts an answer's bubbles and quick replies on the screen.
func (c *Citizen) showAnswer(via string, a *skill.Answer) []Bubble {
	bubbles := make([]Bubble, 0, len(a.Outputs))
	for _, o := range a.Outputs {
		b := Bubble{Kind: o.Kind(), Via: via}
		switch o := o.(type) {
		case skill.SimpleText:
			b.Text = o.Text
		case skill.SimpleImage:
			b.Text, b.ImageURL = o.AltText, o.ImageURL
		case skill.TextCard:
			b.Title, b.Text, b.Buttons = o.Title, o.Description, o.Buttons
		case skill.Other:
			var card struct{ Title, Description string }
			_ = json.Unmarshal(o.Raw, &card) // shown by its kind if it has no words
			b.Title, b.Text = card.Title, card.Description
		}
		bubbles = append(bubbles, b)
	}
	return c.show(FromBot, a.QuickReplies, bubbles...)
}
