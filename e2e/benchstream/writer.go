package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/saleslake/saleslake/pkg/sales"
)

// group is bronze-writer's consumer group.
const group = "bronze-writer"

// write runs bronze-writer over the whole topic into a lake of its own, and
// checks that lake. The time is from the first event that was decoded until all
// offsets are committed. It is told to stop as soon as it has taken the last
// event, so that no batch waits for its age.
func (b *bench) write(ctx context.Context, n int) (r run, err error) {
	if err := b.forget(ctx); err != nil {
		return r, err
	}
	place, err := b.lakes.next(n)
	if err != nil {
		return r, err
	}
	addr, err := freeAddr()
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, b.program, "run")
	cmd.Env = append(append(os.Environ(), place.env...), "SALES_KAFKA_BROKERS="+b.broker.Bootstrap,
		"SALES_KAFKA_REPLICATION=1", "SALES_BRONZE_HEARTBEAT=0s", "SALES_LAKE_PARTITIONS="+strconv.Itoa(partitions), "SALES_HTTP_ADDR="+addr)
	p, err := start(cmd)
	if err != nil {
		return r, err
	}
	first, err := p.drain(ctx, addr, int64(b.events))
	if err == nil {
		err = b.untilCommitted(ctx)
		r.Seconds = time.Since(first).Seconds()
	}
	if err != nil {
		_ = cmd.Process.Kill()
	}
	var ended error
	r.PeakBytes, r.CPUSeconds, ended = p.wait()
	if err = errors.Join(err, ended); err == nil {
		err = b.check(ctx, place)
	}
	return r, err
}

// drain waits until the process has decoded all events and tells it to stop; it
// answers when the first one was decoded.
func (p *process) drain(ctx context.Context, addr string, events int64) (first time.Time, err error) {
	pause := shortest
	for {
		select {
		case <-ctx.Done():
			return first, ctx.Err()
		case <-p.ended:
			return first, errors.New("bronze-writer ended by itself")
		case <-time.After(pause):
		}
		taken := counter(addr, `sales_stage_records_total{group="bronze-writer",stage="bronze"}`)
		switch {
		case taken >= events:
			return first, p.stop()
		case taken == 0:
		case first.IsZero():
			first = time.Now()
		default:
			pause = pauseFor(time.Since(first), taken, events)
		}
	}
}

const shortest = 5 * time.Millisecond

// pauseFor is half of the time that the rest should take: asking costs the
// process time, so it is asked often only near the end.
func pauseFor(sofar time.Duration, taken, events int64) time.Duration {
	rest := time.Duration(float64(sofar) / float64(taken) * float64(events-taken))
	return min(max(rest/2, shortest), time.Second)
}

// counter reads a series, as it is written; 0 when nobody answers yet.
func counter(addr, series string) int64 {
	response, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }() // only read from
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			v, err := strconv.ParseFloat(text, 64)
			if err == nil {
				return int64(v)
			}
		}
	}
	return 0
}

// untilCommitted returns once the group's offsets are behind every event.
func (b *bench) untilCommitted(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": b.broker.Bootstrap, "group.id": group})
	if err != nil {
		return fmt.Errorf("make a consumer: %w", err)
	}
	defer func() { _ = c.Close() }()
	topic, ask := sales.TopicEvents, []kafka.TopicPartition(nil)
	for p := range int32(partitions) {
		ask = append(ask, kafka.TopicPartition{Topic: &topic, Partition: p})
	}
	for handled := int64(0); handled < int64(b.events); {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d events are committed: %w", handled, b.events, ctx.Err())
		case <-time.After(shortest):
		}
		offsets, err := c.Committed(ask, 1000)
		if err != nil {
			continue // held by an open transaction
		}
		handled = 0
		for _, o := range offsets {
			handled += max(int64(o.Offset), 0) // the topic begins at 0 and has no markers
		}
	}
	return nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
