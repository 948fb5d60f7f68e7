package dq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/control"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// RuleAccepted is the rule of the finding that says who let a version pass, and why.
const RuleAccepted = "accepted"

// acceptance gives the command by which a person lets exactly this version pass, nil when
// there is none. The board has all that there were, so a restart finds them again.
func (s *stage) acceptance(m *lake.Manifest) *lake.Command {
	return s.accepted.Find(func(c *lake.Command) bool { return c.Slice == m.Key() && c.Version == m.Version })
}

// acceptable tells whether a slice of the unit is accepted.
func (t *task) acceptable(u *unit) bool {
	for _, m := range u.manifests {
		if t.acceptance(m) != nil {
			return true
		}
	}
	return false
}

// accept lets a verdict that failed pass with a warning. Its findings stay as they are.
func accept(v *lake.Verdict, c *lake.Command) {
	v.Outcome, v.Accepted = lake.Warn, c
	v.Findings = append(v.Findings, lake.Finding{Rule: RuleAccepted, Kind: RuleAccepted, Severity: lake.SeverityWarn, Outcome: lake.Warn, Checked: unknown, Failed: unknown,
		Message: fmt.Sprintf("accepted by %s on %s: %s (failed: %s)", c.By, time.UnixMicro(c.Created).UTC().Format(time.RFC3339), c.Reason, strings.Join(failing(v.Findings), ", "))})
}

func failing(findings []lake.Finding) (rules []string) {
	for _, f := range findings {
		if f.Outcome == lake.Fail {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// Acceptance makes the command that lets a version of a slice pass, after a look at the
// slice's newest verdict: it must be of that version and have failed by itself.
func Acceptance(ctx context.Context, kafka stream.Config, slice string, version int64, by, reason string) (*lake.Command, error) {
	var newest *lake.Verdict
	err := stream.ReadToEnd(ctx, kafka, sales.TopicVerdicts, nil, func(r stream.Record) error {
		if len(r.Value) == 0 || string(r.Key) != slice {
			return nil
		}
		v, err := lake.DecodeVerdict(r.Value)
		newest = v
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read verdicts: %w", err)
	case newest == nil:
		return nil, fmt.Errorf("%s has no verdict: name a slice as dq-checker report does, such as gold/fact_sales/day=2026-01-31", slice)
	case newest.Manifest.Version != version:
		return nil, fmt.Errorf("the newest verdict of %s is on version %d, not %d: look at it again", slice, newest.Manifest.Version, version)
	case newest.Passed():
		return nil, fmt.Errorf("%s version %d is not held", slice, version)
	}
	if rules := failing(newest.Findings); slices.Equal(rules, []string{RuleDay}) {
		return nil, fmt.Errorf("%s is sound, and held with others of its day (%s): accept those", slice, newest.Findings[len(newest.Findings)-1].Message)
	}
	c, err := control.NewCommand(lake.Accept, newest.Manifest.Day, newest.Manifest.Day)
	if err != nil {
		return nil, err
	}
	c.Slice, c.Version, c.By, c.Reason = slice, version, by, reason
	return c, nil
}

var errAnswered = errors.New("there is a verdict")

// AwaitAcceptance gives the verdict that follows the command, or one on a newer version.
func AwaitAcceptance(ctx context.Context, kafka stream.Config, c *lake.Command) (answer *lake.Verdict, err error) {
	err = stream.Follow(ctx, kafka, []string{sales.TopicVerdicts}, func(r stream.Record) error {
		if len(r.Value) == 0 || string(r.Key) != c.Slice {
			return nil
		}
		v, err := lake.DecodeVerdict(r.Value)
		if err != nil {
			return err
		}
		if v.Accepted != nil && v.Accepted.ID == c.ID || v.Manifest.Version > c.Version {
			answer = v
			return errAnswered
		}
		return nil
	}, func() {})
	if errors.Is(err, errAnswered) {
		return answer, nil
	}
	return nil, errors.Join(err, ctx.Err())
}
