package dq

import (
	"context"
	"fmt"
	"sync"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// passedVersions is how many passing versions of a slice are known: the warehouse may be
// that many behind.
const passedVersions = 64

// passed is what is known of a version of a slice that may be loaded.
type passed struct {
	version   int64
	day       string
	partition int32
	outcome   lake.Outcome
	event     int64 // newest event_ts of its change, µs UTC
	lake.Count
}

// Verdicts knows the verdicts of all partitions. Its methods may be called at the same time.
type Verdicts struct {
	mu     sync.Mutex
	passed map[string][]passed // by slice's key, ascending
	newest map[string]int64    // version with a verdict, by slice's key
	days   map[int32]dayProfile

	newestDay int32
	changed   chan struct{} // closed and replaced when one comes
}

// NewVerdicts gives one that has seen nothing.
func NewVerdicts() *Verdicts {
	return &Verdicts{passed: map[string][]passed{}, newest: map[string]int64{}, days: map[int32]dayProfile{}, changed: make(chan struct{})}
}

// Add takes a record of lake.verdicts.
func (vs *Verdicts) Add(r stream.Record) error {
	if len(r.Value) == 0 {
		return nil
	}
	v, err := lake.DecodeVerdict(r.Value)
	if err != nil {
		return fmt.Errorf("%s/%d offset %d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	day, err := sales.ParseDay(v.Manifest.Day)
	if err != nil {
		return fmt.Errorf("%s/%d offset %d: day of verdict %s: %w", r.Topic, r.Partition, r.Offset, v.Key(), err)
	}
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.remember(day, v)
	key, m := v.Key(), &v.Manifest
	vs.newest[key] = max(vs.newest[key], m.Version)
	if v.Passed() {
		known := append(vs.passed[key], passed{m.Version, m.Day, m.Partition, v.Outcome, m.EventTime, m.Count})
		vs.passed[key] = known[max(0, len(known)-passedVersions):]
	}
	close(vs.changed)
	vs.changed = make(chan struct{})
	return nil
}

// wait gives the verdict of a version that passed, when the slice's verdicts have been seen up to it;
// false when it is not known any more. It ends early with the context's error.
func (vs *Verdicts) wait(ctx context.Context, key string, version int64) (passed, bool, error) {
	for {
		vs.mu.Lock()
		newest, known, changed := vs.newest[key], vs.passed[key], vs.changed
		vs.mu.Unlock()
		for _, p := range known {
			if p.version == version {
				return p, true, nil
			}
		}
		if newest >= version {
			return passed{}, false, nil
		}
		select {
		case <-ctx.Done():
			return passed{}, false, fmt.Errorf("wait for the verdict of %s version %d: %w", key, version, ctx.Err())
		case <-changed:
		}
	}
}
