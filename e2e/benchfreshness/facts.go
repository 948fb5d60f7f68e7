package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "github.com/lib/pq" // the driver "postgres"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// place is where an event is in Kafka.
type place struct {
	partition int32
	offset    int64
}

// fact is a row of the warehouse that was committed in the time that is measured. Times are
// microseconds UTC.
type fact struct{ event, committed int64 }

// factsQuery asks when rows could be read first: when their load was committed, which the server keeps
// (track_commit_timestamp). A row that is written again, for a customer that changed, has a later commit, but still the
// loaded_at of its load, which most of the load's rows were last written by.
const factsQuery = `WITH facts AS (
	SELECT _partition, _offset, event_ts, loaded_at, pg_xact_commit_timestamp(xmin) AT TIME ZONE 'UTC' AS written
	FROM sales.fact_sales WHERE loaded_at >= $1::timestamp - interval '1 minute'),
loads AS (SELECT loaded_at, MIN(written) AS committed FROM facts GROUP BY loaded_at)
SELECT _partition, _offset, event_ts, committed FROM facts JOIN loads USING (loaded_at)
WHERE committed >= $1 AND committed < $2`

// loaded reads the facts that were committed between two times.
func loaded(ctx context.Context, from, to time.Time) (map[place]fact, error) {
	addr, err := address(ctx, "postgres", 5432)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", "postgres://sales:saleslake-local@"+addr+"/sales?sslmode=disable")
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, factsQuery, from, to)
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	facts := map[place]fact{}
	for rows.Next() {
		var p place
		var event, committed time.Time
		if err := rows.Scan(&p.partition, &p.offset, &event, &committed); err != nil {
			return nil, fmt.Errorf("read facts: %w", err)
		}
		facts[p] = fact{event.UnixMicro(), committed.UnixMicro()}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	if len(facts) == 0 {
		return nil, errors.New("no fact was loaded in the time that was measured: make lake and the dashboards tell where events are")
	}
	return facts, nil
}

// onTime is how long an event may have been on its way to Kafka. The generator has one in ten take
// minutes or days, which no pipeline can make up for.
const onTime = 3 * time.Second

// hold compares facts with their records in Kafka, and counts the records that were sent
// meanwhile.
func (r *report) hold(ctx context.Context, facts map[place]fact, from, to time.Time) error {
	addr, err := address(ctx, "kafka", 9094)
	if err != nil {
		return err
	}
	kafka := stream.Config{Brokers: []string{addr}, Log: zap.NewNop()}
	var sent int
	var all, fresh, inside []float64
	err = stream.ReadToEnd(ctx, kafka, sales.TopicEvents, nil, func(record stream.Record) error {
		if record.Time >= from.UnixMicro() && record.Time < to.UnixMicro() {
			sent++
		}
		f, ok := facts[place{record.Partition, record.Offset}]
		if !ok {
			return nil
		}
		seconds := float64(f.committed-f.event) / 1e6
		all = append(all, seconds)
		inside = append(inside, float64(f.committed-record.Time)/1e6)
		if record.Time-f.event <= onTime.Microseconds() {
			fresh = append(fresh, seconds)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Date, r.Seconds = to, to.Sub(from).Seconds()
	r.SalesPerSecond = float64(sent) / r.Seconds
	r.Facts = len(all)
	r.Event, r.Arrival, r.Late = quantilesOf(fresh), quantilesOf(inside), 1-float64(len(fresh))/float64(len(all))
	return nil
}
