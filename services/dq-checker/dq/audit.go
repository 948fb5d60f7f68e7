package dq

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Auditor reads the files of slices again from the store and judges what it finds by the
// declared rules. Its methods may be called at the same time.
type Auditor struct {
	AuditorOptions
	rules    *rules.Set
	needs    map[string][]need   // by table, one of each id
	objects  *semaphore.Weighted // bytes of objects in memory
	busy     chan struct{}       // has room for row groups that are decoded at the same time
	profiles *profiles
	distinct *distinct
	customs  chan struct{} // has room for one
	roster   roster
}

// AuditorOptions are what an auditor needs. Objects is required.
type AuditorOptions struct {
	Objects  lake.Objects
	Products string // products.csv, empty for none
	Samples  int    // most rows that are sampled for a rule and slice version

	CustomTimeout time.Duration // of a statement of a rule of kind custom
	CustomMemory  int           // bytes that it may take
	ReadBytes     int           // of objects that are read at the same time; a greater one is read alone
	CacheBytes    int           // of what is kept of files that have been read
}

// NewAuditor gives an auditor for a set of rules.
func NewAuditor(set *rules.Set, o AuditorOptions) *Auditor {
	a := &Auditor{AuditorOptions: o, rules: set, needs: map[string][]need{},
		objects: semaphore.NewWeighted(int64(o.ReadBytes)), busy: make(chan struct{}, runtime.GOMAXPROCS(0)), customs: make(chan struct{}, 1),
		profiles: newProfiles(o.CacheBytes), distinct: newDistinct(),
		roster: roster{manifests: map[string]*lake.Manifest{}, customers: members{}, products: members{}}}
	needs := entryNeeds()
	for _, r := range set.Rules {
		if find := kinds[r.Kind].needs; find != nil {
			needs = append(needs, find(r)...)
		}
	}
	for _, n := range needs {
		if !slices.ContainsFunc(a.needs[n.table], func(m need) bool { return m.id == n.id }) {
			a.needs[n.table] = append(a.needs[n.table], n)
		}
	}
	return a
}

// Slice is what the files of a version of a slice hold, as the auditor counted it itself.
type Slice struct {
	lake.Count
	Unreadable []string // errors that name file and fault
	Drift      []string // columns that are not as declared, by file

	table string // whose rules it is judged by
	files []lake.File
	parts parts
}

func (s *Slice) file(key string) lake.File {
	return s.files[slices.IndexFunc(s.files, func(f lake.File) bool { return f.Key == key })]
}

// Audit reads the files of a manifest. A file that cannot be read whole is in
// Slice.Unreadable; an error is only the store's.
func (a *Auditor) Audit(ctx context.Context, m *lake.Manifest) (*Slice, error) {
	day, err := sales.ParseDay(m.Day)
	if err != nil {
		return nil, fmt.Errorf("day of manifest %s: %w", m.Key(), err)
	}
	table := rulesTable(m)
	if err := a.readReferences(ctx, table); err != nil { // so that few keys seem to be no member's
		return nil, fmt.Errorf("audit %s: %w", m.Key(), err)
	}
	s := &Slice{table: table, files: m.Files, parts: parts{}}
	found, err := a.all(ctx, rules.Schema(table), day, m.Files, s)
	if err != nil {
		return nil, fmt.Errorf("audit %s: %w", m.Key(), err)
	}
	for _, n := range a.needs[table] {
		var of []part
		for _, p := range found {
			if one := p.parts[n.id]; one != nil {
				of = append(of, one)
			}
		}
		s.parts.put(n.id, of)
	}
	for i, p := range found {
		s.Count = s.Count.Add(p.Count)
		for _, drift := range p.drift {
			s.Drift = append(s.Drift, s.files[i].Key+": "+drift)
		}
	}
	return s, a.auditChanges(ctx, m, day, s)
}

