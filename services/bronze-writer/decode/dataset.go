package decode

import (
	"fmt"
	"math"
	"path"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Field declares one field of an event. Its type is that of the schema's
// column of the same position: String and Symbol are text, Decimal is a number
// or its text, Timestamp is text, Int32 is a number.
type Field struct {
	Required bool   // absent, null and blank are a missing_field
	Living   bool   // required only of what is not deleted
	Flag     bool   // an INT32 that is sent as true or false: 1 or 0
	Trim     bool   // white space around the text does not count
	Text     string // of an optional text field that is not sent
	Number   int64  // of an optional field of another type that is not sent
	InFile   Derive // what a CSV file does without the field
}

// Derive is how a row of a file gets a field that it need not have.
type Derive uint8

// The derivations. Rows of files get an identity from the file's content.
const (
	AsSent     Derive = iota // not derived
	FromRow                  // content hash, "-", row number of 12 digits
	FromPlaced               // the time of field Dataset.Placed, or the effective time of the ingest
)

// Dataset declares an event: field i is column i of the schema, then come the
// columns that the schema was extended by, and the columns after those are _rescued, _source, _partition, _offset,
// _ingest_ts and _replay_of.
type Dataset struct {
	Schema  *column.Schema
	Fields  []Field
	Key     int // the field that the topic is keyed by
	Placed  int // the time field that FromPlaced copies
	Deleted int // the flag that makes an event a deletion; 0: there is none
}

// whole gives the dataset with the fields that its schema was extended by: they
// come behind the declared ones and are optional.
func (d *Dataset) whole() *Dataset {
	w := *d
	for _, f := range d.Schema.Fields[len(d.Fields):d.Schema.Must("_rescued")] {
		w.Fields = append(slices.Clip(w.Fields), Field{Number: f.Default})
	}
	return &w
}

// Name gives the name of field i.
func (d *Dataset) Name(i int) string { return d.Schema.Fields[i].Name }

func (d *Dataset) field(name []byte) int {
	for i := range d.Fields {
		if d.Schema.Fields[i].Name == string(name) {
			return i
		}
	}
	return -1
}

// SalesEvents declares the events of topic sales_events.
var SalesEvents = &Dataset{Schema: sales.Bronze, Key: 2, Placed: 3, Fields: []Field{
	{Required: true, Trim: true, InFile: FromRow}, // event_id
	{Required: true, InFile: FromPlaced},          // event_ts
	{Required: true, Trim: true},                  // order_id
	{Required: true},                              // order_ts
	{Required: true, Trim: true},                  // customer_id
	{Required: true, Trim: true},                  // product_id
	{Required: true},                              // category
	{Required: true},                              // region
	{Required: true},                              // quantity
	{Required: true},                              // unit_price
	{Required: true},                              // revenue
	{Required: true, Trim: true},                  // status
	{},                                            // payment_method
	{Text: sales.DefaultCurrency},                 // currency
	{Number: 1},                                   // schema_version
}}

// CustomerUpdates declares the events of topic customer_updates. A shop that
// erases a customer sends no more than who and when, or all fields as they were:
// both are a deletion, whose other fields may be missing but not be of a wrong type.
var CustomerUpdates = &Dataset{Schema: sales.BronzeCustomers, Key: 0, Deleted: 7, Fields: []Field{
	{Required: true, Trim: true},   // customer_id
	{Required: true},               // updated_ts
	{Required: true, Living: true}, // name
	{Required: true, Living: true}, // email
	{Required: true, Living: true}, // segment
	{Required: true, Living: true}, // city
	{Required: true, Living: true}, // country
	{Flag: true},                   // deleted
}}

// datasets are those that an input may hold.
var datasets = []*Dataset{SalesEvents, CustomerUpdates}

// String gives the dataset's name, such as sales_events.
func (d *Dataset) String() string { return path.Base(d.Schema.Name) }

// CheckLines looks for the first line of NDJSON that is an event of any dataset.
// When it is another's, the error wraps ErrUnusable. The last line may be cut.
func (d *Dataset) CheckLines(b []byte) error {
	decoders := make([]*JSON, len(datasets))
	for i, set := range datasets {
		decoders[i] = NewJSON(set, Options{MaxBytes: math.MaxInt})
	}
	for len(b) > 0 {
		line, used := Line(b, true)
		b = b[used:]
		for i, set := range datasets {
			switch fits := decoders[i].Decode(line) == nil; {
			case fits && set == d:
				return nil
			case fits:
				return d.mistaken(set)
			}
		}
	}
	return nil
}

func (d *Dataset) mistaken(other *Dataset) error {
	return fmt.Errorf("%w: it holds %s, not %s: ingest it as dataset %[2]s", ErrUnusable, other, d)
}
