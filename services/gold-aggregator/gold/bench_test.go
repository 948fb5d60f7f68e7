package gold

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

const (
	benchDate  = 20_000
	benchBytes = 256 << 20 // as gold.cache_bytes
)

// fill appends the orders from and up to to of the benchmarks' day: customers
// and products as of a shop with 2,000,000 and 5,000 of them.
func fill(b *column.Batch, from, to int, op string) lake.Count {
	count := lake.Count{}
	for n := from; n < to; n++ {
		mixed := uint64(n) * 0x9E3779B97F4A7C15 >> 20
		cents := int64(mixed%50_000) + 99
		for i := range b.Schema.Fields {
			switch c := &b.Columns[i]; b.Schema.Fields[i].Name {
			case "order_id", "event_id":
				c.AppendBytes(fmt.Appendf(nil, "ord-%012d", n))
			case "customer_id":
				c.AppendBytes(fmt.Appendf(nil, "cust-%07d", mixed%2_000_000))
			case "product_id":
				c.AppendBytes(fmt.Appendf(nil, "prod-%04d", mixed/7%5_000))
			case "category":
				c.AppendString([]string{"Books", "Toys", "Sports", "Fashion", "Beauty", "Grocery", "Electronics", "Home & Garden"}[mixed/7%8])
			case "region":
				c.AppendString([]string{"Europe", "Asia Pacific", "North America", "Latin America", "Middle East"}[mixed/3%5])
			case "status":
				c.AppendString([]string{sales.Completed, sales.Completed, sales.Refunded, sales.Pending}[mixed/11%4])
			case "currency", "payment_method":
				c.AppendString("USD")
			case "_op":
				c.AppendString(op)
			case "quantity", "_partition", "_prev_day":
				c.I32 = append(c.I32, 2)
			case "order_ts", "event_ts":
				c.I64 = append(c.I64, benchDate*sales.MicrosPerDay+int64(mixed%86_400)*1_000_000)
			default:
				c.I64 = append(c.I64, cents)
			}
		}
		count = count.Add(lake.Count{Rows: 1, Cents: cents})
	}
	return count
}

// bigDay is a day of four slices of eight files, and one of them after 5,000 rows came to
// it: 4,500 of new orders in a file of their own, and 500 that replace older ones.
type bigDay struct {
	*silverTable
	slices []*lake.Manifest
	later  *lake.Manifest // of the first slice; its change must be dated
	undo   lake.Change    // leads back
}

func newBigDay(b *testing.B, rows int) *bigDay {
	d := &bigDay{silverTable: newSilver(b)}
	const perSlice, slicesOfDay = 8, 4
	each := rows / perSlice / slicesOfDay
	for p := range slicesOfDay {
		m := d.next(benchDate, int32(p))
		for f := range perSlice {
			from := (p*perSlice + f) * each
			m.Files = append(m.Files, d.orders(m, sales.Silver, from, from+each))
			m.Count = m.Count.Add(m.Files[f].Count)
		}
		m.Base = 1
		d.slices = append(d.slices, m)
	}
	first := d.slices[0]
	added := d.orders(first, sales.Silver, rows, rows+4_500)
	replaced := d.file(first, sales.Silver, func(batch *column.Batch) lake.Count {
		return fill(batch, 500, each, "").Add(fill(batch, 2*rows, 2*rows+500, ""))
	})
	later := *first
	later.Files = append([]lake.File{replaced}, append(slices.Clone(first.Files[1:]), added)...)
	later.Count = first.Count.Sub(first.Files[0].Count).Add(replaced.Count).Add(added.Count)
	later.Changes = []lake.Change{{Added: []lake.File{added}, Changed: []lake.File{d.swap(first, 0, 2*rows, 0)}}}
	d.later, d.undo = &later, lake.Change{Changed: []lake.File{d.swap(first, 2*rows, 0, rows)}}
	return d
}

// file writes a file of silver or of its changes.
func (d *bigDay) file(m *lake.Manifest, s *column.Schema, fill func(*column.Batch) lake.Count) lake.File {
	batch := column.NewBatch(s, 0)
	count := fill(batch)
	encoder := d.encoder
	if s == sales.Changes {
		encoder = d.changes
	}
	return d.put(encoder, s.Name, m, batch, count)
}

func (d *bigDay) orders(m *lake.Manifest, s *column.Schema, from, to int) lake.File {
	return d.file(m, s, func(batch *column.Batch) lake.Count { return fill(batch, from, to, "") })
}

// swap writes what replaces 500 orders by others, and takes the 4,500 from an order on off.
func (d *bigDay) swap(m *lake.Manifest, old, now, gone int) lake.File {
	return d.file(m, sales.Changes, func(batch *column.Batch) lake.Count {
		if gone > 0 {
			fill(batch, gone, gone+4_500, sales.OpDelete)
		}
		fill(batch, old, old+500, sales.OpBefore)
		fill(batch, now, now+500, sales.OpUpsert)
		return lake.Count{Rows: int64(batch.Rows())}
	})
}

