package lake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
)

func TestKeys(t *testing.T) {
	day := sales.DayOf(sales.Year2000)
	slice := BronzeSlice(day, 3, "0123abcd", 12_345)
	require.Equal(t, "ingest_date=2000-01-01/p=003/0123abcd-00000000000000012345", slice)
	require.Equal(t, "bronze/sales_events/"+slice+".parquet", BronzeKey(sales.TableBronze, slice))
	require.Equal(t, "quarantine/sales_events/bronze/"+slice+".parquet", QuarantineKey(sales.Quarantine.Name, slice))
	require.Equal(t, "day=2000-01-01/p=012", SilverSlice(day, 12))
	require.Equal(t, "day=2000-01-01", GoldSlice(day))
	require.Equal(t, "silver/sales/day=2000-01-01/p=012/00000042-deadbeef.parquet",
		VersionKey(sales.TableSilver, SilverSlice(day, 12), 42, "deadbeefcafe"))
}

func TestLedgerBalances(t *testing.T) {
	l := &Ledger{Format: Format, Stage: "silver", Table: sales.TableSilver, Source: "sales_events", Partition: 3,
		In: Count{10, 1_000}, Out: Count{5, 500}, Duplicate: Count{2, 200}, Superseded: Count{1, 100},
		Rejected: map[sales.Code]Count{sales.NegativePrice: {1, -50}, sales.UnknownStatus: {1, 250}}}
	require.Equal(t, Count{}, l.Residual())
	require.Equal(t, "ledger/sales_events/p=003", l.Key())
	require.True(t, IsLedger([]byte(l.Key())))
	read, err := DecodeLedger(l.Encode())
	require.NoError(t, err)
	require.Equal(t, l, read)
	read.Out.Cents--
	require.Equal(t, Count{0, 1}, read.Residual())
}

// Tables of silver have ledgers of their own, also of one source.
func TestLedgersAreOfATable(t *testing.T) {
	customers := &Ledger{Format: Format, Stage: "silver", Table: sales.TableSilverCustomers, Source: "file:1", Partition: 3}
	require.Equal(t, "ledger/silver/customers/file:1/p=003", customers.Key())
	require.True(t, IsLedger([]byte(customers.Key())))
	for text, table := range map[string]string{
		`{"format":1,"stage":"silver","source":"file:1","partition":3}`: sales.TableSilver, // of a program that knew no other
		`{"format":1,"stage":"bronze","source":"file:1","partition":3}`: "",
	} {
		l, err := DecodeLedger([]byte(text))
		require.NoError(t, err)
		require.Equal(t, table, l.Table)
		require.Equal(t, "ledger/file:1/p=003", l.Key())
	}
}

func TestDecodersRefuseAnotherFormat(t *testing.T) {
	_, err := DecodeManifest([]byte(`{"format":2,"table":"t","slice":"s"}`))
	require.ErrorContains(t, err, "manifest t/s has format 2, this program reads 1")
	_, err = DecodeLedger([]byte(`{"source":"x"}`))
	require.ErrorContains(t, err, "ledger/x/p=000 has format 0")
	_, err = DecodeVerdict([]byte(`{"format":9,"manifest":{"table":"t","slice":"s"}}`))
	require.ErrorContains(t, err, "verdict t/s has format 9")
	for _, decode := range []func([]byte) error{
		func(b []byte) error { _, err := DecodeManifest(b); return err },
		func(b []byte) error { _, err := DecodeLedger(b); return err },
		func(b []byte) error { _, err := DecodeVerdict(b); return err },
	} {
		require.ErrorContains(t, decode([]byte("{")), "decode")
	}
}

func TestVerdictCarriesItsManifest(t *testing.T) {
	m := Manifest{Format: Format, Table: sales.TableFacts, Slice: "day=2026-01-31", Partition: -1, Version: 2,
		Files: []File{{Key: "silver/x", Bytes: 9, SHA256: "aa", Count: Count{3, 300}}}, Count: Count{3, 300}}
	v := &Verdict{Format: Format, Outcome: Pass, Findings: []Finding{{Rule: "ledger", Outcome: Pass, Message: "residual 0"}}, Manifest: m}
	read, err := DecodeVerdict(v.Encode())
	require.NoError(t, err)
	require.Equal(t, v, read)
	require.Equal(t, "gold/fact_sales/day=2026-01-31", v.Key())
}
