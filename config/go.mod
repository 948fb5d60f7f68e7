module github.com/saleslake/saleslake/config

go 1.26.0
