package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/page"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// Name is the page's file in the folder of a lake.
const Name = "report.html"

//go:embed page.html page.css
var assets embed.FS

var pageTemplate = page.Template(assets, template.FuncMap{
	"month":   monthName,
	"bytes":   printable,
	"dataset": datasetName,
})

// view is what the page shows.
type view struct {
	*local.Report
	Made     string // RFC 3339 UTC
	Folder   string
	Worst    lake.Outcome
	State    string // Worst in words
	Headline string
	Faults   []string
	Flows    []flow
	Sales    *business // nil when the run did not go as far as the warehouse
	Scores   scorecard
	Rejects  []rejects
}

// Write makes the page Name in the folder of the run's lake.
func Write(r *local.Report, now time.Time) error {
	var b bytes.Buffer
	if err := HTML(&b, r, now); err != nil {
		return fmt.Errorf("make the page: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.Lake, Name), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// HTML writes the report as a page.
func HTML(out io.Writer, r *local.Report, now time.Time) (err error) {
	v := view{
		Report: r, Made: now.UTC().Format(time.RFC3339), Folder: filepath.Base(r.Lake),
		Flows: flows(r.Ledger), Scores: scores(r.Ledger.Rules), Rejects: rejected(r),
	}
	v.judge()
	if len(r.Analytics) > 0 {
		if v.Sales, err = readBusiness(r); err != nil {
			return err
		}
	}
	return pageTemplate.Execute(out, &v)
}

// judge says how things are.
func (v *view) judge() {
	const most = 20 // faults
	v.Worst, v.State, v.Headline = lake.Pass, "Balanced", "Every row and every cent is accounted for."
	if v.Ledger.Verdicts[lake.Warn] > 0 {
		v.Worst, v.State = lake.Warn, "Balanced, with warnings"
	}
	if fault := v.Fault(); fault != nil {
		v.Worst, v.State, v.Headline = lake.Fail, "Failed", "This lake cannot be trusted as it is."
		v.Faults = strings.Split(fault.Error(), "\n")
		if n := len(v.Faults); n > most {
			v.Faults = append(v.Faults[:most], fmt.Sprintf("… and %d more.", n-most))
		}
	}
}

// Verdict counts the slices by their newest verdict.
func (v *view) Verdict(o string) int64 { return int64(v.Ledger.Verdicts[lake.Outcome(o)]) }

// Judged counts the slices that have a verdict.
func (v *view) Judged() (sum int64) {
	for _, n := range v.Ledger.Verdicts {
		sum += int64(n)
	}
	return sum
}

// Residual is what has no account, over all hops.
func (v *view) Residual() (sum lake.Count) {
	for _, h := range v.Ledger.Hops {
		sum.Rows += max(h.Residual.Rows, -h.Residual.Rows)
		sum.Cents += max(h.Residual.Cents, -h.Residual.Cents)
	}
	return sum
}

// File names the file that a source of the ledger is, if this run was given it.
func (v *view) File(source string) string {
	for _, in := range v.Inputs {
		if in.Source == source {
			return filepath.Base(in.Path)
		}
	}
	return ""
}

// RejectedRows sums the rejects of a file.
func (v *view) RejectedRows(in local.Input) (sum int64) {
	for _, n := range in.Rejected {
		sum += n
	}
	return sum
}

// datasetName is what the records of a topic are called.
func datasetName(topic string) string {
	if topic == sales.TopicCustomers {
		return "Customers"
	}
	return "Sales"
}

// monthName writes the month of its first day, such as "May 2026".
func monthName(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("Jan 2006")
}
