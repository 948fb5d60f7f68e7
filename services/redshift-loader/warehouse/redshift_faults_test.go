package warehouse_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
)

func passing(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	verdicts := b.lake.All("2026-01-01", 1, oneOrder(1))
	for _, c := range []struct{ at, message, detail string }{
		{"LOCK ", "1023", "Serializable isolation violation on table - 100167, transactions forming the cycle are: 1, 2 (pid:3)"},
		{"DELETE FROM sales.fact_sales", "could not complete because of conflict with concurrent transaction", ""},
		{"COPY ", "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown", ""},
	} {
		b.server.SetFault(func(text string) (string, bool) {
			if strings.Contains(text, c.at) {
				return warehousetest.Raise(c.message, c.detail), false
			}
			return text, false
		})
		_, err := b.Load(t.Context(), verdicts)
		require.ErrorIs(t, err, warehouse.ErrUnavailable, c.message)
	}
	b.server.SetFault(func(text string) (string, bool) {
		if strings.HasPrefix(text, "COPY ") {
			return warehousetest.Raise("Spectrum Scan Error", "code: 15001\n  context: File has an incompatible Parquet schema"), false
		}
		return text, false
	})
	_, err := b.Load(t.Context(), verdicts)
	require.NotErrorIs(t, err, warehouse.ErrUnavailable)
	require.ErrorContains(t, err, "Spectrum Scan Error (XX000) (code: 15001 context: File has an incompatible Parquet schema)")
	b.server.SetFault(nil)
	b.count(t, lake.Count{})
	_, err = b.Load(t.Context(), verdicts)
	require.NoError(t, err)
	b.count(t, lake.Count{Rows: 1, Cents: 100})
}

// lostCommit cuts the connection after the server got the commit: the ledger tells.
func lostCommit(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	verdicts := b.lake.All("2026-01-01", 1, oneOrder(1))
	b.server.SetFault(func(text string) (string, bool) { return text, strings.HasPrefix(text, "COMMIT") })
	_, err := b.Load(t.Context(), verdicts)
	require.ErrorIs(t, err, warehouse.ErrUnavailable)
	b.server.SetFault(nil)
	r, err := b.Load(t.Context(), verdicts)
	require.NoError(t, err)
	require.Equal(t, warehouse.Result{Stale: 6}, r)
	b.count(t, lake.Count{Rows: 1, Cents: 100})
}

func failedCopy(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	verdicts := b.lake.All("2026-01-01", 1, oneOrder(1))
	key := verdicts[0].Manifest.Files[0].Key
	b.server.SetFault(func(text string) (string, bool) {
		if !strings.HasPrefix(text, "COPY ") {
			return text, false
		}
		url := warehousetest.S3Files{Bucket: b.lake.Bucket}.URL(key)
		b.server.NoteLoadError(t, b.url, url, 7, "region", "varchar", "Value too long")
		return warehousetest.Raise("Load into table 'stage_sales' failed.", ""), false
	})
	_, err := b.Load(t.Context(), verdicts)
	require.ErrorContains(t, err, key+", column region (varchar), row 7: Value too long; redshift-loader preflight "+key+" compares the file with the table")
	require.Empty(t, b.left(t))
	texts, _ := b.server.Sent()
	golden(t, "load_error.sql", b.normal(slices.DeleteFunc(texts, func(text string) bool { return !strings.Contains(text, "sys_load_error_detail") })))
}

// goneSince deletes files after they were checked, before their COPY.
func goneSince(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	gone := []*lake.Verdict{b.lake.Facts("2026-01-02", 1, warehousetest.Order{ID: "B", Day: "2026-01-02", Version: 1, Cents: 1}),
		b.lake.Facts("2026-01-03", 1, warehousetest.Order{ID: "C", Day: "2026-01-03", Version: 1, Cents: 1})}
	begins := 0
	b.server.SetFault(func(text string) (string, bool) {
		if text == "LOCK etl.write_lock" {
			begins++
		}
		if !strings.HasPrefix(text, "COPY ") {
			return text, false
		}
		for _, v := range gone {
			require.NoError(t, b.lake.Bucket.Delete(t.Context(), v.Manifest.Files[0].Key))
		}
		return text, false // which fails, as a file is mandatory
	})
	r, err := b.Load(t.Context(), append(b.lake.All("2026-01-01", 1, oneOrder(1)), gone...))
	require.NoError(t, err)
	require.Len(t, r.Loaded, 6)
	require.Len(t, r.Gone, 2)
	require.Equal(t, 2, begins)
	b.count(t, lake.Count{Rows: 1, Cents: 100})
	require.Empty(t, b.left(t))
}

