package embedded_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/embedded"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a broker on dir and gives what clients need.
func start(t *testing.T, dir string, port int) (*embedded.Embedded, stream.Config) {
	t.Helper()
	e, err := embedded.Start(embedded.Config{DataDir: dir, Port: port})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e, stream.Config{Brokers: []string{e.Addr()}}
}

func values(t *testing.T, c stream.Config, topic string) (values []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, stream.ReadToEnd(ctx, c, topic, nil, func(r stream.Record) error {
		values = append(values, string(r.Value))
		return nil
	}))
	return values
}

func publish(t *testing.T, c stream.Config, topic string, from, to int) (published []string) {
	t.Helper()
	var records []stream.Record
	for i := from; i < to; i++ {
		published = append(published, fmt.Sprint("value-", i))
		records = append(records, stream.Record{Topic: topic, Partition: 0, Value: []byte(published[len(published)-1])})
	}
	require.NoError(t, stream.Transact(t.Context(), c, "writer", records))
	return published
}

// copyAll copies what is in the topic "in" and not yet copied.
func copyAll(t *testing.T, c stream.Config) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- stream.Run(ctx, c, stream.RunConfig{Group: "g", TransactionalID: "copier", Topics: []string{"in"}}, &streamtest.Copy{Out: "out"})
	}()
	require.Eventually(t, func() bool {
		pending, err := stream.Pending(t.Context(), c, "g", "in")
		return err == nil && pending == 0
	}, 30*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
}

var topics = []stream.TopicSpec{{Name: "in", Partitions: 1}, {Name: "out", Partitions: 1, Compacted: true}}

// What a broker leaves in its folder is what the next one starts with.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kafka")
	var want []string
	var cluster, topic string
	for round := range 3 {
		e, c := start(t, dir, 0)
		require.NoError(t, stream.EnsureTopics(t.Context(), c, -1, topics...))
		want = append(want, publish(t, c, "in", round*100, round*100+100)...)
		copyAll(t, c)
		require.Equal(t, want, values(t, c, "out"))
		clusterNow, err := stream.ClusterID(t.Context(), c)
		require.NoError(t, err)
		topicNow, err := stream.TopicID(t.Context(), c, "in")
		require.NoError(t, err)
		if round > 0 {
			require.Equal(t, []string{cluster, topic}, []string{clusterNow, topicNow})
		}
		cluster, topic = clusterNow, topicNow
		e.Close()
	}
}

// A process that is killed leaves its folder as it is at that moment: nothing that was acknowledged is lost, and an
// open transaction does not stay open.
func TestKilled(t *testing.T) {
	folder := t.TempDir()
	var want []string
	for round := range 3 {
		_, c := start(t, filepath.Join(folder, fmt.Sprint(round)), 0)
		require.NoError(t, stream.EnsureTopics(t.Context(), c, -1, topics...))
		want = append(want, publish(t, c, "in", round*100, round*100+100)...)
		copyAll(t, c)
		open, err := stream.NewTransactor(t.Context(), c, "writer")
		require.NoError(t, err)
		require.NoError(t, os.CopyFS(filepath.Join(folder, fmt.Sprint(round+1)), os.DirFS(filepath.Join(folder, fmt.Sprint(round)))))
		open.Close()
	}
	_, c := start(t, filepath.Join(folder, "3"), 0)
	require.Equal(t, want, values(t, c, "out"))
	copyAll(t, c)
	require.Equal(t, want, values(t, c, "out"))
}

func TestInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kafka")
	e, _ := start(t, dir, 0)
	_, err := embedded.Start(embedded.Config{DataDir: dir})
	require.ErrorIs(t, err, embedded.ErrInUse)
	e.Close()
	start(t, dir, 0)
}

func TestOutage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kafka")
	e, _ := start(t, dir, 0)
	var port int
	_, err := fmt.Sscanf(e.Addr(), "127.0.0.1:%d", &port)
	require.NoError(t, err)
	back := func() { e, _ = start(t, dir, port) }
	streamtest.RunOutage(t, e.Addr(), func() { e.Close() }, back, streamtest.SessionTimeout(6*time.Second))
}
