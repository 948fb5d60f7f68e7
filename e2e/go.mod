module github.com/saleslake/saleslake/e2e

go 1.26.0
