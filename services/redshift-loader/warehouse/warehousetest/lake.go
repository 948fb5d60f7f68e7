package warehousetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Order is a version of an order, as a test writes it down. Zero fields have defaults.
type Order struct {
	ID       string
	Day      string // YYYY-MM-DD of order_ts
	Micros   int64  // of order_ts, since the day began; 123456
	Version  int64  // later versions have later event times
	Units    int64  // 1
	Cents    int64
	Status   string // completed
	Region   string // Europe
	Category string // Books
	Customer string // C-1
	Product  string // P-1

	Partition int32 // of the source; all versions of an order have one
}

func (o Order) withDefaults() Order {
	o.Units = max(o.Units, 1)
	for field, value := range map[*string]string{&o.Status: sales.Completed, &o.Region: "Europe", &o.Category: "Books", &o.Customer: "C-1", &o.Product: "P-1"} {
		if *field == "" {
			*field = value
		}
	}
	return o
}

// eventID tells the version, so that a test can see which one is loaded.
func (o Order) eventID() string { return fmt.Sprintf("%s.%d", o.ID, o.Version) }

func (o Order) day(t testing.TB) int32 {
	day, err := sales.ParseDay(o.Day)
	require.NoError(t, err)
	return day
}

func (o Order) micros() int64              { return cmp.Or(o.Micros, 123_456) }
func (o Order) orderTS(t testing.TB) int64 { return int64(o.day(t))*sales.MicrosPerDay + o.micros() }
func (o Order) eventTS() int64             { return sales.Year2000 + o.Version*1_000_000 }

// Lake is a lake in a folder that gives the verdicts of slices that a test describes.
type Lake struct {
	t      testing.TB
	Bucket *blob.Bucket
	files  int
	days   map[string]*published
	facts  map[string]*silver // newest version of each silver slice of facts
	where  map[string]string  // day of each order

	customers map[string]*members // newest version of each slice
}

// silver is what a lake knows of the newest version of a silver slice.
type silver struct {
	orders map[string]Order
	input  lake.Input
}

// NewLake makes an empty lake.
func NewLake(t testing.TB) *Lake {
	t.Helper()
	bucket, err := blob.Open(context.Background(), blob.Options{URL: "file://" + t.TempDir(), Create: true})
	require.NoError(t, err)
	return &Lake{t: t, Bucket: bucket, days: map[string]*published{}, facts: map[string]*silver{}, where: map[string]string{}, customers: map[string]*members{}}
}

// Facts gives the verdict on a version of a day of gold/fact_sales that holds the
// orders, of each silver slice in two files if there are several. It lists what changed
// since the versions that were made before, as silver does.
func (l *Lake) Facts(day string, version int64, orders ...Order) *lake.Verdict {
	bySlice := map[string][]Order{silverSlice(day, 0): nil}
	for slice := range l.facts {
		if strings.HasPrefix(slice, "day="+day) {
			bySlice[slice] = nil
		}
	}
	for _, o := range orders {
		slice := silverSlice(day, o.Partition)
		bySlice[slice] = append(bySlice[slice], o.withDefaults())
	}
	v := l.verdict(sales.TableFacts, day, version, nil)
	for _, slice := range sortedKeys(bySlice) {
		part := bySlice[slice]
		half := (len(part) + 1) / 2
		for _, rows := range [][]Order{part[:half], part[half:]} {
			if len(rows) == 0 {
				continue
			}
			b := column.NewBatch(sales.Silver, len(rows))
			count := lake.Count{}
			for _, o := range rows {
				l.appendOrder(b, o)
				count = count.Add(lake.Count{Rows: 1, Cents: o.Cents})
			}
			v.Manifest.Files, v.Manifest.Count = append(v.Manifest.Files, l.write(sales.TableSilver+"/"+slice, b, count)), v.Manifest.Add(count)
		}
		v.Manifest.Inputs = append(v.Manifest.Inputs, l.input(day, slice, version, part))
	}
	return v
}

