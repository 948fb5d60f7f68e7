package real

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	_ "github.com/lib/pq" // the driver "postgres"
)

// Database is a PostgreSQL server with one empty database.
type Database struct {
	server

	DSN string // postgres://user@host:port/database, for lib/pq

	Password string // of a secured server; the DSN holds it, too
	CAFile   string // PEM, of the authority that signed its certificate
}

// Postgres starts a database that lives as long as the test.
func Postgres(t testing.TB) *Database {
	t.Helper()
	d, err := StartPostgres(context.Background())
	Require(t, err)
	d.closeWith(t)
	return d
}

// SecurePostgres starts a database that lets in by TLS and password only.
func SecurePostgres(t testing.TB) *Database {
	t.Helper()
	d, err := (&Database{Password: "database:p@ss/word"}).launch(context.Background())
	Require(t, err)
	d.closeWith(t)
	return d
}

// StartPostgres makes a cluster and serves it; Close ends it.
func StartPostgres(ctx context.Context) (*Database, error) { return new(Database).launch(ctx) }

// launch starts the server, secured if there is a Password.
func (d *Database) launch(ctx context.Context) (*Database, error) {
	initdb, err := postgresProgram("initdb")
	if err != nil {
		return nil, err
	}
	dir, err := serverDir("postgres")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	owner, err := unprivileged(data)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if d.Password == "" {
		d.DSN = fmt.Sprintf("postgres://sales@%s/postgres?sslmode=disable", address(port))
		err = initCluster(ctx, initdb, data, owner, "-A", "trust")
	} else {
		err = d.secure(ctx, initdb, data, owner)
		d.DSN = fmt.Sprintf("postgres://sales:%s@%s/postgres?sslmode=verify-full&sslrootcert=%s", url.QueryEscape(d.Password), address(port), d.CAFile)
	}
	if err != nil {
		return nil, err
	}
	d.server = server{
		dir: dir, startTime: 30 * time.Second, stopTime: 20 * time.Second, serves: d.serves,
		Process: NewProcess(Program{
			Name: "postgres", Dir: data, Log: filepath.Join(dir, "postgres.log"), user: owner,
			quit: syscall.SIGINT, // "fast": ends sessions instead of waiting for them
			Argv: []string{filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-p", strconv.Itoa(port),
				"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=50"},
		}),
	}
	if err := d.Start(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Start also waits for a killed server's backends, which end a moment after it
// and hold its shared memory until then.
func (d *Database) Start(ctx context.Context) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, d.server.Start(ctx)
	}, backoff.WithMaxTries(5))
	return err
}

// secure makes a cluster that wants TLS and a password, and the certificate that it shows.
func (d *Database) secure(ctx context.Context, initdb, data string, owner *syscall.Credential) error {
	dir := filepath.Dir(data)
	a, err := newAuthority(dir)
	if err != nil {
		return fmt.Errorf("make an authority: %w", err)
	}
	d.CAFile = a.file
	cert, key, err := a.issue()
	if err != nil {
		return fmt.Errorf("make the database's certificate: %w", err)
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(d.Password), 0o644); err != nil {
		return err
	}
	if err := initCluster(ctx, initdb, data, owner, "-A", "scram-sha-256", "--pwfile", password); err != nil {
		return err
	}
	for name, body := range map[string][]byte{
		"server.crt": cert, "server.key": key,
		"pg_hba.conf":          []byte("hostssl all all 127.0.0.1/32 scram-sha-256\n"),
		"postgresql.auto.conf": []byte("ssl = on\n"),
	} {
		path := filepath.Join(data, name)
		if err := os.WriteFile(path, body, 0o600); err != nil {
			return err
		}
		if owner != nil {
			if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Database) serves(ctx context.Context) error {
	db, err := sql.Open("postgres", d.DSN)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return db.PingContext(ctx)
}

// Script runs a file of psql's as the owner, with what is added to its environment.
func (d *Database) Script(ctx context.Context, file string, env ...string) error {
	psql, err := postgresProgram("psql")
	if err != nil {
		return err
	}
	return runTool(ctx, filepath.Dir(file), env, psql, d.DSN, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file="+file)
}

func initCluster(ctx context.Context, initdb, data string, owner *syscall.Credential, authentication ...string) error {
	cmd := exec.CommandContext(ctx, initdb, append(authentication, "-D", data, "-U", "sales",
		"-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")...)
	cmd.Dir = data
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// unprivileged gives data to the user nobody if this process is root's, as whom
// PostgreSQL refuses to run; nil means to stay as we are.
func unprivileged(data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, os.Chmod(data, 0o700)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("find a user for PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(data, int(uid), int(gid))
}

// postgresProgram finds a program of PostgreSQL, which Debian keeps off the PATH.
func postgresProgram(name string) (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	return program(name, "install postgresql")
}
