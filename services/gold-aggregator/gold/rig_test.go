package gold

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/control"
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
	root    string
	bucket  *blob.Bucket
	encoder *lake.Encoder
	changes *lake.Encoder
	rows    map[string][][]order      // by slice, by file
	newest  map[string]*lake.Manifest // by slice
}

func newSilver(t testing.TB) *silverTable {
	root := t.TempDir()
	bucket, err := blob.Open(t.Context(), blob.Options{URL: "file://" + root, Create: true})
	require.NoError(t, err)
	e, err := lake.NewEncoder(sales.Silver, lake.Encoding{})
	require.NoError(t, err)
	c, err := lake.NewEncoder(sales.Changes, lake.Encoding{})
	require.NoError(t, err)
	return &silverTable{t, root, bucket, e, c, map[string][][]order{}, map[string]*lake.Manifest{}}
}

// write makes the next version of a slice, of the given files; it does not say what changed.
func (s *silverTable) write(date int32, partition int32, files ...[]order) *lake.Manifest {
	m := s.next(date, partition)
	m.Base, m.Changes = m.Version, nil
	for _, orders := range files {
		f := s.file(m, date, orders)
		m.Files, m.Count = append(m.Files, f), m.Count.Add(f.Count)
	}
	s.rows[m.Slice], s.newest[m.Slice] = files, m
	return m
}

// update makes the next version of a slice by orders that come or change and others that
// leave, and says what changed. Files whose rows do not change stay.
func (s *silverTable) update(date int32, partition int32, upserts []order, leave ...string) *lake.Manifest {
	m := s.next(date, partition)
	var files [][]order
	var added []order
	changed := column.NewBatch(sales.Changes, 0)
	known := map[string]bool{}
	for i, orders := range s.rows[m.Slice] {
		next := slices.Clone(orders)
		for j := len(next) - 1; j >= 0; j-- {
			old := next[j]
			known[old.id] = true
			at := slices.IndexFunc(upserts, func(o order) bool { return o.id == old.id })
			switch {
			case slices.Contains(leave, old.id):
				appendChange(changed, date, old, sales.OpDelete)
				next = slices.Delete(next, j, j+1)
			case at >= 0:
				appendChange(changed, date, upserts[at], sales.OpUpsert)
				appendChange(changed, date, old, sales.OpBefore)
				next[j] = upserts[at]
			}
		}
		f := s.newest[m.Slice].Files[i]
		if !slices.Equal(orders, next) {
			f = s.file(m, date, next)
		}
		if files = append(files, next); len(next) == 0 {
			files = files[:len(files)-1]
			continue
		}
		m.Files, m.Count = append(m.Files, f), m.Count.Add(f.Count)
	}
	for _, o := range upserts {
		if !known[o.id] {
			added = append(added, o)
		}
	}
	c := lake.Change{Version: m.Version}
	if len(added) > 0 {
		f := s.file(m, date, added)
		c.Added, files = []lake.File{f}, append(files, added)
		m.Files, m.Count = append(m.Files, f), m.Count.Add(f.Count)
	}
	if changed.Rows() > 0 {
		c.Changed = []lake.File{s.put(s.changes, sales.TableChanges, m, changed, lake.Count{Rows: int64(changed.Rows())})}
	}
	if m.Changes = append(m.Changes, c); m.Version == 1 {
		m.Base, m.Changes = 1, nil
	}
	if over := len(m.Changes) - 4; over > 0 {
		m.Base, m.Changes = m.Changes[over-1].Version, m.Changes[over:]
	}
	s.rows[m.Slice], s.newest[m.Slice] = files, m
	return m
}

// next gives the manifest of a slice's next version, without files.
func (s *silverTable) next(date, partition int32) *lake.Manifest {
	m := &lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: lake.SilverSlice(date, partition), Day: sales.FormatDay(date), Partition: partition,
		Version: 1, Schema: 1, Files: []lake.File{}, EventTime: int64(date)*sales.MicrosPerDay + int64(partition)}
	if before := s.newest[m.Slice]; before != nil {
		m.Version, m.Base, m.Changes = before.Version+1, before.Base, slices.Clone(before.Changes)
	}
	return m
}

