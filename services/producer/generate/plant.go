package generate

import "slices"

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

// rotation hands out plants: code by code, and within a code plant by plant, so that each code is planted about equally
// often and a short stream still has them all.
type rotation struct {
	groups []*group // one for each code
	next   int
}

type group struct {
	plants []plant
	used   []int
	next   int
}

func newRotation(o Options, tables ...[]plant) *rotation {
	t := &rotation{}
	byCode := map[string]*group{}
	for _, p := range slices.Concat(tables...) {
		if p.in>>o.Format&1 == 0 || (o.CellsOnly && p.shape) {
			continue
		}
		g := byCode[p.code]
		if g == nil {
			g = &group{}
			byCode[p.code] = g
			t.groups = append(t.groups, g)
		}
		g.plants, g.used = append(g.plants, p), append(g.used, 0)
	}
	return t
}

// take gives the next plant, nil if there is none; alone tells whether the event is the only one of its order.
func (t *rotation) take(alone bool) *plant {
	for range t.groups {
		g := t.groups[t.next]
		t.next = (t.next + 1) % len(t.groups)
		if p := g.take(alone); p != nil {
			return p
		}
	}
	return nil
}

func (g *group) take(alone bool) *plant {
	for range g.plants {
		i := g.next
		g.next = (g.next + 1) % len(g.plants)
		p := &g.plants[i]
		if (p.most > 0 && g.used[i] >= p.most) || (p.derived && !alone) {
			continue
		}
		g.used[i]++
		return p
	}
	return nil
}
