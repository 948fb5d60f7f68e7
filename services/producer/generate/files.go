package generate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The names of the files that [WriteFiles] writes.
const (
	EventsCSV    = "sales_events.csv"
	EventsNDJSON = "sales_events.ndjson"
	UpdatesJSON  = "customer_updates.ndjson"
	CustomersCSV = "customers.csv"
	ProductsCSV  = "products.csv"
	ExpectedJSON = "expected.json"
	ReadmeFile   = "README.md"
)

// FileOptions say how much [WriteFiles] writes. The defaults are those of the sample files.
type FileOptions struct {
	Seed    uint64
	Rows    int // of sales_events.csv; default 50,000
	Events  int // of sales_events.ndjson; default 4,000
	Updates int // of customer_updates.ndjson; default 3,000
	Days    int // that the CSV covers, from 2026-01-01; default 120. The NDJSON covers the four days after them
}

const ndjsonDays = 4

// csv and ndjson are the options of the two streams. Their orders and events have numbers of their own, except for what
// the second says of the first.
func (o FileOptions) csv() Options {
	opts := Sample(o.Seed, orDefault(o.Rows, 50_000), CSV)
	opts.Days = orDefault(o.Days, 120)
	return opts
}

func (o FileOptions) ndjson(prior []Event) Options {
	before, _ := o.csv().withDefaults() // New reports what is wrong with them
	opts := Sample(o.Seed, orDefault(o.Events, 4_000), NDJSON)
	opts.Start, opts.Days = before.Start.AddDate(0, 0, before.Days), ndjsonDays
	opts.First = 1 << 30
	opts.Faults = 35 // more than in the CSV, for there are more kinds; under the 5 % at which the gate closes
	opts.Prior = prior
	return opts
}

// OfUpdates are the options of the updates of customers, over the days of the CSV.
func (o FileOptions) OfUpdates() Options {
	opts := o.csv()
	opts.Rows, opts.Format, opts.Faults = orDefault(o.Updates, 3_000), NDJSON, 25
	return opts
}

// priorShare is how many orders of the CSV there are for each one that the NDJSON continues.
const priorShare = 64

// WriteFiles writes the sample files, their README and expected.json into dir, which must exist. The same options write
// the same bytes.
func WriteFiles(dir string, o FileOptions) (Expected, error) {
	total, want := NewTally(), Expected{Version: ExpectedVersion, Seed: o.Seed, Files: map[string]Run{}}
	table, err := writeEvents(dir, EventsCSV, o.csv(), total, &want)
	if err != nil {
		return want, err
	}
	var prior []Event
	for _, e := range total.Current() {
		if !e.Derived && mix(e.Order)%priorShare == 0 {
			prior = append(prior, e)
		}
	}
	lines, err := writeEvents(dir, EventsNDJSON, o.ndjson(prior), total, &want)
	if err != nil {
		return want, err
	}
	if want.Total, err = total.Run(o.csv()); err != nil {
		return want, err
	}
	updates, err := writeUpdates(dir, o.OfUpdates(), &want)
	if err != nil {
		return want, err
	}
	if err := writeDimensions(dir, o.csv(), &want); err != nil {
		return want, err
	}
	if err := writeWith(dir, ExpectedJSON, func(w *bufio.Writer) error { return writeExpected(w, want) }); err != nil {
		return want, err
	}
	return want, writeWith(dir, ReadmeFile, func(w *bufio.Writer) error {
		_, err := w.WriteString(readmeOf(o, want, table, lines, updates))
		return err
	})
}

// writeEvents writes a stream, adds it to total (nil = there is none), and puts its own answer into want.
func writeEvents(dir, name string, opts Options, total *Tally, want *Expected) (*census, error) {
	s, err := New(opts)
	if err != nil {
		return nil, err
	}
	alone, seen := NewTally(), newCensus()
	err = writeWith(dir, name, func(w *bufio.Writer) error {
		if opts.Format == CSV {
			if _, err := w.WriteString(CSVHeader); err != nil {
				return err
			}
		}
		var item Item
		for s.Next(&item) {
			if _, err := w.Write(item.Value); err != nil {
				return err
			}
			alone.Add(&item.Truth)
			if total != nil {
				total.Add(&item.Truth)
			}
			seen.add(item.Truth.mark())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	want.Files[name], err = alone.Run(opts)
	return seen, err
}

// writeUpdates writes the updates of customers and puts their answer into want.
func writeUpdates(dir string, opts Options, want *Expected) (*census, error) {
	u, err := NewUpdates(opts)
	if err != nil {
		return nil, err
	}
	tally, seen := NewUpdateTally(), newCensus()
	err = writeWith(dir, UpdatesJSON, func(w *bufio.Writer) error {
		var item UpdateItem
		for u.Next(&item) {
			if _, err := w.Write(item.Value); err != nil {
				return err
			}
			tally.Add(&item.Truth)
			seen.add(item.Truth.mark())
		}
		return nil
	})
	want.Updates = tally.Run()
	return seen, err
}

func writeDimensions(dir string, opts Options, want *Expected) error {
	customers, err := Customers(opts)
	if err != nil {
		return err
	}
	products, err := Products(opts)
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, c := range customers {
		ids[c.ID] = true
	}
	want.Customers = CustomersAnswer{Rows: int64(len(customers)), Customers: int64(len(ids))}
	want.Products = ProductsAnswer{Rows: int64(len(products))}
	if err := writeWith(dir, CustomersCSV, func(w *bufio.Writer) error { return writeCustomers(w, customers) }); err != nil {
		return err
	}
	return writeWith(dir, ProductsCSV, func(w *bufio.Writer) error { return writeProducts(w, products) })
}

// writeExpected writes one line for each cell, so that a change of the answer can be read as a difference of lines.
func writeExpected(w *bufio.Writer, want Expected) error {
	b, err := json.Marshal(want)
	if err != nil {
		return fmt.Errorf("encode the expected answer: %w", err)
	}
	const cellStart = `{"order_date"`
	_, err = w.Write(append(bytes.ReplaceAll(b, []byte(cellStart), []byte("\n"+cellStart)), '\n'))
	return err
}

// writeWith writes a file through a buffer.
func writeWith(dir, name string, fill func(w *bufio.Writer) error) error {
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write sample file: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = fill(w)
	if err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write sample file %s: %w", path, err)
	}
	return nil
}
