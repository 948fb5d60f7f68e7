package bronze

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// usual are the limits that config/pipeline.yaml has.
var usual = Limits{MaxRows: 131072, MaxAge: 5 * time.Second, MaxEventBytes: 1 << 20, QueueBytes: 32 << 20}

// BenchmarkIngest lands a CSV file of INGEST_ROWS rows (100,000 when not set)
// in a folder, plain and compressed; MB/s are those of the content. An iteration
// begins with an empty lake and an empty broker.
func BenchmarkIngest(b *testing.B) {
	n := 100_000
	if text := os.Getenv("INGEST_ROWS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	path := filepath.Join(b.TempDir(), "sales.csv")
	size := writeSample(b, path, n)
	b.Run("plain", func(b *testing.B) { benchmarkIngest(b, path, n, size) })
	for _, kind := range []string{"gzip", "zstd"} {
		b.Run(kind, func(b *testing.B) {
			packed := filepath.Join(b.TempDir(), "sales.csv")
			compressFile(b, kind, path, packed)
			benchmarkIngest(b, packed, n, size)
		})
	}
}

func benchmarkIngest(b *testing.B, path string, n int, size int64) {
	b.SetBytes(size)
	for b.Loop() {
		b.StopTimer()
		o := Options{Kafka: stream.Config{Brokers: []string{streamtest.Cluster(b)}}, Bucket: openLake(b.Context(), b.TempDir()), Log: zap.NewNop(),
			Registry: prometheus.NewRegistry(), Partitions: 4, Replication: 1, Bronze: usual}
		b.StartTimer()
		res, err := Ingest(b.Context(), o, IngestOptions{File: files.File{Name: path}})
		require.NoError(b, err)
		require.EqualValues(b, n, res.Rows)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(peakMiB(b), "peak-MiB")
}

// BenchmarkTask lands events that are in memory already, without the broker.
func BenchmarkTask(b *testing.B) {
	kafka := stream.Config{Brokers: []string{streamtest.Cluster(b)}}
	o := Options{Kafka: kafka, Bucket: openLake(b.Context(), b.TempDir()), Log: zap.NewNop(), Partitions: 4, Replication: 1, Bronze: usual}
	s, err := newStage(b.Context(), o)
	require.NoError(b, err)
	task, err := s.Open(b.Context(), stream.Partition{Topic: sales.TopicEvents, ID: 0}, 0)
	require.NoError(b, err)
	defer task.Close()
	var records []stream.Record
	for i := 0; len(records) < 4096; i++ {
		key := fmt.Sprintf("ORD-%08d", i)
		if stream.PartitionFor([]byte(key), 4) == 0 {
			records = append(records, stream.Record{Key: []byte(key), Time: 1e15, Value: fmt.Appendf(nil,
				`{"event_id":"%016x","event_ts":"2026-03-%02dT12:%02d:%02d.123456Z","order_id":"%s","order_ts":"2026-03-%02dT11:00:00Z","customer_id":"CUST-%06d",`+
					`"product_id":"PROD-%04d","category":"Electronics","region":"Europe","quantity":%d,"unit_price":%d.99,"revenue":%d.98,"status":"completed","payment_method":"card"}`,
				i, i%28+1, i%60, i%60, key, i%28+1, i*7%100000, i%500, i%9+1, i%300, i%900)})
		}
	}
	offset := int64(0)
	for b.Loop() {
		for i := range records {
			records[i].Offset = offset
			offset++
		}
		require.NoError(b, task.Add(b.Context(), records))
		if now := time.Now(); !task.Due(now, false).After(now) {
			_, err := task.Flush(b.Context())
			require.NoError(b, err)
			task.Committed()
		}
	}
	b.ReportMetric(float64(offset)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	b.ReportMetric(peakMiB(b), "peak-MiB")
}

func compressFile(b *testing.B, kind, from, to string) {
	in, err := os.Open(from)
	require.NoError(b, err)
	out, err := os.Create(to)
	require.NoError(b, err)
	w := compressor(b, kind, out)
	_, err = io.Copy(w, in)
	require.NoError(b, err)
	require.NoError(b, errors.Join(w.Close(), out.Close(), in.Close()))
}

func writeSample(b *testing.B, path string, n int) int64 {
	f, err := os.Create(path)
	require.NoError(b, err)
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "order_id,order_ts,customer_id,product_id,category,region,quantity,unit_price,revenue,status,payment_method")
	categories := []string{"Electronics", "Fashion", "Home & Garden", "Sports", "Books", "Toys", "Beauty", "Grocery"}
	for i := range n {
		fmt.Fprintf(w, "ORD-%09d,2026-%02d-%02dT%02d:%02d:%02d.%06dZ,CUST-%06d,PROD-%04d,%s,North America,%d,%d.%02d,%d.%02d,completed,credit_card\n",
			i, i%12+1, i%28+1, i%24, i%60, i*7%60, i%1000000, i*31%200000, i*17%2000, categories[i%8], i%9+1, i%300, i%100, i%900, i%100)
	}
	require.NoError(b, w.Flush())
	info, err := f.Stat()
	require.NoError(b, err)
	require.NoError(b, f.Close())
	return info.Size()
}

// peakMiB is the process's peak of resident memory, the sample's writing and
// the broker included.
func peakMiB(b *testing.B) float64 {
	runtime.GC()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			require.NoError(b, err)
			return kib / 1024
		}
	}
	return 0
}
