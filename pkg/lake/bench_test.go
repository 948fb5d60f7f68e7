package lake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

func BenchmarkEncode(b *testing.B) {
	for _, codec := range []string{"snappy", "zstd"} {
		b.Run(codec, func(b *testing.B) {
			batch := silverBatch(200_000)
			e, err := NewEncoder(sales.Silver, Encoding{Compression: codec})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				data, err := e.Encode(nil, batch)
				require.NoError(b, err)
				b.ReportMetric(float64(len(data))/float64(batch.Rows()), "bytes/row")
			}
			b.ReportMetric(float64(batch.Rows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, codec := range []string{"snappy", "zstd"} {
		b.Run(codec, func(b *testing.B) {
			e, err := NewEncoder(sales.Silver, Encoding{Compression: codec})
			require.NoError(b, err)
			data, err := e.Encode(nil, silverBatch(200_000))
			require.NoError(b, err)
			dst := column.NewBatch(sales.Silver, 200_000)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				r, err := Open("bench", data)
				require.NoError(b, err)
				dst.Reset()
				require.NoError(b, r.Read(dst))
			}
			b.ReportMetric(200_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
