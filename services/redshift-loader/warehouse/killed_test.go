package warehouse_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
)

// child is a load in a process of its own, so that it can be killed as a machine kills.
type child struct {
	Dialect, Source string
	Lake            string // URL
	Verdicts        []*lake.Verdict
	KillAt          int // the step at which it kills itself
}

const childVariable = "WAREHOUSETEST_CHILD"

func TestMain(m *testing.M) {
	config := os.Getenv(childVariable)
	if config == "" {
		goleak.VerifyTestMain(m)
		return
	}
	var c child
	err := json.Unmarshal([]byte(config), &c)
	if err == nil {
		err = c.run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c child) run(ctx context.Context) error {
	bucket, err := blob.Open(ctx, blob.Options{URL: c.Lake})
	if err != nil {
		return err
	}
	steps := 0
	o := warehouse.Options{Dialect: c.Dialect, Source: c.Source, IAMRole: "default", Files: bucket, Step: func(string) {
		if steps++; steps == c.KillAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing comes after it
		}
	}}
	if c.Dialect == warehouse.Redshift {
		o.Files = warehousetest.S3Files{Bucket: bucket}
	}
	w, err := warehouse.Open(o)
	if err != nil {
		return err
	}
	_, err = w.Load(ctx, c.Verdicts)
	return err
}

// killed kills a load at each of its steps, until one has no more: the tables are as they
// were before until then, and as they are to be after it.
func killed(t *testing.T, dialect, source string) {
	files := warehousetest.NewLake(t)
	folder, _ := files.Bucket.Path("")
	o := warehouse.Options{Dialect: dialect, Source: source, IAMRole: "default", Files: files.Bucket}
	if dialect == warehouse.Redshift {
		o.Files = warehousetest.S3Files{Bucket: files.Bucket}
	}
	w, err := warehouse.Open(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	_, err = w.Migrate(t.Context())
	require.NoError(t, err)
	const newYear = 20454 * sales.MicrosPerDay // 2026-01-01
	ann := warehousetest.Update{ID: "C-1", At: newYear, Name: "Ann"}
	married := warehousetest.Update{ID: "C-1", At: newYear + 1, Name: "Ann B"}
	a := warehousetest.Order{ID: "A", Day: "2026-01-01", Version: 1, Cents: 100}
	b := warehousetest.Order{ID: "B", Day: "2026-01-01", Version: 1, Cents: 5}
	_, err = w.Load(t.Context(), append(files.All(a.Day, 1, a, b), files.Customers(a.Day, 0, 1, ann)))
	require.NoError(t, err)
	before := state(t, w)

	b.Version, b.Cents = 2, 6
	verdicts := append(files.All(a.Day, 2, b), files.Customers(a.Day, 0, 2, ann, married))
	a.Day, a.Version, a.Cents = "2026-05-01", 2, 150 // it moves
	c := child{Dialect: dialect, Source: source, Lake: "file://" + folder, Verdicts: append(verdicts, files.All(a.Day, 1, a)...)}
	for c.KillAt = 1; ; c.KillAt++ {
		config, err := json.Marshal(c)
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+string(config))
		out, err := cmd.CombinedOutput()
		if err == nil {
			break
		}
		exit := (*exec.ExitError)(nil)
		require.ErrorAs(t, err, &exit)
		require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), "%s", out)
		require.Equal(t, before, state(t, w), "killed at step %d", c.KillAt)
	}
	require.Greater(t, c.KillAt, 40)
	require.Equal(t, []string{
		"A.2 2026-05-01 1.50 Ann B", "B.2 2026-01-01 0.06 Ann B",
		"Ann 1970-01-01T00:00:00Z", "Ann B 2026-01-01T00:00:00.000001Z",
	}, state(t, w)[:4])
}

// state gives what the kills must not change.
func state(t *testing.T, w *warehouse.Warehouse) (lines []string) {
	for _, text := range []string{
		"SELECT f.event_id, f.order_date, f.revenue, c.name FROM sales.fact_sales AS f JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk ORDER BY f.order_id",
		"SELECT name, valid_from FROM sales.dim_customer ORDER BY customer_id, valid_from",
		"SELECT order_date, SUM(net_revenue) FROM sales.agg_daily_sales GROUP BY order_date ORDER BY order_date",
		"SELECT table_name, slice, version, rows FROM etl.load_ledger ORDER BY table_name, slice",
		"SELECT order_id FROM etl.overtaken_sales",
	} {
		a, err := w.Select(context.Background(), text)
		require.NoError(t, err)
		for _, row := range a.Rows {
			lines = append(lines, strings.TrimSuffix(fmt.Sprintln(row...), "\n"))
		}
	}
	return lines
}
