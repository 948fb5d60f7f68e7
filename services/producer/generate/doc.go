// Package generate makes sales events whose truth is known because it was planted.
//
// A [Stream] invents customers, products and orders from a seed, and lets every order live: it is placed, perhaps
// completed, refunded, corrected or moved to another day, sent twice, or overtaken by its own successor. Into that it
// plants faults and oddities, one known plant an event. Each [Item] therefore carries its [Truth]: the reject code that
// it must get, or the event that it must become. A [Tally] adds truths up to the answer that any correct pipeline gives
// (a [Run]), and [WriteFiles] writes the sample files beside that answer ([Expected]).
//
// [Updates] does the same for the customers: they move, change segment and email, are deleted and come back, and their
// updates are repeated, overtaken and broken. An [UpdateTally] adds their truths up to an [UpdatesRun].
//
// The package imports nothing of the pipeline: no parser, no rule, no deduplication. What it says and what the pipeline
// finds are two independent readings of one contract, so a mistake on either side shows as a difference.
//
// The same [Options] give the same bytes on every machine: PCG is the only source of chance, and neither floats, the
// wall clock nor the order of a map has a say.
package generate
