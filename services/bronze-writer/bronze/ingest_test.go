package bronze

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

const header = "order_id,order_ts,customer_id,product_id,category,region,quantity,unit_price,revenue,status"

// fileOf makes n rows: one in ten is bad, one in seven has a quoted line break.
func fileOf(n int) (csv string, cents int64, rejects map[sales.Code]int64) {
	var b strings.Builder
	rejects = map[sales.Code]int64{}
	b.WriteString(header + "\n")
	for i := 1; i <= n; i++ {
		category, revenue, end := "Books", fmt.Sprintf("%d.25", i), "\n"
		switch {
		case i%40 == 10:
			revenue = "1.234"
			rejects[sales.BadDecimal]++
		case i%40 == 20:
			category = `"Boo"ks`
			rejects[sales.MalformedRow]++
		case i%40 == 30:
			end = "\n\n"
			rejects[sales.Empty]++
		case i%40 == 0:
			category = "\xff"
			rejects[sales.InvalidUTF8]++
		case i%7 == 0:
			category, end = "\"Home,\n \"\"Garden\"\"\"", "\r\n"
		}
		if i%10 != 0 || i%40 == 30 {
			cents += int64(i)*100 + 25
		}
		fmt.Fprintf(&b, "O-%d,2026-01-31 12:00:00,C-1,P-1,%s,Europe,1,1.00,%s,completed%s", i, category, revenue, end)
	}
	return b.String(), cents, rejects
}

func (r *rig) write(name, content string) string {
	path := filepath.Join(r.t.TempDir(), name)
	require.NoError(r.t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// snapshot is all that an ingest leaves, but for times.
func (r *rig) snapshot() (objects map[string][]byte, published []string, letters int) {
	require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicBronze, nil, func(record stream.Record) error {
		published = append(published, string(record.Key))
		return nil
	}))
	require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicDLQ, nil, func(stream.Record) error { letters++; return nil }))
	slices.Sort(published)
	return r.files(""), published, letters
}

// requireIngested compares the lake with what a result says and the rows want.
func (r *rig) requireIngested(res Result, rows int64) {
	var count lake.Count
	rejects, offsets := map[sales.Code]int64{}, map[int64]bool{}
	for key, data := range r.files("bronze/") {
		b := read(r.t, key, data, sales.Bronze)
		count = count.Add(datasets[0].count(b))
		for i := range b.Rows() {
			offset := b.Column("_offset").I64[i]
			require.False(r.t, offsets[offset])
			offsets[offset] = true
			require.Equal(r.t, stream.PartitionFor(b.Column("order_id").Bytes(i), partitions), b.Column("_partition").I32[i])
			require.Equal(r.t, fmt.Sprintf("%s-%012d", res.Source[5:], offset), b.Column("event_id").String(i))
		}
	}
	for key, data := range r.files("quarantine/") {
		b := read(r.t, key, data, sales.Quarantine)
		for i, offset := range b.Columns[qOffset].I64 {
			require.False(r.t, offsets[offset])
			offsets[offset] = true
			rejects[sales.Code(b.Columns[qCode].String(i))]++
		}
	}
	require.Len(r.t, offsets, int(rows))
	for i := range rows {
		require.True(r.t, offsets[i+1])
	}
	require.Equal(r.t, lake.Count{Rows: res.Rows, Cents: res.Cents}, count)
	require.True(r.t, maps.Equal(res.Rejected, rejects))
	var ledger lake.Ledger
	latest := map[string]*lake.Ledger{}
	require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicBronze, nil, func(record stream.Record) error {
		if lake.IsLedger(record.Key) {
			l, err := lake.DecodeLedger(record.Value)
			require.NoError(r.t, err)
			latest[l.Key()] = l
		}
		return nil
	}))
	for _, l := range latest {
		require.Zero(r.t, l.Residual())
		ledger.In, ledger.Out = ledger.In.Add(l.In), ledger.Out.Add(l.Out)
	}
	require.Equal(r.t, count, ledger.Out)
	require.Equal(r.t, rows, ledger.In.Rows)
}

var small = layout{chunk: 1000, chunks: 3}

