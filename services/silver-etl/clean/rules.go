package clean

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// passed is the mark of a row that no rule has rejected; rule i marks i+1.
const passed = 0

// rule rejects rows by one field. mark sets the mark id on each faulty row that
// has none yet; say describes the fault of a row that it marked.
type rule struct {
	code  sales.Code
	field string
	mark  func(b *column.Batch, c *column.Column, marks []uint16, id uint16)
	say   func(b *column.Batch, c *column.Column, row int) string
}

// salesRules are in the contract's order: the first that applies counts, by
// code and then by field.
var salesRules = []rule{
	{sales.QuantityNotPositive, "quantity", intBelow(1), sayQuantity},
	{sales.NegativePrice, "unit_price", longBelow(0), sayMoney},
	{sales.NegativeRevenue, "revenue", longBelow(0), sayMoney},
	{sales.UnknownStatus, "status", notOneOf(sales.Pending, sales.Completed, sales.Cancelled, sales.Refunded),
		sayText("want pending, completed, cancelled or refunded")},
	{sales.UnsupportedCurrency, "currency", notOneOf(sales.DefaultCurrency), sayText("want " + sales.DefaultCurrency)},
	{sales.FutureTimestamp, "event_ts", future, sayFuture},
	{sales.FutureTimestamp, "order_ts", future, sayFuture},
	{sales.Implausible, "event_ts", longBelow(sales.Year2000), sayEarly},
	{sales.Implausible, "order_ts", longBelow(sales.Year2000), sayEarly},
}

// customerRules are those of updates of customers, in the same order.
var customerRules = []rule{
	{sales.FutureTimestamp, "updated_ts", future, sayFuture},
	{sales.Implausible, "updated_ts", longBelow(sales.Year2000), sayEarly},
}

// judge marks each row that has no mark with the first of the rules that rejects it. Marks begin after
// those of other rules.
func judge(b *column.Batch, rules []rule, after int, marks []uint16) {
	for i, r := range rules {
		r.mark(b, b.Column(r.field), marks, uint16(after+i+1))
	}
}

func (r *rule) reject(b *column.Batch, row int) sales.Reject {
	return sales.Reject{Code: r.code, Field: r.field, Message: r.say(b, b.Column(r.field), row)}
}

type marker = func(b *column.Batch, c *column.Column, marks []uint16, id uint16)

func intBelow(limit int32) marker {
	return func(_ *column.Batch, c *column.Column, marks []uint16, id uint16) {
		markBelow(c.I32, limit, marks, id)
	}
}

func longBelow(limit int64) marker {
	return func(_ *column.Batch, c *column.Column, marks []uint16, id uint16) {
		markBelow(c.I64, limit, marks, id)
	}
}

func markBelow[T int32 | int64](values []T, limit T, marks []uint16, id uint16) {
	for row, v := range values {
		if v < limit && marks[row] == passed {
			marks[row] = id
		}
	}
}

func notOneOf(known ...string) marker {
	return func(_ *column.Batch, c *column.Column, marks []uint16, id uint16) {
		unknown := make([]bool, c.Dict.Len())
		some := false
		for code := range unknown {
			unknown[code] = !slices.Contains(known, c.Dict.Value(int32(code)))
			some = some || unknown[code]
		}
		if !some {
			return
		}
		for row, code := range c.I32 {
			if unknown[code] && marks[row] == passed {
				marks[row] = id
			}
		}
	}
}

func future(b *column.Batch, c *column.Column, marks []uint16, id uint16) {
	arrived := b.Column("_ingest_ts").I64
	for row, v := range c.I64 {
		if v > arrived[row]+sales.MaxClockSkew && marks[row] == passed {
			marks[row] = id
		}
	}
}

// maxShown bounds how much of a value a message repeats, in bytes.
const maxShown = 32

func sayQuantity(_ *column.Batch, c *column.Column, row int) string {
	return fmt.Sprintf("is %d, want 1 or more", c.I32[row])
}

func sayMoney(_ *column.Batch, c *column.Column, row int) string {
	return fmt.Sprintf("is %s, want 0 or more", sales.FormatCents(c.I64[row]))
}

func sayText(want string) func(*column.Batch, *column.Column, int) string {
	return func(_ *column.Batch, c *column.Column, row int) string {
		return fmt.Sprintf("is %s, %s", quoted(c, row), want)
	}
}

// quoted is a text, or its beginning.
func quoted(c *column.Column, row int) string {
	text := c.String(row)
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return strconv.Quote(text)
}

func sayFuture(b *column.Batch, c *column.Column, row int) string {
	return fmt.Sprintf("is %s, want at most 24 hours after the arrival at %s",
		sales.AppendTimestamp(nil, c.I64[row]), sales.AppendTimestamp(nil, b.Column("_ingest_ts").I64[row]))
}

func sayEarly(_ *column.Batch, c *column.Column, row int) string {
	return fmt.Sprintf("is %s, want the year 2000 or later", sales.AppendTimestamp(nil, c.I64[row]))
}
