package lake

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// objects is a bucket in memory.
type objects map[string][]byte

var errMissing = errors.New("no such object")

func (o objects) Get(_ context.Context, key string) ([]byte, error) {
	data, ok := o[key]
	if !ok {
		return nil, errMissing
	}
	return data, nil
}

func encodeSilver(t require.TestingT, rows int, compression string) ([]byte, *column.Batch) {
	e, err := NewEncoder(sales.Silver, Encoding{Compression: compression, RowGroup: 50})
	require.NoError(t, err)
	batch := silverBatch(rows)
	data, err := e.Encode(Meta{"k": "v"}, batch)
	require.NoError(t, err)
	return data, batch
}

// A damaged file is an error that names it, or gives as many rows as its
// footer says; it never panics. Fetch refuses every damage, by the hash.
func TestDamagedFilesAreNamedAndNeverHalfRead(t *testing.T) {
	good := map[string][]byte{}
	for _, compression := range []string{"snappy", "zstd"} {
		good[compression], _ = encodeSilver(t, 120, compression)
	}
	rapid.Check(t, func(t *rapid.T) {
		original := good[rapid.SampledFrom([]string{"snappy", "zstd"}).Draw(t, "compression")]
		data := append([]byte(nil), original...)
		if rapid.Bool().Draw(t, "truncate") {
			data = data[:rapid.IntRange(0, len(data)-1).Draw(t, "length")]
		} else {
			for range rapid.IntRange(1, 3).Draw(t, "flips") {
				data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			}
		}
		file := NewFile("silver/x.parquet", original, Count{Rows: 120})
		if string(data) != string(original) {
			_, err := Fetch(context.Background(), objects{file.Key: data}, file)
			require.ErrorIs(t, err, ErrCorrupt)
			require.ErrorContains(t, err, file.Key)
		}
		readDamaged(t, data)
	})
}

// Every bit of a small file, one at a time.
func TestEachFlippedBit(t *testing.T) {
	original, _ := encodeSilver(t, 3, "snappy")
	data := append([]byte(nil), original...)
	for at := range data {
		for bit := range 8 {
			data[at] ^= 1 << bit
			readDamaged(t, data)
			data[at] = original[at]
		}
	}
}

func readDamaged(t require.TestingT, data []byte) {
	r, err := Open("silver/x.parquet", data)
	if err != nil {
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "silver/x.parquet")
		return
	}
	dst := column.NewBatch(sales.Silver, 0)
	if err := r.Read(dst); err != nil {
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "silver/x.parquet")
		require.Zero(t, dst.Rows())
		for i := range dst.Columns {
			require.Zero(t, dst.Columns[i].Len())
		}
		return
	}
	for i := range dst.Columns {
		require.Equal(t, r.Rows(), int64(dst.Columns[i].Len()))
	}
}

func TestFetch(t *testing.T) {
	data, batch := encodeSilver(t, 10, "snappy")
	file := NewFile("silver/x.parquet", data, Count{Rows: 10, Cents: 7})
	require.Equal(t, int64(len(data)), file.Bytes)
	require.Len(t, file.SHA256, 64)
	r, err := Fetch(context.Background(), objects{file.Key: data}, file)
	require.NoError(t, err)
	dst := column.NewBatch(sales.Silver, 0)
	require.NoError(t, r.Read(dst))
	require.Equal(t, rowsOf(batch), rowsOf(dst))

	_, err = Fetch(context.Background(), objects{}, file)
	require.ErrorIs(t, err, errMissing)
	require.NotErrorIs(t, err, ErrCorrupt)

	file.Rows = 11
	_, err = Fetch(context.Background(), objects{file.Key: data}, file)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "10 rows, its manifest says 11")
}
