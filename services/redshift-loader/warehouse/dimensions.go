package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/saleslake/saleslake/pkg/sales"
)

// dimension is how a CSV file becomes members.
type dimension struct {
	name     string   // of the staging table, after stage_
	required []string // columns of the file
	columns  []string // of the staging table
	values   func(field func(name string) string) ([]any, error)
	steps    []string // from the staging table into the dimension
}

// LoadProducts brings dim_product to the rows of a products.csv (product_id, name,
// category, list_price, in any order) and answers how many it read. Inferred members
// that the file has are completed. A file that cannot be used is an error that names
// line and field, and changes nothing.
func (w *Warehouse) LoadProducts(ctx context.Context, path string) (int, error) {
	return w.loadDimension(ctx, path, dimension{
		name:     "products",
		required: []string{"product_id", "name", "category", "list_price"},
		columns:  []string{"product_id", "name", "category", "list_price", "line"},
		values:   productValues,
		steps:    []string{"find_changed_products", "merge_products", "drop_stage_products"},
	})
}

// productTexts are as long, in bytes, as Redshift's columns hold: a catalogue that one
// warehouse takes is one for all.
var productTexts = []struct {
	name string
	most int
}{{"product_id", 256}, {"name", 512}, {"category", 256}}

func productValues(field func(string) string) ([]any, error) {
	id := field("product_id")
	if id == "" {
		return nil, errors.New("product_id is missing")
	}
	for _, text := range productTexts {
		if length := len(field(text.name)); length > text.most {
			return nil, fmt.Errorf("%s has %d bytes, at most %d are kept", text.name, length, text.most)
		}
	}
	cents, err := sales.ParseCents([]byte(field("list_price")))
	if err != nil {
		return nil, fmt.Errorf("list_price %q: %w", field("list_price"), err)
	}
	return []any{id, orNull(field("name")), orNull(field("category")), sales.FormatCents(cents)}, nil
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// loadDimension stages the file part by part, so that its size does not matter.
func (w *Warehouse) loadDimension(ctx context.Context, path string, d dimension) (int, error) {
	file, err := openCSV(path, d.required)
	if err != nil {
		return 0, err
	}
	defer file.close()
	read := 0
	err = w.transact(ctx, func(t *transaction) error {
		if err := t.exec(ctx, "create_stage_"+d.name); err != nil {
			return err
		}
		for {
			rows, err := file.next(rowsPerInsert, d.values)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				return t.all(ctx, d.steps...)
			}
			read += len(rows)
			if err := t.insert(ctx, "stage_"+d.name, d.columns, rows); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return 0, fmt.Errorf("load %s from %s: %w", d.name, path, err)
	}
	return read, nil
}

// missing lists the names that the header lacks.
func missing(header map[string]int, required []string) string {
	var names []string
	for _, name := range required {
		if _, ok := header[name]; !ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
