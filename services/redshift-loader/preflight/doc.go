// Package preflight tells whether Redshift's COPY can take a Parquet file, before it is
// asked to: COPY goes by position, knows no MAXERROR for Parquet, and says little about
// what it did not like.
//
// A file goes from its footer ([Check]) over the columns of the table that it is for
// ([Tables], from the migrations, or [Columns], from a database) to findings: count,
// order and name of the columns, physical and logical type, time unit and precision,
// then, only where these are right, nulls and texts, whose rows are looked for. Each
// finding names file, column, row and remedy.
//
// What COPY cannot take as it is but the loader can write anew without a loss of
// identity (a text that is too long, a column that a setting of the lake added) warns.
// All else fails.
package preflight
