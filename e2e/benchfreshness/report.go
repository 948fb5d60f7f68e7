package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"
)

// report is what was measured; times are seconds.
type report struct {
	Date           time.Time    `json:"date"`
	Seconds        float64      `json:"seconds"`
	SalesPerSecond float64      `json:"sales_per_second"` // records that came to Kafka
	Facts          int          `json:"facts"`            // that were committed
	Late           float64      `json:"late_share"`       // of these, events that came to Kafka over 3 s late
	Event          quantiles    `json:"event_to_commit"`  // of the others
	Arrival        quantiles    `json:"kafka_to_commit"`  // of all
	Containers     []*container `json:"containers"`
}

type quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// String is three cells of a table.
func (q quantiles) String() string { return fmt.Sprintf("%.1f | %.1f | %.1f |", q.P50, q.P95, q.P99) }

// quantilesOf takes the value at or above which the rest of the values are; 0 of none.
func quantilesOf(values []float64) quantiles {
	if len(values) == 0 {
		return quantiles{}
	}
	slices.Sort(values)
	at := func(share float64) float64 { return values[min(int(share*float64(len(values))), len(values)-1)] }
	return quantiles{at(0.5), at(0.95), at(0.99)}
}

// print writes the Markdown of docs/benchmarks.md.
func (r report) print(w io.Writer) error {
	fmt.Fprintf(w, "%.0f sales events/s for %.0f s, %d facts; %d cores; %s\n\n", r.SalesPerSecond, r.Seconds, r.Facts, runtime.NumCPU(), r.Date.Format(time.DateOnly))
	fmt.Fprint(w, "| seconds to the commit in PostgreSQL | p50 | p95 | p99 |\n|---|--:|--:|--:|\n")
	fmt.Fprintf(w, "| from the event's own time, without the %.0f %% that came to Kafka over %.0f s late | %s\n", 100*r.Late, onTime.Seconds(), r.Event)
	fmt.Fprintf(w, "| from Kafka | %s\n\n", r.Arrival)
	slices.SortFunc(r.Containers, func(a, b *container) int { return cmp.Compare(b.Cores, a.Cores) })
	_, err := fmt.Fprint(w, "| container | cores, mean | MiB, peak |\n|---|--:|--:|\n")
	for _, c := range r.Containers {
		_, err = fmt.Fprintf(w, "| %s | %.2f | %.0f |\n", c.Name, c.Cores, c.PeakMiB)
	}
	return err
}