// version gives a version of the first slice: odd ones are as at first, even ones have the
// 5,000 rows. Sixteen changes are listed, as silver does.
func (d *bigDay) version(n int64) stream.Record {
	m := *d.later
	if n%2 == 1 {
		m.Files, m.Count = d.slices[0].Files, d.slices[0].Count
	}
	m.Version, m.Base, m.Changes = n, max(1, n-16), nil
	for v := m.Base + 1; v <= n; v++ {
		c := d.undo
		if v%2 == 0 {
			c = d.later.Changes[0]
		}
		c.Version = v
		m.Changes = append(m.Changes, c)
	}
	return recordOf(&m, n+2)
}

// task gives one that has the day, with the first slice at a version.
func (d *bigDay) task(b *testing.B, version int64, gold []stream.Record) *task {
	o := d.options()
	o.CacheBytes = benchBytes
	t := d.taskOf(o)
	for _, r := range gold {
		require.NoError(b, t.addGold(r))
	}
	require.NoError(b, t.addSilver(d.version(version)))
	for _, m := range d.slices[1:] {
		require.NoError(b, t.addSilver(recordOf(m, 1)))
	}
	require.NoError(b, t.warm(context.Background()))
	return t
}

func refresh(b *testing.B, t *task, r stream.Record) []stream.Record {
	require.NoError(b, t.Add(context.Background(), []stream.Record{r}))
	c, err := t.Flush(context.Background())
	require.NoError(b, err)
	t.Committed()
	return c.Records
}

// costs gathers what refreshes cost.
type costs struct{ wall, cpu []time.Duration }

// refresh takes the record and commits; its costs are the processors' and the clock's.
func (c *costs) refresh(b *testing.B, t *task, r stream.Record) {
	var before, after syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
	started := time.Now()
	refresh(b, t, r)
	c.wall = append(c.wall, time.Since(started))
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
	c.cpu = append(c.cpu, time.Duration(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()))
}

// report gives medians: a mean is that of the machine's other work.
func (c *costs) report(b *testing.B) {
	for unit, all := range map[string][]time.Duration{"wall-ms": c.wall, "cpu-ms": c.cpu} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, unit)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRefresh is the cost of 5,000 rows that come to a day, 500 of them in the place of
// others, while the day grows, and that of the first such refresh after a restart.
func BenchmarkRefresh(b *testing.B) {
	for _, rows := range []int{100_000, 1_000_000, 5_000_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			d := newBigDay(b, rows)
			b.Run("running", d.running)
			b.Run("restarted", d.restarted)
		})
	}
}

func (d *bigDay) running(b *testing.B) {
	t, n, c := d.task(b, 1, nil), int64(2), &costs{}
	refresh(b, t, d.version(n)) // the day's first version
	for b.Loop() {
		refresh(b, t, d.version(n+1))
		n += 2
		c.refresh(b, t, d.version(n))
	}
	b.ReportMetric(float64(t.states.bytes)/float64(d.later.Rows)/4, "state-B/row")
	c.report(b)
}

func (d *bigDay) restarted(b *testing.B) {
	t, c := d.task(b, 1, nil), &costs{}
	gold := refresh(b, t, d.version(3))
	for b.Loop() {
		t.Close()
		t = d.task(b, 3, gold)
		c.refresh(b, t, d.version(4))
	}
	c.report(b)
}

// BenchmarkFlush makes ten days of four files of 8,333 rows each from nothing:
// a ninth of three million orders in 90 days.
func BenchmarkFlush(b *testing.B) {
	const days, files, rows = 10, 4, 8_333
	s := newSilver(b)
	var records []stream.Record
	for d := range days {
		for p := range files {
			orders := make([]order, rows)
			for i := range orders {
				n := (d*files+p)*rows + i
				orders[i] = order{fmt.Sprintf("ord-%012d", n), fmt.Sprintf("cust-%06d", n*7_919%50_000), fmt.Sprintf("prod-%04d", n*31%1_000),
					fmt.Sprint("category ", n*31%8), fmt.Sprint("region ", n%5), []string{sales.Completed, sales.Completed, sales.Refunded, sales.Pending}[n%4], 1_999}
			}
			records = append(records, recordOf(s.write(20_000+int32(d), int32(p), orders), int64(len(records))))
		}
	}
	for b.Loop() {
		task := s.task()
		require.NoError(b, task.Add(b.Context(), records))
		c, err := task.Flush(b.Context())
		require.NoError(b, err)
		require.Len(b, c.Records, len(tables)*days)
	}
	b.ReportMetric(days*files*rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
