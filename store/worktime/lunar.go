package worktime

import "time"

// Lunar holidays are a table and not a formula: a new moon a few minutes from midnight decides the
// date, and tables made for the Chinese meridian are a day off for Korea (2023 부처님 오신 날, 설 of
// 2027 and 2028). Each row was compared with the new moons computed for +09:00; the nearest to
// midnight is that of 설 2028, at 00:12.

const lunarFrom, lunarTo = 2013, 2050

// lunarDays holds month*100+day of 설 (1/1), 부처님 오신 날 (4/8) and 추석 (8/15) by year.
var lunarDays = [lunarTo - lunarFrom + 1][3]int{
	{210, 517, 919}, {131, 506, 908}, {219, 525, 927}, {208, 514, 915}, {128, 503, 1004}, // 2013
	{216, 522, 924}, {205, 512, 913}, {125, 430, 1001}, // 2018
	{212, 519, 921}, {201, 508, 910}, {122, 527, 929}, {210, 515, 917}, {129, 505, 1006}, // 2021
	{217, 524, 925}, {207, 513, 915}, {127, 502, 1003}, {213, 520, 922}, {203, 509, 912}, // 2026
	{123, 528, 1001}, {211, 516, 919}, {131, 506, 908}, {219, 525, 927}, {208, 515, 916}, // 2031
	{128, 503, 1004}, {215, 522, 924}, {204, 511, 913}, {124, 430, 1002}, {212, 518, 921}, // 2036
	{201, 507, 910}, {122, 526, 928}, {210, 516, 917}, {130, 505, 1005}, {217, 524, 925}, // 2041
	{206, 513, 915}, {126, 502, 1004}, {214, 520, 922}, {202, 509, 911}, {123, 528, 930}, // 2046
}

// lunar returns the three lunar dates of a year; ok is false outside the table.
func lunar(year int) (seol, buddha, chuseok Date, ok bool) {
	if year < lunarFrom || year > lunarTo {
		return Date{}, Date{}, Date{}, false
	}
	var d [3]Date
	for i, md := range lunarDays[year-lunarFrom] {
		d[i] = Date{year, time.Month(md / 100), md % 100}
	}
	return d[0], d[1], d[2], true
}
