package generate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// census remembers what was planted where, for the README of the sample files.
type census struct {
	rows, latest, outOfOrder int64
	faults, twists, stories  map[kind]*finds
}

// kind is a kind of plant.
type kind struct{ code, what string }

// finds are the rows that have a plant.
type finds struct {
	count    int64
	examples []string
}

func newCensus() *census {
	return &census{faults: map[kind]*finds{}, twists: map[kind]*finds{}, stories: map[kind]*finds{}}
}

// mark is what a census wants to know of a truth.
type mark struct {
	code, plant, story string
	landed             bool   // bronze takes it
	who                string // the order or customer
	time               int64  // when that became so, microseconds UTC
}

func (t *Truth) mark() mark {
	return mark{t.Code, t.Plant, t.Story, t.Stage != Bronze, t.Event.OrderID(), t.Event.EventTS}
}

func (t *UpdateTruth) mark() mark {
	return mark{t.Code, t.Plant, t.Story, t.Code == "", t.Update.ID, t.Update.UpdatedTS}
}

func (c *census) add(m mark) {
	c.rows++
	if m.code != "" {
		c.find(c.faults, kind{m.code, m.plant}, m.who)
	} else if m.plant != "" {
		c.find(c.twists, kind{"", m.plant}, m.who)
	}
	if !m.landed {
		return
	}
	c.find(c.stories, kind{"", m.story}, m.who)
	if m.code != "" {
		return
	}
	if m.time < c.latest {
		c.outOfOrder++
	}
	c.latest = max(c.latest, m.time)
}

func (c *census) find(in map[kind]*finds, s kind, who string) {
	f := in[s]
	if f == nil {
		f = &finds{}
		in[s] = f
	}
	f.count++
	if len(f.examples) < 2 {
		f.examples = append(f.examples, fmt.Sprintf("%d (%s)", c.rows, who))
	}
}

// readme is the fixed part of the README; %s are the command, the summary and the tables.
const readme = `# Sample data

Generated, never edited: ` + "`make data`" + ` writes every file here, this one included, and a test of the generator holds them
against the bytes that it writes:

    %s

The same seed gives the same bytes. The generator (` + "`services/producer/generate`" + `) imports nothing of the pipeline: it knows
the answer because it planted what is wrong, and writes it into ` + "`expected.json`" + `.

%s
## How to read the tables

A row number counts a CSV's records from 1 without its header: a quoted field may hold a line feed, so it is not a line
number. In the NDJSON it is the line. The order, or the customer, in brackets is the one that the row speaks of, or would. Each broken row
has one fault, except where the text says "and": there the code must be that of the first by precedence.

Only messages can be empty, larger than 1 MiB or on the wrong partition, so the codes ` + "`empty`, `too_large` and `wrong_key`" + `
are planted in the generator's message stream (load generation and the end-to-end test), not in these files.

Sales also name customers and products that have no row of their own here (inferred members), two categories and a
region that no catalogue has, and products that cost nothing.

## expected.json

` + "`generate.Expected`" + ` documents each name. ` + "`files`" + ` has the answer for each file loaded alone into an empty lake, ` + "`total`" + ` for all
of them in one lake, in any order. Each has: rows; rejected rows by code; rows and cents of bronze; rows and cents that
silver refuses, deduplicates (duplicates plus superseded: only their sum is independent of the order of arrival) and
keeps, the last also by status; and ` + "`daily_sales`" + `, the cells by UTC date, region and category. All money is in cents.
` + "`customer_updates`" + ` is the answer for the file of that name, which is a dataset of its own.

`

func readmeOf(o FileOptions, want Expected, table, lines, updates *census) string {
	w := &strings.Builder{}
	fmt.Fprintf(w, readme, o.command(), summary(want))
	for _, file := range []struct {
		name, time, lives string
		census            *census
	}{{EventsCSV, "event_ts", "orders", table}, {EventsNDJSON, "event_ts", "orders", lines}, {UpdatesJSON, "updated_ts", "customers", updates}} {
		fmt.Fprintf(w, "## %s\n\n%d rows; %d of the valid ones have an earlier %s than a row before them.\n\n",
			file.name, file.census.rows, file.census.outOfOrder, file.time)
		writeFinds(w, "Planted to be rejected", "code | fault", file.census.faults, true)
		writeFinds(w, "Planted to be accepted", "oddity", file.census.twists, false)
		writeFinds(w, "Lives of "+file.lives+" (rows that bronze accepts)", "part", file.census.stories, false)
	}
	return strings.TrimRight(w.String(), "\n") + "\n"
}

// command is the one that writes these files; what is left to its default is left out.
func (o FileOptions) command() string {
	command := fmt.Sprintf("go run ./services/producer generate --seed %d", o.Seed)
	for _, setting := range []struct {
		flag  string
		value int
	}{{"rows", o.Rows}, {"events", o.Events}, {"updates", o.Updates}, {"days", o.Days}} {
		if setting.value != 0 {
			command += fmt.Sprintf(" --%s %d", setting.flag, setting.value)
		}
	}
	return command + " --out data"
}

func summary(want Expected) string {
	var b strings.Builder
	b.WriteString("| file | rows | rejected | deduplicated | current orders | their revenue in cents |\n|---|--:|--:|--:|--:|--:|\n")
	line := func(name string, r Run) {
		var rejected int64
		for _, n := range r.Rejected {
			rejected += n
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", name, r.Rows, rejected, r.Deduplicated.Rows, r.Silver.Rows, r.Silver.Cents)
	}
	line("`"+EventsCSV+"` alone", want.Files[EventsCSV])
	line("`"+EventsNDJSON+"` alone", want.Files[EventsNDJSON])
	line("both in one lake", want.Total)
	u := want.Updates
	fmt.Fprintf(&b, "\n`%s` has %d updates of customers: %d land in bronze, %d of them deletions, and are %d versions of %d customers, %d of whom are deleted in the end.\n",
		UpdatesJSON, u.Rows, u.BronzeRows, u.DeletedRows, u.Versions, u.Customers, u.Deleted)
	fmt.Fprintf(&b, "\n`%s` has %d rows for %d customers: a second row of a customer is a later version. `%s` has %d rows.\n",
		CustomersCSV, want.Customers.Rows, want.Customers.Customers, ProductsCSV, want.Products.Rows)
	return b.String()
}

func writeFinds(w *strings.Builder, title, columns string, found map[kind]*finds, coded bool) {
	fmt.Fprintf(w, "### %s\n\n| %s | rows | first rows |\n%s|--:|---|\n", title, columns, strings.Repeat("|---", strings.Count(columns, "|")+1))
	for _, s := range slices.SortedFunc(maps.Keys(found), func(a, b kind) int {
		return cmp.Or(strings.Compare(a.code, b.code), strings.Compare(a.what, b.what))
	}) {
		what := strings.ReplaceAll(s.what, "|", `\|`)
		if coded {
			what = "`" + s.code + "` | " + what
		}
		fmt.Fprintf(w, "| %s | %d | %s |\n", what, found[s].count, strings.Join(found[s].examples, ", "))
	}
	w.WriteString("\n")
}
