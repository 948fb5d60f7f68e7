package dq

import (
	"context"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// kind is how rules of a kind are read, what they need to know of files, and how they judge.
type kind struct {
	rules.Kind
	needs func(r *rules.Rule) []need // nil: it looks at no rows
	judge func(ctx context.Context, e *Evidence, r *rules.Rule) (Result, error)
}

// kinds are all kinds of rules, by name. What rules of a kind look like is also in
// config/dq.schema.json.
var kinds = map[string]kind{
	"files":           {rules.Kind{New: noParams}, nil, judgeFiles},
	"schema":          {rules.Kind{New: noParams}, nil, judgeSchema},
	"ledger":          {rules.Kind{New: noParams, Tables: withLedger}, nil, judgeLedger},
	"row_loss":        {rules.Kind{New: func() rules.Params { return &RowLoss{} }, Tables: withLedger}, nil, judgeRowLoss},
	"rejects":         {rules.Kind{New: func() rules.Params { return &Rejects{} }, Tables: withLedger}, nil, judgeRejects},
	"not_null":        {rules.RowKinds["not_null"], rowNeeds, judgeRows},
	"accepted_values": {rules.RowKinds["accepted_values"], rowNeeds, judgeRows},
	"range":           {rules.RowKinds["range"], rowNeeds, judgeRows},
	"regex":           {rules.RowKinds["regex"], rowNeeds, judgeRows},
	"unique":          {rules.Kind{New: func() rules.Params { return &Unique{} }}, uniqueNeeds, judgeUnique},
	"foreign_key":     {rules.Kind{New: func() rules.Params { return &ForeignKey{} }}, foreignKeyNeeds, judgeForeignKey},
	"reconcile":       {rules.Kind{New: func() rules.Params { return &Reconcile{} }}, reconcileNeeds, judgeReconcile},
	"freshness":       {rules.Kind{New: func() rules.Params { return &Freshness{} }, Tables: withLedger}, nil, judgeFreshness},
	"volume":          {rules.Kind{New: func() rules.Params { return &Volume{} }, Tables: []string{sales.TableSilver}}, volumeNeeds, judgeVolume},
	"distribution":    {rules.Kind{New: func() rules.Params { return &Distribution{} }, Tables: []string{sales.TableSilver}}, distributionNeeds, judgeDistribution},
	"custom":          {rules.Kind{New: func() rules.Params { return &Custom{} }}, nil, judgeCustom},
}

// withLedger are the tables whose ledgers are kept: the others are made of them, and held
// together with them.
var withLedger = []string{sales.TableSilver, sales.TableSilverCustomers}

func noParams() rules.Params { return rules.None{} }

// LoadRules reads a rules file, or when path is empty the one that is compiled in.
func LoadRules(path string) (*rules.Set, error) { return rules.Load(path, declared()) }

func declared() map[string]rules.Kind {
	of := make(map[string]rules.Kind, len(kinds))
	for name, k := range kinds {
		of[name] = k.Kind
	}
	return of
}

// need is a part of the files of a table that a finding is made from. Needs of one id are
// the same, whichever rules have them.
type need struct {
	table string
	id    string
	scan  func(g *RowGroup, in scope) (part, error)
}

// scope is what a scan knows of the slice that a file is in, and of members.
type scope struct {
	day     int32 // UTC, days since 1970-01-01
	samples int   // most rows to sample
	roster  *roster
}

// part is what is kept of some rows: of a row group, a file or a slice. It never changes.
type part interface {
	join(after []part) part // with those of the rows behind it, of the same type
	size() int              // bytes of memory, about
}

// parts are those of some rows, by need.
type parts map[string]part

// put joins what is kept of rows behind each other; without rows there is none.
func (p parts) put(id string, of []part) {
	if len(of) > 0 {
		p[id] = of[0].join(of[1:])
	}
}

// Result is what a kind says of a slice.
type Result struct {
	Outcome         lake.Outcome
	Message         string
	Checked, Failed int64       // rows; -1 when the rule looks at none
	Measured        *lake.Range // of a rule that measures
	Samples         []Sample    // some of the rows that failed
}

// outcome is what the rule's severity makes of a breach.
func outcome(r *rules.Rule, breached bool) lake.Outcome {
	if breached {
		return r.Severity.Outcome()
	}
	return lake.Pass
}

// rulesTable is the table whose rules a manifest is judged by.
func rulesTable(m *lake.Manifest) string {
	if m.Table == sales.TableFacts {
		return sales.TableSilver
	}
	return m.Table
}
