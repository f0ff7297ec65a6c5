package bench

import (
	"context"
	"encoding/json"
	"os"

	"toktok/handlers/control"
	"toktok/store"
)

// Cmd is `toktok bench`.
type Cmd struct {
	Connections int  `default:"64" help:"Connections kept open."`
	Requests    int  `default:"20000" help:"Requests a round, each by a citizen of its own."`
	Rounds      int  `default:"5" help:"Rounds, interleaved with the no-op's."`
	JSON        bool `help:"Print the figures as JSON."`
	Noop        bool `hidden:"" help:"Serve the no-op route."`
}

// Run measures, or serves the no-op side of a measurement.
func (b *Cmd) Run(ctx context.Context, c *control.Console) error {
	if b.Noop {
		return Noop(ctx, c.Out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o := Options{Executable: self, Connections: b.Connections, Requests: b.Requests, Rounds: b.Rounds, Now: store.WallClock{}.Real, Log: c.Err}
	if c.Progress != nil {
		o.Progress = c.Progress("rounds", 2*b.Rounds+1)
	}
	report, err := Run(ctx, o)
	if err != nil {
		return err
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(report)
	}
	report.Table(c.Out)
	return nil
}
