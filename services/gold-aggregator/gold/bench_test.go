package gold

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

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
