package progress

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"

	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

func TestBarsEndWithTheFiles(t *testing.T) {
	var out bytes.Buffer
	p := mpb.New(mpb.WithOutput(io.Writer(&out)), mpb.WithAutoRefresh())
	all := []files.File{{Name: "in/a.csv.gz", Size: 100}, {Name: "s3://bucket/in/b.csv", Size: 50}}
	counted := Total(p, all)
	for _, f := range all {
		tell := counted(File(p, f))
		for _, pass := range []bronze.Pass{bronze.Hash, bronze.Land} {
			tell(pass, f.Size/2)
			tell(pass, f.Size)
		}
	}
	p.Wait() // returns when each bar has come to its end
	for _, want := range []string{"land a.csv.gz", "land b.csv", "100.0 b of 100.0 b", "300.0 b of 300.0 b", "100 %", "done"} {
		require.Contains(t, out.String(), want)
	}
}
