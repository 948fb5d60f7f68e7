package registry

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
)

func schema(version int, more ...column.Field) *column.Schema {
	return &column.Schema{Name: "silver/sales", Version: version, Fields: append([]column.Field{
		{ID: 1, Name: "order_id", Type: column.String}, {ID: 2, Name: "revenue", Type: column.Decimal},
	}, more...)}
}

var (
	coupon = column.Field{ID: 9, Name: "coupon", Type: column.String, Optional: true, Added: true}
	tax    = column.Field{ID: 10, Name: "tax", Type: column.Decimal, Added: true}
)

func changed(f column.Field, change func(*column.Field)) column.Field {
	change(&f)
	return f
}

// What may follow on a lake that has seen the schemas before it.
func TestSchemasAreOnlyAddedTo(t *testing.T) {
	for name, c := range map[string]struct {
		before []*column.Schema
		now    *column.Schema
		want   []string // of the fault, all of them
	}{
		"a new lake":         {nil, schema(1), nil},
		"the same again":     {[]*column.Schema{schema(1)}, schema(1), nil},
		"columns are added":  {[]*column.Schema{schema(1), schema(2, coupon)}, schema(3, coupon, tax), nil},
		"two at once":        {[]*column.Schema{schema(1)}, schema(3, coupon, tax), nil},
		"held otherwise":     {[]*column.Schema{schema(2, coupon)}, schema(2, changed(coupon, func(f *column.Field) { f.Type = column.Symbol })), nil},
		"one is taken away":  {[]*column.Schema{schema(1), schema(2, coupon)}, schema(1), []string{"version 2", "column coupon of type STRING", "add it to schema.columns"}},
		"another type":       {[]*column.Schema{schema(2, coupon)}, schema(2, changed(tax, func(f *column.Field) { f.Name = "coupon" })), []string{"coupon is STRING (field id 9, null when not sent) there and DECIMAL(18,2)", "another name"}},
		"another default":    {[]*column.Schema{schema(2, tax)}, schema(2, changed(tax, func(f *column.Field) { f.Default = 5 })), []string{"default 0) there", "default 5) here"}},
		"another order":      {[]*column.Schema{schema(2, tax)}, schema(2, coupon), []string{"column tax", "lacks column coupon", "in the order in which they were added"}},
		"without a default":  {[]*column.Schema{schema(1)}, schema(2, changed(tax, func(f *column.Field) { f.Added = false })), []string{"its files lack column tax"}},
		"the contract's own": {[]*column.Schema{schema(1)}, &column.Schema{Name: "silver/sales", Version: 2, Fields: schema(1).Fields[:1]}, []string{"column revenue"}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir()})
			require.NoError(t, err)
			for _, s := range c.before {
				require.NoError(t, Register(t.Context(), b, s))
			}
			err = Register(t.Context(), b, c.now)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrIncompatible)
			for _, text := range c.want {
				require.ErrorContains(t, err, text)
			}
		})
	}
}

// What was only looked at binds nobody, and is compared all the same.
func TestACheckWritesNothing(t *testing.T) {
	b, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir()})
	require.NoError(t, err)
	require.NoError(t, Register(t.Context(), b, schema(1)))
	require.NoError(t, Check(t.Context(), b, schema(2, tax)))
	require.NoError(t, Register(t.Context(), b, schema(2, coupon)))
	require.ErrorIs(t, Check(t.Context(), b, schema(2, tax)), ErrIncompatible)
}

func TestThePartitionsAreFixed(t *testing.T) {
	b, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir()})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, CheckPartitions(t.Context(), b, 4))
	}
	err = CheckPartitions(t.Context(), b, 8)
	require.ErrorIs(t, err, ErrIncompatible)
	require.ErrorContains(t, err, "made with 4 partitions and lake.partitions is 8")
	require.NoError(t, b.Put(t.Context(), lakeKey, []byte("{")))
	require.ErrorContains(t, CheckPartitions(t.Context(), b, 4), lakeKey)
}

// Instances that start at the same time agree on one schema of a version.
func TestOneSchemaWins(t *testing.T) {
	b, err := blob.Open(t.Context(), blob.Options{URL: "file://" + t.TempDir()})
	require.NoError(t, err)
	const instances = 16
	errs := make([]error, instances)
	var group sync.WaitGroup
	for i := range instances {
		group.Go(func() {
			s := schema(2, coupon)
			if i%2 == 1 {
				s = schema(2, tax)
			}
			errs[i] = Register(t.Context(), b, s)
		})
	}
	group.Wait()
	refused := 0
	for i, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, ErrIncompatible)
			refused++
		}
		require.Equal(t, errs[i%2] == nil, err == nil)
	}
	require.Equal(t, instances/2, refused)
	objects := 0
	for _, err := range b.List(t.Context(), "_schemas/") {
		require.NoError(t, err)
		objects++
	}
	require.Equal(t, 1, objects)
}
