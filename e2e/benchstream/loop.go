package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/saleslake/saleslake/pkg/sales"
)

// loopCommand is the argument with which this program is the bare loop:
// BOOTSTRAP and EVENTS follow it.
const loopCommand = "bare-loop"

// looped is what the bare loop prints.
type looped struct {
	Seconds float64 `json:"seconds"` // from the first event to the last
	Bytes   int64   `json:"bytes"`   // of the values
}

// loop runs the bare loop in a process of its own.
func (b *bench) loop(ctx context.Context) (run, error) {
	self, err := os.Executable()
	if err != nil {
		return run{}, err
	}
	cmd := exec.CommandContext(ctx, self, loopCommand, b.broker.Bootstrap, strconv.Itoa(b.events))
	p, err := start(cmd)
	if err != nil {
		return run{}, err
	}
	peak, cpu, err := p.wait()
	if err != nil {
		return run{}, fmt.Errorf("bare loop: %w", err)
	}
	var l looped
	if err := json.Unmarshal(p.output.Bytes(), &l); err != nil {
		return run{}, fmt.Errorf("read what the bare loop printed: %w", err)
	}
	if l.Bytes != b.truth.Bytes {
		return run{}, fmt.Errorf("the bare loop read %d bytes, the topic holds %d", l.Bytes, b.truth.Bytes)
	}
	return run{Seconds: l.Seconds, PeakBytes: peak, CPUSeconds: cpu}, nil
}

// runLoop is the least that a program on this client can do: it polls every
// event and adds up its length. Its settings are the best for it that we know.
func runLoop(ctx context.Context, bootstrap string, events int64) error {
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": bootstrap, "group.id": loopCommand, "enable.auto.commit": false,
		"fetch.queue.backoff.ms": 5, "fetch.message.max.bytes": 1 << 20, "queued.max.messages.kbytes": 16 << 10,
	})
	if err != nil {
		return fmt.Errorf("make a consumer: %w", err)
	}
	topic, from := sales.TopicEvents, []kafka.TopicPartition(nil)
	for p := range int32(partitions) {
		from = append(from, kafka.TopicPartition{Topic: &topic, Partition: p, Offset: kafka.OffsetBeginning})
	}
	if err := c.Assign(from); err != nil {
		return fmt.Errorf("start reading: %w", err)
	}
	var l looped
	var begun time.Time
	for n := int64(0); n < events; {
		switch e := c.Poll(100).(type) {
		case *kafka.Message:
			if n == 0 {
				begun = time.Now()
			}
			n++
			l.Bytes += int64(len(e.Value))
		case kafka.Error:
			return fmt.Errorf("poll: %w", e)
		case nil:
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	l.Seconds = time.Since(begun).Seconds()
	if err := c.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return json.NewEncoder(os.Stdout).Encode(l)
}
