package dq

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// rows reads a table of dq/ whole: a text of the named columns for each row.
func (r *rig) rows(schema *column.Schema, names ...string) []string {
	var objects []blob.Object
	for o, err := range r.bucket.List(context.Background(), schema.Name+"/") {
		require.NoError(r.t, err)
		objects = append(objects, o)
	}
	return r.rowsOf(schema, objects, names...)
}

// rowsOf reads files of a table of dq/.
func (r *rig) rowsOf(schema *column.Schema, objects []blob.Object, names ...string) (texts []string) {
	b := column.NewBatch(schema, 0)
	for _, o := range objects {
		data, err := r.bucket.Get(context.Background(), o.Key)
		require.NoError(r.t, err)
		file, err := lake.Open(o.Key, data)
		require.NoError(r.t, err)
		require.NoError(r.t, file.Read(b))
	}
	for i := range b.Rows() {
		var values []string
		for _, name := range names {
			switch c := b.Column(name); c.Type {
			case column.Int64, column.Decimal, column.Timestamp:
				values = append(values, fmt.Sprint(c.I64[i]))
			case column.Int32, column.Date:
				values = append(values, fmt.Sprint(c.I32[i]))
			default:
				values = append(values, c.String(i))
			}
		}
		texts = append(texts, strings.Join(values, " "))
	}
	return texts
}

func TestStageKeepsWhatItFound(t *testing.T) {
	r := newRig(t)
	r.publish(1, 100, 0)
	r.run(r.until(len(goldTables)))
	results := r.rows(sales.Results, "table", "slice", "day", "version", "rule", "kind", "severity", "outcome", "verdict", "owner")
	want := 0
	for _, v := range r.verdicts() {
		want += len(v.Findings)
		for _, f := range v.Findings {
			require.Contains(t, results, fmt.Sprintf("%s day=2026-01-01 %d 1 %s %s %s pass pass %s", v.Manifest.Table, testDay, f.Rule, f.Kind, f.Severity, f.Owner))
		}
	}
	require.Len(t, results, want)
	profile := r.since(0)[sales.TableFacts].Profile
	require.Len(t, profile.Hours, hoursOfDay)
	rows := int64(0)
	for _, n := range profile.Hours {
		rows += n
	}
	require.EqualValues(t, 100, rows)
	require.Empty(t, profile.Values, "each row has a region of its own, which are too many")
	require.Nil(t, r.since(0)[sales.TableDailySales].Profile)
	columns := []string{"scope", "hop", "source", "partition", "day", "version", "next_offset", "in_rows", "in_revenue", "out_rows", "out_revenue",
		"duplicate_rows", "superseded_rows", "rejected_rows", "residual_rows", "residual_revenue", "fault"}
	total := cents(100)
	require.ElementsMatch(t, []string{
		fmt.Sprintf("source bronze sales_events 3 0 0 100 100 %d 100 %d 0 0 0 0 0 ", total, total),
		fmt.Sprintf("source silver sales_events 3 0 1 100 100 %d 100 %d 0 0 0 0 0 ", total, total),
		fmt.Sprintf("day silver silver/sales -1 %d 1 -1 100 %d 100 %d 0 0 0 0 0 ", testDay, total, total),
		fmt.Sprintf("day gold gold/fact_sales -1 %d 1 -1 100 %d 100 %d 0 0 0 0 0 ", testDay, total, total),
		fmt.Sprintf("day gold gold/daily_sales -1 %d 1 -1 100 %d 100 %d 0 0 0 0 0 ", testDay, sold(100), sold(100)),
	}, r.rows(sales.DQLedger, columns...))
	require.Empty(t, r.rows(sales.Samples, "rule"))
}

// pick gives the rest of the texts that begin with a word.
func pick(texts []string, word string) (rest []string) {
	for _, text := range texts {
		if after, ok := strings.CutPrefix(text, word+" "); ok {
			rest = append(rest, after)
		}
	}
	return rest
}

// sold is the gross revenue of facts, in cents.
func sold(n int) (sum int64) {
	for i := range n {
		if s := statuses[i%len(statuses)]; s == sales.Completed || s == sales.Refunded {
			sum += int64(i * 100)
		}
	}
	return sum
}

// landFile puts a bronze file under the manifest that the rig's next commit publishes.
func (r *rig) landFile(ids ...string) {
	b := column.NewBatch(sales.Bronze.Project("order_id", "_offset"), 0)
	for i, id := range ids {
		b.AppendRow(id, r.h.next+int64(i))
	}
	e, err := lake.NewEncoder(b.Schema, lake.Encoding{})
	require.NoError(r.t, err)
	data, err := e.Encode(nil, b)
	require.NoError(r.t, err)
	r.h.file = lake.NewFile(fmt.Sprintf("%s/%d.parquet", sales.TableBronze, r.h.next), data, lake.Count{Rows: int64(len(ids))})
	require.NoError(r.t, r.bucket.Put(context.Background(), r.h.file.Key, data))
}

// Silver loses five rows of the second of two files: the ledger says where, and which
// orders are there, not of the file that was fine.
func TestStageLocatesARowThatIsLost(t *testing.T) {
	r := newRig(t)
	r.landFile("fine")
	r.publish(1, 100, 0)
	second := sync.OnceFunc(func() {
		r.landFile("A", "B", "C", "D")
		r.h.lost = 5
		r.publish(2, 110, 0)
	})
	r.run(func() bool {
		if r.until(len(goldTables))() {
			second()
		}
		return r.until(2 * len(goldTables))()
	})
	v := r.verdicts()[len(goldTables)]
	require.Equal(t, lake.Fail, v.Outcome)
	found := ""
	for _, f := range v.Findings {
		if f.Rule == "ledger" {
			found = f.Message
		}
	}
	require.Contains(t, found, "silver has a residual of 5 rows and 0.00 on sales_events/3")
	require.Contains(t, found, "first seen in offsets 100 to 209 of sales_events/3")
	require.Contains(t, found, "offsets 100 to 209 of sales_events/3 hold A, B, C, in bronze/sales_events/100.parquet")
	var faults []string
	for _, row := range r.rows(sales.DQLedger, "hop", "residual_rows", "fault") {
		if strings.HasPrefix(row, "silver 5 ") {
			faults = append(faults, row)
		}
	}
	require.Len(t, faults, 1)
	require.Contains(t, faults[0], "first seen in offsets 100 to 209 of sales_events/3")
	require.Contains(t, r.rows(sales.Samples, "table", "rule", "sample", "id", "source", "partition", "offset", "file", "row"),
		"gold/fact_sales ledger 2 B sales_events 3 101 bronze/sales_events/100.parquet 2")
}
