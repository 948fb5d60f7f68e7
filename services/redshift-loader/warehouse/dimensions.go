package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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
		steps:    []string{"delete_old_products", "merge_products", "drop_stage_products"},
	})
}

// LoadCustomers brings the current versions in dim_customer to those of a customers.csv
// (customer_id, updated_ts, name, email, segment, city, country, in any order), like
// LoadProducts. A version that is older than the current one changes nothing.
func (w *Warehouse) LoadCustomers(ctx context.Context, path string) (int, error) {
	return w.loadDimension(ctx, path, dimension{
		name:     "customers",
		required: []string{"customer_id", "updated_ts", "name", "email", "segment", "city", "country"},
		columns:  []string{"customer_id", "name", "email", "segment", "city", "country", "valid_from", "line"},
		values:   customerValues,
		steps:    []string{"delete_old_customers", "delete_known_customers", "merge_customers", "drop_stage_customers"},
	})
}

func productValues(field func(string) string) ([]any, error) {
	id := field("product_id")
	if id == "" {
		return nil, errors.New("product_id is missing")
	}
	cents, err := sales.ParseCents([]byte(field("list_price")))
	if err != nil {
		return nil, fmt.Errorf("list_price %q: %w", field("list_price"), err)
	}
	return []any{id, orNull(field("name")), orNull(field("category")), sales.FormatCents(cents)}, nil
}

func customerValues(field func(string) string) ([]any, error) {
	id := field("customer_id")
	if id == "" {
		return nil, errors.New("customer_id is missing")
	}
	updated, err := sales.ParseCSVTimestamp([]byte(field("updated_ts")))
	if err != nil {
		return nil, fmt.Errorf("updated_ts %q: %w", field("updated_ts"), err)
	}
	return []any{id, orNull(field("name")), orNull(field("email")), orNull(field("segment")),
		orNull(field("city")), orNull(field("country")), time.UnixMicro(updated).UTC()}, nil
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
