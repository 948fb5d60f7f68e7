package local

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// What a report shows of each code.
const (
	samplesOfCode = 3
	sampleBytes   = 600 // of one record
)

// Sample is a rejected record.
type Sample struct {
	Dataset   string     `json:"dataset"`
	Stage     string     `json:"stage"` // bronze or silver
	Code      sales.Code `json:"code"`
	Field     string     `json:"field,omitempty"`
	Message   string     `json:"message"`
	Source    string     `json:"source"`
	Partition int32      `json:"partition"`
	Offset    int64      `json:"offset"` // or the row of a file, from 1
	Raw       []byte     `json:"raw"`    // the first bytes of the original, or of the typed event as JSON where silver rejects
	Bytes     int64      `json:"bytes"`  // that the whole has
}

// kind is what samples are taken of.
type kind struct {
	dataset, stage string
	code           sales.Code
}

var sampled = sales.Quarantine.Project("code", "field", "message", "raw", "_source", "_partition", "_offset")

// sample takes some rejects of each code from the quarantine, as many as the ledger says
// that there are, and reads no more files than it needs.
func (r *runner) sample(ctx context.Context) error {
	wanted, missing := map[kind]int{}, 0
	for i := range r.report.Ledger.Hops {
		h := &r.report.Ledger.Hops[i]
		for code, c := range h.Rejected {
			of := kind{h.Dataset, h.Stage, code}
			more := min(samplesOfCode, wanted[of]+int(c.Rows)) - wanted[of]
			wanted[of], missing = wanted[of]+more, missing+more
		}
	}
	for object, err := range r.bucket.List(ctx, "quarantine/") {
		if err != nil {
			return fmt.Errorf("list rejects: %w", err)
		}
		if missing == 0 {
			break
		}
		data, err := r.bucket.Get(ctx, object.Key)
		if err != nil {
			return fmt.Errorf("read rejects: %w", err)
		}
		file, err := lake.Open(object.Key, data)
		if err != nil {
			return err
		}
		rejects := column.NewBatch(sampled, 0)
		if err := file.Read(rejects); err != nil {
			return err
		}
		missing -= r.take(object.Key, rejects, wanted)
	}
	return nil
}

// take adds those rejects of a file that are wanted, and gives their number.
func (r *runner) take(key string, b *column.Batch, wanted map[kind]int) (n int) {
	folders := strings.Split(key, "/") // quarantine/<dataset>/<stage>/…
	for i := range b.Rows() {
		of := kind{folders[1], folders[2], sales.Code(b.Column("code").String(i))}
		if wanted[of] == 0 {
			continue
		}
		wanted[of]--
		n++
		raw := b.Column("raw").Bytes(i)
		r.report.Samples = append(r.report.Samples, Sample{
			Dataset: of.dataset, Stage: of.stage, Code: of.code, Field: b.Column("field").String(i), Message: b.Column("message").String(i),
			Source: b.Column("_source").String(i), Partition: b.Column("_partition").I32[i], Offset: b.Column("_offset").I64[i],
			Raw: bytes.Clone(raw[:min(len(raw), sampleBytes)]), Bytes: int64(len(raw)),
		})
	}
	return n
}
