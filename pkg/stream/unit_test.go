package stream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The vectors are those of Apache Kafka's own test of its partitioner (UtilsTest.testMurmur2).
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		require.Equal(t, want, int32(murmur2([]byte(key))), key)
		require.Equal(t, (want&0x7fffffff)%7, PartitionFor([]byte(key), 7), key)
	}
}

// Without a member and a generation a broker would take offsets from anyone; the metadata of a consumer that is in no
// group is just that, and has to be told from that of a member.
func TestIdentity(t *testing.T) {
	md, err := kafka.NewTestConsumerGroupMetadata("some group")
	require.NoError(t, err)
	generation, member, err := identity(md)
	require.NoError(t, err)
	require.EqualValues(t, -1, generation)
	require.Empty(t, member)
}

func TestCures(t *testing.T) {
	for _, test := range []struct {
		err    error
		cure   cure
		fenced bool
	}{
		{errors.New("not understood"), restart, false},
		{fmt.Errorf("task: %w", ErrRetry), startAgain, false},
		{fmt.Errorf("out: %w (%w)", ErrFenced, ErrRetry), startAgain, true},
		{kafka.NewError(kafka.ErrFenced, "", true), restart, true},
		{kafka.NewError(kafka.ErrMsgSizeTooLarge, "", false), restart, false},
		{kafka.NewError(kafka.ErrIllegalGeneration, "", false), restart, true}, // without the client's flag
	} {
		require.Equal(t, test.cure, cureOf(test.err), test.err)
		require.Equal(t, test.fenced, isFenced(fmt.Errorf("commit: %w", test.err)), test.err)
	}
}

func TestRetryKeepsTheLastError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	down := errors.New("down")
	tries := 0
	err := retry(ctx, pauses(time.Microsecond, time.Millisecond), func(error) bool { return true }, nil, func() error {
		if tries++; tries == 3 {
			cancel()
		}
		return down
	})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, down)
}

// What goes into a mailbox comes out in its order, whatever the interleaving.
func TestMailbox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		box := newMailbox()
		put, taken := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"put": func(*rapid.T) { box.put(parcel{bytes: put}); put++ },
			"take": func(t *rapid.T) {
				p, ok := box.take()
				require.Equal(t, taken < put, ok)
				if ok {
					require.Equal(t, taken, p.bytes)
					taken++
				}
			},
			"": func(t *rapid.T) { require.Equal(t, taken == put, box.empty()) },
		})
	})
}

func TestRunConfig(t *testing.T) {
	err := RunConfig{}.check()
	for _, field := range []string{"Group", "TransactionalID", "Topics"} {
		require.ErrorContains(t, err, field)
	}
	require.NoError(t, RunConfig{Group: "g", TransactionalID: "t", Topics: []string{"a"}}.check())
}

func TestMetricNames(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg, "bronze-writer")
	p := Partition{Topic: "in", ID: 2}
	m.lag(p, 7, 1500*time.Millisecond)
	require.Equal(t, 7.0, testutil.ToFloat64(m.lagRecords.WithLabelValues("in", "2")))
	require.Equal(t, 1.5, testutil.ToFloat64(m.lagSeconds.WithLabelValues("in", "2")))
	m.forget(p)
	n, err := testutil.GatherAndCount(reg, "sales_bronze_writer_lag_records", "sales_bronze_writer_lag_seconds")
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = testutil.GatherAndCount(reg, "sales_bronze_writer_commits_total", "sales_bronze_writer_aborts_total", "sales_bronze_writer_fenced_total")
	require.NoError(t, err)
	require.Equal(t, 3, n)
}
