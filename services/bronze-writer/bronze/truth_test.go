package bronze

import (
	"fmt"
	"maps"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// truth is what was sent of a dataset, and what must become of it.
type truth struct {
	*dataset
	rows     map[string]int64  // cents by what identifies an event
	rejects  map[string]string // code by original bytes
	ledgers  [partitions]lake.Ledger
	sequence int
}

// sale gives a good event of sales_events, what identifies it, and its money.
func sale(i int, key string) (value, id string, cents int64) {
	return fmt.Sprintf(`{"event_id":"e-%d","event_ts":"2026-01-31T12:00:00Z","order_id":"%s","order_ts":"2026-01-31T11:00:00Z","customer_id":"C-1",`+
		`"product_id":"P-1","category":"Books","region":"Europe","quantity":1,"unit_price":1.00,"revenue":%d.50,"status":"completed"}`, i, key, i), fmt.Sprintf("e-%d", i), int64(i)*100 + 50
}

// update gives one of customer_updates; every seventh is a deletion, which
// keeps its city, as all are told apart by it.
func update(i int, key string) (value, id string, cents int64) {
	id = fmt.Sprintf("city %d", i)
	if i%7 == 0 && i%10 != 0 {
		return fmt.Sprintf(`{"customer_id":"%s","updated_ts":"2026-01-31T12:00:00Z","city":"%s","deleted":true}`, key, id), id, 0
	}
	return fmt.Sprintf(`{"customer_id":"%s","updated_ts":"2026-01-31T12:00:00Z","name":"Books","email":"a@example.com","segment":"consumer","city":"%s","country":"PT","deleted":false}`, key, id), id, 0
}

// identity is the column that tells a dataset's events of the tests apart.
func (d *dataset) identity() string {
	if d.topic == sales.TopicCustomers {
		return "city"
	}
	return "event_id"
}

// spoilt gives what a good event must hold instead for a code.
var spoilt = map[string]map[sales.Code][2]string{
	sales.TopicEvents: {sales.MissingField: {`"P-1"`, "null"}, sales.WrongType: {`"quantity":1`, `"quantity":"1"`}, sales.BadDecimal: {".50,", ".505,"}},
	sales.TopicCustomers: {sales.MissingField: {`"PT"`, "null"}, sales.WrongType: {`"deleted":false`, `"deleted":"false"`},
		sales.BadDecimal: {`"deleted":false`, `"deleted":0`}}, // it has no decimals: another wrong type
}

func (tr *truth) event() stream.Record {
	tr.sequence++
	i := tr.sequence
	key := fmt.Sprintf("O-%d", i%1000)
	partition := stream.PartitionFor([]byte(key), partitions)
	write := map[string]func(int, string) (string, string, int64){sales.TopicEvents: sale, sales.TopicCustomers: update}[tr.topic]
	value, id, cents := write(i, key)
	code := ""
	if i%10 == 0 {
		codes := []sales.Code{sales.InvalidUTF8, sales.InvalidJSON, sales.NotAnObject, sales.WrongKey, sales.MissingField, sales.WrongType, sales.BadTimestamp, sales.BadDecimal, sales.TooLarge, sales.Empty}
		code = string(codes[i/10%len(codes)])
	}
	switch sales.Code(code) {
	case sales.InvalidUTF8:
		value = strings.Replace(value, "Books", "\xff", 1)
	case sales.InvalidJSON:
		value = value[:len(value)-1]
	case sales.NotAnObject:
		value = "[" + value + "]"
	case sales.WrongKey:
		partition = (partition + 1) % partitions
	case sales.MissingField, sales.WrongType, sales.BadDecimal:
		value = strings.Replace(value, spoilt[tr.topic][sales.Code(code)][0], spoilt[tr.topic][sales.Code(code)][1], 1)
	case sales.BadTimestamp:
		value = strings.Replace(value, "12:00:00Z", "25:00:00Z", 1)
	case sales.TooLarge:
		value = fmt.Sprint(i) + strings.Repeat("x", 1<<10)
	case sales.Empty:
		value = ""
	}
	if code == string(sales.BadDecimal) && tr.money == "" {
		code = string(sales.WrongType)
	}
	l := &tr.ledgers[partition]
	l.In.Rows++
	if code == "" {
		tr.rows[id] = cents
		l.In.Cents += cents
		l.Out = l.Out.Add(lake.Count{Rows: 1, Cents: cents})
	} else {
		tr.rejects[value] = code
		if l.Rejected == nil {
			l.Rejected = map[sales.Code]lake.Count{}
		}
		l.Rejected[sales.Code(code)] = l.Rejected[sales.Code(code)].Add(lake.Count{Rows: 1})
	}
	return stream.Record{Topic: tr.topic, Partition: partition, Key: []byte(key), Value: []byte(value)}
}

// requireTruth compares lake, topics and ledger with what was sent.
func (r *rig) requireTruth() {
	r.t.Helper()
	manifests := r.requireManifests()
	files := r.files("bronze/")
	for key := range files {
		require.Contains(r.t, manifests, key, "an orphan")
	}
	require.Len(r.t, manifests, len(files), "a manifest without its file")
	for _, tr := range r.truth {
		r.requireRows(tr)
		r.requireRejects(tr)
	}
}

func (r *rig) requireRows(tr *truth) {
	rows, deleted := map[string]int64{}, 0
	for key, data := range r.files(tr.Schema.Name + "/") {
		b := read(r.t, key, data, tr.Schema)
		for i := range b.Rows() {
			id := b.Column(tr.identity()).String(i)
			_, twice := rows[id] // a look-up, as NotContains compares with every key
			require.False(r.t, twice, "%s is twice in bronze", id)
			rows[id] = 0
			if tr.money != "" {
				rows[id] = b.Column(tr.money).I64[i]
			} else if b.Column("deleted").I32[i] == 1 {
				deleted++
			}
		}
	}
	require.Len(r.t, rows, len(tr.rows))
	require.True(r.t, maps.Equal(tr.rows, rows))
	require.Equal(r.t, tr.topic == sales.TopicCustomers, deleted > 0)
}

func (r *rig) requireRejects(tr *truth) {
	rejects, letters := map[string]string{}, map[string]string{}
	empties := 0
	for key, data := range r.files(tr.quarantine.Name + "/") {
		b := read(r.t, key, data, tr.quarantine)
		for i := range b.Rows() {
			raw := b.Columns[qRaw].String(i)
			if raw == "" {
				empties++
			} else {
				_, twice := rejects[raw]
				require.False(r.t, twice, "%s is twice in quarantine", raw)
			}
			rejects[raw] = b.Columns[qCode].String(i)
		}
	}
	require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, tr.dlq, nil, func(l stream.Record) error {
		if len(l.Value) == 0 {
			empties--
		} else {
			_, twice := letters[string(l.Value)]
			require.False(r.t, twice, "%s is twice in the dead letters", l.Value)
		}
		letters[string(l.Value)] = string(l.Headers[0].Value)
		return nil
	}))
	require.Zero(r.t, empties)
	require.True(r.t, maps.Equal(tr.rejects, rejects))
	require.True(r.t, maps.Equal(tr.rejects, letters))
}

