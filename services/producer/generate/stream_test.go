package generate

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// collect makes a whole stream and hands each item to see.
func collect(t testing.TB, o Options, see func(item *Item)) {
	t.Helper()
	s, err := New(o)
	require.NoError(t, err)
	var item Item
	for s.Next(&item) {
		see(&item)
	}
}

func bytesOf(t *testing.T, o Options) []byte {
	var all []byte
	collect(t, o, func(item *Item) { all = append(append(all, item.Key...), item.Value...) })
	return all
}

func TestSameSeedSameBytes(t *testing.T) {
	for _, format := range []Format{Message, NDJSON, CSV} {
		o := Sample(7, 3_000, format)
		first := bytesOf(t, o)
		require.True(t, bytes.Equal(first, bytesOf(t, o)))
		o.Seed++
		require.False(t, bytes.Equal(first, bytesOf(t, o)))
	}
}

func TestStreamHasTheAskedNumberOfItemsInTimeOrder(t *testing.T) {
	o := Sample(3, 20_000, CSV)
	o.Days = 30
	s, err := New(o)
	require.NoError(t, err)
	var item Item
	var items int
	var before int64
	for s.Next(&item) {
		require.GreaterOrEqual(t, s.now, before)
		before = s.now
		items++
	}
	require.Equal(t, o.Rows, items)
	start := s.opts.Start.UnixMicro()
	require.InDelta(t, 30, float64(before-start)/float64(day), 0.1, "days covered")
}

func TestEndlessStreamFollowsItsPace(t *testing.T) {
	o := Load(5, 0)
	o.Start, o.Every = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), time.Millisecond
	s, err := New(o)
	require.NoError(t, err)
	var item Item
	for range 5_000 {
		require.True(t, s.Next(&item))
	}
	require.Equal(t, o.Start.Add(4_999*time.Millisecond).UnixMicro(), s.now)
}

func TestEveryCodeIsPlanted(t *testing.T) {
	codes := []string{
		CodeEmpty, CodeTooLarge, CodeInvalidUTF8, CodeMalformedRow, CodeInvalidJSON, CodeNotAnObject, CodeWrongKey,
		CodeMissingField, CodeWrongType, CodeBadTimestamp, CodeBadDecimal, CodeQuantity, CodeNegativePrice,
		CodeNegativeRevenue, CodeUnknownStatus, CodeCurrency, CodeFuture, CodeImplausible,
	}
	lacking := map[Format][]string{
		Message: {CodeMalformedRow},
		NDJSON:  {CodeMalformedRow, CodeEmpty, CodeTooLarge, CodeWrongKey},
		CSV:     {CodeEmpty, CodeTooLarge, CodeWrongKey, CodeInvalidJSON, CodeNotAnObject},
	}
	for format, without := range lacking {
		planted := map[string]int{}
		collect(t, Load(1, 20_000).in(format), func(item *Item) { planted[item.Truth.Code]++ })
		for _, code := range codes {
			if slices.Contains(without, code) {
				require.Zero(t, planted[code], "%s in format %d", code, format)
			} else {
				require.GreaterOrEqual(t, planted[code], 5, "%s in format %d", code, format)
			}
		}
	}
}

func (o Options) in(format Format) Options {
	o.Format = format
	return o
}

func TestLoadPlantsEveryKindOfFaultAndTwist(t *testing.T) {
	o := Load(1, 200_000)
	planted := map[string]int{}
	collect(t, o, func(item *Item) { planted[item.Truth.Code+": "+item.Truth.Plant]++ })
	for _, p := range slices.Concat(structureFaults(), fieldFaults(), meaningFaults(), twists()) {
		if p.in&inMessage != 0 {
			require.NotZero(t, planted[p.code+": "+p.what], "%s: %s", p.code, p.what)
		}
	}
}

