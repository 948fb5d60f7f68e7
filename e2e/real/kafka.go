package real

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

const (
	kafkaVersion     = "4.1.0"
	dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
)

//go:embed kafka/pom.xml
var kafkaPOM []byte

// Broker is a single-node Kafka cluster (KRaft). Topics are made by whoever
// needs them: auto.create.topics.enable is false, message.max.bytes is 8 MiB.
type Broker struct {
	server

	Bootstrap string // host:port, without TLS and login

	Secure string // host:port of the SASL_SSL listener of a secured broker
	CAFile string // PEM, of the authority that signed its certificate
}

// Kafka starts a broker that lives as long as the test.
func Kafka(t testing.TB) *Broker {
	t.Helper()
	b, err := StartKafka(context.Background())
	Require(t, err)
	b.closeWith(t)
	return b
}

// StartKafka starts a broker on an empty log directory; Close ends it.
func StartKafka(ctx context.Context) (*Broker, error) { return new(Broker).launch(ctx) }

// launch starts the broker, with a second listener if Secure names its address.
func (b *Broker) launch(ctx context.Context) (*Broker, error) {
	java, err := program("java", "install a Java 17 runtime")
	if err != nil {
		return nil, err
	}
	libs, err := kafkaLibs(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := serverDir("kafka")
	if err != nil {
		return nil, err
	}
	config, err := b.configure(dir)
	if err != nil {
		return nil, err
	}
	jvm := []string{java, "-Dlog4j2.level=WARN", "-cp", filepath.Join(libs, "*")}
	format := append(jvm, "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool",
		"format", "--cluster-id", "c2FsZXNsYWtlLWUyZS0xMA", "--config", config)
	if err := runTool(ctx, dir, nil, format...); err != nil {
		return nil, fmt.Errorf("format Kafka's storage: %w", err)
	}

	b.server = server{
		dir: dir, startTime: 3 * time.Minute, stopTime: 30 * time.Second, serves: b.serves,
		Process: NewProcess(Program{
			Name: "kafka", Dir: dir, Log: filepath.Join(dir, "kafka.log"),
			quitCode: 143, // a JVM that shuts down cleanly still reports the signal
			Argv:     append(jvm, "-Xms256m", "-Xmx512m", "-XX:+ExitOnOutOfMemoryError", "kafka.Kafka", config),
		}),
	}
	if err := b.Start(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// serves asks for the cluster's metadata: a broker is listed once it is unfenced.
func (b *Broker) serves(context.Context) error {
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{
		"bootstrap.servers": b.Bootstrap, "log_level": 0, "reconnect.backoff.ms": 20,
	})
	if err != nil {
		return err
	}
	defer admin.Close()
	meta, err := admin.GetMetadata(nil, true, 1000)
	if err != nil {
		return err
	}
	if len(meta.Brokers) == 0 {
		return errors.New("no broker is registered")
	}
	return nil
}

// kafkaLibs returns the directory with the broker's jars.
func kafkaLibs(ctx context.Context) (string, error) {
	return cached("kafka-"+kafkaVersion, func(dir string) error {
		mvn, err := program("mvn", "install maven")
		if err != nil {
			return err
		}
		pom := filepath.Join(dir, "pom.xml")
		if err := os.WriteFile(pom, kafkaPOM, 0o644); err != nil {
			return err
		}
		if err := runTool(ctx, dir, nil, mvn, "-B", "-q", dependencyPlugin, "-DincludeScope=runtime", "-DoutputDirectory="+dir); err != nil {
			return fmt.Errorf("%w: %w", ErrMissing, err)
		}
		return nil
	})
}

// configure writes the broker's settings into dir, and answers their file.
func (b *Broker) configure(dir string) (path string, err error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	controller, err := freePort()
	if err != nil {
		return "", err
	}
	b.Bootstrap = address(port)
	listeners, more := "PLAINTEXT://"+b.Bootstrap, ""
	if b.Secure != "" {
		listeners += ",SASL_SSL://" + b.Secure
		if more, err = b.secureSettings(dir); err != nil {
			return "", err
		}
	}
	path = filepath.Join(dir, "server.properties")
	settings := fmt.Sprintf(kafkaSettings, listeners, address(controller), filepath.Join(dir, "data"))
	return path, os.WriteFile(path, []byte(settings+more), 0o644)
}

// kafkaSettings: everything that is replicated has one copy, what makes a start,
// a rebalance or the return of a killed broker wait is short, and internal topics
// have few partitions.
const kafkaSettings = `process.roles=broker,controller
node.id=1
listeners=%[1]s,CONTROLLER://%[2]s
advertised.listeners=%[1]s
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@%[2]s
log.dirs=%[3]s
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
log.cleaner.dedupe.buffer.size=16777216
`
