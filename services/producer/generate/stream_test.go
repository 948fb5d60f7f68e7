package generate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func BenchmarkStream(b *testing.B) {
	for name, format := range map[string]Format{"message": Message, "csv": CSV} {
		b.Run(name, func(b *testing.B) {
			s, err := New(Bench(1, max(b.N, 1), format))
			require.NoError(b, err)
			var item Item
			var bytes int64
			b.ReportAllocs()
			b.ResetTimer()
			start := time.Now()
			for s.Next(&item) {
				bytes += int64(len(item.Value))
			}
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "rows/s")
			b.ReportMetric(float64(bytes)/float64(b.N), "B/row")
		})
	}
}
