// Package inventory tells what the lake holds: of each table the files that lie in the
// bucket, and the rows that count.
package inventory

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Table is a table of the lake, or another folder of the bucket.
type Table struct {
	Name    string // such as silver/sales
	Files   int64  // in the bucket; of silver and gold also those that were replaced and wait for their deletion
	Bytes   int64  // of these files
	Rows    int64  // of the newest manifests; of quarantine, of the ledgers
	Counted bool   // whether there is a manifest or ledger that tells the rows
}

// Bucket is what is listed: a blob.Bucket.
type Bucket interface {
	List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error]
}

// Take lists the bucket and reads the topics of manifests. Tables come in the order of the
// data: bronze, silver, gold, then the rest by name.
func Take(ctx context.Context, bucket Bucket, read stream.Reader) ([]*Table, error) {
	tables := map[string]*Table{}
	table := func(name string) *Table {
		if tables[name] == nil {
			tables[name] = &Table{Name: name}
		}
		return tables[name]
	}
	for o, err := range bucket.List(ctx, "") {
		if err != nil {
			return nil, fmt.Errorf("list the lake: %w", err)
		}
		t := table(folder(o.Key))
		t.Files++
		t.Bytes += o.Size
	}
	rows, err := published(ctx, read)
	if err != nil {
		return nil, err
	}
	for key, n := range rows {
		t := table(key.table)
		t.Rows += n
		t.Counted = true
	}
	all := make([]*Table, 0, len(tables))
	for _, t := range tables {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *Table) int {
		return cmp.Or(cmp.Compare(layer(a.Name), layer(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// folder is the table that an object belongs to: what stands before its first key=value.
func folder(key string) string {
	if strings.HasPrefix(key, "_") {
		first, _, _ := strings.Cut(key, "/")
		return first
	}
	if at := strings.IndexByte(key, '='); at >= 0 {
		key = key[:at]
	}
	return path.Dir(key)
}

var layers = []string{"bronze", "silver", "gold"}

func layer(name string) int {
	first, _, _ := strings.Cut(name, "/")
	if at := slices.Index(layers, first); at >= 0 {
		return at
	}
	return len(layers)
}

// quarantines names the tables of the rejects of bronze and of silver.
var quarantines = map[string]string{
	sales.TableBronze: sales.Quarantine.Name, sales.TableSilver: sales.Quarantine.Name,
	sales.TableBronzeCustomers: sales.QuarantineCustomers.Name, sales.TableSilverCustomers: sales.QuarantineCustomers.Name,
}

// counted is what has rows: a slice, or what bronze or silver rejected of it.
type counted struct{ table, slice string }

// published gives the rows by the newest manifest of each slice, and by ledgers what silver
// rejected.
func published(ctx context.Context, read stream.Reader) (map[counted]int64, error) {
	rows := map[counted]int64{}
	for _, topic := range []string{sales.TopicBronze, sales.TopicSilver, sales.TopicGold} {
		err := read(ctx, topic, nil, func(r stream.Record) error {
			entry, err := lake.DecodeEntry(r.Key, r.Value)
			if err != nil {
				return err
			}
			switch e := entry.(type) {
			case *lake.Manifest:
				rows[counted{e.Table, e.Slice}] = e.Rows
				if e.Source != nil {
					rows[counted{quarantines[e.Table] + "/bronze", e.Slice}] = sum(e.Source.Rejected)
				}
			case *lake.Ledger:
				if name, ok := quarantines[e.Table]; ok {
					rows[counted{name + "/silver", e.Key()}] = e.RejectedTotal().Rows
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func sum(rejected map[sales.Code]int64) (n int64) {
	for _, v := range rejected {
		n += v
	}
	return n
}
