package local

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/sales"
)

// firstPatience is how long dq-checker or the loader may take before it is looked whether they
// wait for a file that is gone.
const firstPatience = 2 * time.Second

// lost gives an error that names a file of a newest version that is not in the lake, if there is
// one. Services wait for such a file, or for a version without it. Here the stages before are done and
// nobody else writes, so neither would come.
func (r *runner) lost(ctx context.Context) error {
	s, err := readState(ctx, r.kafka, []string{sales.TopicSilver, sales.TopicGold})
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(s.manifests)) {
		m := s.manifests[key]
		for _, f := range m.Files {
			there, err := r.bucket.Exists(ctx, f.Key)
			if err != nil {
				return err
			}
			if !there {
				return fmt.Errorf("%s is gone, which %s version %d consists of: restore it, or %s", f.Key, key, m.Version, r.instead(f.Key, m.Day))
			}
		}
	}
	return nil
}

// instead says what to do when a file cannot be restored.
func (r *runner) instead(key, day string) string {
	if strings.HasPrefix(key, "gold/") {
		return fmt.Sprintf("make its day again: local-runner rebuild --from %s --to %[1]s --lake %s", day, r.Lake)
	}
	return "make a new lake of the sources: silver's files are its state"
}
