package sales

import (
	"strconv"

	"github.com/saleslake/saleslake/pkg/column"
)

// FormatNumber gives a value of a column that is not text as people read it: an amount, a date,
// a time or a number.
func FormatNumber(of column.Type, n int64) string {
	switch of {
	case column.Decimal:
		return FormatCents(n)
	case column.Date:
		return FormatDay(int32(n))
	case column.Timestamp:
		return string(AppendTimestamp(nil, n))
	default:
		return strconv.FormatInt(n, 10)
	}
}
