package dq

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// listed gives the customers of silver a file of the first n that orders of facts name.
func (d *day) listed(t testing.TB, version int64, n int) stream.Record {
	data := customers(t, n, func(b *column.Batch) { // as facts names them
		ids := b.Column("customer_id")
		ids.Text = column.Text{}
		for i := range n {
			ids.Text.Append(fmt.Appendf(nil, "customer_id-%06d", i))
		}
	})
	m := customersManifest(version, n, data)
	d.objects[m.Files[0].Key] = data
	return stream.Record{Topic: sales.TopicSilver, Key: []byte(m.Key()), Value: m.Encode()}
}

func TestForeignKeys(t *testing.T) {
	const n = 200
	d := newDay(t, n, nil)
	o := &counted{objects: d.objects, gets: map[string]int{}}
	a := testAuditor(t, o)
	judge := func() lake.Finding {
		findings, _ := d.judge(t, a, sales.TableSilver)
		return findings["orders_customer"]
	}
	require.Equal(t, "silver/customers has no members to hold customer_id against", judge().Message)
	require.NoError(t, a.Follow(d.listed(t, 1, n-21)))
	found := judge()
	require.Equal(t, lake.Warn, found.Outcome)
	require.Equal(t, "21 of 200 rows have a customer_id that silver/customers does not have (at most 0.1 of them may), "+
		"such as silver/sales/a.parquet row 180 (customer_id-000179), silver/sales/a.parquet row 181 (customer_id-000180), silver/sales/a.parquet row 182 (customer_id-000181)", found.Message)
	require.EqualValues(t, 21, found.Failed)
	_, samples := d.judge(t, a, sales.TableSilver)
	require.Len(t, samples, 5)
	require.Equal(t, "order_id-000179", samples[0].ID)

	require.NoError(t, a.Follow(d.listed(t, 2, n-20))) // a later version
	require.NoError(t, a.Follow(d.listed(t, 1, n-21))) // read late
	found = judge()
	require.Equal(t, lake.Pass, found.Outcome, found)
	require.EqualValues(t, 20, found.Failed)
	m, err := lake.DecodeManifest(d.listed(t, 2, n-20).Value)
	require.NoError(t, err)
	_, err = a.Audit(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, 1, o.gets["silver/customers/2.parquet"], "the gate and foreign keys share what was read")
	require.NoError(t, a.Follow(stream.Record{Key: []byte("ledger/x"), Value: []byte("{")}), "other records are passed over")
	require.Error(t, a.Follow(stream.Record{Key: []byte("silver/customers/x"), Value: []byte("{")}))
}

func TestForeignKeysWaitForEnoughRows(t *testing.T) {
	d := newDay(t, 99, nil)
	a := testAuditor(t, d)
	require.NoError(t, a.Follow(d.listed(t, 1, 1)))
	findings, _ := d.judge(t, a, sales.TableSilver)
	require.Equal(t, lake.Pass, findings["orders_customer"].Outcome)
	require.EqualValues(t, 98, findings["orders_customer"].Failed)
}

func TestProductsAreReadAgainWhenWritten(t *testing.T) {
	const n = 200
	d := newDay(t, n, nil)
	a := testAuditor(t, d)
	a.Products = filepath.Join(t.TempDir(), "products.csv")
	write := func(text string, upTo int, at time.Time) {
		for i := range upTo {
			text += fmt.Sprintf("x,product_id-%06d\n", i)
		}
		require.NoError(t, os.WriteFile(a.Products, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(a.Products, at, at))
	}
	judge := func() lake.Finding {
		findings, _ := d.judge(t, a, sales.TableSilver)
		return findings["orders_product"]
	}
	write("\ufeffname,product_id\n", n/2, time.Unix(1, 0))
	require.Equal(t, lake.Warn, judge().Outcome)
	require.EqualValues(t, n/2, judge().Failed)
	write("name,product_id\n", n, time.Unix(2, 0))
	require.Equal(t, "0 of 200 rows have a product_id that products does not have (at most 0.1 of them may)", judge().Message)
	for text, want := range map[string]string{
		"":                           "products.csv: read the header: EOF",
		"name,id\n":                  "products.csv has no column product_id in its header",
		"name,product_id\nx,y,z\n":   "record on line 2: wrong number of fields",
		"name,product_id\n\"x,y,z\n": "products.csv: parse error on line 2",
	} {
		require.NoError(t, os.WriteFile(a.Products, []byte(text), 0o600))
		_, err := productIDs(a.Products)
		require.ErrorContains(t, err, want)
	}
	_, err := productIDs(a.Products + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What was a member's key when its file was read takes no memory, and is not held against members again.
func TestOnlyStrangersAreKept(t *testing.T) {
	const n = 3000 // three row groups
	d := newDay(t, n, nil)
	o := &counted{objects: d.objects, gets: map[string]int{}}
	a := testAuditor(t, o)
	kept := func() (hashes int) {
		s, err := a.Audit(t.Context(), d.manifests[sales.TableSilver])
		require.NoError(t, err)
		for _, r := range s.parts[strangersID(&ForeignKey{Column: "customer_id", References: customersReference})].(*keysPart).of {
			require.Len(t, r.hashes, cap(r.hashes))
			hashes += len(r.hashes)
		}
		return hashes
	}
	require.NoError(t, a.Follow(d.listed(t, 1, n-500)))
	require.Equal(t, 500, kept())
	findings, samples := d.judge(t, a, sales.TableSilver)
	require.EqualValues(t, 500, findings["orders_customer"].Failed)
	require.Equal(t, lake.Warn, findings["orders_customer"].Outcome)
	require.EqualValues(t, n-500+1, samples[0].Row)
	require.NoError(t, a.Follow(d.listed(t, 2, n-10)))
	require.Equal(t, 500, kept(), "its file is not read again")
	findings, _ = d.judge(t, a, sales.TableSilver)
	require.EqualValues(t, 10, findings["orders_customer"].Failed)
	require.Equal(t, lake.Pass, findings["orders_customer"].Outcome)
}
