package wording

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"toktok/store/hangul"
)

// The kinds of danger that Urgent finds.
const (
	Gas      = "gas"
	Fire     = "fire"
	Shock    = "shock"
	Flood    = "flood"
	Collapse = "collapse"
	Missing  = "missing"
	Suicide  = "suicide"
)

// UrgentKey returns the text that answers danger of this kind.
func UrgentKey(kind string) Key { return Key("urgent_" + kind) }

// dangers are tried in this order: where two are named, the first is answered. A space in a pattern may
// be missing in the text; no other space may be added, or "접수 마감 전" would be an electric shock.
// stems holds a piece of every pattern, white space left out: nearly all messages hold none, which is quick to see,
// while a pattern costs tens of microseconds on a long text.
var dangers = []struct {
	kind  string
	stems []string
	words *regexp.Regexp
}{
	{Suicide, []string{
		"자살", "죽고싶", "죽어버", "죽을래", "살기싫", "살고싶지않", "사는게싫", "극단적", "목숨을끊", "목을매", "목을맬", "뛰어내리", "뛰어내릴", "투신",
		"생을마감", "번개탄", "유서", "자해", "끝내고싶은",
	}, words(
		`자살`, `죽고 싶`, `죽어 버리고 싶`, `죽어 버릴`, `죽을래`, `살기 싫`, `살고 싶지 않`, `사는 게 싫`, `극단적인? 선택`,
		`목숨을 끊`, `목을 매`, `목을 맬`, `뛰어 내리고 싶`, `뛰어 내릴`, `뛰어 내리려`, `뛰어 내리겠`, `투신`, `생을 마감하고 싶`, `번개탄`,
		`(?:^|\s)유서(?:를|을)? (?:썼|쓰고|쓴|남기|남겼)`, `(?:^|\s)자해(?:를|하|했|할)`, `끝내고 싶은 생각`,
	)},
	{Fire, []string{"화재", "산불", "불이", "불났", "불나", "불납", "불난", "불붙", "불번", "불타", "불길이", "연기가", "폭발", "타는냄새", "탄냄새"}, words(
		`화재`, `산불`, `불이야`, `불이? (?:났|나요|나네|나고 있|납니다|난 것|난거|붙었|붙어|번지|번져|타고)`, `불길이`, `불타고 있`, `연기가 (?:많이 |계속 |자꾸 )?(?:나|납|났|올라|피어|차)`,
		`폭발(?:했|하려|할|음|사고|이)`, `타는 냄새`, `탄 냄새`,
	)},
	{Gas, []string{"가스", "lpg", "lng", "일산화"}, words(
		`(?:가스|lpg|lng)(?:가|이|에서)? (?:[가-힣]{1,5} )?(?:냄새|누출|누설|유출|새는|새고|새어|새요|샌|샙|폭발|터졌|터질|중독|가득)`, `일산화탄소`,
	)},
	{Collapse, []string{"붕괴", "무너", "내려앉", "산사태", "싱크홀", "땅이꺼"}, words(`붕괴`, `무너졌`, `무너지`, `무너질`, `무너져`, `무너진`, `내려앉`, `산사태`, `싱크홀`, `땅이 꺼졌`, `땅이 꺼지`)},
	{Shock, []string{"감전", "전기가올", "전기가통", "전기가흘", "전기가찌", "전기올", "전기통", "전기흘", "전기찌", "누전", "전선이"}, words(`감전`, `전기가? (?:올라|올랐|통해|흘러|찌릿)`, `누전`, `전선이 (?:[가-힣]{1,4} )?(?:끊어져|끊어졌|늘어져|떨어져|떨어졌)`)},
	{Flood, []string{"침수", "범람", "차오르", "차올라", "물에잠", "물에빠", "고립"}, words(`침수`, `범람`, `물이 (?:[가-힣]{1,4} )?차오르`, `물이 (?:[가-힣]{1,4} )?차올라`, `물에 잠겼`, `물에 잠기`, `물에 잠긴`, `물에 빠졌`, `물에 빠진`, `고립(?:됐|되었|되어|돼)`)},
	{Missing, []string{"실종", "없어졌", "없어지셨", "사라졌", "사라지셨", "잃어버렸", "안보여", "안보이", "안들어", "미아", "유괴", "납치"}, words(
		`실종`, family+`(?:가|이|께서)? (?:없어졌|없어지셨|사라졌|사라지셨)`, family+`(?:를|을)? 잃어버렸`, family+`(?:가|이|께서) (?:안 보여|안 보이|집에 안 들어)`,
		`미아(?:가|를|예요|입니다|신고|보호)`, `유괴`, `납치`,
	)},
}

