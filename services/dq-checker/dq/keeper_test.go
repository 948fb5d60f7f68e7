package dq

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// history is a consistent run of one partition: bronze files, their ledgers,
// and silver commits over them.
type history struct {
	bronze []stream.Record
	silver []stream.Record
	in     lake.Count
	next   int64     // of the source
	file   lake.File // that the next bronze manifest has, if any
	lost   int64     // rows that silver has no account of
}

const partition = 3

func (h *history) land(rows, cents, rejected int64) {
	first := int64(0)
	ledger := lake.Ledger{Format: lake.Format, Stage: "bronze", Source: sales.TopicEvents, Partition: partition}
	if n := len(h.bronze); n > 0 {
		last, _ := lake.DecodeLedger(h.bronze[n-1].Value)
		ledger, first = *last, last.Through
	}
	next := first + rows + rejected
	h.next = next
	m := lake.Manifest{Format: lake.Format, Table: sales.TableBronze, Slice: fmt.Sprint("f", first), Partition: partition,
		Count:  lake.Count{Rows: rows, Cents: cents},
		Source: &lake.Source{Name: sales.TopicEvents, Partition: partition, First: first, Next: next, Records: rows + rejected}}
	if h.file.Key != "" {
		m.Files, h.file = []lake.File{h.file}, lake.File{}
	}
	ledger.Through = next
	ledger.In = ledger.In.Add(lake.Count{Rows: rows + rejected, Cents: cents})
	ledger.Out = ledger.Out.Add(m.Count)
	ledger.Rejected = map[sales.Code]lake.Count{sales.InvalidJSON: {Rows: ledger.In.Rows - ledger.Out.Rows}}
	h.bronze = append(h.bronze, h.record(sales.TopicBronze, m.Key(), m.Encode()))
	h.bronze = append(h.bronze, h.record(sales.TopicBronze, ledger.Key(), ledger.Encode()))
	h.in = h.in.Add(m.Count)
}

// record places bronze records at every third offset, as markers would.
func (h *history) record(topic, key string, value []byte) stream.Record {
	return stream.Record{Topic: topic, Partition: partition, Offset: int64(3 * len(h.bronze)), Key: []byte(key), Value: value}
}

// ingest lands a file beside the topic's records.
func (h *history) ingest(rows, cents int64) {
	m := lake.Manifest{Format: lake.Format, Table: sales.TableBronze, Slice: "file", Partition: partition, Count: lake.Count{Rows: rows, Cents: cents},
		Source: &lake.Source{Name: "file:1", Partition: partition, First: 1, Next: rows + 1, Records: rows}}
	h.bronze = append(h.bronze, h.record(sales.TopicBronze, m.Key(), m.Encode()))
}

// commitFile has silver take the ingested file and, in the same commit, what the topic
// brought since the commit before.
func (h *history) commitFile(version, rows, cents int64) {
	file := lake.Ledger{Format: lake.Format, Stage: "silver", Source: "file:1", Partition: partition, Version: version, Slices: []string{"day=2026-01-03/p=003"},
		Sources: []string{"file:1", sales.TopicEvents}, Through: int64(3*(len(h.bronze)-1)) + 1, Next: rows + 1, In: lake.Count{Rows: rows, Cents: cents}, Out: lake.Count{Rows: rows, Cents: cents}}
	topic, _ := lake.DecodeLedger(h.silver[len(h.silver)-1].Value)
	topic.Version, topic.Slices, topic.Sources, topic.Through = version, file.Slices, file.Sources, file.Through
	topic.Next = h.next
	topic.Out = topic.Out.Add(h.in.Sub(topic.In))
	added := h.in.Sub(topic.In).Add(file.Out)
	topic.In = h.in
	m := lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: file.Slices[0], Partition: partition, Version: version, Count: added}
	h.silver = append(h.silver, h.record(sales.TopicSilver, m.Key(), m.Encode()), h.record(sales.TopicSilver, file.Key(), file.Encode()), h.record(sales.TopicSilver, topic.Key(), topic.Encode()))
}

