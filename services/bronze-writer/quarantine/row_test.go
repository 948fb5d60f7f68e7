package quarantine

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// Values of fields by type, good and bad ones.
var cells = map[column.Type][]string{
	column.String:    {"O-1", "x", "Ü \"q\", \\n", "line\nbreak", "12", "null", " x ", "", " "},
	column.Symbol:    {"Books", "12", ""},
	column.Int32:     {"1", "-2", "007", "2147483647", "2147483648", "1.0", "two", " 1", "true", "false", ""},
	column.Decimal:   {"1", "-1.5", "2,50", "2.505", "1e3", " 1", ""},
	column.Timestamp: {"2026-01-31 12:00:00", "2026-01-31 12:00:00.123456", "2026-01-31T12:00:00+01:30", "31.01.2026", "0001-01-01T00:00:00Z", ""},
}

// A row of a file is the same as an event: the decoder of events takes it for the same
// row, or rejects it for the same reason.
func TestARowIsTheSameEvent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SampledFrom([]dataset{datasets[sales.TopicEvents], datasets[sales.TopicCustomers]}).Draw(t, "dataset")
		var head, row []string
		for i := range set.events.Fields {
			f := set.events.Fields[i]
			if (f.Required && f.InFile == decode.AsSent) || rapid.Bool().Draw(t, "has") {
				head = append(head, set.events.Name(i))
			}
		}
		head = rapid.Permutation(append(head, "note", `a "b"`)).Draw(t, "header")
		faults := rapid.Bool().Draw(t, "faults")
		for _, name := range head {
			from := cells[column.String]
			if at := set.events.Schema.Index(name); at >= 0 {
				from = cells[set.events.Schema.Fields[at].Type]
			}
			switch {
			case faults:
			case name == "deleted":
				from = []string{"true", "false", ""}
			default:
				from = from[:1]
			}
			row = append(row, rapid.SampledFrom(from).Draw(t, name))
		}
		d := decode.Derived{Hash: "0123456789abcdef", Effective: rapid.SampledFrom([]int64{0, 1_800_000_000_000_000}).Draw(t, "effective")}
		c, err := decode.NewCSV(set.events, record(head), decode.Options{MaxBytes: 1 << 20}, d)
		require.NoError(t, err)
		want := c.Decode(record(row), 7)
		event, ok := (&Quarantine{set: set}).patched(&Reject{Raw: record(row), Event: c.Event(7)}, nil)
		require.True(t, ok)
		j := decode.NewJSON(set.events, decode.Options{MaxBytes: 1 << 20})
		got := j.Decode(event)
		if want != nil {
			require.NotNil(t, got, "%s", event)
			require.Equal(t, want.Code, got.Code, "%s", event)
			if got.Field != "event_ts" { // which it is because order_ts is
				require.Equal(t, want.Field, got.Field, "%s", event)
			}
			return
		}
		require.Nil(t, got, "%s", event)
		rows := column.NewBatch(set.events.Schema, 1)
		c.AppendTo(rows, decode.Origin{})
		events := column.NewBatch(set.events.Schema, 1)
		j.AppendTo(events, decode.Origin{})
		require.Equal(t, values(rows, 0), values(events, 0))
	})
}

