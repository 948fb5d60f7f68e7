package generate

import "math/rand/v2"

// place makes a new order by a customer who has probably bought before.
func (s *Stream) place() Event {
	w, r := s.world, s.chance
	customer := w.customerAt[w.byLoyalty.pick(r)]
	product := w.productAt[w.byDemand.pick(r)]
	bits := r.Uint64()
	placed := s.precise(s.now-lateness(s.chance), bits)
	e := Event{
		Order: s.orders, EventTS: placed, OrderTS: placed,
		Customer: uint32(customer), Product: uint32(product), Category: w.products[product].Category, Region: w.regions[customer],
		Status: firstStatuses[bits>>8%16], Payment: payments[bits>>16%16], Currency: usd,
	}
	if bits>>24%4 == 0 { // sent some time after it was placed
		e.OrderTS = placed - int64(bits>>32%900)*second
	}
	discount := discounts[bits>>44%8]
	e.price(quantities[bits>>50%16], w.products[product].ListPrice*(100-discount)/100)
	s.orders++
	s.name(&e)
	return e
}

var (
	firstStatuses = [16]string{
		Pending, Pending, Pending, Pending, Completed, Completed, Completed, Completed,
		Completed, Completed, Completed, Completed, Completed, Completed, Cancelled, Refunded,
	}
	payments = [16]string{
		"credit_card", "credit_card", "credit_card", "credit_card", "credit_card", "credit_card", "paypal", "paypal",
		"paypal", "paypal", "debit_card", "debit_card", "debit_card", "apple_pay", "bank_transfer", "gift_card",
	}
	quantities = [16]int32{1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 12}
	discounts  = [8]int64{0, 0, 0, 0, 5, 10, 15, 25} // percent
)

// name gives an event its id. Ids do not ascend, so that ties of event_ts are decided either way.
func (s *Stream) name(e *Event) {
	e.ID = mix(s.events ^ s.salt)
	s.events++
}

// lateness is how long an event was on its way: seconds mostly, minutes for one in ten, up to two days for one in a hundred.
func lateness(r *rand.Rand) int64 {
	x := r.Uint64()
	switch chance := x % 100; {
	case chance == 0:
		return int64(x >> 8 % uint64(2*day))
	case chance < 10:
		return int64(x >> 8 % uint64(20*minute))
	}
	return int64(x >> 8 % uint64(3*second))
}

// precise rounds a time down to what its sender's clock shows: seconds, milliseconds or microseconds.
func (s *Stream) precise(us int64, bits uint64) int64 {
	switch bits % 8 {
	case 0:
		return floorTo(us, second)
	case 1, 2:
		return us
	}
	return floorTo(us, 1000)
}

// advance makes e the next version of its order, emitted now: mostly the status moves on.
func (s *Stream) advance(e *Event) (story string) {
	before := e.EventTS
	e.EventTS = max(s.precise(s.now-lateness(s.chance), s.chance.Uint64()), before+1)
	s.name(e)
	chance := s.chance.IntN(100)
	switch {
	case chance < 8:
		return s.move(e)
	case chance < 12 || e.Status == Cancelled || e.Status == Refunded:
		e.price(e.Quantity+1, e.UnitPrice)
		if chance%2 == 0 {
			e.Category = categories[s.chance.IntN(len(categories))]
		}
		return StoryChanged
	case e.Status == Completed:
		e.Status = Refunded
	case chance < 28:
		e.Status = Cancelled
	default:
		e.Status = Completed
	}
	return StoryNext
}

// move corrects the day of an order by up to nine days, never past the event that says so.
func (s *Stream) move(e *Event) string {
	by := int64(1+s.chance.IntN(9)) * day
	if s.chance.IntN(2) == 0 && e.OrderTS+by <= e.EventTS {
		e.OrderTS += by
	} else {
		e.OrderTS -= by
	}
	return StoryMoved
}

// live decides what else happens to an order that has just had an event, and may send an older or newer version first.
func (s *Stream) live(e Event, story string) (Event, string) {
	switch story {
	case StoryNew, StoryNext, StoryMoved, StoryChanged:
	default:
		return e, story // what was sent again, or too late, has no further life
	}
	if story == StoryNew && happens(s.chance, s.opts.Versions/12) {
		old := e
		s.advance(&e)
		s.later(old, StoryOld)
		story = StoryOvertake
	}
	if happens(s.chance, s.opts.Versions) {
		s.later(e, StoryNext)
	} else if happens(s.chance, s.opts.Versions/30) {
		s.rival(e)
	}
	if happens(s.chance, s.opts.Duplicates) {
		s.repeat(e)
	}
	s.recent = e
	return e, story
}

// rival sends another version with the same event_ts: under another id, or under the same id, to be decided by arrival.
func (s *Stream) rival(e Event) {
	twin, story := e, StoryTie
	s.advance(&twin)
	twin.EventTS = e.EventTS
	if twin.OrderTS > twin.EventTS {
		twin.OrderTS = e.OrderTS
	}
	if s.chance.IntN(4) == 0 {
		twin.ID, story = e.ID, StoryResent
	}
	s.later(twin, story)
}

// repeat sends e again: mostly as it is, for one in four under another id.
func (s *Stream) repeat(e Event) {
	story := StoryAgain
	if s.chance.IntN(4) == 0 {
		s.name(&e)
		story = StoryCopy
	}
	s.later(e, story)
}

// later sets an event to arrive some items later: soon mostly, now and then at the other end of the stream.
func (s *Stream) later(e Event, story string) {
	x := s.chance.Uint64()
	reach := uint64(len(s.calendar.slots)) >> (x % 12)
	s.calendar.add(s.row, 1+(x>>8)%max(reach, 1), e, story)
}

// answer sends something about an order of another stream, in turns.
func (s *Stream) answer(e Event) (Event, string) {
	switch s.prior % 8 {
	case 1:
		return e, StoryAgain
	case 2:
		s.name(&e)
		return e, StoryCopy
	case 3:
		s.name(&e)
		e.EventTS -= hour
		e.OrderTS = min(e.OrderTS, e.EventTS)
		e.Status = Pending
		return e, StoryOld
	case 4:
		s.name(&e)
		e.Status = Refunded
		return e, StoryTie
	}
	story := s.advance(&e)
	return e, story
}