func TestSharesAreKept(t *testing.T) {
	for name, o := range map[string]Options{"load": Load(2, 100_000), "bench": Bench(2, 100_000, CSV)} {
		var bad, again int
		collect(t, o, func(item *Item) {
			if item.Truth.Code != "" {
				bad++
			}
			if item.Truth.Story == StoryAgain || item.Truth.Story == StoryCopy {
				again++
			}
		})
		require.InDelta(t, 1_000, bad, 150, name)
		require.InDelta(t, 3_000, again, 400, name)
	}
}

// Whatever is not planted must be what it claims: readable by the standard library, and equal to its truth.
func TestMessagesSayWhatTheirTruthSays(t *testing.T) {
	collect(t, Load(9, 30_000), func(item *Item) {
		code := item.Truth.Code
		switch {
		case code == CodeEmpty:
			require.Empty(t, item.Value)
		case code == CodeTooLarge:
			require.Greater(t, len(item.Value), 1<<20)
		case code == CodeInvalidUTF8:
			require.False(t, utf8.Valid(item.Value))
		case code == CodeNotAnObject:
			require.True(t, json.Valid(item.Value))
		case code != CodeInvalidJSON:
			require.True(t, json.Valid(item.Value), "%s", item.Value)
		case !strings.HasPrefix(item.Truth.Plant, "duplicate key"):
			require.False(t, json.Valid(item.Value), "%s: %s", item.Truth.Plant, item.Value)
		}
		if code == "" {
			requireSays(t, item)
		}
	})
}

func requireSays(t *testing.T, item *Item) {
	var got map[string]any
	require.NoError(t, json.Unmarshal(item.Value, &got))
	e := &item.Truth.Event
	require.Equal(t, e.OrderID(), strings.TrimSpace(got["order_id"].(string)))
	require.Equal(t, string(item.Key), e.OrderID())
	require.Equal(t, e.CustomerID(), strings.TrimSpace(got["customer_id"].(string)))
	require.Equal(t, e.Status, strings.TrimSpace(got["status"].(string)))
	require.EqualValues(t, e.Quantity, got["quantity"])
	require.True(t, strings.EqualFold(e.Category, strings.Join(strings.Fields(got["category"].(string)), " ")))
	require.True(t, strings.EqualFold(e.Region, strings.Join(strings.Fields(got["region"].(string)), " ")))
	for name, want := range map[string]int64{"event_ts": e.EventTS, "order_ts": e.OrderTS} {
		at, err := time.Parse(time.RFC3339Nano, got[name].(string))
		require.NoError(t, err)
		require.Equal(t, want, at.UnixMicro())
	}
	require.LessOrEqual(t, e.OrderTS, e.EventTS)
	require.Equal(t, int64(e.Quantity)*e.UnitPrice, e.Revenue)
}

func TestWrongSettingsAreAllNamed(t *testing.T) {
	_, err := New(Options{Days: -1, Customers: 5, Faults: 2_000})
	for _, name := range []string{"days is -1", "customers is 5", "faults per mille is 2000", "every > 0"} {
		require.ErrorContains(t, err, name)
	}
}

func TestTimesAreWrittenAsTheStandardLibraryDoes(t *testing.T) {
	for _, text := range []string{
		"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "2000-02-29T12:00:00.5Z",
		"2024-02-29T00:00:00Z", "2026-03-01T01:02:03.004Z", "2100-03-01T00:00:00.00001Z", "9999-12-31T23:59:59.999999Z",
	} {
		at, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		got, err := time.Parse(time.RFC3339Nano, string(appendTime(nil, at.UnixMicro())))
		require.NoError(t, err)
		require.True(t, at.Equal(got), text)
	}
	for us := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC); us.Year() < 2110; us = us.AddDate(0, 0, 1) {
		require.Equal(t, us.Format(time.DateOnly), string(appendDate(nil, us.UnixMicro())))
	}
}

func BenchmarkStream(b *testing.B) {
	for name, format := range map[string]Format{"message": Message, "csv": CSV} {
		b.Run(name, func(b *testing.B) {
			var bytes int64
			b.ReportAllocs()
			collect(b, Bench(1, b.N, format), func(item *Item) { bytes += int64(len(item.Value)) })
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(bytes)/float64(b.N), "B/row")
		})
	}
}
