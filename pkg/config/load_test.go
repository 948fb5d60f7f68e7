package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/saleslake/saleslake/pkg/config"
	"github.com/saleslake/saleslake/pkg/fault"
)

// write puts a settings file into the test's directory and answers its path.
func write(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "p.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// faults loads, and answers the lines of what is wrong, without the file's path.
func faults(t *testing.T, src config.Sources) []string {
	_, err := config.Load(src)
	var found config.Faults
	if !errors.As(err, &found) {
		require.NoError(t, err)
	}
	lines := make([]string, len(found))
	for i, f := range found {
		lines[i] = f.Error()
		if src.File != "" {
			lines[i] = strings.ReplaceAll(lines[i], src.File, "FILE")
		}
	}
	return lines
}

func TestPrecedence(t *testing.T) {
	t.Chdir(t.TempDir()) // no default file
	file := config.Sources{File: write(t, "silver: {max_rows: 2}")}
	environ := file
	environ.Environ = []string{"SALES_SILVER_MAX_ROWS=3"}
	flags := environ
	flags.Flags = []config.Assignment{{Flag: "silver-max-rows", Text: "9"}, {Flag: "silver-max-rows", Text: "4"}}
	empty := file
	empty.Environ = []string{"SALES_SILVER_MAX_ROWS="} // counts as not set
	for _, c := range []struct {
		src  config.Sources
		want int
	}{{config.Sources{}, 1_000_000}, {file, 2}, {environ, 3}, {flags, 4}, {empty, 2}} {
		p, err := config.Load(c.src)
		require.NoError(t, err)
		require.Equal(t, c.want, p.Silver.MaxRows)
	}
}

func TestDefaultFileIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("config", 0o755))
	require.NoError(t, os.WriteFile(config.DefaultFile, []byte("log: {level: warn}"), 0o600))
	p, err := config.Load(config.Sources{})
	require.NoError(t, err)
	require.Equal(t, "warn", p.Log.Level)
}

