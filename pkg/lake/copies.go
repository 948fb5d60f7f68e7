package lake

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"
)

// CopyBucket is where the copies are: a blob.Bucket.
type CopyBucket interface {
	Objects
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// ListCopies gives the keys of the copies under a prefix that pick wants, nil for all.
func ListCopies(ctx context.Context, bucket CopyBucket, prefix string, pick func(key string) bool) (keys []string, err error) {
	for key, err := range bucket.Keys(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list copies: %w", err)
		}
		if pick == nil || pick(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// GetCopies reads copies, several at a time, in the order of their keys.
func GetCopies(ctx context.Context, bucket Objects, keys []string) ([]Entry, error) {
	entries := make([]Entry, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(mirrorWidth)
	for i, key := range keys {
		group.Go(func() error {
			data, err := bucket.Get(ctx, key)
			if err == nil {
				entries[i], err = decodeCopy(key, data)
			}
			if err != nil {
				return fmt.Errorf("read copy %s: %w", key, err)
			}
			return nil
		})
	}
	return entries, group.Wait()
}

// ReadCopies lists and reads the copies under the prefixes.
func ReadCopies(ctx context.Context, bucket CopyBucket, prefixes ...string) (entries []Entry, err error) {
	for _, prefix := range prefixes {
		keys, err := ListCopies(ctx, bucket, prefix, nil)
		if err != nil {
			return nil, err
		}
		more, err := GetCopies(ctx, bucket, keys)
		if err != nil {
			return nil, err
		}
		entries = append(entries, more...)
	}
	return entries, nil
}

// ReadPublished reads the copies of what a group has published, under prefixes and
// in the newest commits of its partitions: of each key the newest.
func ReadPublished(ctx context.Context, bucket CopyBucket, group string, prefixes ...string) ([]Entry, error) {
	entries, err := ReadCopies(ctx, bucket, prefixes...)
	if err != nil {
		return nil, err
	}
	keys, err := ListCopies(ctx, bucket, lastCopies+group+"/", nil)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		data, err := bucket.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		more, err := decodeLast(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		entries = append(entries, more...)
	}
	return newest(entries), nil
}

func newest(entries []Entry) (out []Entry) {
	at := map[string]int{}
	for _, e := range entries {
		i, known := at[e.MirrorKey()]
		switch {
		case !known:
			at[e.MirrorKey()] = len(out)
			out = append(out, e)
		case e.Age() > out[i].Age():
			out[i] = e
		}
	}
	return out
}

// CheckWhole compares what a topic has, the age by key, with the lake's copies. The
// copies must have been read first: they are written after the commit, so a
// topic that is whole has all of them, or newer. remedy is the command that
// writes the topic back.
func CheckWhole(topic string, have map[string]int64, copies []Entry, remedy string) error {
	for _, c := range copies {
		age, known := have[c.Key()]
		if known && age >= c.Age() {
			continue
		}
		state := "does not have it"
		if known {
			state = fmt.Sprintf("has an older one (%d)", age)
		}
		return fmt.Errorf("the lake has a copy of %s (%d), topic %s %s: the topic was deleted, made anew or cut off. "+
			"Stop all instances and write it back with %q", c.Key(), c.Age(), topic, state, remedy)
	}
	return nil
}
