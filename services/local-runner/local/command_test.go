package local

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/producer/generate"
)

func plan(t *testing.T, o Options) []lake.DayChange {
	o.Registry = prometheus.NewRegistry()
	days, err := Plan(t.Context(), o)
	require.NoError(t, err)
	return days
}

func command(t *testing.T, kind lake.Kind) *lake.Command {
	c, err := control.NewCommand(kind, "2000-01-01", "2030-01-01")
	require.NoError(t, err)
	return c
}

// A catalogue that was wrong, and then a gold file that is damaged, are repaired without any
// service: the plan says what is done.
func TestDaysAreRepaired(t *testing.T) {
	o := options(t, sampleCSV)
	o.Settings.Lake.Partitions = 2
	right := o.Settings.Catalogue.Categories
	o.Settings.Catalogue.Categories = []string{"BOOKS"}
	run(t, o)
	o.Inputs, o.Settings.Catalogue.Categories = nil, right
	o.Command = command(t, lake.Reprocess)
	want := plan(t, o)
	require.NotEmpty(t, want)
	report := run(t, o)
	require.NoError(t, report.Fault())
	require.Equal(t, want, report.Days)
	require.Empty(t, plan(t, o))
	require.Empty(t, differences(t, o, report, expected(t).Files[generate.EventsCSV]))

	o.Command = command(t, lake.Rebuild)
	days := plan(t, o)
	for _, d := range days {
		require.Empty(t, d.Tables, d.Day)
		require.Equal(t, d.Before, d.After)
	}
	files, err := filepath.Glob(filepath.Join(o.Lake, sales.TableHourlySales, "*", "*.parquet"))
	require.NoError(t, err)
	require.NoError(t, os.Truncate(files[0], 5))
	days = plan(t, o)
	report = run(t, o)
	require.NoError(t, report.Fault())
	require.Equal(t, days, report.Days)
	damaged := 0
	for _, d := range days {
		damaged += len(d.Tables)
	}
	require.Equal(t, 1, damaged)
	for _, d := range plan(t, o) {
		require.Empty(t, d.Tables, d.Day)
	}
}

func TestACommandWantsALake(t *testing.T) {
	o := options(t)
	o.Command = command(t, lake.Rebuild)
	_, err := Run(context.Background(), o)
	require.ErrorContains(t, err, "holds no lake of an earlier run")
	require.NoDirExists(t, o.Lake)
}
