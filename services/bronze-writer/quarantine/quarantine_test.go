package quarantine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

// A malformed day is repaired with one command a fault, and the ledger closes.
func TestRepairedDay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bronze()
	r.publish(1, event(1))
	r.publish(2, strings.Replace(event(2), "2.50", `"2,50"`, 1))
	r.publish(3, strings.Replace(event(3), "2.50", `"2,50"`, 1))
	r.publish(4, "O-4,2026-01-31 12:00:00,C-1")
	r.publish(5, strings.Replace(event(5), "Books", "\xff", 1))
	wrongKey := (stream.PartitionFor(key(6), partitions) + 1) % partitions
	require.NoError(t, stream.Transact(r.ctx, r.kafka, "producer", []stream.Record{
		{Topic: sales.TopicEvents, Partition: wrongKey, Key: key(6), Value: []byte(event(6)), Headers: []stream.Header{{Key: "replay_of", Value: []byte("no/such/record")}}}}))
	r.landed()
	r.silver()
	wrongOffset := r.offset(sales.WrongKey)
	require.Equal(t, map[sales.Code][5]int64{sales.BadDecimal: {2, 2}, sales.InvalidJSON: {1, 1}, sales.InvalidUTF8: {1, 1}, sales.WrongKey: {1, 1}}, r.list(Filter{}))

	decimals := ReplayOptions{Filter: Filter{Codes: []sales.Code{sales.BadDecimal}}}
	planned := decimals
	var after []string
	planned.Plan = func(p Planned) { after = append(after, string(p.Event)) }
	require.Equal(t, map[Decision]int64{Send: 2}, r.replay(planned, "map revenue:2,50=2.50"))
	require.ElementsMatch(t, []string{event(2), event(3)}, after)
	require.Equal(t, [5]int64{2, 2}, r.list(Filter{})[sales.BadDecimal], "a plan sends nothing")

	require.Equal(t, map[Decision]int64{StillRejected: 2}, r.replay(decimals, "map revenue:2,50=2.505"))
	require.Equal(t, map[Decision]int64{Send: 2}, r.replay(decimals, "map revenue:2,50=2.50"))
	require.Equal(t, map[Decision]int64{OnTheWay: 2}, r.replay(decimals, "map revenue:2,50=9.99"))
	r.landed()
	require.Equal(t, [5]int64{2, 0, 2}, r.list(Filter{})[sales.BadDecimal], "silver has not taken them")
	require.Equal(t, map[Decision]int64{Send: 2, NoFields: 1, OnTheWay: 2}, r.replay(ReplayOptions{}, "set category=Books"))
	r.landed()
	r.silver()
	require.Equal(t, map[sales.Code][5]int64{sales.BadDecimal: {2, 0, 0, 2}, sales.InvalidJSON: {1, 1}, sales.InvalidUTF8: {1, 0, 0, 1}, sales.WrongKey: {1, 0, 0, 1}}, r.list(Filter{}))
	require.Equal(t, map[Decision]int64{Done: 4, NoFields: 1}, r.replay(ReplayOptions{}, "set category=Books"))

	sum := r.ledger()
	require.Equal(t, lake.Count{Rows: 10, Cents: 5 * 250}, sum.In)
	require.Equal(t, lake.Count{Rows: 5, Cents: 5 * 250}, sum.Out)
	require.Equal(t, lake.Count{Rows: 4, Cents: 4 * 250}, sum.Replayed)
	replays := r.replays()
	require.Len(t, replays, 4)
	require.Equal(t, 1, replays[fmt.Sprintf("sales_events/%d/%d#1", wrongKey, wrongOffset)])
}

