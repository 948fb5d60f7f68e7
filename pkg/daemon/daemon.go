package daemon

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
)

// Daemon is the process as its command sees it. It is safe for concurrent use.
type Daemon struct {
	Name     string
	Log      *zap.Logger
	Registry *prometheus.Registry
	// Settings are all settings, those of sections that the command does not embed
	// included.
	Settings config.Pipeline

	health health
	server *server
}

// Addr answers the address that the HTTP server listens on, with the port that it
// really has; empty if there is no server.
func (d *Daemon) Addr() string {
	if d.server == nil {
		return ""
	}
	return d.server.listener.Addr().String()
}

// Ready says whether the service has all that it needs to do its work. /readyz answers
// 200 only when it does and nothing is waited for.
func (d *Daemon) Ready(ready bool) { d.health.setReady(ready) }

// Waiting says what the service itself waits for, such as "kafka: connection refused",
// for /readyz to show; empty means nothing. Each call replaces the one before.
func (d *Daemon) Waiting(reason string) { d.health.wait("", reason) }