// overtaken has another loader load a version while this one prepares.
func overtaken(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	other := b.open(t)
	_, err := b.Load(t.Context(), b.lake.All("2026-01-01", 1, oneOrder(1)))
	require.NoError(t, err)
	second := b.lake.All("2026-01-01", 2, oneOrder(2))
	third := b.lake.All("2026-01-01", 3, oneOrder(3))
	once := true
	b.server.SetFault(func(text string) (string, bool) {
		if text == "LOCK etl.write_lock" && once {
			once = false
			loaded := make(chan error)
			go func() {
				_, err := other.Load(context.WithoutCancel(t.Context()), second)
				loaded <- err
			}()
			b.server.Unlocked(func() { require.NoError(t, <-loaded) })
		}
		return text, false
	})
	_, err = b.Load(t.Context(), third)
	require.NoError(t, err)
	b.count(t, lake.Count{Rows: 1, Cents: 300})
}

// waits has a load wait for another one, which it does not for ever.
func waits(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	defer warehouse.SetLockTime(100 * time.Millisecond)()
	other := b.open(t)
	verdicts := b.lake.All("2026-01-01", 1, oneOrder(1))
	once, waited := true, error(nil)
	b.server.SetFault(func(text string) (string, bool) {
		if strings.HasPrefix(text, "COPY ") && once {
			once = false
			b.server.Unlocked(func() { _, waited = other.Load(context.WithoutCancel(t.Context()), verdicts) })
		}
		return text, false
	})
	_, err := b.Load(t.Context(), verdicts)
	require.NoError(t, err)
	require.ErrorIs(t, waited, warehouse.ErrUnavailable)
	require.ErrorContains(t, waited, "another transaction holds etl.write_lock for longer than 100ms")
}

// tooLong has the server cancel statements.
func tooLong(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	verdicts := b.lake.All("2026-01-01", 1, oneOrder(1))
	cancel := strings.Replace(warehousetest.Raise("Query (150) canceled on user's request", ""), "XX000", "57014", 1)
	for at, want := range map[string]string{
		"LOCK ":                        "another transaction holds etl.write_lock for longer than 10m0s",
		"DELETE FROM sales.fact_sales": "longer than statement_timeout (of the loader on Redshift: 1h0m0s)",
	} {
		b.server.SetFault(func(text string) (string, bool) {
			if strings.Contains(text, at) {
				return cancel, false
			}
			return text, false
		})
		_, err := b.Load(t.Context(), verdicts)
		require.ErrorContains(t, err, want)
		require.Equal(t, at == "LOCK ", errors.Is(err, warehouse.ErrUnavailable), "who waits goes on; a statement that takes too long would again")
	}
	b.server.SetFault(nil)
	b.count(t, lake.Count{})
}

func swept(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	for _, name := range []string{"old.manifest", "young.manifest"} {
		require.NoError(t, b.lake.Bucket.Put(t.Context(), "_redshift/"+name, []byte("{}")))
	}
	path, _ := b.lake.Bucket.Path("_redshift/old.manifest")
	yesterday := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(path, yesterday, yesterday))
	_, err := b.Load(t.Context(), b.lake.All("2026-01-01", 1, oneOrder(1)))
	require.NoError(t, err)
	require.Equal(t, []string{"_redshift/young.manifest"}, b.left(t))
}

func atOnce(t *testing.T, b *redshiftBench) {
	var programs errgroup.Group
	verdicts := b.lake.All("2026-01-01", 1, oneOrder(1))
	for range 3 {
		w := b.open(t)
		programs.Go(func() error {
			if _, err := w.Migrate(t.Context()); err != nil {
				return err
			}
			_, err := w.Load(t.Context(), verdicts)
			return err
		})
	}
	require.NoError(t, programs.Wait())
	b.count(t, lake.Count{Rows: 1, Cents: 100})
}
