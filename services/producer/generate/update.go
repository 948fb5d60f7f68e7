package generate

// Update is one version of a customer, as it is meant.
type Update struct {
	Customer
	Deleted bool
	Bare    bool // a deletion that is sent with no more than who and when
}

// UpdateTruth is what must become of an update.
type UpdateTruth struct {
	Code    string // reject code, of bronze; "" = a valid update
	Update  Update // what is meant: for rejects, what it would have been
	Story   string // its part in its customer's life, one of the Story constants
	Plant   string // the fault or oddity planted in it, in words; "" = none
	Rescued bool   // has unknown fields with a value, to be kept in _rescued
}

// The parts that an update can play in the life of its customer.
const (
	StoryJoined   = "a customer that customers.csv does not have"
	StoryCity     = "moved to another city"
	StorySegment  = "changed the segment"
	StoryEmail    = "changed the email"
	StoryDeleted  = "deleted"
	StoryReturned = "came back after a deletion"
	StoryEarly    = "newer update that arrives before an older one"
	StoryLate     = "older update that arrives late"
	StoryRepeat   = "exact repeat"
	StoryUnheard  = "rejected"
)

// UpdateItem is one message or line of a stream of updates. Key and Value are overwritten by the next call.
type UpdateItem struct {
	Key            []byte // the customer id
	Value          []byte // for NDJSON with its line end
	WrongPartition bool   // as for an Item
	Truth          UpdateTruth
}

// draft is the update field by field.
func (u *Update) draft(format Format) *draft {
	d := &draft{format: format, fields: []field{{name: "customer_id", text: u.ID}, {name: "updated_ts", text: string(appendTime(nil, u.UpdatedTS))}}}
	if !u.Bare {
		d.fields = append(d.fields, field{name: "name", text: u.Name}, field{name: "email", text: u.Email},
			field{name: "segment", text: u.Segment}, field{name: "city", text: u.City}, field{name: "country", text: u.Country})
	}
	if u.Deleted {
		d.fields = append(d.fields, field{name: "deleted", text: "true", raw: true})
	}
	return d
}
