package local

import (
	"context"
	"fmt"
	"time"

	dto "github.com/prometheus/client_model/go"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/services/producer/produce"
)

// Gauges is a moment of a stream.
type Gauges struct {
	Elapsed   time.Duration
	Sent      int64   // events so far
	Rate      float64 // events per second since the moment before
	Stages    []StageGauge
	Freshness float64 // seconds from event to warehouse, mean of the loads since the moment before; 0 when there was none
}

// StageGauge is how far a stage is behind.
type StageGauge struct {
	Name       string
	LagRecords int64
	LagSeconds float64
}

// produce feeds the topic and shows how the stages keep up.
func (r *runner) produce(ctx context.Context) error {
	options, err := produce.Load(r.Stream.Seed, 0, r.Stream.Rate)
	if err != nil {
		return err
	}
	source, err := produce.NewGenerated(options, false)
	if err != nil {
		return err
	}
	started, done := time.Now(), r.Progress.Step("producer")
	defer done()
	watchCtx, stop := context.WithCancel(ctx)
	group, _ := errgroup.WithContext(ctx)
	group.Go(func() error { return r.watch(watchCtx) })
	group.Go(func() error {
		defer stop()
		_, err := produce.Run(ctx, produce.Options{
			Kafka: r.kafka, Log: r.Log, Registry: r.Registry, Partitions: r.Settings.Lake.Partitions, Replication: 1,
			Rate: r.Stream.Rate, Duration: r.Stream.Duration,
		}, source)
		r.report.took("producer", started)
		return err
	})
	return group.Wait()
}

// watch tells Progress of each second until the context ends.
func (r *runner) watch(ctx context.Context) error {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	started := time.Now()
	before := metrics{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		now, err := r.gather()
		if err != nil {
			return err
		}
		r.Progress.Live(gauges(before, now, time.Since(started)))
		before = now
	}
}

// metrics is the registry's state by stage: counters, sums and counts of histograms are
// added up over the other labels, lags in seconds are the worst.
type metrics struct {
	at     time.Time
	values map[string]float64
}

func (r *runner) gather() (metrics, error) {
	families, err := r.Registry.Gather()
	if err != nil {
		return metrics{}, fmt.Errorf("gather metrics: %w", err)
	}
	m := metrics{at: time.Now(), values: map[string]float64{}}
	for _, f := range families {
		for _, v := range f.GetMetric() {
			m.add(f.GetName(), v)
		}
	}
	return m, nil
}

const (
	lagRecords = "sales_stage_lag_records"
	lagSeconds = "sales_stage_lag_seconds"
	freshness  = "sales_stage_freshness_seconds"
)

// of names a metric's values in one stage.
func of(name, stage string) string { return name + " " + stage }

func (m *metrics) add(name string, v *dto.Metric) {
	stage := ""
	for _, l := range v.GetLabel() {
		if l.GetName() == "stage" {
			stage = l.GetValue()
		}
	}
	switch {
	case v.GetHistogram() != nil:
		m.values[of(name+"_sum", stage)] += v.GetHistogram().GetSampleSum()
		m.values[of(name+"_count", stage)] += float64(v.GetHistogram().GetSampleCount())
	case name == lagSeconds:
		at := of(name, stage)
		m.values[at] = max(m.values[at], v.GetGauge().GetValue())
	default:
		m.values[of(name, stage)] += v.GetGauge().GetValue() + v.GetCounter().GetValue()
	}
}

func gauges(before, now metrics, elapsed time.Duration) Gauges {
	since := func(name string) float64 { return now.values[name] - before.values[name] }
	sent := of("sales_producer_events_total", "")
	g := Gauges{Elapsed: elapsed, Sent: int64(now.values[sent])}
	if !before.at.IsZero() {
		g.Rate = since(sent) / now.at.Sub(before.at).Seconds()
	}
	if n := since(of(freshness+"_count", "load")); n > 0 {
		g.Freshness = since(of(freshness+"_sum", "load")) / n
	}
	for _, name := range []string{"bronze", "silver", "gold", "dq", "load"} {
		g.Stages = append(g.Stages, StageGauge{Name: name,
			LagRecords: int64(now.values[of(lagRecords, name)]), LagSeconds: now.values[of(lagSeconds, name)]})
	}
	return g
}
