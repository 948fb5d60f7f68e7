package report

import (
	"fmt"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// flow is the way of one dataset's records, from hop to hop.
type flow struct {
	Dataset string
	Money   bool // whether its records have any
	Sources int
	In      lake.Count
	Hops    []hop
}

// hop is one stage, over all sources. It is drawn as a band as wide as the share of the
// flow's rows that it has; what does not go on bends away from it.
type hop struct {
	local.Hop
	Does  string
	Exits []exit
	Band  float64 // percent of the rows that came into the flow
}

// exit is what leaves the flow.
type exit struct {
	Kind string
	lake.Count
	Band float64
	Path string // in the picture
}

// does says what each stage does, in the order of the data.
var does = []struct{ stage, does string }{
	{"bronze", "landed as they came"},
	{"silver", "clean, the newest of each"},
	{"gold", "summed by day"},
	{"gate", "judged by dq-checker"},
	{"warehouse", "loaded, to be asked"},
}

func flows(l *local.Ledger) (all []flow) {
	for _, dataset := range []string{sales.TopicEvents, sales.TopicCustomers} {
		f := flow{Dataset: dataset, Money: dataset == sales.TopicEvents}
		for _, s := range does {
			if h, sources := sum(l, dataset, s.stage); sources > 0 {
				f.add(h, sources, s.does)
			}
		}
		if f.In.Rows > 0 {
			all = append(all, f)
		}
	}
	return all
}

// sum adds the hops of a stage up over the sources of a dataset.
func sum(l *local.Ledger, dataset, stage string) (all local.Hop, sources int) {
	all = local.Hop{Stage: stage, Dataset: dataset, Rejected: map[sales.Code]lake.Count{}}
	for _, h := range l.Hops {
		if h.Dataset != dataset || h.Stage != stage {
			continue
		}
		sources++
		all.In, all.Out, all.Replayed, all.Held = all.In.Add(h.In), all.Out.Add(h.Out), all.Replayed.Add(h.Replayed), all.Held.Add(h.Held)
		all.Duplicate, all.Superseded, all.Residual = all.Duplicate.Add(h.Duplicate), all.Superseded.Add(h.Superseded), all.Residual.Add(h.Residual)
		for code, c := range h.Rejected {
			all.Rejected[code] = all.Rejected[code].Add(c)
		}
	}
	return all, sources
}

func (f *flow) add(of local.Hop, sources int, does string) {
	if len(f.Hops) == 0 {
		f.Sources, f.In = sources, of.In
	}
	share := func(rows int64) float64 { return 100 * float64(rows) / float64(max(1, f.In.Rows)) }
	h := hop{Hop: of, Does: does, Band: share(of.Out.Rows)}
	y := h.Band
	for _, e := range []exit{{Kind: "superseded", Count: of.Superseded}, {Kind: "duplicate", Count: of.Duplicate}, {Kind: "rejected", Count: of.RejectedTotal()}, {Kind: "held", Count: of.Held}} {
		if e.Rows > 0 {
			e.Band = share(e.Rows)
			e.Path = bend(y, e.Band, len(h.Exits))
			h.Exits = append(h.Exits, e)
			y += e.Band
		}
	}
	f.Hops = append(f.Hops, h)
}

// bend draws a band that begins at the left, y under the top, and ends at the bottom, before
// those that bent away after it. The picture is 100 across and 150 downwards.
func bend(y, band float64, place int) string {
	const first, apart, wide, bottom = 85, 26, 0.43, 150
	right := float64(first - apart*place)
	left := right - wide*band
	corner := y + (bottom-y)/4
	return fmt.Sprintf("M0 %.3f C%.1f %.3f %.1f %.1f %.1f %d L%.2f %d C%.2f %.1f %.2f %.3f 0 %.3f Z",
		y, right*.7, y, right, corner, right, bottom, left, bottom, left, corner, left*.7, y+band, y+band)
}
