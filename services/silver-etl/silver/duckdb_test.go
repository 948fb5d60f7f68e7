package silver

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" //nolint:depguard // a second opinion, for this test only
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
)

// validSQL is silver written down a second time, as a query of all bronze files.
const validSQL = `
with bronze as (
  select *, regexp_replace(trim(category), '\s+', ' ', 'g') as cat, regexp_replace(trim(region), '\s+', ' ', 'g') as reg
  from read_parquet('BRONZE', hive_partitioning = false)
), valid as (
  select * from bronze
  where quantity > 0 and unit_price >= 0 and revenue >= 0
    and status in ('pending', 'completed', 'cancelled', 'refunded') and currency = 'USD'
    and event_ts <= _ingest_ts + interval 24 hours and order_ts <= _ingest_ts + interval 24 hours
    and event_ts >= timestamptz '2000-01-01 00:00:00+00' and order_ts >= timestamptz '2000-01-01 00:00:00+00'
), current as (
  select *, row_number() over (partition by order_id order by event_ts desc, event_id desc, _offset desc) as n from valid
)
select order_id, order_ts, event_ts, event_id, customer_id, product_id,
  case lower(cat) when 'books' then 'Books' when 'home & garden' then 'Home & Garden' else cat end as category,
  case lower(reg) when 'europe' then 'Europe' else reg end as region,
  quantity, unit_price, revenue, currency, status, payment_method, _partition, _offset
from current where n = 1`

// A plain glob of the bronze files in SQL, and the silver files that the
// manifests name, are the same rows, column by column.
func TestDuckDBAgrees(t *testing.T) {
	const partitions = 3
	folder := tempLake(t, 0)
	h := newHarness(t, &memoryTopic{}, folder, partitions)
	defer h.close()
	events := randomEvents(rand.New(rand.NewPCG(7, 8)), 20_000, partitions)
	for _, all := range byPartition(events, partitions) {
		for len(all) > 0 {
			n := min(1500, len(all))
			h.land(all[:n])
			all = all[n:]
		}
	}
	for p := range partitions { // in several commits
		for range 4 {
			h.add(p, 2)
			h.flush(p, noCrash)
		}
	}
	h.drain()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer db.Close() //nolint:errcheck // in memory
	want := strings.Replace(validSQL, "BRONZE", filepath.Join(folder, sales.TableBronze, "**/*.parquet"), 1)
	var files []string
	for _, key := range readSilver(t, h.topic, h.options).keys {
		files = append(files, "'"+filepath.Join(folder, key)+"'")
	}
	got := "select * from read_parquet([" + strings.Join(files, ", ") + "], hive_partitioning = false)"
	rows := func(query string) (n int) {
		require.NoError(t, db.QueryRow("select count(*) from ("+query+")").Scan(&n))
		return n
	}
	require.Greater(t, rows(got), 5000)
	require.Equal(t, rows(want), rows(got))
	require.Zero(t, rows("("+want+") except all ("+got+")"))
	require.Zero(t, rows("("+got+") except all ("+want+")"))
}
