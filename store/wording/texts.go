package wording

// The texts, named after when they are said. Rows are those of RULES A.
const (
	ReceiptOpen           Key = "receipt_open"            // row 1
	ReceiptOpenLate       Key = "receipt_open_late"       // row 1, an answer today is not sure (C3)
	ReceiptGap            Key = "receipt_gap"             // row 1 in a gap of the day (E3)
	ReceiptClosed         Key = "receipt_closed"          // row 2
	ReceiptClosedPeriod   Key = "receipt_closed_period"   // rows 6 and 7 while closed, once a period
	ReceiptShort          Key = "receipt_short"           // rows 3, 4, 5, and 7 while open
	ReceiptReview         Key = "receipt_review"          // row 9
	ReceiptReopened       Key = "receipt_reopened"        // row 10 while open
	ReceiptReopenedClosed Key = "receipt_reopened_closed" // row 10 while closed
	ReceiptFollows        Key = "receipt_follows"         // row 11 while open
	ReceiptFollowsClosed  Key = "receipt_follows_closed"  // row 11 while closed
	PhotoReceived         Key = "photo_received"          // a photo on a case that has had its receipt
	Thanks                Key = "thanks"                  // row 8

	NotFriendHint Key = "not_friend_hint" // C3, where the channel can push
	NoPushHint    Key = "no_push_hint"    // C3, where nothing can be pushed to anyone
	AddChannel    Key = "add_channel"
	PrivacyFirst  Key = "privacy_first" // last line of the very first receipt
	Masked        Key = "masked"        // B2, once

	UrgentGas      Key = "urgent_gas"
	UrgentFire     Key = "urgent_fire"
	UrgentShock    Key = "urgent_shock"
	UrgentFlood    Key = "urgent_flood"
	UrgentCollapse Key = "urgent_collapse"
	UrgentMissing  Key = "urgent_missing"
	UrgentSuicide  Key = "urgent_suicide"

	ClosingLine Key = "closing_line" // row 16
	OpeningLine Key = "opening_line" // row 17
	CallbackEnd Key = "callback_end" // D4

	AcceptNotice     Key = "accept_notice"      // row 27
	DueNotice        Key = "due_notice"         // row 28
	TransferNotice   Key = "transfer_notice"    // row 29
	TransferOnNotice Key = "transfer_on_notice" // row 32
	ResultNotice     Key = "result_notice"      // row 39
	CloseDeclined    Key = "close_declined"     // row 41, 민원처리법 §21
	ReopenedNotice   Key = "reopened_notice"    // row 46

	WithdrawAsk   Key = "withdraw_ask" // row 14, before the button
	Withdrawn     Key = "withdrawn"    // row 14
	Status        Key = "status"       // row 15
	StatusMany    Key = "status_many"
	StatusLine    Key = "status_line"
	StatusNone    Key = "status_none"
	StatusUnknown Key = "status_unknown_number"
	PickupNone    Key = "pickup_none"
	AlreadyShown  Key = "already_shown" // D3
	OldButton     Key = "old_button"

	TooMany          Key = "too_many"        // B7
	RefusedDay       Key = "refused_day"     // B7
	BlockedCitizen   Key = "blocked_citizen" // B7
	Quarantined      Key = "quarantined"     // B3
	Overload         Key = "overload"
	NotStored        Key = "not_stored"
	Unconfirmed      Key = "unconfirmed"
	WrongBot         Key = "wrong_bot" // B5
	EmptyMessage     Key = "empty_message"
	UnsupportedMedia Key = "unsupported_media"
	PhotoExpired     Key = "photo_expired" // B8
)

// Info describes one text for the settings page and for Check.
type Info struct {
	Key      Key
	Group    string   // heading on the settings page
	Title    string   // when it is said
	Default  string   // the text as delivered
	Vars     []Var    // what it may use
	Limit    int      // KakaoTalk characters with the longest values
	Optional bool     // may be empty: then nothing is said
	Keep     []string // words no version may do without
	First    string   // the number that must stand before any other
}

// Var is a variable a text may use, for the settings page.
type Var struct {
	Name   string // as typed between braces
	Title  string
	Needed bool // the text must contain it
}

