package warehousetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func inferred(t *testing.T, b *bench) {
	b.load(b.lake.Facts(monday, 1, Order{ID: "A", Day: monday, Version: 1, Cents: 100, Category: "Toys"}))
	require.Equal(t, []string{"C-1 <nil> 1970-01-01T00:00:00Z true true"},
		b.lines("SELECT customer_id, name, valid_from, is_current, inferred FROM sales.dim_customer"))
	require.Equal(t, []string{"P-1 <nil> Toys <nil> true"},
		b.lines("SELECT product_id, name, category, list_price, inferred FROM sales.dim_product"))

	b.load(b.lake.Customers(monday, 0, 1, Update{ID: "C-1", At: instant(t, monday+"T01:02:03Z"), Name: "Jo", City: "Bern"},
		Update{ID: "C-2", At: instant(t, monday+"T00:00:00Z"), Name: "Ann"}))
	n, err := b.LoadProducts(t.Context(), b.file("products.csv", "\xef\xbb\xbf"+"name,product_id,category,list_price,note\r\nLamp,P-1,Books,12.5,x\r\n\"Lamp, 2\",P-1,Books,13,\r\n"))
	require.NoError(t, err)
	require.Equal(t, 2, n)

	require.Equal(t, []string{"A Jo 1970-01-01T00:00:00Z <nil> true false Lamp, 2 Books 13.00 false"},
		b.lines(`SELECT f.order_id, c.name, c.valid_from, c.valid_to, c.is_current, c.inferred, p.name, p.category, p.list_price, p.inferred
			FROM sales.fact_sales AS f JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk
			JOIN sales.dim_product AS p ON p.product_sk = f.product_sk`), "the members keep their keys")
	require.Equal(t, []string{"C-2 Ann <nil> false"},
		b.lines("SELECT customer_id, name, city, inferred FROM sales.dim_customer WHERE customer_id = 'C-2'"))
	b.load(b.lake.Facts(tuesday, 1, Order{ID: "B", Day: tuesday, Version: 1, Cents: 1, Customer: "C-2"}))
	require.Equal(t, []string{"2"}, b.lines("SELECT COUNT(*) FROM sales.dim_customer"))
}

func faultyMembers(t *testing.T, b *bench) {
	for _, c := range []struct{ text, want string }{
		{"", "the file is empty"},
		{"product_id,name\n", "the header lacks category, list_price; it has product_id, name"},
		{"product_id,name,category,list_price\nP-1,Lamp,Books,1\nP-2,Cup,Books,1.005\n", `line 3: list_price "1.005"`},
		{"product_id,name,category,list_price\n ,Lamp,Books,1\n", "line 2: product_id is missing"},
		{"product_id,name,category,list_price\nP-1,Lamp\n", "line 2: wrong number of fields"},
		{"product_id,name,category,list_price\nP-1,\xff,Books,1\n", "line 2: is not UTF-8"},
		{"product_id,name,category,list_price\nP-1," + strings.Repeat("é", 257) + ",Books,1\n", "line 2: name has 514 bytes, at most 512 are kept"},
	} {
		_, err := b.LoadProducts(t.Context(), b.file("products.csv", c.text))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "products.csv")
	}
	_, err := b.LoadProducts(t.Context(), "there/is/none.csv")
	require.ErrorContains(t, err, "there/is/none.csv")
	require.Empty(t, b.lines("SELECT * FROM sales.dim_product"))
}
