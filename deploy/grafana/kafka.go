package main

// kafka shows the broker as those see it who depend on it: the groups that read and commit.
func kafka() *board {
	d := newDashboard("Kafka", "What the services see of Kafka: how much they read, how far they are behind, and how their transactions go.", "now-1h", "10s")

	d = d.WithRow(row("Reading")).
		WithPanel(lines("Records read", "Records handed to the tasks, by consumer group. Those that are read again after an abort count again.", "cps", 12,
			query{"{{group}}", `sum by (group) (rate(sales_stage_records_total[$__rate_interval]))`})).
		WithPanel(lines("Records sent by the producer", "Events handed to the Kafka client.", "cps", 12,
			query{"producer", `sum(rate(sales_producer_events_total[$__rate_interval]))`})).
		WithPanel(lines("Lag by topic", "Records that the group that reads a topic has not handled.", "short", 12,
			query{"{{topic}}", `sum by (topic) (sales_stage_lag_records)`})).
		WithPanel(bars("Lag by partition", "Seconds that partitions are behind; the ten that are most. One that stands out has a slow or missing owner.", "s", 12,
			query{"{{group}} {{topic}}/{{partition}}", `topk(10, max by (group, topic, partition) (sales_stage_lag_seconds))`}).Thresholds(levels(goal, 60))).
		WithPanel(lines("Queue", "Fetched bytes that wait for a group's tasks, of what may wait. From 100 % on nothing more is read: the tasks are the bottleneck.", "percentunit", 12,
			query{"{{group}}", `max by (group) (sales_stage_queue_fill_ratio)`})).
		WithPanel(lines("Partitions of each group", "Partitions that have an owner. They are all there again a moment after instances come and go.", "short", 12,
			query{"{{group}}", `count by (group) (sales_stage_lag_records)`}))

	return d.WithRow(row("Transactions")).
		WithPanel(lines("Commits", "Transactions committed, by consumer group.", "cps", 12,
			query{"{{group}}", `sum by (group) (rate(sales_stage_commits_total[$__rate_interval]))`})).
		WithPanel(lines("Time of a transaction, p95", "From its begin to the end of its commit. An open transaction holds back every reader of its partitions.", "s", 12,
			query{"{{group}}", quantile("0.95", "group", "sales_stage_transaction_seconds", "")})).
		WithPanel(lines("Oldest open transaction", "Kafka aborts it when it is older than kafka.transaction_timeout, 30 s unless set.", "s", 12,
			query{"{{stage}}", `max by (stage) (sales_stage_transaction_age_seconds)`}, query{"goal", "vector(30)"})).
		WithPanel(lines("Time to make a batch durable, p95", "Before its transaction: reading, computing, uploading.", "s", 12,
			query{"{{group}}", quantile("0.95", "group", "sales_stage_flush_seconds", "")})).
		WithPanel(bars("Begun again", "Sessions of the shown time that began again from the committed offsets: a transaction was aborted, the warehouse was away, or the client fetched nothing.", "none", 8,
			query{"{{group}}", `sum by (group) (increase(sales_stage_restarts_total[$__range]))`}).Thresholds(levels(1, 20))).
		WithPanel(bars("Refused", "Transactions of the shown time that were refused, as another instance had taken over.", "none", 8,
			query{"{{group}}", `sum by (group) (increase(sales_stage_fenced_total[$__range]))`}).Thresholds(levels(1, 20))).
		WithPanel(bars("Rebalances", "Times that partitions were given to or taken from an instance, in the shown time.", "none", 8,
			query{"{{group}}", `sum by (group) (increase(sales_stage_rebalances_total[$__range]))`}).Thresholds(levels(10, 50)))
}
