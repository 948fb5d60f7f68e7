// Package config holds the settings of all services in one type, [Pipeline].
//
// A setting has one name in three spellings: max_rows of section silver is
// silver.max_rows in config/pipeline.yaml, SALES_SILVER_MAX_ROWS in the
// environment and --silver-max-rows as a flag. Each later source wins over the
// earlier ones: default, file, environment, flag. All four deliver text to the same
// parser, so a value means the same wherever it stands, and all four are checked
// together: [Load] answers with every fault at once.
//
// The struct tags of a section are the only declaration of its settings:
//
//	value  the default, as text        min, max  the range, as text, ends included
//	help   the documentation           oneof     the allowed words, comma separated
//	unit   "bytes" accepts 32MiB       yaml      the key
//
// Durations are Go's (1m30s) or whole days (90d). Lists are comma separated in the
// environment and in flags, which may also be repeated; in YAML they are lists.
// An empty environment variable counts as not set.
package config
