package dq

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// What is merged.
const (
	mergeFrom    = 64              // small files of a folder; also the flushes between two looks
	smallFile    = 1 << 20         // bytes: a file that has as many is left alone
	mergeBytes   = 4 << 20         // of files that become one: they are in memory together
	mergeWidth   = 16              // calls at the same time
	mergeTimeout = 5 * time.Second // the next flush waits for it
)

// fileName is that of a file of dq/ after the topic: first offset, and what makes it unique.
var fileName = regexp.MustCompile(`^-[0-9]{20}-(merged-)?[a-z2-7]{8}\.parquet$`)

// filesBucket is where files are: a blob.Bucket.
type filesBucket interface {
	lake.Putter
	lake.Deleter
	lake.Objects
	List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error]
}

// files are those that a task writes to dq/: one a table and flush, in a folder by run date
// and partition, named by topic and first offset. It makes few of many.
//
// Rows are only added, and readers take the newest run_ts of a key. So a merged file is
// written, then its parts are deleted, and whatever happens between leaves rows twice at most:
// a crash, or a former owner of the partition that merges the same parts. A reader to whom a
// listed file is gone finds its rows when it lists again.
type files struct {
	bucket    filesBucket
	encoding  lake.Encoding
	log       *zap.Logger
	merging   *sync.Mutex // of the instance, which merges one folder at a time
	topic     string      // without "lake."
	partition int32
	day       int32    // run date of the last flush that wrote
	closed    int32    // run date before that, until its files are merged for good; 0 for none
	flushes   int      // that wrote, since files were last looked at
	parts     []string // that a merged file holds, and that could not be deleted
}

func (s *stage) files(p stream.Partition) files {
	return files{bucket: s.Bucket, encoding: s.Encoding, log: s.Log, merging: &s.merging, topic: strings.TrimPrefix(p.Topic, "lake."), partition: p.ID}
}

// prefix begins the keys of a table's files of a run date.
func (f *files) prefix(schema *column.Schema, day int32) string {
	return fmt.Sprintf("%s/date=%s/p=%03d/%s", schema.Name, sales.FormatDay(day), f.partition, f.topic)
}

// unique ends a key.
func unique() string { return strings.ToLower(rand.Text()[:8]) + ".parquet" }

// write puts a file of each table that has rows into the store; first is the offset of the
// first record that the flush consumes. A flush that is not committed leaves its files: the
// one that follows it writes its rows again, with a later run_ts.
func (f *files) write(ctx context.Context, n *notes, first int64) error {
	day, name := sales.DayOf(n.run), fmt.Sprintf("-%020d-%s", first, unique())
	group, ctx := errgroup.WithContext(ctx)
	wrote := false
	for _, rows := range []*column.Batch{n.results, n.ledger, n.samples} {
		if rows.Rows() > 0 {
			wrote = true
			group.Go(func() error { return f.put(ctx, f.prefix(rows.Schema, day)+name, rows) })
		}
	}
	if wrote {
		f.wrote(day)
	}
	return group.Wait()
}

// wrote counts a flush. The first one, and the first of a date, has files looked at that are
// there already: of an earlier process, and of the date before.
func (f *files) wrote(day int32) {
	f.flushes++
	if day == f.day {
		return
	}
	f.flushes, f.closed = mergeFrom, f.day
	if f.day == 0 {
		f.closed = day - 1
	}
	f.day = day
}

func (f *files) put(ctx context.Context, key string, rows *column.Batch) error {
	encoder, err := lake.NewEncoder(rows.Schema, f.encoding)
	if err != nil {
		return err
	}
	data, err := encoder.Encode(nil, rows)
	if err != nil {
		return err
	}
	return f.bucket.Put(ctx, key, data)
}

// tidy merges small files, once in mergeFrom flushes and in mergeTimeout at most. What cannot
// be done is logged, and left for the next time.
func (f *files) tidy() {
	if f.flushes < mergeFrom || !f.merging.TryLock() {
		return
	}
	defer f.merging.Unlock()
	f.flushes = 0
	ctx, cancel := context.WithTimeout(context.Background(), mergeTimeout)
	defer cancel()
	if err := f.merge(ctx); err != nil {
		f.log.Warn("small files of dq/ are left for later", zap.Error(err))
	}
}

func (f *files) merge(ctx context.Context) error {
	if err := f.deleteParts(ctx); err != nil {
		return err
	}
	for _, schema := range []*column.Schema{sales.Results, sales.DQLedger, sales.Samples} {
		if err := f.mergeDate(ctx, schema, f.day, mergeFrom); err != nil {
			return err
		}
		if f.closed == 0 {
			continue
		}
		if err := f.mergeDate(ctx, schema, f.closed, 2); err != nil {
			return err
		}
	}
	f.closed = 0
	return nil
}

// mergeDate merges the small files of a table's run date while there are as many as least.
func (f *files) mergeDate(ctx context.Context, schema *column.Schema, day int32, least int) error {
	var small []blob.Object
	prefix := f.prefix(schema, day)
	for o, err := range f.bucket.List(ctx, prefix+"-") {
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		if o.Size < smallFile && fileName.MatchString(strings.TrimPrefix(o.Key, prefix)) {
			small = append(small, o)
		}
	}
	for len(small) >= least {
		var keys []string
		for size := int64(0); len(keys) < len(small) && size < mergeBytes; {
			size += small[len(keys)].Size
			keys = append(keys, small[len(keys)].Key)
		}
		small = small[len(keys):]
		if err := f.mergeFiles(ctx, schema, keys); err != nil {
			return err
		}
	}
	return nil
}

// mergeFiles writes the rows of files, in their order, to one whose key sorts where the first
// one's does, and deletes them.
func (f *files) mergeFiles(ctx context.Context, schema *column.Schema, keys []string) error {
	contents, err := f.read(ctx, keys)
	if err != nil {
		return err
	}
	rows := column.NewBatch(schema, 0)
	var parts []string
	for i, data := range contents {
		if data == nil {
			continue
		}
		r, err := lake.Open(keys[i], data)
		if err != nil {
			return err
		}
		if version, _ := strconv.Atoi(r.Meta()[lake.MetaVersion]); version > schema.Version {
			continue // an instance that is newer may have written columns that this one does not know
		}
		if err := r.Read(rows); err != nil {
			return err
		}
		parts = append(parts, keys[i])
	}
	if len(parts) < 2 {
		return nil
	}
	start := len(f.topic) + len("-00000000000000000000-")
	dir, name := path.Split(parts[0])
	if err := f.put(ctx, dir+name[:start]+"merged-"+unique(), rows); err != nil {
		return err
	}
	f.log.Debug("small files are merged", zap.String("first", parts[0]), zap.Int("files", len(parts)), zap.Int("rows", rows.Rows()))
	f.parts = parts
	return f.deleteParts(ctx)
}

// read gets files; one that is gone, as another owner has merged it, is nil.
func (f *files) read(ctx context.Context, keys []string) ([][]byte, error) {
	contents := make([][]byte, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(mergeWidth)
	for i, key := range keys {
		group.Go(func() (err error) {
			contents[i], err = f.bucket.Get(ctx, key)
			if errors.Is(err, blob.ErrNotFound) {
				contents[i], err = nil, nil
			}
			return err
		})
	}
	return contents, group.Wait()
}

// deleteParts deletes what a merged file holds; after an error, all of it again.
func (f *files) deleteParts(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(mergeWidth)
	for _, key := range f.parts {
		group.Go(func() error { return f.bucket.Delete(ctx, key) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	f.parts = nil
	return nil
}
