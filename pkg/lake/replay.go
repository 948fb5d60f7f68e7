package lake

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/saleslake/saleslake/pkg/column"
)

// RecordID names a record by where it came from. A topic that is made anew has
// the same ones again.
type RecordID struct {
	Source    string `json:"source"` // topic, or file: and a content hash
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"` // or row number from 1
}

// String is "sales_events/3/41".
func (id RecordID) String() string {
	return id.Source + "/" + strconv.Itoa(int(id.Partition)) + "/" + strconv.FormatInt(id.Offset, 10)
}

// ParseRecordID reads what String gives.
func ParseRecordID(text string) (RecordID, error) {
	rest, offset, ok := cutLast(text, "/")
	source, partition, more := cutLast(rest, "/")
	p, err := strconv.ParseInt(partition, 10, 32)
	o, errOffset := strconv.ParseInt(offset, 10, 64)
	if !ok || !more || source == "" || !utf8.ValidString(source) || err != nil || errOffset != nil || p < 0 || o < 0 {
		return RecordID{}, fmt.Errorf("%q is no record: want source/partition/offset, such as sales_events/3/41", text)
	}
	return RecordID{source, int32(p), o}, nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	at := strings.LastIndex(text, sep)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(sep):], true
}

// RejectID names a reject for ever.
type RejectID struct {
	RecordID
	Arrived int64 `json:"arrived"` // µs UTC: the record's _ingest_ts
}

// String is "sales_events/3/41@1769860800000000".
func (id RejectID) String() string {
	return id.RecordID.String() + "@" + strconv.FormatInt(id.Arrived, 10)
}

// HeaderReplayOf is the header by which a record says which reject it replays;
// its value is that of column _replay_of.
const HeaderReplayOf = "replay_of"

// ReplayOf is the value of column _replay_of: "sales_events/3/41@1769860800000000#1".
func ReplayOf(id RejectID, attempt int) string { return id.String() + "#" + strconv.Itoa(attempt) }

// maxReplayOf bounds what is believed of a header, in bytes.
const maxReplayOf = 512

// ParseReplayOf reads what ReplayOf gives; ok is false for anything else.
func ParseReplayOf(text string) (id RejectID, attempt int, ok bool) {
	rest, number, ok := cutLast(text, "#")
	name, arrived, more := cutLast(rest, "@")
	if !ok || !more || len(text) > maxReplayOf {
		return id, 0, false
	}
	attempt, err := strconv.Atoi(number)
	if err != nil || attempt < 1 {
		return id, 0, false
	}
	if id.Arrived, err = strconv.ParseInt(arrived, 10, 64); err != nil {
		return id, 0, false
	}
	id.RecordID, err = ParseRecordID(name)
	return id, attempt, err == nil
}

// Replayed sums the rows of a bronze batch that are replays of rejects, and
// their money where they have a column revenue.
func Replayed(b *column.Batch) (c Count) {
	of := &b.Column("_replay_of").Text
	if len(of.Data) == 0 {
		return c
	}
	revenue := b.Schema.Index("revenue")
	for i := range of.Len() {
		if len(of.At(i)) == 0 {
			continue
		}
		c.Rows++
		if revenue >= 0 {
			c.Cents += b.Columns[revenue].I64[i]
		}
	}
	return c
}

const replayPrefix = "replay/"

// Replay is one attempt to bring a reject back. It is published in the
// transaction that sends the event.
type Replay struct {
	Format int    `json:"format"`
	Stage  string `json:"stage"` // that rejected it: "bronze" or "silver"
	RejectID
	Attempt int      `json:"attempt"`         // from 1
	Patch   []string `json:"patch,omitempty"` // as declared, in the order applied
	Topic   string   `json:"topic"`           // where it was sent
	To      int32    `json:"to"`              // partition of Topic
	SHA256  string   `json:"sha256"`          // of the bytes sent, in hex
	Time    int64    `json:"time"`            // µs UTC
}

// Key names the attempt in a topic: "replay/bronze/sales_events/p=003/41@1769860800000000#1".
func (r *Replay) Key() string {
	return fmt.Sprintf("%s%s/%s/p=%03d/%d@%d#%d", replayPrefix, r.Stage, r.Source, r.Partition, r.Offset, r.Arrived, r.Attempt)
}

// IsReplay tells whether a record's key is a replay's.
func IsReplay(key []byte) bool { return strings.HasPrefix(string(key), replayPrefix) }

// Encode gives the replay's JSON.
func (r *Replay) Encode() []byte { return encode(r) }

// DecodeReplay reads a replay; another format than Format is an error.
func DecodeReplay(b []byte) (*Replay, error) {
	r := &Replay{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("decode replay: %w", err)
	}
	return r, checkFormat(r.Key(), r.Format)
}
