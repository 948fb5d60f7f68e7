package lake

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/saleslake/saleslake/pkg/sales"
)

// Format is the version of the JSON of manifests, ledgers and verdicts.
const Format = 1

// Count is a number of rows and the money on them.
type Count struct {
	Rows  int64 `json:"rows"`
	Cents int64 `json:"cents"` // sum of revenue
}

// Add gives the sum of two counts.
func (c Count) Add(o Count) Count { return Count{c.Rows + o.Rows, c.Cents + o.Cents} }

// Sub gives c less o.
func (c Count) Sub(o Count) Count { return Count{c.Rows - o.Rows, c.Cents - o.Cents} }

// File is one object of a slice. Objects never change.
type File struct {
	Key    string `json:"key"`    // in the bucket
	Bytes  int64  `json:"bytes"`  // length of the object
	SHA256 string `json:"sha256"` // of the object, in hex
	Count
}

// Source is the range of records that a bronze file holds or rejected.
type Source struct {
	Name      string               `json:"name"`     // topic, or file: and a content hash
	TopicID   string               `json:"topic_id"` // 32 hex digits; a file's content hash
	Partition int32                `json:"partition"`
	First     int64                `json:"first"`              // offset of the first record
	Next      int64                `json:"next"`               // offset after the last record
	Records   int64                `json:"records"`            // read: rows and rejects
	Rejected  map[sales.Code]int64 `json:"rejected,omitempty"` // records by code
	Replayed  int64                `json:"replayed,omitempty"` // records that are replays of rejects; rows or rejects again
}

// Input is a slice version that went into another slice.
type Input struct {
	Table   string `json:"table"`
	Slice   string `json:"slice"`
	Version int64  `json:"version"`
	Count
	Base    int64    `json:"base,omitempty"`    // gold/fact_sales only: those of the slice's manifest
	Changes []Change `json:"changes,omitempty"` // the same
}

// Change is what one version of a slice did to the one before it. It has rows
// in files of two kinds: Added are data files of the slice that hold new rows only,
// Changed has the table's changes schema (sales.Changes).
type Change struct {
	Version int64  `json:"version"`
	Added   []File `json:"added,omitempty"`
	Changed []File `json:"changed,omitempty"`
}

// Manifest is the complete state of one slice at one version.
type Manifest struct {
	Format    int     `json:"format"`
	Table     string  `json:"table"`             // such as "silver/sales"
	Slice     string  `json:"slice"`             // within the table, such as "day=2026-01-31/p=003"
	Day       string  `json:"day,omitempty"`     // YYYY-MM-DD, not in bronze
	Partition int32   `json:"partition"`         // of the source; -1 in gold
	Version   int64   `json:"version"`           // grows with each change of the slice
	Schema    int     `json:"schema"`            // column.Schema.Version of the files
	Cluster   string  `json:"cluster,omitempty"` // Kafka cluster id of the source
	Files     []File  `json:"files"`
	Count             // of all files together
	Source    *Source `json:"source,omitempty"` // bronze only
	Inputs    []Input `json:"inputs,omitempty"` // gold: the silver slices
	// Base and Changes are silver's, and those of gold/restatements: whoever has the slice at a version v of Base or
	// later has it at Version by taking the changes of versions over v, in their
	// order. Whoever has an older one, or meets a file of a change that is gone,
	// takes Files instead.
	Base      int64    `json:"base,omitempty"`
	Changes   []Change `json:"changes,omitempty"`
	EventTime int64    `json:"event_time"` // newest event_ts in the slice's last change, µs UTC: freshness
	Created   int64    `json:"created"`    // µs UTC
}

// Key names the slice in a topic: "silver/sales/day=2026-01-31/p=003".
func (m *Manifest) Key() string { return m.Table + "/" + m.Slice }

// Encode gives the manifest's JSON.
func (m *Manifest) Encode() []byte { return encode(m) }

// DecodeManifest reads a manifest; another format than Format is an error.
func DecodeManifest(b []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("decode manifest: %w", err)
	}
	return m, checkFormat("manifest "+m.Key(), m.Format)
}

const ledgerPrefix = "ledger/"

// Ledger is what became of a source partition's records in one stage, since
// its first record and up to an offset. It is published in the transaction
// that makes it so.
type Ledger struct {
	Format     int                  `json:"format"`
	Stage      string               `json:"stage"`           // "bronze" or "silver"
	Table      string               `json:"table,omitempty"` // silver: that the rows went to; silver/sales when it is left out
	Source     string               `json:"source"`          // topic, or file: and a content hash
	Partition  int32                `json:"partition"`
	Through    int64                `json:"through"`            // next offset of the stage's input: the source in bronze, lake.bronze in silver
	InputID    string               `json:"input_id,omitempty"` // silver: id of the lake.bronze that Through counts in; a topic that is made anew gets another
	TopicID    string               `json:"topic_id,omitempty"` // silver: of the source, 32 hex digits; a file's content hash
	Next       int64                `json:"next,omitempty"`     // silver: next offset of the source itself, after the last bronze slice taken
	Version    int64                `json:"version"`            // silver: the commit's version, that of the slices it touched
	Slices     []string             `json:"slices,omitempty"`   // silver: the slices that this commit touched
	Sources    []string             `json:"sources,omitempty"`  // silver: the sources that it took from; each has a ledger of this version
	In         Count                `json:"in"`
	Out        Count                `json:"out"` // bronze: rows landed; silver: net change of the current rows
	Duplicate  Count                `json:"duplicate"`
	Superseded Count                `json:"superseded"`
	Rejected   map[sales.Code]Count `json:"rejected,omitempty"` // bronze: cents are 0, money of malformed records is unknown
	Replayed   Count                `json:"replayed,omitzero"`  // of In: replays of rejects, each of which takes the place of one
}

