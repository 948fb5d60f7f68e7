package quarantine

import (
	"cmp"
	"context"
	"slices"

	"github.com/saleslake/saleslake/pkg/sales"
)

// Group counts the rejects of one stage, source and code by where they stand.
type Group struct {
	Stage    string     `json:"stage"`
	Source   string     `json:"source"`
	Code     sales.Code `json:"code"`
	Rejects  int64      `json:"rejects"`
	Open     int64      `json:"open"`
	Replayed int64      `json:"replayed"`
	Accepted int64      `json:"accepted"`
	Again    int64      `json:"rejected_again"`
	Oldest   string     `json:"oldest"` // RFC 3339, of arrival
	Newest   string     `json:"newest"`

	oldest, newest int64
}

// Entry is one reject in a listing.
type Entry struct {
	ID      string     `json:"id"`
	Code    sales.Code `json:"code"`
	Field   string     `json:"field,omitempty"`
	Message string     `json:"message"`
	Arrived string     `json:"arrived"` // RFC 3339
	State   State      `json:"state"`
}

// Listing is what List answers.
type Listing struct {
	Groups  []Group `json:"groups"`
	Rejects []Entry `json:"rejects,omitempty"` // the first ones
}

// List counts the rejects that the filter takes, and names the first limit of
// them.
func (q *Quarantine) List(ctx context.Context, f Filter, limit int) (*Listing, error) {
	type key struct {
		stage, source string
		code          sales.Code
	}
	groups, out := map[key]*Group{}, &Listing{Groups: []Group{}}
	columns := brief
	if limit > 0 {
		columns = marks
	}
	err := q.scan(ctx, f, columns, func(r *Reject) error {
		if q.replays.isResult(r) {
			return nil
		}
		state := q.replays.of(r).where()
		k := key{r.Stage, r.Source, r.Code}
		if groups[k] == nil {
			groups[k] = &Group{Stage: r.Stage, Source: r.Source, Code: r.Code, oldest: r.Arrived}
		}
		groups[k].add(r, state)
		if len(out.Rejects) < limit {
			out.Rejects = append(out.Rejects, Entry{r.ID(), r.Code, r.Field, r.Message, timestamp(r.Arrived), state})
		}
		return nil
	})
	for _, g := range groups {
		g.Oldest, g.Newest = timestamp(g.oldest), timestamp(g.newest)
		out.Groups = append(out.Groups, *g)
	}
	slices.SortFunc(out.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Source, b.Source), cmp.Compare(b.Rejects, a.Rejects), cmp.Compare(a.Code, b.Code))
	})
	return out, err
}

func (g *Group) add(r *Reject, s State) {
	g.Rejects++
	g.oldest, g.newest = min(g.oldest, r.Arrived), max(g.newest, r.Arrived)
	switch s {
	case Sent:
		g.Replayed++
	case Accepted:
		g.Accepted++
	case Again:
		g.Again++
	default:
		g.Open++
	}
}

func timestamp(micros int64) string { return string(sales.AppendTimestamp(nil, micros)) }
