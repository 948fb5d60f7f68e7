package main

// quality tells whether what is in the warehouse can be trusted, and what is kept out of it.
func quality() *board {
	d := newDashboard("Data quality", "Whether what is in the warehouse can be trusted, what is kept out of it, and why. dq-checker report has the rows.", "now-6h", "30s")

	d = d.WithRow(row("Can it be trusted?")).
		WithPanel(tile("Rows without account", "Rows that the ledgers of bronze and silver cannot explain.", "none", 4,
			query{"rows", `max(sales_dq_ledger_residual_rows)`}).Thresholds(none()).
			DataLinks(links(link("Ledger residual", runbooks+"ledger-residual.md")))).
		WithPanel(tile("Cents without account", "The same, money.", "none", 4,
			query{"cents", `max(sales_dq_ledger_residual_cents)`}).Thresholds(none()).
			DataLinks(links(link("Ledger residual", runbooks+"ledger-residual.md")))).
		WithPanel(tile("Held", "Days and slices that failed a rule and wait; the warehouse keeps their older version.", "none", 4,
			query{"held", `sum(sales_dq_held_units)`}).Thresholds(none()).
			DataLinks(links(link("Held slice", runbooks+"held-slice.md")))).
		WithPanel(tile("Held for", "How long the slice waits that waits for longest.", "s", 4,
			query{"longest", `max(sales_dq_held_oldest_seconds)`}).Thresholds(levels(60, 3600))).
		WithPanel(tile("Last verdict", "Time since a slice was judged. Nothing is loaded that was not.", "s", 4,
			query{"ago", `time() - max(sales_dq_last_verdict_timestamp_seconds > 0)`}).Decimals(0).Thresholds(levels(120, 1800)).
			DataLinks(links(link("Late data", runbooks+"late-data.md")))).
		WithPanel(tile("Rules not kept", "Rules of tables that slices do not keep in their newest version, and that nobody accepted.", "none", 4,
			query{"rules", `sum(sales_dq_rule_breaches > bool 0) or on () vector(0)`}).Thresholds(levels(1, 5)))

	d = d.WithRow(row("What is held, and why")).
		WithPanel(bars("Held, by table", "Days of gold and slices of silver that are held, by the first of their tables that is at fault.", "none", 8,
			query{"{{table}}", `sum by (table) (sales_dq_held_units)`}).Thresholds(none())).
		WithPanel(bars("Rules that are not kept", "Slices whose newest version does not keep a rule, and that nobody accepted; the ten rules with the most.", "none", 8,
			query{"{{table}} {{rule}} ({{severity}})", `topk(10, sum by (table, rule, severity) (sales_dq_rule_breaches))`}).Thresholds(none())).
		WithPanel(bars("Ledgers that do not balance", "Faults in the ledgers of bronze and silver, by table.", "none", 8,
			query{"{{table}}", `max by (table) (sales_dq_ledger_faults)`}).Thresholds(none()))

	d = d.WithRow(row("What was judged")).
		WithPanel(stacked(lines("Verdicts", "Verdicts given, by outcome. A slice gets one for each version.", "cps", 8,
			query{"{{outcome}}", `sum by (outcome) (rate(sales_dq_verdicts_total[$__rate_interval]))`}))).
		WithPanel(lines("From manifest to verdict", "Time that a version of a slice waits for its verdict.", "s", 8,
			quantiles("", "", "sales_dq_verdict_delay_seconds", "")...)).
		WithPanel(bars("Findings", "What did not pass in the shown time, by rule, table and outcome; findings on what has been loaded, too. The ten of each that are most.", "none", 8,
			query{"{{table}} {{rule}} ({{outcome}})", `topk(10, sum by (table, rule, outcome) (increase(sales_dq_findings_total[$__range])))`},
			query{"loaded: {{table}} {{rule}} ({{outcome}})", `topk(10, sum by (table, rule, outcome) (increase(sales_dq_load_findings_total[$__range])))`}))

	return d.WithRow(row("What was refused, and what is there")).
		WithPanel(bars("Rejected by code", "Rows of the shown time that were rejected, by hop and code; the ten that are most.", "short", 8,
			query{"{{stage}} {{code}}", `topk(10, sum by (stage, code) (increase(sales_stage_rejects_total[$__range])))`})).
		WithPanel(lines("Share of rows rejected", "Rejected rows of all that came in. From 5 % of a run on, its days are held.", "percentunit", 8,
			query{"{{stage}}", `sum by (stage) (rate(sales_stage_rows_total{outcome="rejected"}[$__rate_interval])) / sum by (stage) (rate(sales_stage_rows_total[$__rate_interval]))`},
			query{"goal", "vector(0.05)"})).
		WithPanel(bars("Rows in the warehouse", "Rows that the warehouse's ledger holds, by table.", "short", 8,
			query{"{{table}}", `max by (table) (sales_load_ledger_rows)`}))
}
