package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
)

// asProgram makes the test binary the program below, for what needs a real process.
const asProgram = "DAEMON_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		daemon.Main("tester", "A program of a test.", &cli{})
	}
	goleak.VerifyTestMain(m)
}

// cli is a service with a job.
type cli struct {
	Run         runCmd             `cmd:"" default:"withargs" help:"Run the service."`
	Job         jobCmd             `cmd:"" help:"Do one thing."`
	Healthcheck daemon.Healthcheck `cmd:"" help:"Ask whether the service is ready."`
	Version     daemon.Version     `cmd:"" help:"Print the version."`
}

type runCmd struct {
	Silver config.Silver `embed:"" prefix:"silver-"`
	Kafka  config.Kafka  `embed:"" prefix:"kafka-"`
	Stuck  bool          `help:"Do not drain."`

	fail error
}

func (c *runCmd) Run(ctx context.Context, d *daemon.Daemon) error {
	if c.fail != nil {
		return c.fail
	}
	d.Ready(true)
	d.Log.Info("running")
	<-ctx.Done()
	if c.Stuck {
		d.Log.Info("stuck")
		select {}
	}
	d.Log.Info("drained")
	return ctx.Err()
}

type jobCmd struct {
	fail error
	wait bool
}

func (c *jobCmd) Run(ctx context.Context, d *daemon.Daemon) error {
	if c.wait {
		<-ctx.Done()
		return ctx.Err()
	}
	if d.Addr() != "" {
		return errors.New("a job has a server")
	}
	return c.fail
}

// buffer is an output that is read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// run runs the program to its end.
func run(ctx context.Context, t *testing.T, c *cli, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, log buffer
	p := daemon.Program{Name: "tester", CLI: c, Args: args, Stdout: &out, Stderr: &log}
	code = p.Run(ctx)
	return code, out.String(), log.String()
}

// start runs the service on a free port until the test ends or stop is called, which
// answers its exit code.
func start(t *testing.T, c *cli, args ...string) (d *daemon.Daemon, stderr *buffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	started, code := make(chan *daemon.Daemon), make(chan int, 1)
	stderr = &buffer{}
	p := daemon.Program{
		Name: "tester", CLI: c, Args: append([]string{"--http-addr=127.0.0.1:0"}, args...),
		Stdout: io.Discard, Stderr: stderr, Started: func(d *daemon.Daemon) { started <- d },
	}
	go func() { code <- p.Run(ctx) }()
	select {
	case d = <-started:
	case <-code:
		t.Fatal(stderr.String())
	}
	stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	t.Cleanup(func() { stop() })
	return d, stderr, stop
}

// get asks the server, on a connection of its own.
func get(t *testing.T, d *daemon.Daemon, path string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + d.Addr() + path)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	return response.StatusCode, string(body)
}
