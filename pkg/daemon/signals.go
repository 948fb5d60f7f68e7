package daemon

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// signalled answers a context that the first SIGINT or SIGTERM cancels; the second
// one ends the process with code 130.
func signalled(parent context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for cancelled := false; ; cancelled = true {
			select {
			case <-done:
				return
			case s := <-signals:
				if cancelled {
					fmt.Fprintf(stderr, "%v again: stopping at once\n", s)
					os.Exit(exitInterrupted)
				}
				cancel()
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