// input is the silver slice that a version of a day is made of.
func (l *Lake) input(day, slice string, version int64, orders []Order) lake.Input {
	next := &silver{orders: map[string]Order{}, input: lake.Input{Table: sales.TableSilver, Slice: slice, Version: version, Base: version}}
	for _, o := range orders {
		next.orders[o.ID] = o
		next.input.Count = next.input.Add(lake.Count{Rows: 1, Cents: o.Cents})
	}
	if before := l.facts[slice]; before != nil && before.input.Version < version {
		next.input.Base, next.input.Changes = before.input.Base, append(slices.Clone(before.input.Changes), l.change(day, slice, version, before.orders, next.orders))
	}
	for id := range next.orders {
		l.where[id] = day
	}
	l.facts[slice] = next
	return next.input
}

func silverSlice(day string, partition int32) string {
	return fmt.Sprintf("day=%s/p=%03d", day, partition)
}

// change writes what a version gained and lost: a data file when that is new orders only.
func (l *Lake) change(day, slice string, version int64, before, after map[string]Order) lake.Change {
	b, added := column.NewBatch(sales.Changes, 0), true
	var count lake.Count
	add := func(o Order, op, previous string) {
		l.appendOrder(b, o)
		b.Column("_op").AppendString(op)
		number, err := sales.ParseDay(previous)
		require.NoError(l.t, err)
		b.Column("_prev_day").I32 = append(b.Column("_prev_day").I32, number)
		count = count.Add(lake.Count{Rows: 1, Cents: o.Cents})
	}
	for _, id := range sortedKeys(after) {
		old, known := before[id]
		if known && old == after[id] {
			continue
		}
		previous := cmp.Or(l.where[id], day)
		if known {
			add(old, sales.OpBefore, day)
			previous = day
		}
		added = added && !known && previous == day
		add(after[id], sales.OpUpsert, previous)
	}
	for _, id := range sortedKeys(before) {
		if _, stays := after[id]; !stays {
			added = false
			add(before[id], sales.OpDelete, day)
		}
	}
	switch c := (lake.Change{Version: version}); {
	case count.Rows == 0:
		return c
	case added:
		rows := &column.Batch{Schema: sales.Silver, Columns: b.Columns[:len(sales.Silver.Fields)]}
		c.Added = []lake.File{l.write(sales.TableSilver+"/"+slice, rows, count)}
		return c
	default:
		c.Changed = []lake.File{l.write(sales.TableChanges, b, count)}
		return c
	}
}

// Update is a version of a customer, as a test writes it down.
type Update struct {
	ID         string
	At         int64 // µs UTC
	Name, City string
	Segment    string
	Deleted    bool
}

// members is what a lake knows of the newest version of a slice of customers.
type members struct {
	lake.Manifest
	rows map[Update]bool
}

// Customers gives the verdict on a version of a slice of silver/customers. It lists what
// changed since the versions that were made before, as silver does.
func (l *Lake) Customers(day string, partition int32, version int64, updates ...Update) *lake.Verdict {
	var files []lake.File
	if len(updates) > 0 {
		files = append(files, l.writeUpdates(sales.SilverCustomers, partition, "", updates...))
	}
	v := l.verdict(sales.TableSilverCustomers, day, version, files)
	m := &v.Manifest
	m.Partition, m.Slice, m.Base = partition, silverSlice(day, partition), version
	next := &members{rows: map[Update]bool{}}
	for _, u := range updates {
		next.rows[u] = true
	}
	if before := l.customers[m.Slice]; before != nil && before.Version < version {
		m.Base, m.Changes = before.Base, append(slices.Clone(before.Changes), l.updated(partition, version, before.rows, next.rows))
	}
	next.Manifest = *m
	l.customers[m.Slice] = next
	return v
}

