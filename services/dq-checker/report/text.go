package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/table"
)

// Text writes the report for a terminal: at most limit lines of each table, all if it
// is 0.
func (r *Report) Text(out io.Writer, limit int) error {
	p := printer{out: out, limit: limit}
	p.print("%s\n", r.headline())
	if r.nothing() {
		return p.err
	}
	for i := range r.Held {
		p.held(&r.Held[i])
	}
	p.table("Rules", []string{"table", "rule", "severity", "outcome", "pass", "warn", "fail", "last breach", "owner"}, r.ruleLines())
	p.table("Days", []string{"day", "outcome", "rows", "revenue", "warned", "failed", "loss %"}, r.dayLines())
	p.table("Breaches", []string{"day", "table", "rule", "outcome", "message"}, r.breachLines())
	p.table("Samples", []string{"table", "slice", "rule", "id", "source", "partition", "offset", "column", "value"}, r.sampleLines())
	columns := []string{"hop", "of", "in", "out", "duplicate", "superseded", "rejected", "residual"}
	p.table("Ledger, rows", columns, r.ledgerLines(func(c lake.Count) any { return c.Rows }))
	p.table("Ledger, revenue", columns, r.ledgerLines(func(c lake.Count) any { return money(c.Cents) }))
	for i := range r.Ledger {
		if e := &r.Ledger[i]; e.Fault != "" {
			p.print("\n%s, %s: %s\n", e.Hop, e.of(), e.Fault)
		}
	}
	return p.err
}

// headline says in one sentence how things are.
func (r *Report) headline() string {
	if r.nothing() {
		return fmt.Sprintf("Nothing was judged%s since %s. Older judgements are read with --since DATE.", r.about(), r.Since)
	}
	text := fmt.Sprintf("%d slices pass, %d warn, %d fail%s.", r.Slices.Pass, r.Slices.Warn, r.Slices.Fail, r.about())
	if r.Residuals > 0 {
		return fmt.Sprintf("%s %d lines of the ledger do not balance.", text, r.Residuals)
	}
	return text + " The ledger balances."
}

func (r *Report) nothing() bool { return r.Slices == Outcomes{} && len(r.Ledger) == 0 }

// about tells what was asked for.
func (r *Report) about() string {
	text := ""
	if r.Table != "" {
		text = " of " + r.Table
	}
	switch {
	case r.From != "" && r.From == r.To:
		return text + " of " + r.From
	case r.From != "" && r.To != "":
		return text + " of " + r.From + " to " + r.To
	case r.From != "":
		return text + " of " + r.From + " and later"
	case r.To != "":
		return text + " up to " + r.To
	}
	return text
}

type printer struct {
	out   io.Writer
	limit int
	err   error
}

func (p *printer) print(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}

func (p *printer) table(title string, columns []string, rows [][]any) {
	if len(rows) == 0 {
		return
	}
	p.print("\n%s\n\n", title)
	if p.err == nil {
		p.err = table.Write(p.out, columns, rows, p.limit)
	}
}

func (p *printer) held(h *Held) {
	p.print("\nHELD %s/%s version %d since %s\n", h.Table, h.Slice, h.Version, h.Since)
	for _, b := range h.Reasons {
		p.print("  %s %s: %s\n", b.Outcome, b.Rule, b.Message)
	}
	if len(h.With) > 0 {
		p.print("  with it waits %s\n", strings.Join(h.With, ", "))
	}
	p.print("  to load it all the same: %s\n", h.Accept)
}

// ruleLines has the rules that were not kept first.
func (r *Report) ruleLines() (lines [][]any) {
	rules := slices.Clone(r.Scorecard)
	slices.SortStableFunc(rules, func(a, b Rule) int { return cmp.Compare(rank(a.Slices.worst()), rank(b.Slices.worst())) })
	for i := range rules {
		c := &rules[i]
		lines = append(lines, []any{c.Table, c.Rule, c.Severity, string(c.Slices.worst()), c.Slices.Pass, c.Slices.Warn, c.Slices.Fail, orDash(c.lastBreach()), orDash(c.Owner)})
	}
	return lines
}

// lastBreach is the newest day on which the rule was not kept.
func (c *Rule) lastBreach() string {
	for i := len(c.Days) - 1; i >= 0; i-- {
		if c.Days[i].Outcome != lake.Pass {
			return c.Days[i].Day
		}
	}
	return ""
}

// dayLines has the newest day first.
func (r *Report) dayLines() (lines [][]any) {
	for i := len(r.Days) - 1; i >= 0; i-- {
		d := &r.Days[i]
		lines = append(lines, []any{d.Day, string(d.Slices.worst()), d.Rows, money(d.Revenue), d.Warned, d.Failed, percent(d.Loss)})
	}
	return lines
}

func (r *Report) breachLines() (lines [][]any) {
	for i := range r.Breaches {
		b := &r.Breaches[i]
		lines = append(lines, []any{b.Day, b.Table, b.Rule, string(b.Outcome), b.Message})
	}
	return lines
}

func (r *Report) sampleLines() (lines [][]any) {
	for i := range r.Samples {
		s := &r.Samples[i]
		var partition, offset any
		if s.Partition >= 0 {
			partition, offset = int64(s.Partition), s.Offset
		}
		lines = append(lines, []any{s.Table, s.Slice, s.Rule, orDash(s.ID), orDash(s.Source), partition, offset, orDash(s.Column), orDash(s.Value)})
	}
	return lines
}

func (r *Report) ledgerLines(number func(lake.Count) any) (lines [][]any) {
	for i := range r.Ledger {
		e := &r.Ledger[i]
		lines = append(lines, []any{e.Hop, e.of(), number(e.In), number(e.Out), number(e.Duplicate), number(e.Superseded), number(e.Rejected), number(e.Residual)})
	}
	return lines
}

// of names what the line is of.
func (e *Entry) of() string {
	text := e.Source
	if e.Scope == scopeDay {
		text = e.Day + " " + e.Source
	}
	if e.Partition >= 0 {
		text += fmt.Sprintf(" p=%03d", e.Partition)
	}
	return text
}

func money(cents int64) any { return json.Number(sales.FormatCents(cents)) }

// percent writes millionths as a percentage.
func percent(ppm int64) any { return json.Number(fmt.Sprintf("%d.%04d", ppm/10_000, ppm%10_000)) }

func orDash(text string) any {
	if text == "" {
		return nil
	}
	return text
}
