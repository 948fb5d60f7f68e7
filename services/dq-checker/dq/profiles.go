package dq

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
)

// profile is what a file holds. It never changes, as the file does not; keys that were no member's when it was read
// may be one's by now.
type profile struct {
	lake.Count
	drift []string
	parts parts
}

func (p *profile) size() int {
	bytes := 256
	for id, of := range p.parts {
		bytes += len(id) + 64 + of.size()
	}
	return bytes
}

// profiles keeps those of files, as many as fit into a number of bytes, so that a new version
// of a slice costs what is new of it. A file counts as the same when its SHA-256 is, at the
// same place and in a slice of the same day. What is corrupt is not kept: it may be restored.
type profiles struct {
	mu    sync.Mutex
	kept  *simplelru.LRU[profileKey, *profile]
	bytes int
	limit int
	once  singleflight.Group // several ask for a file at the same time
}

type profileKey struct {
	schema, object, sha256 string
	bytes                  int64
	day                    int32
}

func newProfiles(limit int) *profiles {
	p := &profiles{limit: limit}
	kept, err := simplelru.NewLRU(1<<31-1, func(_ profileKey, of *profile) { p.bytes -= of.size() })
	if err != nil {
		panic(err) // the size is constant
	}
	p.kept = kept
	return p
}

func (p *profiles) get(key profileKey) *profile {
	p.mu.Lock()
	defer p.mu.Unlock()
	of, _ := p.kept.Get(key)
	return of
}

func (p *profiles) put(key profileKey, of *profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept.Remove(key)
	p.kept.Add(key, of)
	for p.bytes += of.size(); p.bytes > p.limit; {
		p.kept.RemoveOldest()
	}
}

// profile gives what a file holds, read once for all who ask for it. When it is corrupt, what
// could be found of it is beside the error.
func (a *Auditor) profile(ctx context.Context, schema *column.Schema, day int32, f lake.File) (*profile, error) {
	key := profileKey{schema.Name, f.Key, f.SHA256, f.Bytes, day}
	for {
		of, err, shared := a.profiles.once.Do(fmt.Sprint(key, f.Count), func() (any, error) {
			if of := a.profiles.get(key); of != nil && of.Count == f.Count {
				return of, nil // looked for in here: another may have read it just now
			}
			of, err := a.read(ctx, schema, day, f)
			if err == nil {
				a.profiles.put(key, of)
			}
			return of, err
		})
		if shared && ctx.Err() == nil && errors.Is(err, context.Canceled) {
			continue // it was another's that ended
		}
		return of.(*profile), err
	}
}
