package gold

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// order is what the tests vary of a silver row.
type order struct {
	id, customer, product, category, region, status string
	revenue                                         int64 // cents
}

// silverTable stands for silver-etl: it writes slices into a bucket and keeps
// what a reader of the topic should end up with.
type silverTable struct {
	t       testing.TB
	bucket  *blob.Bucket
	encoder *lake.Encoder
	rows    map[string][][]order      // by slice, by file
	newest  map[string]*lake.Manifest // by slice
}

func newSilver(t testing.TB) *silverTable {
	bucket, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir(), Create: true})
	require.NoError(t, err)
	e, err := lake.NewEncoder(sales.Silver, lake.Encoding{})
	require.NoError(t, err)
	return &silverTable{t, bucket, e, map[string][][]order{}, map[string]*lake.Manifest{}}
}

// write makes the next version of a slice, of the given files.
func (s *silverTable) write(date int32, partition int32, files ...[]order) *lake.Manifest {
	slice := lake.SilverSlice(date, partition)
	m := &lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: slice, Day: sales.FormatDay(date), Partition: partition,
		Version: 1, Schema: 1, Files: []lake.File{}, EventTime: int64(date)*sales.MicrosPerDay + int64(partition)}
	if before := s.newest[slice]; before != nil {
		m.Version = before.Version + 1
	}
	for i, orders := range files {
		batch, count := silverRows(date, orders)
		data, err := s.encoder.Encode(lake.Meta{"file": fmt.Sprint(m.Version, i)}, batch)
		require.NoError(s.t, err)
		f := lake.NewFile(lake.VersionKey(sales.TableSilver, slice, m.Version, lake.Hash(data)), data, count)
		require.NoError(s.t, s.bucket.Put(context.Background(), f.Key, data))
		m.Files, m.Count = append(m.Files, f), m.Count.Add(count)
	}
	s.rows[slice], s.newest[slice] = files, m
	return m
}

func silverRows(date int32, orders []order) (*column.Batch, lake.Count) {
	b := column.NewBatch(sales.Silver, len(orders))
	var count lake.Count
	for i, o := range orders {
		for name, v := range map[string]string{"order_id": o.id, "event_id": "e" + o.id, "customer_id": o.customer, "product_id": o.product,
			"category": o.category, "region": o.region, "currency": "USD", "status": o.status, "payment_method": ""} {
			b.Column(name).AppendString(v)
		}
		for name, v := range map[string]int64{"order_ts": int64(date) * sales.MicrosPerDay, "event_ts": int64(date) * sales.MicrosPerDay,
			"unit_price": o.revenue, "revenue": o.revenue, "_offset": int64(i)} {
			b.Column(name).I64 = append(b.Column(name).I64, v)
		}
		b.Column("quantity").I32 = append(b.Column("quantity").I32, 1)
		b.Column("_partition").I32 = append(b.Column("_partition").I32, 0)
		count = count.Add(lake.Count{Rows: 1, Cents: o.revenue})
	}
	return b, count
}

// cells is what daily_sales must say of a day: "region|category" to
// "orders,gross,refunded,customers,pending,cancelled".
func (s *silverTable) cells(date int32) map[string]string {
	groups := map[string][]order{}
	for slice, files := range s.rows {
		if s.newest[slice].Day == sales.FormatDay(date) {
			for _, o := range slices.Concat(files...) {
				groups[o.region+"|"+o.category] = append(groups[o.region+"|"+o.category], o)
			}
		}
	}
	cells := map[string]string{}
	for name, orders := range groups {
		var n, gross, refunded, pending, cancelled int64
		customers := map[string]bool{}
		for _, o := range orders {
			switch o.status {
			case sales.Pending:
				pending++
			case sales.Cancelled:
				cancelled++
			default:
				n, gross, customers[o.customer] = n+1, gross+o.revenue, true
			}
			if o.status == sales.Refunded {
				refunded += o.revenue
			}
		}
		cells[name] = fmt.Sprint(n, gross, refunded, len(customers), pending, cancelled)
	}
	return cells
}

// readCells reads what daily_sales says, from its files.
func (s *silverTable) readCells(m *lake.Manifest) map[string]string {
	b := column.NewBatch(sales.DailySales, 0)
	for _, f := range m.Files {
		r, err := lake.Fetch(context.Background(), s.bucket, f)
		require.NoError(s.t, err)
		require.NoError(s.t, r.Read(b))
	}
	cells := map[string]string{}
	for i := range b.Rows() {
		at := func(name string) int64 { return b.Column(name).I64[i] }
		require.Equal(s.t, m.Day, sales.FormatDay(b.Column("order_date").I32[i]))
		require.Equal(s.t, at("gross_revenue")-at("refunded_revenue"), at("net_revenue"))
		cells[b.Column("region").String(i)+"|"+b.Column("category").String(i)] = fmt.Sprint(at("orders"), at("gross_revenue"),
			at("refunded_revenue"), at("customers"), at("pending_orders"), at("cancelled_orders"))
	}
	require.Len(s.t, cells, b.Rows(), "a cell comes once")
	return cells
}

// requireDay compares a gold version with the newest silver slices.
func (s *silverTable) requireDay(date int32, v version) {
	s.t.Helper()
	var sum lake.Count
	var files []lake.File
	var inputs []lake.Input
	for _, slice := range slices.Sorted(maps.Keys(s.newest)) {
		if m := s.newest[slice]; m.Day == sales.FormatDay(date) {
			sum, files = sum.Add(m.Count), append(files, m.Files...)
			inputs = append(inputs, lake.Input{Table: m.Table, Slice: slice, Version: m.Version, Count: m.Count})
		}
	}
	for i, m := range v {
		require.NotNil(s.t, m, tables[i])
		require.Equal(s.t, inputs, m.Inputs)
		require.Equal(s.t, v[0].Version, m.Version)
		require.Equal(s.t, lake.GoldSlice(date), m.Slice)
		require.EqualValues(s.t, -1, m.Partition)
		require.NotNil(s.t, m.Files)
	}
	require.Equal(s.t, sum, v[0].Count)
	require.ElementsMatch(s.t, files, v[0].Files)
	require.Equal(s.t, s.cells(date), s.readCells(v[1]))
	require.Equal(s.t, v[1].Cents, v[2].Cents)
	require.EqualValues(s.t, len(s.cells(date)), v[1].Rows)
}

// goldFiles lists the aggregates' files in the bucket.
func (s *silverTable) goldFiles() []string {
	var keys []string
	for object, err := range s.bucket.List(context.Background(), "gold/") {
		require.NoError(s.t, err)
		keys = append(keys, object.Key)
	}
	return keys
}

func (s *silverTable) options() Options {
	return Options{Bucket: s.bucket, Log: zap.NewNop(), Instance: "one", Partitions: 1, Replication: -1}
}

func (s *silverTable) task() *task {
	st, err := newStage(s.options(), "cluster")
	require.NoError(s.t, err)
	return st.newTask(0, 0)
}

func recordOf(m *lake.Manifest, offset int64) stream.Record {
	return stream.Record{Topic: sales.TopicSilver, Offset: offset, Key: []byte(m.Key()), Value: m.Encode()}
}
