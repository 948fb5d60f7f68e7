package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/daemon"
	"github.com/saleslake/saleslake/pkg/registry"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/table"
	"github.com/saleslake/saleslake/services/bronze-writer/quarantine"
)

type quarantineCommands struct {
	List   listRejects   `cmd:"" help:"Count the rejects by code, and where they stand."`
	Show   showReject    `cmd:"" help:"Show a reject with its original bytes, and what became of its replays."`
	Export exportRejects `cmd:"" help:"Write rejects as NDJSON: identity, reason and original bytes."`
	Replay replayRejects `cmd:"" help:"Send rejects again, patched; doing it twice changes nothing."`
}

// chosen are the flags that choose rejects.
type chosen struct {
	Topic  string    `default:"sales_events" help:"Topic of the events, also of those that came in files."`
	Code   []string  `help:"Only rejects of this code; may be repeated." placeholder:"CODE"`
	Stage  string    `enum:"bronze,silver," default:"" help:"Only rejects of this stage: bronze or silver." placeholder:"STAGE"`
	Source string    `help:"Only rejects of this source: a topic, or file: and its content hash." placeholder:"SOURCE"`
	From   time.Time `help:"Only rejects that arrived at this time or later, RFC 3339." placeholder:"TIME"`
	To     time.Time `help:"Only rejects that arrived before this time, RFC 3339." placeholder:"TIME"`
}

// filter gives what is chosen, or an error when that can be nothing.
func (c *chosen) filter() (quarantine.Filter, error) {
	f := quarantine.Filter{Stage: c.Stage, Source: c.Source}
	known := slices.Concat(sales.BronzeCodes, sales.SilverCodes)
	for _, code := range c.Code {
		if !slices.Contains(known, sales.Code(code)) {
			return f, daemon.UsageError{Err: fmt.Errorf("--code %q is none; there are %s", code, join(known))}
		}
		f.Codes = append(f.Codes, sales.Code(code))
	}
	if !c.From.IsZero() {
		f.From = c.From.UnixMicro()
	}
	if !c.To.IsZero() {
		f.To = c.To.UnixMicro()
	}
	return f, nil
}

func join(codes []sales.Code) string {
	var names []string
	for _, c := range codes {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

func quarantineOptions(ctx context.Context, d *daemon.Daemon, topic string) (quarantine.Options, error) {
	kafka, bucket, err := open(ctx, d, registry.Check)
	s := d.Settings
	return quarantine.Options{Kafka: kafka, Bucket: bucket, Topic: topic, Partitions: s.Lake.Partitions, Replication: s.Kafka.Replication,
		MaxEventBytes: s.Bronze.MaxEventBytes}, err
}

func readQuarantine(ctx context.Context, d *daemon.Daemon, topic string) (*quarantine.Quarantine, error) {
	o, err := quarantineOptions(ctx, d, topic)
	if err != nil {
		return nil, err
	}
	return quarantine.Read(ctx, o)
}

func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

type listRejects struct {
	chosen `embed:""`
	Limit  int  `default:"5" help:"Rejects to name below the counts."`
	JSON   bool `name:"json" help:"Print JSON."`
}

// Run prints the counts.
func (c *listRejects) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) error {
	f, err := c.filter()
	if err != nil {
		return err
	}
	q, err := readQuarantine(ctx, d, c.Topic)
	if err != nil {
		return err
	}
	l, err := q.List(ctx, f, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(k.Stdout, l)
	}
	var rows, named [][]any
	for _, g := range l.Groups {
		rows = append(rows, []any{g.Stage, g.Source, string(g.Code), g.Rejects, g.Open, g.Replayed, g.Accepted, g.Again, g.Oldest, g.Newest})
	}
	columns := []string{"stage", "source", "code", "rejects", "open", "replayed", "accepted", "rejected again", "oldest", "newest"}
	if err := table.Write(k.Stdout, columns, rows, 0); err != nil || len(l.Rejects) == 0 {
		return err
	}
	for _, r := range l.Rejects {
		named = append(named, []any{r.ID, string(r.Code), r.Field, string(r.State), r.Message})
	}
	fmt.Fprintf(k.Stdout, "\nThe first %d:\n\n", len(named))
	return table.Write(k.Stdout, []string{"id", "code", "field", "state", "message"}, named, 0)
}

type showReject struct {
	ID    string `arg:"" help:"<stage>/<source>/<partition>/<offset>, as list and export give it."`
	Topic string `default:"sales_events" help:"Topic of the events, also of those that came in files."`
}

// Run prints all that is known of one reject.
func (c *showReject) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) error {
	o, err := quarantineOptions(ctx, d, c.Topic)
	if err != nil {
		return err
	}
	r, attempts, err := quarantine.Show(ctx, o, c.ID)
	if errors.Is(err, quarantine.ErrUnknown) {
		return daemon.UsageError{Err: err}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(k.Stdout, "%s\n\n  code     %s\n  field    %s\n  message  %s\n  arrived  %s\n  key      %s\n", r.ID(), r.Code, r.Field, r.Message,
		sales.AppendTimestamp(nil, r.Arrived), readable(r.Key))
	if r.ReplayOf != "" {
		fmt.Fprintf(k.Stdout, "  replay of %s\n", r.ReplayOf)
	}
	fmt.Fprintf(k.Stdout, "\n%s\n", readable(r.Raw))
	if len(r.Event) > 0 {
		fmt.Fprintf(k.Stdout, "\nas an event\n%s\n", readable(r.Event))
	}
	for i := range attempts {
		printAttempt(k.Stdout, &attempts[i])
	}
	return nil
}

func printAttempt(out io.Writer, a *quarantine.Attempt) {
	fmt.Fprintf(out, "\nattempt %d at %s, sent to %s/%d as SHA-256 %s\n", a.Attempt, sales.AppendTimestamp(nil, a.Time), a.Topic, a.To, a.SHA256)
	for _, step := range a.Patch {
		fmt.Fprintf(out, "  %s\n", step)
	}
	switch {
	case a.RejectedBy != "":
		fmt.Fprintf(out, "  → %s by %s as %s: %s in %s: %s\n", a.State, a.RejectedBy, a.Record, a.Code, a.Field, a.Message)
	case a.Record != "":
		fmt.Fprintf(out, "  → %s, in bronze as %s\n", a.State, a.Record)
	default:
		fmt.Fprintf(out, "  → %s, not in bronze yet\n", a.State)
	}
}

// readable gives text as it is, and other bytes in hex.
func readable(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return fmt.Sprintf("hex %x", b)
}

type exportRejects struct {
	chosen `embed:""`
	Limit  int64  `help:"Rejects to write; 0 for all."`
	Out    string `default:"-" help:"File to write, which must not exist; - for standard output."`
}

// Run writes the rejects.
func (c *exportRejects) Run(ctx context.Context, d *daemon.Daemon, k *kong.Kong) (err error) {
	f, err := c.filter()
	if err != nil {
		return err
	}
	q, err := readQuarantine(ctx, d, c.Topic)
	if err != nil {
		return err
	}
	out := k.Stdout
	if c.Out != "-" {
		file, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return daemon.UsageError{Err: err}
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	w := bufio.NewWriter(out)
	n, err := q.Export(ctx, f, c.Limit, w)
	if err = errors.Join(err, w.Flush()); err == nil {
		d.Log.Info("exported", zap.Int64("rejects", n), zap.String("out", c.Out))
	}
	return err
}
