package control

import (
	"context"
	"fmt"
	"strconv"

	"toktok/store"
)

// console is who acts from the console.
var console = store.System("console")

// commands is the table of what the console may order.
var commands = map[string]func(ctx context.Context, db *store.DB, args map[string]string) ([]string, error){
	"staff.add":     staffAdd,
	"staff.list":    staffList,
	"staff.passwd":  staffPasswd,
	"staff.disable": staffDisable,
	"token.add":     tokenAdd,
	"token.list":    tokenList,
	"token.revoke":  tokenRevoke,
}

func run(ctx context.Context, db *store.DB, cmd Command) ([]string, error) {
	f, ok := commands[cmd.Name]
	if !ok {
		return nil, fmt.Errorf("unknown command %q: the running server may be of another version", cmd.Name)
	}
	return f(ctx, db, cmd.Args)
}

// ref reads a department as RULES H2 allows it: its id or its exact name.
func ref(s string) store.Ref {
	if id, err := strconv.ParseInt(s, 10, 64); err == nil {
		return store.Ref{ID: id}
	}
	return store.Ref{Name: s}
}

func staffAdd(ctx context.Context, db *store.DB, args map[string]string) ([]string, error) {
	in := store.StaffInput{Login: args["login"], Name: args["name"], Role: store.Role(args["role"]), Phone: args["phone"], Password: args["password"]}
	if d := args["department"]; d != "" {
		in.Departments = []store.Membership{{Department: ref(d), Head: args["head"] == "true"}}
	}
	s, err := db.AddStaff(ctx, console, in)
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("계정 %s (%s, %s)을 만들었어요.", s.Login, s.Name, s.Role)}, nil
}

func staffList(ctx context.Context, db *store.DB, _ map[string]string) ([]string, error) {
	list, err := db.StaffList(ctx, console)
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for _, s := range list {
		state := "사용"
		if !s.DisabledAt.IsZero() {
			state = "중지 " + s.DisabledAt.Format("2006-01-02")
		}
		lines = append(lines, fmt.Sprintf("%-20s %-12s %-10s %s", s.Login, s.Role, state, s.Name))
	}
	return lines, nil
}

func staffPasswd(ctx context.Context, db *store.DB, args map[string]string) ([]string, error) {
	if err := db.SetPassword(ctx, console, args["login"], args["password"]); err != nil {
		return nil, err
	}
	return []string{"비밀번호를 바꿨어요. 이 계정의 접속은 모두 끝났어요."}, nil
}

func staffDisable(ctx context.Context, db *store.DB, args map[string]string) ([]string, error) {
	if err := db.DisableStaff(ctx, console, args["login"]); err != nil {
		return nil, err
	}
	return []string{"계정을 중지했어요. 접속 중이던 화면도 끝났어요."}, nil
}

func tokenAdd(ctx context.Context, db *store.DB, args map[string]string) ([]string, error) {
	in := store.TokenInput{Name: args["name"], Role: store.Role(args["role"])}
	if d := args["department"]; d != "" {
		in.Department = ref(d)
	}
	_, bearer, err := db.AddToken(ctx, console, in)
	if err != nil {
		return nil, err
	}
	return []string{"이 토큰은 지금만 볼 수 있어요. 안전한 곳에 적어 두세요.", bearer}, nil
}

func tokenList(ctx context.Context, db *store.DB, _ map[string]string) ([]string, error) {
	list, err := db.Tokens(ctx, console)
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for _, k := range list {
		state := "사용"
		if !k.RevokedAt.IsZero() {
			state = "폐기 " + k.RevokedAt.Format("2006-01-02")
		}
		lines = append(lines, fmt.Sprintf("%-24s %-12s %-12s %s", k.Name, k.Role, state, k.Department.Name))
	}
	return lines, nil
}

func tokenRevoke(ctx context.Context, db *store.DB, args map[string]string) ([]string, error) {
	if err := db.RevokeToken(ctx, console, args["name"]); err != nil {
		return nil, err
	}
	return []string{"토큰을 폐기했어요."}, nil
}
