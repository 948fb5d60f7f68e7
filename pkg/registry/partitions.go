package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/saleslake/saleslake/pkg/blob"
)

// lakeKey is the object that says how the lake was made.
const lakeKey = "_schemas/lake.json"

type made struct {
	Partitions int `json:"partitions"`
}

// CheckPartitions holds the number of partitions against that which the lake was
// made with, or makes it so. Topics and files are placed by it: with another
// number the versions of an order would no longer meet. The error wraps
// ErrIncompatible.
func CheckPartitions(ctx context.Context, b Bucket, partitions int) error {
	body, err := json.Marshal(made{partitions})
	if err != nil {
		return err
	}
	if err := b.PutNew(ctx, lakeKey, body); !errors.Is(err, blob.ErrExists) {
		return err
	}
	if body, err = b.Get(ctx, lakeKey); err != nil {
		return err
	}
	var there made
	if err := json.Unmarshal(body, &there); err != nil {
		return fmt.Errorf("%s is not readable: %w", lakeKey, err)
	}
	if there.Partitions != partitions {
		return fmt.Errorf("%w: this lake was made with %d partitions and lake.partitions is %d: take the setting back (and the topics, if they were grown); "+
			"for more, make a new lake with new topics and ingest the events into it", ErrIncompatible, there.Partitions, partitions)
	}
	return nil
}
