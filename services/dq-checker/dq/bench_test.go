package dq

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// As many rows, days and partitions as silver-etl's BenchmarkBronzeToSilver makes.
const (
	benchRows       = 3_000_000
	benchDays       = 90
	benchPartitions = 4
	benchCustomers  = 200_000
	benchMemory     = 352 << 20 // as of the service
)

// benchDay is the orders of a day and partition.
func benchDay(day, partition, rows int) *column.Batch {
	b := column.NewBatch(sales.Silver, rows)
	text := func(name, v string) { b.Column(name).AppendString(v) }
	put := func(name string, v int64) {
		if c := b.Column(name); c.Type == column.Int32 {
			c.I32 = append(c.I32, int32(v))
		} else {
			c.I64 = append(c.I64, v)
		}
	}
	for i := range rows {
		n := int64(i*benchDays + day)
		quantity, price := n%5+1, 100+n*7919%50_000
		placed := int64(testDay+day)*sales.MicrosPerDay + n*2_654_435_761%86_400*1_000_000
		text("event_id", fmt.Sprintf("0123456789abcdef-%d%011d", partition, n))
		text("order_id", fmt.Sprintf("ORD-%d%09d", partition, n))
		text("customer_id", fmt.Sprintf("CUST-%06d", n*104_729%benchCustomers))
		text("product_id", fmt.Sprintf("PROD-%04d", n*31%2000))
		text("category", []string{"Books", "Electronics", "Toys", "Sports", "Fashion", "Beauty", "Grocery", "Home & Garden"}[n%8])
		text("region", []string{"Europe", "North America", "Asia Pacific", "Latin America", "Middle East"}[n%5])
		text("status", statuses[n%4])
		text("payment_method", []string{"card", "paypal", "", "wire"}[n%4])
		text("currency", sales.DefaultCurrency)
		put("event_ts", placed)
		put("order_ts", placed)
		put("quantity", quantity)
		put("unit_price", price)
		put("revenue", price*quantity)
		put("_partition", int64(partition))
		put("_offset", n)
	}
	return b
}

// benchLake writes the days, and gives their manifests.
func benchLake(b *testing.B, bucket *blob.Bucket) (days []*lake.Manifest) {
	encoder, err := lake.NewEncoder(sales.Silver, lake.Encoding{})
	require.NoError(b, err)
	const rows = benchRows / benchDays / benchPartitions
	for day := range benchDays {
		m := &lake.Manifest{Table: sales.TableFacts, Day: sales.FormatDay(int32(testDay + day)), Version: 1}
		for p := range benchPartitions {
			batch := benchDay(day, p, rows)
			data, err := encoder.Encode(nil, batch)
			require.NoError(b, err)
			count := lake.Count{Rows: rows}
			for _, cents := range batch.Column("revenue").I64 {
				count.Cents += cents
			}
			file := lake.NewFile(fmt.Sprintf("%s/day=%s/p=%03d/00000001.parquet", sales.TableSilver, m.Day, p), data, count)
			require.NoError(b, bucket.Put(b.Context(), file.Key, data))
			m.Files, m.Count = append(m.Files, file), m.Count.Add(count)
			m.Inputs = append(m.Inputs, lake.Input{Count: count})
		}
		days = append(days, m)
	}
	return days
}

// benchMembers gives the auditor the customers and products that the orders name.
func benchMembers(b *testing.B, a *Auditor, bucket *blob.Bucket) {
	batch := column.NewBatch(sales.SilverCustomers, benchCustomers)
	for i := range benchCustomers {
		for c := range batch.Columns {
			switch col := &batch.Columns[c]; col.Type {
			case column.Int32:
				col.I32 = append(col.I32, 0)
			case column.Timestamp, column.Int64:
				col.I64 = append(col.I64, testDay*sales.MicrosPerDay+int64(i))
			default:
				col.AppendString(fmt.Sprintf("CUST-%06d", i))
			}
		}
	}
	data := encode(b, sales.SilverCustomers, batch)
	m := customersManifest(1, benchCustomers, data)
	require.NoError(b, bucket.Put(b.Context(), m.Files[0].Key, data))
	require.NoError(b, a.Follow(stream.Record{Key: []byte(m.Key()), Value: m.Encode()}))
	var products strings.Builder
	products.WriteString("product_id\n")
	for i := range 2000 {
		fmt.Fprintf(&products, "PROD-%04d\n", i)
	}
	a.Products = filepath.Join(b.TempDir(), "products.csv")
	require.NoError(b, os.WriteFile(a.Products, []byte(products.String()), 0o600))
}

// BenchmarkAudit judges 3M orders of 90 days in 4 partitions by the rules of the repository, four
// days at a time as the stage does and with its default bounds, which keep it under 512 MiB: no file has been read before.
func BenchmarkAudit(b *testing.B) {
	bucket, err := blob.Open(b.Context(), blob.Options{URL: "file://" + b.TempDir(), Create: true})
	require.NoError(b, err)
	days := benchLake(b, bucket)
	set, err := LoadRules("")
	require.NoError(b, err)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(benchMemory))
	b.ReportAllocs()
	cpu := 0.0
	for b.Loop() {
		b.StopTimer()
		a := NewAuditor(set, AuditorOptions{Objects: bucket, Samples: 10, ReadBytes: 64 << 20, CacheBytes: 128 << 20})
		benchMembers(b, a, bucket)
		debug.FreeOSMemory()
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
		before := cpuSeconds()
		b.StartTimer()
		group, ctx := errgroup.WithContext(b.Context())
		group.SetLimit(benchPartitions)
		for _, m := range days {
			group.Go(func() error {
				s, err := a.Audit(ctx, m)
				if err != nil {
					return err
				}
				findings, _, err := a.Judge(ctx, Evidence{Manifest: m, Slice: s})
				if err == nil && Worst(findings) != lake.Pass {
					err = fmt.Errorf("%+v", findings)
				}
				return err
			})
		}
		require.NoError(b, group.Wait())
		cpu += cpuSeconds() - before
		peak := peakMiB()
		b.ReportMetric(peak, "MiB-peak")
		require.Less(b, peak, 512.0)
	}
	b.ReportMetric(cpu/float64(b.N), "cpu-s/op")
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// cpuSeconds is the time that processors have worked for this process: on a
// busy machine it says more than the clock.
func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// peakMiB is the greatest resident memory since, 0 where the kernel does not tell.
func peakMiB() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	_, _ = fmt.Sscan(rest, &kib)
	return kib / 1024
}
