package generate

import "slices"

// kept is an event as a tally keeps it: without pointers and in 64 bytes, because there is one for each order.
type kept struct {
	id                                          uint64
	eventTS, orderTS, unitPrice, revenue        int64
	customer, product                           uint32
	quantity                                    int32
	category, region, status, payment, currency uint8
	derived                                     bool
}

// olderThan tells whether other wins over k when it arrives later: the greater (event_ts, event_id, arrival) wins.
func (k *kept) olderThan(other *Event) bool {
	if k.eventTS != other.EventTS {
		return k.eventTS < other.EventTS
	}
	return k.id <= other.ID
}

func (t *Tally) keep(e *Event) kept {
	return kept{
		id: e.ID, eventTS: e.EventTS, orderTS: e.OrderTS, customer: e.Customer, product: e.Product,
		quantity: e.Quantity, unitPrice: e.UnitPrice, revenue: e.Revenue, derived: e.Derived,
		category: t.categories.code(e.Category), region: t.regions.code(e.Region), status: t.statuses.code(e.Status),
		payment: t.payments.code(e.Payment), currency: t.currencies.code(e.Currency),
	}
}

func (t *Tally) event(order uint64, k *kept) Event {
	return Event{
		ID: k.id, Order: order, EventTS: k.eventTS, OrderTS: k.orderTS, Customer: k.customer, Product: k.product,
		Quantity: k.quantity, UnitPrice: k.unitPrice, Revenue: k.revenue, Derived: k.derived,
		Category: t.categories[k.category], Region: t.regions[k.region], Status: t.statuses[k.status],
		Payment: t.payments[k.payment], Currency: t.currencies[k.currency],
	}
}

// names numbers the few values of a field in the order in which they are met.
type names []string

func (n *names) code(name string) uint8 {
	i := slices.Index(*n, name)
	if i < 0 {
		i = len(*n)
		*n = append(*n, name)
	}
	return uint8(i)
}
