package dq

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// landed is what bronze landed of a source partition up to an offset of the
// source. (Offsets of lake.bronze would do until that topic is made anew.)
type landed struct {
	place
	sum   lake.Count
	files []lake.File // that brought it there
}

// place is a position in a source: the id of its topic, and the next offset.
type place struct {
	topicID string
	next    int64
}

// bronzeBook is one source partition in bronze, summed from its manifests.
type bronzeBook struct {
	history []landed // ascending; the part that silver has not passed yet
	sum     lake.Count
	records int64            // read, landed or rejected
	place                    // after the last record; a topic that is made anew counts from 0 again
	reached map[string]int64 // the same, by topic id
	ledger  *lake.Ledger
	counted lake.Count // in the files that ledger follows
	overlap string     // ranges that overlap; it stays until someone looks

	mismatch  string   // the ledger against the manifests
	agreed    place    // of the last ledger without a mismatch
	uncounted *Suspect // of the first with one since
	taken     place    // of the last silver ledger without a fault
	untaken   *Suspect // of the first with one since
}

// silverSlice is what a silver manifest says of its slice.
type silverSlice struct {
	version int64
	lake.Count
}

// bookKey is a table of silver and a partition of its sources.
type bookKey struct {
	table     string
	partition int32
}

// madeOf gives the table of silver that is made of one of bronze.
var madeOf = map[string]string{sales.TableBronze: sales.TableSilver, sales.TableBronzeCustomers: sales.TableSilverCustomers}

// Tables are those of silver whose ledgers are kept.
var Tables = []string{sales.TableSilver, sales.TableSilverCustomers}

// book is one source partition number over all sources of a table.
type book struct {
	bronze     map[string]*bronzeBook
	bronzeNext int64 // offset after the newest record seen of lake.bronze
	silver     map[string]*lake.Ledger
	slices     map[string]silverSlice
	version    int64    // of silver's newest commit
	touched    []string // slices
	sources    []string // each has a ledger of this version
	balance    Balance
	struck     int64    // the keeper's strike that made the balance
	dirty      bool     // a record came after it
	event      int64    // newest event_ts of a slice, µs UTC
	moved      int64    // when the newest slice was made, µs UTC
	sound      int64    // version of the last balance in which slices and ledger agreed
	unsound    []string // some slices that changed up to the first in which they don't
}

// Keeper holds the ledgers of all partitions against each other. Its methods
// may be called at the same time.
type Keeper struct {
	mu      sync.Mutex
	books   map[bookKey]*book
	strikes int64         // balances made so far
	caught  int64         // strikes made when everything there was had last been read
	changed chan struct{} // closed and replaced when one of these grows
}

// NewKeeper gives a keeper that has seen nothing.
func NewKeeper() *Keeper {
	return &Keeper{books: make(map[bookKey]*book), changed: make(chan struct{})}
}

// Add takes a record of lake.bronze or lake.silver.
func (k *Keeper) Add(r stream.Record) error {
	if len(r.Value) == 0 { // a deleted slice
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var partition int32
	var err error
	switch {
	case r.Topic == sales.TopicBronze:
		partition, err = r.Partition, k.addBronze(r)
	case lake.IsLedger(r.Key):
		partition, err = k.addSilverLedger(r.Value)
	case lake.IsManifest(r.Key):
		partition, err = k.addSilverSlice(r.Value)
	default: // what is done of a command
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s/%d offset %d: %w", r.Topic, r.Partition, r.Offset, err)
	}
	for _, table := range Tables {
		k.strike(k.book(table, partition))
	}
	return nil
}

// CaughtUp says that everything that is there has been added.
func (k *Keeper) CaughtUp() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.caught = k.strikes
	k.tell()
}

// Strikes counts the balances made so far: while it stays the same, nothing
// is to be judged anew.
func (k *Keeper) Strikes() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.strikes
}

func (k *Keeper) tell() {
	close(k.changed)
	k.changed = make(chan struct{})
}

func (k *Keeper) book(table string, partition int32) *book {
	key := bookKey{table, partition}
	b := k.books[key]
	if b == nil {
		b = &book{bronze: map[string]*bronzeBook{}, silver: map[string]*lake.Ledger{}, slices: map[string]silverSlice{}}
		k.books[key] = b
	}
	return b
}

