module github.com/saleslake/saleslake/services/dq-checker

go 1.26.0

require github.com/saleslake/saleslake/pkg v0.0.0

replace github.com/saleslake/saleslake/pkg => ../../pkg
