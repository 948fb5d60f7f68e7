package quarantine

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// moving is a bucket in which something happens meanwhile: before an object is read,
// after that, or when a listing has given the first one.
type moving struct {
	*blob.Bucket
	get    func(key string)
	got    func(key string)
	listed func(prefix string)
}

func (m *moving) Get(ctx context.Context, key string) ([]byte, error) {
	if m.get != nil {
		m.get(key)
	}
	data, err := m.Bucket.Get(ctx, key)
	if m.got != nil {
		m.got(key)
	}
	return data, err
}

func (m *moving) List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		for o, err := range m.Bucket.List(ctx, prefix) {
			if !yield(o, err) {
				return
			}
			if m.listed != nil {
				m.listed(prefix)
			}
		}
	}
}

// silverFile is a file of silver's rejects of partition 1.
func silverFile(name string) string {
	return lake.SilverRejectPrefix(sales.Quarantine.Name, 1) + name + ".parquet"
}

// writeRejects makes a file of rejects with these offsets.
func (r *rig) writeRejects(key string, offsets ...int64) {
	q := column.NewBatch(sales.Quarantine, 0)
	for _, offset := range offsets {
		appendReject(q, sales.UnknownStatus, []byte(event(int(offset))), offset, 1, 99, "")
	}
	r.write(key, q)
}

// commit has a command's attempt at partition 1 committed.
func (r *rig) commit(attempt string) {
	d := &lake.Done{Format: lake.Format, ID: attempt, Kind: lake.Reprocess, Partition: 1, Through: "2026-01-31", Attempt: attempt}
	require.NoError(r, stream.Transact(r.ctx, r.kafka, "silver", []stream.Record{{Topic: sales.TopicSilver, Partition: 1, Key: []byte(d.Key()), Value: d.Encode()}}))
}

// ids gives what an export names, in its order.
func (r *rig) ids(b Bucket) ([]string, error) {
	o := r.options()
	o.Bucket = b
	q, err := Read(r.ctx, o)
	require.NoError(r, err)
	var out bytes.Buffer
	n, err := q.Export(r.ctx, Filter{}, 0, &out)
	var ids []string
	for line := range strings.Lines(out.String()) {
		id, _, _ := strings.Cut(strings.TrimPrefix(line, `{"id":"`), `"`)
		ids = append(ids, id)
	}
	require.EqualValues(r, len(ids), n)
	return ids, err
}

// A reprocess accepts one of the rejects of a file, moves the others to a new one
// and deletes the old one, at any moment of a reading: what it moves is given once.
func TestRejectsThatAreMovedMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const old = "k2"
	moments := map[string]func(b *moving, move func()){
		"before it is read": func(b *moving, move func()) {
			b.get = func(key string) {
				if key == silverFile(old) {
					move()
				}
			}
		},
		"after it is read": func(b *moving, move func()) {
			b.got = func(key string) {
				if key == silverFile(old) {
					move()
				}
			}
		},
		"during the listing": func(b *moving, move func()) {
			b.listed = func(prefix string) {
				if strings.HasPrefix(silverFile(old), prefix) {
					b.listed = nil
					move()
				}
			}
		},
	}
	for moment, when := range moments {
		for _, name := range []string{"a", "z"} { // listed before another try, and behind it
			t.Run(name+" "+moment, func(t *testing.T) {
				r := &rig{T: t, ctx: r.ctx, kafka: r.kafka}
				var err error
				r.lake, err = blob.Open(r.ctx, blob.Options{URL: "file://" + t.TempDir(), Create: true})
				require.NoError(t, err)
				for i := range int64(3) {
					r.writeRejects(silverFile(fmt.Sprint("k", i)), 10*i, 10*i+1)
				}
				b := &moving{Bucket: r.lake}
				when(b, func() {
					r.writeRejects(silverFile(old+"."+lake.NewAttempt(1, name+"-not")), 21, 22)
					r.writeRejects(silverFile(old+"."+lake.NewAttempt(1, name)), 21)
					r.commit(lake.NewAttempt(1, name))
					require.NoError(t, r.lake.Delete(r.ctx, silverFile(old)))
				})
				ids, err := r.ids(b)
				require.NoError(t, err)
				want := []string{"silver/sales_events/1/0", "silver/sales_events/1/1", "silver/sales_events/1/10", "silver/sales_events/1/11", "silver/sales_events/1/21"}
				if moment == "after it is read" {
					want = append(want, "silver/sales_events/1/20")
				}
				require.ElementsMatch(t, want, ids)
				_, _, err = Show(r.ctx, r.options(), "silver/sales_events/1/21")
				require.NoError(t, err)
			})
		}
	}
}

// A rule of the bucket deletes old files; of those that it has not come to nothing is left out.
func TestRejectsThatAreDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := func(i int64) string {
		return lake.QuarantineKey(sales.Quarantine.Name, lake.BronzeSlice(20_000, 1, "01234567", i))
	}
	for i := range int64(3) {
		r.writeRejects(key(i), i)
	}
	b := &moving{Bucket: r.lake, get: func(got string) {
		if got == key(1) {
			require.NoError(t, r.lake.Delete(r.ctx, got))
		}
	}}
	ids, err := r.ids(b)
	require.NoError(t, err)
	require.Equal(t, []string{"bronze/sales_events/1/0", "bronze/sales_events/1/2"}, ids)
}

// Where each file is gone before it is read the listing is not taken for complete.
func TestRejectsThatMoveOnAndOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	moves := 0
	name := func() string { return silverFile(fmt.Sprint(99 - moves)) } // for the next listing
	r.writeRejects(name(), 1)
	b := &moving{Bucket: r.lake, get: func(key string) {
		if key != name() {
			return // not of the rejects
		}
		moves++
		r.writeRejects(name(), 1)
		require.NoError(t, r.lake.Delete(r.ctx, key))
	}}
	_, err := r.ids(b)
	require.ErrorContains(t, err, "p=001/ are deleted faster than they can be read")
	require.Equal(t, mostListings, moves)
}