// What silver rejects comes back, too: a wrong patch is linked with what became
// of it, the same one is not sent again, and attempts are capped.
func TestSilverRejectsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bronze()
	r.publish(1, strings.Replace(event(1), "completed", "done", 1))
	r.landed()
	r.silver("e-1")
	require.Equal(t, map[sales.Code][5]int64{sales.UnknownStatus: {1, 1}}, r.list(Filter{Stage: Silver}))
	for _, steps := range [][]string{nil, {"map status:canceled=cancelled"}, {"set status=done"}} { // it would only cost an attempt
		require.Equal(t, map[Decision]int64{Unchanged: 1}, r.replay(ReplayOptions{}, steps...))
	}
	require.Equal(t, map[Decision]int64{Send: 1}, r.replay(ReplayOptions{Unchanged: true, Plan: func(Planned) {}}))
	for attempt, status := range []string{"finished", "fine"} {
		require.Equal(t, map[Decision]int64{Send: 1}, r.replay(ReplayOptions{}, "set status="+status))
		r.landed()
		r.silver("e-1")
		require.Equal(t, map[sales.Code][5]int64{sales.UnknownStatus: {1, 0, 0, 0, 1}}, r.list(Filter{}), "attempt %d", attempt+1)
	}
	require.Equal(t, map[Decision]int64{SentBefore: 1}, r.replay(ReplayOptions{}, "set status=finished"))
	require.Equal(t, map[Decision]int64{TooOften: 1}, r.replay(ReplayOptions{MaxAttempts: 2}, "set status=completed"))
	require.Equal(t, map[Decision]int64{Send: 1}, r.replay(ReplayOptions{MaxAttempts: 3}, "set status=completed"))
	r.landed()
	r.silver()
	require.Equal(t, map[sales.Code][5]int64{sales.UnknownStatus: {1, 0, 0, 1}}, r.list(Filter{}))

	id := fmt.Sprintf("silver/sales_events/%d/0", stream.PartitionFor(key(1), partitions))
	reject, attempts, err := Show(r.ctx, r.options(), id)
	require.NoError(t, err)
	require.Equal(t, id, reject.ID())
	require.Equal(t, strings.Replace(event(1), "completed", "done", 1), string(reject.Raw))
	require.Len(t, attempts, 3)
	require.Equal(t, []string{"set status=finished"}, attempts[0].Patch)
	require.Equal(t, Again, attempts[0].State)
	require.Equal(t, Silver, attempts[0].RejectedBy)
	require.Equal(t, Again, attempts[1].State)
	require.Equal(t, Accepted, attempts[2].State)
	require.Equal(t, sha([]byte(event(1))), attempts[2].SHA256)
	require.Contains(t, attempts[2].Record, fmt.Sprintf("sales_events/%d/", attempts[2].To))
	_, _, err = Show(r.ctx, r.options(), "silver/sales_events/0/77")
	require.ErrorIs(t, err, ErrUnknown)
	_, _, err = Show(r.ctx, r.options(), "gold/sales_events/0/77")
	require.ErrorIs(t, err, ErrUnknown)
}

// A replay that bronze itself rejects is a part of the first one's history, in
// the quarantine and in the dead letters; it is no reject of its own.
func TestBronzeRejectsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.bronze() // takes less than the command does
	long := strings.Replace(event(1), "Books", strings.Repeat("B", 2<<10), 1)
	r.publish(1, long)
	r.landed()
	require.Equal(t, map[Decision]int64{Send: 1}, r.replay(ReplayOptions{}))
	r.landed()
	require.Equal(t, map[sales.Code][5]int64{sales.TooLarge: {1, 0, 0, 0, 1}}, r.list(Filter{}))
	require.Equal(t, map[Decision]int64{SentBefore: 1}, r.replay(ReplayOptions{}))
	sum := r.ledger()
	require.Equal(t, lake.Count{Rows: 1}, sum.Replayed)
	require.Equal(t, lake.Count{Rows: 2}, sum.Rejected[sales.TooLarge])
	var letters []string
	require.NoError(t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicDLQ, nil, func(l stream.Record) error {
		for _, h := range l.Headers {
			if h.Key == lake.HeaderReplayOf {
				letters = append(letters, arrival.ReplaceAllString(string(h.Value), ""))
			}
		}
		return nil
	}))
	require.Equal(t, []string{fmt.Sprintf("sales_events/%d/0#1", stream.PartitionFor(key(1), partitions))}, letters)

	var out bytes.Buffer
	q, err := Read(r.ctx, r.options())
	require.NoError(t, err)
	n, err := q.Export(r.ctx, Filter{}, 0, &out)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	var line exported
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.Equal(t, long, *line.Raw)
	require.Equal(t, Again, line.State)

	var last string // a rule of the bucket deletes what became of the attempt
	for o, err := range r.lake.List(r.ctx, sales.Quarantine.Name+"/bronze/") {
		require.NoError(t, err)
		last = o.Key
	}
	require.NoError(t, r.lake.Delete(r.ctx, last))
	require.Equal(t, map[sales.Code][5]int64{sales.TooLarge: {1, 0, 1}}, r.list(Filter{}))
}

