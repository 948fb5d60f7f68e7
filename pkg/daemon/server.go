package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// How long a client may take, and how long the last answers may take when the process
// ends.
const (
	httpTimeout  = 10 * time.Second
	closeTimeout = 2 * time.Second
)

// server answers /metrics, /livez and /readyz.
type server struct {
	http     *http.Server
	listener net.Listener
	done     chan struct{}
}

// serve starts the server; it has an address when serve returns.
func (d *Daemon) serve(addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on http.addr: %w", err)
	}
	s := &server{listener: listener, done: make(chan struct{}), http: &http.Server{
		Handler: d.routes(), ReadTimeout: httpTimeout, WriteTimeout: httpTimeout,
		ErrorLog: zap.NewStdLog(d.Log),
	}}
	d.server = s
	go func() {
		defer close(s.done)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.Log.Error("http server stopped", zap.Error(err))
		}
	}()
	d.Log.Info("serving http", zap.String("addr", d.Addr()))
	return nil
}

func (d *Daemon) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(d.Registry, promhttp.HandlerOpts{ErrorLog: zap.NewStdLog(d.Log)}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.HandleFunc("GET /readyz", d.health.serveReady)
	return mux
}

// close lets the answers under way finish.
func (s *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // the process ends: whoever still holds a connection is cut off
	}
	<-s.done
}
