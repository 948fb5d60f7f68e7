package lake

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSilverRejectKeys(t *testing.T) {
	m := &Manifest{Partition: 3, Slice: BronzeSlice(20454, 3, "01234567", 8)}
	key := SilverRejectKey("quarantine/sales_events", m, "")
	require.Equal(t, "quarantine/sales_events/silver/p=003/ingest_date=2026-01-01/01234567-00000000000000000008.parquet", key)
	attempt := NewAttempt(99_999_999, "x")
	require.Less(t, attempt, NewAttempt(100_000_000, "a"))
	slice, found := SplitSilverRejectKey(SilverRejectKey("quarantine/sales_events", m, attempt))
	require.Equal(t, []string{key, attempt}, []string{slice, found})
	slice, found = SplitSilverRejectKey(key)
	require.Equal(t, []string{key, ""}, []string{slice, found})
}

func TestPickTheRejectsThatCount(t *testing.T) {
	key := func(attempt string) string { return SilverRejectKey("q", &Manifest{Slice: "d/p=000/s-1"}, attempt) }
	stream, first, again, second := key(""), key(NewAttempt(5, "b")), key(NewAttempt(5, "a")), key(NewAttempt(7, "c"))
	attempts := Attempts{}
	attempts.Add(&Done{})
	attempts.Add(&Done{Attempt: NewAttempt(5, "b")})
	for name, c := range map[string]struct {
		keys    []string
		through int64
		current string
		stale   []string
	}{
		"stream only":              {[]string{stream}, 9, stream, nil},
		"replaced":                 {[]string{first, stream}, 0, first, []string{stream}},
		"in any order":             {[]string{stream, first}, 0, first, []string{stream}},
		"not committed":            {[]string{again, stream}, 4, stream, nil},
		"never to be committed":    {[]string{again, stream}, 5, stream, []string{again}},
		"not committed, alone":     {[]string{second}, 6, "", nil},
		"replaced and another try": {[]string{again, first, second, stream}, 5, first, []string{again, stream}},
	} {
		current, stale := attempts.Pick(c.keys, c.through)
		require.Equal(t, c.current, current, name)
		require.Equal(t, c.stale, stale, name)
	}
	attempts.Add(&Done{Attempt: NewAttempt(7, "c")})
	current, stale := attempts.Pick([]string{first, second, stream}, 0)
	require.Equal(t, second, current)
	require.Equal(t, []string{first, stream}, stale)
}
