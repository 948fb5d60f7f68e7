module github.com/saleslake/saleslake/sql

go 1.26.0
