package silver

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// update is a row of bronze/customer_updates.
type update struct {
	id, name, email, segment, city, country string
	at, ingest, offset                      int64
	deleted, partition                      int32
	source                                  string
}

func (u *update) texts() map[string]string {
	return map[string]string{"customer_id": u.id, "name": u.name, "email": u.email, "segment": u.segment, "city": u.city, "country": u.country}
}

func bronzeCustomers(updates []update) *column.Batch {
	b := column.NewBatch(sales.BronzeCustomers, len(updates))
	for _, u := range updates {
		for name, v := range u.texts() {
			b.Column(name).AppendString(v)
		}
		b.Column("_source").AppendString(u.source)
		b.Column("_rescued").AppendString("")
		b.Column("_replay_of").AppendString("")
		put64(b, "updated_ts", u.at)
		put64(b, "_offset", u.offset)
		put64(b, "_ingest_ts", u.ingest)
		put32(b, "deleted", u.deleted)
		put32(b, "_partition", u.partition)
	}
	return b
}

// customerRows gives the rows of a batch as text, in which nothing is left out.
func customerRows(b *column.Batch) (rows []string) {
	for i := range b.Rows() {
		u := update{id: b.Column("customer_id").String(i), name: b.Column("name").String(i), email: b.Column("email").String(i),
			segment: b.Column("segment").String(i), city: b.Column("city").String(i), country: b.Column("country").String(i),
			at: b.Column("updated_ts").I64[i], offset: b.Column("_offset").I64[i], deleted: b.Column("deleted").I32[i], partition: b.Column("_partition").I32[i]}
		rows = append(rows, fmt.Sprint(u))
	}
	return rows
}

// trimmed is what silver makes of an update that it takes.
func (u update) trimmed() update {
	trim := strings.TrimSpace
	return update{id: u.id, name: trim(u.name), email: trim(u.email), segment: trim(u.segment), city: trim(u.city), country: trim(u.country),
		at: u.at, offset: u.offset, deleted: u.deleted, partition: u.partition}
}

// history is what silver/customers must be, computed without its code. Of
// several updates of one customer at one time the greatest offset is left.
type history struct {
	rows     []string
	rejected []string
	in       map[string]lake.Count
}

func historyOf(updates []update) history {
	h := history{in: map[string]lake.Count{}}
	best := map[string]update{}
	for _, u := range updates {
		key := sourceKey(u.source, u.partition)
		h.in[key] = h.in[key].Add(lake.Count{Rows: 1})
		code := ""
		switch {
		case u.at > u.ingest+day:
			code = "future_timestamp"
		case u.at < sales.Year2000:
			code = "implausible_timestamp"
		}
		if code != "" {
			h.rejected = append(h.rejected, fmt.Sprint(code, u.source, u.partition, u.offset))
			continue
		}
		version := fmt.Sprint(u.id, u.at)
		if b, known := best[version]; !known || cmp.Compare(u.offset, b.offset) > 0 {
			best[version] = u.trimmed()
		}
	}
	for _, u := range best {
		h.rows = append(h.rows, fmt.Sprint(u))
	}
	slices.Sort(h.rows)
	slices.Sort(h.rejected)
	return h
}

// drawUpdates gives few customers, times and contents, so that every kind of
// repetition, tie and reject happens.
func drawUpdates(t *rapid.T, partitions int) []update {
	one := rapid.Custom(func(t *rapid.T) update {
		pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
		u := update{
			id: fmt.Sprint("C-", rapid.IntRange(0, 5).Draw(t, "customer")), name: pick("name", "Ada", " Ada", "Ada Byron"), email: "a@example.com",
			segment: pick("segment", "consumer", "consumer "), city: pick("city", "Porto", "Faro", ""), country: "PT",
			at:      midnight + rapid.Int64Range(0, 3).Draw(t, "updated_ts")*8*hour,
			deleted: rapid.Int32Range(0, 1).Draw(t, "deleted"), ingest: midnight + 2*day,
			source: pick("source", sales.TopicCustomers, "file:0123456789abcdef"),
		}
		switch rapid.IntRange(0, 30).Draw(t, "fault") {
		case 0:
			u.at = u.ingest + day + 1
		case 1:
			u.at = sales.Year2000 - 1
		}
		return u
	})
	updates := rapid.SliceOfN(one, 1, 100).Draw(t, "updates")
	offsets := map[string]int64{}
	for i := range updates {
		u := &updates[i]
		u.partition = stream.PartitionFor([]byte(u.id), partitions)
		key := sourceKey(u.source, u.partition)
		// The offsets of two sources differ, as the content would decide if they did not.
		offsets[key] += 2 * rapid.Int64Range(1, 2).Draw(t, "gap")
		if u.offset = offsets[key]; u.source != sales.TopicCustomers {
			u.offset++
		}
	}
	return updates
}

