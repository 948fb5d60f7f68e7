// Package clean judges the meaning of bronze rows: which of them silver takes,
// and in what spelling.
//
// The contract's rules are about bronze rows. Those that are declared with severity quarantine come after
// them, and are about the rows as silver has them.
//
// It works column by column. A rule is one pass over one vector; what depends
// on a symbol only is decided once for each distinct value. Nothing is read or
// written, and rows that pass are not copied: the cleaned batch shares the
// vectors of the bronze batch.
package clean
