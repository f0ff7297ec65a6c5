package control

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"toktok/store"
)

// Console is where a command of the command line reads, writes and shows progress.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
	Progress func(title string, of int) func(done int) // nil shows none
}

// Folder is the data folder a console command works on.
type Folder struct {
	Data string `env:"TOKTOK_DATA" default:"./data" help:"Data folder."`
}

// order lets the running server carry the command out, or works on the folder itself when none runs.
func (f Folder) order(ctx context.Context, c *Console, name string, args map[string]string) error {
	lines, err := Do(ctx, f.Data, Command{Name: name, Args: args}, func() (*store.DB, error) {
		if _, err := os.Stat(f.Data); err != nil {
			return nil, fmt.Errorf("there is no data folder %s: start `toktok serve` once, or name it with --data", f.Data)
		}
		return store.Open(ctx, store.Options{Dir: f.Data, Mode: "serve", Clock: store.WallClock{}})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Out, strings.Join(lines, "\n"))
	return err
}

// password is the first line of standard input, so that none ever stands in a command line.
func (c *Console) password() (string, error) {
	fmt.Fprint(c.Err, "비밀번호: ")
	text, err := io.ReadAll(io.LimitReader(c.In, 1<<10))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

// StaffCmd is `toktok staff`.
type StaffCmd struct {
	Add     StaffAdd     `cmd:"" help:"Make an account; the password is read from standard input."`
	List    StaffList    `cmd:"" help:"List the accounts."`
	Passwd  StaffPasswd  `cmd:"" help:"Set a password, read from standard input."`
	Disable StaffDisable `cmd:"" help:"Disable an account and end its sessions."`
}

// StaffAdd is `toktok staff add`.
type StaffAdd struct {
	Folder
	Login      string `required:"" help:"Sign-in name."`
	Name       string `required:"" help:"Name as shown."`
	Role       string `required:"" enum:"admin,operator,department,auditor" help:"admin, operator, department or auditor."`
	Department string `help:"Department, by id or exact name, for role department."`
	Head       bool   `help:"Head of that department."`
	Phone      string `help:"Telephone told in notices."`
}

// Run makes the account.
func (s *StaffAdd) Run(ctx context.Context, c *Console) error {
	password, err := c.password()
	if err != nil {
		return err
	}
	return s.order(ctx, c, "staff.add", map[string]string{"login": s.Login, "name": s.Name, "role": s.Role,
		"department": s.Department, "head": strconv.FormatBool(s.Head), "phone": s.Phone, "password": password})
}

// StaffList is `toktok staff list`.
type StaffList struct{ Folder }

// Run lists the accounts.
func (s *StaffList) Run(ctx context.Context, c *Console) error {
	return s.order(ctx, c, "staff.list", nil)
}

// StaffPasswd is `toktok staff passwd`.
type StaffPasswd struct {
	Folder
	Login string `arg:"" help:"Sign-in name."`
}

// Run sets the password.
func (s *StaffPasswd) Run(ctx context.Context, c *Console) error {
	password, err := c.password()
	if err != nil {
		return err
	}
	return s.order(ctx, c, "staff.passwd", map[string]string{"login": s.Login, "password": password})
}

// StaffDisable is `toktok staff disable`.
type StaffDisable struct {
	Folder
	Login string `arg:"" help:"Sign-in name."`
}

// Run disables the account.
func (s *StaffDisable) Run(ctx context.Context, c *Console) error {
	return s.order(ctx, c, "staff.disable", map[string]string{"login": s.Login})
}

// TokenCmd is `toktok token`.
type TokenCmd struct {
	Add    TokenAdd    `cmd:"" help:"Make a token; it is the last line printed."`
	List   TokenList   `cmd:"" help:"List the tokens."`
	Revoke TokenRevoke `cmd:"" help:"Revoke a token."`
}

// TokenAdd is `toktok token add NAME` (RULES H1).
type TokenAdd struct {
	Folder
	Name       string `arg:"" help:"What the token is for."`
	Role       string `required:"" enum:"admin,operator,department,auditor" help:"What it may do."`
	Department string `help:"Department, by id or exact name, for role department."`
}

// Run makes the token.
func (t *TokenAdd) Run(ctx context.Context, c *Console) error {
	return t.order(ctx, c, "token.add", map[string]string{"name": t.Name, "role": t.Role, "department": t.Department})
}

// TokenList is `toktok token list`.
type TokenList struct{ Folder }

// Run lists the tokens.
func (t *TokenList) Run(ctx context.Context, c *Console) error {
	return t.order(ctx, c, "token.list", nil)
}

// TokenRevoke is `toktok token revoke`.
type TokenRevoke struct {
	Folder
	Name string `arg:"" help:"Name of the token."`
}

// Run revokes the token.
func (t *TokenRevoke) Run(ctx context.Context, c *Console) error {
	return t.order(ctx, c, "token.revoke", map[string]string{"name": t.Name})
}
