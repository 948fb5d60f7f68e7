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
			return 0, fmt.Errorf("count what group %s has not handled in topic %s: %w", group, topic, err)
		}
		if err := r.step(func(Record) error { records++; return nil }); err != nil {
			return 0, err
		}
	}
	return records, nil
}
