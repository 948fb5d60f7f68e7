module github.com/saleslake/saleslake/services/producer

go 1.26.0

require github.com/saleslake/saleslake/pkg v0.0.0

require (
	github.com/brianvoe/gofakeit/v7 v7.18.1 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
)

replace github.com/saleslake/saleslake/pkg => ../../pkg
