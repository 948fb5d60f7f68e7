package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// timeSpan is a closed-open range of times, as SQL reads them. Statements that touch a
// big table name the range that they need, so that whatever is sorted by time reads no more.
type timeSpan struct{ from, to string }

// spanOf answers the range that the verdicts' days are in.
func spanOf(verdicts []*lake.Verdict) (timeSpan, error) {
	byDay := func(a, b *lake.Verdict) int { return strings.Compare(a.Manifest.Day, b.Manifest.Day) }
	first, last := slices.MinFunc(verdicts, byDay), slices.MaxFunc(verdicts, byDay)
	end, err := sales.ParseDay(last.Manifest.Day)
	if err != nil {
		return timeSpan{}, fmt.Errorf("day of verdict %s: %w", last.Key(), err)
	}
	return timeSpan{first.Manifest.Day, sales.FormatDay(end + 1)}, nil
}