// fill makes a quarantine of n rejects of bronze that want another status.
func (r *rig) fill(n int) {
	const perFile = 1000
	now := time.Now().UnixMicro()
	for from := 0; from < n; from += perFile {
		for p := range int32(partitions) {
			q := column.NewBatch(sales.Quarantine, 0)
			for i := from; i < min(n, from+perFile); i++ {
				if stream.PartitionFor(key(i), partitions) == p {
					appendReject(q, sales.WrongType, []byte(strings.Replace(event(i), `"completed"`, "3", 1)), int64(i), p, now+int64(i), "")
				}
			}
			r.write(lake.QuarantineKey(sales.Quarantine.Name, lake.BronzeSlice(sales.DayOf(now), p, "01234567", int64(from))), q)
		}
	}
}

// A replay that is cut short anywhere, or fenced by another, and done again
// sends each reject once.
func TestCutShort(t *testing.T) {
	t.Parallel()
	const n = 2500
	r := newRig(t)
	r.fill(n)
	patch := Patch{step(t, "set", "status=completed")}
	cuts := 0
	for i := 1; ; i++ {
		ctx, cancel := context.WithTimeout(r.ctx, time.Duration(i)*time.Duration(i)*3*time.Millisecond)
		_, err := Replay(ctx, r.options(), ReplayOptions{Patch: patch, MaxAttempts: 3})
		cancel()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cuts++
	}
	require.Greater(t, cuts, 2)
	require.Equal(t, map[Decision]int64{OnTheWay: n}, r.replay(ReplayOptions{}, "set status=completed"))
	r.bronze()
	r.landed()
	r.requireOnce(n)
}

func TestTwoAtATime(t *testing.T) {
	t.Parallel()
	const n = 2500
	r := newRig(t)
	r.fill(n)
	patch := Patch{step(t, "set", "status=completed")}
	var both sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		both.Go(func() { _, errs[i] = Replay(r.ctx, r.options(), ReplayOptions{Patch: patch, MaxAttempts: 3}) })
	}
	both.Wait()
	require.True(t, errs[0] == nil || errs[1] == nil, "%v, %v", errs[0], errs[1])
	r.bronze()
	r.landed()
	r.requireOnce(n)
}

func (r *rig) requireOnce(n int) {
	r.Helper()
	replays := r.replays()
	require.Len(r, replays, n)
	for of, times := range replays {
		require.Equal(r, 1, times, of)
		require.True(r, strings.HasSuffix(of, "#1"), of)
	}
	require.Equal(r, lake.Count{Rows: int64(n), Cents: int64(n) * 250}, r.ledger().Replayed)
}

// A topic that was made anew has the same offsets again: the rejects of both are told
// apart by when they arrived, and so are their attempts.
func TestRejectsOfATopicThatWasMadeAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for arrived := range int64(2) {
		q := column.NewBatch(sales.Quarantine, 0)
		appendReject(q, sales.UnknownStatus, []byte(event(int(arrived))), 7, 1, 99+arrived, "")
		r.write(silverFile(fmt.Sprint(arrived)), q)
	}
	require.Equal(t, map[Decision]int64{Send: 2}, r.replay(ReplayOptions{}, "set category=Games"))
	require.Equal(t, map[Decision]int64{OnTheWay: 2}, r.replay(ReplayOptions{}, "set category=Games"))
	attempts := map[string]bool{}
	require.NoError(t, stream.ReadToEnd(r.ctx, r.kafka, sales.TopicControl, nil, func(a stream.Record) error {
		attempts[string(a.Key)] = true
		return nil
	}))
	require.Len(t, attempts, 2, "none takes the place of another")
	r.bronze()
	r.landed()
	r.silver()
	require.Equal(t, map[sales.Code][5]int64{sales.UnknownStatus: {2, 0, 0, 2}}, r.list(Filter{}))
}

