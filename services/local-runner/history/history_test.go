package history

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"
)

// batch is how many histories one query judges.
const batch = 500

// Whatever the order of arrival, the batches, the commits and the crashes:
// silver, gold, rejects and ledgers are what SQL makes of the events.
func TestEveryHistory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	p := &player{oracle: newOracle(t), folder: scratch(t)}
	checks, seed := setting[int](t, "rapid.checks"), setting[uint64](t, "rapid.seed")
	if seed == 0 {
		seed = rand.Uint64N(1<<53) + 1
	}
	began := time.Now()
	for from := 0; from < checks; from += batch {
		if bad, err := p.play(seed+uint64(from), min(batch, checks-from)); err != nil {
			t.Logf("seed %d: %v", bad, err)
			p.narrow(t, bad)
		}
	}
	t.Logf("%d histories from seed %d on, %.0f a second", checks, seed, float64(checks)/time.Since(began).Seconds())
}

// setting gives the value of a flag of rapid.
func setting[T any](t *testing.T, name string) T {
	value, ok := flag.Lookup(name).Value.(flag.Getter)
	require.True(t, ok)
	return value.Get().(T)
}

// scratch is a folder in memory where there is one: a history writes a hundred small files.
func scratch(t *testing.T) string {
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		return t.TempDir()
	}
	folder, err := os.MkdirTemp(memory, "history-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}

// player plays histories.
type player struct {
	oracle *oracle
	folder string
}

// play plays the histories of n seeds, on all processors, and gives one that
// went wrong.
func (p *player) play(seed uint64, n int) (bad uint64, err error) {
	outcomes, failed := make([]outcome, n), make([]error, n)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range outcomes {
		group.Go(func() error {
			h := histories.Example(int(seed) + i)
			outcomes[i].history = h
			outcomes[i].found, failed[i] = p.try(h, filepath.Join(p.folder, strconv.Itoa(i)))
			return nil
		})
	}
	_ = group.Wait() // none fails: see failed
	for i, err := range failed {
		if err != nil {
			return seed + uint64(i), err
		}
	}
	differences, err := p.oracle.differences(outcomes)
	if err != nil {
		return seed, err
	}
	for i := range outcomes {
		if rows := differences[i]; len(rows) > 0 {
			return seed + uint64(i), fmt.Errorf("%s", strings.Join(rows, "\n"))
		}
	}
	return 0, nil
}

// try plays one history, and makes what goes wrong an error.
func (p *player) try(h history, folder string) (found []entry, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return p.found(raise{}, h, folder), nil
}

func (p *player) found(t require.TestingT, h history, folder string) []entry {
	defer os.RemoveAll(folder) //nolint:errcheck // scratch
	return newLake(t, h, folder).play()
}

// raise makes a failed requirement a panic.
type raise struct{}

func (raise) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (raise) FailNow()                          { panic("failed") }

// narrow has rapid find a small history that goes wrong as that of the seed does.
func (p *player) narrow(t *testing.T, seed uint64) {
	require.NoError(t, flag.Set("rapid.checks", "1"))
	require.NoError(t, flag.Set("rapid.seed", strconv.FormatUint(seed, 10)))
	rapid.Check(t, func(r *rapid.T) {
		h := histories.Draw(r, "history")
		found := p.found(r, h, filepath.Join(p.folder, "narrow"))
		differences, err := p.oracle.differences([]outcome{{h, found}})
		require.NoError(r, err)
		require.Empty(r, strings.Join(differences[0], "\n"))
	})
	t.Fatalf("the history of seed %d went wrong, and then well: run it again with -rapid.seed=%d -rapid.checks=1", seed, seed)
}
