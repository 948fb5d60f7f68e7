package warehouse_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDuckDB(t *testing.T) {
	warehousetest.Run(t, func(t *testing.T) warehouse.Options {
		return warehouse.Options{Dialect: config.DuckDB, Source: filepath.Join(t.TempDir(), "warehouse.duckdb")}
	})
}

func TestPostgres(t *testing.T) {
	server := warehousetest.StartPostgres(t)
	warehousetest.Run(t, func(t *testing.T) warehouse.Options {
		return warehouse.Options{Dialect: config.Postgres, Source: server.Database(t)}
	})
	t.Run("cut connections pass by themselves", func(t *testing.T) { cutConnections(t, server) })
}

// cutConnections ends the server's side in the middle of a load.
func cutConnections(t *testing.T, server *warehousetest.Postgres) {
	lake := warehousetest.NewLake(t)
	cut := true
	w, err := warehouse.Open(warehouse.Options{Dialect: config.Postgres, Source: server.Database(t), Files: lake.Bucket, Step: func(step string) {
		if step == "merge_facts" && cut {
			server.Hang(t)
		}
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	verdicts := lake.All("2026-01-01", 1, warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 5})
	_, err = w.Load(t.Context(), verdicts)
	require.ErrorIs(t, err, warehouse.ErrUnavailable)
	cut = false
	r, err := w.Load(t.Context(), verdicts)
	require.NoError(t, err)
	require.Len(t, r.Loaded, 3)
}

func TestOpenRefusesWhatItCannotLoad(t *testing.T) {
	_, err := warehouse.FromConfig(config.Warehouse{DSN: "redshift://user@host:5439/db"}, nil, nil)
	require.ErrorContains(t, err, "redshift")
}
