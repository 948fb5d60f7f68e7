package lake

import (
	"fmt"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// silverBatch gives rows that look like sales of ten days.
func silverBatch(rows int) *column.Batch {
	b := column.NewBatch(sales.Silver, rows)
	for i := range rows {
		b.Column("order_id").AppendString(fmt.Sprintf("ord-%012d", i*7919))
		b.Column("order_ts").I64 = append(b.Column("order_ts").I64, sales.Year2000+int64(i)*288_000_000)
		b.Column("event_ts").I64 = append(b.Column("event_ts").I64, sales.Year2000+int64(i)*288_000_123)
		b.Column("event_id").AppendString(fmt.Sprintf("evt-%016x", i*104_729))
		b.Column("customer_id").AppendString(fmt.Sprintf("cust-%06d", i*31%50_000))
		b.Column("product_id").AppendString(fmt.Sprintf("prod-%04d", i*17%1_000))
		b.Column("category").AppendString([]string{"Books", "Toys", "Sports", "Home & Garden"}[i%4])
		b.Column("region").AppendString([]string{"Europe", "Asia Pacific", "North America"}[i%3])
		b.Column("quantity").I32 = append(b.Column("quantity").I32, int32(i%5+1))
		b.Column("unit_price").I64 = append(b.Column("unit_price").I64, int64(i%10_000+99))
		b.Column("revenue").I64 = append(b.Column("revenue").I64, int64(i%5+1)*int64(i%10_000+99))
		b.Column("currency").AppendString("USD")
		b.Column("status").AppendString([]string{"completed", "pending", "cancelled", "refunded"}[i*i%4])
		b.Column("payment_method").AppendString([]string{"card", "", "wallet"}[i%3])
		b.Column("_partition").I32 = append(b.Column("_partition").I32, int32(i%6))
		b.Column("_offset").I64 = append(b.Column("_offset").I64, int64(i))
	}
	return b
}
