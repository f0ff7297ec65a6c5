package settings

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// Demo is what the environment sets for the demo: nothing has to be.
type Demo struct {
	Env
	Now string `env:"TOKTOK_DEMO_NOW" help:"Service's time at start, RFC 3339: as if the machine had been off until then."`

	At time.Time `kong:"-"` // Check reads it from Now; zero = none
}

// Check fills in what the demo makes up itself and reports every wrong setting in one error.
func (d *Demo) Check() error {
	if len(d.SkillKey) == 0 && d.SkillKeyFile == "" {
		d.SkillKey = []string{rand.Text() + rand.Text()}
	}
	wrong := d.Env.Check()
	if d.TLSCert != "" || d.TLSKey != "" {
		// Its KakaoTalk would have to trust the certificate of the very server it plays with.
		wrong = errors.Join(wrong, errors.New("TOKTOK_TLS_CERT and TOKTOK_TLS_KEY are for serve: the demo speaks plain http"))
	}
	if d.Now != "" {
		var err error
		if d.At, err = time.Parse(time.RFC3339, d.Now); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("TOKTOK_DEMO_NOW must be RFC 3339, such as 2026-09-23T22:30:00+09:00: %w", err))
		}
	}
	return wrong
}
