package dq

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// goneRetry is how long a unit rests that lacks a file, before it is tried again.
const goneRetry = 30 * time.Second

// Flush gives verdicts on the units that are complete, and on held ones again if
// the ledger has moved since, and writes what they rest on to the tables of dq/.
func (t *task) Flush(ctx context.Context) (stream.Commit, error) {
	first := t.committed
	commit, notes := stream.Commit{}, newNotes()
	strikes, came := t.keeper.Strikes(), t.accepted.Came()
	for _, name := range slices.Sorted(maps.Keys(t.units)) {
		u := t.units[name]
		accepted := came != t.seen && t.acceptable(u)
		again := !u.pending() && (t.judged.IsZero() || strikes != t.strikes || !u.retry.IsZero() || accepted)
		if !t.complete(u) || !u.pending() && !again || time.Now().Before(u.retry) {
			continue
		}
		judged, err := t.audit(ctx, u)
		if errors.Is(err, blob.ErrNotFound) { // replaced, mostly: the newer version is on its way
			u.retry = time.Now().Add(goneRetry)
			t.Log.Warn("a file is gone: no verdict until it is restored, or until a newer version comes", zap.String("unit", name), zap.Error(err))
			continue
		}
		if err != nil {
			return stream.Commit{}, err
		}
		held := slices.ContainsFunc(judged, func(j judgement) bool { return j.Outcome == lake.Fail })
		if u.pending() || !held || accepted { // a unit that is still held has its verdicts
			if err := t.publish(&commit, notes, judged); err != nil {
				return stream.Commit{}, err
			}
		}
		if u.first, u.retry = -1, (time.Time{}); !held {
			delete(t.units, name)
		}
	}
	if err := t.balances(notes); err != nil {
		return stream.Commit{}, err
	}
	t.judged, t.strikes, t.seen = time.Now(), strikes, came
	t.flushed = t.upTo()
	commit.Next = t.flushed
	commit.Tallies = []stream.Tally{t.tally()}
	return commit, t.files.write(ctx, notes, first)
}

// balances notes the ledgers of the sources of the task's partition that have moved. The
// task of lake.silver does that, so that it is done once.
func (t *task) balances(n *notes) error {
	if t.topic != sales.TopicSilver {
		return nil
	}
	t.noted, t.striking = time.Now(), map[string]int64{}
	for _, table := range Tables {
		balance, struck := t.keeper.Balance(table, t.partition)
		if struck != t.struck[table] {
			if err := n.entries(balance.Entries...); err != nil {
				return err
			}
		}
		t.striking[table] = struck
	}
	return nil
}

// judgement is a verdict, and what it rests on that dq/ keeps.
type judgement struct {
	*lake.Verdict
	samples []Sample
	entries []Entry
}

func (t *task) publish(commit *stream.Commit, n *notes, judged []judgement) error {
	for _, j := range judged {
		t.given = append(t.given, j)
		commit.Records = append(commit.Records, stream.Record{Topic: sales.TopicVerdicts, Partition: t.partition,
			Key: []byte(j.Key()), Value: j.Encode()})
		if err := errors.Join(n.verdict(j.Verdict, j.samples), n.entries(j.entries...)); err != nil {
			return err
		}
	}
	return nil
}

// audit judges the manifests of one unit, facts first: the aggregates are held
// against them, and restatements against the daily sales.
func (t *task) audit(ctx context.Context, u *unit) ([]judgement, error) {
	day := map[string]*Slice{}
	judged := make([]judgement, 0, len(t.tables))
	for _, table := range t.tables {
		m, started := u.manifests[table], time.Now()
		e, err := t.gather(ctx, m)
		if err != nil {
			return nil, err
		}
		day[e.Slice.table], e.Day = e.Slice, day
		v, samples, err := t.verdict(ctx, e, started)
		if err != nil {
			return nil, err
		}
		judged = append(judged, judgement{v, samples, e.entries()})
	}
	holdTogether(judged)
	return judged, nil
}

