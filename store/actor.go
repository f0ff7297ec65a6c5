package store

import "slices"

// Role is what an account or a token may be (DESIGN §9).
type Role string

// The four roles of the office, and the three who act without an account.
const (
	RoleAdmin      Role = "admin"
	RoleOperator   Role = "operator"
	RoleDepartment Role = "department"
	RoleAuditor    Role = "auditor"
	RoleCitizen    Role = "citizen"
	RoleJob        Role = "job"
	RoleSystem     Role = "system"
)

// Actor is who asks. Every read and every write takes one (RULES I2).
type Actor struct {
	Role        Role
	Staff       int64 // 0 for tokens, citizens and jobs
	Token       int64
	Name        string  // as shown: staff name, token name, job id
	Departments []int64 // of role department
	Heads       []int64 // where the account is head
	Address     string
}

// Job is the actor of a scheduled job.
func Job(id string) Actor { return Actor{Role: RoleJob, Name: id} }

// System is the actor of start-up, seeding and the console.
func System(name string) Actor { return Actor{Role: RoleSystem, Name: name} }

// Label is how logs and audit name the actor; it holds no citizen's words.
func (a Actor) Label() string {
	if a.Name == "" {
		return string(a.Role)
	}
	return string(a.Role) + ":" + a.Name
}

// IsStaff reports whether a person or token of the office acts.
func (a Actor) IsStaff() bool {
	switch a.Role {
	case RoleAdmin, RoleOperator, RoleDepartment, RoleAuditor:
		return true
	}
	return false
}

// Sees reports whether the actor may see the case: for role department only cases that are theirs now.
func (a Actor) Sees(department int64) bool {
	switch a.Role {
	case RoleDepartment:
		return department != 0 && slices.Contains(a.Departments, department)
	case RoleCitizen:
		return false
	}
	return true
}

// Permission is a right that a route or an action needs.
type Permission string

// The permissions of the authorization table.
const (
	MaySee       Permission = "see"      // cases within sight
	MayAnswer    Permission = "answer"   // reply, note, accept, close, reopen, change
	MayTransfer  Permission = "transfer" // to a department; back from one
	MayConfigure Permission = "configure"
	MayManage    Permission = "manage"  // staff, tokens
	MayOperate   Permission = "operate" // system page: jobs, outbox, quarantine
	MayAudit     Permission = "audit"
	MayAlways    Permission = "account" // every signed-in account: own account, sign out
)

// permissions is the authorization table: the route table, the store and the matrix test share it.
var permissions = map[Permission][]Role{
	MaySee:       {RoleAdmin, RoleOperator, RoleDepartment, RoleAuditor, RoleSystem, RoleJob},
	MayAnswer:    {RoleAdmin, RoleOperator, RoleDepartment, RoleSystem},
	MayTransfer:  {RoleAdmin, RoleOperator, RoleDepartment, RoleSystem},
	MayConfigure: {RoleAdmin, RoleSystem},
	MayManage:    {RoleAdmin, RoleSystem},
	MayOperate:   {RoleAdmin, RoleSystem},
	MayAudit:     {RoleAdmin, RoleAuditor, RoleSystem},
	MayAlways:    {RoleAdmin, RoleOperator, RoleDepartment, RoleAuditor, RoleSystem},
}

// Can reports whether the actor's role has the permission.
func (a Actor) Can(p Permission) bool { return slices.Contains(permissions[p], a.Role) }

func (a Actor) need(p Permission) error {
	if !a.Can(p) {
		return forbidden()
	}
	return nil
}
