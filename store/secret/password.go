// Package secret keeps secrets: passwords as hashes, what must be read again as sealed strings,
// tokens as digests. It owns the key file and knows no table and no user.
//
// Nothing here prints or logs what it is given. Imports the standard library, golang.org/x/crypto and
// argon2id.
package secret

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
)

// cost is what hashing one password takes: 19 MiB, two rounds, one thread
// (reliability-security.md §3, ASVS 11.4.2). Hashes made at another cost still open and ask to be renewed.
var cost = argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// slots bounds how many hashes are computed at once, so that a storm of logins leaves a core to the
// webhook (reliability-security.md §2.4: 100 parallel logins held both cores for 9.7 s).
var slots = make(chan struct{}, 2)

// ErrHash says that a stored password hash cannot be used: not argon2id, cut short, or at a cost no
// version of this program ever set.
var ErrHash = errors.New("secret: unusable password hash")

// HashPassword returns the hash to store for pw. It waits for its turn and fails only when ctx ends first.
func HashPassword(ctx context.Context, pw string) (string, error) {
	if err := enter(ctx); err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(pw, &cost)
	if err != nil {
		return "", fmt.Errorf("secret: hash password: %w", err)
	}
	return hash, nil
}

// CheckPassword reports whether pw belongs to hash, and whether a right password should be hashed
// again because the cost has changed since. err is ErrHash or the end of ctx.
func CheckPassword(ctx context.Context, pw, hash string) (ok, needsRehash bool, err error) {
	params, _, _, err := argon2id.DecodeHash(hash)
	if err != nil {
		return false, false, fmt.Errorf("%w: %w", ErrHash, err)
	}
	// A row someone tampered with must neither accept every password (empty key), nor panic (zero
	// rounds), nor take the machine's memory.
	if params.KeyLength < 16 || params.SaltLength < 8 || params.Iterations < 1 || params.Parallelism < 1 ||
		params.Iterations > 16 || params.Memory > 256*1024 {
		return false, false, fmt.Errorf("%w: cost out of bounds", ErrHash)
	}
	if err := enter(ctx); err != nil {
		return false, false, err
	}
	defer leave()
	ok, err = argon2id.ComparePasswordAndHash(pw, hash)
	if err != nil {
		return false, false, fmt.Errorf("%w: %w", ErrHash, err)
	}
	return ok, ok && *params != cost, nil
}

// nobody is a well-formed hash of today's cost that no password opens.
var nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.Memory, cost.Iterations, cost.Parallelism,
	base64.RawStdEncoding.EncodeToString(make([]byte, cost.SaltLength)),
	base64.RawStdEncoding.EncodeToString(make([]byte, cost.KeyLength)))

// CheckNobody does the work of CheckPassword for a user that does not exist, so that the time taken
// does not tell which users do. It fails only when ctx ends first.
func CheckNobody(ctx context.Context, pw string) error {
	_, _, err := CheckPassword(ctx, pw, nobody)
	return err
}

func enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func leave() { <-slots }
