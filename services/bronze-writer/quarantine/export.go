package quarantine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/saleslake/saleslake/pkg/sales"
)

// exported is a line of an export.
type exported struct {
	ID      string     `json:"id"`
	Code    sales.Code `json:"code"`
	Field   string     `json:"field,omitempty"`
	Message string     `json:"message"`
	Arrived string     `json:"arrived"` // RFC 3339
	State   State      `json:"state"`
	Raw     *string    `json:"raw,omitempty"`        // the original bytes, when they are UTF-8
	Base64  []byte     `json:"raw_base64,omitempty"` // otherwise
	Event   string     `json:"event,omitempty"`      // of a CSV row: what it is as an event, JSON
}

// Export writes the rejects that the filter takes, at most limit unless it is
// 0, one JSON object a line, and tells how many there were.
func (q *Quarantine) Export(ctx context.Context, f Filter, limit int64, out io.Writer) (n int64, err error) {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	err = q.scan(ctx, f, whole, func(r *Reject) error {
		if q.replays.isResult(r) {
			return nil
		}
		if limit > 0 && n == limit {
			return errEnough
		}
		n++
		e := exported{ID: r.ID(), Code: r.Code, Field: r.Field, Message: r.Message, Arrived: timestamp(r.Arrived), State: q.replays.of(r).where()}
		if utf8.Valid(r.Raw) {
			text := string(r.Raw)
			e.Raw = &text
		} else {
			e.Base64 = r.Raw
		}
		if len(r.Event) > 0 {
			event, _ := q.patched(r, nil)
			e.Event = string(event)
		}
		if err := lines.Encode(e); err != nil {
			return fmt.Errorf("write %s: %w", e.ID, err)
		}
		return nil
	})
	return n, unlessEnough(err)
}
