package silver

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

const (
	benchRows       = 3_000_000
	benchPartitions = 4
	benchFileRows   = 131_072
	benchDays       = 90
)

// benchBronze is a bronze file of the benchmark: 3 % of the rows repeat an
// event if there is a random, 1 % are faulty.
func benchBronze(random *rand.Rand, partition int32, first int64, rows int) *column.Batch {
	b := column.NewBatch(sales.Bronze, rows)
	text := func(name, v string) { b.Column(name).AppendString(v) }
	for offset := first; offset < first+int64(rows); offset++ {
		n := offset // what the order is made of
		if random != nil && random.IntN(100) < 3 {
			n = random.Int64N(offset + 1)
		}
		quantity := int32(n%5 + 1)
		if n%100 == 0 {
			quantity = 0
		}
		price := 100 + n*7919%50_000
		placed := midnight + n*2_654_435_761%(benchDays*86_400)*1_000_000
		text("event_id", fmt.Sprintf("0123456789abcdef-%d%011d", partition, n))
		text("order_id", fmt.Sprintf("ORD-%d%09d", partition, n))
		text("customer_id", fmt.Sprintf("CUST-%06d", n*104_729%200_000))
		text("product_id", fmt.Sprintf("PROD-%04d", n*31%2000))
		text("category", []string{"Books", "electronics", "Toys", "SPORTS", "Fashion", "Beauty", "Grocery", "Home & Garden"}[n%8])
		text("region", []string{"Europe", "north america", "Asia Pacific", "Latin America", "Middle East"}[n%5])
		text("status", []string{sales.Pending, sales.Completed, sales.Completed, sales.Refunded}[n%4])
		text("payment_method", []string{"card", "paypal", "", "wire"}[n%4])
		text("currency", sales.DefaultCurrency)
		text("_rescued", "")
		text("_replay_of", "")
		text("_source", "file:0123456789abcdef")
		put64(b, "event_ts", placed)
		put64(b, "order_ts", placed)
		put64(b, "unit_price", price)
		put64(b, "revenue", price*int64(quantity))
		put64(b, "_offset", offset)
		put64(b, "_ingest_ts", midnight+benchDays*day)
		put32(b, "quantity", quantity)
		put32(b, "schema_version", 1)
		put32(b, "_partition", partition)
	}
	return b
}

// landBench writes the bronze files.
func landBench(b *testing.B, h *harness) {
	random := rand.New(rand.NewPCG(5, 6))
	const each = benchRows / benchPartitions
	for p := range int32(benchPartitions) {
		for first := 0; first < each; first += benchFileRows {
			rows := min(benchFileRows, each-first)
			batch := benchBronze(random, p, int64(first), rows)
			h.publish(putBronze(b, h, batch, p, int64(first)))
		}
	}
}

// putBronze writes a bronze file of a partition.
func putBronze(b *testing.B, h *harness, batch *column.Batch, p int32, first int64) *lake.Manifest {
	encoder, err := lake.NewEncoder(sales.Bronze, lake.Encoding{})
	require.NoError(b, err)
	data, err := encoder.Encode(nil, batch)
	require.NoError(b, err)
	slice := lake.BronzeSlice(20_000, p, "01234567", first)
	file := lake.NewFile(lake.BronzeKey(sales.TableBronze, slice), data, salesEvents.count(batch))
	require.NoError(b, h.options.Bucket.Put(h.ctx, file.Key, data))
	rows := int64(batch.Rows())
	return &lake.Manifest{Format: lake.Format, Table: sales.TableBronze, Slice: slice, Partition: p,
		Files: []lake.File{file}, Count: file.Count, Source: &lake.Source{Name: "file:0123456789abcdef",
			Partition: p, First: first, Next: first + rows, Records: rows}}
}

