//go:build !linux && !darwin && !freebsd

package store

// freeSpace is not known on this system.
func freeSpace(string) int64 { return -1 }
