package stream

import (
	"context"
	"fmt"
)

// Pending counts the committed records of topic that group has not handled: what lies between its committed offsets
// and the end as it was when called. Offsets cannot tell, since transactions take up some of them. It reads these
// records, so it is for the end of a job, not for watching a backlog.
func Pending(ctx context.Context, c Config, group, topic string) (records int64, err error) {
	next, err := Committed(ctx, c, group, topic)
	if err != nil {
		return 0, err
	}
	places, err := findPlaces(ctx, c, topic)
	if err != nil {
		return 0, err
	}
	for p, at := range places {
		if at.next = max(at.next, next[p.ID]); at.reached() {
			delete(places, p)
		}
	}
	return count(ctx, c, places, fmt.Sprintf("count what group %s has not handled in topic %s", group, topic))
}

// Between counts the records of a partition that are there from offset from on and below offset to.
func Between(ctx context.Context, c Config, p Partition, from, to int64) (records int64, err error) {
	places, err := findPlaces(ctx, c, p.Topic)
	if err != nil {
		return 0, err
	}
	at := places[p]
	if at == nil {
		return 0, fmt.Errorf("topic %s has no partition %d", p.Topic, p.ID)
	}
	if at.next, at.target = max(at.next, from), min(at.target, to); at.reached() {
		return 0, nil
	}
	return count(ctx, c, map[Partition]*place{p: at}, fmt.Sprintf("look for records of %s from offset %d to %d", p, from, to))
}

func count(ctx context.Context, c Config, places map[Partition]*place, what string) (records int64, err error) {
	if len(places) == 0 {
		return 0, nil
	}
	r, err := openReader(c, places, nil)
	if err != nil {
		return 0, err
	}
	defer r.close()
	for !r.reachedEnd() {
		if err := context.Cause(ctx); err != nil {
			return 0, fmt.Errorf("%s: %w", what, err)
		}
		if err := r.step(func(Record) error { records++; return nil }); err != nil {
			return 0, err
		}
	}
	return records, nil
}
