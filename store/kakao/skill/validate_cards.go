package skill

import (
	"encoding/json"
	"fmt"
	"strings"
)

// bubbles holds the check of each kind of bubble (§3.2). inCarousel tightens some limits.
var bubbles map[string]func(v *validator, path string, b map[string]any, inCarousel bool)

func init() { // an initialiser would be a cycle: a carousel checks its items by this table
	bubbles = map[string]func(*validator, string, map[string]any, bool){
		"simpleText":   (*validator).simpleText,
		"simpleImage":  (*validator).simpleImage,
		"textCard":     (*validator).textCard,
		"basicCard":    (*validator).basicCard,
		"commerceCard": (*validator).commerceCard,
		"listCard":     (*validator).listCard,
		"itemCard":     (*validator).itemCard,
		"carousel":     (*validator).carousel,
	}
}

func (v *validator) simpleText(path string, b map[string]any, _ bool) {
	v.required(path+".text", b["text"], MaxText)
}

func (v *validator) simpleImage(path string, b map[string]any, _ bool) {
	v.url(path+".imageUrl", b["imageUrl"])
	v.required(path+".altText", b["altText"], MaxAlt)
}

func (v *validator) textCard(path string, b map[string]any, inCarousel bool) {
	title := v.text(path+".title", b["title"], MaxTextCardTitle)
	description := v.text(path+".description", b["description"], 0)
	if strings.TrimSpace(title) == "" && strings.TrimSpace(description) == "" {
		v.add(path, "title과 description 중 하나는 있어야 해요")
	}
	most := MaxTextCard
	if inCarousel {
		most = MaxTextCardCarousel
	}
	if n := Count(title) + Count(description); n > most {
		v.add(path, "title과 description을 합해 %d자까지예요 (지금 %d자)", most, n)
	}
	v.buttons(path, b)
}

func (v *validator) basicCard(path string, b map[string]any, _ bool) {
	v.text(path+".title", b["title"], MaxBasicCardTitle)
	v.text(path+".description", b["description"], MaxBasicCardDescription)
	v.thumbnail(path+".thumbnail", b["thumbnail"])
	v.buttons(path, b)
}

func (v *validator) commerceCard(path string, b map[string]any, _ bool) {
	v.text(path+".title", b["title"], MaxCommerceTitle)
	v.text(path+".description", b["description"], MaxCommerceDescription)
	price, ok := b["price"].(json.Number)
	if _, err := price.Int64(); !ok || err != nil {
		v.add(path+".price", "정수가 꼭 있어야 해요")
	}
	if c := v.text(path+".currency", b["currency"], 0); c != "" && c != "won" {
		v.add(path+".currency", "won만 쓸 수 있어요")
	}
	for i, t := range v.list(path+".thumbnails", b["thumbnails"], 1, 1) {
		v.thumbnail(fmt.Sprintf("%s.thumbnails[%d]", path, i), t)
	}
	v.buttons(path, b)
}

func (v *validator) listCard(path string, b map[string]any, inCarousel bool) {
	if h := v.object(path+".header", b["header"]); h != nil {
		v.required(path+".header.title", h["title"], 0)
	}
	most := MaxListItems
	if inCarousel {
		most = MaxListItemsCarousel
	}
	for i, item := range v.list(path+".items", b["items"], 1, most) {
		path := fmt.Sprintf("%s.items[%d]", path, i)
		o := v.object(path, item)
		if o == nil {
			continue
		}
		v.required(path+".title", o["title"], 0)
		v.text(path+".description", o["description"], 0)
		if o["imageUrl"] != nil {
			v.url(path+".imageUrl", o["imageUrl"])
		}
		if o["action"] != nil {
			v.action(path, o, "block", "message")
		}
	}
	v.buttons(path, b)
}

func (v *validator) itemCard(path string, b map[string]any, inCarousel bool) {
	items, words := MaxItems, MaxItemCard
	if inCarousel {
		items, words = MaxItemsCarousel, MaxItemCardCarousel
	}
	for i, item := range v.list(path+".itemList", b["itemList"], 1, items) {
		path := fmt.Sprintf("%s.itemList[%d]", path, i)
		if o := v.object(path, item); o != nil {
			v.required(path+".title", o["title"], MaxItemTitle)
			v.required(path+".description", o["description"], 0)
		}
	}
	if b["head"] != nil && b["profile"] != nil {
		v.add(path, "head와 profile은 함께 쓸 수 없어요")
	}
	if b["head"] != nil {
		v.required(path+".head.title", v.object(path+".head", b["head"])["title"], 0)
	}
	if b["profile"] != nil {
		v.required(path+".profile.title", v.object(path+".profile", b["profile"])["title"], MaxItemProfile)
	}
	if s := b["itemListSummary"]; s != nil {
		o := v.object(path+".itemListSummary", s)
		v.required(path+".itemListSummary.title", o["title"], MaxItemTitle)
		v.required(path+".itemListSummary.description", o["description"], MaxItemSummary)
	}
	if a := v.text(path+".itemListAlignment", b["itemListAlignment"], 0); a != "" && a != "left" && a != "right" {
		v.add(path+".itemListAlignment", "left 또는 right여야 해요")
	}
	if b["thumbnail"] != nil {
		v.thumbnail(path+".thumbnail", b["thumbnail"])
	}
	title, description := v.text(path+".title", b["title"], 0), v.text(path+".description", b["description"], 0)
	if title == "" && description != "" {
		v.add(path+".title", "description이 있으면 title도 있어야 해요")
	}
	if n := Count(title) + Count(description); n > words {
		v.add(path, "title과 description을 합해 %d자까지예요 (지금 %d자)", words, n)
	}
	v.buttons(path, b)
}

func (v *validator) carousel(path string, b map[string]any, inCarousel bool) {
	if inCarousel {
		v.add(path, "carousel 안에 carousel을 넣을 수 없어요")
		return
	}
	kind := v.required(path+".type", b["type"], 0)
	most := MaxCarousel
	switch kind {
	case "textCard", "basicCard", "commerceCard", "itemCard":
	case "listCard":
		most = MaxCarouselList
	case "":
		return
	default:
		v.add(path+".type", "carousel에 넣을 수 없는 종류예요")
		return
	}
	for i, item := range v.list(path+".items", b["items"], 1, most) {
		path := fmt.Sprintf("%s.items[%d]", path, i)
		if o := v.object(path, item); o != nil {
			bubbles[kind](v, path, o, true)
		}
	}
	if b["header"] == nil {
		return
	}
	if kind == "textCard" || kind == "listCard" {
		v.add(path+".header", "%s carousel에는 header를 쓸 수 없어요", kind)
		return
	}
	if h := v.object(path+".header", b["header"]); h != nil {
		v.required(path+".header.title", h["title"], 0)
		v.required(path+".header.description", h["description"], 0)
		v.thumbnail(path+".header.thumbnail", h["thumbnail"])
	}
}

func (v *validator) thumbnail(path string, x any) {
	if x == nil {
		v.add(path, "꼭 있어야 해요")
		return
	}
	if t := v.object(path, x); t != nil {
		v.url(path+".imageUrl", t["imageUrl"])
		v.text(path+".altText", t["altText"], MaxAlt)
		v.boolean(path+".fixedRatio", t["fixedRatio"])
	}
}
