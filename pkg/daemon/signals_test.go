package daemon_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// process starts the program for real, and waits until its log says that it runs.
func process(t *testing.T, args ...string) (*exec.Cmd, *buffer) {
	log := &buffer{}
	cmd := exec.Command(os.Args[0], append([]string{"--http-addr=127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended, unless the test failed
	awaitLog(t, log, "running")
	return cmd, log
}

func awaitLog(t *testing.T, log *buffer, text string) {
	require.Eventually(t, func() bool { return strings.Contains(log.String(), text) }, 10*time.Second, 5*time.Millisecond, text)
}

func exitOf(t *testing.T, cmd *exec.Cmd) int {
	if err := cmd.Wait(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return cmd.ProcessState.ExitCode()
}

func TestFirstSignalDrains(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd, log := process(t)
		require.NoError(t, cmd.Process.Signal(signal))
		require.Zero(t, exitOf(t, cmd), log)
		require.Contains(t, log.String(), "drained")
	}
}

func TestSecondSignalAborts(t *testing.T) {
	cmd, log := process(t, "--stuck")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	awaitLog(t, log, "stuck")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 130, exitOf(t, cmd), log)
}
