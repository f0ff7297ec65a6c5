// Package worktime owns time as a Korean office counts it: calendar dates, the desk, statutory and
// department calendars, the public holidays, and the three statutory arithmetics of 민원처리법 §19.
//
// It is pure: no SQL, no wall clock, no settings of its own; every instant is an argument and a
// Calendar never changes after New. It may import the standard library only.
//
// Instants are compared half-open: 17:59:59.999 is open, 18:00:00.000 is closed. Everything is
// counted in Seoul time, whatever the location of the time.Time that comes in.
package worktime
