// Package gold keeps the aggregates, and the list of facts to load, of each day
// that changed, and what that changed on days that were published.
//
// A record's path: silver manifests arrive on a partition of lake.silver, which
// has all slices of its days, and wait in the [task], for a moment in which those of other
// partitions of silver come, as the newest versions of their slices; days that are over wait for longer, together. Flush takes each
// day that is ready and whose slices are not those that its gold version was made from. Its [state], a [fold.Day] and the version of each slice in it, is
// brought to those versions by the files that tell what changed; where there is
// no state, or the changes do not lead on from it, the day is made from all of its files. The rows
// of each of [tables] go to a new file. One transaction then publishes a
// manifest for each table of a day beside the consumed offset, all
// with one version and the same silver inputs: gold/fact_sales, whose files are silver's own, the
// aggregates, and gold/restatements, whose files are those of the version before
// and, on a published day, one of the cells that this version changed.
// Replaced files are deleted after a grace period; what a process leaves, the next one's sweep
// finds.
//
// A command to rebuild days comes by a [control.Board] and takes turns with the refreshes: the next
// few of its days are made from silver's files, whatever state there is, and what
// is done of it is published with their manifests.
//
// Which days and versions there are is what lake.silver and lake.gold say: it is read from there
// when the partition is assigned ([stage.Open]). A state is a copy of what silver's
// files say; it is kept in a [cache] of bounded size, for one task, and advances
// with what that commits.
package gold