// commit has silver take all that bronze landed, with some duplicates, into
// two slices.
func (h *history) commit(version int64, duplicates int64) {
	out := lake.Count{Rows: h.in.Rows - duplicates, Cents: h.in.Cents}
	a := lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: "day=2026-01-01/p=003", Partition: partition, Version: version, Count: lake.Count{Rows: 1, Cents: 5}}
	b := lake.Manifest{Format: lake.Format, Table: sales.TableSilver, Slice: "day=2026-01-02/p=003", Partition: partition, Version: version, Count: out.Sub(a.Count)}
	l := lake.Ledger{Format: lake.Format, Stage: "silver", Source: sales.TopicEvents, Partition: partition, Version: version, Slices: []string{a.Slice, b.Slice},
		Through: int64(3*(len(h.bronze)-1)) + 1, Next: h.next, In: h.in, Out: out, Duplicate: lake.Count{Rows: duplicates}}
	h.silver = append(h.silver, h.record(sales.TopicSilver, a.Key(), a.Encode()), h.record(sales.TopicSilver, b.Key(), b.Encode()), h.record(sales.TopicSilver, l.Key(), l.Encode()))
}

func sound() *history {
	h := &history{}
	h.land(10, 1000, 1)
	h.commit(1, 2)
	h.land(20, 500, 0)
	h.land(0, 0, 3)
	h.commit(2, 4)
	return h
}

// soundWithFile goes on with a commit of two sources.
func soundWithFile() *history {
	h := sound()
	h.land(5, 50, 0)
	h.ingest(7, 70)
	h.commitFile(3, 7, 70)
	return h
}

func balanceOf(t require.TestingT, k *Keeper, version int64) Balance {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	got, err := k.Wait(ctx, sales.TableSilver, map[int32]int64{partition: version})
	require.NoError(t, err)
	b := got[partition]
	b.Entries = nil // see TestStageKeepsTheLedger
	return b
}

func TestKeeperBalancesInAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, k := soundWithFile(), NewKeeper()
		bronze, silver := h.bronze, h.silver
		for len(bronze)+len(silver) > 0 {
			fromBronze := len(silver) == 0 || len(bronze) > 0 && rapid.Bool().Draw(t, "bronze")
			var r stream.Record
			if fromBronze {
				r, bronze = bronze[0], bronze[1:]
			} else { // silver's records of one commit may come in any order, from different partitions
				i := rapid.IntRange(0, min(2, len(silver)-1)).Draw(t, "record")
				if i >= (len(silver)-1)%3+1 {
					i = 0
				}
				r = silver[i]
				silver = append(append([]stream.Record{}, silver[:i]...), silver[i+1:]...)
			}
			require.NoError(t, k.Add(r))
		}
		b := balanceOf(t, k, 3)
		require.Empty(t, b.Faults, "after every record has been seen")
		require.Equal(t, Balance{Version: 3, In: lake.Count{Rows: 42, Cents: 1620}, Records: 46, Rejected: 4}, b)
	})
}

// TestKeeperReadsPartitionsUnevenly replays commits that touched different
// slices, whose records are in different partitions of lake.silver: an older
// commit's slice may be read last.
func TestKeeperReadsPartitionsUnevenly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, k := soundWithFile(), NewKeeper()
		queues := [][]stream.Record{h.bronze, nil, nil, nil}
		for _, r := range h.silver { // by slice, as lake.silver is by day; ledgers have a partition of their own
			q := 3
			switch {
			case strings.Contains(string(r.Key), "day=2026-01-03"):
				q = 2
			case !lake.IsLedger(r.Key):
				q = 1
			}
			queues[q] = append(queues[q], r)
		}
		waited := make(chan Balance, 1)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		go func() {
			got, _ := k.Wait(ctx, sales.TableSilver, map[int32]int64{partition: 3})
			waited <- got[partition]
		}()
		for {
			var left []int
			for q := range queues {
				if len(queues[q]) > 0 {
					left = append(left, q)
				}
			}
			if len(left) == 0 {
				break
			}
			q := rapid.SampledFrom(left).Draw(t, "partition")
			require.NoError(t, k.Add(queues[q][0]))
			queues[q] = queues[q][1:]
		}
		k.CaughtUp()
		require.Empty(t, (<-waited).Faults, "no fault is told before all slices are read")
	})
}

