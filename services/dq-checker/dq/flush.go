package dq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// ledgerWait is how long a gold manifest may be ahead of the ledger that was
// committed before it. Longer means that something is broken upstream.
const ledgerWait = time.Minute

// Flush gives a verdict on the newest pending version of each slice, day by
// day, facts first: the aggregates are held against them.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	days := map[string][]*lake.Manifest{}
	for _, m := range t.pending {
		days[m.Day] = append(days[m.Day], m)
	}
	names := make([]string, 0, len(days))
	for day := range days {
		names = append(names, day)
	}
	slices.Sort(names)
	commit := stream.Commit{Next: t.next}
	for _, day := range names {
		verdicts, err := t.auditDay(ctx, days[day])
		if err != nil {
			return stream.Commit{}, err
		}
		for _, v := range verdicts {
			t.given = append(t.given, v)
			commit.Records = append(commit.Records, stream.Record{Topic: sales.TopicVerdicts, Partition: t.partition,
				Key: []byte(v.Key()), Value: v.Encode()})
		}
	}
	clear(t.pending)
	return commit, nil
}

// auditDay judges the pending manifests of one day. A manifest whose files are
// gone has been replaced: its successor gets the verdict.
func (t *task) auditDay(ctx context.Context, manifests []*lake.Manifest) ([]*lake.Verdict, error) {
	slices.SortFunc(manifests, func(a, b *lake.Manifest) int {
		if (a.Table == sales.TableFacts) != (b.Table == sales.TableFacts) {
			if a.Table == sales.TableFacts {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Table, b.Table)
	})
	var facts *Facts
	var factsVersion int64
	var verdicts []*lake.Verdict
	for _, m := range manifests {
		started := time.Now()
		e, err := t.gather(ctx, m)
		if errors.Is(err, blob.ErrNotFound) {
			t.Log.Info("manifest was replaced before its audit", zap.String("slice", m.Key()), zap.Int64("version", m.Version), zap.Error(err))
			continue
		}
		if err != nil {
			return nil, err
		}
		if m.Table == sales.TableFacts {
			facts, factsVersion = e.Facts, m.Version
		} else if facts != nil && factsVersion == m.Version {
			e.Facts = facts
		}
		verdicts = append(verdicts, t.verdict(e, started))
	}
	return verdicts, nil
}

// gather waits for the ledger of the manifest's inputs and reads its files.
func (t *task) gather(ctx context.Context, m *lake.Manifest) (Evidence, error) {
	e := Evidence{Manifest: m}
	waitCtx, cancel := context.WithTimeout(ctx, ledgerWait)
	defer cancel()
	versions, err := inputVersions(m)
	if err != nil {
		return e, err
	}
	if e.Balances, err = t.keeper.Wait(waitCtx, versions); err != nil {
		return e, fmt.Errorf("%w: audit %s version %d: %w", stream.ErrRetry, m.Key(), m.Version, err)
	}
	if m.Table == sales.TableFacts {
		e.Facts, err = AuditFacts(ctx, t.Bucket, m)
	} else {
		e.Cells, err = AuditCells(ctx, t.Bucket, m)
	}
	return e, err
}

// inputVersions gives the silver commit that a manifest needs, by partition.
func inputVersions(m *lake.Manifest) (map[int32]int64, error) {
	versions := map[int32]int64{}
	for _, in := range m.Inputs {
		_, p, found := strings.Cut(in.Slice, "/p=")
		var partition int32
		if _, err := fmt.Sscanf(p, "%d", &partition); !found || err != nil {
			return nil, fmt.Errorf("manifest %s: input %q is no silver slice", m.Key(), in.Slice)
		}
		versions[partition] = max(versions[partition], in.Version)
	}
	return versions, nil
}

func (t *task) verdict(e Evidence, started time.Time) *lake.Verdict {
	v := &lake.Verdict{Format: lake.Format, Findings: Judge(e, t.Thresholds), Manifest: *e.Manifest, Created: time.Now().UnixMicro()}
	v.Outcome = Worst(v.Findings)
	fields := []zap.Field{zap.String("slice", v.Key()), zap.Int64("version", e.Manifest.Version), zap.String("outcome", string(v.Outcome)),
		zap.Int64("rows", e.Manifest.Rows), zap.String("revenue", sales.FormatCents(e.Manifest.Cents)), zap.Duration("took", time.Since(started))}
	if v.Outcome == lake.Pass {
		t.Log.Debug("verdict", fields...)
		return v
	}
	for _, f := range v.Findings {
		if f.Outcome != lake.Pass {
			fields = append(fields, zap.String(f.Rule, f.Message))
		}
	}
	t.Log.Error("slice is held", fields...)
	return v
}
