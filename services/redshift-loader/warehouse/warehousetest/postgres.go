package warehousetest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Postgres is a server that lives as long as the test that started it.
type Postgres struct {
	port      int
	databases int
	program   func() *exec.Cmd // that serves
	server    *exec.Cmd
}

// StartPostgres makes a cluster in a temporary folder and serves it on a free port. On
// a machine without PostgreSQL the test is skipped, or fails if CI is set.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	if len(found) == 0 {
		if ci := os.Getenv("CI"); ci != "" && ci != "false" {
			t.Fatal("PostgreSQL is not on this machine: install postgresql")
		}
		t.Skip("SKIPPED, NOTHING WAS TESTED: PostgreSQL is not on this machine, install postgresql")
	}
	programs := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "postgres")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // what is left of a temporary folder harms nobody
	owner := unprivileged(t, dir)
	run := func(program string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(programs, program), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
		return cmd
	}
	out, err := run("initdb", "-D", "data", "-U", "sales", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	require.NoError(t, err, "initdb: %s", out)
	p := &Postgres{port: freePort(t)}
	p.program = func() *exec.Cmd {
		return run("postgres", "-D", "data", "-p", strconv.Itoa(p.port), "-c", "fsync=off",
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
	}
	p.Start(t)
	t.Cleanup(p.Stop)
	return p
}

// Restart ends the server and all its sessions in the middle of what they do, and starts
// it again.
func (p *Postgres) Restart(t testing.TB) {
	p.Stop()
	p.Start(t)
}

// Start serves after a Stop.
func (p *Postgres) Start(t testing.TB) {
	p.server = p.program()
	require.NoError(t, p.server.Start())
	p.await(t)
}

// Stop ends the server and all its sessions in the middle of what they do.
func (p *Postgres) Stop() {
	_ = p.server.Process.Signal(syscall.SIGINT) // ends sessions instead of waiting for them
	_ = p.server.Wait()                         // it was told to end, whatever it says
}

// Database makes an empty database and answers its URL.
func (p *Postgres) Database(t testing.TB) string {
	t.Helper()
	p.databases++
	name := fmt.Sprintf("test%d", p.databases)
	p.exec(t, "CREATE DATABASE "+name)
	return p.url(name)
}

// Hang makes the server cut all its connections, as one that restarts would.
func (p *Postgres) Hang(t testing.TB) {
	p.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL")
}

func (p *Postgres) url(database string) string {
	return fmt.Sprintf("postgres://sales@127.0.0.1:%d/%s?sslmode=disable", p.port, database)
}

func (p *Postgres) exec(t testing.TB, text string) { p.execIn(t, "postgres", text) }

func (p *Postgres) execIn(t testing.TB, database, text string) {
	db, err := sql.Open("postgres", p.url(database))
	require.NoError(t, err)
	_, err = db.Exec(text)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func (p *Postgres) await(t testing.TB) {
	db, err := sql.Open("postgres", p.url("postgres"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return db.PingContext(context.Background()) == nil }, 30*time.Second, 20*time.Millisecond)
	require.NoError(t, db.Close())
}

// unprivileged gives the folder to the user nobody if this process is root's, as whom
// PostgreSQL refuses to run; nil means to stay as we are.
func unprivileged(t testing.TB, dir string) *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	require.NoError(t, err)
	uid, err := strconv.Atoi(nobody.Uid)
	require.NoError(t, err)
	gid, err := strconv.Atoi(nobody.Gid)
	require.NoError(t, err)
	require.NoError(t, os.Chown(dir, uid, gid))
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
