package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
)

const versitygw = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// Server is a real S3 server over a directory that goes with the test.
type Server struct {
	Endpoint string // http://host:port
}

// StartServer starts versitygw, and gives the AWS environment of the test its
// credentials. The server is built at its first use. If that cannot be done, the test is
// skipped, or fails where CI is set.
func StartServer(t *testing.T) *Server {
	t.Helper()
	binary, err := build(t.Context())
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED, NOTHING WAS TESTED: no S3 server: %v (with CI set this fails)", err)
	}
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())

	t.Setenv("AWS_ACCESS_KEY_ID", "blobtest")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "blobtest-secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	var log bytes.Buffer
	server := exec.Command(binary, "--port", addr, "--health", "/health", "--quiet", "posix", t.TempDir())
	server.Env = append(os.Environ(), "ROOT_ACCESS_KEY=blobtest", "ROOT_SECRET_KEY=blobtest-secret")
	server.Stdout, server.Stderr = &log, &log
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill() // it may have ended already, and Wait tells
		_ = server.Wait()
		if t.Failed() {
			t.Logf("versitygw: %s", log.String())
		}
	})
	s := &Server{Endpoint: "http://" + addr}
	require.Eventually(t, s.healthy, 30*time.Second, 20*time.Millisecond, "versitygw does not answer")
	return s
}

func (s *Server) healthy() bool {
	response, err := http.Get(s.Endpoint + "/health")
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// Bucket answers a new bucket of the server. Its options may be changed first.
func (s *Server) Bucket(t *testing.T, change ...func(*blob.Options)) *blob.Bucket {
	t.Helper()
	o := blob.Options{
		URL: "s3://b" + strings.ToLower(rand.Text()), Endpoint: s.Endpoint, PathStyle: true, Create: true,
	}
	for _, f := range change {
		f(&o)
	}
	b, err := blob.Open(t.Context(), o)
	require.NoError(t, err)
	return b
}

// build answers the path of the server's binary, in the cache that all tests share.
func build(ctx context.Context) (string, error) {
	root := os.Getenv("SALESLAKE_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a cache directory (set SALESLAKE_CACHE): %w", err)
		}
		root = filepath.Join(user, "saleslake")
	}
	final := filepath.Join(root, "versitygw-"+versitygw[strings.LastIndexByte(versitygw, '@')+1:])
	binary := filepath.Join(final, "versitygw")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", fmt.Errorf("make the cache directory: %w", err)
	}
	partial, err := os.MkdirTemp(root, "versitygw-*.partial")
	if err != nil {
		return "", fmt.Errorf("make a directory in the cache: %w", err)
	}
	install := exec.CommandContext(ctx, "go", "install", versitygw)
	install.Dir = partial
	install.Env = append(os.Environ(), "GOBIN="+partial, "GOWORK=off", "GOFLAGS=-mod=mod", "CGO_ENABLED=0")
	if output, err := install.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("go install %s: %w\n%s", versitygw, err, output), os.RemoveAll(partial))
	}
	if err := os.Rename(partial, final); err != nil { // another test may have been faster
		if _, there := os.Stat(binary); there != nil {
			return "", fmt.Errorf("put versitygw into the cache: %w", err)
		}
		return binary, os.RemoveAll(partial)
	}
	return binary, nil
}
