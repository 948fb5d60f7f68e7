package report

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// now is the time of the tests' reports.
var now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// row holds a row's columns by name; what is left out is 0 or null.
type row map[string]any

// with gives the row with other values in it.
func (r row) with(other row) row {
	all := row{}
	for _, values := range []row{r, other} {
		for name, v := range values {
			all[name] = v
		}
	}
	return all
}

// rig is a lake to which tests add files of dq's tables.
type rig struct {
	t      testing.TB
	bucket *blob.Bucket
	files  int
}

func newRig(t testing.TB) *rig {
	bucket, err := blob.Open(context.Background(), blob.Options{URL: "file://" + t.TempDir(), Create: true})
	require.NoError(t, err)
	return &rig{t: t, bucket: bucket}
}

// put writes rows as a file of the run date that the first one's run_ts is of.
func (r *rig) put(schema *column.Schema, rows ...row) string {
	b := column.NewBatch(schema, len(rows))
	for _, values := range rows {
		for i, f := range schema.Fields {
			c, v := &b.Columns[i], values[f.Name]
			switch f.Type {
			case column.String, column.Symbol:
				text, _ := v.(string)
				c.AppendString(text)
			case column.Int32, column.Date:
				n, _ := v.(int)
				c.I32 = append(c.I32, int32(n))
			default:
				n, _ := v.(int)
				c.I64 = append(c.I64, int64(n))
			}
		}
	}
	e, err := lake.NewEncoder(schema, lake.Encoding{})
	require.NoError(r.t, err)
	data, err := e.Encode(nil, b)
	require.NoError(r.t, err)
	date := sales.FormatDay(sales.DayOf(int64(rows[0]["run_ts"].(int))))
	r.files++
	key := fmt.Sprintf("%s/date=%s/p=003/lake_gold-%020d-%08x.parquet", schema.Name, date, r.files, r.files)
	require.NoError(r.t, r.bucket.Put(context.Background(), key, data))
	return key
}

func (r *rig) read(q Query) *Report {
	report, err := Read(context.Background(), r.bucket, q)
	require.NoError(r.t, err)
	return report
}

// all asks for everything of the month before now.
func all() Query {
	return Query{From: AnyDay, To: AnyDayTo, Since: sales.DayOf(now.UnixMicro()) - 30, Now: now}
}

// day gives a date as a file has it.
func day(text string) int {
	d, err := sales.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return int(d)
}

// at gives a time so long before now, as a file has it.
func at(before time.Duration) int { return int(now.Add(-before).UnixMicro()) }