// updated writes what a version of a slice gained and lost: a data file when that is new rows only.
func (l *Lake) updated(partition int32, version int64, before, after map[Update]bool) lake.Change {
	only := func(a, b map[Update]bool) (rows []Update) {
		for u := range a {
			if !b[u] {
				rows = append(rows, u)
			}
		}
		return rows
	}
	gained, lost := only(after, before), only(before, after)
	c := lake.Change{Version: version}
	switch {
	case len(lost) > 0 && len(gained) > 0:
		c.Changed = append(c.Changed, l.writeUpdates(sales.CustomerChanges, partition, sales.OpUpsert, gained...), l.writeUpdates(sales.CustomerChanges, partition, sales.OpBefore, lost...))
	case len(lost) > 0:
		c.Changed = append(c.Changed, l.writeUpdates(sales.CustomerChanges, partition, sales.OpDelete, lost...))
	case len(gained) > 0:
		c.Added = append(c.Added, l.writeUpdates(sales.SilverCustomers, partition, "", gained...))
	}
	return c
}

func (l *Lake) writeUpdates(s *column.Schema, partition int32, op string, updates ...Update) lake.File {
	b := column.NewBatch(s, len(updates))
	for _, u := range updates {
		for name, v := range map[string]string{"customer_id": u.ID, "name": u.Name, "email": "", "segment": u.Segment, "city": u.City, "country": ""} {
			b.Column(name).AppendString(v)
		}
		deleted := int32(0)
		if u.Deleted {
			deleted = 1
		}
		for name, v := range map[string]int32{"deleted": deleted, "_partition": partition} {
			b.Column(name).I32 = append(b.Column(name).I32, v)
		}
		for name, v := range map[string]int64{"updated_ts": u.At, "_offset": 0} {
			b.Column(name).I64 = append(b.Column(name).I64, v)
		}
		if op != "" {
			b.Column("_op").AppendString(op)
			b.Column("_prev_day").I32 = append(b.Column("_prev_day").I32, int32(u.At/sales.MicrosPerDay))
		}
	}
	return l.write(s.Name, b, lake.Count{Rows: int64(len(updates))})
}

func (l *Lake) appendOrder(b *column.Batch, o Order) {
	ints := map[string]int64{
		"order_ts": o.orderTS(l.t), "event_ts": o.eventTS(),
		"unit_price": o.Cents, "revenue": o.Cents, "_offset": 0,
	}
	for name, v := range ints {
		b.Column(name).I64 = append(b.Column(name).I64, v)
	}
	for name, v := range map[string]string{
		"order_id": o.ID, "event_id": o.eventID(), "customer_id": o.Customer, "product_id": o.Product, "category": o.Category,
		"region": o.Region, "currency": sales.DefaultCurrency, "status": o.Status, "payment_method": "",
	} {
		b.Column(name).AppendString(v)
	}
	b.Column("quantity").I32 = append(b.Column("quantity").I32, int32(o.Units))
	b.Column("_partition").I32 = append(b.Column("_partition").I32, o.Partition)
}

func (l *Lake) write(folder string, b *column.Batch, count lake.Count) lake.File {
	encoder, err := lake.NewEncoder(b.Schema, lake.Encoding{Compression: "snappy"})
	require.NoError(l.t, err)
	data, err := encoder.Encode(nil, b)
	require.NoError(l.t, err)
	l.files++
	key := fmt.Sprintf("%s/%08d.parquet", folder, l.files)
	require.NoError(l.t, l.Bucket.PutNew(context.Background(), key, data))
	return lake.NewFile(key, data, count)
}

func (l *Lake) verdict(table, day string, version int64, files []lake.File) *lake.Verdict {
	m := lake.Manifest{Format: lake.Format, Table: table, Slice: "day=" + day, Day: day, Partition: -1, Version: version, Schema: 1, Files: files}
	for _, f := range files {
		m.Count = m.Count.Add(f.Count)
	}
	return &lake.Verdict{Format: lake.Format, Outcome: lake.Pass, Manifest: m}
}
