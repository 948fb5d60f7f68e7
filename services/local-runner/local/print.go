package local

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// maxRows is how many rows of an analytics answer a terminal gets; the rest is
// a query away.
const maxRows = 5

// Print writes the report for people.
func (r *Report) Print(out io.Writer) error {
	p := &printer{out: out}
	if len(r.Inputs) > 0 {
		p.table("Inputs", r.inputTable(), 0)
	}
	p.table("Ledger, rows: what became of every record", r.Ledger.hopTable(rows), 0)
	p.table("Ledger, revenue: what became of every cent (what bronze rejects has no readable money)", r.Ledger.hopTable(money), 0)
	for i := range r.Ledger.Hops {
		if h := &r.Ledger.Hops[i]; h.Replayed.Rows > 0 {
			p.line("\n%s of %s: %d of what came in are replays of rejects.", h.Stage, h.Source, h.Replayed.Rows)
		}
	}
	if t := r.Ledger.rejectTable(); len(t.Rows) > 0 {
		p.table("Rejected, by code (all of it under quarantine/)", t, 0)
	}
	p.table("Lake: "+r.Lake, r.Ledger.layerTable(), 0)
	p.line("\nVerdicts: %d pass, %d warn, %d fail", r.Ledger.Verdicts[lake.Pass], r.Ledger.Verdicts[lake.Warn], r.Ledger.Verdicts[lake.Fail])
	for _, h := range r.Ledger.Held {
		for _, f := range h.Findings {
			p.line("  held %s version %d: %s: %s", h.Slice, h.Version, f.Rule, f.Message)
		}
	}
	for _, a := range r.Analytics {
		if a.Error != "" {
			p.line("\n%s: %s\n\n  no answer: %s", a.Name, a.Question, a.Error)
			continue
		}
		p.table(a.Name+": "+a.Question, a.Answer, maxRows)
	}
	p.line("\n%s", r.summary())
	return p.err
}

func (r *Report) inputTable() *warehouse.Answer {
	a := &warehouse.Answer{Columns: []string{"file", "dataset", "source", "rows", "rejected", "taken"}}
	for _, in := range r.Inputs {
		rejected, taken := int64(0), "now"
		for _, n := range in.Rejected {
			rejected += n
		}
		if in.Known {
			taken = "by an earlier run"
		}
		a.Rows = append(a.Rows, []any{in.Path, in.Dataset, in.Source, in.Rows, rejected, taken})
	}
	return a
}

// summary says in one line whether the lake can be trusted.
func (r *Report) summary() string {
	if fault := r.Fault(); fault != nil {
		return "FAILED: " + fault.Error()
	}
	var text strings.Builder
	text.WriteString("Balanced: every row and cent is accounted for.")
	for _, s := range r.Seconds {
		fmt.Fprintf(&text, " %s %.1f s.", s.Name, s.Seconds)
	}
	return text.String()
}

type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format+"\n", args...)
	}
}

func (p *printer) table(title string, a *warehouse.Answer, limit int) {
	p.line("\n%s\n", title)
	if p.err == nil {
		p.err = a.Table(p.out, limit)
	}
}

// hopTable has a line for each hop and source; value picks rows or money.
func (l *Ledger) hopTable(value func(lake.Count) any) *warehouse.Answer {
	a := &warehouse.Answer{Columns: []string{"hop", "source", "in", "out", "duplicate", "superseded", "rejected", "held", "residual"}}
	for i := range l.Hops {
		h := &l.Hops[i]
		row := []any{h.Stage, h.Source}
		for _, c := range []lake.Count{h.In, h.Out, h.Duplicate, h.Superseded, h.RejectedTotal(), h.Held, h.Residual} {
			row = append(row, value(c))
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

func rows(c lake.Count) any  { return c.Rows }
func money(c lake.Count) any { return json.Number(sales.FormatCents(c.Cents)) }

func (l *Ledger) rejectTable() *warehouse.Answer {
	a := &warehouse.Answer{Columns: []string{"hop", "source", "code", "rows", "revenue"}}
	for i := range l.Hops {
		h := &l.Hops[i]
		for _, code := range slices.Concat(sales.BronzeCodes, sales.SilverCodes) {
			if c := h.Rejected[code]; c.Rows > 0 {
				a.Rows = append(a.Rows, []any{h.Stage, h.Source, string(code), c.Rows, money(c)})
			}
		}
	}
	return a
}

func (l *Ledger) layerTable() *warehouse.Answer {
	a := &warehouse.Answer{Columns: []string{"table", "slices", "files", "bytes", "rows"}}
	for _, t := range l.Layers {
		a.Rows = append(a.Rows, []any{t.Table, int64(t.Slices), int64(t.Files), t.Bytes, t.Rows})
	}
	return a
}
