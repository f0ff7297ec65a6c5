package store

// What the tests of taking in need of the inside.

// Present is the sign of life of somebody's session.
func Present(s *DB, role Role) { s.present(role) }
