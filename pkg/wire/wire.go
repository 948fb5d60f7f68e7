// Package wire opens what the settings name: it is the one place where the
// settings meet the packages that know nothing of them.
package wire

import (
	"context"
	"strings"

	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/msk"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/stream"
)

// Kafka gives the client configuration that the settings describe. No
// connection is made.
func Kafka(k config.Kafka, log *zap.Logger) stream.Config {
	c := stream.Config{Brokers: k.Brokers, ClientID: k.ClientID, SecurityProtocol: strings.ToUpper(k.SecurityProtocol), CAFile: k.CAFile, Log: log}
	switch {
	case !strings.HasPrefix(k.SecurityProtocol, "sasl_"):
	case k.SASLMechanism == config.MSKIAM:
		c.SASLMechanism, c.Token = "OAUTHBEARER", msk.NewSigner().Token
	default:
		c.SASLMechanism, c.SASLUsername, c.SASLPassword = strings.ToUpper(k.SASLMechanism), k.SASLUsername, k.SASLPassword.Reveal()
	}
	return c
}

// Bucket gives the options of [blob.Open] that the settings describe.
func Bucket(l config.Lake, log *zap.Logger) blob.Options {
	return blob.Options{URL: l.URL, Endpoint: l.S3Endpoint, Region: l.S3Region, PathStyle: l.S3PathStyle, Create: l.Create, Log: log}
}

// Inbox opens other buckets, by a URL such as s3://bucket, with the endpoint and
// credentials of the lake's: those that files to be ingested lie in.
func Inbox(l config.Lake, log *zap.Logger) func(ctx context.Context, url string) (*blob.Bucket, error) {
	return func(ctx context.Context, url string) (*blob.Bucket, error) {
		o := Bucket(l, log)
		o.URL, o.Create = url, false
		return blob.Open(ctx, o)
	}
}

// Open waits for the cluster and the bucket that the settings of d name, and
// makes sure that the bucket honours conditional writes and that its lake has
// the partitions of the settings. /readyz and the log
// say what is missing meanwhile. It ends with the context's error, or with one
// that waiting cannot cure.
func Open(ctx context.Context, d *daemon.Daemon) (stream.Config, *blob.Bucket, error) {
	kafka := Kafka(d.Settings.Kafka, d.Log)
	kafka.Clients = stream.NewClientMetrics(d.Registry)
	if err := daemon.WaitFor(ctx, d, "kafka", func(ctx context.Context) error { return stream.Ping(ctx, kafka) }); err != nil {
		return kafka, nil, err
	}
	options := Bucket(d.Settings.Lake, d.Log)
	options.Metrics = blob.NewMetrics(d.Registry)
	var bucket *blob.Bucket
	err := daemon.WaitFor(ctx, d, "lake", func(ctx context.Context) (err error) {
		if bucket, err = blob.Open(ctx, options); err != nil {
			return err
		}
		return bucket.Probe(ctx)
	})
	if err == nil {
		err = registry.CheckPartitions(ctx, bucket, d.Settings.Lake.Partitions)
	}
	return kafka, bucket, err
}
