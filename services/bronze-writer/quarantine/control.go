package quarantine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// controlMark is the object that says which lake.control has the attempts. The lake has
// no copy of them, and without them all rejects would be open again.
const controlMark = "_manifests/control.json"

type mark struct {
	TopicID string `json:"topic_id"` // 32 hex digits
}

// checkControl returns an error when lake.control is not the topic that attempts were
// written to.
func (q *Quarantine) checkControl(ctx context.Context) error {
	data, err := q.Bucket.Get(ctx, controlMark)
	if errors.Is(err, blob.ErrNotFound) {
		return nil // nothing was ever replayed
	}
	if err != nil {
		return err
	}
	var m mark
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("read %s: %w", controlMark, err)
	}
	id, err := stream.TopicID(ctx, q.Kafka, sales.TopicControl)
	if err == nil && id != m.TopicID {
		err = fmt.Errorf("topic %s was deleted or made anew, so it is not known which rejects were replayed: "+
			"look for them in bronze by _replay_of, then delete the object %s, and all count as open", sales.TopicControl, controlMark)
	}
	return err
}

// markControl says that attempts are on this lake.control from now on.
func (q *Quarantine) markControl(ctx context.Context) error {
	id, err := stream.TopicID(ctx, q.Kafka, sales.TopicControl)
	if err != nil {
		return err
	}
	data, err := json.Marshal(mark{id})
	if err != nil {
		return err
	}
	if err := q.Bucket.PutNew(ctx, controlMark, data); err != nil && !errors.Is(err, blob.ErrExists) {
		return err
	}
	return q.checkControl(ctx)
}
