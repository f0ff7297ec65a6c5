// Package desk draws the pages of the office: sign-in, the list of cases, the thread with its composer, the morning
// worklist, and the pages of the officer: system, settings, staff, own account. Everything works as plain forms, with
// 303 after each POST; scripts add live fragments by reading the same pages again.
//
// It owns no rules: what may be done and what follows is the store's. It may import web, store and its leaves, assets.
package desk