// Faults gives what does not balance of a table, partition by partition: of
// balances that count, see [Keeper.Wait].
func (k *Keeper) Faults(table string) (faults []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, b := range k.books {
		if key.table != table || b.struck > k.caught {
			continue
		}
		for _, fault := range b.balance.Faults {
			faults = append(faults, fmt.Sprintf("%s p=%03d: %s", table, key.partition, fault))
		}
	}
	slices.Sort(faults)
	return faults
}

func (b *book) bronzeBook(source string) *bronzeBook {
	s := b.bronze[source]
	if s == nil {
		s = &bronzeBook{reached: map[string]int64{}}
		b.bronze[source] = s
	}
	return s
}

// addBronze moves the books of all tables on: their silver ledgers count in
// offsets of the same topic.
func (k *Keeper) addBronze(r stream.Record) error {
	for _, table := range Tables {
		k.book(table, r.Partition).bronzeNext = r.Offset + 1
	}
	if lake.IsLedger(r.Key) {
		return k.addBronzeLedger(r)
	}
	m, err := lake.DecodeManifest(r.Value)
	if err != nil || madeOf[m.Table] == "" {
		return err
	}
	if m.Source == nil {
		return fmt.Errorf("manifest %s has no source", m.Key())
	}
	b := k.book(madeOf[m.Table], r.Partition)
	b.dirty = true
	s := b.bronzeBook(m.Source.Name)
	if m.Source.TopicID != s.topicID {
		s.place = place{topicID: m.Source.TopicID}
	}
	if m.Source.First < s.next {
		s.overlap = fmt.Sprintf("%s holds offsets %d to %d of %s/%d, but up to %d are in earlier files", m.Key(),
			m.Source.First, m.Source.Next-1, m.Source.Name, m.Source.Partition, s.next-1)
	}
	s.next = max(s.next, m.Source.Next)
	s.reached[s.topicID] = s.next
	s.records += m.Source.Records
	s.sum = s.sum.Add(m.Count)
	s.history = append(s.history, landed{s.place, s.sum, m.Files})
	return nil
}

// addBronzeLedger finds the source: the files that the ledger counts came before
// it, and said of which table that is.
func (k *Keeper) addBronzeLedger(r stream.Record) error {
	l, err := lake.DecodeLedger(r.Value)
	if err != nil {
		return err
	}
	for _, table := range Tables {
		b := k.book(table, r.Partition)
		if s := b.bronze[l.Source]; s != nil {
			s.setLedger(l)
			b.dirty = true
		}
	}
	return nil
}

// setLedger takes bronze's own ledger, which follows the manifests that it
// counts, and holds it against them.
func (s *bronzeBook) setLedger(l *lake.Ledger) {
	s.ledger, s.mismatch, s.counted = l, "", s.sum
	at := place{s.topicID, l.Through}
	if l.Out == s.sum && l.In.Rows == s.records {
		s.agreed, s.uncounted = at, nil
	} else {
		if s.uncounted == nil {
			s.uncounted = s.suspect(l.Source, l.Partition, s.agreed, at)
		}
		s.mismatch = fmt.Sprintf("bronze's files of %s/%d hold %d rows and %s of %d records, its ledger says %d and %s of %d", l.Source, l.Partition,
			s.sum.Rows, sales.FormatCents(s.sum.Cents), s.records, l.Out.Rows, sales.FormatCents(l.Out.Cents), l.In.Rows)
	}
}

func (k *Keeper) addSilverLedger(value []byte) (int32, error) {
	l, err := lake.DecodeLedger(value)
	if err != nil {
		return 0, err
	}
	b := k.book(l.Table, l.Partition)
	b.dirty = true
	b.silver[l.Source] = l
	if l.Version >= b.version {
		b.version, b.touched, b.sources = l.Version, l.Slices, l.Sources
	}
	return l.Partition, nil
}

