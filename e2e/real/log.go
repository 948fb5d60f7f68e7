package real

import (
	"bytes"
	"os"
	"testing"
)

const logTailBytes = 8 << 10

// logTail is the end of a log file, from the start of a line.
func logTail(path string) []byte {
	log, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	if len(log) > logTailBytes {
		log = log[len(log)-logTailBytes:]
		if _, rest, found := bytes.Cut(log, []byte("\n")); found {
			log = rest
		}
	}
	return bytes.TrimSpace(log)
}

// ShowLog prints the end of the process's log if the test has failed.
func (p *Process) ShowLog(t testing.TB) {
	t.Helper()
	if t.Failed() {
		t.Logf("--- end of the log of %s\n%s", p.Name, logTail(p.Log))
	}
}

// Logged tells whether text stands in the process's log.
func (p *Process) Logged(text string) bool {
	log, err := os.ReadFile(p.Log)
	return err == nil && bytes.Contains(log, []byte(text))
}
