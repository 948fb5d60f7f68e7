package dq

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
)

// TestAuditReadsChanges damages the files that a load follows instead of the day's own.
func TestAuditReadsChanges(t *testing.T) {
	const n, changed = 50, 5
	change := facts(t, changed, nil)
	for name, c := range map[string]struct {
		edit func(objects, *lake.Change)
		want string
	}{
		"sound":         {func(objects, *lake.Change) {}, ""},
		"gone":          {func(o objects, _ *lake.Change) { o["changes.parquet"] = nil }, ""},
		"other object":  {func(o objects, _ *lake.Change) { o["changes.parquet"] = facts(t, changed+1, nil) }, "changes.parquet"},
		"a row more":    {func(_ objects, c *lake.Change) { c.Changed[0].Rows++ }, "footer says 5 rows, the manifest 6"},
		"a cent more":   {func(_ objects, c *lake.Change) { c.Changed[0].Cents++ }, "holds 5 rows and 10.00, its manifest says 5 and 10.01"},
		"new orders":    {func(_ objects, c *lake.Change) { c.Added, c.Changed = c.Changed, nil; c.Added[0].Cents-- }, "its manifest says 5 and 9.99"},
		"the day's own": {func(o objects, c *lake.Change) { c.Added = []lake.File{{Key: "silver/sales/a.parquet"}} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := objects{"changes.parquet": change}
			m := manifest(o, n, facts(t, n, nil))
			m.Inputs = []lake.Input{{Count: m.Count, Changes: []lake.Change{{Changed: []lake.File{lake.NewFile("changes.parquet", change, lake.Count{Rows: changed, Cents: cents(changed)})}}}}}
			c.edit(o, &m.Inputs[0].Changes[0])
			s, err := testAuditor(t, gone{o}).Audit(t.Context(), m)
			require.NoError(t, err)
			requireUnreadable(t, s, c.want)
		})
	}
}

// TestAuditReadsChangesOfCustomers does the same to those of a slice of customers, which its own manifest names.
func TestAuditReadsChangesOfCustomers(t *testing.T) {
	const n, changed = 9, 2
	for name, c := range map[string]struct {
		kept int // objects' rows
		want string
	}{
		"sound":        {changed, ""},
		"gone":         {0, ""},
		"other object": {changed + 1, "changes.parquet"},
	} {
		t.Run(name, func(t *testing.T) {
			m := customersManifest(2, n, customers(t, n, nil))
			f := lake.NewFile("changes.parquet", customers(t, changed, nil), lake.Count{Rows: changed})
			m.Changes = []lake.Change{{Version: 2, Changed: []lake.File{f}}}
			o := objects{m.Files[0].Key: customers(t, n, nil), f.Key: nil}
			if c.kept > 0 {
				o[f.Key] = customers(t, c.kept, nil)
			}
			s, err := testAuditor(t, gone{o}).Audit(t.Context(), m)
			require.NoError(t, err)
			requireUnreadable(t, s, c.want)
		})
	}
}

// requireUnreadable wants one fault that says so, and the more, or none for "".
func requireUnreadable(t *testing.T, s *Slice, want string, more ...string) {
	t.Helper()
	if want == "" {
		require.Empty(t, s.Unreadable)
		return
	}
	require.Len(t, s.Unreadable, 1)
	for _, text := range append(more, want) {
		require.Contains(t, s.Unreadable[0], text)
	}
}

// gone lacks the objects that are nil.
type gone struct{ objects }

func (g gone) Get(ctx context.Context, key string) ([]byte, error) {
	if data := g.objects[key]; data != nil {
		return data, nil
	}
	return nil, fmt.Errorf("%s: %w", key, blob.ErrNotFound)
}
