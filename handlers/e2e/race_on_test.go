//go:build race

package e2e

// The binary under test is built as the tests are: a race it reports fails the test that drove it.
const raceBuild = true
