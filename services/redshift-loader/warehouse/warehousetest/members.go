package warehousetest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const customersHeader = "customer_id,updated_ts,name,email,segment,city,country\n"

func inferred(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100, Category: "Toys"}))
	require.Equal(t, []string{"C-1 <nil> 1970-01-01T00:00:00Z true true"},
		b.lines("SELECT customer_id, name, valid_from, is_current, inferred FROM sales.dim_customer"))
	require.Equal(t, []string{"P-1 <nil> Toys <nil> true"},
		b.lines("SELECT product_id, name, category, list_price, inferred FROM sales.dim_product"))

	n, err := b.LoadCustomers(t.Context(), b.file("customers.csv",
		"\xef\xbb\xbf"+"name,customer_id,updated_ts,email,segment,city,country,note\r\n\"Doe, Jo\",C-1,2025-01-02T03:04:05+01:00,jo@example.com,consumer,Bern,Switzerland,x\r\nAnn,C-2,2025-01-01 00:00:00,,,,,\r\n"))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = b.LoadProducts(t.Context(), b.file("products.csv", "product_id,name,category,list_price\nP-1,Lamp,Books,12.5\nP-1,Lamp 2,Books,13\n"))
	require.NoError(t, err)
	require.Equal(t, 2, n)

	require.Equal(t, []string{"A Doe, Jo 2025-01-02T02:04:05Z <nil> true false Lamp 2 Books 13.00 false"},
		b.lines(`SELECT f.order_id, c.name, c.valid_from, c.valid_to, c.is_current, c.inferred, p.name, p.category, p.list_price, p.inferred
			FROM sales.fact_sales AS f JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk
			JOIN sales.dim_product AS p ON p.product_sk = f.product_sk`), "the members keep their keys")
	require.Equal(t, []string{"C-2 Ann <nil> false"},
		b.lines("SELECT customer_id, name, city, inferred FROM sales.dim_customer WHERE customer_id = 'C-2'"))
	b.load(b.lake.Facts(tuesday, 1, Order{ID: "B", Day: tuesday, Version: 1, Cents: 1, Customer: "C-2"}))
	require.Equal(t, []string{"2"}, b.lines("SELECT COUNT(*) FROM sales.dim_customer"))
}

func customerVersions(t *testing.T, b *bench) {
	for _, text := range []string{
		"C-1,2025-02-01T00:00:00Z,Jo,,,Bern,\nC-1,2025-03-01T00:00:00Z,Jo,,,Rome,\nC-1,2025-01-01T00:00:00Z,Jo,,,Oslo,\n",
		"C-1,2025-02-15T00:00:00Z,Jo,,,Lima,\n",
	} {
		_, err := b.LoadCustomers(t.Context(), b.file("customers.csv", customersHeader+text))
		require.NoError(t, err)
		require.Equal(t, []string{"C-1 Rome 2025-03-01T00:00:00Z"}, b.lines("SELECT customer_id, city, valid_from FROM sales.dim_customer"))
	}
}

func faultyMembers(t *testing.T, b *bench) {
	for _, c := range []struct{ text, want string }{
		{"", "the file is empty"},
		{"product_id,name\n", "the header lacks category, list_price; it has product_id, name"},
		{"product_id,name,category,list_price\nP-1,Lamp,Books,1\nP-2,Cup,Books,1.005\n", `line 3: list_price "1.005"`},
		{"product_id,name,category,list_price\n ,Lamp,Books,1\n", "line 2: product_id is missing"},
		{"product_id,name,category,list_price\nP-1,Lamp\n", "line 2: wrong number of fields"},
		{"product_id,name,category,list_price\nP-1,\xff,Books,1\n", "line 2: is not UTF-8"},
	} {
		_, err := b.LoadProducts(t.Context(), b.file("products.csv", c.text))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "products.csv")
	}
	_, err := b.LoadCustomers(t.Context(), b.file("customers.csv", customersHeader+"C-1,yesterday,,,,,\n"))
	require.ErrorContains(t, err, `line 2: updated_ts "yesterday"`)
	_, err = b.LoadProducts(t.Context(), "there/is/none.csv")
	require.ErrorContains(t, err, "there/is/none.csv")
	require.Empty(t, b.lines("SELECT * FROM sales.dim_product"))
}
