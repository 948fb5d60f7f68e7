// Package warehousetest holds the suite that every warehouse must pass, and what it
// needs: a small lake whose rows are written down in the test, and a PostgreSQL server.
package warehousetest