// Whatever the order of arrival between the sources, the batching, the commits
// and the crashes: the history of the customers is the same.
func TestHistoryOfCustomersEqualsTheOracleForEveryHistory(t *testing.T) {
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		const partitions = 2
		h := newHarnessOf(r, customerUpdates, &memoryTopic{}, tempLake(t, run), partitions)
		h.follower = nil
		defer h.close()
		h.stage.Horizon = time.Duration(rapid.SampledFrom([]int{0, 1, 90}).Draw(r, "horizon")) * 24 * time.Hour
		h.stage.IndexBytes = rapid.SampledFrom([]int{24 * dedup.FilterBytes, 12 * dedup.IndexBytes, 1 << 20}).Draw(r, "bound")
		updates := drawUpdates(r, partitions)
		landInTurns(r, h, updates, func(u update) string { return sourceKey(u.source, u.partition) }, h.landCustomers)
		h.drain()
		h.requireHistory(updates)
		for p := range partitions { // what is rebuilt balances, too
			h.drop(p)
			h.open(p)
		}
		h.requireSwept()
	})
}

func (h *harness) landCustomers(updates []update) {
	key := sourceKey(updates[0].source, updates[0].partition)
	m := writeBatch(h.t, h.options.Bucket, customerUpdates, bronzeCustomers(updates), h.ends[key])
	h.ends[key] = m.Source.Next
	h.publish(m)
}

// requireHistory compares silver with what the updates should have become, and
// its changes with its rows.
func (h *harness) requireHistory(updates []update) {
	want, got := historyOf(updates), readTopic(h.t, h.topic, h.options)
	var rows []string
	for _, m := range got.manifests {
		require.Equal(h.t, sales.TableSilverCustomers, m.Table)
		slice := h.customersIn(m.Files, sales.SilverCustomers)
		require.EqualValues(h.t, len(slice), m.Rows)
		rows = append(rows, slice...)
		for _, c := range m.Changes {
			require.Len(h.t, h.customersIn(c.Changed, sales.CustomerChanges), int(countIn(c.Changed)))
		}
	}
	slices.Sort(rows)
	require.Equal(h.t, want.rows, rows)
	require.Equal(h.t, want.rejected, h.customerRejects())
	var out, lost, rejected int64
	for key, l := range got.ledgers {
		require.Equal(h.t, sales.TableSilverCustomers, l.Table)
		require.Zero(h.t, l.Residual(), key)
		require.Equal(h.t, want.in[key], l.In, key)
		out, lost, rejected = out+l.Out.Rows, lost+l.Duplicate.Rows+l.Superseded.Rows, rejected+l.RejectedTotal().Rows
	}
	require.Len(h.t, got.ledgers, len(want.in))
	require.EqualValues(h.t, len(want.rows), out)
	require.EqualValues(h.t, len(updates)-len(want.rows)-len(want.rejected), lost)
	require.EqualValues(h.t, len(want.rejected), rejected)
}

func countIn(files []lake.File) (rows int64) {
	for _, f := range files {
		rows += f.Rows
	}
	return rows
}

func (h *harness) customersIn(files []lake.File, s *column.Schema) (rows []string) {
	for _, f := range files {
		r, err := lake.Fetch(h.ctx, h.options.Bucket, f)
		require.NoError(h.t, err)
		b := column.NewBatch(s, 0)
		require.NoError(h.t, r.Read(b))
		rows = append(rows, customerRows(b)...)
	}
	return rows
}

