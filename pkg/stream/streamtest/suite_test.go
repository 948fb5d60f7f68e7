package streamtest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// leakless adds to the tests that nothing of theirs goes on behind them.
type leakless struct{ *testing.M }

func (m leakless) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestMain(m *testing.M) { Main(leakless{m}) }

func TestSuite(t *testing.T) { RunSuite(t, Cluster(t), SessionTimeout(time.Second)) }
