package report

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestChart draws days of any values: bars are as high as their values, stand on the axis
// or each other, and stay in the drawing.
func TestChart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := make([]Day, rapid.IntRange(1, 100).Draw(t, "days"))
		least := rapid.SampledFrom([]int64{0, -1_000_000_000_000}).Draw(t, "least")
		greatest, lowest := int64(0), int64(0)
		for i := range days {
			days[i].Revenue = rapid.Int64Range(least, 1_000_000_000_000).Draw(t, "revenue")
			greatest, lowest = max(greatest, days[i].Revenue), min(lowest, days[i].Revenue)
		}
		c := newChart("revenue", "Revenue", days, words, []string{""}, func(d *Day) []int64 { return []int64{d.Revenue} })
		require.Len(t, c.Bars, len(days))
		height := chartHeight - marginTop - marginBottom
		for i, b := range c.Bars {
			require.Equal(t, days[i].Revenue, b.Value)
			want := float64(max(b.Value, -b.Value)) / float64(max(1, greatest-lowest)) * height
			require.InDelta(t, want, b.H, 1e-6)
			if b.Value < 0 {
				require.InDelta(t, c.Zero, b.Y, 1e-6)
			} else {
				require.InDelta(t, c.Zero, b.Y+b.H, 1e-6)
			}
			require.GreaterOrEqual(t, b.Y, marginTop-1e-6)
			require.LessOrEqual(t, b.Y+b.H, chartHeight-marginBottom+1e-6)
			require.LessOrEqual(t, b.X+b.W, chartWidth)
			require.True(t, i == 0 || b.X > c.Bars[i-1].X+c.Bars[i-1].W)
		}
	})
}
