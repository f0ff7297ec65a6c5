package desk

import (
	"net/http"
	"strings"

	"toktok/handlers/web"
)

// KakaoPage shows what is entered at Kakao's side, and whether anything came from there. It also tells what to do about
// Kakao's own 1:1 inbox, which cannot be switched off (RULES C6).
type KakaoPage struct {
	Base
	Sections []NavItem
	Values   []CopyValue
	Bots     string
	Event    bool
	LastIn   string
	Test     []Fact // the last call of the bot test; nil = none
	Absence  string // text for Kakao's own inbox
	Problem  string
}

// CopyValue is a value to copy, with where it goes.
type CopyValue struct{ ID, Label, Value, Hint string }

func (d *Desk) kakao(w http.ResponseWriter, r *http.Request, sc *web.Scope) error {
	b, err := d.base(w, r, sc, "카카오 연결", placeSettings)
	if err != nil {
		return err
	}
	st, err := d.db.Status(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	out := d.db.Outside()
	p := KakaoPage{Base: b, Sections: sectionsAt("/settings/kakao"), Bots: strings.Join(out.BotIDs, ", "), Event: out.EventReady, LastIn: atWords(st.NewestIn)}
	if out.PublicURL == "" {
		p.Problem = "공개 주소(TOKTOK_PUBLIC_URL)가 정해지지 않았어요. 서버 설정에 적고 다시 시작해 주세요."
	}
	add := func(id, label, value, hint string) {
		if value != "" {
			p.Values = append(p.Values, CopyValue{id, label, value, hint})
		}
	}
	base := strings.TrimRight(out.PublicURL, "/")
	if base != "" {
		add("skill", "스킬 URL", base+"/kakao/skill", "챗봇 관리자센터 → 스킬 → 스킬 추가 → URL")
	}
	add("header", "헤더 이름", "X-Toktok-Key", "같은 화면의 헤더값 입력. 값은 서버의 TOKTOK_SKILL_KEY와 같게 적어요.")
	add("event", "이벤트 이름", out.EventName, "이벤트 블록의 이름. 이 블록에도 같은 스킬을 연결해요.")
	add("block", "이벤트 블록 ID", out.EventBlock, "서버의 TOKTOK_KAKAO_EVENT_BLOCK에 적혀 있어요.")
	if base != "" {
		add("privacy", "개인정보 처리 안내", base+"/privacy", "채널 소개와 웰컴 블록에 넣어 주세요.")
	}
	test, err := d.db.LastKakaoTest(r.Context(), sc.Actor)
	if err != nil {
		return err
	}
	if !test.At.IsZero() {
		p.Test = []Fact{{"때", atWords(test.At)}, {"챗봇 ID", test.Bot}, {"블록 ID", test.Block}, {"화면", test.Surface}, {"사용자 종류", test.UserType}}
	}
	p.Absence = b.City + "입니다. 1:1 채팅으로는 민원을 받지 않아요.\n" +
		"채팅방 메뉴에서 챗봇으로 돌아가 글을 남겨 주시면 접수번호를 바로 알려 드려요."
	if set := d.db.Settings(); set.Contact != "" {
		p.Absence += "\n급한 일은 " + set.Contact + "로 전화해 주세요."
	}
	return d.show(w, http.StatusOK, "kakao", p)
}
