package produce

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/saleslake/saleslake/pkg/sales"
)

// maxLine is the longest NDJSON line that is sent; longer ones are an error.
const maxLine = 8 << 20

// Replay is a Source of files, one after the other.
//
// A line of NDJSON is sent as it is. A CSV row becomes a JSON object of its
// cells; a row without event_id gets the one that ingesting the file would
// give it, so that both ways lead to the same orders. A row that is no CSV
// stops the replay: bronze-writer ingest puts such rows into quarantine.
type Replay struct {
	paths []string // not opened yet
	file  *os.File
	rows  Source
}

// NewReplay checks that the files are there and end in .csv, .ndjson or .jsonl.
func NewReplay(paths []string) (*Replay, error) {
	var faults []error
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			faults = append(faults, fmt.Errorf("replay: %w", err))
		}
		if ext := strings.ToLower(filepath.Ext(path)); ext != ".csv" && ext != ".ndjson" && ext != ".jsonl" {
			faults = append(faults, fmt.Errorf("replay %s: want a .csv, .ndjson or .jsonl file", path))
		}
	}
	return &Replay{paths: paths}, errors.Join(faults...)
}

// Next gives the next row of the files.
func (r *Replay) Next() (Event, bool, error) {
	for {
		if r.rows != nil {
			if e, ok, err := r.rows.Next(); ok || err != nil {
				return e, ok, err
			}
			r.rows = nil
			if err := r.file.Close(); err != nil {
				return Event{}, false, fmt.Errorf("replay: %w", err)
			}
		}
		if len(r.paths) == 0 {
			return Event{}, false, nil
		}
		if err := r.open(r.paths[0]); err != nil {
			return Event{}, false, err
		}
		r.paths = r.paths[1:]
	}
}

func (r *Replay) open(path string) (err error) {
	if r.file, err = os.Open(path); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if strings.ToLower(filepath.Ext(path)) == ".csv" {
		r.rows, err = newCSV(path, r.file)
		return err
	}
	lines := bufio.NewScanner(r.file)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	r.rows = &ndjson{path: path, lines: lines}
	return nil
}

type ndjson struct {
	path  string
	lines *bufio.Scanner
	row   int64
}

// Next gives the next line. One without a readable order_id has no key: bronze
// judges it wherever it lands.
func (s *ndjson) Next() (Event, bool, error) {
	if !s.lines.Scan() {
		if err := s.lines.Err(); err != nil {
			return Event{}, false, fmt.Errorf("replay %s after row %d: %w", s.path, s.row, err)
		}
		return Event{}, false, nil
	}
	s.row++
	var id struct {
		OrderID string `json:"order_id"`
	}
	line := bytes.TrimSuffix(s.lines.Bytes(), []byte("\r"))
	_ = json.Unmarshal(line, &id) // bronze judges what is wrong with it
	return Event{Topic: sales.TopicEvents, Key: []byte(strings.TrimSpace(id.OrderID)), Value: line}, true, nil
}

type csvRows struct {
	path   string
	rows   *csv.Reader
	header []string
	source string // first 16 hex digits of the content's SHA-256
	row    int64
	line   int // where the next record would start if no blank lines came before it
}

func newCSV(path string, f *os.File) (Source, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return nil, fmt.Errorf("replay %s: %w", path, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("replay %s: %w", path, err)
	}
	in := bufio.NewReader(f)
	if bom, _ := in.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	s := &csvRows{path: path, rows: csv.NewReader(in), source: hex.EncodeToString(hash.Sum(nil))[:16]}
	header, err := s.rows.Read()
	if err != nil {
		return nil, fmt.Errorf("replay %s: read the header row: %w", path, err)
	}
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	s.header, s.line = header, 2
	for _, name := range header {
		s.line += strings.Count(name, "\n")
	}
	if !slices.Contains(header, "order_id") {
		return nil, fmt.Errorf("replay %s: the header row has no order_id; name the columns in the first row", path)
	}
	return s, nil
}

func (s *csvRows) Next() (Event, bool, error) {
	cells, err := s.rows.Read()
	if errors.Is(err, io.EOF) {
		return Event{}, false, nil
	}
	s.count(cells)
	if err != nil {
		return Event{}, false, fmt.Errorf("replay %s: row %d: %w; use bronze-writer ingest, which puts such rows into quarantine", s.path, s.row, err)
	}
	event := map[string]any{}
	for i, name := range s.header {
		if strings.TrimSpace(cells[i]) != "" {
			event[name] = jsonValue(name, cells[i])
		}
	}
	if event["event_id"] == nil {
		event["event_id"] = fmt.Sprintf("%s-%012d", s.source, s.row)
	}
	if event["event_ts"] == nil && event["order_ts"] != nil {
		event["event_ts"] = event["order_ts"]
	}
	value, err := json.Marshal(event)
	if err != nil {
		return Event{}, false, fmt.Errorf("replay %s: row %d: %w", s.path, s.row, err)
	}
	id, _ := event["order_id"].(string)
	return Event{Topic: sales.TopicEvents, Key: []byte(strings.TrimSpace(id)), Value: value}, true, nil
}

// count numbers the row as ingesting the file does, where a blank line is a row
// without content; the CSV reader passes over these.
func (s *csvRows) count(cells []string) {
	s.row++
	if len(cells) == 0 {
		return
	}
	start, _ := s.rows.FieldPos(0)
	if s.line > 0 {
		s.row += int64(start - s.line)
	}
	s.line = start + 1
	for _, cell := range cells {
		s.line += strings.Count(cell, "\n")
	}
}

// jsonValue writes a cell as an event has it: whole numbers where the contract wants them,
// times of files as RFC 3339, and all else, money included, as text.
func jsonValue(column, cell string) any {
	switch column {
	case "quantity", "schema_version":
		if n, err := strconv.ParseInt(strings.TrimSpace(cell), 10, 32); err == nil {
			return n
		}
	case "event_ts", "order_ts":
		if micros, err := sales.ParseCSVTimestamp([]byte(strings.TrimSpace(cell))); err == nil {
			return string(sales.AppendTimestamp(nil, micros))
		}
	}
	return cell
}