func (i Info) allows(name string) bool {
	for _, v := range i.Vars {
		if v.Name == name {
			return true
		}
	}
	return false
}

// Default returns the text as delivered, with its variables in braces; "" if k is no text.
func Default(k Key) string { return byKey[k].Default }

// Keys lists all texts in the order of the settings page. Callers must not change what the slices hold.
func Keys() []Info { return append([]Info(nil), texts...) }

var byKey = func() map[Key]Info {
	m := make(map[Key]Info, len(texts))
	for _, i := range texts {
		m[i.Key] = i
	}
	return m
}()

// Limits in KakaoTalk characters. A bubble folds past 500 and ends at 1000 (kakao-chatbot.md §3.2);
// receipt, mask line, hint and privacy line share one bubble.
const (
	bubbleLimit  = 480
	receiptLimit = 350
	lineLimit    = 120
	privacyLimit = 300
	labelLimit   = 80
)

// vars lists variables; a ! in front marks those the text needs.
func vars(names ...string) []Var {
	list := make([]Var, 0, len(names))
	for _, n := range names {
		needed := n[0] == '!'
		if needed {
			n = n[1:]
		}
		x, _ := variableNamed(n)
		list = append(list, Var{Name: n, Title: x.title, Needed: needed})
	}
	return list
}

const (
	groupReceipt = "접수 안내"
	groupHint    = "덧붙이는 안내"
	groupUrgent  = "긴급 안내"
	groupAuto    = "자동 안내"
	groupNotice  = "처리 알림"
	groupAsk     = "물어볼 때"
	groupRefuse  = "받지 못할 때"
)