func (s *silverTable) file(m *lake.Manifest, date int32, orders []order) lake.File {
	batch, count := silverRows(date, orders)
	return s.put(s.encoder, sales.TableSilver, m, batch, count)
}

func (s *silverTable) put(e *lake.Encoder, table string, m *lake.Manifest, batch *column.Batch, count lake.Count) lake.File {
	data, err := e.Encode(lake.Meta{"file": fmt.Sprint(m.Version, len(m.Files))}, batch)
	require.NoError(s.t, err)
	f := lake.NewFile(lake.VersionKey(table, m.Slice, m.Version, lake.Hash(data)), data, count)
	require.NoError(s.t, s.bucket.Put(context.Background(), f.Key, data))
	return f
}

// ordered and emitted give an order's times; they vary with its revenue.
func ordered(date int32, o order) int64 {
	return int64(date)*sales.MicrosPerDay + o.revenue%24*3_600_000_000
}
func emitted(date int32, o order) int64 { return int64(date+int32(o.revenue%3)) * sales.MicrosPerDay }

func silverRows(date int32, orders []order) (*column.Batch, lake.Count) {
	b := column.NewBatch(sales.Silver, len(orders))
	var count lake.Count
	for _, o := range orders {
		appendOrder(b, date, o)
		count = count.Add(lake.Count{Rows: 1, Cents: o.revenue})
	}
	return b, count
}

func appendOrder(b *column.Batch, date int32, o order) {
	for name, v := range map[string]string{"order_id": o.id, "event_id": "e" + o.id, "customer_id": o.customer, "product_id": o.product,
		"category": o.category, "region": o.region, "currency": "USD", "status": o.status, "payment_method": ""} {
		b.Column(name).AppendString(v)
	}
	for name, v := range map[string]int64{"order_ts": ordered(date, o), "event_ts": emitted(date, o),
		"unit_price": o.revenue, "revenue": o.revenue, "_offset": 0} {
		b.Column(name).I64 = append(b.Column(name).I64, v)
	}
	b.Column("quantity").I32 = append(b.Column("quantity").I32, 1)
	b.Column("_partition").I32 = append(b.Column("_partition").I32, 0)
}

func appendChange(b *column.Batch, date int32, o order, op string) {
	appendOrder(b, date, o)
	b.Column("_op").AppendString(op)
	b.Column("_prev_day").I32 = append(b.Column("_prev_day").I32, date)
}

// orders gives the rows of a day.
func (s *silverTable) orders(date int32) []order {
	var all []order
	for slice, files := range s.rows {
		if s.newest[slice].Day == sales.FormatDay(date) {
			all = append(all, slices.Concat(files...)...)
		}
	}
	return all
}