// Each table has books of its own: what is wrong with the customers is no
// fault of the sales.
func TestKeeperBalancesEachTableByItself(t *testing.T) {
	h, k := sound(), NewKeeper()
	for i := range int64(50) {
		m := lake.Manifest{Format: lake.Format, Table: sales.TableBronzeCustomers, Slice: fmt.Sprint("c", i), Partition: partition, Count: lake.Count{Rows: 3},
			Source: &lake.Source{Name: sales.TopicCustomers, Partition: partition, First: 4 * i, Next: 4*i + 4, Records: 4}}
		l := lake.Ledger{Format: lake.Format, Stage: "bronze", Source: sales.TopicCustomers, Partition: partition, Through: 4*i + 4,
			In: lake.Count{Rows: 4*i + 4}, Out: lake.Count{Rows: 3*i + 3}, Rejected: map[sales.Code]lake.Count{sales.WrongType: {Rows: i + 1}}}
		h.bronze = append(h.bronze, h.record(sales.TopicBronze, m.Key(), m.Encode()))
		h.bronze = append(h.bronze, h.record(sales.TopicBronze, l.Key(), l.Encode()))
	}
	l := lake.Ledger{Format: lake.Format, Stage: "silver", Table: sales.TableSilverCustomers, Source: sales.TopicCustomers, Partition: partition, Version: 9,
		Slices: []string{"day=2026-01-01/p=003"}, Through: int64(3*(len(h.bronze)-1)) + 1, Next: 200, In: lake.Count{Rows: 150}, Out: lake.Count{Rows: 120}, Duplicate: lake.Count{Rows: 30}}
	m := lake.Manifest{Format: lake.Format, Table: l.Table, Slice: l.Slices[0], Partition: partition, Version: 9, Count: l.Out}
	d := lake.Done{Format: lake.Format, ID: "x", Partition: partition, Version: 99}
	h.silver = append(h.silver, h.record(sales.TopicSilver, d.Key(), d.Encode()), h.record(sales.TopicSilver, m.Key(), m.Encode()), h.record(sales.TopicSilver, l.Key(), l.Encode()))
	for _, r := range append(h.bronze, h.silver...) {
		require.NoError(t, k.Add(r))
	}
	k.CaughtUp()
	want := Balance{Version: 2, In: lake.Count{Rows: 30, Cents: 1500}, Records: 34, Rejected: 4}
	require.Equal(t, want, balanceOf(t, k, 2))
	require.Empty(t, k.Faults(sales.TableSilverCustomers))
	require.Len(t, k.book(sales.TableSilverCustomers, partition).bronze[sales.TopicCustomers].history, 1, "what silver has passed is not kept")

	l.Version, l.Duplicate, l.In = 10, lake.Count{Rows: 28}, lake.Count{Rows: 149}
	l.Slices = nil
	require.NoError(t, k.Add(h.record(sales.TopicSilver, l.Key(), l.Encode())))
	require.Empty(t, k.Faults(l.Table), "an older record may not have been read yet")
	k.CaughtUp()
	require.Equal(t, []string{"silver/customers p=003: bronze landed 150 rows and 0.00 of customer_updates/3 up to offset 200, silver took 149 and 0.00, first seen in offsets 0 to 199 of customer_updates/3",
		"silver/customers p=003: silver has a residual of 1 rows and 0.00 on customer_updates/3 up to offset 316"}, k.Faults(sales.TableSilverCustomers))
	require.Empty(t, k.Faults(sales.TableSilver))
	require.Equal(t, want, balanceOf(t, k, 2))
}

func TestKeeperTakesATopicThatWasMadeAnew(t *testing.T) {
	h, k := sound(), NewKeeper()
	m, _ := lake.DecodeManifest(h.bronze[4].Value)
	m.Source.TopicID, m.Source.First, m.Source.Next = "new", 0, 3
	h.bronze[4].Value = m.Encode()
	l, _ := lake.DecodeLedger(h.silver[5].Value)
	l.TopicID, l.Next = "new", 3
	h.silver[5].Value = l.Encode()
	for _, r := range append(h.bronze, h.silver...) {
		require.NoError(t, k.Add(r))
	}
	k.CaughtUp()
	require.Empty(t, balanceOf(t, k, 2).Faults)
}

