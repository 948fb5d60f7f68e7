package generate

// Event is one version of an order, as it is meant: what is written of it may look odd or be broken.
type Event struct {
	ID      uint64 // written as 16 hexadecimal digits, so that ids sort as these numbers do
	Order   uint64
	EventTS int64 // microseconds UTC
	OrderTS int64 // microseconds UTC

	Customer, Product uint32 // indexes; their written ids count from 1
	Category, Region  string // in the catalogue's spelling

	Quantity  int32
	UnitPrice int64 // cents
	Revenue   int64 // cents
	Status    string
	Payment   string
	Currency  string

	// Derived: the row is written without its event_id or event_ts, which the reader must make up. Such an order has no
	// other version, so that it does not matter what the reader makes.
	Derived bool
}

// The statuses that an order may have.
const (
	Pending   = "pending"
	Completed = "completed"
	Cancelled = "cancelled"
	Refunded  = "refunded"
)

// OrderID and CustomerID are written as the files and messages have them.
func (e *Event) OrderID() string { return string(appendOrder(nil, e.Order)) }

// CustomerID is the written form of Customer.
func (e *Event) CustomerID() string { return string(appendCustomer(nil, e.Customer)) }

// price sets the quantity and price, and the revenue that follows.
func (e *Event) price(quantity int32, unitPrice int64) {
	e.Quantity, e.UnitPrice, e.Revenue = quantity, unitPrice, int64(quantity)*unitPrice
}

// Truth is what must become of an item.
type Truth struct {
	Code    string // reject code; "" = a valid event
	Stage   Stage  // where it is rejected; "" = nowhere
	Event   Event  // what is meant: for rejects of bronze, what it would have been
	Story   string // its part in its order's life, one of the Story constants
	Plant   string // the fault or oddity planted in it, in words; "" = none
	Rescued bool   // has unknown fields with a value, to be kept in _rescued
}

// Stage names the service that rejects.
type Stage string

// The stages that reject.
const (
	Bronze Stage = "bronze"
	Silver Stage = "silver"
)

// The parts that an event can play in the life of its order.
const (
	StoryNew      = "new order"
	StoryNext     = "newer version: status moved on"
	StoryMoved    = "newer version: order_ts corrected to another day"
	StoryChanged  = "newer version: quantity or category corrected"
	StoryAgain    = "exact duplicate (same event_id)"
	StoryCopy     = "equal content under another event_id"
	StoryTie      = "tie of event_ts, decided by event_id"
	StoryResent   = "same event_id and event_ts, changed content: the later row wins"
	StoryOvertake = "newer version that arrives before an older one"
	StoryOld      = "older version that arrives late"
	StoryBroken   = "rejected, names an order that has a valid event"
)

// Item is one row or message of a stream. Key and Value are overwritten by the next call.
type Item struct {
	Key   []byte // the order id
	Value []byte // for CSV and NDJSON with its line end
	// WrongPartition: the record must be sent to (the partition of Key + 1) mod n, with n ≥ 2, and so be rejected.
	WrongPartition bool
	Truth          Truth
}
