package silver

import (
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// dataset is a kind of event, and the silver table that is made of it. Each has
// a stage of its own, with a consumer group, states and versions of its own.
type dataset struct {
	name       string // of its topic
	group      string // on lake.bronze
	bronze     *column.Schema
	silver     *column.Schema
	changes    *column.Schema
	quarantine *column.Schema
	columns    dedup.Columns // by which rows of silver are compared
	dayColumn  string        // column whose UTC day is that of the slice
	flag       string        // number of bronze that is sent as true or false; "" when there is none
	cleaner    func(Options) (*clean.Cleaner, error)
	commands   bool              // those of lake.control are for it
	heartbeats map[string]string // see stream.RunConfig: one dataset passes them on
}

var salesEvents = &dataset{
	name: sales.TopicEvents, group: Group,
	bronze: sales.Bronze, silver: sales.Silver, changes: sales.Changes, quarantine: sales.Quarantine,
	columns: dedup.Columns{ID: "order_id", Time: "event_ts", Event: "event_id", Money: "revenue"}, dayColumn: "order_ts",
	cleaner: func(o Options) (*clean.Cleaner, error) {
		declared, err := rules.Load(o.Rules, rules.RowKinds)
		if err != nil {
			return nil, err
		}
		return clean.ForSales(o.Categories, o.Regions, declared.Quarantining()), nil
	},
	commands: true, heartbeats: map[string]string{sales.TopicBronze: sales.TopicSilver},
}

var customerUpdates = &dataset{
	name: sales.TopicCustomers, group: Group + "-customers",
	bronze: sales.BronzeCustomers, silver: sales.SilverCustomers, changes: sales.CustomerChanges, quarantine: sales.QuarantineCustomers,
	columns: dedup.Columns{ID: "customer_id", Time: "updated_ts", History: true}, dayColumn: "updated_ts", flag: "deleted",
	cleaner: func(Options) (*clean.Cleaner, error) { return clean.ForCustomers(), nil },
}

var datasets = []*dataset{salesEvents, customerUpdates}

// Groups gives the consumer groups on lake.bronze, one for each dataset.
func Groups() (names []string) {
	for _, d := range datasets {
		names = append(names, d.group)
	}
	return names
}

// count gives the rows of a batch of bronze or silver, and the money on them.
func (d *dataset) count(b *column.Batch) lake.Count {
	c := lake.Count{Rows: int64(b.Rows())}
	for _, cents := range d.columns.Cents(b) {
		c.Cents += cents
	}
	return c
}

// project gives some of a schema's columns, among them those that count needs.
func (d *dataset) project(s *column.Schema, names ...string) *column.Schema {
	if d.columns.Money != "" {
		names = append(names, d.columns.Money)
	}
	return s.Project(names...)
}

// indexColumns are what the index needs of a silver row, in silver's order.
func (d *dataset) indexColumns() *column.Schema {
	columns := *d.silver
	columns.Fields = slices.DeleteFunc(slices.Clone(columns.Fields), func(f column.Field) bool { return f.Name == "_partition" })
	return &columns
}

// filterColumns are what the filter needs.
func (d *dataset) filterColumns() *column.Schema {
	if d.columns.History {
		return d.project(d.silver, d.columns.ID, d.columns.Time)
	}
	return d.project(d.silver, d.columns.ID)
}
