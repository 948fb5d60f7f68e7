package stream

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/zap"
)

// Config says how to reach the cluster. Empty security fields mean plaintext; a nil Log is silent.
type Config struct {
	Brokers          []string
	ClientID         string
	SecurityProtocol string // "", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"
	SASLMechanism    string // "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"
	SASLUsername     string
	SASLPassword     string
	Token            func(context.Context) (Token, error) // for OAUTHBEARER; may be called from several goroutines
	CAFile           string                               // PEM; empty for the system's authorities
	Log              *zap.Logger
	Clients          *ClientMetrics // of all clients of the process; nil = not measured
}

// Token is what a client logs in with by OAUTHBEARER, until it expires.
type Token struct {
	Value   string
	Expires time.Time
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