// A lake.bronze that was made anew has other offsets than those that silver counted in.
func TestKeeperTakesALakeBronzeThatWasMadeAnew(t *testing.T) {
	for name, offset := range map[string]func(i int) int64{"lower": func(i int) int64 { return int64(i) }, "higher": func(i int) int64 { return int64(100 + 5*i) }} {
		t.Run(name, func(t *testing.T) {
			h, k := soundWithFile(), NewKeeper()
			for i := range h.bronze {
				h.bronze[i].Offset = offset(i)
			}
			last := len(h.bronze) - 1 // the file's
			for _, r := range append(h.bronze[:last:last], h.silver...) {
				require.NoError(t, k.Add(r))
			}
			k.CaughtUp()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if name == "lower" {
				_, err := k.Wait(ctx, sales.TableSilver, map[int32]int64{partition: 3})
				require.ErrorContains(t, err, "commit 3 of silver/sales", "not all that it took has been seen")
			}
			require.NoError(t, k.Add(h.bronze[last]))
			k.CaughtUp()
			require.Equal(t, Balance{Version: 3, In: lake.Count{Rows: 42, Cents: 1620}, Records: 46, Rejected: 4}, balanceOf(t, k, 3))
		})
	}
}

func TestKeeperReadsACompactedTopic(t *testing.T) {
	h, k := sound(), NewKeeper()
	for _, r := range []stream.Record{h.bronze[0], h.bronze[2], h.bronze[4], h.bronze[5], h.silver[3], h.silver[4], h.silver[5]} {
		require.NoError(t, k.Add(r))
	}
	require.Empty(t, balanceOf(t, k, 2).Faults)
}

func TestKeeperFindsWhatDoesNotBalance(t *testing.T) {
	tamper := func(r *stream.Record, edit func(*lake.Ledger)) {
		l, err := lake.DecodeLedger(r.Value)
		if err != nil {
			panic(err)
		}
		edit(l)
		r.Value = l.Encode()
	}
	cases := map[string]struct {
		tamper func(h *history)
		want   string
		lost   int64
	}{
		"silver lost a row": {func(h *history) { tamper(&h.silver[5], func(l *lake.Ledger) { l.Duplicate.Rows-- }) },
			"silver has a residual of 1 rows and 0.00 on sales_events/3", 1},
		"silver lost a cent": {func(h *history) { tamper(&h.silver[5], func(l *lake.Ledger) { l.In.Cents++ }) },
			"bronze landed 30 rows and 15.00 of sales_events/3 up to offset 34, silver took 30 and 15.01", 0},
		"silver skipped a file": {func(h *history) {
			tamper(&h.silver[5], func(l *lake.Ledger) { l.In.Rows -= 20; l.Out.Rows -= 20 })
		}, "bronze landed 30 rows", 40},
		"a slice is short": {func(h *history) {
			m, _ := lake.DecodeManifest(h.silver[4].Value)
			m.Rows--
			h.silver[4].Value = m.Encode()
		}, "silver slices hold 25 rows and 15.00, the ledger says 26 and 15.00", 1},
		"bronze lost a record": {func(h *history) { tamper(&h.bronze[5], func(l *lake.Ledger) { l.In.Rows++ }) },
			"bronze has a residual of 1 rows", 1},
		"bronze files overlap": {func(h *history) {
			m, _ := lake.DecodeManifest(h.bronze[2].Value)
			m.Source.First--
			h.bronze[2].Value = m.Encode()
		}, "holds offsets 10 to 30 of sales_events/3, but up to 10 are in earlier files", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h, k := sound(), NewKeeper()
			c.tamper(h)
			for _, r := range append(h.bronze, h.silver...) {
				require.NoError(t, k.Add(r))
			}
			k.CaughtUp()
			b := balanceOf(t, k, 2)
			require.Contains(t, fmt.Sprint(b.Faults), c.want)
			require.Equal(t, c.lost, b.Lost)
		})
	}
}

func TestKeeperWaitNamesWhatIsMissing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := NewKeeper().Wait(ctx, sales.TableSilver, map[int32]int64{partition: 7})
	require.ErrorContains(t, err, "commit 7 of silver/sales partition 3, the ledger has reached 0")
}
