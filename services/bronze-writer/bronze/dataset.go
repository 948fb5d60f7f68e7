package bronze

import (
	"fmt"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// dataset is a kind of event, and where its records come from and go to.
type dataset struct {
	*decode.Dataset
	topic      string // and the dataset's name
	dlq        string
	quarantine *column.Schema
	time       string // column of the event's own time
	money      string // column that is summed up; "" when it has none
}

var datasets = []*dataset{
	{decode.SalesEvents, sales.TopicEvents, sales.TopicDLQ, sales.Quarantine, "event_ts", "revenue"},
	{decode.CustomerUpdates, sales.TopicCustomers, sales.TopicCustomersDLQ, sales.QuarantineCustomers, "updated_ts", ""},
}

// Topics gives the topics that the stage consumes, which are the names of the
// datasets.
func Topics() (names []string) {
	for _, d := range datasets {
		names = append(names, d.topic)
	}
	return names
}

func datasetOf(topic string) (*dataset, error) {
	for _, d := range datasets {
		if d.topic == topic {
			return d, nil
		}
	}
	return nil, fmt.Errorf("dataset %q is not known; there are %v", topic, Topics())
}

func (d *dataset) key(slice string) string { return lake.BronzeKey(d.Schema.Name, slice) }

func (d *dataset) quarantineKey(slice string) string {
	return lake.QuarantineKey(d.quarantine.Name, slice)
}

// count gives the rows of a batch and the money on them.
func (d *dataset) count(b *column.Batch) lake.Count {
	c := lake.Count{Rows: int64(b.Rows())}
	if d.money == "" {
		return c
	}
	for _, cents := range b.Column(d.money).I64 {
		c.Cents += cents
	}
	return c
}

// newest gives the newest event's own time, µs UTC; 0 without rows.
func (d *dataset) newest(b *column.Batch) int64 {
	var t int64
	for _, v := range b.Column(d.time).I64 {
		t = max(t, v)
	}
	return t
}

// summed is the part of the schema that count, newest and adoption look at.
func (d *dataset) summed() *column.Schema {
	names := []string{d.time, "_offset", "_replay_of"}
	if d.money != "" {
		names = append(names, d.money)
	}
	return d.Schema.Project(names...)
}

func (d *dataset) topics(partitions int) []stream.TopicSpec {
	return []stream.TopicSpec{{Name: d.topic, Partitions: partitions}, {Name: d.dlq, Partitions: partitions}}
}

// source is a topic, or a file, that holds a dataset's records.
type source struct {
	*dataset
	id    string // topic id, or the content's hash
	store *store
}
