package stream

import (
	"context"
	"errors"
	"time"
)

// ErrRetry says, wrapped by an error of a [Task] or of Open, that a fresh start from the committed offsets may cure it:
// Run then starts a new session after a pause instead of returning.
var ErrRetry = errors.New("start again from the committed offsets")

// NoOffset in a [Commit] says that it moves no input offset.
const NoOffset int64 = -1

// Stage is what a service adds to Run: it makes a Task for each partition that this instance is assigned.
type Stage interface {
	// Open makes the partition's task and rebuilds what state it needs; it may take its time, other partitions go on.
	// next is the committed offset, that is the next to be read (0 if the group has none yet). The context ends when
	// the partition is taken away or the instance stops.
	Open(ctx context.Context, p Partition, next int64) (Task, error)
}

// Task turns one partition's records into commits. All calls come from one goroutine (one per partition). The context
// that they are given ends when the partition is taken away: what they have then not committed is dropped.
type Task interface {
	// Add takes the next records, in offset order; offsets may have gaps. The slice and the records' bytes are only
	// valid during the call. It is not called between Flush and Committed.
	Add(ctx context.Context, records []Record) error
	// Due tells when what was added must be flushed: the zero time = nothing is pending; a past time = now. caughtUp
	// tells that the partition has no more records to read at present. It is asked after each Add, when the time comes,
	// and when the instance stops (there, any time other than zero means flush).
	Due(now time.Time, caughtUp bool) time.Time
	// Flush makes pending work durable (upload) and returns what must be published with the input offset in one
	// transaction. It is called again only after Committed.
	Flush(ctx context.Context) (Commit, error)
	// Committed tells that the last Flush's commit is in Kafka.
	Committed()
	// Close frees what the task holds. It is the last call, also when the task failed, and must not flush.
	Close()
}

// Waker is a [Task] that may become due for another reason than its records or
// the time: it is asked for Due after each receive from the channel.
type Waker interface {
	Wake() <-chan struct{}
}

// Commit is what a Flush leaves to be published in one transaction.
type Commit struct {
	Next    int64    // the next offset to read (0 is valid), or NoOffset when nothing was consumed
	Records []Record // what to publish; owned by stream until Committed
	Tallies []Tally  // of the rows that are committed with it, one for each dataset
}

// The steps at which RunConfig.Fault is called, in the order of the commit path.
const (
	StepUploaded  = "uploaded"  // after every Flush, on the task's goroutine
	StepBegun     = "begun"     // the transaction is open
	StepProduced  = "produced"  // its records are handed to the client
	StepOffsets   = "offsets"   // the offsets are in it
	StepCommitted = "committed" // it is committed, the tasks do not know yet
)

// RunConfig says what Run consumes and how. Group, TransactionalID (stable for an instance, different between
// instances) and Topics are required.
type RunConfig struct {
	Group           string
	TransactionalID string
	Topics          []string

	QueueBytes         int           // bound of fetched but unhandled bytes, default 32 MiB
	TransactionTimeout time.Duration // default 30 s; short, since an open transaction holds back the topics' readers
	SessionTimeout     time.Duration // default 15 s: how long the group waits for an instance that is silent

	// Heartbeats gives the topic that heartbeats of an input topic are passed on to, "" at the end of their way. Those of
	// other inputs go no further, and are not told of.
	Heartbeats map[string]string
	// HeartbeatEvery is how often one is sent to each partition of the topics in Heartbeats that is assigned; 0 = never.
	HeartbeatEvery time.Duration

	Fault   func(step string) // test hook, see the Step constants; called from several goroutines; nil in production
	Metrics *Metrics          // nil = not measured
}

func (rc RunConfig) withDefaults() RunConfig {
	if rc.QueueBytes <= 0 {
		rc.QueueBytes = 32 << 20
	}
	if rc.TransactionTimeout <= 0 {
		rc.TransactionTimeout = 30 * time.Second
	}
	if rc.SessionTimeout <= 0 {
		rc.SessionTimeout = 15 * time.Second
	}
	if rc.Fault == nil {
		rc.Fault = func(string) {}
	}
	if rc.Metrics == nil {
		rc.Metrics = NewMetrics(nil, "stream")
	}
	rc.Metrics.startGroup(rc.Group)
	return rc
}

func (rc RunConfig) check() error {
	var errs []error
	for name, missing := range map[string]bool{
		"Group": rc.Group == "", "TransactionalID": rc.TransactionalID == "", "Topics": len(rc.Topics) == 0,
	} {
		if missing {
			errs = append(errs, errors.New("run configuration: "+name+" is missing"))
		}
	}
	return errors.Join(errs...)
}
