package local

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
	"github.com/saleslake/saleslake/services/producer/generate"
)

// silent is a Progress that nobody watches.
type silent struct{ live []Gauges }

func (*silent) File(files.File) bronze.Progress { return nil }
func (*silent) Step(string) func()              { return func() {} }
func (s *silent) Live(g Gauges)                 { s.live = append(s.live, g) }

func options(t *testing.T, inputs ...string) Options {
	return Options{Settings: settings(), Lake: filepath.Join(t.TempDir(), "lake"), Inputs: inputs, Registry: prometheus.NewRegistry(), Log: zap.NewNop(), Progress: &silent{}}
}

func settings() config.Pipeline {
	s := config.Default()
	s.Warehouse.LoadEvery = 100 * time.Millisecond
	s.Warehouse.Products = "../../../data/products.csv"
	return s
}

func run(t *testing.T, o Options) *Report {
	t.Helper()
	o.Registry = prometheus.NewRegistry()
	report, err := Run(context.Background(), o)
	require.NoError(t, err)
	return report
}

func expected(t *testing.T) generate.Expected {
	b, err := os.ReadFile("../../../data/expected.json")
	require.NoError(t, err)
	var e generate.Expected
	require.NoError(t, json.Unmarshal(b, &e))
	return e
}

const sampleCSV, sampleNDJSON, sampleUpdates = "../../../data/sales_events.csv", "../../../data/sales_events.ndjson", "../../../data/customer_updates.ndjson"

func TestSampleGivesTheExpectedAnswerInEitherOrder(t *testing.T) {
	want := expected(t)
	o := options(t, sampleCSV)
	require.Empty(t, differences(t, o, run(t, o), want.Files[generate.EventsCSV]))
	o.Inputs = []string{sampleNDJSON}
	report := run(t, o) // the runs add up
	require.Empty(t, differences(t, o, report, want.Total))
	require.NoError(t, report.Fault())
	require.ElementsMatch(t, report.changes(), changeFiles(t, o.Lake))

	again := run(t, o)
	require.True(t, again.Inputs[0].Known, "the same content is not taken twice")
	require.Empty(t, differences(t, o, again, want.Total))

	other := options(t, sampleNDJSON, sampleCSV)
	require.Empty(t, differences(t, other, run(t, other), want.Total))
}

