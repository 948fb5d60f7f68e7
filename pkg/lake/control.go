package lake

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/sales"
)

// Kind is what a command asks for.
type Kind string

// The commands, each for the stage that writes the slices concerned.
const (
	Reprocess Kind = "reprocess" // silver-etl: judge the bronze rows of days again, by the rules and the catalogue of now
	Rebuild   Kind = "rebuild"   // gold-aggregator: make the tables of days again from silver's files
	Accept    Kind = "accept"    // dq-checker: let a version of a slice pass that failed
)

const (
	commandPrefix = "command/"
	donePrefix    = "done/"
)

// Command asks the writers of slices for work beside the live stream. It is
// published on lake.control.
type Command struct {
	Format  int    `json:"format"`
	ID      string `json:"id"`
	Kind    Kind   `json:"kind"`
	From    string `json:"from"`    // YYYY-MM-DD, the first day
	To      string `json:"to"`      // YYYY-MM-DD, the last day
	Created int64  `json:"created"` // µs UTC

	// Of Accept only: what is accepted, by whom and why.
	Slice   string `json:"slice,omitempty"`   // key of its manifest
	Version int64  `json:"version,omitempty"` // no other version passes by it
	By      string `json:"by,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Key names the command in the topic.
func (c *Command) Key() string { return commandPrefix + c.ID }

// Encode gives the command's JSON.
func (c *Command) Encode() []byte { return encode(c) }

// Days gives the first and the last day, in days since 1970-01-01.
func (c *Command) Days() (from, to int32, err error) {
	if from, err = sales.ParseDay(c.From); err != nil {
		return 0, 0, fmt.Errorf("first day: %w", err)
	}
	if to, err = sales.ParseDay(c.To); err != nil {
		return 0, 0, fmt.Errorf("last day: %w", err)
	}
	if from > to {
		return 0, 0, fmt.Errorf("the first day %s is after the last, %s", c.From, c.To)
	}
	return from, to, nil
}

// IsCommand tells whether a record of lake.control is a command.
func IsCommand(key []byte) bool { return strings.HasPrefix(string(key), commandPrefix) }

// DecodeCommand reads a command; another format than Format is an error.
func DecodeCommand(b []byte) (*Command, error) {
	c := &Command{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("decode command: %w", err)
	}
	return c, checkFormat(c.Key(), c.Format)
}

// DayChange is what a command, or a step of it, changes of a day's slices in one partition. The rows of a
// rebuild are the cells of gold/daily_sales, and their cents gross revenue.
type DayChange struct {
	Day      string               `json:"day"`                // YYYY-MM-DD
	Before   Count                `json:"before"`             // the slice's rows
	After    Count                `json:"after"`              // the same, when it is done
	Added    Count                `json:"added"`              // rows of orders that had none in the slice
	Removed  Count                `json:"removed"`            // rows of orders that have none in it any more
	Changed  int64                `json:"changed"`            // rows that are another version, or spelled otherwise
	Rejected map[sales.Code]Count `json:"rejected,omitempty"` // bronze rows of the day that are rejected now and were not, or were with another code
	Accepted map[sales.Code]Count `json:"accepted,omitempty"` // bronze rows of the day that were rejected with the code and are not now
	Tables   []string             `json:"tables,omitempty"`   // of gold, whose published rows are others or cannot be read
}

// Add adds another change of the same day, of another partition.
func (d *DayChange) Add(o DayChange) {
	d.Before, d.After = d.Before.Add(o.Before), d.After.Add(o.After)
	d.Added, d.Removed, d.Changed = d.Added.Add(o.Added), d.Removed.Add(o.Removed), d.Changed+o.Changed
	d.Rejected, d.Accepted = addByCode(d.Rejected, o.Rejected), addByCode(d.Accepted, o.Accepted)
	d.Tables = append(d.Tables, o.Tables...)
}

func addByCode(a, b map[sales.Code]Count) map[sales.Code]Count {
	sum := map[sales.Code]Count{}
	for _, counts := range []map[sales.Code]Count{a, b} {
		for code, n := range counts {
			sum[code] = sum[code].Add(n)
		}
	}
	return sum
}

// SumDays adds up what all partitions have done in all steps, by day. A day may
// change in several steps.
func SumDays(done []*Done) []DayChange {
	steps := slices.SortedFunc(slices.Values(done), func(a, b *Done) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Through, b.Through))
	})
	type place struct {
		day       string
		partition int32
	}
	byPlace := map[place]DayChange{}
	for _, d := range steps {
		for _, change := range d.Days {
			at := place{change.Day, d.Partition}
			sum, again := byPlace[at]
			before := sum.Before
			if sum.Add(change); again {
				sum.Before = before
			}
			sum.Day, sum.After = change.Day, change.After
			byPlace[at] = sum
		}
	}
	byDay := map[string]DayChange{}
	for at, change := range byPlace {
		sum := byDay[at.day]
		sum.Add(change)
		sum.Day = at.day
		byDay[at.day] = sum
	}
	days := make([]DayChange, 0, len(byDay))
	for _, day := range slices.Sorted(maps.Keys(byDay)) {
		days = append(days, byDay[day])
	}
	return days
}

// Done says that a partition's writer has done a step of a command: its next days. It
// is published on the topic of the slices, in the transaction of the new versions, so
// that a command is done exactly once; the steps of a partition are in one partition
// of the topic, in their order.
type Done struct {
	Format    int         `json:"format"`
	ID        string      `json:"id"` // of the command
	Kind      Kind        `json:"kind"`
	Partition int32       `json:"partition"`
	Version   int64       `json:"version"`           // of the commit; 0 of a rebuild, as days have versions of their own
	Through   string      `json:"through"`           // YYYY-MM-DD, the last day that is done with it
	Days      []DayChange `json:"days"`              // those that the step changed, of a rebuild all that it made again, ascending
	Attempt   string      `json:"attempt,omitempty"` // that is in the names of the quarantine files that it wrote, if any
	Failed    string      `json:"failed,omitempty"`  // why the partition cannot do the rest, which it does not try again
	Created   int64       `json:"created"`           // µs UTC
}

// Failures gives what partitions could not do, nil when they have done all.
func Failures(done []*Done) error {
	var errs []error
	for _, d := range done {
		if d.Failed != "" {
			errs = append(errs, fmt.Errorf("partition %d could not do it: %s", d.Partition, d.Failed))
		}
	}
	return errors.Join(errs...)
}

// Key names the record in a topic: "done/<id>/p=003/2026-01-31".
func (d *Done) Key() string {
	return fmt.Sprintf("%s%s/p=%03d/%s", donePrefix, d.ID, d.Partition, d.Through)
}

// Encode gives the record's JSON.
func (d *Done) Encode() []byte { return encode(d) }

// IsDone tells whether a record's key is that of a Done.
func IsDone(key []byte) bool { return strings.HasPrefix(string(key), donePrefix) }

// DecodeDone reads a Done; another format than Format is an error.
func DecodeDone(b []byte) (*Done, error) {
	d := &Done{}
	if err := json.Unmarshal(b, d); err != nil {
		return nil, fmt.Errorf("decode done: %w", err)
	}
	return d, checkFormat(d.Key(), d.Format)
}

// IsManifest tells whether a record's key is that of a slice's manifest.
func IsManifest(key []byte) bool { return !IsLedger(key) && !IsDone(key) }
