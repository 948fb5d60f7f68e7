package real

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// server is what the three servers share: a process, the directory that holds
// its data and log, and a check that tells when it serves.
type server struct {
	*Process

	dir       string
	startTime time.Duration // how long a start may take
	stopTime  time.Duration // how long a stop may take
	serves    func(context.Context) error
}

// Start runs the server and returns when it serves. After Stop or Kill it comes
// back on the same port with the same data.
func (s *server) Start(ctx context.Context) error {
	if err := s.Process.Start(); err != nil {
		return err
	}
	if err := s.Until(ctx, s.startTime, s.serves); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// Stop shuts the server down as an operator would.
func (s *server) Stop() error { return s.Process.Stop(s.stopTime) }

// Close kills the server and deletes its data and log.
func (s *server) Close() error {
	s.Kill()
	return os.RemoveAll(s.dir)
}

// closeWith ends the server with the test, showing its log if the test failed.
func (s *server) closeWith(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		s.ShowLog(t)
		if err := s.Close(); err != nil {
			t.Errorf("close %s: %v", s.Name, err)
		}
	})
}

// serverDir makes a directory for a server that another user may enter.
func serverDir(name string) (string, error) {
	dir, err := os.MkdirTemp("", "saleslake-"+name+"-")
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// freePort finds a port that nobody listens on, below the range from which the
// kernel takes the ports of outgoing connections: a stopped server must find its
// port free when it starts again.
func freePort() (int, error) {
	for range 100 {
		port := 15000 + rand.IntN(15000)
		l, err := net.Listen("tcp", address(port))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("find a free port between 15000 and 30000: 100 tries were taken")
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// AnswersOK asks an HTTP server for a page; an answer other than 200 is an error.
func AnswersOK(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