// BenchmarkBronzeToSilver takes 3M rows in 4 partitions and 90 days through
// whole commits, all partitions at once.
func BenchmarkBronzeToSilver(b *testing.B) {
	folder := b.TempDir()
	h := newHarness(b, &memoryTopic{}, folder, benchPartitions)
	landBench(b, h)
	b.ReportAllocs()
	cpu := 0.0
	for b.Loop() {
		b.StopTimer()
		require.NoError(b, os.RemoveAll(filepath.Join(folder, "silver")))
		h.topic, h.committed = &memoryTopic{}, make([]int64, benchPartitions)
		for p := range benchPartitions {
			h.drop(p)
			h.open(p)
		}
		debug.FreeOSMemory()
		forgetPeak()
		before := cpuSeconds()
		b.StartTimer()
		var group sync.WaitGroup
		commits := make([]*commit, benchPartitions)
		for p := range benchPartitions {
			h.add(p, len(h.bronze[p]))
			group.Go(func() {
				_, err := h.tasks[p].Flush(h.ctx)
				require.NoError(b, err)
				commits[p] = h.tasks[p].(*task).made
			})
		}
		group.Wait()
		b.StopTimer()
		cpu += cpuSeconds() - before
		b.ReportMetric(peakMiB(), "MiB-peak")
		files, index := 0, 0
		for p := range benchPartitions {
			files += commits[p].files
			index += h.tasks[p].(*task).index.Bytes()
		}
		b.ReportMetric(float64(files), "files")
		b.ReportMetric(float64(index)/(1<<20), "MiB-index")
		b.StartTimer()
	}
	b.ReportMetric(cpu/float64(b.N), "cpu-s/op")
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// forgetPeak makes the kernel count this process's greatest memory from now on.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

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

// BenchmarkSmallCommits takes 2,000 commits of 100 new orders each into one
// slice, and tells how many bytes are written for each byte that is in it at
// the end.
func BenchmarkSmallCommits(b *testing.B) {
	const commits, rows = 2000, 100
	for b.Loop() {
		h := newHarness(b, &memoryTopic{}, b.TempDir(), 1)
		h.follower = nil
		for i := range commits {
			batch := benchBronze(nil, 0, int64(i*rows), rows)
			times := batch.Column("order_ts").I64
			for i := range times {
				times[i] = midnight
			}
			h.publish(putBronze(b, h, batch, 0, int64(i*rows)))
			h.add(0, 1)
			h.flush(0, noCrash)
		}
		m := h.tasks[0].(*task).slices[sales.DayOf(midnight)].manifest
		held := int64(0)
		for _, f := range m.Files {
			held += f.Bytes
		}
		written := int64(0)
		for _, t := range h.tallies {
			written += t.Bytes
		}
		b.ReportMetric(float64(written)/float64(held), "bytes-written/byte")
		b.ReportMetric(1+testutil.ToFloat64(h.stage.metrics.rowsRewritten)/float64(m.Rows), "rows-written/row")
		h.close()
	}
}

// BenchmarkRebuild opens a partition of 1M orders in 90 days, all of them within
// the horizon, or all but one day beyond it.
func BenchmarkRebuild(b *testing.B) {
	const orders = 1_000_000
	h := newHarness(b, &memoryTopic{}, b.TempDir(), 1)
	h.follower = nil
	for first := 0; first < orders; first += benchFileRows {
		h.publish(putBronze(b, h, benchBronze(nil, 0, int64(first), min(benchFileRows, orders-first)), 0, int64(first)))
	}
	h.drain()
	for name, horizon := range map[string]time.Duration{"hot": 90 * 24 * time.Hour, "cold": 0} {
		b.Run(name, func(b *testing.B) {
			h.stage.Horizon = horizon
			cpu := cpuSeconds()
			for b.Loop() {
				h.drop(0)
				h.open(0)
			}
			t := h.tasks[0].(*task)
			b.ReportMetric((cpuSeconds()-cpu)/float64(b.N), "cpu-s/op")
			b.ReportMetric(float64(t.index.Bytes()+t.filter.Bytes())/float64(t.index.Len()+t.filter.Len()), "bytes/order")
		})
	}
}