func TestIngestTwiceIsOnce(t *testing.T) {
	r := newRig(t)
	ignore := goleak.IgnoreCurrent()
	csv, cents, rejects := fileOf(2000)
	path := r.write("sales.csv", csv)
	seen := map[Pass][]int64{}
	in := IngestOptions{File: files.File{Name: path}, Progress: func(p Pass, done int64) { seen[p] = append(seen[p], done) }}
	res, err := ingestFile(r.ctx, r.options(r.lake), in, small)
	require.NoError(t, err)
	require.Equal(t, int64(len(csv)), seen[Hash][len(seen[Hash])-1])
	require.Equal(t, int64(len(csv)), seen[Land][len(seen[Land])-1])
	require.IsIncreasing(t, seen[Land])
	require.Greater(t, len(seen[Land]), 10)
	require.Equal(t, cents, res.Cents)
	require.Equal(t, rejects, res.Rejected)
	require.Zero(t, res.Skipped)
	r.requireIngested(res, 2000+rejects[sales.Empty])
	objects, published, letters := r.snapshot()

	again, err := ingestFile(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}}, small)
	require.NoError(t, err)
	require.Equal(t, res.Files, again.Skipped)
	again.Skipped = 0
	require.Equal(t, res, again)
	objects2, published2, letters2 := r.snapshot()
	require.Equal(t, objects, objects2)
	require.Equal(t, published, published2)
	require.Equal(t, letters, letters2)
	_, err = ingestFile(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}, EffectiveAt: time.Now()}, small)
	require.ErrorContains(t, err, "was ingested with effective time none")
	goleak.VerifyNone(t, ignore)
}

// An ingest that fails at any of its writes is completed by another.
func TestIngestCutShort(t *testing.T) {
	t.Parallel()
	csv, _, rejects := fileOf(400)
	cut := errors.New("cut")
	for fail := 0; ; fail += 5 {
		r := newRig(t)
		path := r.write("sales.csv", csv)
		writes := 0
		hook := func(string) error {
			if writes++; writes > fail {
				return cut
			}
			return nil
		}
		o := r.options(&hooked{Bucket: r.lake, before: hook})
		if fail%2 == 1 {
			o = r.options(&hooked{Bucket: r.lake, after: hook})
		}
		_, err := ingestFile(r.ctx, o, IngestOptions{File: files.File{Name: path}}, layout{chunk: 3000, chunks: 3})
		if err == nil {
			require.Greater(t, fail, 9)
			return
		}
		require.ErrorIs(t, err, cut)
		res, err := ingestFile(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}}, layout{chunk: 3000, chunks: 3})
		require.NoError(t, err)
		r.requireIngested(res, 400+rejects[sales.Empty])
	}
}

func TestIngestUnusable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, c := range map[string]struct{ content, want string }{
		"empty.csv":   {"", "the file is empty"},
		"bom.csv":     {"\xef\xbb\xbf", "the file is empty"},
		"empty.jsonl": {"", "the file is empty"},
		"columns.csv": {"order_id,status\n", "columns.csv: unusable input: the header lacks the columns order_ts, customer_id"},
		"utf16.csv":   {"\xff\xfeo\x00", "not UTF-8"},
		"long.csv":    {strings.Repeat("x", 2<<20), "the header does not end"},
		"empty.gz":    {string(compressed(t, "gzip", "")), "the file is empty"},
		"cut.csv":     {cutOff(t, "gzip"), "its gzip stream is cut off at byte"},
		"cut.csv.zst": {cutOff(t, "zstd"), "its zstd stream is cut off at byte"},
	} {
		_, err := Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: r.write(name, c.content)}})
		require.ErrorIs(t, err, decode.ErrUnusable, name)
		require.ErrorContains(t, err, c.want)
	}
	for _, path := range []string{"/no/such/file.csv", t.TempDir()} {
		_, err := Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}})
		require.ErrorIs(t, err, decode.ErrUnusable)
		require.ErrorContains(t, err, path)
	}
	require.Empty(t, r.files(""))
}

const customers = "customer_id,updated_ts,name,email,segment,city,country,deleted\n" +
	"C-1,2026-01-31 12:00:00,Ana,a@example.com,consumer,Porto,PT,\n" +
	"C-1,2026-02-01 12:00:00,,,,,,true\n" +
	"C-2,2026-02-01 12:00:00,Bo,b@example.com,consumer,Oslo,NO,yes\n"