func (h *harness) customerRejects() (rejects []string) {
	for _, key := range list(h.t, h.options.Bucket, sales.QuarantineCustomers.Name+"/silver/") {
		data, err := h.options.Bucket.Get(h.ctx, key)
		require.NoError(h.t, err)
		r, err := lake.Open(key, data)
		require.NoError(h.t, err)
		b := column.NewBatch(sales.QuarantineCustomers, 0)
		require.NoError(h.t, r.Read(b))
		for i := range b.Rows() {
			rejects = append(rejects, fmt.Sprint(b.Column("code").String(i), b.Column("_source").String(i), b.Column("_partition").I32[i], b.Column("_offset").I64[i]))
		}
	}
	slices.Sort(rejects)
	return rejects
}

// What a repetition, a tie and a late update are booked as.
func TestWhatBecomesOfUpdates(t *testing.T) {
	h := newHarnessOf(t, customerUpdates, &memoryTopic{}, tempLake(t, 0), 1)
	h.follower = nil
	defer h.close()
	next := int64(0)
	send := func(name string, at int64) {
		u := update{id: "C-1", name: name, at: at, ingest: midnight, source: sales.TopicCustomers, offset: next}
		next++
		h.landCustomers([]update{u})
		h.drain()
	}
	ledger := func() *lake.Ledger { return readTopic(t, h.topic, h.options).ledgers["customer_updates/0"] }
	send("Ada", midnight)
	send("Ada", midnight-day)
	require.Equal(t, lake.Count{Rows: 2}, ledger().Out, "the same at another time is a version, also when it comes late")
	send("Ada", midnight)
	require.Equal(t, lake.Count{Rows: 1}, ledger().Duplicate)
	require.Zero(t, ledger().Superseded)
	send("Ada Byron", midnight)
	require.Equal(t, lake.Count{Rows: 1}, ledger().Superseded)
	require.Equal(t, lake.Count{Rows: 2}, ledger().Out)
	manifest := readTopic(t, h.topic, h.options).manifests["silver/customers/day=2026-01-01/p=000"]
	require.Equal(t, []string{fmt.Sprint(update{id: "C-1", name: "Ada Byron", at: midnight, offset: 3})}, h.customersIn(manifest.Files, sales.SilverCustomers))
}

// A rejected update can be corrected and sent again: what quarantine keeps is an
// event of the contract.
func TestRejectedUpdatesAreKeptAsSent(t *testing.T) {
	bronze := bronzeCustomers([]update{
		{id: "C-1", name: "Ada", email: "a@example.com", segment: "consumer", city: "Porto", country: "PT", at: 0},
		{id: "C-2", at: 0, deleted: 1},
	})
	q := customerUpdates.quarantined(bronze, clean.ForCustomers().Clean(bronze).Rejects)
	require.JSONEq(t, `{"customer_id":"C-1","updated_ts":"1970-01-01T00:00:00.000000Z","name":"Ada","email":"a@example.com","segment":"consumer","city":"Porto","country":"PT","deleted":false}`,
		q.Column("raw").String(0))
	require.JSONEq(t, `{"customer_id":"C-2","updated_ts":"1970-01-01T00:00:00.000000Z","deleted":true}`, q.Column("raw").String(1))
	require.Equal(t, "C-2", q.Column("key").String(1))
}

// The rows of one table are none of the other's business, though both are on
// the same topics.
func TestDatasetsDoNotMeet(t *testing.T) {
	topic, folder := &memoryTopic{}, tempLake(t, 0)
	events, customers := newHarness(t, topic, folder, 1), newHarnessOf(t, customerUpdates, topic, folder, 1)
	customers.follower = nil
	defer events.close()
	defer customers.close()
	updates := []update{{id: "C-1", at: midnight, ingest: midnight, source: sales.TopicCustomers}, {id: "C-1", at: 0, ingest: midnight, source: sales.TopicCustomers, offset: 1}}
	for range 3 {
		events.orders(0, 20, 0, 0)
	}
	customers.landCustomers(updates)
	customers.drain()
	for _, h := range []*harness{events, customers} {
		h.drop(0)
		h.open(0) // which compares slices with ledgers
	}
	require.Len(t, opened(customers).slices, 1)
	require.EqualValues(t, 1, opened(customers).version)
	require.EqualValues(t, 3, opened(events).version)
	require.Len(t, opened(events).ledgers, 1)
	opened(customers).sweep(context.Background())
	opened(events).sweep(context.Background())
	require.NotEmpty(t, list(t, events.options.Bucket, "silver/sales/"))
	require.Len(t, list(t, events.options.Bucket, "silver/customers/"), 1)
	require.Len(t, customers.customerRejects(), 1)
}
