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

func TestMetricsOfAPartition(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg, "bronze", Dataset{Name: "d", Outcomes: []string{Out}, Codes: []string{"empty"}})
	p := Partition{Topic: "in", ID: 2}
	now := time.UnixMicro(90 * live.Microseconds())
	m.lag("g", p, 7, 1500*time.Millisecond)
	require.Equal(t, 7.0, testutil.ToFloat64(m.lagRecords.WithLabelValues("g", "in", "2")))
	require.Equal(t, 1.5, testutil.ToFloat64(m.lagSeconds.WithLabelValues("g", "in", "2")))

	tally := Tally{Dataset: "d", Rows: map[string]int64{Out: 5}, Rejects: map[string]int64{"empty": 2, "of another version": 1}, Bytes: 9}
	m.committed("g", p, []Tally{tally}, now)
	require.Equal(t, 5.0, testutil.ToFloat64(m.rows.WithLabelValues("d", Out)))
	require.Equal(t, 3.0, testutil.ToFloat64(m.rows.WithLabelValues("d", Rejected)))
	require.Equal(t, 2.0, testutil.ToFloat64(m.rejects))
	require.Equal(t, 9.0, testutil.ToFloat64(m.bytes))
	for age, seen := range map[time.Duration]int{live + time.Second: 0, time.Second: 1, -time.Second: 1} { // an event of another clock is not from the future
		tally.EventTime = now.Add(-age).UnixMicro()
		m.watermark.Reset()
		m.committed("g", p, []Tally{tally}, now)
		require.Equal(t, seen, testutil.CollectAndCount(m.watermark), age)
		if seen > 0 {
			require.Equal(t, float64(now.Add(-max(age, 0)).UnixMicro())/1e6, testutil.ToFloat64(m.watermark))
		}
	}

	tally.EventTime = now.UnixMicro()
	m.committed("g", Partition{Topic: "in", ID: 3}, []Tally{tally}, now)
	m.committed("other", p, []Tally{tally}, now)
	m.forget("g", p)
	require.Zero(t, testutil.CollectAndCount(m.lagRecords)+testutil.CollectAndCount(m.lagSeconds))
	require.Equal(t, 2, testutil.CollectAndCount(m.watermark), "other partitions and groups are as they were")
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// What differs from one try to the next is left out, as a reason is logged when it changes.
func TestTroubleOfAConnection(t *testing.T) {
	const broker = "[thrd:sasl_ssl://b-1:9096/bootstrap]: sasl_ssl://b-1:9096/bootstrap: "
	for line, want := range map[string]trouble{
		"SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 305ms in state AUTH_REQ, 3 identical error(s) suppressed)": {
			errors.New("SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512"), true},
		"SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512 (after 1ms in state AUTH_HANDSHAKE)": {
			errors.New("SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512"), true},
		"SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms: (n/a) (after 0ms in state DOWN)": {
			errors.New("SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms: (n/a)"), false},
		"Connect to ipv4#10.0.0.1:9096 failed: Connection refused (after 0ms in state CONNECT)": {
			errors.New("Connect to ipv4#10.0.0.1:9096 failed: Connection refused"), false},
	} {
		require.Equal(t, want, readTrouble(broker+line))
	}
}
