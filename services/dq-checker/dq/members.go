package dq

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// roster knows the members that foreign keys refer to, by hash: about 20 bytes for each customer
// and product. Who was ever there stays one: the warehouse keeps them, too.
type roster struct {
	mu        sync.Mutex                // of those who read what there is
	manifests map[string]*lake.Manifest // of silver/customers, the newest of each slice
	changed   bool                      // since they were read
	read      map[string]bool           // files of customers
	written   time.Time                 // when products.csv was, as it was read

	known     sync.RWMutex // of what has been read
	customers members
	products  members
}

// members are the keys of those that there are, by hash.
type members map[uint64]struct{}

// lack tells whether a key is no member's; that of a null, 0, is nobody's.
func (m members) lack(hash uint64) bool {
	_, known := m[hash]
	return !known && hash != 0
}

// Follow takes a record of lake.silver: the customers that there are.
func (a *Auditor) Follow(r stream.Record) error {
	if len(r.Value) == 0 || !strings.HasPrefix(string(r.Key), sales.TableSilverCustomers+"/") {
		return nil
	}
	m, err := lake.DecodeManifest(r.Value)
	if err != nil {
		return fmt.Errorf("%s/%d offset %d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	a.roster.mu.Lock()
	defer a.roster.mu.Unlock()
	if old := a.roster.manifests[m.Slice]; old == nil || m.Version >= old.Version {
		a.roster.manifests[m.Slice], a.roster.changed = m, true
	}
	return nil
}

// among calls fn with what a foreign key may refer to, as far as they have been read.
func (r *roster) among(reference string, fn func(members)) {
	r.known.RLock()
	defer r.known.RUnlock()
	if reference == productsReference {
		fn(r.products)
		return
	}
	fn(r.customers)
}

// readReferences reads what has come of what the foreign keys of a table refer to.
func (a *Auditor) readReferences(ctx context.Context, table string) error {
	for _, r := range a.rules.Of(table) {
		if p, ok := r.Params.(*ForeignKey); ok {
			if err := a.readMembers(ctx, p.References); err != nil {
				return err
			}
		}
	}
	return nil
}

// readMembers reads what has come of a reference.
func (a *Auditor) readMembers(ctx context.Context, reference string) error {
	a.roster.mu.Lock()
	defer a.roster.mu.Unlock()
	if reference == productsReference {
		return a.readProducts()
	}
	return a.readCustomers(ctx)
}

// readCustomers reads the files that have come. One that is gone or corrupt is passed over: its slice
// gets a verdict of its own, and its successor comes.
func (a *Auditor) readCustomers(ctx context.Context) error {
	if !a.roster.changed {
		return nil
	}
	read := map[string]bool{}
	for _, m := range a.roster.manifests {
		s := &Slice{}
		files := slices.DeleteFunc(slices.Clone(m.Files), func(f lake.File) bool { return a.roster.read[f.Key] })
		day, err := sales.ParseDay(m.Day)
		if err != nil {
			return fmt.Errorf("day of manifest %s: %w", m.Key(), err)
		}
		found, err := a.all(ctx, sales.SilverCustomers, day, files, s)
		if err != nil && !errors.Is(err, blob.ErrNotFound) {
			return fmt.Errorf("read the customers of %s: %w", m.Key(), err)
		}
		a.roster.known.Lock()
		for _, p := range found {
			if keys, ok := p.parts[keyID([]string{memberKey})].(*keysPart); ok {
				for _, r := range keys.of {
					for _, hash := range r.hashes {
						a.roster.customers[hash] = struct{}{}
					}
				}
			}
		}
		a.roster.known.Unlock()
		for _, f := range m.Files {
			read[f.Key] = true
		}
	}
	a.roster.read, a.roster.changed = read, false
	return nil
}

// readProducts reads products.csv again when it has been written since.
func (a *Auditor) readProducts() error {
	if a.Products == "" {
		return nil
	}
	info, err := os.Stat(a.Products)
	if err != nil {
		return fmt.Errorf("products: %w", err)
	}
	if info.ModTime().Equal(a.roster.written) {
		return nil
	}
	ids, err := productIDs(a.Products)
	if err != nil {
		return err
	}
	a.roster.known.Lock()
	defer a.roster.known.Unlock()
	maps.Copy(a.roster.products, ids)
	a.roster.written = info.ModTime()
	return nil
}

// productIDs gives the hashes of the product_ids of a products.csv.
func productIDs(path string) (members, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	defer func() { _ = file.Close() }()
	rows := csv.NewReader(file)
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("products: %s: read the header: %w", path, err)
	}
	at := slices.IndexFunc(header, func(name string) bool { return strings.TrimPrefix(name, "\ufeff") == "product_id" })
	if at < 0 {
		return nil, fmt.Errorf("products: %s has no column product_id in its header", path)
	}
	ids := members{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return ids, nil
		}
		if err != nil {
			return nil, fmt.Errorf("products: %s: %w", path, err)
		}
		ids[max(1, xxh3.HashString(row[at]))] = struct{}{}
	}
}
