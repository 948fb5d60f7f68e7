package lake

import (
	"fmt"
	"path"
	"strings"
)

// Silver's rejects of a bronze slice are in one object, the same whoever writes it
// and with which other slices, so that a commit that never was leaves nothing else. A
// command that judges the slice again writes another one, whose name has the attempt and
// which takes the place of the others from when that is committed.

// SilverRejectPrefix is that of a partition's rejects; table is the name of a quarantine
// schema.
func SilverRejectPrefix(table string, partition int32) string {
	return fmt.Sprintf("%s/silver/p=%03d/", table, partition)
}

// SilverRejectKey is the object of a bronze slice's rejects. Attempt is empty for those
// of the live stream.
func SilverRejectKey(table string, bronze *Manifest, attempt string) string {
	day, _, _ := strings.Cut(bronze.Slice, "/")
	key := SilverRejectPrefix(table, bronze.Partition) + day + "/" + path.Base(bronze.Slice)
	if attempt != "" {
		key += "." + attempt
	}
	return key + ".parquet"
}

// SplitSilverRejectKey gives the slice's key without an attempt, and the attempt.
func SplitSilverRejectKey(key string) (slice, attempt string) {
	name := strings.TrimSuffix(key, ".parquet")
	if name, attempt, ok := strings.Cut(name, "."); ok {
		return name + ".parquet", attempt
	}
	return key, ""
}

// NewAttempt names one try of a command's step, with a text that no other try has.
// Attempts ascend with the versions of their commits.
func NewAttempt(version int64, unique string) string { return fmt.Sprintf("%020d-%s", version, unique) }

// Attempts are those that were committed.
type Attempts map[string]bool

// Add takes over that a step was committed.
func (a Attempts) Add(d *Done) {
	if d.Attempt != "" {
		a[d.Attempt] = true
	}
}

// Pick gives of the keys of one slice the one that counts: that of the last attempt that
// was committed, else the one without any, "" for none; and those that never will again.
// Through is a version up to which no other attempts were committed, 0 for none.
func (a Attempts) Pick(keys []string, through int64) (current string, stale []string) {
	last := ""
	for _, key := range keys {
		_, attempt := SplitSilverRejectKey(key)
		switch {
		case attempt != "" && !a[attempt]:
			if attempt < NewAttempt(through+1, "") {
				stale = append(stale, key)
			}
		case current == "":
			current, last = key, attempt
		case attempt > last:
			stale = append(stale, current)
			current, last = key, attempt
		default:
			stale = append(stale, key)
		}
	}
	return current, stale
}
