package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
)

// probeWriters is how many conditional writes race in a probe.
const probeWriters = 8

// Probe tells whether the bucket is there, can be written and read, and keeps the promise
// that bronze rests on: of concurrent conditional writes to one key exactly one wins. It
// tries once, and leaves nothing behind.
func (b *Bucket) Probe(ctx context.Context) (err error) {
	key := "_probe/" + rand.Text()
	defer func() {
		if err == nil || errors.Is(err, errManyWinners) {
			err = errors.Join(err, b.store.delete(ctx, key))
		}
		if err != nil {
			err = fmt.Errorf("probe bucket %s: %w", b.URL(""), err)
		}
	}()
	winner, err := b.race(ctx, key)
	if err != nil {
		return err
	}
	body, err := b.store.get(ctx, key)
	if err != nil {
		return fmt.Errorf("read back what was written: %w", err)
	}
	if !bytes.Equal(body, probeBody(winner)) {
		return errManyWinners
	}
	return nil
}

var errManyWinners = errors.New("the store let more than one of several conditional writes (If-None-Match) to one key win, so two writers could overwrite each other's files: use a store that does not, such as AWS S3 or versitygw")

func probeBody(writer int) []byte { return fmt.Appendf(nil, "probe %d", writer) }

// race answers which of the concurrent writers won.
func (b *Bucket) race(ctx context.Context, key string) (int, error) {
	outcomes := make([]error, probeWriters)
	var writers sync.WaitGroup
	for i := range outcomes {
		writers.Go(func() { outcomes[i] = b.store.put(ctx, key, probeBody(i), true) })
	}
	writers.Wait()
	winner, winners := 0, 0
	for i, err := range outcomes {
		switch {
		case err == nil:
			winner, winners = i, winners+1
		case !errors.Is(err, ErrExists) && !conflict(err):
			return 0, fmt.Errorf("write: %w", err)
		}
	}
	switch winners {
	case 1:
		return winner, nil
	case 0:
		return 0, errors.New("write: none of several conditional writes succeeded")
	default:
		return 0, errManyWinners
	}
}