// requireManifests checks the ledgers and ranges, and gives the files' keys.
func (r *rig) requireManifests() map[string]*lake.Manifest {
	files, next, ledgers := map[string]*lake.Manifest{}, map[stream.Partition]int64{}, map[stream.Partition]lake.Ledger{}
	require.NoError(r.t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicBronze, nil, func(record stream.Record) error {
		if lake.IsLedger(record.Key) {
			l, err := lake.DecodeLedger(record.Value)
			require.NoError(r.t, err)
			require.Zero(r.t, l.Residual())
			require.Equal(r.t, record.Partition, l.Partition)
			ledgers[stream.Partition{Topic: l.Source, ID: l.Partition}] = *l
			return nil
		}
		m, err := lake.DecodeManifest(record.Value)
		require.NoError(r.t, err)
		require.Equal(r.t, record.Partition, m.Partition)
		require.NotContains(r.t, files, m.Files[0].Key)
		require.Equal(r.t, "bronze/"+m.Source.Name, m.Table)
		p := stream.Partition{Topic: m.Source.Name, ID: m.Partition}
		require.GreaterOrEqual(r.t, m.Source.First, next[p])
		next[p] = m.Source.Next
		files[m.Files[0].Key] = m
		f, err := lake.Fetch(r.ctx, r.lake, m.Files[0])
		require.NoError(r.t, err)
		require.Equal(r.t, m.Rows, f.Rows())
		return nil
	}))
	for _, tr := range r.truth {
		for i, want := range tr.ledgers {
			p := stream.Partition{Topic: tr.topic, ID: int32(i)}
			got := ledgers[p]
			require.Equal(r.t, want.In, got.In, p)
			require.Equal(r.t, want.Out, got.Out, p)
			require.True(r.t, maps.Equal(want.Rejected, got.Rejected), "%v %v", want.Rejected, got.Rejected)
			require.Equal(r.t, next[p], got.Through)
		}
	}
	return files
}