// Without the attempts all rejects would be open, and be sent again.
func TestALostControlTopicIsNoticed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(3)
	addr := r.kafka.Brokers[0]
	streamtest.DeleteTopic(t, addr, sales.TopicControl)
	require.Equal(t, map[Decision]int64{Send: 3}, r.replay(ReplayOptions{Plan: func(Planned) {}}, "set status=completed"), "nothing was replayed yet")
	streamtest.DeleteTopic(t, addr, sales.TopicControl)
	require.Equal(t, map[Decision]int64{Send: 3}, r.replay(ReplayOptions{}, "set status=completed"))
	streamtest.DeleteTopic(t, addr, sales.TopicControl)
	const want = "topic lake.control was deleted or made anew"
	_, err := Read(r.ctx, r.options())
	require.ErrorContains(t, err, want)
	_, err = Replay(r.ctx, r.options(), ReplayOptions{MaxAttempts: 3})
	require.ErrorContains(t, err, want)
	_, _, err = Show(r.ctx, r.options(), "bronze/sales_events/0/0")
	require.ErrorContains(t, err, want)
	require.NoError(t, r.lake.Delete(r.ctx, controlMark))
	require.Equal(t, map[Decision]int64{Send: 3}, r.replay(ReplayOptions{}, "set status=completed"))
}

func TestChoice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fill(30)
	q, err := Read(r.ctx, r.options())
	require.NoError(t, err)
	all, err := q.List(r.ctx, Filter{}, 30)
	require.NoError(t, err)
	require.Len(t, all.Rejects, 30)
	for _, c := range []struct {
		f Filter
		n int64
	}{
		{Filter{}, 30}, {Filter{Stage: Silver}, 0}, {Filter{Source: "sales_events", Codes: []sales.Code{sales.Empty, sales.WrongType}}, 30},
		{Filter{Source: "file:1"}, 0}, {Filter{Codes: []sales.Code{sales.Empty}}, 0}, {Filter{From: all.Groups[0].oldest + 10, To: all.Groups[0].oldest + 12}, 2},
	} {
		n, err := q.Export(r.ctx, c.f, 0, &bytes.Buffer{})
		require.NoError(t, err)
		require.Equal(t, c.n, n, c.f)
	}
	n, err := q.Export(r.ctx, Filter{}, 7, &bytes.Buffer{})
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
	require.Equal(t, map[Decision]int64{Send: 4}, r.replay(ReplayOptions{Limit: 4}, "set status=completed"))
	wrong := r.options()
	wrong.Topic = "orders"
	_, err = Read(r.ctx, wrong)
	require.ErrorContains(t, err, "use one of customer_updates, sales_events")
}

// The same reject may be met in two files, when it is moved meanwhile; and a quarantine of before replays has no column _replay_of.
func TestOldAndDoubledFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := column.NewBatch(sales.Quarantine, 0)
	appendReject(q, sales.UnknownStatus, []byte(event(1)), 7, 1, 99, "")
	old := *sales.Quarantine
	old.Version, old.Fields = 1, old.Fields[:9]
	q.Schema, q.Columns = &old, q.Columns[:9]
	r.write(silverFile("0"), q)
	r.write(silverFile("1"), q)
	require.Equal(t, map[sales.Code][5]int64{sales.UnknownStatus: {1, 1}}, r.list(Filter{}))
	require.Equal(t, map[Decision]int64{Send: 1, OnTheWay: 0}[Send], r.replay(ReplayOptions{}, "set category=Games")[Send])
}
