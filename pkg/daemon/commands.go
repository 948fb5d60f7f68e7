package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Healthcheck is the command that asks the service on the same http.addr whether it is
// ready. It fails with what the service waits for, and so serves as a container's check.
type Healthcheck struct {
	Timeout time.Duration `default:"3s" help:"Time to wait for the answer."`
}

// Run asks /readyz.
func (h *Healthcheck) Run(ctx context.Context, d *Daemon) error {
	addr := d.Settings.HTTP.Addr
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("read http.addr %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	return askReady(ctx, "http://"+net.JoinHostPort(host, port)+"/readyz")
}

func askReady(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask whether the service is ready: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "; "))
	}
	return nil
}

// Version is the command that prints what this program was built from.
type Version struct{}

// Run prints one line on standard output.
func (Version) Run(k *kong.Kong, d *Daemon) error {
	v := readVersion()
	_, err := fmt.Fprintf(k.Stdout, "%s %s (%s, %s)\n", d.Name, v.release, v.revision, v.toolchain)
	return err
}

// release is set by the build of a release, with -ldflags "-X ….release=v1.2.3".
var release = "development"

type version struct{ release, revision, toolchain string }

// readVersion takes the commit from what the compiler recorded.
func readVersion() version {
	v := version{release, "unknown", runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.revision = s.Value[:min(len(s.Value), 12)]
		}
	}
	return v
}
