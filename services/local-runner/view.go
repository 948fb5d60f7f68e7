package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
	"github.com/saleslake/saleslake/services/bronze-writer/progress"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// view shows on a terminal how a run goes on; anywhere else it is silent.
type view struct {
	out  *os.File
	bars *mpb.Progress // nil when silent
}

func newView(out *os.File, silent bool) *view {
	v := &view{out: out}
	if !silent && term.IsTerminal(int(out.Fd())) {
		v.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40))
	}
	return v
}

// File shows a bar with the time that is left.
func (v *view) File(f files.File) bronze.Progress {
	if v.bars == nil {
		return nil
	}
	return progress.File(v.bars, f)
}

// Step shows a spinner until the step is done, and then its time.
func (v *view) Step(name string) func() {
	if v.bars == nil {
		return func() {}
	}
	bar := v.bars.New(1, mpb.SpinnerStyle().PositionLeft(), mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)), mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)))
	return func() { bar.SetCurrent(1) }
}

// Live prints a line for each second of a stream.
func (v *view) Live(g local.Gauges) {
	if v.bars == nil {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%4s  %9d events  %7.0f/s  lag", g.Elapsed.Round(time.Second), g.Sent, g.Rate)
	for _, s := range g.Stages {
		fmt.Fprintf(&b, "  %s %d (%.1f s)", s.Name, s.LagRecords, s.LagSeconds)
	}
	if g.Freshness > 0 {
		fmt.Fprintf(&b, "  event to warehouse %.1f s", g.Freshness)
	}
	fmt.Fprintln(v.bars, b.String())
}

// close leaves the bars as they are. Those of a run that failed are not waited for.
func (v *view) close() {
	if v.bars != nil {
		v.bars.Shutdown()
	}
}
