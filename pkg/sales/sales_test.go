package sales

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseCents(t *testing.T) {
	good := map[string]int64{"0": 0, "1": 100, "-1": -100, "1.5": 150, "1.05": 105, "-0.01": -1, "00012.30": 1230,
		"9999999999999999.99": 999999999999999999, "-9999999999999999.99": -999999999999999999}
	for text, want := range good {
		got, err := ParseCents([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-", ".", "1.", ".5", "1.234", "1e3", "+1", "1,5", " 1", "1 ", "NaN", "Infinity", "0x1", "--1",
		"1.2.3", "10000000000000000", "99999999999999999.99", "1234567890123456789", "12345678901234567.8", "٣"} {
		_, err := ParseCents([]byte(text))
		require.ErrorIs(t, err, ErrDecimal, text)
	}
}

func TestCentsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Int64Range(-999999999999999999, 999999999999999999).Draw(t, "cents")
		got, err := ParseCents([]byte(FormatCents(cents)))
		require.NoError(t, err)
		require.Equal(t, cents, got)
	})
	require.Equal(t, "-92233720368547758.08", FormatCents(math.MinInt64))
}

func TestParseTimestampAgreesWithTimePackage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(-62135596800_000_000, 253402300799_999_999).Draw(t, "micros")
		zone := time.FixedZone("", rapid.IntRange(-23*60, 23*60).Draw(t, "zone")*60)
		text := time.UnixMicro(micros).In(zone).Format("2006-01-02T15:04:05.999999Z07:00")
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil { // the zone moved it out of the years 0 to 9999
			t.Skip()
		}
		got, err := ParseTimestamp([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want.UnixMicro(), got, text)
	})
}

func TestParseTimestampYearZero(t *testing.T) {
	for _, text := range []string{"0000-01-01T00:00:00Z", "0000-02-29T12:00:00Z", "0000-03-01T00:00:00Z", "0001-01-01T00:00:00Z"} {
		want, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		got, err := ParseTimestamp([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want.UnixMicro(), got, text)
	}
}

func TestParseTimestampRejects(t *testing.T) {
	for _, text := range []string{"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T23:59:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00+0100",
		"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00z", "20260101T000000Z", "1767225600",
		"2026-1-1T00:00:00Z", "2026-01-01T00:00:00ZZ", "+026-01-01T00:00:00Z"} {
		_, err := ParseTimestamp([]byte(text))
		require.ErrorIs(t, err, ErrTimestamp, text)
	}
}

func TestParseCSVTimestamp(t *testing.T) {
	want := time.Date(2026, 1, 31, 23, 59, 59, 120_000_000, time.UTC).UnixMicro()
	for _, text := range []string{"2026-01-31 23:59:59.12", "2026-01-31T23:59:59.12Z", "2026-02-01T00:59:59.120000+01:00"} {
		got, err := ParseCSVTimestamp([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"2026-01-31 23:59:59Z", "2026-01-31 23:59:59+01:00", "2026-01-31 23:59", "2026-01-31 "} {
		_, err := ParseCSVTimestamp([]byte(text))
		require.ErrorIs(t, err, ErrTimestamp, text)
	}
}

func TestDays(t *testing.T) {
	require.Equal(t, int32(0), DayOf(0))
	require.Equal(t, int32(-1), DayOf(-1))
	require.Equal(t, "2000-01-01", FormatDay(DayOf(Year2000)))
	day, err := ParseDay("2026-03-01")
	require.NoError(t, err)
	require.Equal(t, "2026-03-01", FormatDay(day))
}

func TestCatalogue(t *testing.T) {
	c := NewCatalogue([]string{"Home & Garden", "Books"})
	for in, want := range map[string]string{"  home  &\tGARDEN ": "Home & Garden", "BOOKS": "Books", " Vinyl   Records ": "Vinyl Records"} {
		require.Equal(t, want, c.Canonical(in))
	}
}