var texts = []Info{
	{Key: ReceiptOpen, Group: groupReceipt, Title: "새 민원 (업무시간)", Limit: receiptLimit, Vars: vars("!접수번호", "분", "도시"), Default: `접수번호 {접수번호}
상담원이 확인하고 답해 드려요.
보통 {분}분 안에 답해요.`},
	{Key: ReceiptOpenLate, Group: groupReceipt, Title: "새 민원 (오늘 답변이 어려울 수 있을 때)", Limit: receiptLimit, Vars: vars("!접수번호", "!마감", "!다음업무", "도시"), Default: `접수번호 {접수번호}
상담원이 차례로 확인해요.
오늘 {마감}까지 답하지 못하면 {다음업무}에 이어서 답해요.`},
	{Key: ReceiptGap, Group: groupReceipt, Title: "새 민원 (점심 등 쉬는 시간)", Limit: receiptLimit, Vars: vars("!접수번호", "!다음업무", "도시"), Default: `접수번호 {접수번호}
지금은 쉬는 시간이에요. {다음업무}부터 차례로 확인해요.`},
	{Key: ReceiptClosed, Group: groupReceipt, Title: "새 민원 (업무시간 밖)", Limit: receiptLimit, Vars: vars("!접수번호", "!다음업무", "당직실", "도시"), Keep: []string{"112", "119"}, Default: `접수번호 {접수번호}
지금은 상담 시간이 아니에요. {다음업무}부터 차례로 확인해요.
급하고 위험한 일은 112·119로 바로 신고해 주세요.
당직실: {당직실}`},
	{Key: ReceiptClosedPeriod, Group: groupReceipt, Title: "이어진 글 (업무시간 밖, 한 번만)", Limit: receiptLimit, Vars: vars("접수번호", "!다음업무", "당직실"), Keep: []string{"112", "119"}, Default: `✓ 받았어요
지금은 상담 시간이 아니에요. {다음업무}부터 이어서 확인해요.
급하고 위험한 일은 112·119로 바로 신고해 주세요.
당직실: {당직실}`},
	{Key: ReceiptShort, Group: groupReceipt, Title: "이어진 글", Limit: lineLimit, Vars: vars("접수번호"), Default: `✓ 받았어요`},
	{Key: ReceiptReview, Group: groupReceipt, Title: "이어진 글 (부서 처리 중)", Limit: receiptLimit, Vars: vars("접수번호", "!부서", "처리기한", "연락처"), Default: `✓ 받았어요
{부서}에 함께 전달했어요.
처리기한: {처리기한}`},
	{Key: ReceiptReopened, Group: groupReceipt, Title: "다시 연 민원 (업무시간)", Limit: receiptLimit, Vars: vars("!접수번호", "회차", "분", "마감", "다음업무"), Default: `접수번호 {접수번호}
같은 번호로 다시 열었어요. ({회차}회차)
상담원이 이어서 확인해요.
보통 {분}분 안에 답해요.
오늘 {마감}까지 답하지 못하면 {다음업무}에 이어서 답해요.`},
	{Key: ReceiptReopenedClosed, Group: groupReceipt, Title: "다시 연 민원 (업무시간 밖)", Limit: receiptLimit, Vars: vars("!접수번호", "회차", "!다음업무", "당직실"), Keep: []string{"112", "119"}, Default: `접수번호 {접수번호}
같은 번호로 다시 열었어요. ({회차}회차)
지금은 상담 시간이 아니에요. {다음업무}부터 이어서 확인해요.
급하고 위험한 일은 112·119로 바로 신고해 주세요.
당직실: {당직실}`},
	{Key: ReceiptFollows, Group: groupReceipt, Title: "끝난 민원에 이은 새 민원 (업무시간)", Limit: receiptLimit, Vars: vars("!접수번호", "이전번호", "분", "마감", "다음업무"), Default: `접수번호 {접수번호}
앞선 민원 {이전번호|은/는} 끝나서 새 번호로 받았어요.
상담원이 이어서 확인해요.
보통 {분}분 안에 답해요.
오늘 {마감}까지 답하지 못하면 {다음업무}에 이어서 답해요.`},
	{Key: ReceiptFollowsClosed, Group: groupReceipt, Title: "끝난 민원에 이은 새 민원 (업무시간 밖)", Limit: receiptLimit, Vars: vars("!접수번호", "이전번호", "!다음업무", "당직실"), Keep: []string{"112", "119"}, Default: `접수번호 {접수번호}
앞선 민원 {이전번호|은/는} 끝나서 새 번호로 받았어요.
지금은 상담 시간이 아니에요. {다음업무}부터 차례로 확인해요.
급하고 위험한 일은 112·119로 바로 신고해 주세요.
당직실: {당직실}`},
	{Key: PhotoReceived, Group: groupReceipt, Title: "이어진 사진", Limit: lineLimit, Vars: vars("접수번호"), Default: `✓ 사진을 받고 있어요`},
	{Key: Thanks, Group: groupReceipt, Title: "고맙다는 글", Limit: lineLimit, Vars: vars("도시"), Default: `네, 필요하시면 언제든 남겨 주세요.`},

	{Key: NotFriendHint, Group: groupHint, Title: "채널 친구가 아닐 때 (민원마다 한 번)", Limit: lineLimit, Default: `답변은 ‘답변 확인’을 누르면 볼 수 있어요. 채널을 추가하면 바로 보내 드려요.`},
	{Key: NoPushHint, Group: groupHint, Title: "답변을 먼저 보낼 수 없을 때 (민원마다 한 번)", Limit: lineLimit, Default: `답변은 ‘답변 확인’을 누르면 볼 수 있어요.`},
	{Key: AddChannel, Group: groupHint, Title: "채널 추가 방법", Limit: lineLimit, Default: `채팅방 위쪽의 ‘채널 추가’를 누르면 답변을 바로 받을 수 있어요.`},
	{Key: PrivacyFirst, Group: groupHint, Title: "개인정보 처리 안내 (처음 한 번)", Limit: privacyLimit, Vars: vars("!개인정보안내"), Default: `개인정보 처리 안내: {개인정보안내}`},
	{Key: Masked, Group: groupHint, Title: "개인정보를 가렸을 때 (한 번)", Limit: lineLimit, Default: `주민등록번호·카드·계좌번호는 가리고 저장했어요. 이런 번호는 보내지 말아 주세요.`},

	{Key: UrgentGas, Group: groupUrgent, Title: "가스", Limit: bubbleLimit, Vars: vars("당직실", "도시"), First: "119", Default: `지금 바로 119에 신고해 주세요.
당직실: {당직실}
불과 전기 스위치를 건드리지 말고, 창문을 열고 밖으로 나가 주세요.
이 채팅방에서는 바로 출동할 수 없어요.`},
	{Key: UrgentFire, Group: groupUrgent, Title: "화재", Limit: bubbleLimit, Vars: vars("당직실", "도시"), First: "119", Default: `지금 바로 119에 신고하고 대피해 주세요.
당직실: {당직실}
승강기를 타지 말고, 낮은 자세로 계단을 이용해 주세요.
이 채팅방에서는 바로 출동할 수 없어요.`},
	{Key: UrgentShock, Group: groupUrgent, Title: "감전", Limit: bubbleLimit, Vars: vars("당직실", "도시"), First: "119", Default: `지금 바로 119에 신고해 주세요.
당직실: {당직실}
감전된 사람이나 전선을 만지지 말고, 물기 있는 곳에서 떨어져 주세요.
이 채팅방에서는 바로 출동할 수 없어요.`},
	{Key: UrgentFlood, Group: groupUrgent, Title: "침수", Limit: bubbleLimit, Vars: vars("당직실", "도시"), First: "119", Default: `위험하면 지금 바로 119에 신고해 주세요.
당직실: {당직실}
지하와 물가에서 나와 높은 곳으로 옮겨 주세요.
이 채팅방에서는 바로 출동할 수 없어요.`},
	{Key: UrgentCollapse, Group: groupUrgent, Title: "붕괴", Limit: bubbleLimit, Vars: vars("당직실", "도시"), First: "119", Default: `위험하면 지금 바로 119에 신고해 주세요.
당직실: {당직실}
무너진 곳에서 멀리 떨어지고, 가까이 가지 말아 주세요.
이 채팅방에서는 바로 출동할 수 없어요.`},
	{Key: UrgentMissing, Group: groupUrgent, Title: "실종", Limit: bubbleLimit, Vars: vars("당직실", "도시"), First: "112", Default: `지금 바로 112에 신고해 주세요. 기다리지 않고 신고하셔도 돼요.
당직실: {당직실}
마지막으로 본 곳과 옷차림을 함께 알려 주세요.
이 채팅방에서는 바로 출동할 수 없어요.`},
	{Key: UrgentSuicide, Group: groupUrgent, Title: "자살", Limit: bubbleLimit, Vars: vars("도시"), First: "109", Default: `지금 109(자살예방 상담전화)로 전화해 주세요. 24시간 이야기를 들어 드려요.
당장 위험하면 119나 112로 알려 주세요.
혼자 견디지 않으셔도 돼요. 이 채팅방은 늘 보고 있지 못하니 꼭 전화해 주세요.`},

	{Key: ClosingLine, Group: groupAuto, Title: "업무가 끝날 때, 답을 기다리는 민원에", Limit: receiptLimit, Vars: vars("!접수번호", "!다음업무", "도시"), Default: `접수번호 {접수번호}
오늘 상담 시간이 끝났어요. {다음업무}에 이어서 확인해요.`},
	{Key: OpeningLine, Group: groupAuto, Title: "업무를 시작할 때, 기다린 민원에", Limit: receiptLimit, Vars: vars("!접수번호", "도시"), Default: `접수번호 {접수번호}
상담을 시작했어요. 남겨 주신 글을 차례로 확인하고 있어요.`},
	{Key: CallbackEnd, Group: groupAuto, Title: "바로 답하지 못했을 때", Limit: receiptLimit, Vars: vars("접수번호", "도시"), Optional: true, Default: `조금 더 살펴보고 있어요. 답변이 나오면 ‘답변 확인’으로 볼 수 있어요.`},

	{Key: AcceptNotice, Group: groupNotice, Title: "민원을 정식으로 접수했을 때", Limit: bubbleLimit, Vars: vars("!접수번호", "!처리기한", "부서", "담당자", "연락처"), Default: `접수번호 {접수번호}
민원을 접수했어요.
처리기한: {처리기한}
담당 부서: {부서}
담당자: {담당자}
연락처: {연락처}`},
	{Key: DueNotice, Group: groupNotice, Title: "알려 드린 처리기한이 바뀔 때", Limit: bubbleLimit, Vars: vars("!접수번호", "!처리기한", "사유", "부서", "담당자", "연락처"), Default: `접수번호 {접수번호}
처리기한이 바뀌었어요.
새 처리기한: {처리기한}
사유: {사유}
담당 부서: {부서}
담당자: {담당자}
연락처: {연락처}`},
	{Key: TransferNotice, Group: groupNotice, Title: "담당 부서로 보냈을 때", Limit: bubbleLimit, Vars: vars("!접수번호", "!부서", "담당자", "연락처", "처리기한"), Default: `접수번호 {접수번호}
{부서}에서 이어서 처리해요.
담당자: {담당자}
연락처: {연락처}
처리기한: {처리기한}`},
	{Key: TransferOnNotice, Group: groupNotice, Title: "담당 부서가 바뀔 때", Limit: bubbleLimit, Vars: vars("!접수번호", "!부서", "담당자", "연락처", "처리기한"), Default: `접수번호 {접수번호}
담당 부서가 {부서|으로/로} 바뀌었어요.
담당자: {담당자}
연락처: {연락처}
처리기한: {처리기한}`},
	{Key: ResultNotice, Group: groupNotice, Title: "처리 결과", Limit: bubbleLimit, Vars: vars("!접수번호", "!내용", "일시", "!부서", "담당자", "!연락처"), Default: `접수번호 {접수번호}
처리 결과를 알려 드려요.

{내용}

처리한 때: {일시}
담당 부서: {부서}
담당자: {담당자}
연락처: {연락처}`},
	{Key: CloseDeclined, Group: groupNotice, Title: "처리하지 않는 민원을 알릴 때", Limit: bubbleLimit, Vars: vars("!접수번호", "!사유", "부서", "담당자", "연락처"), Default: `접수번호 {접수번호}
요청하신 일은 아래 사유로 처리해 드리기 어려워요.
사유: {사유}
담당 부서: {부서}
담당자: {담당자}
연락처: {연락처}
더 하실 말씀이 있으면 이 채팅방에 남겨 주세요.`},
	{Key: ReopenedNotice, Group: groupNotice, Title: "끝난 민원을 다시 살펴볼 때", Limit: receiptLimit, Vars: vars("!접수번호", "회차", "부서"), Optional: true, Default: `접수번호 {접수번호}
민원을 다시 열어 살펴보고 있어요.`},

	{Key: WithdrawAsk, Group: groupAsk, Title: "취하할지 물을 때", Limit: receiptLimit, Vars: vars("!접수번호"), Default: `접수번호 {접수번호}
이 민원을 취하할까요? 취하하면 처리를 멈춰요.`},
	{Key: Withdrawn, Group: groupAsk, Title: "취하했을 때", Limit: receiptLimit, Vars: vars("!접수번호"), Default: `접수번호 {접수번호}
민원을 취하했어요. 필요하시면 언제든 다시 남겨 주세요.`},
	{Key: Status, Group: groupAsk, Title: "진행상황", Limit: bubbleLimit, Vars: vars("!접수번호", "!상태", "일시", "부서", "담당자", "연락처", "처리기한", "다음업무"), Default: `접수번호 {접수번호}
상태: {상태}
받은 때: {일시}
담당 부서: {부서}
담당자: {담당자}
연락처: {연락처}
처리기한: {처리기한}
다음 업무: {다음업무}`},
	{Key: StatusMany, Group: groupAsk, Title: "진행상황 (여러 건의 머리글)", Limit: lineLimit, Vars: vars("!건수"), Default: `진행 중인 민원이 {건수}건 있어요. 자세히 보려면 접수번호를 보내 주세요.`},
	{Key: StatusLine, Group: groupAsk, Title: "진행상황 (여러 건의 한 줄)", Limit: labelLimit, Vars: vars("!접수번호", "!상태", "부서"), Default: `{접수번호} {상태}`},
	{Key: StatusNone, Group: groupAsk, Title: "진행 중인 민원이 없을 때", Limit: lineLimit, Vars: vars("도시"), Default: `진행 중인 민원이 없어요. 불편한 점이나 궁금한 점을 남겨 주세요.`},
	{Key: StatusUnknown, Group: groupAsk, Title: "모르는 접수번호", Limit: lineLimit, Default: `그 접수번호의 민원을 찾지 못했어요. 번호를 다시 확인해 주세요.`},
	{Key: PickupNone, Group: groupAsk, Title: "기다리는 답변이 없을 때", Limit: lineLimit, Default: `새로 도착한 답변이 없어요.`},
	{Key: AlreadyShown, Group: groupAsk, Title: "이미 보여 드린 답변", Limit: lineLimit, Default: `앞서 보내 드린 답변을 확인해 주세요.`},
	{Key: OldButton, Group: groupAsk, Title: "더는 쓸 수 없는 버튼", Limit: lineLimit, Default: `지금은 쓸 수 없는 버튼이에요. 필요한 내용을 글로 남겨 주세요.`},

	{Key: TooMany, Group: groupRefuse, Title: "글이 많이 이어질 때", Limit: lineLimit, Default: `많은 글이 이어지고 있어요. 곧 확인할게요.`},
	{Key: RefusedDay, Group: groupRefuse, Title: "하루에 받을 수 있는 글을 넘을 때", Limit: receiptLimit, Vars: vars("연락처", "도시"), Keep: []string{"112", "119"}, Default: `오늘은 글을 더 받을 수 없어 저장하지 못했어요. 내일 다시 남겨 주세요.
급하고 위험한 일은 112·119로 바로 신고해 주세요.
전화: {연락처}`},
	{Key: BlockedCitizen, Group: groupRefuse, Title: "상담을 멈춘 시민", Limit: receiptLimit, Vars: vars("!연락처", "도시"), Default: `지금은 이 채팅방에서 상담해 드리기 어려워요.
전화로 문의해 주세요: {연락처}`},
	{Key: Quarantined, Group: groupRefuse, Title: "처리 중 문제가 생겼을 때", Limit: lineLimit, Default: `글을 받았지만 처리 중 문제가 생겼어요. 상담원이 확인합니다.`},
	{Key: Overload, Group: groupRefuse, Title: "이용이 몰릴 때", Limit: receiptLimit, Keep: []string{"112", "119"}, Default: `지금 이용이 몰려 글을 저장하지 못했어요. 잠시 뒤 다시 보내 주세요.
급하고 위험한 일은 112·119로 바로 신고해 주세요.`},
	{Key: NotStored, Group: groupRefuse, Title: "저장하지 못했을 때", Limit: receiptLimit, Keep: []string{"112", "119"}, Default: `죄송해요. 글을 저장하지 못했어요. 잠시 뒤 다시 보내 주세요.
급하고 위험한 일은 112·119로 바로 신고해 주세요.`},
	{Key: Unconfirmed, Group: groupRefuse, Title: "저장됐는지 아직 모를 때", Limit: receiptLimit, Default: `글이 저장됐는지 아직 확인하지 못했어요. 잠시 뒤 ‘진행상황’을 보내 확인해 주세요.`},
	{Key: WrongBot, Group: groupRefuse, Title: "연결되지 않은 챗봇", Limit: receiptLimit, Vars: vars("연락처", "도시"), Default: `이 채팅방은 상담 창구에 연결되어 있지 않아요.
전화로 문의해 주세요: {연락처}`},
	{Key: EmptyMessage, Group: groupRefuse, Title: "내용이 없는 글", Limit: lineLimit, Default: `내용이 비어 있어요. 글이나 사진으로 남겨 주세요.`},
	{Key: UnsupportedMedia, Group: groupRefuse, Title: "받을 수 없는 형식", Limit: lineLimit, Default: `동영상·음성·파일은 받을 수 없어요. 글이나 사진으로 남겨 주세요.`},
	{Key: PhotoExpired, Group: groupRefuse, Title: "사진을 열 수 없을 때 (민원마다 한 번)", Limit: receiptLimit, Vars: vars("접수번호"), Default: `접수번호 {접수번호}
보내 주신 사진을 열 수 없었어요. 한 번만 다시 보내 주세요.`},
}
