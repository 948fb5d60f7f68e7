package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Objects is where files are: a blob.Bucket.
type Objects interface {
	Get(ctx context.Context, key string) ([]byte, error)
}

// Hash is the SHA-256 of an object, in hex.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// NewFile gives what a manifest says of an object.
func NewFile(key string, data []byte, c Count) File {
	return File{Key: key, Bytes: int64(len(data)), SHA256: Hash(data), Count: c}
}

// Fetch gets a manifest's file, compares length, SHA-256 and rows with what
// the manifest says, and opens it. What differs wraps ErrCorrupt; an object
// that is not there is the error of Objects.
func Fetch(ctx context.Context, o Objects, f File) (*Reader, error) {
	data, err := o.Get(ctx, f.Key)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", f.Key, err)
	}
	if int64(len(data)) != f.Bytes {
		return nil, fmt.Errorf("%s: %w: %d bytes, its manifest says %d", f.Key, ErrCorrupt, len(data), f.Bytes)
	}
	if hash := Hash(data); hash != f.SHA256 {
		return nil, fmt.Errorf("%s: %w: SHA-256 %s, its manifest says %s", f.Key, ErrCorrupt, hash, f.SHA256)
	}
	r, err := Open(f.Key, data)
	if err != nil {
		return nil, err
	}
	if r.Rows() != f.Rows {
		return nil, fmt.Errorf("%s: %w: %d rows, its manifest says %d", f.Key, ErrCorrupt, r.Rows(), f.Rows)
	}
	return r, nil
}
