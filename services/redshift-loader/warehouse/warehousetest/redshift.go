package warehousetest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Redshift is a PostgreSQL server that takes Redshift's statements: it stands between
// the driver and the server, notes each text that is sent, and turns the few that
// PostgreSQL lacks into its own. All others run as they are.
type Redshift struct {
	postgres *Postgres
	listener net.Listener
	mu       sync.Mutex
	texts    []string // sent as text without arguments
	prepared []string // sent with arguments
	fault    func(text string) (instead string, cut bool)
}

// SetFault makes f see each text that is sent: it answers what the server is sent
// instead, or the text itself, and whether the answer is lost with the connection.
func (r *Redshift) SetFault(f func(text string) (instead string, cut bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = f
}

// Unlocked lets f use the server from within a fault.
func (r *Redshift) Unlocked(f func()) {
	r.mu.Unlock()
	defer r.mu.Lock()
	f()
}

// StartRedshift serves until the test ends.
func StartRedshift(t *testing.T, p *Postgres) *Redshift {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &Redshift{postgres: p, listener: l}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			connections.Go(func() { r.serve(client) })
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		connections.Wait()
	})
	return r
}

// Database makes an empty database and answers its URL. Backslashes escape in it, and it
// has a SYS_LOAD_ERROR_DETAIL, which is empty.
func (r *Redshift) Database(t *testing.T) string {
	t.Helper()
	name := nameIn(r.postgres.Database(t))
	r.postgres.exec(t, fmt.Sprintf("ALTER DATABASE %s SET standard_conforming_strings = off", name))
	r.postgres.exec(t, fmt.Sprintf("ALTER DATABASE %s SET escape_string_warning = off", name))
	r.postgres.execIn(t, name, `CREATE TABLE sys_load_error_detail (session_id INTEGER, start_time TIMESTAMP, file_name CHAR(256),
		line_number BIGINT, column_name CHAR(127), column_type CHAR(10), error_message CHAR(512))`)
	return fmt.Sprintf("postgres://sales@%s/%s?sslmode=disable", r.listener.Addr(), name)
}

func nameIn(url string) string {
	return url[strings.LastIndexByte(url, '/')+1 : strings.IndexByte(url, '?')]
}

// NoteLoadError adds a row to SYS_LOAD_ERROR_DETAIL, as the session that is in a
// transaction on the database would have.
func (r *Redshift) NoteLoadError(t *testing.T, url, file string, line int, column, kind, message string) {
	r.postgres.execIn(t, nameIn(url), fmt.Sprintf(`INSERT INTO sys_load_error_detail
		SELECT pid, now(), '%s', %d, '%s', '%s', '%s' FROM pg_stat_activity
		WHERE datname = current_database() AND state = 'idle in transaction'`, file, line, column, kind, message))
}

// Sent answers what was sent since the last call: texts without arguments, and
// statements with some.
func (r *Redshift) Sent() (texts, prepared []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	texts, prepared = r.texts, r.prepared
	r.texts, r.prepared = nil, nil
	return texts, prepared
}

// serve hands messages on until either side ends.
func (r *Redshift) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // it has ended
	server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.postgres.port))
	if err != nil {
		return // the server has stopped: so does the client's connection
	}
	defer server.Close() //nolint:errcheck // it has ended
	back := &replies{to: client}
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = io.Copy(back, server) // ends with either side
		_ = client.Close()
	})
	_ = r.forward(server, client, back) // the same
	_ = client.Close()
	_ = server.(*net.TCPConn).CloseWrite() // what was sent is done all the same
	copying.Wait()
	_, _ = io.Copy(io.Discard, server)
}

// replies hands on what the server says, until it is cut.
type replies struct {
	to  io.Writer
	cut atomic.Bool
}

func (a *replies) Write(p []byte) (int, error) {
	if a.cut.Load() {
		return 0, io.ErrClosedPipe
	}
	return a.to.Write(p)
}

