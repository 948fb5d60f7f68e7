package stream

import (
	"maps"
	"strings"
	"sync"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// Config says how to reach the cluster. Empty security fields mean plaintext; a nil Log is silent.
type Config struct {
	Brokers          []string
	ClientID         string
	SecurityProtocol string // "", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"
	SASLMechanism    string // "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"
	SASLUsername     string
	SASLPassword     string
	CAFile           string // PEM
	Log              *zap.Logger
}

// MaxRecordBytes is the largest record that goes through, in both directions.
const MaxRecordBytes = 8 << 20

func (c Config) log() *zap.Logger {
	if c.Log == nil {
		return zap.NewNop()
	}
	return c.Log
}

// client is what every client of the cluster is configured with, and more on top.
func (c Config) client(more kafka.ConfigMap) *kafka.ConfigMap {
	m := kafka.ConfigMap{
		"bootstrap.servers":        strings.Join(c.Brokers, ","),
		"reconnect.backoff.max.ms": 2000,
		"log_level":                5,     // notices and worse
		"enable.metrics.push":      false, // the client's telemetry to the broker, which nobody here reads
	}
	for key, value := range map[string]string{
		"client.id":         c.ClientID,
		"security.protocol": c.SecurityProtocol,
		"sasl.mechanism":    c.SASLMechanism,
		"sasl.username":     c.SASLUsername,
		"sasl.password":     c.SASLPassword,
		"ssl.ca.location":   c.CAFile,
	} {
		if value != "" {
			m[key] = value
		}
	}
	maps.Copy(m, more)
	return &m
}

// logs passes the client's own log lines on. stop must be called after the client is closed.
type logs struct {
	lines chan kafka.LogEvent
	done  sync.WaitGroup
}

func (c Config) collectLogs(m *kafka.ConfigMap) *logs {
	l := &logs{lines: make(chan kafka.LogEvent, 16)}
	(*m)["go.logs.channel.enable"] = true
	(*m)["go.logs.channel"] = l.lines
	l.done.Go(func() {
		for e := range l.lines {
			c.logLine(e)
		}
	})
	return l
}

func (l *logs) stop() {
	close(l.lines)
	l.done.Wait()
}

func (c Config) logLine(e kafka.LogEvent) {
	const syslogError, lostConnection = 3, "FAIL"
	write := c.log().Debug
	if e.Level <= syslogError && e.Tag != lostConnection { // the consumer says once that the cluster is away
		write = c.log().Warn
	}
	write("kafka client", zap.String("client", e.Name), zap.String("about", e.Tag), zap.String("line", e.Message))
}
