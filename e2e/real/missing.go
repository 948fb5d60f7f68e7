package real

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// ErrMissing is what Start functions return (wrapped) when the machine lacks a
// program that the server needs, as opposed to a server that does not start.
var ErrMissing = errors.New("not on this machine")

// Require ends the test unless err is nil. A server that is missing skips the
// test on a developer's machine and fails it in CI; any other error fails it.
func Require(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && !inCI():
		t.Skipf("SKIPPED, NOTHING WAS TESTED: %v (with CI set this fails)", err)
	default:
		t.Fatal(err)
	}
}

func inCI() bool {
	v := os.Getenv("CI")
	return v != "" && v != "false" && v != "0"
}

// program finds name on the PATH; remedy says how to install it.
func program(name, remedy string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w; %s", name, ErrMissing, remedy)
	}
	return path, nil
}