const family = `(?:아이|아들|딸|아기|손자|손녀|남편|아내|어머니|아버지|엄마|아빠|할머니|할아버지|어르신)`

// words joins patterns; a space stands for any white space or none.
func words(patterns ...string) *regexp.Regexp {
	for i, p := range patterns {
		patterns[i] = strings.ReplaceAll(p, " ", `\s*`)
	}
	return regexp.MustCompile(strings.Join(patterns, "|"))
}

// HarmlessWords returns the exceptions as delivered: words and phrases that hold a word of danger and
// mean none. White space in them does not matter.
func HarmlessWords() []string { return slices.Clone(harmless) }

var harmless = []string{
	// 가스
	"가스요금", "가스비", "가스레인지", "가스렌지", "가스누출경보기", "가스누출차단기", "가스누출감지기", "가스누설경보기", "가스중독예방", "배기가스", "온실가스",
	"가스폭발예방", "일산화탄소경보기", "일산화탄소감지기",
	// 화재
	"문화재", "화재보험", "화재예방", "화재안전", "화재훈련", "화재대피훈련", "화재감지기", "화재경보기설치", "화재경보기지원", "화재경보기구입", "화재경보기교체", "화재증명",
	"화재피해지원", "소화재", "산불조심", "산불예방", "산불감시", "산불진화대모집", "산불진화대원모집", "산불강조기간", "산불기간", "열불", "천불", "발등에불", "전화통에불", "전화기에불",
	"불났다는표현", "불이나갔", "불이나가", "불이나간", "연기가나쁜", "쓰레기타는냄새", "폭발이적", "인기가폭발", "인기폭발", "수요가폭발", "분노가폭발", "감정이폭발",
	// 감전
	"마감전", "영감전", "독감전", "공감전", "체감전", "감전동", "감전예방", "감전주의", "누전차단기", "누전점검",
	// 침수
	"침수이력", "침수차", "침수예방", "침수방지", "침수지도", "침수흔적", "침수보험", "침수피해지원", "침수지원금", "상습침수", "침수조회", "범람지도", "폰이물에빠",
	// 붕괴
	"멘탈붕괴", "멘탈이무너", "억장이무너", "마음이무너", "가슴이무너", "기대가무너", "신뢰가무너", "희망이무너", "가정붕괴", "경제붕괴", "경제가무너", "상권붕괴", "상권이무너",
	"의료붕괴", "교육붕괴", "질서가무너", "먼지가내려앉", "꽃가루가내려앉", "붕괴예방", "산사태예방", "산사태취약", "산사태위험지도",
	// 실종
	"실종예방", "실종아동예방", "양심실종", "양심이실종", "상식이실종", "실종신고방법", "실종경보문자", "강아지실종", "고양이실종", "반려견실종", "반려동물실종", "강아지가실종", "고양이가실종",
	"미아신고방법", "미아방지", "미아예방",
	// 자살
	"자살예방", "자살률", "자살율", "자살골", "자살방지", "자살유족", "에투신", "투신자판기", "혼자해", "각자해", "투자해",
	"동네살기싫", "동네에살기싫", "여기살기싫", "여기서살기싫", "이곳살기싫", "경주살기싫", "경주에살기싫", "번개탄을피우지", "번개탄판매",
}

// Urgent reports whether text tells of danger, and of which kind. Phrases of exceptions are taken out
// first, so "화재보험" is harmless and "화재보험 회사에 불이 났어요" is not.
func Urgent(text string, exceptions []string) (kind string, ok bool) {
	text = strings.ToValidUTF8(hangul.Fold(text), "|")
	if _, found := danger(text); !found {
		return "", false // as nearly always: exceptions take away, never add
	}
	return danger(without(text, exceptions))
}

func danger(text string) (kind string, found bool) {
	hinted := hints(text)
	for i, d := range dangers {
		if hinted&(1<<i) != 0 && d.words.MatchString(text) {
			return d.kind, true
		}
	}
	return "", false
}

