// Package progress draws on a terminal how far an ingest is.
package progress

import (
	"path"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/saleslake/saleslake/services/bronze-writer/bronze"
	"github.com/saleslake/saleslake/services/bronze-writer/files"
)

// File shows the two passes over a file, one after the other, each with a bar,
// its rate, and the time that it needs to its end. Only the bar of the second
// remains.
func File(bars *mpb.Progress, f files.File) bronze.Progress {
	var bar *mpb.Bar
	var current bronze.Pass
	return func(pass bronze.Pass, done int64) {
		if pass != current {
			bar, current = add(bars, string(pass)+" "+path.Base(f.Name), f.Size, mpb.BarOptional(mpb.BarRemoveOnComplete(), pass == bronze.Hash)), pass
		}
		bar.SetCurrent(done)
	}
}

// Total shows a bar of the bytes that both passes over all files read. The
// function that it gives lets a file's progress count in it.
func Total(bars *mpb.Progress, all []files.File) (counted func(bronze.Progress) bronze.Progress) {
	const passes = 2
	size := int64(0)
	for _, f := range all {
		size += passes * f.Size
	}
	total := add(bars, "total", size, mpb.BarPriority(len(all)*passes))
	return func(file bronze.Progress) bronze.Progress {
		last := map[bronze.Pass]int64{}
		return func(pass bronze.Pass, done int64) {
			file(pass, done)
			total.IncrInt64(done - last[pass])
			last[pass] = done
		}
	}
}

func add(bars *mpb.Progress, name string, size int64, o ...mpb.BarOption) *mpb.Bar {
	return bars.AddBar(size, append(o,
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.CountersKibiByte("% .1f of % .1f", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.AverageSpeed(decor.SizeB1024(0), "% .1f", decor.WCSyncSpace),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), " done")))...)
}
