package wording

import (
	"strings"
	"testing"
)

// TestStemsHideNoDanger: a sentence that a pattern finds must hold a stem of its kind, or it would never be asked.
func TestStemsHideNoDanger(t *testing.T) {
	t.Parallel()
	for _, d := range dangers {
		for _, text := range []string{
			"자살하고 싶어요", "죽고 싶어요", "죽어 버리고 싶다", "살기 싫어요", "살고 싶지 않아요", "사는 게 싫어요", "극단적 선택", "극단적인 선택을", "목숨을 끊", "목을 매", "뛰어 내리고 싶", "뛰어내릴 거예요", "생을 마감하고 싶", "유서를 썼", "자해를 했", "끝내고 싶은 생각",
			"화재가 났어요", "산불", "불이야", "불이 났", "불났어요", "불 나요", "불 납니다", "불 난 것 같", "불 붙었", "불 번지", "불이 타고", "불길이", "불타고 있", "연기가 많이 나요", "폭발했", "타는 냄새", "탄 냄새",
			"가스 냄새", "lpg가 새는", "일산화탄소", "붕괴", "무너졌", "내려앉", "산사태", "싱크홀", "땅이 꺼졌", "감전", "전기가 올라", "전기 통해", "전기 흘러", "전기가 찌릿", "누전", "전선이 끊어졌",
			"침수", "범람", "물이 점점 차오르", "물이 차올라", "물에 잠겼", "물에 빠졌", "고립됐", "실종", "아이가 없어졌", "할머니가 사라지셨", "아들을 잃어버렸", "엄마가 안 보여", "아빠가 집에 안 들어", "미아를", "유괴", "납치",
		} {
			if !d.words.MatchString(text) {
				continue
			}
			if kind, found := danger(text); !found {
				t.Errorf("%q matches the patterns of %s and is not found", text, d.kind)
			} else if _, also := danger(strings.ReplaceAll(text, " ", "")); !also {
				t.Errorf("%q is %s, but not without spaces", text, kind)
			}
		}
	}
}

func BenchmarkUrgentOrdinary(b *testing.B) {
	text := strings.Repeat("학교 앞 불법주차 차량 때문에 아이들이 위험해요 쓰레기 수거가 안 됐어요 확인이 안 돼요 전기 요금 문의 ", 4)
	for b.Loop() {
		if _, ok := Urgent(text, nil); ok {
			b.Fatal("ordinary words are urgent")
		}
	}
}
