package warehouse

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// csvFile is a file of members: a header, any order of columns, unknown ones ignored.
type csvFile struct {
	file   *os.File
	reader *csv.Reader
	header map[string]int
	path   string
}

func openCSV(path string, required []string) (*csvFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := &csvFile{file: file, header: map[string]int{}, path: path}
	if err := f.readHeader(required); err != nil {
		f.close()
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return f, nil
}

func (f *csvFile) readHeader(required []string) error {
	buffered := bufio.NewReader(f.file)
	const bom = "\xef\xbb\xbf"
	if start, _ := buffered.Peek(len(bom)); string(start) == bom {
		_, _ = buffered.Discard(len(bom)) // was just seen
	}
	f.reader = csv.NewReader(buffered)
	f.reader.ReuseRecord = true
	names, err := f.reader.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty, want a header with " + strings.Join(required, ", "))
	}
	if err != nil {
		return err
	}
	for i, name := range names {
		f.header[strings.TrimSpace(name)] = i
	}
	if lacks := missing(f.header, required); lacks != "" {
		return fmt.Errorf("the header lacks %s; it has %s", lacks, strings.Join(names, ", "))
	}
	return nil
}

// next gives the values of up to n rows, each followed by its line; none at the end.
func (f *csvFile) next(n int, values func(field func(string) string) ([]any, error)) ([][]any, error) {
	var rows [][]any
	for len(rows) < n {
		record, err := f.reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err // names the line
		}
		line, _ := f.reader.FieldPos(0)
		field := func(name string) string { return strings.TrimSpace(record[f.header[name]]) }
		row, err := values(field)
		if err == nil && !utf8.ValidString(strings.Join(record, "")) {
			err = errors.New("is not UTF-8")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		rows = append(rows, append(row, int64(line)))
	}
	return rows, nil
}

func (f *csvFile) close() { _ = f.file.Close() } // only read from
