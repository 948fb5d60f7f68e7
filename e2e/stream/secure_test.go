package stream_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/saleslake/saleslake/e2e/real"
	"github.com/saleslake/saleslake/pkg/stream"
	"github.com/saleslake/saleslake/pkg/stream/streamtest"
)

const (
	user      = "sales"
	tokenLife = 20 * time.Second
)

// secured gives a client of the secured listener, and what it logs.
func secured(b *real.Broker) (stream.Config, *observer.ObservedLogs) {
	core, logs := observer.New(zap.DebugLevel)
	return stream.Config{Brokers: []string{b.Secure}, SecurityProtocol: "SASL_SSL", CAFile: b.CAFile, Log: zap.New(core)}, logs
}

func allowAll(t *testing.T, b *real.Broker) {
	var rules []kafka.ACLBinding
	for _, kind := range []kafka.ResourceType{kafka.ResourceTopic, kafka.ResourceGroup, kafka.ResourceTransactionalID, kafka.ResourceBroker} {
		name := "*"
		if kind == kafka.ResourceBroker {
			name = "kafka-cluster"
		}
		rules = append(rules, kafka.ACLBinding{
			Type: kind, Name: name, ResourcePatternType: kafka.ResourcePatternTypeLiteral, Principal: "User:" + user, Host: "*",
			Operation: kafka.ACLOperationAll, PermissionType: kafka.ACLPermissionTypeAllow,
		})
	}
	require.NoError(t, b.Allow(t.Context(), rules...))
}

func next[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(time.Minute):
		require.FailNow(t, "nothing comes")
	}
	return v
}

// Clients of every kind stay logged in over the life of many tokens while they have nothing to do, and then work.
func TestIdleClientsStayLoggedIn(t *testing.T) {
	b := real.SecureKafka(t)
	allowAll(t, b)
	c, logs := secured(b)
	var tokens atomic.Int64
	c.SASLMechanism = "OAUTHBEARER"
	c.Token = func(context.Context) (stream.Token, error) {
		tokens.Add(1)
		expires := time.Now().Add(tokenLife)
		return stream.Token{Value: real.BearerToken(user, expires), Expires: expires}, nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	defer func() {
		if t.Failed() {
			for _, e := range logs.All() {
				t.Log(e.Time.Format(time.TimeOnly), e.Level, e.Message, e.ContextMap())
			}
		}
	}()
	require.NoError(t, stream.EnsureTopics(ctx, c, -1, stream.TopicSpec{Name: "in", Partitions: 1}, stream.TopicSpec{Name: "out", Partitions: 1}))

	run, followed := make(chan error, 1), make(chan error, 1)
	seen := make(chan string, 10)
	caughtUp := make(chan struct{}, 10)
	living, stop := context.WithCancel(ctx)
	go func() {
		run <- stream.Run(living, c, stream.RunConfig{Group: "copy", TransactionalID: "copy", Topics: []string{"in"}}, &streamtest.Copy{Out: "out"})
	}()
	go func() {
		followed <- stream.Follow(living, c, []string{"out"}, func(r stream.Record) error { seen <- string(r.Value); return nil },
			func() { caughtUp <- struct{}{} })
	}()
	next(t, caughtUp)
	transactor, err := stream.NewTransactor(ctx, c, "transactor")
	require.NoError(t, err)
	defer transactor.Close()
	publisher, err := stream.NewPublisher(c)
	require.NoError(t, err)
	defer publisher.Close()
	require.NoError(t, publisher.Publish(ctx, stream.Record{Topic: "in", Value: []byte("warm")}))
	require.NoError(t, publisher.Flush(ctx))
	require.Equal(t, "warm", next(t, seen))

	const clients = 5 // Run has two
	before := tokens.Load()
	require.Eventually(t, func() bool { return tokens.Load() >= before+3*clients }, 2*time.Minute, 50*time.Millisecond, "nobody asks for a new token")

	require.NoError(t, publisher.Publish(ctx, stream.Record{Topic: "in", Value: []byte("published")}))
	require.NoError(t, publisher.Flush(ctx))
	require.Equal(t, "published", next(t, seen))
	require.NoError(t, transactor.Publish(ctx, []stream.Record{{Topic: "out", Value: []byte("transacted")}}))
	require.Equal(t, "transacted", next(t, seen))
	require.NoError(t, stream.Ping(ctx, c))
	stop()
	require.NoError(t, next(t, run))
	require.NoError(t, next(t, followed))
	require.Empty(t, refusals(logs))
}

// When no new token can be had, clients of every kind end soon after the last one did, with the reason, for the process
// to start again and wait; they do not knock on and on.
func TestClientsEndWithTheirLogin(t *testing.T) {
	b := real.SecureKafka(t)
	allowAll(t, b)
	c, logs := secured(b)
	c.SASLMechanism = "OAUTHBEARER"
	expires := time.Now().Add(tokenLife)
	c.Token = func(context.Context) (stream.Token, error) {
		if time.Until(expires) < time.Second {
			return stream.Token{}, errors.New("the role is gone")
		}
		return stream.Token{Value: real.BearerToken(user, expires), Expires: expires}, nil
	}
	ctx := t.Context()
	require.NoError(t, stream.EnsureTopics(ctx, c, -1, stream.TopicSpec{Name: "in", Partitions: 1}, stream.TopicSpec{Name: "out", Partitions: 1}))
	ended := make(chan error, 3)
	go func() {
		ended <- stream.Run(ctx, c, stream.RunConfig{Group: "copy", TransactionalID: "copy", Topics: []string{"in"}}, &streamtest.Copy{Out: "out"})
	}()
	go func() {
		ended <- stream.Follow(ctx, c, []string{"in"}, func(stream.Record) error { return nil }, func() {})
	}()
	go func() { ended <- publishOn(ctx, c) }()
	for range 3 {
		require.ErrorContains(t, next(t, ended), "SASL")
	}
	require.ErrorContains(t, stream.Ping(ctx, c), "get a token to log in with: the role is gone")
	require.Less(t, logs.FilterLevelExact(zap.WarnLevel).Len(), 30)
}

// publishOn publishes until it cannot.
func publishOn(ctx context.Context, c stream.Config) error {
	p, err := stream.NewPublisher(c)
	if err != nil {
		return err
	}
	defer p.Close()
	for {
		if err := p.Publish(ctx, stream.Record{Topic: "out", Value: []byte("x")}); err != nil {
			return err
		}
		if err := p.Flush(ctx); err != nil {
			return err
		}
	}
}

// refusals are the lines of clients that were not let in.
func refusals(logs *observer.ObservedLogs) (lines []string) {
	for _, e := range logs.FilterField(zap.String("about", "FAIL")).All() {
		if line, _ := e.ContextMap()["line"].(string); strings.Contains(line, "SASL") {
			lines = append(lines, line)
		}
	}
	return lines
}
