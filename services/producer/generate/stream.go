package generate

import (
	"fmt"
	"math/rand/v2"
)

// Stream makes items one after the other. It is not safe for concurrent use.
type Stream struct {
	opts     Options
	world    *world
	clock    *clock
	chance   *rand.Rand
	calendar *calendar[Event]
	faults   *rotation
	twists   *rotation

	row    uint64 // items made
	now    int64  // when this item arrives, microseconds UTC
	orders uint64
	events uint64
	salt   uint64 // makes event ids differ between seeds
	prior  int    // events of Prior that were answered
	recent Event  // an order that faults may name
}

// New checks the options and builds the world that the stream tells of.
func New(opts Options) (*Stream, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("generate sales events: %w", err)
	}
	return &Stream{
		opts: opts, world: newWorld(opts), clock: newClock(opts), chance: newRand(opts.Seed, "stream"),
		calendar: newCalendar[Event](opts.Rows),
		faults:   newRotation(opts, structureFaults(), fieldFaults(), meaningFaults()),
		twists:   newRotation(opts, twists()),
		orders:   opts.First, events: opts.First, salt: mix(opts.Seed),
	}, nil
}

// Next fills item with the next one; false = there are no more.
func (s *Stream) Next(item *Item) bool {
	if s.opts.Rows > 0 && s.row == uint64(s.opts.Rows) {
		return false
	}
	s.now = s.clock.at(s.row, s.chance)
	*item = Item{Key: item.Key[:0], Value: item.Value[:0]}
	switch {
	case s.endsOpen():
		s.reject(item, &unclosedQuote)
	case happens(s.chance, s.opts.Faults):
		s.reject(item, s.faults.take(true))
	default:
		s.accept(item)
	}
	s.row++
	return true
}

// happens is true in so many of 1,000 cases.
func happens(r *rand.Rand, perMille int) bool {
	return perMille > 0 && r.IntN(1000) < perMille
}

// endsOpen tells whether this is the last row of a CSV that may have broken rows.
func (s *Stream) endsOpen() bool {
	return s.row+1 == uint64(s.opts.Rows) && s.opts.Format == CSV && s.opts.Faults > 0 && !s.opts.CellsOnly
}

// reject makes an item that must not become a row of silver. Every third one names an order that has a valid event, which
// must stand.
func (s *Stream) reject(item *Item, p *plant) {
	if a, waiting := s.calendar.take(s.row); waiting {
		s.calendar.add(s.row, 1, a.event, a.story)
	}
	e, story := s.recent, StoryBroken
	if e.Order == 0 || s.chance.IntN(3) > 0 {
		e, story = s.place(), StoryNew
	} else {
		s.advance(&e)
	}
	s.write(item, e, story, p)
}

// accept makes a valid item: what was due now, or an answer to another stream's event, or a new order.
func (s *Stream) accept(item *Item) {
	e, story := s.dueOrNew()
	var twist *plant
	alone := story == StoryNew
	if happens(s.chance, s.opts.Twists) {
		twist = s.twists.take(alone)
	}
	if twist != nil && twist.derived {
		e.Derived = true
	} else {
		e, story = s.live(e, story)
	}
	s.write(item, e, story, twist)
}

func (s *Stream) dueOrNew() (Event, string) {
	if a, due := s.calendar.take(s.row); due {
		if a.story == StoryNext {
			story := s.advance(&a.event)
			return a.event, story
		}
		return a.event, a.story
	}
	if s.prior < len(s.opts.Prior) && happens(s.chance, 2*s.opts.Versions) {
		s.prior++
		return s.answer(s.opts.Prior[s.prior-1])
	}
	return s.place(), StoryNew
}

// write turns an event into the item's bytes and truth.
func (s *Stream) write(item *Item, e Event, story string, p *plant) {
	item.Key = appendOrder(item.Key, e.Order)
	if p == nil {
		item.Truth = Truth{Event: e, Story: story}
		item.Value = s.encode(item.Value, &e)
	} else {
		s.writePlant(item, e, story, p)
	}
	if s.opts.Format != Message {
		item.Value = append(item.Value, '\n')
	}
}

func (s *Stream) encode(b []byte, e *Event) []byte {
	if s.opts.Format == CSV {
		return s.world.appendCSV(b, e)
	}
	return s.world.appendJSON(b, e)
}

func (s *Stream) writePlant(item *Item, e Event, story string, p *plant) {
	if p.change != nil {
		p.change(&e)
	}
	d := s.world.draft(&e, s.opts.Format)
	if p.edit != nil {
		p.edit(d)
	}
	item.Value = d.append(item.Value)
	if p.raw != nil {
		item.Value = p.raw(item.Value)
	}
	item.WrongPartition = p.wrongPartition
	item.Truth = Truth{Code: p.code, Stage: p.stage(), Event: e, Story: story, Plant: p.what, Rescued: d.rescued && p.stage() != Bronze}
}
