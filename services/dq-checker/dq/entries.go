package dq

import (
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/rules"
	"github.com/saleslake/saleslake/pkg/sales"
)

// What the lines of the ledger of a day are made from.
var (
	soldTerms = []term{{column: "revenue", where: rules.Where{"status": []rules.Text{sales.Completed, sales.Refunded}}}}
	dayTerms  = []term{{column: "orders"}, {column: "pending_orders"}, {column: "cancelled_orders"}, {column: "gross_revenue"}}
)

// entryNeeds are needed whatever the rules are.
func entryNeeds() (needs []need) {
	for _, t := range soldTerms {
		needs = append(needs, t.need(sales.TableSilver))
	}
	for _, t := range dayTerms {
		needs = append(needs, t.need(sales.TableDailySales))
	}
	return needs
}

// entries gives the lines of the ledger of a day that evidence tells of: what silver says
// that its slices hold against what their files hold, that against what gold says, and the
// orders against the daily sales.
func (e *Evidence) entries() []Entry {
	m := e.Manifest
	line := func(hop, source string, in, out lake.Count, unreadable []string) Entry {
		return Entry{Hop: hop, Source: source, Partition: m.Partition, Day: m.Day, Version: m.Version, In: in, Out: out, Fault: strings.Join(unreadable, "; ")}
	}
	switch m.Table {
	case sales.TableSilverCustomers:
		return []Entry{line("silver", m.Table, m.Count, e.Slice.Count, e.Slice.Unreadable)}
	case sales.TableFacts:
		var silver lake.Count
		for _, in := range m.Inputs {
			silver = silver.Add(in.Count)
		}
		return []Entry{line("silver", sales.TableSilver, silver, e.Slice.Count, e.Slice.Unreadable), line("gold", m.Table, e.Slice.Count, m.Count, nil)}
	case sales.TableDailySales:
		orders := e.Day[sales.TableSilver]
		return []Entry{line("gold", m.Table, lake.Count{Rows: orders.Rows, Cents: orders.total(soldTerms)},
			lake.Count{Rows: e.Slice.total(dayTerms[:3]), Cents: e.Slice.total(dayTerms[3:])}, e.Slice.Unreadable)}
	default:
		return nil
	}
}

// total adds columns of a slice up.
func (s *Slice) total(terms []term) (sum int64) {
	for _, t := range terms {
		if p, ok := s.parts[t.id()].(*sumsPart); ok {
			sum += p.sums[""]
		}
	}
	return sum
}
