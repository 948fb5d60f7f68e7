package generate

import (
	"fmt"
	"math/rand/v2"

	"github.com/brianvoe/gofakeit/v7"
)

// SalesPerUpdate is how many sales events there are for each update of a customer, where both flow.
const SalesPerUpdate = 100

// ForUpdates are the options of the updates that flow beside a stream of sales events.
func (o Options) ForUpdates() Options {
	if o.Rows > 0 {
		o.Rows = max(1, o.Rows/SalesPerUpdate)
	}
	o.Every *= SalesPerUpdate
	return o
}

// Updates makes updates of customers one after the other: each says all of its customer. It is not safe for concurrent use.
type Updates struct {
	opts      Options
	world     *world
	clock     *clock
	chance    *rand.Rand
	fake      *gofakeit.Faker
	calendar  *calendar[Update]
	faults    *rotation
	twists    *rotation
	customers []Update // as they are now
	region    []string // of each
	busy      weighted // some change often, most hardly ever

	row uint64 // items made
	now int64  // when this item arrives, microseconds UTC
}

// NewUpdates checks the options, of which Rows counts updates, and starts from the customers of their world. Versions is
// the share of updates that overtake an older one, by eight.
func NewUpdates(opts Options) (*Updates, error) {
	listed, err := Customers(opts)
	if err != nil {
		return nil, fmt.Errorf("generate customer updates: %w", err)
	}
	opts, err = opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("generate customer updates: %w", err)
	}
	u := &Updates{
		opts: opts, world: newWorld(opts), clock: newClock(opts), chance: newRand(opts.Seed, "updates"),
		fake:     gofakeit.NewFaker(rand.NewPCG(opts.Seed, mix(^opts.Seed)), false),
		calendar: newCalendar[Update](opts.Rows),
		faults:   newRotation(opts, updateFaults()), twists: newRotation(opts, updateTwists()),
	}
	u.settle(listed)
	return u, nil
}

// settle finds who may change: customers of whom customers.csv has one version, so that the two tell one history, and
// those that it does not have.
func (u *Updates) settle(listed []Customer) {
	versions := map[string]int{}
	for _, c := range listed {
		versions[c.ID]++
	}
	for i, region := range u.world.regions {
		if i >= u.opts.Customers-unlistedCustomers {
			c := newCustomer(i, region, u.opts.Start, u.fake, u.chance)
			c.UpdatedTS = 0
			listed = append(listed, c)
			versions[c.ID] = 1
		}
	}
	u.chance.Shuffle(len(listed), func(i, j int) { listed[i], listed[j] = listed[j], listed[i] })
	regions := map[string]string{}
	for i, region := range u.world.regions {
		regions[string(appendCustomer(nil, uint32(i)))] = region
	}
	for _, c := range listed {
		if versions[c.ID] == 1 {
			u.customers, u.region = append(u.customers, Update{Customer: c}), append(u.region, regions[c.ID])
		}
	}
	u.busy = zipf(len(u.customers), 40)
}

// Next fills item with the next one; false = there are no more.
func (u *Updates) Next(item *UpdateItem) bool {
	if u.opts.Rows > 0 && u.row == uint64(u.opts.Rows) {
		return false
	}
	u.now = u.clock.at(u.row, u.chance)
	*item = UpdateItem{Key: item.Key[:0], Value: item.Value[:0]}
	if happens(u.chance, u.opts.Faults) {
		u.reject(item, u.faults.take(true))
	} else {
		u.accept(item)
	}
	u.row++
	return true
}

// reject makes an item that must not become a row of bronze: a change that its customer never hears of again.
func (u *Updates) reject(item *UpdateItem, p *plant) {
	if a, waiting := u.calendar.take(u.row); waiting {
		u.calendar.add(u.row, 1, a.event, a.story)
	}
	at := u.busy.pick(u.chance)
	e := u.customers[at]
	u.change(&e, at)
	e.Deleted, e.Bare = false, false
	u.write(item, e, StoryUnheard, p)
}

// accept makes a valid item: what was due now, or a change of a customer.
func (u *Updates) accept(item *UpdateItem) {
	var twist *plant
	e, story := u.dueOrNew()
	if !e.Deleted && happens(u.chance, u.opts.Twists) {
		twist = u.twists.take(true)
	}
	u.write(item, e, story, twist)
}

func (u *Updates) dueOrNew() (Update, string) {
	if a, due := u.calendar.take(u.row); due {
		return a.event, a.story
	}
	at := u.busy.pick(u.chance)
	c := &u.customers[at]
	story := u.change(c, at)
	if happens(u.chance, u.opts.Versions/8) {
		old := *c
		u.change(c, at)
		u.later(old, StoryLate)
		story = StoryEarly
	}
	if happens(u.chance, u.opts.Duplicates) {
		u.later(*c, StoryRepeat)
	}
	return *c, story
}

// change makes c, whose region is known by at, its next version.
func (u *Updates) change(c *Update, at int) (story string) {
	joined := c.UpdatedTS == 0
	c.UpdatedTS = max(floorTo(u.now-lateness(u.chance), 1000), c.UpdatedTS+1000)
	switch chance := u.chance.IntN(100); {
	case joined:
		return StoryJoined
	case c.Deleted:
		c.Deleted, c.Bare = false, false
		return StoryReturned
	case chance < 4:
		c.Deleted, c.Bare = true, chance < 2
		return StoryDeleted
	case chance < 45:
		c.City = u.fake.City()
		if of := countries[u.region[at]]; chance < 15 {
			c.Country = of[u.chance.IntN(len(of))]
		}
		return StoryCity
	case chance < 70:
		c.Segment = segments[u.chance.IntN(len(segments))]
		return StorySegment
	}
	c.Email = string(appendInt([]byte("mail"), u.chance.Int64N(1_000_000))) + "@example.com"
	return StoryEmail
}

// later sets an update to arrive some items later: soon mostly, now and then at the other end of the stream.
func (u *Updates) later(e Update, story string) {
	x := u.chance.Uint64()
	reach := uint64(len(u.calendar.slots)) >> (x % 12)
	u.calendar.add(u.row, 1+(x>>8)%max(reach, 1), e, story)
}

// write turns an update into the item's bytes and truth.
func (u *Updates) write(item *UpdateItem, e Update, story string, p *plant) {
	item.Key = append(item.Key, e.ID...)
	item.Truth = UpdateTruth{Update: e, Story: story}
	d := e.draft(u.opts.Format)
	if p == nil {
		p = &plant{}
	}
	if p.edit != nil {
		p.edit(d)
	}
	item.Value = d.append(item.Value)
	if p.raw != nil {
		item.Value = p.raw(item.Value)
	}
	item.WrongPartition = p.wrongPartition
	item.Truth.Code, item.Truth.Plant, item.Truth.Rescued = p.code, p.what, d.rescued && p.code == ""
	if u.opts.Format != Message {
		item.Value = append(item.Value, '\n')
	}
}
