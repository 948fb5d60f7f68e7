package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/daemon"
)

func TestServiceServesAndDrains(t *testing.T) {
	d, stderr, stop := start(t, &cli{})
	require.Eventually(t, func() bool { code, _ := get(t, d, "/readyz"); return code == 200 }, 5*time.Second, time.Millisecond)
	code, body := get(t, d, "/livez")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "alive\n", body)
	_, body = get(t, d, "/metrics")
	require.Contains(t, body, `sales_build_info{go="go`)
	require.Contains(t, body, `service="tester"`)
	require.Contains(t, body, "go_goroutines")
	require.Contains(t, body, "process_resident_memory_bytes")
	code, _ = get(t, d, "/other")
	require.Equal(t, http.StatusNotFound, code)

	require.Zero(t, stop(), stderr)
	require.Contains(t, stderr.String(), `"msg":"drained"`)
	_, err := net.Dial("tcp", d.Addr())
	require.Error(t, err, "the server is closed")
}

func TestLogIsJSONWithTheService(t *testing.T) {
	_, stderr, stop := start(t, &cli{})
	stop()
	for line := range strings.Lines(stderr.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		require.Equal(t, "tester", fields["service"])
		require.NotEmpty(t, fields["time"])
	}
	_, stderr, stop = start(t, &cli{}, "--log-format=console", "--log-level=warn")
	stop()
	require.Empty(t, stderr.String())
}

func TestReadySaysWhatIsMissing(t *testing.T) {
	d, _, _ := start(t, &cli{})
	require.Eventually(t, func() bool { code, _ := get(t, d, "/readyz"); return code == 200 }, 5*time.Second, time.Millisecond)
	d.Waiting("kafka: connection refused")
	code, body := get(t, d, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "waiting for kafka: connection refused\n", body)
	d.Waiting("")
	code, _ = get(t, d, "/readyz")
	require.Equal(t, http.StatusOK, code)
	d.Ready(false)
	code, body = get(t, d, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "starting\n", body)
}

func TestHealthcheck(t *testing.T) {
	d, _, stop := start(t, &cli{})
	_, port, err := net.SplitHostPort(d.Addr())
	require.NoError(t, err)
	ask := func() (int, string) {
		code, _, stderr := run(t.Context(), t, &cli{}, "healthcheck", "--http-addr=0.0.0.0:"+port)
		http.DefaultClient.CloseIdleConnections()
		return code, stderr
	}
	require.Eventually(t, func() bool { code, _ := ask(); return code == 0 }, 5*time.Second, time.Millisecond)
	d.Waiting("bucket: no such host")
	code, stderr := ask()
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "not ready: waiting for bucket: no such host")
	stop()
	code, stderr = ask()
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "connection refused")
}

func TestExitCodes(t *testing.T) {
	failed := errors.New("disk on fire")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = busy.Close() })
	const free = "--http-addr=127.0.0.1:0"
	for _, c := range []struct {
		name string
		ctx  context.Context
		cli  cli
		args []string
		code int
		says string
	}{
		{"a job", t.Context(), cli{}, []string{"job"}, 0, ""},
		{"a failed job", t.Context(), cli{Job: jobCmd{fail: failed}}, []string{"job"}, 1, "disk on fire"},
		{"a job cut short", cancelled, cli{Job: jobCmd{wait: true}}, []string{"job"}, 130, "cut short"},
		{"a job asked for nonsense", t.Context(), cli{Job: jobCmd{fail: daemon.UsageError{Err: failed}}}, []string{"job"}, 2, "disk on fire"},
		{"a stopped service", cancelled, cli{}, []string{free}, 0, "drained"},
		{"a failed service", t.Context(), cli{Run: runCmd{fail: failed}}, []string{free}, 1, "disk on fire"},
		{"a taken port", t.Context(), cli{}, []string{"--http-addr=" + busy.Addr().String()}, 1, "address already in use"},
		{"no server", cancelled, cli{}, []string{"run", "--http-addr="}, 0, "drained"},
		{"an unknown flag", t.Context(), cli{}, []string{"--silver-max-row=1"}, 2, `did you mean "--silver-max-rows"?`},
		{"an unknown command", t.Context(), cli{}, []string{"fly"}, 2, "fly"},
		{"a wrong setting", t.Context(), cli{}, []string{"--silver-max-rows=x"}, 2, "1 wrong setting:\n  silver.max_rows"},
		{"an unusable file", t.Context(), cli{}, []string{"--config=/nowhere.yaml"}, 2, `config = "/nowhere.yaml"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := run(c.ctx, t, &c.cli, c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Contains(t, stderr, c.says)
		})
	}
}

// A wrong command line does not hide what is wrong elsewhere.
func TestAllFaultsAreToldAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.yaml")
	require.NoError(t, os.WriteFile(file, []byte("gold: {max_agee: 1s}"), 0o600))
	var out, log buffer
	p := daemon.Program{
		Name: "tester", CLI: &cli{}, Stdout: &out, Stderr: &log,
		Args: []string{"--silver-max-rows=x", "--silver-max-age=y", "--what"}, Environ: []string{"SALES_CONFIG=" + file, "SALES_COLOR=red"},
	}
	require.Equal(t, 2, p.Run(t.Context()))
	for _, want := range []string{"silver.max_rows", "silver.max_age ", file + ":1", "SALES_COLOR", "unknown flag --what", "4 wrong settings"} {
		require.Contains(t, log.String(), want)
	}
}

func TestSettingsReachTheCommand(t *testing.T) {
	c := &cli{}
	d, _, _ := start(t, c, "--silver-max-rows=7", "--kafka-instance=one")
	require.Equal(t, 7, c.Run.Silver.MaxRows)
	require.Equal(t, 7, d.Settings.Silver.MaxRows)
	require.Equal(t, "one", c.Run.Kafka.Instance)
	require.Equal(t, 4, d.Settings.Lake.Partitions, "a section that is not embedded")
}

func TestHelpAndVersion(t *testing.T) {
	code, stdout, _ := run(t.Context(), t, &cli{}, "--help")
	require.Zero(t, code)
	require.Contains(t, stdout, "healthcheck")
	code, stdout, _ = run(t.Context(), t, &cli{}, "run", "--help")
	require.Zero(t, code)
	require.Contains(t, stdout, "--silver-max-rows=1000000")
	require.Contains(t, stdout, "Settings of section http")
	code, stdout, _ = run(t.Context(), t, &cli{}, "version")
	require.Zero(t, code)
	require.Regexp(t, `^tester development \(\S+, go1\.\S+\)\n$`, stdout)
}

func TestNoServer(t *testing.T) {
	var log buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := daemon.Program{Name: "tester", CLI: &cli{}, Stdout: &log, Stderr: &log}
	daemon.NoServer()(&p)
	require.Equal(t, 130, p.Run(ctx), "it is a job")
	require.NotContains(t, log.String(), "serving http")
}
