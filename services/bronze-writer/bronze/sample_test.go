package bronze

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// The sample files, whose answer was written by the generator that planted
// their faults and knows nothing of this code.
func TestSampleFiles(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "..", "data")
	text, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	require.NoError(t, err)
	type answer struct {
		Rows        int64                `json:"rows"`
		Rejected    map[sales.Code]int64 `json:"rejected"`
		BronzeRows  int64                `json:"bronze_rows"`
		BronzeCents int64                `json:"bronze_cents"`
		Rescued     int                  `json:"rescued_rows"`
	}
	var expected struct {
		Files   map[string]answer `json:"files"`
		Updates answer            `json:"customer_updates"`
	}
	require.NoError(t, json.Unmarshal(text, &expected))
	require.Len(t, expected.Files, 2)
	expected.Files["customer_updates.ndjson"] = expected.Updates
	for name, want := range expected.Files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			o := r.options(r.lake)
			o.Bronze.MaxEventBytes = 1 << 20
			set, err := datasetOf(strings.TrimSuffix(name, filepath.Ext(name)))
			require.NoError(t, err)
			got, err := Ingest(r.ctx, o, IngestOptions{File: files.File{Name: filepath.Join(folder, name)}, Dataset: set.topic})
			require.NoError(t, err)
			require.Equal(t, want.BronzeRows, got.Rows)
			require.Equal(t, want.BronzeCents, got.Cents)
			rejected := int64(0)
			for _, code := range sales.BronzeCodes {
				require.Equal(t, want.Rejected[code], got.Rejected[code], code)
				rejected += got.Rejected[code]
			}
			require.Equal(t, want.Rows, got.Rows+rejected)
			rescued := 0
			for key, data := range r.files(set.Schema.Name + "/") {
				b := read(t, key, data, set.Schema)
				for i := range b.Rows() {
					if b.Column("_rescued").String(i) != "" {
						rescued++
					}
				}
			}
			require.Equal(t, want.Rescued, rescued)
		})
	}
}
