package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/table"
	"github.com/saleslake/saleslake/services/bronze-writer/quarantine"
)

type replayRejects struct {
	chosen      `embed:""`
	Set         []string `sep:"none" help:"Set a field: field=value, added when the event lacks it. A value that is JSON is taken as it is, any other is a text. Steps are applied in the order given." placeholder:"FIELD=VALUE"`
	Map         []string `sep:"none" help:"Change a field that has a value: field:old=new." placeholder:"FIELD:OLD=NEW"`
	Replace     []string `sep:"none" help:"Change a field whose whole value matches: field:regex=text, with $$1 in the text for what the first group matched." placeholder:"FIELD:REGEX=TEXT"`
	Drop        []string `sep:"none" help:"Take a field out." placeholder:"FIELD"`
	Patch       string   `type:"existingfile" help:"YAML file with a list of such steps, applied before those of the flags." placeholder:"FILE"`
	Limit       int64    `help:"Rejects to look at; 0 for all."`
	MaxAttempts int      `default:"3" help:"Attempts that one reject gets."`
	Unchanged   bool     `help:"Send rejects of silver also where no step changes anything; without it they are left, as silver would say the same."`
	Plan        bool     `help:"Send nothing; show the first rejects before and after, and what bronze would say. What silver would say is not known before."`
	JSON        bool     `name:"json" help:"Print JSON."`
}

// shown is how many rejects a plan shows.
const shown = 10

// patch gives the steps of the file and then those of the flags.
func (c *replayRejects) patch(k *kong.Context) (quarantine.Patch, error) {
	var p quarantine.Patch
	if c.Patch != "" {
		data, err := os.ReadFile(c.Patch)
		if err != nil {
			return nil, err
		}
		if p, err = quarantine.ParsePatch(data); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Patch, err)
		}
	}
	given := map[string][]string{"set": c.Set, "map": c.Map, "replace": c.Replace, "drop": c.Drop}
	var faults []error
	for _, path := range k.Path { // in the order given, which three lists do not tell
		if path.Flag == nil || len(given[path.Flag.Name]) == 0 {
			continue
		}
		text := given[path.Flag.Name][0]
		given[path.Flag.Name] = given[path.Flag.Name][1:]
		s, err := quarantine.ParseStep(path.Flag.Name, text)
		if err != nil {
			err = fmt.Errorf("--%w", err)
		}
		p, faults = append(p, s), append(faults, err)
	}
	return p, errors.Join(faults...)
}

// Run replays, or shows what would be replayed.
func (c *replayRejects) Run(ctx context.Context, d *daemon.Daemon, k *kong.Context) error {
	patch, err := c.patch(k)
	if err != nil {
		return daemon.UsageError{Err: err}
	}
	f, err := c.filter()
	if err != nil {
		return err
	}
	o, err := quarantineOptions(ctx, d, c.Topic)
	if err != nil {
		return err
	}
	ro := quarantine.ReplayOptions{Filter: f, Patch: patch, Limit: c.Limit, MaxAttempts: c.MaxAttempts, Unchanged: c.Unchanged}
	if c.Plan {
		ro.Plan = c.printer(k.Stdout)
	}
	res, err := quarantine.Replay(ctx, o, ro)
	if res == nil {
		return err
	}
	return errors.Join(c.print(k.Stdout, res), err)
}

// printer prints the first rejects of a plan.
func (c *replayRejects) printer(out io.Writer) func(quarantine.Planned) {
	n := 0
	return func(p quarantine.Planned) {
		if n++; n > shown || c.JSON {
			return
		}
		fmt.Fprintf(out, "%s: %v\n  before  %s\n", p.Reject.ID(), p.Reject.Code, readable(p.Reject.Raw))
		if len(p.Reject.Event) > 0 {
			fmt.Fprintf(out, "  that is %s\n", readable(p.Reject.Event))
		}
		if p.Event != nil {
			fmt.Fprintf(out, "  after   %s\n", readable(p.Event))
		}
		switch {
		case p.Fault != nil:
			fmt.Fprintf(out, "  bronze  %v\n\n", p.Fault)
		case p.Why == quarantine.Send:
			fmt.Fprintf(out, "  bronze  takes it\n\n")
		default:
			fmt.Fprintf(out, "  not sent: %s\n\n", p.Why)
		}
	}
}

func (c *replayRejects) print(out io.Writer, res *quarantine.Result) error {
	if c.JSON {
		return printJSON(out, res)
	}
	var rows [][]any
	for _, why := range quarantine.Decisions {
		if n := res.By[why]; n > 0 {
			name := string(why)
			if c.Plan && why == quarantine.Send {
				name = "would be sent"
			}
			rows = append(rows, []any{name, n})
		}
	}
	rows = append(rows, []any{"all that were chosen", res.Rejects})
	if err := table.Write(out, []string{"decision", "rejects"}, rows, 0); err != nil {
		return err
	}
	if n := res.By[quarantine.NoFields]; n > 0 {
		fmt.Fprintf(out, "\n%d have no fields that a step could change: broken JSON, or rows of a CSV file with broken quotes or another number of fields than the header. "+
			"Export them, repair them in a file, and ingest that.\n", n)
	}
	if n := res.By[quarantine.Unchanged]; n > 0 {
		fmt.Fprintf(out, "\n%d are of silver, and no step changes them: silver would say the same. After a change of its rules or catalogue "+
			"silver-etl reprocess judges their days again; --unchanged sends them all the same.\n", n)
	}
	return nil
}
