package silver

import (
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
)

// taken is how far each source of a partition was taken, by name.
type taken map[string]position

type position struct {
	topicID string
	next    int64
}

// take moves a source's position behind a bronze slice. It says no when the slice
// was taken before: a republished one has a new offset in lake.bronze, but the
// same range of its source.
func (t taken) take(m *lake.Manifest) (fresh bool, err error) {
	src := m.Source
	if at, known := t[src.Name]; known && at.topicID == src.TopicID {
		if src.Next <= at.next {
			return false, nil
		}
		if src.First < at.next {
			return false, fmt.Errorf("%s holds offsets %d to %d of %s, which was taken up to %d already: refusing to take rows twice",
				m.Key(), src.First, src.Next-1, src.Name, at.next)
		}
	}
	t[src.Name] = position{src.TopicID, src.Next}
	return true, nil
}