func (k *Keeper) addSilverSlice(value []byte) (int32, error) {
	m, err := lake.DecodeManifest(value)
	if err != nil {
		return 0, err
	}
	b := k.book(m.Table, m.Partition)
	b.dirty = true
	b.event, b.moved = max(b.event, min(m.EventTime, m.Created)), max(b.moved, m.Created)
	if m.Version >= b.slices[m.Slice].version {
		b.slices[m.Slice] = silverSlice{version: m.Version, Count: m.Count}
	}
	return m.Partition, nil
}

// whole tells whether all records of silver's newest commit, and the bronze
// records that it consumed, have been seen.
func (b *book) whole() bool {
	for _, s := range b.slices {
		if s.version > b.version {
			return false
		}
	}
	for _, name := range b.touched {
		if b.slices[name].version != b.version {
			return false
		}
	}
	for _, source := range b.sources {
		if l := b.silver[source]; l == nil || l.Version != b.version {
			return false
		}
	}
	for source, l := range b.silver {
		if b.ahead(source, l) {
			return false
		}
	}
	return true
}

// ahead tells whether silver took more of a source than has been seen of bronze.
func (b *book) ahead(source string, l *lake.Ledger) bool {
	if s := b.bronze[source]; s != nil {
		return s.reached[l.TopicID] < l.Next
	}
	return l.Through > b.bronzeNext
}

// strike makes the balance of a partition when its newest commit is whole, and
// makes it again when an older slice is read late: a commit's records are in
// several partitions, which are not read evenly.
func (k *Keeper) strike(b *book) {
	if b.version == 0 || !b.dirty || !b.whole() {
		return
	}
	n := Balance{Version: b.version}
	var net, rows lake.Count
	for source, l := range b.silver {
		net = net.Add(l.Out)
		s := b.bronze[source]
		n.addSilver(source, l, s)
		if s != nil {
			n.addBronze(source, s)
		}
	}
	for _, s := range b.slices {
		rows = rows.Add(s.Count)
	}
	switch {
	case rows == net:
		b.sound, b.unsound = b.version, nil
	case b.unsound == nil:
		b.unsound = b.since(b.sound)
		fallthrough
	default:
		n.Faults = append(n.Faults, fmt.Sprintf("silver slices hold %d rows and %s, the ledger says %d and %s, first seen with %s",
			rows.Rows, sales.FormatCents(rows.Cents), net.Rows, sales.FormatCents(net.Cents), strings.Join(b.unsound, ", ")))
		n.Missing = net.Sub(rows)
		n.Lost += abs(n.Missing.Rows)
	}
	slices.SortFunc(n.Entries, func(a, b Entry) int { return strings.Compare(a.Hop+a.Source, b.Hop+b.Source) })
	slices.Sort(n.Faults)
	k.strikes++
	b.balance, b.struck, b.dirty = n, k.strikes, false
	k.tell()
}

// Balance gives the last balance of a table of silver in a partition that counts, see
// [Keeper.Wait], and the number of its strike, 0 when there is none.
func (k *Keeper) Balance(table string, partition int32) (Balance, int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.book(table, partition)
	if len(b.balance.Faults) > 0 && b.struck > k.caught {
		return Balance{}, 0
	}
	return b.balance, b.struck
}

// Wait gives the balance of a table of silver of each named partition, once it includes the silver
// commit (version) named beside it. A balance with faults may only mean that an
// older slice has not been read yet, so it counts when all that is there has
// been. It ends early with the context's error, and the partition and version
// that it waited for.
func (k *Keeper) Wait(ctx context.Context, table string, partitions map[int32]int64) (map[int32]Balance, error) {
	for {
		k.mu.Lock()
		got, missing := map[int32]Balance{}, ""
		for p, version := range partitions {
			b := k.book(table, p)
			if len(b.balance.Faults) > 0 && b.struck > k.caught {
				missing = fmt.Sprintf("all slices of partition %d: %s", p, b.balance.Faults[0])
				break
			}
			if b.balance.Version < version {
				missing = fmt.Sprintf("commit %d of %s partition %d, the ledger has reached %d", version, table, p, b.balance.Version)
				break
			}
			got[p] = b.balance
		}
		changed := k.changed
		k.mu.Unlock()
		if missing == "" {
			return got, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the ledger of %s: %w", missing, ctx.Err())
		case <-changed:
		}
	}
}
