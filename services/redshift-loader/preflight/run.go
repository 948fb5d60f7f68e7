package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Target is where files of one schema are copied.
type Target struct {
	Table string         // staging, such as "stage_sales", or by its full name
	Rows  *column.Schema // the columns of the files that are loaded
}

// Options says what is checked against what.
type Options struct {
	Tables  map[string][]Column // of [Tables] or [Columns], by full name
	Targets map[string]Target   // by the schema that files say they have
	Loaded  []string            // tables of the lake whose slices are loaded
	Bucket  *blob.Bucket        // the lake
	Schema  string              // of files that do not say, such as "silver/sales"
}

// Report is what a run found.
type Report struct {
	Files    int       `json:"files"` // checked
	Gone     int       `json:"gone"`  // replaced by newer versions since the manifest's copy was written
	Findings []Finding `json:"findings"`
}

// Failed tells whether something would not load.
func (r Report) Failed() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Outcome == lake.Fail })
}

// Run checks what is named: files, by path or key of the lake, which end in .parquet;
// slices or tables of the lake, such as gold/fact_sales/day=2026-01-31, by the lake's
// copies of their manifests; everything that is loaded when nothing is named.
func Run(ctx context.Context, o Options, names []string) (Report, error) {
	report := Report{Findings: []Finding{}}
	if len(names) == 0 {
		names = o.Loaded
	}
	for _, name := range names {
		files := []string{name}
		if !strings.HasSuffix(name, ".parquet") {
			var err error
			if files, err = o.filesOf(ctx, name); err != nil {
				return report, err
			}
		}
		for _, file := range files {
			if err := o.check(ctx, file, &report, len(files) == 1 && file == name); err != nil {
				return report, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return report, nil
}

// filesOf gives the files of all slices whose key begins with a name, in the keys' order.
func (o Options) filesOf(ctx context.Context, name string) ([]string, error) {
	copies, err := lake.ReadCopies(ctx, o.Bucket, strings.TrimSuffix(lake.ManifestCopies(name), "/"))
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, entry := range copies {
		m, ok := entry.(*lake.Manifest)
		if !ok {
			continue
		}
		files := m.Files
		for _, change := range m.Changes {
			files = slices.Concat(files, change.Added, change.Changed)
		}
		for _, f := range files {
			found[f.Key] = true
		}
	}
	if len(copies) == 0 && !slices.Contains(o.Loaded, name) {
		return nil, fmt.Errorf("the lake has no slice %s; name a file that ends in .parquet, or a slice such as %s/day=2026-01-31", name, sales.TableFacts)
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// check adds a file's findings. A file that a manifest names may be gone, one that a
// person named may not.
func (o Options) check(ctx context.Context, file string, report *Report, named bool) error {
	data, err := o.read(ctx, file)
	if errors.Is(err, blob.ErrNotFound) && !named {
		report.Gone++
		return nil
	}
	if err != nil {
		return err
	}
	report.Files++
	findings, err := o.judge(file, data)
	if errors.Is(err, lake.ErrCorrupt) {
		findings, err = []Finding{{File: file, Column: "-", Outcome: lake.Fail, Problem: err.Error(),
			Remedy: "compare length and SHA-256 with the manifest, and write the file anew"}}, nil
	}
	report.Findings = append(report.Findings, findings...)
	return err
}

func (o Options) read(ctx context.Context, file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return o.Bucket.Get(ctx, file)
	}
	return data, err
}

func (o Options) judge(file string, data []byte) ([]Finding, error) {
	r, err := lake.Open(file, data)
	if err != nil {
		return nil, err
	}
	schema := o.Schema
	if said := r.Meta()[lake.MetaSchema]; said != "" {
		schema = said
	}
	target, ok := o.Targets[schema]
	if !ok {
		return nil, fmt.Errorf("its schema is %q, nothing is loaded from that; say --schema with one of %s", schema,
			strings.Join(slices.Sorted(maps.Keys(o.Targets)), ", "))
	}
	columns, err := ColumnsOf(target.Table, o.Tables)
	if err != nil {
		return nil, err
	}
	return Check(file, r, columns, target.Rows)
}