// changes are the files of changes that the newest manifests list.
func (r *Report) changes() (keys []string) {
	for _, m := range r.Ledger.manifests {
		for _, c := range m.Changes {
			for _, f := range c.Changed {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys
}

func changeFiles(t *testing.T, folder string) (keys []string) {
	paths, err := filepath.Glob(filepath.Join(folder, sales.TableChanges, "*", "*", "*.parquet"))
	require.NoError(t, err)
	for _, path := range paths {
		key, err := filepath.Rel(folder, path)
		require.NoError(t, err)
		keys = append(keys, filepath.ToSlash(key))
	}
	require.NotEmpty(t, keys)
	return keys
}

// differences lists where the lake and the warehouse are not what they should
// be. Every layer is read by plain glob.
func differences(t *testing.T, o Options, r *Report, want generate.Run) (found []string) {
	db, err := sql.Open("duckdb", filepath.Join(o.Lake, "warehouse.duckdb")+"?access_mode=read_only")
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	differ := func(what string, got, expected any) {
		if fmt.Sprint(got) != fmt.Sprint(expected) {
			found = append(found, fmt.Sprintf("%s is %v, expected %v", what, got, expected))
		}
	}
	rejected, in := map[string]int64{}, int64(0)
	var deduplicated generate.Sum
	for _, h := range r.Ledger.Hops {
		differ("residual of "+h.Stage, h.Residual.Rows+h.Residual.Cents, 0)
		for code, c := range h.Rejected {
			rejected[string(code)] += c.Rows
		}
		deduplicated.Rows += h.Duplicate.Rows + h.Superseded.Rows
		deduplicated.Cents += h.Duplicate.Cents + h.Superseded.Cents
		if h.Stage == "bronze" {
			in += h.In.Rows
		}
	}
	differ("records", in, want.Rows)
	differ("rejects", rejected, want.Rejected)
	differ("duplicate and superseded", deduplicated, want.Deduplicated)
	glob := func(layer string) string {
		return "read_parquet('" + filepath.Join(o.Lake, layer, "**/*.parquet") + "')"
	}
	for from, sum := range map[string]generate.Sum{
		glob("bronze/sales_events"): {Rows: want.BronzeRows, Cents: want.BronzeCents}, glob("silver/sales"): want.Silver, "sales.fact_sales": want.Silver,
	} {
		var got generate.Sum
		require.NoError(t, db.QueryRow("select count(*), cast(coalesce(sum(revenue),0)*100 as bigint) from "+from).Scan(&got.Rows, &got.Cents))
		differ(from, got, sum)
	}
	var quarantined, rejects int64
	for _, n := range want.Rejected {
		rejects += n
	}
	require.NoError(t, db.QueryRow("select count(*) from "+glob("quarantine")).Scan(&quarantined))
	differ("quarantine", quarantined, rejects)
	for _, from := range []string{glob("gold/daily_sales"), "sales.agg_daily_sales"} {
		got := cells(t, db, from)
		for _, c := range want.Cells {
			key := c.Date + "|" + c.Region + "|" + c.Category
			differ(from+" "+key, got[key], c)
			delete(got, key)
		}
		differ("cells too many in "+from, len(got), 0)
	}
	return found
}

func cells(t *testing.T, db *sql.DB, from string) map[string]generate.Cell {
	rows, err := db.Query(`select cast(order_date as varchar), region, category, orders, units, cast(gross_revenue*100 as bigint),
		cast(refunded_revenue*100 as bigint), cast(net_revenue*100 as bigint), customers, pending_orders, cancelled_orders from ` + from)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	found := map[string]generate.Cell{}
	for rows.Next() {
		var c generate.Cell
		require.NoError(t, rows.Scan(&c.Date, &c.Region, &c.Category, &c.Orders, &c.Units, &c.Gross, &c.Refunded, &c.Net, &c.Customers, &c.Pending, &c.Cancelled))
		found[c.Date+"|"+c.Region+"|"+c.Category] = c
	}
	require.NoError(t, rows.Err())
	return found
}

// made writes a small generated CSV and gives its truth, in which edit may
// change what each row must become.
func made(t *testing.T, edit func(*generate.Truth)) (path string, want generate.Run) {
	const n = 4000
	o := generate.Sample(5, n, generate.CSV)
	s, err := generate.New(o)
	require.NoError(t, err)
	var b bytes.Buffer
	b.WriteString(generate.CSVHeader)
	tally := generate.NewTally()
	var item generate.Item
	for s.Next(&item) {
		b.Write(item.Value)
		edit(&item.Truth)
		tally.Add(&item.Truth)
	}
	path = filepath.Join(t.TempDir(), "made.csv")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	want, err = tally.Run(o)
	require.NoError(t, err)
	return path, want
}

// hop gives the hop of a source in a stage.
func (r *Report) hop(t *testing.T, stage, source string) *Hop {
	for i := range r.Ledger.Hops {
		if h := &r.Ledger.Hops[i]; h.Stage == stage && h.Source == source {
			return h
		}
	}
	t.Fatalf("no hop of %s in %s in %+v", source, stage, r.Ledger.Hops)
	return nil
}

// TestOneChangedRuleIsNoticed shows that the comparison can fail: one rule
// read differently, by the pipeline or by the generator, is a difference.
func TestOneChangedRuleIsNoticed(t *testing.T) {
	path, want := made(t, func(*generate.Truth) {})
	o := options(t, path)
	report := run(t, o)
	require.Empty(t, differences(t, o, report, want), "as it is")

	changed := options(t, path)
	changed.Settings.Catalogue.Regions = []string{"Europe"}
	require.NotEmpty(t, differences(t, changed, run(t, changed), want), "the pipeline forgets the spelling of regions")

	for _, code := range sales.SilverCodes {
		if code == sales.RuleViolated { // no rule is declared that refuses
			continue
		}
		_, other := made(t, func(truth *generate.Truth) {
			if truth.Code == string(code) {
				truth.Code, truth.Stage = "", ""
			}
		})
		require.NotEmpty(t, differences(t, o, report, other), "the generator forgets %s", code)
	}
}

func TestStreamDrainsAndBalances(t *testing.T) {
	o := options(t)
	watched := &silent{}
	o.Progress, o.Stream = watched, &Stream{Rate: 2000, Duration: 5 * time.Second, Seed: 3}
	o.Settings.Bronze.MaxAge = 500 * time.Millisecond
	report := run(t, o)
	require.NoError(t, report.Fault())
	require.NotEmpty(t, watched.live)
	fresh := 0.0
	for _, g := range watched.live {
		fresh = max(fresh, g.Freshness)
	}
	require.Positive(t, fresh, "seconds from event to warehouse are shown")
	require.Greater(t, watched.live[len(watched.live)-1].Sent, int64(1000))
	require.Greater(t, report.hop(t, "bronze", sales.TopicCustomers).Out.Rows, int64(50))
	last := report.Ledger.Hops[len(report.Ledger.Hops)-1]
	require.Equal(t, "warehouse", last.Stage)
	require.Greater(t, last.Out.Rows, int64(3000))
}

// A day of which the warehouse has an older version than the one that the gate holds
// is no loss: the slices that are held are the whole fault.
func TestHeldVersionLeavesTheLoadedOne(t *testing.T) {
	batch := func(name string, orders, rejects int) string {
		lines, err := os.ReadFile(sampleCSV)
		require.NoError(t, err)
		header, _, _ := bytes.Cut(lines, []byte("\n"))
		text := string(header) + "\n"
		for i := range orders + rejects {
			status := "completed"
			if i >= orders {
				status = "unheard-of"
			}
			text += fmt.Sprintf("%s-e%d,2026-01-05T10:00:00Z,%s-%d,2026-01-05T10:00:00Z,C-1,P-1,Books,Europe,1,10.00,10.00,%s,card,USD\n", name, i, name, i, status)
		}
		path := filepath.Join(t.TempDir(), name+".csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	o := options(t, batch("good", 1000, 0))
	o.Settings.Lake.Partitions = 1
	require.NoError(t, run(t, o).Fault())
	o.Inputs = []string{batch("bad", 50, 500)}
	report := run(t, o)
	last := report.Ledger.Hops[len(report.Ledger.Hops)-1]
	require.Equal(t, lake.Count{Rows: 1000, Cents: 1_000_000}, last.In, "%+v", report.Ledger)
	require.Equal(t, last.In, last.Out)
	require.NotContains(t, report.Fault().Error(), "residual")
	require.ErrorContains(t, report.Fault(), "the gate holds 6 slices")
}

func TestFailedQueryIsAFaultOfTheReport(t *testing.T) {
	report := &Report{Ledger: &Ledger{}, Analytics: []Analysis{{Name: "leaders", Question: "who?", Error: "overflow"}}}
	require.ErrorContains(t, report.Fault(), "overflow")
	var text bytes.Buffer
	require.NoError(t, report.Print(&text))
	require.Contains(t, text.String(), "leaders: who?\n\n  no answer: overflow")
}

func TestInputsMayBePatternsAndCompressed(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile(sampleNDJSON)
	require.NoError(t, err)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.ndjson.gz"), packed.Bytes(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.ndjson"), text, 0o600))
	o := options(t, filepath.Join(dir, "*.ndjson*"))
	o.Through = Stages[1]
	report := run(t, o)
	require.Len(t, report.Inputs, 2)
	require.False(t, report.Inputs[0].Known)
	require.True(t, report.Inputs[1].Known, "the same content")
	for _, h := range report.Ledger.Hops {
		require.Zero(t, h.Residual)
	}
	require.EqualValues(t, bytes.Count(text, []byte("\n")), report.Ledger.Hops[0].In.Rows)
}

func TestUnusableInputsAreNamed(t *testing.T) {
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for path, want := range map[string][]string{
		filepath.Join(t.TempDir(), "nowhere.csv"): {"nowhere.csv", "check the path"},
		t.TempDir():            {"is a folder"},
		write("empty.csv", ""): {"empty.csv"},
		write("short.csv", "order_id,quantity\no1,1\n"): {"short.csv", "order_ts", "revenue"},
	} {
		_, err := Run(context.Background(), options(t, path))
		for _, text := range want {
			require.ErrorContains(t, err, text)
		}
	}
}
