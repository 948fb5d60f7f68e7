package quarantine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// The stages that reject, in the order of the data.
const (
	Bronze = "bronze"
	Silver = "silver"
)

// Bucket is where the lake is: a blob.Bucket.
type Bucket interface {
	lake.Objects
	PutNew(ctx context.Context, key string, body []byte) error
	List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error]
}

// Reject is one row of the quarantine.
type Reject struct {
	Stage string
	lake.RejectID
	Code     sales.Code
	Field    string
	Message  string
	Raw      []byte // the original bytes; of silver, the typed event as JSON
	Event    []byte // of a CSV row whose fields are known: what it is as an event, see decode.CSV; empty for all else
	Key      []byte
	ReplayOf string // the reject that it is a replay of, "" for most
}

// ID is "bronze/sales_events/3/41".
func (r *Reject) ID() string { return r.Stage + "/" + r.RecordID.String() }

// Filter chooses rejects; what is not set chooses all.
type Filter struct {
	Codes  []sales.Code
	Stage  string
	Source string
	From   int64 // µs UTC, of arrival
	To     int64 // µs UTC, exclusive
}

func (f *Filter) takes(r *Reject) bool {
	return (len(f.Codes) == 0 || slices.Contains(f.Codes, r.Code)) && (f.Source == "" || f.Source == r.Source) &&
		r.Arrived >= f.From && (f.To == 0 || r.Arrived < f.To)
}

// The columns that a scan reads: all, or those that say what a reject is and
// not what it holds.
var (
	whole = sales.Quarantine
	brief = sales.Quarantine.Project("code", "_source", "_partition", "_offset", "_ingest_ts", "_replay_of")
	marks = sales.Quarantine.Project("code", "field", "message", "_source", "_partition", "_offset", "_ingest_ts", "_replay_of")
)

// scan calls fn for each reject that the filter takes, file by file; one file
// at a time is in memory. A reject is given once, and valid during the call.
func (q *Quarantine) scan(ctx context.Context, f Filter, columns *column.Schema, fn func(*Reject) error) error {
	for _, stage := range []string{Bronze, Silver} {
		if f.Stage != "" && f.Stage != stage {
			continue
		}
		for _, prefix := range q.prefixes(stage) {
			seen := seen{}
			err := q.files(ctx, prefix, func(o blob.Object) error {
				return q.file(ctx, stage, o.Key, columns, func(r *Reject) error {
					if !f.takes(r) || stage == Silver && seen.before(r) {
						return nil
					}
					return fn(r)
				})
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// prefixes are those of a stage's files, and in silver one for each partition: its
// rejects are told apart in memory.
func (q *Quarantine) prefixes(stage string) []string {
	all := q.set.folder + "/" + stage + "/"
	if stage == Bronze {
		return []string{all}
	}
	prefixes := make([]string, q.Partitions)
	for p := range prefixes {
		prefixes[p] = fmt.Sprintf("%sp=%03d/", all, p)
	}
	return prefixes
}

// mostListings is how often files are listed: once more than they are replaced meanwhile.
const mostListings = 10

// files calls read for each file under a prefix that counts. Meanwhile a reprocess may move
// rejects to a new file, and then delete the old one, and a rule of the bucket may delete any.
// So where a file is gone all are listed again, and once more in any case: of
// two that a listing has missed one was new, and is in the next. Files that
// were read are left out.
func (q *Quarantine) files(ctx context.Context, prefix string, read func(blob.Object) error) error {
	done := map[string]bool{}
	for listing := range mostListings {
		gone := false
		for o, err := range q.current(ctx, prefix) {
			if err != nil {
				return fmt.Errorf("list rejects: %w", err)
			}
			if done[o.Key] {
				continue
			}
			err := read(o)
			if errors.Is(err, blob.ErrNotFound) {
				gone = true
				continue
			}
			if err != nil {
				return err
			}
			done[o.Key] = true
		}
		if listing > 0 && !gone {
			return nil
		}
	}
	return fmt.Errorf("files under %s are deleted faster than they can be read: try again when no reprocess is running", prefix)
}

// current lists the files that count: of those that commands have left of a bronze
// slice, the last that was committed before.
func (q *Quarantine) current(ctx context.Context, prefix string) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		attempts, err := q.committed(ctx, prefix)
		if err != nil {
			yield(blob.Object{}, err)
			return
		}
		slice, files := "", map[string]blob.Object{}
		pick := func() bool {
			key, _ := attempts.Pick(slices.Sorted(maps.Keys(files)), 0)
			return key == "" || yield(files[key], nil)
		}
		for o, err := range q.Bucket.List(ctx, prefix) {
			if err != nil {
				yield(blob.Object{}, err)
				return
			}
			next, _ := lake.SplitSilverRejectKey(o.Key)
			if next != slice {
				if !pick() {
					return
				}
				slice = next
				clear(files)
			}
			files[o.Key] = o
		}
		pick()
	}
}

// committed reads which attempts at files under a prefix were committed.
func (q *Quarantine) committed(ctx context.Context, prefix string) (lake.Attempts, error) {
	attempts, partition := lake.Attempts{}, partitionOf(prefix)
	if partition < 0 { // bronze's, which no command moves
		return attempts, nil
	}
	return attempts, stream.ReadToEnd(ctx, q.Kafka, sales.TopicSilver, []int32{partition}, func(r stream.Record) error {
		if !lake.IsDone(r.Key) || len(r.Value) == 0 {
			return nil
		}
		d, err := lake.DecodeDone(r.Value)
		if err == nil && d.Partition == partition {
			attempts.Add(d)
		}
		return err
	})
}

// seen knows the rejects of a partition of silver. One may be in two files: when
// it was moved to another meanwhile, or when a writer that was fenced has left
// one whose rejects its successor has written, too.
type seen map[lake.RejectID]struct{}

func (s seen) before(r *Reject) bool {
	_, ok := s[r.RejectID]
	s[r.RejectID] = struct{}{}
	return ok
}

// file calls fn for each reject of a file.
func (q *Quarantine) file(ctx context.Context, stage, key string, columns *column.Schema, fn func(*Reject) error) error {
	data, err := q.Bucket.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("read rejects: %w", err)
	}
	file, err := lake.Open(key, data)
	if err != nil {
		return err
	}
	b := column.NewBatch(columns, 0)
	if err := file.Read(b); err != nil {
		return err
	}
	at := columns.Index
	for i := range b.Rows() {
		r := Reject{Stage: stage, Code: sales.Code(b.Column("code").String(i)), ReplayOf: b.Column("_replay_of").String(i), RejectID: lake.RejectID{
			RecordID: lake.RecordID{Source: q.name(b.Column("_source").String(i)), Partition: b.Column("_partition").I32[i], Offset: b.Column("_offset").I64[i]},
			Arrived:  b.Column("_ingest_ts").I64[i]}}
		if at("message") >= 0 {
			r.Field, r.Message = b.Column("field").String(i), b.Column("message").String(i)
		}
		if at("raw") >= 0 {
			r.Raw, r.Key = b.Column("raw").Bytes(i), b.Column("key").Bytes(i)
			r.Event = b.Column("event").Bytes(i)
		}
		if err := fn(&r); err != nil {
			return err
		}
	}
	return nil
}
