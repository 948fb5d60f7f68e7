// Package embedded is a Kafka broker inside the process, for local runs and tests: transactions, groups and topics as
// the clients know them, on one machine.
package embedded

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Config says where the broker keeps its data ("" = in memory) and on which port of 127.0.0.1 it listens (0 = any).
// Data in a directory outlives the broker: topics with their ids, records, groups with their offsets, transactional
// ids and the cluster's id. Everything is with the operating system when it is acknowledged, so that it survives the
// death of the process; it reaches the disk when the broker is closed.
type Config struct {
	DataDir string
	Port    int
}

// Embedded is a running broker.
type Embedded struct {
	cluster *kfake.Cluster
	lock    *os.File
	once    sync.Once
}

// ErrInUse is returned by Start when another process runs a broker on the same data.
var ErrInUse = errors.New("in use by another process")

// Start starts a broker, with what an earlier one left in the data directory.
func Start(c Config) (*Embedded, error) {
	e := &Embedded{}
	opts := []kfake.Opt{
		kfake.Ports(c.Port),
		kfake.ClusterID(newClusterID()), // an earlier one, in the data, takes precedence
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": "16777216"}),
	}
	if c.DataDir != "" {
		if err := e.acquire(c.DataDir); err != nil {
			return nil, err
		}
		opts = append(opts, kfake.DataDir(c.DataDir))
	}
	var err error
	if e.cluster, err = kfake.NewCluster(opts...); err != nil {
		e.release()
		return nil, fmt.Errorf("start the embedded broker: %w", err)
	}
	return e, nil
}

// acquire takes the lock beside the data: two brokers on the same data would destroy it.
func (e *Embedded) acquire(dir string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the embedded broker's folder: %w", err)
	}
	path := filepath.Clean(dir) + ".lock"
	if e.lock, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return fmt.Errorf("open the embedded broker's lock: %w", err)
	}
	if err := syscall.Flock(int(e.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		e.release()
		return fmt.Errorf("lock %s: %w (%w)", path, ErrInUse, err)
	}
	return nil
}

func (e *Embedded) release() {
	if e.lock != nil {
		_ = e.lock.Close() // which also unlocks
	}
}

// newClusterID is 16 random bytes in base64, as Kafka's own are.
func newClusterID() string {
	var raw [16]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Addr is the broker's host:port.
func (e *Embedded) Addr() string { return e.cluster.ListenAddrs()[0] }

// Close stops the broker and writes what it has to the disk. Close its clients first.
func (e *Embedded) Close() {
	e.once.Do(func() {
		e.cluster.Close()
		e.release()
	})
}
