package dq

import (
	"context"
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
)

// RowLoss are the parameters of kind row_loss: records without an account, as a share of all
// records read. Duplicates, superseded versions and rejects have one.
type RowLoss struct {
	WarnShare rules.Share `yaml:"warn_share"`
	FailShare rules.Share `yaml:"fail_share"`
}

// Check wants the shares in their order.
func (p *RowLoss) Check(c *rules.Checker) {
	if p.WarnShare > p.FailShare {
		c.Fault(fmt.Sprintf("warn_share %s is above fail_share %s", p.WarnShare, p.FailShare), "use a value that is not", "warn_share")
	}
}

func judgeRowLoss(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*RowLoss)
	var records, lost int64
	for _, b := range e.Balances {
		records, lost = records+b.Records, lost+b.Lost
	}
	found := Result{Outcome: outcome(r, p.FailShare.Reached(lost, records)), Checked: records, Failed: lost,
		Measured: share(lost, records, p.WarnShare),
		Message:  fmt.Sprintf("%d of %d records lost (warn at %s, fail at %s of them)", lost, records, p.WarnShare, p.FailShare)}
	if found.Outcome == lake.Pass && p.WarnShare.Reached(lost, records) {
		found.Outcome = lake.Warn
	}
	return found, nil
}

// share is a measured share and the bound from which on it is too much.
func share(part, whole int64, bound rules.Share) *lake.Range {
	return &lake.Range{Value: rules.PPM(part, whole), Low: 0, High: int64(bound), Unit: "ppm"}
}

// Rejects are the parameters of kind rejects: records with a code, as a share of all records
// read, once there are so many.
type Rejects struct {
	FailShare  rules.Share `yaml:"fail_share"`
	MinRecords int64       `yaml:"min_records"`
}

// Check finds nothing.
func (*Rejects) Check(*rules.Checker) {}

// judgeRejects takes replays off: a replay takes the place of the reject that it replays, which may
// be of another partition. So a reject counts until it is accepted, and once however often it is tried.
func judgeRejects(_ context.Context, e *Evidence, r *rules.Rule) (Result, error) {
	p := r.Params.(*Rejects)
	var records, rejected, replayed int64
	for _, b := range e.Balances {
		records, rejected, replayed = records+b.Records, rejected+b.Rejected, replayed+b.Replayed
	}
	left, first := max(0, rejected-replayed), records-replayed
	return Result{Outcome: outcome(r, first >= p.MinRecords && p.FailShare.Reached(left, first)), Checked: first, Failed: left, Measured: share(left, first, p.FailShare),
		Message: fmt.Sprintf("%d of %d records rejected with a code (too many from %s of them on), %d replays taken off", left, first, p.FailShare, replayed)}, nil
}
