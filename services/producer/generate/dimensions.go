package generate

import (
	"encoding/csv"
	"io"
)

func writeCustomers(w io.Writer, customers []Customer) error {
	rows := [][]string{{"customer_id", "updated_ts", "name", "email", "segment", "city", "country"}}
	for _, c := range customers {
		rows = append(rows, []string{c.ID, string(appendTime(nil, c.UpdatedTS)), c.Name, c.Email, c.Segment, c.City, c.Country})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

func writeProducts(w io.Writer, products []Product) error {
	rows := [][]string{{"product_id", "name", "category", "list_price"}}
	for _, p := range products {
		rows = append(rows, []string{p.ID, p.Name, p.Category, string(appendCents(nil, p.ListPrice))})
	}
	return csv.NewWriter(w).WriteAll(rows)
}