func TestEveryKindOfValue(t *testing.T) {
	p, err := config.Load(config.Sources{
		File: write(t, `
kafka: {brokers: [a:1, b:2], ca_file: }
lake: {create: true, url: "s3://b/p", compression: zstd}
catalogue: {categories: ["Books, used", Toys]}
silver: {grace: 10m}
bronze: {queue_bytes: 1GiB}
dq: {samples: 3}
gold:
`),
		Environ: []string{"SALES_GOLD_MAX_AGE=1m30s", "SALES_BRONZE_MAX_EVENT_BYTES=2048", "OTHER=1", "SALES_CONFIG=x",
			"SALES_PRODUCER_SERVICE_HOST=10.0.0.1", "SALES_PRODUCER_SERVICE_PORT_HTTP=80", "SALES_DB_PORT_5432_TCP_ADDR=10.0.0.1", "SALES_DB_PORT=tcp://10.0.0.1:5432"},
		Flags: []config.Assignment{{Flag: "catalogue-regions", Text: "North,South"}, {Flag: "catalogue-regions", Text: "West"}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a:1", "b:2"}, p.Kafka.Brokers)
	require.True(t, p.Lake.Create)
	require.Equal(t, "zstd", p.Lake.Compression)
	require.Equal(t, []string{"Books, used", "Toys"}, p.Catalogue.Categories)
	require.Equal(t, []string{"North", "South", "West"}, p.Catalogue.Regions)
	require.Equal(t, config.Default().Silver.Grace, p.Silver.Grace)
	require.Equal(t, 1<<30, p.Bronze.QueueBytes)
	require.Equal(t, 2048, p.Bronze.MaxEventBytes)
	require.Equal(t, 90*time.Second, p.Gold.MaxAge)
	require.Equal(t, 3, p.DQ.Samples)
}

// All faults of all sources come at once, each with its place, value and remedy.
func TestAllFaultsAtOnce(t *testing.T) {
	src := config.Sources{
		File: write(t, `silver:
  max_rows: many
  max_agee: 2s
  max_rows: 5
sliver: {}
lake: {partitions: 0, create: yes, url: "s3://b?region=x"}
kafka:
  brokers: localhost
  sasl_password: hunter2
bronze: {queue_bytes: 32MB, max_rows: }
gold: 5
catalogue: {regions: [Europe, " europe"], categories: [{a: b}]}
`),
		Environ: []string{"SALES_SILVER_MAXROWS=1", "SALES_COLOUR=red", "SALES_LOG_LEVEL=inof", "SALES_DQ_SAMPLES=NaN"},
		Flags: []config.Assignment{
			{Flag: "http-addr", Text: "8080"}, {Flag: "warehouse-dsn", Text: "postgres://u:hunter2@h/db"},
			{Flag: "gold-max-age", Text: "200000h"}, {Flag: "silver-grace", Text: "999999999d"}, {Flag: "nothing", Text: "x"},
		},
	}
	require.Equal(t, []string{
		`silver.max_rows = "many" (FILE:2): is not a whole number; use a value from 1 to 100000000`,
		`silver.max_agee (FILE:3): is not a setting; did you mean max_age?`,
		`max_rows (FILE:4): comes twice; keep one`,
		`sliver (FILE:5): is not a setting; did you mean silver?`,
		`lake.create = "yes" (FILE:6): is neither true nor false; use true or false`,
		`kafka.brokers = "localhost" (FILE:8): is not a list; write [localhost:9092]`,
		`kafka.sasl_password = "***" (FILE:9): is a secret; take it out of the file and set SALES_KAFKA_SASL_PASSWORD or kafka.sasl_password_file`,
		`bronze.queue_bytes = "32MB" (FILE:10): is not a size; use a value from 1MiB to 2GiB`,
		`bronze.max_rows (FILE:10): has no value; use a value from 1 to 16777216`,
		`gold = "5" (FILE:11): does not hold keys with values; write key: value lines`,
		`catalogue.categories (FILE:12, item 1): is not a single value; write [Electronics,Fashion,Home & Garden,Sports,Books,Toys,Beauty,Grocery]`,
		`SALES_SILVER_MAXROWS (environment): is not a setting; did you mean SALES_SILVER_MAX_ROWS?`,
		`SALES_COLOUR (environment): is not a setting; take it out`,
		`dq.samples = "NaN" (environment SALES_DQ_SAMPLES): is not a whole number; use a value from 0 to 1000`,
		`--nothing = "x" (flag): is not a setting; see --help`,
		`silver.grace = "999999999d" (flag --silver-grace): is not a duration; use a value from 0s to 7d`,
		`lake.partitions = "0" (FILE:6): is too small; use a value from 1 to 999`,
		`log.level = "inof" (environment SALES_LOG_LEVEL): is not known; did you mean info? use one of debug, info, warn, error`,
		`gold.max_age = "200000h" (flag --gold-max-age): is too large; use a value from 10ms to 1h`,
		`lake.url = "s3://b?region=x" (FILE:6): is not the URL of a bucket or folder; write it like s3://bucket, file:///folder or file://relative/folder`,
		`catalogue.regions = "Europe,europe" (FILE:12): holds "europe", which is empty or comes twice; name each once; case and white space do not count`,
		`http.addr = "8080" (flag --http-addr): holds "8080", which is not host:port; write it like localhost:9092`,
		`warehouse.dsn = "***" (flag --warehouse-dsn): holds a password; take it out and set SALES_WAREHOUSE_PASSWORD or warehouse.password_file`,
	}, faults(t, src))
	_, err := config.Load(src)
	require.ErrorContains(t, err, "23 wrong settings:\n  ")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestUnusableFile(t *testing.T) {
	for text, want := range map[string]string{
		"a: [":      "cannot be read",
		"- a\n":     "does not hold keys with values",
		"just text": "does not hold keys with values",
	} {
		found := faults(t, config.Sources{File: write(t, text)})
		require.Len(t, found, 1, text)
		require.Contains(t, found[0], want)
	}
	require.Equal(t, []string{`config = "FILE": cannot be read: no such file or directory; name a YAML file like config/pipeline.yaml`},
		faults(t, config.Sources{File: "/nowhere.yaml"}))
	require.Empty(t, faults(t, config.Sources{File: write(t, "# nothing\n")}))
}

// Whoever sets a protection that is not used believes in it.
func TestKafkaLogin(t *testing.T) {
	none := write(t, "no certificate")
	for _, c := range []struct{ environ, want []string }{
		{[]string{"SECURITY_PROTOCOL=sasl_ssl", "CA_FILE=/nowhere.pem"}, []string{
			`kafka.ca_file = "/nowhere.pem" (environment SALES_KAFKA_CA_FILE): cannot be read: no such file or directory; name a PEM file`,
			`kafka.sasl_username (default): is missing, as kafka.security_protocol is sasl_ssl; name the user`,
			`kafka.sasl_password (default): is missing, as kafka.security_protocol is sasl_ssl; set SALES_KAFKA_SASL_PASSWORD or kafka.sasl_password_file`,
		}},
		{[]string{"CA_FILE=" + none, "SASL_USERNAME=u", "SASL_PASSWORD=hunter2"}, []string{
			`kafka.ca_file = "FILE" (environment SALES_KAFKA_CA_FILE): holds no certificate; name a PEM file`,
			`kafka.ca_file = "FILE" (environment SALES_KAFKA_CA_FILE): is not used, as kafka.security_protocol is plaintext; set that to ssl or sasl_ssl, or take this out`,
			`kafka.sasl_username = "u" (environment SALES_KAFKA_SASL_USERNAME): is not used, as kafka.security_protocol is plaintext; take it out, or log in with it`,
			`kafka.sasl_password = "***" (environment SALES_KAFKA_SASL_PASSWORD): is not used, as kafka.security_protocol is plaintext; take it out, or log in with it`,
		}},
		{[]string{"SECURITY_PROTOCOL=sasl_plaintext", "SASL_MECHANISM=aws-msk-iam", "SASL_PASSWORD=hunter2"}, []string{
			`kafka.security_protocol = "sasl_plaintext" (environment SALES_KAFKA_SECURITY_PROTOCOL): shows the token to the network, and kafka.sasl_mechanism is aws-msk-iam; use sasl_ssl`,
			`kafka.sasl_password = "***" (environment SALES_KAFKA_SASL_PASSWORD): is not used, as kafka.sasl_mechanism is aws-msk-iam; take it out, or log in with it`,
		}},
		{[]string{"SECURITY_PROTOCOL=sasl_ssl", "SASL_MECHANISM=aws-msk-iam"}, []string{}},
	} {
		for i := range c.environ {
			c.environ[i] = "SALES_KAFKA_" + c.environ[i]
		}
		found := faults(t, config.Sources{Environ: c.environ})
		for i := range found {
			found[i] = strings.ReplaceAll(found[i], none, "FILE")
		}
		require.Equal(t, c.want, found)
	}
}

func TestFaultHookNeedsItsBuild(t *testing.T) {
	found := faults(t, config.Sources{Environ: []string{"SALES_FAULT=uploaded:1"}})
	if fault.Enabled {
		require.Empty(t, found)
		return
	}
	require.Equal(t, []string{"SALES_FAULT (environment): needs a program built with -tags faults; unset it"}, found)
}

func TestSecrets(t *testing.T) {
	file := write(t, "from-file\n")
	load := func(environ ...string) config.Pipeline {
		environ = append(environ, "SALES_KAFKA_SECURITY_PROTOCOL=sasl_ssl", "SALES_KAFKA_SASL_USERNAME=sales")
		p, err := config.Load(config.Sources{Environ: environ})
		require.NoError(t, err)
		return p
	}
	require.Equal(t, "from-file", load("SALES_KAFKA_SASL_PASSWORD_FILE="+file).Kafka.SASLPassword.Reveal())
	p := load("SALES_KAFKA_SASL_PASSWORD_FILE="+file, "SALES_KAFKA_SASL_PASSWORD=p:w/d@", "SALES_WAREHOUSE_PASSWORD=p:w/d@")
	require.Equal(t, "p:w/d@", p.Kafka.SASLPassword.Reveal())
	source, err := p.Warehouse.Source()
	require.NoError(t, err)
	require.Equal(t, "postgres://sales:p%3Aw%2Fd%40@localhost:5432/sales?sslmode=disable", source.Reveal())

	require.Equal(t, []string{
		`kafka.sasl_password_file = "/nowhere" (environment SALES_KAFKA_SASL_PASSWORD_FILE): cannot be read: no such file or directory; name a file that holds the secret, or set SALES_KAFKA_SASL_PASSWORD`,
		`warehouse.password_file = "EMPTY" (environment SALES_WAREHOUSE_PASSWORD_FILE): cannot be read: the file is empty; name a file that holds the secret, or set SALES_WAREHOUSE_PASSWORD`,
	}, func() []string {
		empty := write(t, "\n")
		found := faults(t, config.Sources{Environ: []string{"SALES_KAFKA_SECURITY_PROTOCOL=sasl_ssl", "SALES_KAFKA_SASL_USERNAME=sales", "SALES_KAFKA_SASL_PASSWORD_FILE=/nowhere", "SALES_WAREHOUSE_PASSWORD_FILE=" + empty}})
		for i := range found {
			found[i] = strings.ReplaceAll(found[i], empty, "EMPTY")
		}
		return found
	}())
}

func TestWarehouse(t *testing.T) {
	for dsn, want := range map[string][2]string{
		"duckdb:/tmp/w.duckdb":          {config.DuckDB, "/tmp/w.duckdb"},
		"redshift://u@h:5439/dev":       {config.Redshift, "postgres://u@h:5439/dev"},
		"postgres://u@h/db?sslmode=off": {config.Postgres, "postgres://u@h/db?sslmode=off"},
	} {
		p, err := config.Load(config.Sources{Environ: []string{"SALES_WAREHOUSE_DSN=" + dsn}})
		require.NoError(t, err)
		require.Equal(t, want[0], p.Warehouse.Dialect())
		source, err := p.Warehouse.Source()
		require.NoError(t, err)
		require.Equal(t, want[1], source.Reveal())
	}
	for _, dsn := range []string{"duckdb:", "mysql://u@h/d", "postgres://h/d", "postgres://u@/d", "postgres://u@h", "postgres://u@h/d?password=hunter2", "postgres://u:hunter2@h:x/d", "host=h password=hunter2"} {
		found := faults(t, config.Sources{Environ: []string{"SALES_WAREHOUSE_DSN=" + dsn}})
		require.Len(t, found, 1, dsn)
		require.NotContains(t, found[0], "hunter2")
	}
}

// Whatever the text of a setting is, Load answers, and what it accepts is in range.
func TestAnyTextIsJudged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`-?[0-9]{1,22}(d|s|h|KiB|GiB|e9|\.5)?`)).Draw(t, "text")
		names := []string{"silver-max-rows", "silver-grace", "bronze-queue-bytes", "dq-samples", "lake-create", "http-addr", "warehouse-dsn", "kafka-brokers"}
		name := rapid.SampledFrom(names).Draw(t, "name")
		p, err := config.Load(config.Sources{Flags: []config.Assignment{{Flag: name, Text: text}}})
		if err != nil {
			return
		}
		require.True(t, p.Silver.MaxRows >= 1 && p.Silver.MaxRows <= 1e8)
		require.LessOrEqual(t, p.Silver.Grace, 7*24*time.Hour)
		require.True(t, p.Bronze.QueueBytes >= 1<<20 && p.Bronze.QueueBytes <= 2<<30)
		require.True(t, p.DQ.Samples >= 0 && p.DQ.Samples <= 1000)
	})
}
