package quarantine

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestManyRejects lists, exports and replays a large quarantine and tells time
// and peak memory: QUARANTINE_ROWS=1000000 go test -run ManyRejects -v.
func TestManyRejects(t *testing.T) {
	n := 3000
	if text := os.Getenv("QUARANTINE_ROWS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	r := newRig(t)
	r.fill(n)
	timed := func(what string, do func()) {
		begun := time.Now()
		do()
		t.Logf("%-28s %6.2f s, peak RSS so far %d MiB (the broker's records are in it)", what, time.Since(begun).Seconds(), peak(t))
	}
	timed("list", func() { require.EqualValues(t, n, r.list(Filter{})["wrong_type"][0]) })
	timed("export", func() {
		q, err := Read(r.ctx, r.options())
		require.NoError(t, err)
		done, err := q.Export(r.ctx, Filter{}, 0, io.Discard)
		require.NoError(t, err)
		require.EqualValues(t, n, done)
	})
	timed("plan", func() {
		require.EqualValues(t, n, r.replay(ReplayOptions{Plan: func(Planned) {}}, "set status=completed")[Send])
	})
	timed("replay", func() { require.EqualValues(t, n, r.replay(ReplayOptions{}, "set status=completed")[Send]) })
	timed("replay again", func() { require.EqualValues(t, n, r.replay(ReplayOptions{}, "set status=completed")[OnTheWay]) })
	timed("list, all of them replayed", func() { require.EqualValues(t, n, r.list(Filter{})["wrong_type"][2]) })
}

// peak is the most memory that the process has had, in MiB.
func peak(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	kib, err := strconv.Atoi(string(bytes.Fields(after)[0]))
	require.NoError(t, err)
	return kib >> 10
}
