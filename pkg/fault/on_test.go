//go:build faults

package fault

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain is the program that is killed, where a test asks for that.
func TestMain(m *testing.M) {
	if os.Getenv(Env) == "" {
		os.Exit(m.Run())
	}
	hook := Hook()
	for range 3 {
		_, _ = os.Stdout.WriteString("step\n")
		hook("step")
	}
}

func TestKillsItselfAtTheNthTime(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), Env+"=other:1,step:2")
	out, err := cmd.Output()
	require.Error(t, err)
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGKILL, status.Signal())
	require.Equal(t, 2, strings.Count(string(out), "step"))
}

func TestPlan(t *testing.T) {
	p, err := parse("a:1, a:3:stop,b:2:kill")
	require.NoError(t, err)
	var sent []syscall.Signal
	p.send = func(s syscall.Signal) { sent = append(sent, s) }
	for _, step := range []string{"b", "a", "a", "c", "a", "b", "a"} {
		p.reach(step)
	}
	require.Equal(t, []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGKILL}, sent)
	for _, bad := range []string{"a", "a:0", "a:x", "a:1:explode", ":1", "a:1:kill:b", "a:kill"} {
		_, err := parse(bad)
		require.Error(t, err, bad)
	}
	require.Nil(t, Hook())
	t.Setenv(Env, "nonsense")
	require.Panics(t, func() { Hook() })
}
