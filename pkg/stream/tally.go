package stream

import (
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Tally is what a [Commit] says of its rows of one dataset, for the metrics and the log.
type Tally struct {
	Dataset   string           // one that the metrics were made with, and so with outcomes and codes
	Rows      map[string]int64 // by outcome
	Rejects   map[string]int64 // by code; their sum is the outcome Rejected
	Bytes     int64            // of the files written
	EventTime int64            // newest, microseconds UTC; 0 = of no event
}

// outcomes are the rows with the rejects among them.
func (t Tally) outcomes() map[string]int64 {
	rows := maps.Clone(t.Rows)
	if rows == nil {
		rows = map[string]int64{}
	}
	for _, n := range t.Rejects {
		rows[Rejected] += n
	}
	return rows
}

func (t Tally) rows() (sum int64) {
	for _, n := range t.outcomes() {
		sum += n
	}
	return sum
}

func (t Tally) age(now time.Time) time.Duration { return max(now.Sub(time.UnixMicro(t.EventTime)), 0) }

// account counts a commit and writes its line, which has the same keys in each stage. One without rows, as of heartbeats,
// is told to whoever debugs.
func (w *worker) account(c *Commit, took time.Duration) {
	now := time.Now()
	w.session.rc.Metrics.committed(w.session.rc.Group, w.p, c.Tallies, now)
	sum := Tally{Rows: map[string]int64{}}
	for _, t := range c.Tallies {
		for outcome, n := range t.outcomes() {
			sum.Rows[outcome] += n
		}
		sum.Bytes, sum.EventTime = sum.Bytes+t.Bytes, max(sum.EventTime, t.EventTime)
	}
	level := zapcore.InfoLevel
	if sum.rows() == 0 {
		level = zapcore.DebugLevel
	}
	age := time.Duration(0) // of no event
	if sum.EventTime > 0 {
		age = sum.age(now)
	}
	w.session.log.Log(level, "committed", zap.Stringer("partition", w.p), zap.Int64("next", c.Next), zap.Int("published", len(c.Records)),
		zap.Int64("rows", sum.rows()), zap.Object("outcomes", outcomes(sum.Rows)), zap.Int64("bytes", sum.Bytes), zap.Duration("took", took), zap.Duration("freshness", age))
}

// outcomes writes rows by outcome in the order of their names.
type outcomes map[string]int64

func (o outcomes) MarshalLogObject(e zapcore.ObjectEncoder) error {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		e.AddInt64(name, o[name])
	}
	return nil
}