func record(fields []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(fields) // to memory
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// A CSV file of a malformed day is repaired like any other source: by the names of its
// header, and as the events that its rows would have been.
func TestARepairedFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bronze()
	const head = "order_id,quantity,order_ts,customer_id,product_id,category,region,unit_price,revenue,status,note\n"
	rows := func(money, at string) string {
		return head + "O-1,2,2026-01-31 11:00:00,C-1,P-1,Books,Europe,1.00," + strings.Replace("2.50", ".", money, 1) + ",completed,a\n" +
			`O-2,1,2026-01-31 11:00:00,C-1,P-1,Books,Europe,1.00,"` + strings.Replace("19.99", ".", money, 1) + `",completed,b` + "\n" +
			"O-3,1," + at + ",C-1,P-1,Books,Europe,1.00,1.00,completed,c\n" +
			"O-4,1,2026-01-31 11:00:00\n"
	}
	ingest := func(content string) string {
		path := filepath.Join(r.TempDir(), "day.csv")
		require.NoError(r, os.WriteFile(path, []byte(content), 0o600))
		found, err := files.Find(r.ctx, []string{path}, nil)
		require.NoError(r, err)
		res, err := bronze.Ingest(r.ctx, bronze.Options{Kafka: r.kafka, Bucket: r.lake, Log: zap.NewNop(), Partitions: partitions, Replication: 1,
			Bronze: bronze.Limits{MaxEventBytes: 1 << 20}}, bronze.IngestOptions{File: found[0]})
		require.NoError(r, err)
		return res.Source
	}
	source := ingest(strings.Replace(rows(",", "31.01.2026 11:00"), "2,50", `"2,50"`, 1))
	require.Equal(t, map[sales.Code][5]int64{sales.BadDecimal: {2, 2}, sales.BadTimestamp: {1, 1}, sales.MalformedRow: {1, 1}}, r.list(Filter{}))

	steps := []string{`replace revenue:(\d+),(\d\d)=$1.$2`, `replace order_ts:(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d)=$3-$2-${1}T$4:00Z`}
	require.Equal(t, map[Decision]int64{Send: 3, NoFields: 1}, r.replay(ReplayOptions{}, steps...))
	require.Equal(t, map[Decision]int64{OnTheWay: 3, NoFields: 1}, r.replay(ReplayOptions{}, steps...))
	r.landed()
	r.silver()
	require.Equal(t, map[sales.Code][5]int64{sales.BadDecimal: {2, 0, 0, 2}, sales.BadTimestamp: {1, 0, 0, 1}, sales.MalformedRow: {1, 1}}, r.list(Filter{}))

	repaired := ingest(rows(".", "2026-01-31 11:00:00"))
	landed := r.events()
	require.Len(t, landed, 6)
	for i := 1; i <= 3; i++ {
		id := fmt.Sprintf("-%012d", i)
		require.Equal(t, landed[repaired[5:]+id], landed[source[5:]+id])
	}

	reject, attempts, err := Show(r.ctx, r.options(), "bronze/"+source+"/0/3")
	require.NoError(t, err)
	require.Len(t, attempts, 1)
	require.Equal(t, steps, attempts[0].Patch)
	require.Contains(t, string(reject.Event), `"order_ts":"31.01.2026 11:00"`)
	require.Contains(t, string(reject.Event), `"event_ts":"31.01.2026 11:00"`)
	var out bytes.Buffer
	q, err := Read(r.ctx, r.options())
	require.NoError(t, err)
	n, err := q.Export(r.ctx, Filter{}, 0, &out)
	require.NoError(t, err)
	require.EqualValues(t, 5, n, "the short row in both files, too")
	require.Equal(t, 3, strings.Count(out.String(), `"event":"{\"order_id\":\"O-`))
}

// events gives the business fields of bronze's rows by event_id, as text.
func (r *rig) events() map[string]string {
	out := map[string]string{}
	for o, err := range r.lake.List(r.ctx, sales.TableBronze+"/") {
		require.NoError(r, err)
		if strings.Contains(o.Key, "_ingests") {
			continue
		}
		b := r.read(o.Key, sales.Bronze)
		for i := range b.Rows() {
			out[b.Column("event_id").String(i)] = strings.Join(values(b, i)[1:sales.Bronze.Must("_source")], "|")
		}
	}
	return out
}

// values gives a row as text.
func values(b *column.Batch, row int) (all []string) {
	for i := range b.Columns {
		switch c := &b.Columns[i]; c.Type {
		case column.Int32:
			all = append(all, fmt.Sprint(c.I32[row]))
		case column.String, column.Symbol:
			all = append(all, c.String(row))
		default:
			all = append(all, fmt.Sprint(c.I64[row]))
		}
	}
	return all
}
