// Package fold aggregates a day's sales.
//
// A row's path: [Folder.Fold] reduces a silver file to a [Partial], a pure
// function of the file that may be cached by its name: totals by region and
// category, totals by product, and the set of customers behind each of them.
// [Merger.Merge] adds the partials of a day's files up to the rows of daily_sales and
// daily_products. Distinct customers are exact over the files, but for two
// customers whose 128-bit hashes collide (below 1e-20 for 1e9 of them).
package fold
