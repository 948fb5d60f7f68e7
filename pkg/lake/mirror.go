package lake

import (
	"context"
	"encoding/json"
	"fmt"
)

// Putter writes objects: a blob.Bucket.
type Putter interface {
	Put(ctx context.Context, key string, body []byte) error
}

// Mirror writes the copies of committed entries under _manifests/, for readers
// without Kafka and for the day that a topic is lost. The first error ends it: a
// copy that is missing is written again when the partition is next assigned.
func Mirror(ctx context.Context, bucket Putter, entries ...Entry) error {
	for _, e := range entries {
		if err := bucket.Put(ctx, e.MirrorKey(), e.Encode()); err != nil {
			return fmt.Errorf("mirror %s: %w", e.Key(), err)
		}
	}
	return nil
}

// last is the newest commit of a partition in one object: the copies of its
// entries are written one by one, and a kill may come between them.
type last struct {
	Format  int         `json:"format"`
	Entries []lastEntry `json:"entries"`
}

type lastEntry struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

func encodeLast(entries []Entry) []byte {
	all := last{Format: Format}
	for _, e := range entries {
		all.Entries = append(all.Entries, lastEntry{e.Key(), e.Encode()})
	}
	return encode(all)
}

func decodeLast(data []byte) (entries []Entry, err error) {
	all := last{}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("decode the copy of a commit: %w", err)
	}
	if err := checkFormat("the copy of a commit", all.Format); err != nil {
		return nil, err
	}
	for _, one := range all.Entries {
		e, err := DecodeEntry([]byte(one.Key), one.Value)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}
