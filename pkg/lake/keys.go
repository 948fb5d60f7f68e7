package lake

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/saleslake/saleslake/pkg/sales"
)

// BronzeSlice names the slice of a bronze file: the day of its first record,
// its partition, the source and its first offset. The same input gives the
// same name, which is how a crash is found again and adopted.
func BronzeSlice(day int32, partition int32, source8 string, first int64) string {
	return fmt.Sprintf("ingest_date=%s/p=%03d/%s-%020d", sales.FormatDay(day), partition, source8, first)
}

// BronzeKey is the object of a slice of a bronze table.
func BronzeKey(table, slice string) string { return table + "/" + slice + ".parquet" }

// QuarantineKey is the object that keeps bronze's rejects of a slice: table is the
// name of a quarantine schema. Those of silver are named by SilverRejectKey.
func QuarantineKey(table, slice string) string {
	return table + "/bronze/" + slice + ".parquet"
}

// SilverSlice names the silver slice of a day and partition.
func SilverSlice(day int32, partition int32) string {
	return fmt.Sprintf("day=%s/p=%03d", sales.FormatDay(day), partition)
}

// GoldSlice names the gold slice of a day.
func GoldSlice(day int32) string { return "day=" + sales.FormatDay(day) }

// VersionKey is a file of a silver or gold slice: the version keeps files of
// one slice in order, the hash keeps two writers of one version apart.
func VersionKey(table, slice string, version int64, sha256 string) string {
	return fmt.Sprintf("%s/%s/%08d-%s.parquet", table, slice, version, sha256[:8])
}

// parseVersionKey takes a VersionKey of the table apart.
func parseVersionKey(table, key string) (slice string, version int64, ok bool) {
	folder, version, ok := ParseVersion(key)
	slice, under := strings.CutPrefix(folder, table+"/")
	return slice, version, ok && under
}

// ParseVersion takes the key of a file of a slice of silver or gold apart.
func ParseVersion(key string) (folder string, version int64, ok bool) {
	folder, name := path.Split(key)
	number, _, cut := strings.Cut(name, "-")
	version, err := strconv.ParseInt(number, 10, 64)
	return strings.TrimSuffix(folder, "/"), version, cut && err == nil && strings.HasSuffix(name, ".parquet")
}