// cells is what daily_sales must say of a day: "region|category" to
// "orders,gross,refunded,customers,pending,cancelled".
func cells(all []order) map[string]string {
	groups := map[string][]order{}
	for _, o := range all {
		groups[o.region+"|"+o.category] = append(groups[o.region+"|"+o.category], o)
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

// read gives the rows of a gold manifest's files.
func (s *silverTable) read(schema *column.Schema, m *lake.Manifest) *column.Batch {
	b := column.NewBatch(schema, 0)
	for _, f := range m.Files {
		r, err := lake.Fetch(context.Background(), s.bucket, f)
		require.NoError(s.t, err)
		require.NoError(s.t, r.Read(b))
	}
	require.EqualValues(s.t, m.Rows, b.Rows())
	return b
}

// readCells reads what daily_sales says, from its files.
func (s *silverTable) readCells(m *lake.Manifest) map[string]string {
	b := s.read(sales.DailySales, m)
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
		require.NotNil(s.t, m, tables[i].name)
		require.Equal(s.t, tables[i].name, m.Table)
		want := slices.Clone(inputs)
		for n := range want {
			if i == facts { // its inputs say what changed, for loads to follow
				silver := s.newest[want[n].Slice]
				want[n].Base, want[n].Changes = silver.Base, silver.Changes
			}
		}
		require.Equal(s.t, want, m.Inputs)
		require.Equal(s.t, v[0].Version, m.Version)
		require.Equal(s.t, lake.GoldSlice(date), m.Slice)
		require.EqualValues(s.t, -1, m.Partition)
		require.NotNil(s.t, m.Files)
	}
	require.Equal(s.t, sum, v[0].Count)
	require.ElementsMatch(s.t, files, v[0].Files)
	orders := s.orders(date)
	require.Equal(s.t, cells(orders), s.readCells(v[dailySales]))
	require.EqualValues(s.t, len(cells(orders)), v[dailySales].Rows)
	require.Equal(s.t, v[dailySales].Cents, v[2].Cents)
	require.Equal(s.t, v[dailySales].Cents, v[3].Cents)
	s.requireTimes(date, orders, v)
}

// requireTimes compares hours and dates of refunds, each summed over its cells.
func (s *silverTable) requireTimes(date int32, orders []order, v version) {
	hours, refunds := map[int64]lake.Count{}, map[int32]lake.Count{}
	for _, o := range orders {
		gross := lake.Count{Rows: 1}
		if o.status == sales.Completed || o.status == sales.Refunded {
			gross.Cents = o.revenue
		}
		hours[ordered(date, o)] = hours[ordered(date, o)].Add(gross)
		if o.status == sales.Refunded {
			day := sales.DayOf(emitted(date, o))
			refunds[day] = refunds[day].Add(gross)
		}
	}
	b := s.read(sales.HourlySales, v[3])
	for i, hour := range b.Column("order_hour").I64 {
		n := b.Column("orders").I64[i] + b.Column("pending_orders").I64[i] + b.Column("cancelled_orders").I64[i]
		hours[hour] = hours[hour].Sub(lake.Count{Rows: n, Cents: b.Column("gross_revenue").I64[i]})
	}
	b = s.read(sales.RefundsByDay, v[4])
	for i, day := range b.Column("refund_date").I32 {
		refunds[day] = refunds[day].Sub(lake.Count{Rows: b.Column("refunds").I64[i], Cents: b.Column("refunded_revenue").I64[i]})
	}
	for hour, left := range hours {
		require.Zero(s.t, left, hour)
	}
	for day, left := range refunds {
		require.Zero(s.t, left, day)
	}
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
	return Options{Bucket: s.bucket, Log: zap.NewNop(), Instance: "one", Partitions: 1, Replication: -1, CacheBytes: 1 << 20, Settle: 100 * 365 * 24 * time.Hour}
}

func (s *silverTable) task() *task { return s.taskOf(s.options()) }

func (s *silverTable) taskOf(o Options) *task {
	st, err := newStage(o, "cluster", stream.NewReader(o.Kafka))
	require.NoError(s.t, err)
	t := st.newTask(0, 0)
	t.sit()
	return t
}

func recordOf(m *lake.Manifest, offset int64) stream.Record {
	return stream.Record{Topic: sales.TopicSilver, Offset: offset, Key: []byte(m.Key()), Value: m.Encode()}
}

// issue puts a new command on the task's board.
func (t *task) issue(from, to string) *lake.Command {
	c, err := control.NewCommand(lake.Rebuild, from, to)
	if err != nil {
		panic(err)
	}
	t.put(c)
	return c
}

func (t *task) put(c *lake.Command) {
	if err := t.board.Add(stream.Record{Key: []byte(c.Key()), Value: c.Encode()}); err != nil {
		panic(err)
	}
}

// named gives the files of gold's own that the newest manifests name.
func (t *task) named() (keys []string) {
	for _, d := range t.days {
		for _, m := range d.gold[facts+1:] {
			for _, f := range m.Files {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys
}
