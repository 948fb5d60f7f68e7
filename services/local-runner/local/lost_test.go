package local

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/services/gold-aggregator/gold"
)

// A run that meets a file of a newest version that is gone ends, and says which one and what to do.
func TestARunEndsWhenAFileIsGone(t *testing.T) {
	o := options(t, orders(t, "2026-01-05", "card", "card"))
	o.Through = gold.Group
	run(t, o)
	o.Through, o.Inputs = "", nil
	remove := func(pattern string) (key string, restore func()) {
		files, err := filepath.Glob(filepath.Join(o.Lake, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		data, err := os.ReadFile(files[0])
		require.NoError(t, err)
		require.NoError(t, os.Remove(files[0]))
		key, err = filepath.Rel(o.Lake, files[0])
		require.NoError(t, err)
		return filepath.ToSlash(key), func() { require.NoError(t, os.WriteFile(files[0], data, 0o600)) }
	}
	r, err := open(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, r.lost(t.Context()))
	key, restore := remove("silver/sales/day=2026-01-05/*/*.parquet")
	require.ErrorContains(t, r.lost(t.Context()), key+" is gone, which gold/fact_sales/day=2026-01-05 version ")
	require.ErrorContains(t, r.lost(t.Context()), "restore it, or make a new lake of the sources")
	restore()
	require.NoError(t, r.close())

	key, _ = remove("gold/daily_sales/day=2026-01-05/*.parquet")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o.Registry = prometheus.NewRegistry()
	_, err = Run(ctx, o)
	require.ErrorContains(t, err, "dq-checker: "+key+" is gone, which gold/daily_sales/day=2026-01-05 version ")
	require.ErrorContains(t, err, "restore it, or make its day again: local-runner rebuild --from 2026-01-05 --to 2026-01-05 --lake "+o.Lake)

	o.Command = command(t, lake.Rebuild)
	require.NoError(t, run(t, o).Fault())
}
