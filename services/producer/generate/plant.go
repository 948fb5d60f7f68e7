package generate

// The reject codes, as the contract names them.
const (
	CodeEmpty           = "empty"
	CodeTooLarge        = "too_large"
	CodeInvalidUTF8     = "invalid_utf8"
	CodeMalformedRow    = "malformed_row"
	CodeInvalidJSON     = "invalid_json"
	CodeNotAnObject     = "not_an_object"
	CodeWrongKey        = "wrong_key"
	CodeMissingField    = "missing_field"
	CodeWrongType       = "wrong_type"
	CodeBadTimestamp    = "bad_timestamp"
	CodeBadDecimal      = "bad_decimal"
	CodeQuantity        = "quantity_not_positive"
	CodeNegativePrice   = "negative_price"
	CodeNegativeRevenue = "negative_revenue"
	CodeUnknownStatus   = "unknown_status"
	CodeCurrency        = "unsupported_currency"
	CodeFuture          = "future_timestamp"
	CodeImplausible     = "implausible_timestamp"
)

// formats is a set of formats.
type formats uint8

const (
	inMessage formats = 1 << Message
	inNDJSON  formats = 1 << NDJSON
	inCSV     formats = 1 << CSV
	inJSON            = inMessage | inNDJSON
	inAll             = inJSON | inCSV
)

// plant is one way to spoil an event, or (without a code) to write it in an unusual but legal way. What it does happens
// in this order: change the event, edit its fields, edit the written bytes.
type plant struct {
	code   string
	what   string
	in     formats
	change func(e *Event)
	edit   edit
	raw    func(b []byte) []byte // without the line end

	shape          bool // breaks what is around the fields
	wrongPartition bool
	derived        bool // fits only an order that has no other event
	most           int  // plant it at most so often in a stream; 0 = no bound
}

func (p *plant) stage() Stage {
	switch p.code {
	case "":
		return ""
	case CodeQuantity, CodeNegativePrice, CodeNegativeRevenue, CodeUnknownStatus, CodeCurrency, CodeFuture, CodeImplausible:
		return Silver
	}
	return Bronze
}

// rotation hands out its plants one after the other, so that each is planted about equally often.
type rotation struct {
	plants []plant
	used   []int
	next   int
}

func newRotation(o Options, tables ...[]plant) *rotation {
	t := &rotation{}
	for _, table := range tables {
		for _, p := range table {
			if p.in>>o.Format&1 == 1 && !(o.CellsOnly && p.shape) {
				t.plants = append(t.plants, p)
			}
		}
	}
	t.used = make([]int, len(t.plants))
	return t
}

// take gives the next plant; alone tells whether the event is the only one of its order.
func (t *rotation) take(alone bool) *plant {
	for range t.plants {
		i := t.next
		t.next = (t.next + 1) % len(t.plants)
		p := &t.plants[i]
		if (p.most > 0 && t.used[i] >= p.most) || (p.derived && !alone) {
			continue
		}
		t.used[i]++
		return p
	}
	return nil
}
