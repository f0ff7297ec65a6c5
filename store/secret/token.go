package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// Token returns a new secret of 130 random bits: 26 letters and digits, safe in URLs and headers.
func Token() string { return rand.Text() }

// Digest returns the SHA-256 of s. It is what is stored of a token: tokens are random, so a plain
// digest cannot be searched backwards. Not for passwords.
func Digest(s string) []byte {
	d := sha256.Sum256([]byte(s))
	return d[:]
}

// Equal compares in a time that tells neither where two secrets differ nor how long the right one is.
func Equal[T ~string | ~[]byte](a, b T) bool {
	return subtle.ConstantTimeCompare(Digest(string(a)), Digest(string(b))) == 1
}
