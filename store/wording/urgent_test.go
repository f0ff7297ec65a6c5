package wording_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"toktok/store/hangul"
	"toktok/store/wording"
)

func TestUrgent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"가스 냄새가 나요":                        wording.Gas,
		"집에서 가스냄새나는데 어떡해요":                 wording.Gas,
		"도시가스가 새는 것 같아요":                   wording.Gas,
		"가스 누출 신고합니다":                      wording.Gas,
		"LPG 통에서 냄새가 심해요. 가스가 많이 새요":       wording.Gas,
		"가스레인지에서 가스 냄새가 나요":                wording.Gas,
		"ＬＰＧ 냄새":                           wording.Gas,
		"옆집에 불이 났어요":                       wording.Fire,
		"불났어요!!!":                          wording.Fire,
		"불이야":                              wording.Fire,
		"화재 발생했습니다 황성동":                    wording.Fire,
		"화 재 말고 산불이요 산에 연기가 나요":            wording.Fire,
		"뒷산에서 산불 난 것 같아요":                  wording.Fire,
		"전봇대에서 연기가 계속 나요":                  wording.Fire,
		"변압기가 폭발했어요":                       wording.Fire,
		"화재보험 회사 건물에 불이 났어요":               wording.Fire,
		"문화재 옆에서 화재가 났어요":                  wording.Fire,
		"쓰레기장에 불이 붙었어요":                    wording.Fire,
		"가로등 만지다 감전됐어요":                    wording.Shock,
		"놀이터 철봉에서 전기가 올라요":                 wording.Shock,
		"전선이 끊어져 있어요":                      wording.Shock,
		"전선이 길에 늘어져 있어서 위험해요":              wording.Shock,
		"누전인지 벽이 찌릿해요":                     wording.Shock,
		"지하주차장이 침수되고 있어요":                  wording.Flood,
		"하천이 범람해요":                         wording.Flood,
		"물이 계속 차오르고 있습니다":                  wording.Flood,
		"차가 물에 잠겼어요":                       wording.Flood,
		"다리에 고립됐어요":                        wording.Flood,
		"담장이 붕괴 위험이 있어요":                   wording.Collapse,
		"축대가 무너졌어요":                        wording.Collapse,
		"공사장 벽이 무너질 것 같아요":                 wording.Collapse,
		"도로에 싱크홀이 생겼어요":                    wording.Collapse,
		"비 때문에 산사태가 났습니다":                  wording.Collapse,
		"도로가 내려앉았어요":                       wording.Collapse,
		"치매 어머니가 실종됐어요":                    wording.Missing,
		"아이를 잃어버렸어요":                       wording.Missing,
		"할아버지가 없어졌어요":                      wording.Missing,
		"엄마가 안 보여요":                        wording.Missing,
		"아이가 유괴된 것 같아요":                    wording.Missing,
		"자살하고 싶어요":                         wording.Suicide,
		"죽고 싶어요":                           wording.Suicide,
		"그냥 죽고싶다":                          wording.Suicide,
		"죽고\n싶습니다":                         wording.Suicide,
		"더 이상 살고 싶지 않아요":                   wording.Suicide,
		"이제 살기 싫어요":                        wording.Suicide,
		"다리에서 뛰어내릴 거예요":                    wording.Suicide,
		"목숨을 끊겠습니다":                        wording.Suicide,
		"극단적 선택을 하려고 합니다":                  wording.Suicide,
		"유서를 썼어요":                          wording.Suicide,
		"\u110c\u1161\u1109\u1161\u11af할래": wording.Suicide,
		"불이 났는데 죽고 싶어요":                    wording.Suicide,
		"자살예방센터에 전화했는데도 죽고 싶어요":            wording.Suicide,

		"화재보험 가입 문의드려요":        "",
		"화재 보험 문의":             "",
		"가스요금이 너무 많이 나왔어요":     "",
		"가스 요금 감면 신청":          "",
		"도시가스 언제 들어오나요":        "",
		"가스레인지 버리는 방법":         "",
		"가스누출 경보기 지원 사업 문의":    "",
		"불났다는 표현은 비유예요":        "",
		"문화재 관람 시간이 궁금해요":      "",
		"무형문화재 공연":             "",
		"접수 마감 전에 되나요":         "",
		"마감전까지 신청하면 되나요":       "",
		"독감 전용 병원":             "",
		"독감전문 병원이 어디예요":        "",
		"침수차 조회는 어디서 하나요":      "",
		"상습침수 구역 개선 계획":        "",
		"멘탈붕괴네요":               "",
		"억장이 무너집니다":            "",
		"기대가 무너졌어요":            "",
		"양심이 실종됐네요":            "",
		"강아지 실종 전단지 붙여도 되나요":   "",
		"실종아동 예방 지문등록":         "",
		"자살예방 교육 신청":           "",
		"주식 투자해도 되나요":          "",
		"혼자 해결했어요":             "",
		"이 동네 살기 싫어요 쓰레기 때문에":  "",
		"유서 깊은 도시 경주":          "",
		"사유서를 썼어요":             "",
		"가로등 불이 나갔어요":          "",
		"가로등 불이 안 들어와요":        "",
		"천불이 나네요":              "",
		"발등에 불이 붙었네요":          "",
		"산불 감시원 채용 문의":         "",
		"행사 연기 문의":             "",
		"인기가 폭발했어요":            "",
		"할머니가 지갑을 잃어버렸어요":      "",
		"휴대폰이 물에 빠졌어요":         "",
		"이미아시다시피 신청했어요":        "",
		"배기가스 냄새가 심해요":         "",
		"쓰레기 타는 냄새가 나요":        "",
		"누전차단기 교체 지원되나요":       "",
		"안녕하세요 주차 문의입니다":       "",
		"👍":                    "",
		"":                     "",
		strings.Repeat("가", 9): "",
	} {
		kind, ok := wording.Urgent(text, wording.HarmlessWords())
		if kind != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, kind, ok, want)
		}
	}
}

