package generate

import (
	"bufio"
	"fmt"
	"path/filepath"
)

// BenchCSV is the name of the file that [WriteBench] writes.
const BenchCSV = "bench.csv"

// WriteBench writes a CSV of rows rows of the [Bench] mix into dir, and its answer beside it as [ExpectedJSON].
func WriteBench(dir string, seed uint64, rows int) (Expected, error) {
	want := Expected{Version: ExpectedVersion, Seed: seed, Files: map[string]Run{}}
	if rows <= 0 {
		return want, fmt.Errorf("write %s: rows is %d, must be positive", filepath.Join(dir, BenchCSV), rows)
	}
	opts := Bench(seed, rows, CSV)
	if _, err := writeEvents(dir, BenchCSV, opts, nil, &want); err != nil {
		return want, err
	}
	want.Total = want.Files[BenchCSV]
	return want, writeWith(dir, ExpectedJSON, func(w *bufio.Writer) error { return writeExpected(w, want) })
}