// Key names the ledger in a topic: "ledger/sales_events/p=003"; of another table
// of silver than sales, "ledger/silver/customers/customer_updates/p=003".
func (l *Ledger) Key() string {
	source := l.Source
	if l.Table != "" && l.Table != sales.TableSilver {
		source = l.Table + "/" + source
	}
	return fmt.Sprintf("%s%s/p=%03d", ledgerPrefix, source, l.Partition)
}

// IsLedger tells whether a record's key is a ledger's.
func IsLedger(key []byte) bool { return strings.HasPrefix(string(key), ledgerPrefix) }

// Encode gives the ledger's JSON.
func (l *Ledger) Encode() []byte { return encode(l) }

// DecodeLedger reads a ledger; another format than Format is an error.
func DecodeLedger(b []byte) (*Ledger, error) {
	l := &Ledger{}
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("decode ledger: %w", err)
	}
	if l.Table == "" && l.Stage == "silver" { // of a program that made no other table
		l.Table = sales.TableSilver
	}
	return l, checkFormat(l.Key(), l.Format)
}

// RejectedTotal sums the rejects over all codes.
func (l *Ledger) RejectedTotal() Count {
	var sum Count
	for _, c := range l.Rejected {
		sum = sum.Add(c)
	}
	return sum
}

// Residual is what has no account: in, less everything that it became. Other
// than zero it is a defect.
func (l *Ledger) Residual() Count {
	return l.In.Sub(l.Out).Sub(l.Duplicate).Sub(l.Superseded).Sub(l.RejectedTotal())
}

// Outcome is how an audit ended.
type Outcome string

// The outcomes; only Pass and Warn may be loaded.
const (
	Pass Outcome = "pass"
	Warn Outcome = "warn"
	Fail Outcome = "fail"
)

// Severity says what a breach of a rule means.
type Severity string

// The severities of rules.
const (
	SeverityWarn       Severity = "warn"       // it is told of
	SeverityQuarantine Severity = "quarantine" // silver refuses the row; a slice that has one all the same is held
	SeverityFail       Severity = "fail"       // the slice is held
)

// Outcome is that of a slice that breaches a rule of the severity.
func (s Severity) Outcome() Outcome {
	if s == SeverityWarn {
		return Warn
	}
	return Fail
}

// WorstOf is what numbers of warnings and of failures add up to.
func WorstOf(warn, fail int64) Outcome {
	switch {
	case fail > 0:
		return Fail
	case warn > 0:
		return Warn
	}
	return Pass
}

// Finding is the result of one rule. The numbers are those of a row of sales.Results.
type Finding struct {
	Rule     string   `json:"rule"`
	Kind     string   `json:"kind,omitempty"`
	Severity Severity `json:"severity,omitempty"`
	Outcome  Outcome  `json:"outcome"`
	Message  string   `json:"message"` // with the numbers: found and expected
	Checked  int64    `json:"checked,omitempty"`
	Failed   int64    `json:"failed,omitempty"`
	Measured *Range   `json:"measured,omitempty"` // of a rule that measures
	Owner    string   `json:"owner,omitempty"`
}

// Range is a measured value between the bounds that it had to keep.
type Range struct {
	Value int64  `json:"value"`
	Low   int64  `json:"low"`
	High  int64  `json:"high"`
	Unit  string `json:"unit"` // rows, cents, microseconds or ppm
}

// Profile is what days are compared by.
type Profile struct {
	Hours  []int64                     `json:"hours,omitempty"`  // rows by hour of order_ts, UTC
	Values map[string]map[string]int64 `json:"values,omitempty"` // rows by column and value
	Since  int64                       `json:"since,omitempty"`  // when the day first had one that passed, µs UTC
}

// Verdict says whether a version of a gold slice may be loaded, and carries
// its manifest, so that the loader needs nothing else.
type Verdict struct {
	Format   int       `json:"format"`
	Outcome  Outcome   `json:"outcome"`
	Findings []Finding `json:"findings"`
	Manifest Manifest  `json:"manifest"`
	Accepted *Command  `json:"accepted,omitempty"` // by which it passes, though findings failed
	Profile  *Profile  `json:"profile,omitempty"`  // of a day's facts
	Created  int64     `json:"created"`            // µs UTC
}

// Key names the slice, as the manifest does.
func (v *Verdict) Key() string { return v.Manifest.Key() }

// Passed tells whether the slice may be loaded.
func (v *Verdict) Passed() bool { return v.Outcome == Pass || v.Outcome == Warn }

// Encode gives the verdict's JSON.
func (v *Verdict) Encode() []byte { return encode(v) }

// DecodeVerdict reads a verdict; another format than Format is an error.
func DecodeVerdict(b []byte) (*Verdict, error) {
	v := &Verdict{}
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("decode verdict: %w", err)
	}
	return v, checkFormat("verdict "+v.Key(), v.Format)
}

func checkFormat(what string, format int) error {
	if format != Format {
		return fmt.Errorf("%s has format %d, this program reads %d: update the older of the two services", what, format, Format)
	}
	return nil
}

// encode cannot fail: the types hold nothing that JSON lacks.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("lake: encode %T: %v", v, err))
	}
	return b
}