// all gives the profiles of the files, in their order; one that cannot be read is empty.
func (a *Auditor) all(ctx context.Context, schema *column.Schema, day int32, files []lake.File, s *Slice) ([]profile, error) {
	found, faults := make([]profile, len(files)), make([]string, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * cap(a.busy))
	for i, f := range files {
		group.Go(func() error {
			p, err := a.profile(ctx, schema, day, f)
			if errors.Is(err, lake.ErrCorrupt) {
				faults[i], err = err.Error(), nil
			}
			if p != nil {
				found[i] = *p
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	s.Unreadable = append(s.Unreadable, slices.DeleteFunc(faults, func(f string) bool { return f == "" })...)
	return found, nil
}

// open gets an object and opens it, when there is room for it. Its memory counts until done is called.
func (a *Auditor) open(ctx context.Context, f lake.File) (file *File, done func(), err error) {
	room := max(0, min(f.Bytes, int64(a.ReadBytes)))
	if err := a.objects.Acquire(ctx, room); err != nil {
		return nil, nil, err
	}
	data, err := a.Objects.Get(ctx, f.Key)
	if err == nil {
		file, err = OpenFile(data, f)
	}
	if err != nil {
		a.objects.Release(room)
		return nil, nil, err
	}
	return file, func() { a.objects.Release(room) }, nil
}

// read reads a file, with the errors of profile.
func (a *Auditor) read(ctx context.Context, schema *column.Schema, day int32, f lake.File) (*profile, error) {
	file, done, err := a.open(ctx, f)
	if err != nil {
		return nil, err
	}
	defer done()
	p := &profile{drift: file.Drift(schema), parts: parts{}}
	needs := a.needs[schema.Name]
	groups := make([]parts, len(file.footer.RowGroups))
	cents := make([]int64, len(groups))
	work, ctx := errgroup.WithContext(ctx)
	for i := range groups {
		work.Go(func() error {
			select {
			case a.busy <- struct{}{}:
				defer func() { <-a.busy }()
			case <-ctx.Done():
				return ctx.Err()
			}
			g, err := file.RowGroup(i, schema)
			if err != nil {
				return err
			}
			groups[i], cents[i], err = g.scan(needs, scope{day, a.Samples, &a.roster})
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return &profile{drift: p.drift}, err
	}
	for _, n := range needs {
		of := make([]part, len(groups))
		for i := range groups {
			of[i] = groups[i][n.id]
		}
		p.parts.put(n.id, of)
	}
	p.Rows = file.rows
	for _, c := range cents {
		p.Cents += c
	}
	if p.Count != f.Count {
		return &profile{drift: p.drift}, fmt.Errorf("%s: %w: holds %d rows and %s, its manifest says %d and %s", f.Key, lake.ErrCorrupt,
			p.Rows, sales.FormatCents(p.Cents), f.Rows, sales.FormatCents(f.Cents))
	}
	return p, nil
}

// scan takes what is needed of a group, and its money.
func (g *RowGroup) scan(needs []need, in scope) (found parts, cents int64, err error) {
	defer recoverCorrupt(g.File, &err)
	found = make(parts, len(needs))
	for _, n := range needs {
		if found[n.id], err = n.scan(g, in); err != nil {
			return nil, 0, err
		}
	}
	for _, t := range moneyOf[g.schema.Name] {
		v, err := g.Column(t.column)
		if err != nil {
			return nil, 0, err
		}
		for _, n := range v.Ints {
			if t.minus {
				n = -n
			}
			cents += n
		}
	}
	return found, cents, nil
}

// moneyOf are the columns whose sum is the money of a table's manifests.
var moneyOf = map[string][]term{
	sales.TableSilver:        {{column: "revenue"}},
	sales.TableChanges:       {{column: "revenue"}},
	sales.TableDailySales:    {{column: "gross_revenue"}},
	sales.TableDailyProducts: {{column: "gross_revenue"}},
	sales.TableHourlySales:   {{column: "gross_revenue"}},
	sales.TableRefundsByDay:  {{column: "refunded_revenue"}},
	sales.TableRestatements:  {{column: "new_gross_revenue"}, {column: "old_gross_revenue", minus: true}},
}

// auditChanges reads the files of changes, which a load follows instead of the slice's
// files where it can. One that is gone is no fault: the load takes the slice's files then.
func (a *Auditor) auditChanges(ctx context.Context, m *lake.Manifest, day int32, s *Slice) error {
	read := map[string]bool{}
	for _, file := range m.Files {
		read[file.Key] = true
	}
	type listed struct {
		change  lake.Change
		schemas [2]*column.Schema // of added and of changed rows
	}
	var lists []listed
	for _, in := range m.Inputs {
		for _, c := range in.Changes {
			lists = append(lists, listed{c, [2]*column.Schema{sales.Silver, sales.Changes}})
		}
	}
	if m.Table == sales.TableSilverCustomers {
		for _, c := range m.Changes {
			lists = append(lists, listed{c, [2]*column.Schema{sales.SilverCustomers, sales.CustomerChanges}})
		}
	}
	for _, l := range lists {
		for i, files := range [][]lake.File{l.change.Added, l.change.Changed} {
			files = slices.DeleteFunc(slices.Clone(files), func(f lake.File) bool { return read[f.Key] })
			for _, f := range files {
				_, err := a.profile(ctx, l.schemas[i], day, f)
				switch {
				case errors.Is(err, blob.ErrNotFound):
				case errors.Is(err, lake.ErrCorrupt):
					s.Unreadable = append(s.Unreadable, err.Error())
				case err != nil:
					return fmt.Errorf("audit %s: %w", m.Key(), err)
				}
			}
		}
	}
	return nil
}

// visit reads rows of a file of the slice again, given from 0 and ascending.
func (a *Auditor) visit(ctx context.Context, s *Slice, f lake.File, rows []int64, row func(g *RowGroup, i int) error) error {
	return a.groups(ctx, s, f, func(g *RowGroup) (more bool, err error) {
		for ; len(rows) > 0 && rows[0] < g.First+int64(g.Rows); rows = rows[1:] {
			if err := row(g, int(rows[0]-g.First)); err != nil {
				return false, err
			}
		}
		return len(rows) > 0, nil
	})
}

// groups reads the row groups of a file of the slice again, until no more are wanted.
func (a *Auditor) groups(ctx context.Context, s *Slice, f lake.File, group func(g *RowGroup) (more bool, err error)) error {
	file, done, err := a.open(ctx, f)
	if err != nil {
		return err
	}
	defer done()
	for i := range file.footer.RowGroups {
		g, err := file.RowGroup(i, rules.Schema(s.table))
		if err != nil {
			return err
		}
		if more, err := group(g); err != nil || !more {
			return err
		}
	}
	return nil
}
