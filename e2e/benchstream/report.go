package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// run is one measured process.
type run struct {
	Seconds    float64 `json:"seconds"`
	PeakBytes  int64   `json:"peak_bytes"`  // resident
	CPUSeconds float64 `json:"cpu_seconds"` // user and system, its start included
}

// pair is a run of each, one right after the other.
type pair struct {
	Loop   run `json:"loop"`
	Writer run `json:"writer"`
}

// ratio is bronze-writer's rate as a part of the loop's.
func (p pair) ratio() float64 { return p.Loop.Seconds / p.Writer.Seconds }

// String is a line for the one who waits.
func (p pair) String() string {
	return fmt.Sprintf("bare loop %.2f s, bronze-writer %.2f s with %d MiB, ratio %.2f",
		p.Loop.Seconds, p.Writer.Seconds, p.Writer.PeakBytes>>20, p.ratio())
}

// report is all that was measured, and where.
type report struct {
	Lake  string    `json:"lake"`
	Truth truth     `json:"truth"`
	Cores int       `json:"cores"`
	Load  string    `json:"load"` // of the machine before the first pair, over 1 minute
	Date  time.Time `json:"date"`
	Pairs []pair    `json:"pairs"`
}

func newReport(b *bench) report {
	load, _, _ := strings.Cut(readFile("/proc/loadavg"), " ")
	return report{Lake: b.lake, Truth: b.truth, Cores: runtime.NumCPU(), Load: load, Date: time.Now().UTC()}
}

func readFile(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return string(b)
}

// print writes the Markdown of docs/benchmarks.md.
func (r report) print(w io.Writer) error {
	fmt.Fprintf(w, "%d events of %d bytes, %d rejects, %d partitions; lake %s; %d cores, load %s before; %d pairs; %s\n\n",
		r.Truth.Events, r.Truth.eventBytes(), r.Truth.Rejects, partitions, r.Lake, r.Cores, r.Load, len(r.Pairs), r.Date.Format(time.DateOnly))
	fmt.Fprint(w, "| | events/s, median | range | CPU seconds | peak MiB |\n|---|--:|--:|--:|--:|\n")
	r.row(w, "bare loop", func(p pair) run { return p.Loop })
	r.row(w, "bronze-writer", func(p pair) run { return p.Writer })
	ratios := r.each(pair.ratio)
	_, err := fmt.Fprintf(w, "\nbronze-writer's rate is %.2f of the loop's (median of the pairs, %.2f–%.2f).\n",
		median(ratios), slices.Min(ratios), slices.Max(ratios))
	return err
}

func (r report) row(w io.Writer, name string, of func(pair) run) {
	rates := r.each(func(p pair) float64 { return float64(r.Truth.Events) / of(p).Seconds })
	cpu := r.each(func(p pair) float64 { return of(p).CPUSeconds })
	peaks := r.each(func(p pair) float64 { return float64(of(p).PeakBytes) / (1 << 20) })
	fmt.Fprintf(w, "| %s | %.0fk | %.0fk–%.0fk | %.1f | %.0f |\n", name,
		median(rates)/1e3, slices.Min(rates)/1e3, slices.Max(rates)/1e3, median(cpu), slices.Max(peaks))
}

func (r report) each(f func(pair) float64) []float64 {
	values := make([]float64, len(r.Pairs))
	for i, p := range r.Pairs {
		values[i] = f(p)
	}
	return values
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