// holdTogether has all tables of a day wait when one does: the warehouse never has some
// of its tables at one version and some at another.
func holdTogether(verdicts []judgement) {
	var held []string
	for _, v := range verdicts {
		if v.Outcome == lake.Fail {
			held = append(held, v.Manifest.Table)
		}
	}
	for _, v := range verdicts {
		if len(held) > 0 && v.Outcome != lake.Fail {
			v.Outcome = lake.Fail
			v.Findings = append(v.Findings, lake.Finding{Rule: RuleDay, Kind: RuleDay, Severity: lake.SeverityFail, Outcome: lake.Fail, Checked: unknown, Failed: unknown, Message: "held with " + strings.Join(held, ", ")})
		}
	}
}

// gather waits for the ledger of the manifest's inputs and reads its files.
func (t *task) gather(ctx context.Context, m *lake.Manifest) (Evidence, error) {
	e := Evidence{Manifest: m, Past: t.verdicts.past, Hours: t.hoursOf}
	waitCtx, cancel := context.WithTimeout(ctx, ledgerWait)
	defer cancel()
	table, versions, err := rests(m)
	if err != nil {
		return e, err
	}
	if e.Balances, err = t.keeper.Wait(waitCtx, table, versions); err != nil {
		return e, fmt.Errorf("%w: audit %s version %d: %w", stream.ErrRetry, m.Key(), m.Version, err)
	}
	if slices.Contains(withLedger, rulesTable(m)) {
		if e.Located, err = t.auditor.locate(ctx, e.Balances); err != nil {
			return e, err
		}
	}
	select { // what foreign keys refer to has been read, too
	case <-t.caughtUp:
	case <-waitCtx.Done():
		return e, fmt.Errorf("%w: audit %s version %d: wait for %s: %w", stream.ErrRetry, m.Key(), m.Version, sales.TopicSilver, waitCtx.Err())
	}
	e.Watermark = t.keeper.Watermark(m)
	e.Slice, err = t.auditor.Audit(ctx, m)
	return e, err
}

// rests gives the table of silver that a manifest is of or made from, and the commit
// of it that the manifest needs, by partition.
func rests(m *lake.Manifest) (table string, versions map[int32]int64, err error) {
	if m.Table == sales.TableSilverCustomers {
		return m.Table, map[int32]int64{m.Partition: m.Version}, nil
	}
	versions, err = inputVersions(m)
	return sales.TableSilver, versions, err
}

// inputVersions gives the silver commit that a manifest of gold needs, by partition.
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

func (t *task) verdict(ctx context.Context, e Evidence, started time.Time) (*lake.Verdict, []Sample, error) {
	findings, samples, err := t.auditor.Judge(ctx, e)
	if err != nil {
		return nil, nil, fmt.Errorf("judge %s version %d: %w", e.Manifest.Key(), e.Manifest.Version, err)
	}
	t.keeper.Identify(rulesTable(e.Manifest), samples)
	v := &lake.Verdict{Format: lake.Format, Findings: findings, Manifest: *e.Manifest, Profile: t.auditor.profileOf(&e), Created: time.Now().UnixMicro()}
	if v.Profile != nil {
		day, err := sales.ParseDay(e.Manifest.Day)
		if err != nil {
			return nil, nil, fmt.Errorf("day of manifest %s: %w", e.Manifest.Key(), err)
		}
		v.Profile.Since = t.verdicts.since(day, v.Created)
	}
	v.Outcome = Worst(v.Findings)
	if c := t.acceptance(e.Manifest); c != nil && v.Outcome == lake.Fail {
		accept(v, c)
	}
	fields := []zap.Field{zap.String("slice", v.Key()), zap.Int64("version", e.Manifest.Version), zap.String("outcome", string(v.Outcome)),
		zap.Int64("rows", e.Manifest.Rows), zap.String("revenue", sales.FormatCents(e.Manifest.Cents)), zap.Duration("took", time.Since(started))}
	if v.Outcome == lake.Pass {
		t.Log.Debug("verdict", fields...)
		return v, samples, nil
	}
	var broken []string
	for _, f := range v.Findings {
		if f.Outcome != lake.Pass {
			broken = append(broken, f.Rule+": "+f.Message)
		}
	}
	fields = append(fields, zap.Strings("findings", broken))
	if v.Outcome == lake.Warn {
		t.Log.Warn("slice passes with a warning", fields...)
		return v, samples, nil
	}
	t.Log.Error("slice is held", fields...)
	return v, samples, nil
}
