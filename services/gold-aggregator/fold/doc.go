// Package fold aggregates a day's sales, and keeps the aggregates as rows come
// and go.
//
// A row's path: [Day.Apply] adds what it counts for to its cell (region and
// category) and hour, its product and its refund, or takes that off again, as
// column _op says. The rows of gold's tables are then [Day.Sales] and its like.
// Distinct customers are counted by references, (group, customer) to rows, so
// that they are exact whatever is taken off; but for two customers whose 128-bit
// hashes collide (below 1e-20 for 1e9 of them).
//
// [Restate] compares two versions of daily_sales, and [Causes] finds the orders
// that made the difference.
package fold
