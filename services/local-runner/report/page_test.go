package report

import (
	"bytes"
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/page"
	"github.com/saleslake/saleslake/pkg/page/pagetest"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// TestPageOfTheSample opens the demo's page and holds what is drawn against tables of the
// warehouse, the quarantine's files and the input, each asked in another way. With
// SCREENSHOTS set to a folder it leaves pictures of it there.
func TestPageOfTheSample(t *testing.T) {
	b := pagetest.Start(t)
	o := options(t, data+"sales_events.csv", data+"sales_events.ndjson")
	o.Updates = []string{data + "customers.csv", data + "customer_updates.ndjson"}
	result, file := run(t, o)
	require.NoError(t, result.Fault())
	db := warehouse(t, o.Lake)
	b.Open(file, pagetest.Desktop, "light")

	t.Run("flow", func(t *testing.T) { checkFlow(t, b, db) })
	t.Run("ledger", func(t *testing.T) { checkLedger(t, b, db, result) })
	t.Run("revenue", func(t *testing.T) { checkRevenue(t, b, db) })
	t.Run("regions", func(t *testing.T) { checkRegions(t, b, db) })
	t.Run("categories", func(t *testing.T) { checkCategories(t, b, db) })
	t.Run("rejects", func(t *testing.T) { checkRejects(t, b, db, o.Lake) })
	t.Run("readable", func(t *testing.T) {
		for _, width := range []int64{pagetest.Phone, pagetest.Desktop} {
			for _, scheme := range []string{"light", "dark"} {
				b.Open(file, width, scheme)
				if dir := os.Getenv("SCREENSHOTS"); dir != "" {
					name, until := "wide", "#revenue" // what a README has room for
					if width == pagetest.Phone {
						name, until = "phone", ".flow"
					}
					height := pagetest.Ask[float64](b, fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().bottom`, until))
					b.Screenshot(filepath.Join(dir, fmt.Sprintf("report-%s-%s.png", name, scheme)), int64(height)+24)
				}
				checkReadable(b)
			}
		}
	})
	for _, url := range b.Requests() {
		require.Equal(t, "file://"+file, url, "the page asks for nothing else")
	}
	require.Empty(t, b.Faults())
}

// checkReadable looks at the page, and at all that it unfolds.
func checkReadable(b *pagetest.Browser) {
	b.CheckReadable()
	pagetest.Ask[int](b, `[...document.querySelectorAll("details")].map(d => d.open = true).length`)
	b.CheckReadable()
}

// words writes cents in a text as the page does.
func words(t testing.TB, cents string) string {
	t.Helper()
	n, err := strconv.ParseInt(cents, 10, 64)
	require.NoError(t, err)
	return page.Money(n)
}

func number(t testing.TB, rows string) string {
	t.Helper()
	n, err := strconv.ParseInt(rows, 10, 64)
	require.NoError(t, err)
	return page.Number(n)
}

func checkFlow(t *testing.T, b *pagetest.Browser, db *sql.DB) {
	const sold, customers = `.flow[data-dataset=sales_events] .hop`, `.flow[data-dataset=customer_updates] .hop`
	require.Equal(t, []string{"bronze", "silver", "gold", "gate", "warehouse"}, b.Texts(sold+" h4"))
	require.Equal(t, []string{"bronze", "silver", "gate", "warehouse"}, b.Texts(customers+" h4"))
	facts := ask(t, db, "select count(*), cast(sum(revenue) * 100 as bigint) from sales.fact_sales")[0]
	require.Equal(t, []string{"rows that go on: " + number(t, facts[0])}, b.Texts(sold+".warehouse .count"))
	require.Equal(t, []string{"their money: " + words(t, facts[1])}, b.Texts(sold+".warehouse .cash"))

	// What comes into a hop is as high as what leaves it, in the same scale throughout.
	type drawn struct {
		Band, Exits float64
	}
	hops := pagetest.Ask[[]drawn](b, `[...document.querySelectorAll(".flow[data-dataset=sales_events] svg")].map(s => ({Band: s.querySelector(".band").height.baseVal.value,
		Exits: [...s.querySelectorAll("path")].map(p => { const y = p.getAttribute("d").match(/^M0 ([\d.]+) .* 0 ([\d.]+) Z$/); return y[2] - y[1] }).reduce((a, b) => a + b, 0)}))`)
	in := 100.0
	for i, h := range hops {
		require.InDelta(t, in, h.Band+h.Exits, 0.005, "hop %d", i)
		in = h.Band
	}
	require.Equal(t, facts[0], fmt.Sprintf("%.0f", in/100*54_000))
}

func checkLedger(t *testing.T, b *pagetest.Browser, db *sql.DB, r *local.Report) {
	var numbers []string
	for i := range r.Ledger.Hops {
		h := &r.Ledger.Hops[i]
		for _, c := range []lake.Count{h.In, h.Out, h.Duplicate, h.Superseded, h.RejectedTotal(), h.Held, h.Residual} {
			numbers = append(numbers, page.Number(c.Rows)+page.Money(c.Cents))
		}
	}
	require.Equal(t, numbers, b.Texts("#ledger-table td.n"))
	require.Empty(t, ask(t, db, `select "table", slice, rule, outcome, message from read_parquet('`+r.Lake+`/dq/results/**/*.parquet') where outcome <> 'pass'`))
	require.Equal(t, []string{page.Number(int64(r.Ledger.Verdicts[lake.Pass]))}, b.Texts("#passed"))
	slices, judged := 0, map[string]int{}
	for _, l := range r.Ledger.Layers {
		judged[l.Table] = l.Slices
	}
	for _, table := range b.Texts("#scorecard thead th.table") {
		slices += judged[table]
		require.Contains(t, b.Texts("#scorecard tbody td"), fmt.Sprintf("✓ %s slices pass", page.Number(int64(judged[table]))), table)
	}
	require.Equal(t, slices, r.Ledger.Verdicts[lake.Pass])
}

func checkRevenue(t *testing.T, b *pagetest.Browser, db *sql.DB) {
	days := ask(t, db, `select cast(d.order_date as varchar), cast(coalesce(sum(a.net_revenue), 0) * 100 as bigint) from sales.dim_date d left join sales.agg_daily_sales a using (order_date)
		where d.order_date between (select min(order_date) from sales.agg_daily_sales) and (select max(order_date) from sales.agg_daily_sales) group by 1 order by 1`)
	var names, revenue []string
	values := map[string]int64{}
	for _, d := range days {
		names, revenue = append(names, d[0]), append(revenue, words(t, d[1]))
		n, err := strconv.ParseInt(d[1], 10, 64)
		require.NoError(t, err)
		if n != 0 {
			values[d[0]] = n
		}
	}
	slices.Reverse(names)
	slices.Reverse(revenue)
	require.Equal(t, names, b.Texts("#days tbody th"))
	require.Equal(t, revenue, b.Texts("#days tbody td:nth-child(2)"))
	require.Equal(t, values, bars(t, b, "revenue"))

	months := ask(t, db, `select strftime(order_date, '%b %Y'), cast(sum(net_revenue) * 100 as bigint), sum(orders) from sales.agg_daily_sales group by 1 order by min(order_date) desc`)
	total := int64(0)
	for i, m := range months {
		require.True(t, strings.HasPrefix(b.Texts("#months tbody th")[i], m[0]))
		require.Equal(t, words(t, m[1]), b.Texts("#months tbody td:nth-child(2)")[i])
		require.Equal(t, number(t, m[2]), b.Texts("#months tbody td:nth-child(4)")[i])
		n, err := strconv.ParseInt(m[1], 10, 64)
		require.NoError(t, err)
		total += n
	}
	require.Equal(t, []string{page.Money(total)}, b.Texts("#net-revenue"))
	require.Equal(t, "▼ -3.37 %", b.Texts("#months tbody td:nth-child(3)")[3], "February, by sql/analytics/answers")
}

// bars gives the values of a chart's columns, and sees to it that they are drawn as high.
func bars(t *testing.T, b *pagetest.Browser, chart string) map[string]int64 {
	type bar struct {
		Column        string
		Value         int64
		Height, Scale float64 // pixels of it, and of the picture
	}
	values, heights, greatest, scale := map[string]int64{}, map[string]float64{}, int64(0), 0.0
	for _, drawn := range pagetest.Ask[[]bar](b, fmt.Sprintf(`[...document.querySelectorAll("#chart-%s .bar")].map(e => ({Column: e.dataset.column, Value: +e.dataset.value,
		Height: e.getBBox().height * e.getScreenCTM().d, Scale: e.ownerSVGElement.getBoundingClientRect().height}))`, chart)) {
		values[drawn.Column] += drawn.Value
		heights[drawn.Column] += drawn.Height
		greatest, scale = max(greatest, values[drawn.Column]), drawn.Scale
	}
	top := heights[slices.MaxFunc(slices.Collect(maps.Keys(values)), func(a, b string) int { return cmp.Compare(values[a], values[b]) })]
	require.Greater(t, top, scale/2)
	for day, v := range values {
		require.InDelta(t, float64(v)/float64(greatest), heights[day]/top, 0.001, day)
	}
	return values
}

func checkRegions(t *testing.T, b *pagetest.Browser, db *sql.DB) {
	const means = `(select a.region, order_date, round(sum(coalesce(n, 0)) over w / count(*) over w, 2) as mean from (select r.region, d.order_date, sum(a.net_revenue) n from sales.dim_date d
		cross join (select distinct region from sales.agg_daily_sales) r left join sales.agg_daily_sales a on a.order_date = d.order_date and a.region = r.region
		where d.order_date between (select min(order_date) from sales.agg_daily_sales) and (select max(order_date) from sales.agg_daily_sales) group by 1, 2) a
		window w as (partition by a.region order by order_date rows between 6 preceding and current row))`
	var names, revenue, lines []string
	for _, r := range ask(t, db, `select region, cast(sum(net_revenue) * 100 as bigint) s from sales.agg_daily_sales group by 1 order by s desc`) {
		names, revenue = append(names, r[0]), append(revenue, words(t, r[1]))
		line := ask(t, db, `with m as `+means+`, top as (select max(mean) t from m) select string_agg(printf('%.3f', 1000 * (t - mean) / t), ' ' order by order_date) from m, top where region = '`+r[0]+`'`)
		lines = append(lines, line[0][0])
	}
	require.Equal(t, names, b.Texts(".region figcaption"))
	require.Equal(t, revenue, b.Texts(".region .count"))
	require.Equal(t, lines, pagetest.Ask[[]string](b, `[...document.querySelectorAll(".region .trend")].map(e => e.getAttribute("points").replace(/\d+,/g, ""))`))
}

func checkCategories(t *testing.T, b *pagetest.Browser, db *sql.DB) {
	want := map[string]bool{}
	for _, c := range ask(t, db, `select category, strftime(order_date, '%b %Y'), cast(sum(net_revenue) * 100 as bigint), rank() over (partition by strftime(order_date, '%b %Y') order by sum(net_revenue) desc)
		from sales.agg_daily_sales group by 1, 2`) {
		want[fmt.Sprintf("%s %s %s rank %s", c[0], c[1], words(t, c[2]), c[3])] = true
	}
	drawn := pagetest.Ask[[]string](b, `(() => { const months = [...document.querySelectorAll("#category-table thead th")].map(e => e.textContent);
		return [...document.querySelectorAll("#category-table td[title]")].map(e => [e.parentElement.firstElementChild.textContent, months[e.cellIndex], e.title, e.querySelector(".rank").textContent].join(" ")) })()`)
	got := map[string]bool{}
	for _, text := range drawn {
		got[text] = true
	}
	require.Equal(t, want, got)
}

func checkRejects(t *testing.T, b *pagetest.Browser, db *sql.DB, folder string) {
	var want []string
	for _, r := range ask(t, db, `select split_part(filename, '/quarantine/', 2).split_part('/', 1) as dataset, split_part(filename, '/quarantine/', 2).split_part('/', 2) as stage, code, count(*) n
		from read_parquet('`+folder+`/quarantine/**/*.parquet', filename = true) group by all order by dataset desc, stage, n desc, code`) {
		want = append(want, strings.Join([]string{r[1], r[2], number(t, r[3])}, " "))
	}
	require.Equal(t, want, pagetest.Ask[[]string](b, `[...document.querySelectorAll(".codes details")].map(e => [e.dataset.stage, e.dataset.code, e.querySelector(".rows").textContent].join(" "))`))

	inputs := map[string][]byte{}
	for _, name := range []string{"sales_events.csv", "sales_events.ndjson", "customer_updates.ndjson"} {
		text, err := os.ReadFile(data + name)
		require.NoError(t, err)
		inputs[name] = text
	}
	type sample struct{ Where, Text string }
	samples := pagetest.Ask[[]sample](b, `[...document.querySelectorAll("[data-stage=bronze] .sample")].map(e => ({Where: e.querySelector(".muted").textContent, Text: e.querySelector("pre").textContent}))`)
	require.Len(t, samples, 3*len(b.Texts("[data-stage=bronze]")))
	for _, s := range samples {
		name, row, _ := strings.Cut(s.Where, ", row ")
		original, err := strconv.Unquote(`"` + strings.ReplaceAll(s.Text, `"`, `\"`) + `"`)
		require.NoError(t, err, s.Text)
		require.True(t, bytes.Contains(inputs[name], []byte(original)), s)
		if strings.HasSuffix(name, ".ndjson") { // a row of CSV may have several lines
			n, err := strconv.Atoi(row)
			require.NoError(t, err)
			require.Equal(t, string(bytes.Split(inputs[name], []byte("\n"))[n-1]), strings.TrimSuffix(original, "\n"), s)
		}
	}
}

// A lake of two runs, the second of which the gate holds, is shown as a whole, and why it is not trusted.
func TestPageOfALakeThatIsHeld(t *testing.T) {
	b := pagetest.Start(t)
	o := options(t, orders(t, "good", 1000, 0))
	o.Settings.Lake.Partitions = 1
	run(t, o)
	o.Inputs = []string{orders(t, "bad", 50, 500)}
	result, file := run(t, o)
	require.Error(t, result.Fault())
	for _, scheme := range []string{"light", "dark"} {
		b.Open(file, pagetest.Phone, scheme)
		checkReadable(b)
	}
	require.Equal(t, []string{"✕ Failed"}, b.Texts("h1 .badge"))
	require.Contains(t, b.Texts(".faults li")[0], "the gate holds 6 slices")
	require.Equal(t, []string{"6"}, b.Texts("#held"))
	require.Len(t, b.Texts("article.held"), 6)
	require.Equal(t, "Sales: 1,550 events came in from 2 sources", b.Texts("#flow h3")[0])
	require.Equal(t, []string{"held 1,050 10,500.00"}, spaced(b, ".gate .exits li"))
	require.Equal(t, []string{"rows that go on: 1,000"}, b.Texts(".warehouse .count"), "what was loaded before stays")
	require.Empty(t, b.Faults())
}

// spaced gives the texts of elements with a space between their parts.
func spaced(b *pagetest.Browser, selector string) (all []string) {
	for _, text := range pagetest.Ask[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.innerText)`, selector)) {
		all = append(all, strings.Join(strings.Fields(text), " "))
	}
	return all
}

// Whatever a lake's text is, the page shows it and never runs it.
func TestPageShowsTextAsText(t *testing.T) {
	b := pagetest.Start(t)
	evil := `</script></pre><script>document.title="run"</script><img src=https://example.com/x onerror='document.title="run"'>`
	one := lake.Count{Rows: 1}
	r := &local.Report{
		Lake: t.TempDir(),
		Ledger: &local.Ledger{
			Hops:     []local.Hop{{Stage: "bronze", Dataset: sales.TopicEvents, Source: evil, In: one, Rejected: map[sales.Code]lake.Count{sales.InvalidJSON: one}, Residual: one}},
			Verdicts: map[lake.Outcome]int{lake.Fail: 1},
			Held:     []local.Held{{Slice: evil, Findings: []lake.Finding{{Rule: evil, Outcome: lake.Fail, Message: evil}}}},
			Rules:    []local.Rule{{Rule: evil, Table: evil, Fail: 1}},
		},
		Samples: []local.Sample{{Dataset: sales.TopicEvents, Stage: "bronze", Code: sales.InvalidJSON, Field: evil, Message: evil, Source: evil, Raw: []byte(evil + "\x00\xff"), Bytes: 2000}},
	}
	b.Open(write(t, r), pagetest.Phone, "light")
	checkReadable(b)
	require.Equal(t, []string{evil + `\x00\xff … 2,000 bytes in all`}, b.Texts("pre"))
	require.Equal(t, []string{"1 rows, 0.00 without an account"}, []string{strings.TrimPrefix(b.Texts(".residual")[0], "✕ ")})
	require.Contains(t, pagetest.Ask[string](b, "document.title"), "Sales lake")
	require.Len(t, b.Requests(), 1)
	require.Empty(t, b.Faults())
}

// A lake in which nothing is, and a run that ended before the warehouse.
func TestPageOfNothing(t *testing.T) {
	b := pagetest.Start(t)
	r := &local.Report{Lake: t.TempDir(), Ledger: &local.Ledger{}}
	for _, name := range []string{"revenue_mom_growth", "daily_trends_by_region"} {
		b.Open(write(t, r), pagetest.Phone, "light")
		checkReadable(b)
		require.Contains(t, b.Texts("#flow p"), "Nothing came in.")
		r.Analytics = append(r.Analytics, local.Analysis{Name: name, Error: "overflow"})
	}
	require.Equal(t, []string{"no analytics answer: overflow"}, b.Texts(".faults li"))
	require.Empty(t, b.Faults())
}

// TestPrintable checks that nothing in a record hides, and that it can be told from the text what it was.
func TestPrintable(t *testing.T) {
	require.Equal(t, `a "caf\xe9", b\\\u202e\r\n`, printable([]byte("a \"caf\xe9\", b\\\u202e\r\n")))
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) })).Draw(t, "raw")
		text := printable(raw)
		for _, r := range text {
			require.True(t, strconv.IsPrint(r), "%q", text)
		}
		back, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
		require.NoError(t, err)
		require.Equal(t, string(raw), back)
	})
}