// stemsBy holds the stems of all dangers by their first letter, with the place of their danger.
var stemsBy = func() map[rune][]stem {
	by := map[rune][]stem{}
	for i, d := range dangers {
		for _, s := range d.stems {
			first, _ := utf8.DecodeRuneInString(s)
			by[first] = append(by[first], stem{s, i})
		}
	}
	return by
}()

type stem struct {
	text   string
	danger int
}

// firstLetters marks the syllables some stem begins with: one look at a bit spares nearly every look-up.
var firstLetters = func() (set [('힣' - '가' + 64) / 64]uint64) {
	for r := range stemsBy {
		if r >= '가' && r <= '힣' {
			set[(r-'가')/64] |= 1 << ((r - '가') % 64)
		}
	}
	return set
}()

// hints returns a bit for each danger of which text holds a stem, white space left out, in one pass.
func hints(text string) (found uint) {
	for i, r := range text {
		syllable := r >= '가' && r <= '힣'
		if syllable && firstLetters[(r-'가')/64]&(1<<((r-'가')%64)) == 0 || !syllable && r != 'l' {
			continue
		}
		for _, s := range stemsBy[r] {
			if hasDensePrefix(text[i:], s.text) {
				found |= 1 << s.danger
			}
		}
	}
	return found
}

// hasDensePrefix reports whether text begins with prefix when its white space is left out.
func hasDensePrefix(text, prefix string) bool {
	for _, want := range prefix {
		for {
			got, size := utf8.DecodeRuneInString(text)
			text = text[size:]
			if got == want {
				break
			}
			if size == 0 || !unicode.IsSpace(got) {
				return false
			}
		}
	}
	return true
}

// without replaces every occurrence of the phrases in s, white space apart, by a mark that no pattern
// crosses.
func without(s string, phrases []string) string {
	dense, at := compact(s)
	var cut []bool
	for _, p := range phrases {
		p, _ := compact(hangul.Fold(p))
		if p == "" {
			continue
		}
		for from := 0; ; {
			i := strings.Index(dense[from:], p)
			if i < 0 {
				break
			}
			if cut == nil {
				cut = make([]bool, len(s))
			}
			from += i
			for k := at[from]; k <= at[from+len(p)-1]; k++ {
				cut[k] = true
			}
			from += len(p)
		}
	}
	if cut == nil {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch {
		case !cut[i]:
			b.WriteByte(s[i])
		case i == 0 || !cut[i-1]:
			b.WriteByte('|')
		}
	}
	return b.String()
}

// compact returns s without white space, and for each byte of it its place in s.
func compact(s string) (string, []int) {
	var b strings.Builder
	at := make([]int, 0, len(s))
	for i, r := range s {
		if unicode.IsSpace(r) {
			continue
		}
		n := b.Len()
		b.WriteRune(r)
		for k := range b.Len() - n {
			at = append(at, i+k)
		}
	}
	return b.String(), at
}

// ThanksWords returns the words of bare thanks and assent as delivered (RULES A6), for hangul.OnlyThanks.
func ThanksWords() []string { return slices.Clone(thanks) }

var thanks = []string{
	"감사합니다", "감사해요", "감사드립니다", "감사드려요", "고맙습니다", "고마워요", "고마워", "정말감사합니다", "정말감사드립니다", "정말고맙습니다", "정말감사해요", "너무감사합니다", "너무감사드려요",
	"너무고맙습니다", "대단히감사합니다", "답변감사합니다", "답변감사드립니다", "답변고맙습니다", "빠른답변감사합니다", "빠른답변감사드립니다", "친절한답변감사합니다", "빠른처리감사합니다",
	"도와주셔서감사합니다", "알려주셔서감사합니다", "안내감사합니다", "수고하세요", "수고하십시오",
	"수고하셨습니다", "수고많으십니다", "수고많으세요", "고생하세요", "고생하셨습니다", "고생많으십니다", "좋은하루되세요", "좋은하루보내세요", "네", "넵", "넹", "넴", "예", "옙", "네에", "넵넵",
	"알겠습니다", "알겠어요", "알겠음", "확인했습니다", "확인했어요", "확인하였습니다", "잘알겠습니다", "잘받았습니다", "이해했습니다", "그렇군요", "아하", "오케이", "ok", "okay", "thanks", "thankyou",
	"ㅇㅋ", "ㅇㅇ", "ㄱㅅ", "ㄳ", "땡큐", "(하트)", "(굿)", "(최고)", "(이모티콘)",
}
