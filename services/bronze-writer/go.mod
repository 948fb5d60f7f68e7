module github.com/saleslake/saleslake/services/bronze-writer

go 1.26.0

require github.com/saleslake/saleslake/pkg v0.0.0

require (
	github.com/go-faster/errors v0.7.1 // indirect
	github.com/go-faster/jx v1.2.0 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	golang.org/x/sys v0.48.0 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)

replace github.com/saleslake/saleslake/pkg => ../../pkg
