package produce

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/producer/generate"
)

// Load gives the options of a load test. A given number of events is spread
// over months; without one (0) the stream has no end and happens now, at rate
// events per second.
func Load(seed uint64, events int64, rate int) (generate.Options, error) {
	o := generate.Load(seed, int(events))
	if events > 0 {
		return o, nil
	}
	if rate == 0 {
		return o, errors.New("producer.rate is 0 (as fast as possible) and producer.events is 0 (no limit); set one of them")
	}
	// Of all that the rate allows, some are updates of customers.
	o.Start, o.Every = time.Now().UTC(), time.Second*(generate.SalesPerUpdate+1)/time.Duration(generate.SalesPerUpdate*rate)
	// The orders of a producer that is started again must not meet those of the run before.
	o.First = uint64(o.Start.Unix()) << 20
	return o, nil
}

// Truth is what must become of what was sent.
type Truth struct {
	generate.Run
	Updates generate.UpdatesRun `json:"customer_updates"`
}

// Generated is a Source of the seeded generator: sales events, and among them
// updates of customers. It keeps the truth of all that it made.
type Generated struct {
	options      generate.Options
	stream       *generate.Stream
	item         generate.Item
	made         int // events of both
	updates      *generate.Updates
	update       generate.UpdateItem
	tally        *generate.Tally // nil when nobody wants the truth
	updatesTally *generate.UpdateTally
}

// NewGenerated checks the options. The truth of an endless stream would grow
// without bound, so it is kept only when asked for.
func NewGenerated(o generate.Options, truth bool) (*Generated, error) {
	s, err := generate.New(o)
	if err != nil {
		return nil, err
	}
	u, err := generate.NewUpdates(o.ForUpdates())
	if err != nil {
		return nil, err
	}
	g := &Generated{options: o, stream: s, updates: u}
	if truth {
		g.tally, g.updatesTally = generate.NewTally(), generate.NewUpdateTally()
	}
	return g, nil
}

// Next makes the next event: an update after so many sales events.
func (g *Generated) Next() (Event, bool, error) {
	if g.made++; g.made%(generate.SalesPerUpdate+1) == 0 && g.updates.Next(&g.update) {
		if g.updatesTally != nil {
			g.updatesTally.Add(&g.update.Truth)
		}
		return Event{Topic: sales.TopicCustomers, Key: g.update.Key, Value: g.update.Value, Wrong: g.update.WrongPartition}, true, nil
	}
	if !g.stream.Next(&g.item) {
		return Event{}, false, nil
	}
	if g.tally != nil {
		g.tally.Add(&g.item.Truth)
	}
	return Event{Topic: sales.TopicEvents, Key: g.item.Key, Value: g.item.Value, Wrong: g.item.WrongPartition}, true, nil
}

// WriteTruth writes what must become of the events made so far, as the JSON of
// a Truth.
func (g *Generated) WriteTruth(path string) error {
	run, err := g.tally.Run(g.options)
	if err != nil {
		return fmt.Errorf("add the truth up: %w", err)
	}
	b, err := json.MarshalIndent(Truth{run, g.updatesTally.Run()}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the truth: %w", err)
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
