package streamtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/saleslake/saleslake/pkg/stream"
)

// What the broker answers at each request of the commit path, and what must come of it. Whatever it is, every record
// is copied once.
var answers = []struct {
	request kmsg.Key
	top     bool // the answer's own code, not that of its partitions
	answer  *kerr.Error
	aborts  bool // the session is thrown away, and another starts unless Run ends
	fenced  bool
	ends    bool // Run ends with an error; the next one goes on
	either  bool // it depends on the moment whether a commit is refused
}{
	{request: kmsg.InitProducerID, top: true, answer: kerr.CoordinatorLoadInProgress},
	{request: kmsg.InitProducerID, top: true, answer: kerr.ConcurrentTransactions},
	{request: kmsg.OffsetFetch, answer: kerr.UnstableOffsetCommit},
	{request: kmsg.OffsetFetch, top: true, answer: kerr.CoordinatorLoadInProgress},
	{request: kmsg.AddPartitionsToTxn, answer: kerr.NotCoordinator},
	{request: kmsg.AddPartitionsToTxn, answer: kerr.ConcurrentTransactions},
	{request: kmsg.AddPartitionsToTxn, answer: kerr.ProducerFenced, aborts: true, fenced: true, ends: true},
	{request: kmsg.Produce, answer: kerr.NotLeaderForPartition},
	{request: kmsg.Produce, answer: kerr.RequestTimedOut},
	{request: kmsg.Produce, answer: kerr.InvalidProducerEpoch, aborts: true, fenced: true, ends: true},
	{request: kmsg.AddOffsetsToTxn, top: true, answer: kerr.CoordinatorNotAvailable},
	{request: kmsg.TxnOffsetCommit, answer: kerr.NotCoordinator},
	{request: kmsg.TxnOffsetCommit, answer: kerr.CoordinatorLoadInProgress},
	{request: kmsg.TxnOffsetCommit, answer: kerr.IllegalGeneration, aborts: true, fenced: true},
	{request: kmsg.TxnOffsetCommit, answer: kerr.UnknownMemberID, aborts: true, fenced: true},
	{request: kmsg.EndTxn, top: true, answer: kerr.NotCoordinator},
	{request: kmsg.EndTxn, top: true, answer: kerr.CoordinatorLoadInProgress},
	{request: kmsg.EndTxn, top: true, answer: kerr.RequestTimedOut, aborts: true}, // though it is committed
	{request: kmsg.EndTxn, top: true, answer: kerr.InvalidProducerEpoch, aborts: true, fenced: true, ends: true},
	{request: kmsg.EndTxn, top: true, answer: kerr.ProducerFenced, aborts: true, fenced: true, ends: true},
	{request: kmsg.Heartbeat, top: true, answer: kerr.UnknownMemberID, either: true},
	{request: kmsg.Heartbeat, top: true, answer: kerr.IllegalGeneration, either: true},
	{request: kmsg.Fetch, answer: kerr.NotLeaderForPartition},
}

func TestAnswers(t *testing.T) {
	cluster, addr := Fake(t)
	for _, a := range answers {
		t.Run(fmt.Sprintf("%s %s", a.request.Name(), a.answer.Message), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 2)
			group, id := "g"+r.in, "w"+r.in
			r.publish(0, 500)
			fault := kfake.Fault{Keys: []kmsg.Key{a.request}, TopLevel: a.top, Err: a.answer, Count: 2}
			if a.aborts {
				fault.Count = 1
			}
			fault.When = func(req kmsg.Request) bool { return from(req, r, group, id) }
			faults := cluster.Fault(fault)
			defer faults.Remove()
			i := r.run(r.config(group, id), &Copy{Out: r.out})
			wait, cancel := context.WithTimeout(r.ctx, 30*time.Second)
			defer cancel()
			require.NoError(t, faults.Wait(wait, fault.Count))
			if a.ends {
				require.Error(t, <-i.done)
				require.Equal(t, [2]float64{0, 1}, [2]float64{i.metric(t, "restarts_total"), i.metric(t, "fenced_total")})
				i = r.run(r.config(group, id), &Copy{Out: r.out})
			}
			r.publish(500, 500)
			r.requireCopied(group)
			require.NoError(t, i.end())
			if !a.ends && !a.either {
				require.Equal(t, a.aborts, i.metric(t, "restarts_total") > 0, "restarts")
				require.Equal(t, a.fenced, i.metric(t, "fenced_total") > 0, "fenced")
			}
		})
	}
}

// from tells whether a request comes from the instance under test.
func from(req kmsg.Request, r *rig, group, id string) bool {
	switch req := req.(type) {
	case *kmsg.InitProducerIDRequest:
		return req.TransactionalID != nil && *req.TransactionalID == id
	case *kmsg.ProduceRequest:
		return req.TransactionID != nil && *req.TransactionID == id
	case *kmsg.AddPartitionsToTxnRequest:
		return req.TransactionalID == id
	case *kmsg.AddOffsetsToTxnRequest:
		return req.TransactionalID == id
	case *kmsg.TxnOffsetCommitRequest:
		return req.TransactionalID == id
	case *kmsg.EndTxnRequest:
		return req.TransactionalID == id
	case *kmsg.OffsetFetchRequest:
		return req.Group == group || len(req.Groups) > 0 && req.Groups[0].Group == group
	case *kmsg.HeartbeatRequest:
		return req.Group == group
	case *kmsg.FetchRequest:
		return len(req.Topics) > 0 // the tests' topics have ids of their own; all of them survive a moved leader
	}
	return false
}

// Records that the group has not read and that are gone from the topic are not skipped in silence.
func TestOffsetGone(t *testing.T) {
	_, addr := Fake(t)
	r := newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 1)
	r.publish(0, 100)
	group := "g" + r.in
	i := r.run(r.config(group, "w"+r.in), &Copy{Out: r.out})
	r.requireCopied(group)
	require.NoError(t, i.end())
	r.publish(100, 100)
	r.deleteBefore(150)
	err := <-r.run(r.config(group, "w"+r.in), &Copy{Out: r.out}).done
	require.ErrorContains(t, err, "records that were not read yet are gone from the topic")
	fresh := r.run(r.config("fresh"+r.in, "w2"+r.in), &Copy{Out: r.out})
	r.waitCommitted("fresh" + r.in)
	require.NoError(t, fresh.end())
	require.Equal(t, 100+50, count(r.values(r.out)))
}

// A record that is too large for the broker ends Run: trying again would not help.
func TestTooLarge(t *testing.T) {
	_, addr := Fake(t)
	r := newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 1)
	r.publish(0, 1)
	small := stream.TopicSpec{Name: r.out + "2", Partitions: 1}
	require.NoError(t, stream.EnsureTopics(r.ctx, r.kafka, -1, small))
	big := &Copy{Out: r.out + "2", OnAdd: func(_ context.Context, _ stream.Partition, records []stream.Record) error {
		records[0].Value = make([]byte, stream.MaxRecordBytes+1<<20)
		return nil
	}}
	err := <-r.run(r.config("g"+r.in, "w"+r.in), big).done
	require.ErrorContains(t, err, "publish a record of")
	require.ErrorContains(t, err, "to "+small.Name)
}
