// Package db is the SQLite engine: one writer that commits waiting writes
// together, a pool of readers, checkpoints off the writer's path, migrations and
// the lock of the data folder.
//
// It knows no table of the product. It may import the standard library,
// modernc.org/sqlite and goose (and x/sys for the lock on Windows), nothing else.
//
// # Writing
//
// [Engine.Write] puts a closure into a bounded queue. One goroutine owns one
// connection and runs BEGIN IMMEDIATE, the closures that wait, COMMIT. A closure
// that fails is undone alone: one that had not written leaves nothing; one that had
// takes the first try of its batch with it, and the second goes in savepoints. When
// a statement makes SQLite roll back the whole transaction (disk full, I/O error,
// interrupt), nothing of the batch is acknowledged: the closure at fault gets its
// error and the others run again, in savepoints and at last
// each alone. A closure may therefore run twice. It must only read its
// arguments, write through its [Tx] and assign its results; whatever else
// changes in memory belongs into [Tx.AfterCommit].
//
// A closure, a BeforeCommit or an AfterCommit function must never call
// [Engine.Write]: it would wait for itself.
package db
