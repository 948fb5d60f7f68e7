package pipeline

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
)

// shown is a query of a panel, with Grafana's macros and variables expanded.
type shown struct {
	panel string // dashboard and title
	expr  string // asked of Prometheus
	sql   string // asked of the warehouse
}

// watch lets events happen now, and expects every query of every panel of every dashboard
// to have an answer: from a Prometheus that scrapes the services, and from the warehouse as
// Grafana's role. Heartbeats are sent now, as no comparison counts records by offsets any more,
// and all hops must be well by them.
func (s *stack) watch() {
	for _, instance := range []string{"bronze-writer-0", "bronze-writer-1"} {
		s.processes[instance].Kill()
	}
	s.ready(s.start("bronze-writer", "bronze-writer-0", "SALES_BRONZE_HEARTBEAT=1s"))
	producer := s.start("producer", "producer-2", "SALES_PRODUCER_SEED=4", "SALES_PRODUCER_RATE=500", "SALES_PRODUCER_EVENTS=0")
	targets := map[string]string{"producer": producer.addr}
	for _, service := range services {
		for _, instance := range []string{service.name + "-0", service.name + "-1"} {
			if p := s.processes[instance]; p != nil && p.Running() {
				targets[service.name] = p.addr
			}
		}
	}
	require.Len(s.t, targets, len(services)+1)
	monitor := real.Prometheus(s.t, filepath.Join(s.root, "deploy/prometheus/rules/*.yml"), targets)
	viewer := s.viewer()
	s.haveLastWeek()

	queries := s.panels()
	require.NotEmpty(s.t, queries)
	for _, q := range queries {
		s.until(patience, q.panel+" shows something: "+q.expr+q.sql, func() error {
			if q.sql != "" {
				return answers(viewer, q.sql)
			}
			return hasValue(monitor, q.expr, strings.HasSuffix(q.panel, ": Hops"))
		})
	}
	producer.Kill()
	s.t.Logf("%d queries of panels were answered", len(queries))
}

// viewer opens the warehouse with the rights that Grafana has.
func (s *stack) viewer() *sql.DB {
	require.NoError(s.t, s.database.Script(context.Background(), filepath.Join(s.root, "deploy/grafana/role.sql"), "GRAFANA_PASSWORD=secret"))
	dsn, err := url.Parse(s.database.DSN)
	require.NoError(s.t, err)
	dsn.User = url.UserPassword("grafana", "secret")
	db, err := sql.Open("postgres", dsn.String())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = db.Close() })
	for _, forbidden := range []string{"select * from sales.dim_customer", "select * from sales.v_orders", "delete from sales.dim_region"} {
		_, err := db.Exec(forbidden)
		require.Error(s.t, err, forbidden)
	}
	return db
}

// haveLastWeek gives today's hours a week ago something to be compared with.
func (s *stack) haveLastWeek() {
	db, err := sql.Open("postgres", s.database.DSN)
	require.NoError(s.t, err)
	defer func() { _ = db.Close() }()
	s.until(patience, "an order of now is in the warehouse", func() error {
		return answers(db, `select 1 from sales.agg_hourly_sales where order_hour >= date_trunc('hour', now() at time zone 'UTC') and net_revenue > 0`)
	})
	_, err = db.Exec(`insert into sales.agg_hourly_sales select order_hour - interval '7 days', region, category, orders, units,
		gross_revenue, refunded_revenue, net_revenue, pending_orders, cancelled_orders from sales.agg_hourly_sales
		where order_hour >= date_trunc('hour', now() at time zone 'UTC') and net_revenue > 0
		on conflict do nothing`) // an event may be as late as that
	require.NoError(s.t, err)
}

// answers expects a row, and in the first one no null.
func answers(db *sql.DB, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if !rows.Next() {
		return errors.Join(rows.Err(), errors.New("the warehouse answers with no row"))
	}
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	for i, v := range values {
		if v == nil {
			return fmt.Errorf("column %s is null", columns[i])
		}
	}
	return nil
}

// hasValue expects a value that is a number, and 0 where that means that all is well.
func hasValue(m *real.Monitor, expr string, zero bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	value, err := m.Query(ctx, expr)
	if err != nil {
		return err
	}
	switch v := value.(type) {
	case model.Vector:
		for _, sample := range v {
			if !math.IsNaN(float64(sample.Value)) && (!zero || sample.Value == 0) {
				return nil
			}
		}
	}
	return fmt.Errorf("Prometheus answers %q", value)
}

// panels reads the queries from the files that Grafana reads.
func (s *stack) panels() (all []shown) {
	files, err := filepath.Glob(filepath.Join(s.root, "deploy/grafana/dashboards/*.json"))
	require.NoError(s.t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(s.t, err)
		var d struct {
			Title  string
			Panels []struct {
				Title   string
				Targets []struct{ Expr, RawSQL string }
			}
		}
		require.NoError(s.t, json.Unmarshal(text, &d))
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				one := shown{panel: d.Title + ": " + p.Title, expr: expand(q.Expr), sql: expand(q.RawSQL)}
				require.NotContains(s.t, one.expr+one.sql, "$", "%s: a macro that this test does not know", one.panel)
				all = append(all, one)
			}
		}
	}
	return all
}

var timeFilter = regexp.MustCompile(`\$__timeFilter\((\w+)\)`)

// expand does what Grafana does to a query before it is sent, for a time of a day until now.
func expand(query string) string {
	from := "'" + time.Now().UTC().Add(-24*time.Hour).Format(time.RFC3339) + "'"
	to := "'" + time.Now().UTC().Add(time.Hour).Format(time.RFC3339) + "'"
	query = timeFilter.ReplaceAllString(query, "$1 BETWEEN "+from+" AND "+to)
	return strings.NewReplacer("$__timeFrom()", from, "$__timeTo()", to, "$__rate_interval", "1m", "$__range", "5m", "$service", ".+").Replace(query)
}