func TestExceptionsAreTheCitysOwn(t *testing.T) {
	t.Parallel()
	if _, ok := wording.Urgent("문화재 문의", nil); !ok {
		t.Error("without exceptions 문화재 holds 화재")
	}
	if kind, ok := wording.Urgent("화재 감식반 견학 문의", []string{"화재감식반 "}); ok {
		t.Errorf("own exception ignored: %s", kind)
	}
	if kind, ok := wording.Urgent("불이 났어요", []string{"", " ", "불이 꺼"}); !ok || kind != wording.Fire {
		t.Errorf("empty exceptions: %q, %v", kind, ok)
	}
}

func TestEveryKindHasItsText(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{wording.Gas, wording.Fire, wording.Shock, wording.Flood, wording.Collapse, wording.Missing, wording.Suicide} {
		if wording.Default(wording.UrgentKey(kind)) == "" {
			t.Errorf("no text for %s", kind)
		}
	}
}

// A harmless phrase around it must not hide a cry for help, and adding exceptions never adds an alarm.
func TestExceptionsOnlyTakeAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		phrase := rapid.SampledFrom(wording.HarmlessWords()).Draw(t, "phrase")
		if kind, ok := wording.Urgent(phrase+"\n죽고 싶어요", wording.HarmlessWords()); !ok || kind != wording.Suicide {
			t.Fatalf("%q hides the danger: %q", phrase, kind)
		}
		text := rapid.StringMatching(`([가-힣]{1,3} ?|불이 났|가스 냄새|자살|문화재|마감전){0,6}`).Draw(t, "text")
		if _, with := wording.Urgent(text, wording.HarmlessWords()); with {
			if _, plain := wording.Urgent(text, nil); !plain {
				t.Fatalf("%q is urgent only with exceptions", text)
			}
		}
	})
}

func FuzzUrgent(f *testing.F) {
	f.Add("불이 났어요", "불")
	f.Add("자\xff살", "\xff")
	f.Fuzz(func(t *testing.T, text, exception string) {
		if _, ok := wording.Urgent(text, []string{exception}); ok {
			if _, plain := wording.Urgent(text, nil); !plain {
				t.Fatalf("%q without %q became urgent", text, exception)
			}
		}
	})
}

func TestThanksWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"감사합니다": true, "네 감사합니다^^": true, "넵 확인했습니다! 수고하세요~": true, "정말 감사합니다 ㅎㅎ": true, "빠른 답변 감사합니다 😊": true, "(하트)": true, "알려주셔서 감사합니다.": true,
		"답변": false, "정말": false, "감사합니다 근데 언제요": false, "네?": false, "아니요": false, "답변 언제 주시나요": false,
	} {
		if got := hangul.OnlyThanks(text, wording.ThanksWords()); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func BenchmarkUrgent(b *testing.B) {
	exceptions := wording.HarmlessWords()
	for name, text := range map[string]string{
		"short":   "황성동 현대아파트 앞 가로등이 꺼졌어요. 확인 부탁드립니다.",
		"long":    strings.Repeat("황성동 현대아파트 앞 가로등이 꺼졌어요. 확인 부탁드립니다. ", 30),
		"harmful": "문화재 옆에서 화재가 났어요",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				wording.Urgent(text, exceptions)
			}
		})
	}
}
