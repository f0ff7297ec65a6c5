package worktime_test

import (
	"errors"
	"testing"

	"toktok/store/worktime"
)

func TestParseRule(t *testing.T) {
	t.Parallel()
	for in, korean := range map[string]string{
		"immediate": "즉시(3시간)", "hours:3": "3시간", "days:7": "7일", "days:365": "365일",
		"weeks:2": "2주", "months:1": "1개월", "years:10": "10년",
	} {
		r, err := worktime.ParseRule(in)
		if err != nil || r.String() != in || r.Korean() != korean {
			t.Errorf("%s: %s, %s, %v", in, r, r.Korean(), err)
		}
	}
	for _, in := range []string{"", "days", "days:", "days:0", "days:-1", "days:+7", "days:07", "days:7 ", "days:366", "hours:241",
		"hours:99999999999999999999", "weeks:105", "months:61", "years:11", "immediate:1", "Days:7", "7", "일:7", "days:7:1", ":"} {
		_, err := worktime.ParseRule(in)
		if e, ok := errors.AsType[*worktime.Error](err); !ok || e.Field != "rule" {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"immediate", "days:7", "hours:0", "weeks:", "months:1\x00", "years:٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := worktime.ParseRule(s)
		if (err == nil) != (r.String() == s && s != "") {
			t.Errorf("%q reads as %q, %v", s, r, err)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-11-23", "2028-02-30", "0000-01-01", "2026-1-1", "9999-12-31", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := worktime.ParseDate(s)
		if err != nil {
			if !d.IsZero() {
				t.Errorf("%q: %v with %v", s, d, err)
			}
			return
		}
		if d.String() != s || !d.Valid() {
			t.Errorf("%q reads as %q", s, d)
		}
	})
}

func FuzzParseInterval(f *testing.F) {
	for _, s := range []string{"09:00-18:00", "09:00~12:00", "00:00–24:00", "24:01-25:00", "9-18"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		iv, err := worktime.ParseInterval(s)
		if err != nil {
			return
		}
		if iv.From < 0 || iv.To > 1440 || iv.From >= iv.To {
			t.Errorf("%q reads as %+v", s, iv)
		}
		if again, err := worktime.ParseInterval(iv.String()); err != nil || again != iv {
			t.Errorf("%q: %v does not read back: %v, %v", s, iv, again, err)
		}
	})
}
