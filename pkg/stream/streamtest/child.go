package streamtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/saleslake/saleslake/pkg/stream"
)

// child is an instance of the copying stage in a process of its own, so that it can be killed as a machine kills.
type child struct {
	Addr, Group, ID, In, Out string
	Session, Transaction     time.Duration
	KillAt                   string // the step of the commit path at which it kills itself; "" = never
	KillAfter                int64  // how many times it passes that step before
}

const childVariable = "STREAMTEST_CHILD"

// ready tells that Main was called, without which a child would run the tests.
var ready bool

// Main runs the tests of a package that uses RunSuite; its TestMain must call it. It lets the suite start the test
// binary again as an instance to be killed.
func Main(m interface{ Run() int }) {
	config := os.Getenv(childVariable)
	if config == "" {
		ready = true
		os.Exit(m.Run())
	}
	var c child
	err := json.Unmarshal([]byte(config), &c)
	if err == nil {
		err = c.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c child) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() { // a child whose test has died must not live on
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	var passed atomic.Int64
	fault := func(step string) {
		if step == c.KillAt && passed.Add(1) > c.KillAfter {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it takes effect
		}
	}
	return stream.Run(ctx, stream.Config{Brokers: []string{c.Addr}, ClientID: c.ID}, stream.RunConfig{
		Group: c.Group, TransactionalID: c.ID, Topics: []string{c.In},
		SessionTimeout: c.Session, TransactionTimeout: c.Transaction, Fault: fault,
	}, &Copy{Out: c.Out})
}

// start runs the child; it is killed at the test's end at the latest.
func (c child) start(t testing.TB) *exec.Cmd {
	t.Helper()
	if !ready {
		t.Fatal("the package's TestMain must call streamtest.Main")
	}
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(config))
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // the child ends when this end is closed
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}
