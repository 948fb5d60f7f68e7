package generate

import (
	"errors"
	"fmt"
	"time"
)

// Format says how an item's Value is written.
type Format uint8

const (
	// Message is a Kafka record's value: a JSON object without a line end. Only messages carry the faults that would
	// spoil a file: empty and oversized values, and records on a partition that is not their order's.
	Message Format = iota
	// NDJSON is one JSON object, ended by a line feed.
	NDJSON
	// CSV is one row of [CSVHeader], with its line end.
	CSV
)

// Options say what a [Stream] makes. Shares are per mille of the items. [Sample], [Load] and [Bench] give sensible sets.
type Options struct {
	Seed   uint64
	Rows   int // items in all; 0 = without end, which needs Every
	Format Format

	Start time.Time     // default 2026-01-01 UTC, so that samples never change
	Days  int           // the days that Rows are spread over, with seasons and growth; default 120
	Every time.Duration // if set, item i happens at Start + i·Every instead

	Customers int // default 3,000
	Products  int // default 500

	Faults     int // items that must be rejected
	Twists     int // valid items written in an unusual but legal way
	Duplicates int // events that are sent again
	Versions   int // events that are followed by a newer version of their order

	// CellsOnly leaves out the faults and twists that break the row or the object around the fields, for readers that
	// cannot survive them.
	CellsOnly bool

	// First is the number of the first order and event. Streams whose orders must not meet need ranges that don't.
	First uint64
	// Prior are events of another stream, to which this one sends newer, older and equal versions.
	Prior []Event
}

// Sample is the mix of the sample files: every kind of plant, and many versions.
func Sample(seed uint64, rows int, format Format) Options {
	return Options{Seed: seed, Rows: rows, Format: format, Faults: 12, Twists: 60, Duplicates: 30, Versions: 180}
}

// Load is the mix of a load test: messages with 1 % faults, 3 % duplicates and 10 % newer versions.
func Load(seed uint64, rows int) Options {
	return Options{Seed: seed, Rows: rows, Format: Message, Faults: 10, Twists: 50, Duplicates: 30, Versions: 100}
}

// Bench is the mix of the benchmarks: 3 % duplicates, 1 % faults that every CSV reader survives, no newer versions.
func Bench(seed uint64, rows int, format Format) Options {
	return Options{
		Seed: seed, Rows: rows, Format: format, Customers: 100_000, Products: 5_000,
		Faults: 10, Duplicates: 30, CellsOnly: true,
	}
}

// withDefaults fills what was left out and names every setting that cannot be.
func (o Options) withDefaults() (Options, error) {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	o.Days = orDefault(o.Days, 120)
	o.Customers = orDefault(o.Customers, 3_000)
	o.Products = orDefault(o.Products, 500)
	if o.First == 0 {
		o.First = 1
	}
	var faults []error
	check := func(name string, value, low, high int) {
		if value < low || value > high {
			faults = append(faults, fmt.Errorf("%s is %d, must be %d to %d", name, value, low, high))
		}
	}
	check("rows", o.Rows, 0, 1_000_000_000)
	check("days", o.Days, 1, 3_650)
	check("customers", o.Customers, 100, 10_000_000)
	check("products", o.Products, 100, 9_999)
	check("faults per mille", o.Faults, 0, 500)
	check("twists per mille", o.Twists, 0, 1_000)
	check("duplicates per mille", o.Duplicates, 0, 300)
	check("versions per mille", o.Versions, 0, 300)
	if o.Rows == 0 && o.Every <= 0 {
		faults = append(faults, errors.New("a stream without end (rows 0) needs every > 0"))
	}
	return o, errors.Join(faults...)
}

func orDefault(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}
