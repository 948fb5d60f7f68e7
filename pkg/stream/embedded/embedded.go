// Package embedded is a Kafka broker inside the process, for local runs and tests.
package embedded

import (
	"errors"
)

// Config says where the broker keeps its data ("" = in memory) and on which port of 127.0.0.1 it listens (0 = any).
type Config struct {
	DataDir string
	Port    int
}

// Embedded is a running broker.
type Embedded struct{}

func Start(c Config) (*Embedded, error) { return nil, errors.ErrUnsupported }

// Addr is the broker's host:port.
func (e *Embedded) Addr() string { return "" }

func (e *Embedded) Close() {}
