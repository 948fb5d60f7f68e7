package lake

import (
	"cmp"
	"fmt"
	"strings"
)

// Entry is what a topic has under a key, and the lake a copy of: a *Manifest,
// a *Ledger or a *Done.
type Entry interface {
	Key() string       // in the topic
	MirrorKey() string // of the object that keeps the copy
	Encode() []byte
	Age() int64 // grows with each version of the key
}

// Entries gives a list of one kind as entries.
func Entries[E Entry](list ...E) []Entry {
	entries := make([]Entry, len(list))
	for i, e := range list {
		entries[i] = e
	}
	return entries
}

// DecodeEntry reads a record by its key.
func DecodeEntry(key, value []byte) (Entry, error) {
	switch {
	case IsLedger(key):
		return DecodeLedger(value)
	case IsDone(key):
		return DecodeDone(value)
	}
	return DecodeManifest(value)
}

// Where the copies are: of a manifest under its key, of the others by stage or
// kind and partition, so that one listing finds those of a partition.
const (
	mirrorPrefix = "_manifests/"
	ledgerCopies = mirrorPrefix + "ledgers/"
	doneCopies   = mirrorPrefix + "done/"
	lastCopies   = mirrorPrefix + "commits/"
)

// ManifestCopies is the prefix of the copies of a table's manifests, or of all
// tables of a layer.
func ManifestCopies(table string) string { return mirrorPrefix + table + "/" }

// LedgerCopies is the prefix of the copies of ledgers: of a table of silver, or of
// stage bronze.
func LedgerCopies(of string) string { return ledgerCopies + of + "/" }

// LedgerCopiesOf is the same for one partition.
func LedgerCopiesOf(of string, partition int32) string {
	return fmt.Sprintf("%sp=%03d/", LedgerCopies(of), partition)
}

// DoneCopies is the prefix of the copies of what was done of one kind of command.
func DoneCopies(kind Kind) string { return doneCopies + string(kind) + "/" }

// LastCopy is the object that keeps the newest commit of a group's partition whole.
func LastCopy(group string, partition int32) string {
	return fmt.Sprintf("%s%s/p=%03d.json", lastCopies, group, partition)
}

// MirrorKey is the object that keeps a copy of the manifest.
func (m *Manifest) MirrorKey() string { return ManifestCopies(m.Table) + m.Slice + ".json" }

// MirrorKey is the object that keeps a copy of the ledger.
func (l *Ledger) MirrorKey() string {
	return LedgerCopiesOf(cmp.Or(l.Table, l.Stage), l.Partition) + l.Source + ".json"
}

// MirrorKey is the object that keeps a copy of the record.
func (d *Done) MirrorKey() string {
	return fmt.Sprintf("%sp=%03d/%s/%s.json", DoneCopies(d.Kind), d.Partition, d.ID, d.Through)
}

// Age is the version.
func (m *Manifest) Age() int64 { return m.Version }

// Age is the version, or in bronze, whose commits have none, the records so far.
func (l *Ledger) Age() int64 {
	if l.Version == 0 {
		return l.In.Rows
	}
	return l.Version
}

// Age is the version.
func (d *Done) Age() int64 { return d.Version }

func decodeCopy(object string, data []byte) (Entry, error) {
	switch {
	case strings.HasPrefix(object, ledgerCopies):
		return DecodeLedger(data)
	case strings.HasPrefix(object, doneCopies):
		return DecodeDone(data)
	}
	return DecodeManifest(data)
}
