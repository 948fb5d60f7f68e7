package report

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/saleslake/saleslake/pkg/lake"
)

// Report is what the newest judgements of the slices say. Money is in cents, days are
// YYYY-MM-DD, times are RFC 3339 in UTC.
type Report struct {
	Made      string   `json:"made"`
	From      string   `json:"from,omitempty"`  // first day asked for; empty for any
	To        string   `json:"to,omitempty"`    // last day asked for; empty for any
	Table     string   `json:"table,omitempty"` // the only one asked for; empty for all
	Since     string   `json:"since"`           // oldest run date that was read
	Slices    Outcomes `json:"slices"`          // by the verdict on their newest version
	Residuals int      `json:"residuals"`       // lines of the ledger that do not balance: other than 0 is a defect
	Held      []Held   `json:"held"`
	Breaches  []Breach `json:"breaches"`
	Scorecard []Rule   `json:"scorecard"`
	Days      []Day    `json:"days"`
	Samples   []Sample `json:"samples"`
	Ledger    []Entry  `json:"ledger"`
}

// Outcomes counts by outcome.
type Outcomes struct {
	Pass int64 `json:"pass"`
	Warn int64 `json:"warn"`
	Fail int64 `json:"fail"`
}

func (n *Outcomes) add(o lake.Outcome) {
	switch o {
	case lake.Pass:
		n.Pass++
	case lake.Warn:
		n.Warn++
	default:
		n.Fail++
	}
}

// rank orders outcomes, the worst first.
func rank(o lake.Outcome) int {
	return slices.Index([]lake.Outcome{lake.Fail, lake.Warn, lake.Pass}, o)
}

// worst is the outcome that they add up to.
func (n Outcomes) worst() lake.Outcome { return lake.WorstOf(n.Warn, n.Fail) }

// Held is a slice version that is not loaded, with what is to be typed to load it all
// the same. Tables of a day that are only held because others are have no line: they are
// in the With of those.
type Held struct {
	Table   string   `json:"table"`
	Slice   string   `json:"slice"`
	Day     string   `json:"day"`
	Version int64    `json:"version"`
	Since   string   `json:"since"` // when this version was judged first
	Reasons []Breach `json:"reasons"`
	With    []string `json:"with,omitempty"`
	Accept  string   `json:"accept"` // command
}

// Breach is a rule that a slice version did not keep.
type Breach struct {
	Table    string       `json:"table"`
	Slice    string       `json:"slice"`
	Day      string       `json:"day"`
	Version  int64        `json:"version"`
	Rule     string       `json:"rule"`
	Kind     string       `json:"kind"`
	Severity string       `json:"severity"`
	Outcome  lake.Outcome `json:"outcome"`
	Message  string       `json:"message"`
	Owner    string       `json:"owner,omitempty"`
	Judged   string       `json:"judged"`
}

// Rule is a line of the scorecard: a rule on a table, day by day.
type Rule struct {
	Table    string   `json:"table"`
	Rule     string   `json:"rule"`
	Kind     string   `json:"kind"`
	Severity string   `json:"severity"`
	Owner    string   `json:"owner,omitempty"`
	Slices   Outcomes `json:"slices"`
	Days     []Cell   `json:"days"` // ascending, only those on which it was judged
}

// Cell is what a rule said of a day of a table: of all slices of it together.
type Cell struct {
	Day     string       `json:"day"`
	Outcome lake.Outcome `json:"outcome"`
	Slices  Outcomes     `json:"slices"`
	Checked int64        `json:"checked"` // rows, as far as the rule looks at rows
	Failed  int64        `json:"failed"`
	Message string       `json:"message"` // of the worst slice
}

// Day is a point of the trends.
type Day struct {
	Day     string   `json:"day"`
	Slices  Outcomes `json:"slices"`
	Warned  int64    `json:"warned"` // rules that warn
	Failed  int64    `json:"failed"` // rules that fail
	Rows    int64    `json:"rows"`   // of gold
	Revenue int64    `json:"revenue_cents"`
	Loss    int64    `json:"loss_ppm"` // row_loss: the greatest of the day's slices
}

// Sample is a row that failed a rule.
type Sample struct {
	Table     string `json:"table"`
	Slice     string `json:"slice"`
	Version   int64  `json:"version"`
	Rule      string `json:"rule"`
	Number    int32  `json:"sample"`
	ID        string `json:"id,omitempty"`
	Source    string `json:"source,omitempty"`
	Partition int32  `json:"partition"` // -1 when the table has none
	Offset    int64  `json:"offset"`    // the same
	File      string `json:"file"`
	Row       int64  `json:"row"` // in the file, from 1
	Column    string `json:"column,omitempty"`
	Value     string `json:"value,omitempty"`
}

// Entry is a line of the ledger: of a source partition, or of a day.
type Entry struct {
	Scope      string     `json:"scope"` // source or day
	Hop        string     `json:"hop"`
	Source     string     `json:"source"`    // topic, or file: and a content hash; of a day, the table that has Out
	Partition  int32      `json:"partition"` // -1 when it has none
	Day        string     `json:"day,omitempty"`
	Version    int64      `json:"version"`
	Next       int64      `json:"next_offset"`
	In         lake.Count `json:"in"`
	Out        lake.Count `json:"out"`
	Duplicate  lake.Count `json:"duplicate"`
	Superseded lake.Count `json:"superseded"`
	Rejected   lake.Count `json:"rejected"`
	Residual   lake.Count `json:"residual"`
	Fault      string     `json:"fault,omitempty"`
	Struck     string     `json:"struck"`
}

// JSON writes the report as one object.
func (r *Report) JSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