// forward reads the client's messages: a length and a body at first, then each after a
// byte that tells its kind.
func (r *Redshift) forward(server, client io.ReadWriter, back *replies) error {
	for kind := []byte(nil); ; kind = make([]byte, 1) {
		if _, err := io.ReadFull(client, kind); err != nil {
			return err
		}
		var length [4]byte
		if _, err := io.ReadFull(client, length[:]); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(length[:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return err
		}
		body, cut := r.message(string(kind), body)
		back.cut.Store(cut)
		binary.BigEndian.PutUint32(length[:], uint32(len(body)+4))
		if _, err := server.Write(append(append(kind, length[:]...), body...)); err != nil {
			return err
		}
		if cut {
			return nil
		}
	}
}

// message notes a message, and gives it as PostgreSQL takes it.
func (r *Redshift) message(kind string, body []byte) (sent []byte, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch kind {
	case "Q": // a text
		text := strings.TrimSuffix(string(body), "\x00")
		r.texts = append(r.texts, text)
		if r.fault != nil {
			text, cut = r.fault(text)
		}
		return append([]byte(inPostgres(text)), 0), cut
	case "P": // a name, a text, the types of its arguments
		parts := strings.SplitN(string(body), "\x00", 3)
		r.prepared = append(r.prepared, parts[1])
		parts[1] = inPostgres(parts[1])
		return []byte(strings.Join(parts, "\x00")), false
	default:
		return body, false
	}
}

var (
	copyStatement = regexp.MustCompile(`^COPY (\S+)\nFROM '(s3://[^']+)'\nIAM_ROLE (?:default|'arn:aws:iam::\d{12}:role/\S+')\nFORMAT AS PARQUET\nMANIFEST$`)
	ddlOnly       = regexp.MustCompile(` ENCODE \w+|\sDISTSTYLE \w+|\sDISTKEY \(\w+\)|\sSORTKEY \([\w, ]+\)`)
	foreignKey    = regexp.MustCompile(`FOREIGN KEY \(\w+\) REFERENCES \S+ \(\w+\)`)
	ownWords      = strings.NewReplacer("IDENTITY(1, 1)", "GENERATED ALWAYS AS IDENTITY", "SYSDATE", "CURRENT_TIMESTAMP")
)

// inPostgres says the same in PostgreSQL's language. A COPY becomes the INSERT of the
// rows of its files, by position. Foreign keys must hold at the commit.
func inPostgres(text string) string {
	if !strings.HasPrefix(text, "COPY ") {
		text = foreignKey.ReplaceAllString(text, "$0 DEFERRABLE INITIALLY DEFERRED")
		return ownWords.Replace(ddlOnly.ReplaceAllString(text, ""))
	}
	found := copyStatement.FindStringSubmatch(text)
	if found == nil {
		return Raise("this COPY is none that Redshift takes", "")
	}
	rows, err := copied(found[2])
	if err != nil {
		return Raise(err.Error(), "")
	}
	if len(rows) == 0 {
		return "SELECT 0"
	}
	return fmt.Sprintf("INSERT INTO %s VALUES %s", found[1], strings.Join(rows, ",\n"))
}

// Raise is a statement that fails as Redshift's own do, with the code XX000.
func Raise(message, detail string) string {
	return fmt.Sprintf("DO $do$ BEGIN RAISE EXCEPTION USING MESSAGE = $m$%s$m$, DETAIL = $m$%s$m$, ERRCODE = 'XX000'; END $do$", message, detail)
}

// onDisk gives the path of an object of a lake in a folder, whose URLs S3Files makes.
func onDisk(url string) string { return "/" + strings.TrimPrefix(url, "s3://") }

// copied gives the rows of a COPY manifest's files.
func copied(url string) (rows []string, err error) {
	text, err := os.ReadFile(onDisk(url))
	if err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	var manifest struct {
		Entries []struct {
			URL       string
			Mandatory bool
			Meta      struct {
				Length int64 `json:"content_length"`
			}
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, err
	}
	for _, e := range manifest.Entries {
		data, err := os.ReadFile(onDisk(e.URL))
		if err != nil {
			return nil, err
		}
		if !e.Mandatory || e.Meta.Length != int64(len(data)) {
			return nil, fmt.Errorf("%s: mandatory %t, content_length %d of %d", e.URL, e.Mandatory, e.Meta.Length, len(data))
		}
		more, err := rowsOf(e.URL, data)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// rowsOf gives the rows of a file as VALUES, with all of its columns in their order.
func rowsOf(name string, data []byte) ([]string, error) {
	r, err := lake.Open(name, data)
	if err != nil {
		return nil, err
	}
	schema := &column.Schema{}
	for _, c := range r.Columns() {
		field := column.Field{Name: c.Name, Optional: c.Optional}
		for kind := column.Int32; kind <= column.String; kind++ {
			if lake.ParquetType(kind) == c.Type {
				field.Type = kind
			}
		}
		if field.Type == 0 {
			return nil, errors.New("no type for " + c.Type)
		}
		schema.Fields = append(schema.Fields, field)
	}
	batch := column.NewBatch(schema, 0)
	if err := r.Read(batch); err != nil {
		return nil, err
	}
	rows := make([]string, batch.Rows())
	for i := range rows {
		values := make([]string, len(batch.Columns))
		for c := range batch.Columns {
			values[c] = value(&batch.Columns[c], i)
		}
		rows[i] = "(" + strings.Join(values, ", ") + ")"
	}
	return rows, nil
}

func value(c *column.Column, i int) string {
	switch c.Type {
	case column.Int32:
		return fmt.Sprint(c.I32[i])
	case column.Int64:
		return fmt.Sprint(c.I64[i])
	case column.Decimal:
		return sales.FormatCents(c.I64[i])
	case column.Date:
		return fmt.Sprintf("DATE '%s'", sales.FormatDay(c.I32[i]))
	case column.Timestamp:
		return fmt.Sprintf("TIMESTAMP '%s'", time.UnixMicro(c.I64[i]).UTC().Format("2006-01-02 15:04:05.000000"))
	}
	if text := c.String(i); text != "" {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
	}
	return "NULL"
}

// S3Files is a lake in a folder that says it is in S3.
type S3Files struct{ *blob.Bucket }

// URL answers s3:// and the object's path.
func (f S3Files) URL(key string) string { return "s3:/" + f.Bucket.URL(key) }

// Path answers that there is no file.
func (S3Files) Path(string) (string, bool) { return "", false }
