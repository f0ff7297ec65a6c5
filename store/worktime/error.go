package worktime

// Error says in Korean what is wrong with something a person entered; Field names the input:
// rule, accepted_at, exclusions, extensions, date, hours, holidays, exceptions, scope or lunch.
type Error struct {
	Field string
	Text  string
}

// Error returns the Korean text.
func (e *Error) Error() string { return e.Text }
