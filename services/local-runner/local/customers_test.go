package local

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/producer/generate"
)

// history is what silver/customers must be of the sample, by the truth that the
// generator writes with it: who, when, and all that is said.
func history(t *testing.T) map[string]string {
	u, err := generate.NewUpdates(generate.FileOptions{Seed: expected(t).Seed}.OfUpdates())
	require.NoError(t, err)
	versions := map[string]string{}
	var item generate.UpdateItem
	for u.Next(&item) {
		if v := item.Truth.Update; item.Truth.Code == "" {
			if v.Bare {
				v.Customer = generate.Customer{ID: v.ID, UpdatedTS: v.UpdatedTS}
			}
			versions[fmt.Sprint(v.ID, " ", v.UpdatedTS)] = fmt.Sprint(v.Name, "|", v.Email, "|", v.Segment, "|", v.City, "|", v.Country, "|", v.Deleted)
		}
	}
	return versions
}

// told is silver/customers by plain glob.
func told(t *testing.T, db *sql.DB, folder string) map[string]string {
	rows, err := db.Query(`select customer_id || ' ' || epoch_us(updated_ts), concat_ws('|', coalesce(name, ''), coalesce(email, ''), coalesce(segment, ''), coalesce(city, ''),
		coalesce(country, ''), deleted = 1) from read_parquet('` + filepath.Join(folder, sales.TableSilverCustomers, "**/*.parquet") + "')")
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	versions := map[string]string{}
	for rows.Next() {
		var version, says string
		require.NoError(t, rows.Scan(&version, &says))
		require.NotContains(t, versions, version)
		versions[version] = says
	}
	require.NoError(t, rows.Err())
	return versions
}

// intervals are those of dim_customer by the same truth: each version from its time to that
// of the next, the first from the beginning of time unless it is a deletion, those that change
// nothing left out.
func intervals(t *testing.T) (lines []string) {
	byCustomer := map[string]map[int64]string{}
	for version, says := range history(t) {
		var id string
		var at int64
		_, err := fmt.Sscan(version, &id, &at)
		require.NoError(t, err)
		if byCustomer[id] == nil {
			byCustomer[id] = map[int64]string{}
		}
		if strings.HasSuffix(says, "|true") {
			says = "|||||true"
		}
		byCustomer[id][at] = says
	}
	for _, id := range slices.Sorted(maps.Keys(byCustomer)) {
		from, said := int64(0), ""
		for n, at := range slices.Sorted(maps.Keys(byCustomer[id])) {
			says := byCustomer[id][at]
			if n == 0 && says == "|||||true" {
				from = at
			}
			if n > 0 && says != said {
				lines = append(lines, fmt.Sprint(id, " ", from, " ", at, " ", said))
				from = at
			}
			said = says
		}
		lines = append(lines, fmt.Sprint(id, " ", from, " 0 ", said))
	}
	return lines
}

// shown is dim_customer, without the members that are known from orders only.
func shown(t *testing.T, folder string) (lines []string) {
	db, err := sql.Open("duckdb", filepath.Join(folder, "warehouse.duckdb")+"?access_mode=read_only")
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	rows, err := db.Query(`select customer_id || ' ' || epoch_us(valid_from) || ' ' || coalesce(epoch_us(valid_to), 0) || ' ' || coalesce(name, '') || '|' || coalesce(email, '')
		|| '|' || coalesce(segment, '') || '|' || coalesce(city, '') || '|' || coalesce(country, '') || '|' || deleted
		from sales.dim_customer where not inferred order by customer_id, valid_from`)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	var astray int64
	require.NoError(t, db.QueryRow(`select count(*) from sales.fact_sales f left join sales.dim_customer c on c.customer_sk = f.customer_sk and c.customer_id = f.customer_id
		and f.order_ts >= c.valid_from and (c.valid_to is null or f.order_ts < c.valid_to) where c.customer_sk is null`).Scan(&astray))
	require.Zero(t, astray, "orders whose customer is not the one of their time")
	return lines
}

func TestCustomersLandBesideSales(t *testing.T) {
	path, sold := made(t, func(*generate.Truth) {})
	want := expected(t).Updates
	o := options(t, path)
	o.Updates = []string{sampleUpdates}
	report := run(t, o)
	require.NoError(t, report.Fault())
	hop := report.hop(t, "bronze", report.Inputs[1].Source)
	require.Equal(t, lake.Count{Rows: want.Rows}, hop.In)
	require.Equal(t, lake.Count{Rows: want.BronzeRows}, hop.Out)
	for _, code := range sales.BronzeCodes {
		require.Equal(t, want.Rejected[string(code)], hop.Rejected[code].Rows, code)
	}
	silver := report.hop(t, "silver", report.Inputs[1].Source)
	require.Equal(t, hop.Out, silver.In)
	require.Equal(t, lake.Count{Rows: want.Versions}, silver.Out)
	require.Equal(t, want.BronzeRows-want.Versions, silver.Duplicate.Rows+silver.Superseded.Rows)
	last := report.Ledger.Hops[len(report.Ledger.Hops)-1]
	require.Equal(t, lake.Count(sold.Silver), last.Out, "of the sales alone")
	require.Equal(t, lake.Count{Rows: want.Versions}, report.hop(t, "warehouse", sales.TopicCustomers).Out)
	require.Equal(t, intervals(t), shown(t, o.Lake))
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	var rows, deleted, versions int64
	require.NoError(t, db.QueryRow("select count(*), sum(deleted), count(distinct (customer_id, updated_ts)) from read_parquet('"+
		filepath.Join(o.Lake, "bronze/customer_updates/**/*.parquet")+"')").Scan(&rows, &deleted, &versions))
	require.Equal(t, [3]int64{want.BronzeRows, want.DeletedRows, want.Versions}, [3]int64{rows, deleted, versions})
	require.Equal(t, history(t), told(t, db, o.Lake))
	require.True(t, run(t, o).Inputs[1].Known)
	require.Equal(t, history(t), told(t, db, o.Lake))

	o.Inputs, o.Updates = []string{sampleUpdates}, nil
	_, err = Run(context.Background(), o)
	require.ErrorContains(t, err, "customer_updates.ndjson: unusable input: it holds customer_updates, not sales_events: ingest it as dataset customer_updates")
}