func TestIngestCustomers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	path := r.write("customers.csv", customers)
	_, err := Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}})
	require.ErrorIs(t, err, decode.ErrUnusable)
	require.ErrorContains(t, err, "customers.csv: unusable input: it holds customer_updates, not sales_events: ingest it as dataset customer_updates")
	require.Empty(t, r.files(""))
	_, err = Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}, Dataset: "customers"})
	require.ErrorContains(t, err, `dataset "customers" is not known; there are [sales_events customer_updates]`)

	in := IngestOptions{File: files.File{Name: path}, Dataset: sales.TopicCustomers}
	res, err := Ingest(r.ctx, r.options(r.lake), in)
	require.NoError(t, err)
	require.Equal(t, [2]int64{2, 0}, [2]int64{res.Rows, res.Cents})
	require.Equal(t, map[sales.Code]int64{sales.WrongType: 1}, res.Rejected)
	files, published, _ := r.snapshot()
	again, err := Ingest(r.ctx, r.options(r.lake), in)
	require.NoError(t, err)
	require.Equal(t, res.Files, again.Skipped)
	filesAgain, publishedAgain, _ := r.snapshot()
	require.Equal(t, files, filesAgain)
	require.Equal(t, published, publishedAgain)
	for key := range files {
		require.Regexp(t, "^(bronze|quarantine)/customer_updates/", key)
	}
}

// A file that fits no dataset is taken as the one that it is given as; its
// content cannot be another's later.
func TestIngestAsAnotherDataset(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	path := r.write("odd.ndjson", "{}\n")
	_, err := Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}})
	require.NoError(t, err)
	_, err = Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: path}, Dataset: sales.TopicCustomers})
	require.ErrorContains(t, err, "was ingested as dataset sales_events, now it is given as customer_updates")
}

func TestIngestKinds(t *testing.T) {
	t.Parallel()
	row := "O-1,2026-01-31 12:00:00,C-1,P-1,Books,Europe,1,1.00,2.00,completed"
	json := `{"event_id":"%s","event_ts":"2026-01-31T12:00:00Z","order_id":"O-1","order_ts":"2026-01-31T11:00:00Z","customer_id":"C-1","product_id":"P-1",` +
		`"category":"Books","region":"Europe","quantity":1,"unit_price":1.00,"revenue":2,"status":"completed"}` + "\r\n"
	for name, c := range map[string]struct {
		content string
		rows    int64
		rejects map[sales.Code]int64
	}{
		"header.csv": {header, 0, nil},
		"bom.csv":    {"\xef\xbb\xbf" + header + "\r\n" + row + "\r\n" + row, 2, nil},
		"quoted.csv": {"\xef\xbb\xbf\"" + strings.ReplaceAll(header, ",", `","`) + "\"\n" + row + "\n", 1, nil},
		"lines.json": {header + "\n\n" + row + "\n", 1, map[sales.Code]int64{sales.Empty: 1}},
		"a.ndjson":   {"\xef\xbb\xbf" + fmt.Sprintf(json, "a") + "\r\n{}\n[]\n" + fmt.Sprintf(json, "b"), 2, map[sales.Code]int64{sales.Empty: 1, sales.MissingField: 1, sales.NotAnObject: 1}},
		"long.csv":   {header + "\n" + row + "\n" + strings.Repeat("x", decode.MaxRecord+9<<20) + "\n" + row + "\n", 2, map[sales.Code]int64{sales.TooLarge: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			res, err := Ingest(r.ctx, r.options(r.lake), IngestOptions{File: files.File{Name: r.write(name, c.content)}})
			require.NoError(t, err)
			require.Equal(t, c.rows, res.Rows)
			require.Equal(t, c.rows*200, res.Cents)
			require.True(t, maps.Equal(c.rejects, res.Rejected), "%v", res.Rejected)
		})
	}
}

func TestChunksAreTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "rows")
		text, _, _ := fileOf(n)
		file := []byte(text)[:rapid.IntRange(1, len(text)).Draw(t, "length")]
		c := &chunker{in: &input{}, r: iotest.HalfReader(bytes.NewReader(file)), size: rapid.IntRange(1, 900).Draw(t, "size")}
		var all []byte
		row := int64(1)
		for {
			next, err := c.next(nil)
			require.NoError(t, err)
			if next.rows == 0 {
				break
			}
			require.Equal(t, row, next.row)
			row += int64(next.rows)
			all = append(all, next.data...)
		}
		require.Equal(t, string(file), string(all))
		_, rows := decode.CutRecords(file, true)
		require.EqualValues(t, rows, row-1)
	})
}
