package warehouse_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
	warehousesql "github.com/saleslake/saleslake/sql"
)

var update = flag.Bool("update", false, "write testdata/*.golden.* anew")

// The statements that Redshift and PostgreSQL share run for real, in their order; the
// few that PostgreSQL lacks are those of warehousetest.Redshift.
func TestRedshift(t *testing.T) {
	server := warehousetest.StartRedshift(t, warehousetest.StartPostgres(t))
	warehousetest.Run(t, func(t *testing.T) warehouse.Options {
		return warehouse.Options{Dialect: warehouse.Redshift, Source: server.Database(t), IAMRole: "default"}
	})
	t.Run("a process that is killed at any statement", func(t *testing.T) { killed(t, warehouse.Redshift, server.Database(t)) })
	for name, test := range map[string]func(*testing.T, *redshiftBench){
		"the texts that are sent":                    sentTexts,
		"what passes by itself":                      passing,
		"a commit whose answer is lost":              lostCommit,
		"a COPY that fails says what Redshift noted": failedCopy,
		"columns that a setting added are left out":  addedColumns,
		"a file that COPY cannot take is refused":    refusedFile,
		"a file that goes after it was checked":      goneSince,
		"another loader comes first":                 overtaken,
		"a statement that takes too long":            tooLong,
		"a load waits for another, not for ever":     waits,
		"what a kill left is swept":                  swept,
		"two programs at once":                       atOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, newRedshiftBench(t, server)) })
	}
}

// redshiftBench is a warehouse, not migrated yet, and a lake.
type redshiftBench struct {
	*warehouse.Warehouse
	server *warehousetest.Redshift
	lake   *warehousetest.Lake
	url    string
}

func newRedshiftBench(t *testing.T, server *warehousetest.Redshift) *redshiftBench {
	b := &redshiftBench{server: server, lake: warehousetest.NewLake(t), url: server.Database(t)}
	b.Warehouse = b.open(t)
	t.Cleanup(func() { server.SetFault(nil) })
	server.Sent()
	return b
}

func (b *redshiftBench) open(t *testing.T) *warehouse.Warehouse {
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Redshift, Source: b.url,
		IAMRole: "arn:aws:iam::123456789012:role/saleslake", Files: warehousetest.S3Files{Bucket: b.lake.Bucket}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

func (b *redshiftBench) migrate(t *testing.T) {
	_, err := b.Migrate(t.Context())
	require.NoError(t, err)
}

func (b *redshiftBench) count(t *testing.T, want lake.Count) {
	got, err := b.Facts(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// left lists what is under the loader's own prefix of the lake.
func (b *redshiftBench) left(t *testing.T) (keys []string) {
	for key, err := range b.lake.Bucket.Keys(t.Context(), "_redshift/") {
		require.NoError(t, err)
		keys = append(keys, key)
	}
	return keys
}

func oneOrder(version int64) warehousetest.Order {
	return warehousetest.Order{ID: "A", Day: "2026-01-01", Version: version, Cents: 100 * version}
}

// sentTexts holds each statement of a first load, a second one and one of members against
// golden files. Only goose sends arguments.
func sentTexts(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	texts, prepared := b.server.Sent()
	golden(t, "migrate.sql", b.normal(withoutMigrations(t, texts)))
	for _, text := range prepared {
		require.Contains(t, text, "etl.schema_version", "statements of goose only are prepared")
	}
	slices.Sort(prepared)
	golden(t, "migrate_prepared.sql", b.normal(slices.Compact(prepared)))
	manifests := []string{}
	b.server.SetFault(func(text string) (string, bool) {
		if from, _, ok := strings.Cut(text, ".manifest'"); ok && strings.HasPrefix(text, "COPY ") {
			manifest, err := os.ReadFile("/" + from[strings.Index(from, "s3://")+len("s3://"):] + ".manifest")
			require.NoError(t, err)
			manifests = append(manifests, string(manifest))
		}
		return text, false
	})
	loads := []string{}
	again := b.lake.Facts("2026-01-02", 1)
	updates := []warehousetest.Update{
		{ID: "C-1", At: time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC).UnixMicro(), City: "Rome"},
		{ID: "C-1", At: time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC).UnixMicro(), City: "Bern"},
	}
	moved := warehousetest.Order{ID: "O'B\\", Day: "2026-01-01", Version: 1, Cents: 5}
	for version := int64(1); version <= 2; version++ { // the second has a file of changes, a verdict that comes again, and a new day with an order of another
		verdicts := b.lake.All("2026-01-01", version, oneOrder(version), moved)
		if version == 2 {
			later := moved
			later.Day, later.Version = "2026-01-03", 2
			verdicts = append(verdicts, b.lake.Facts(later.Day, 1, later))
		}
		_, err := b.Load(t.Context(), append(verdicts, again, b.lake.Customers("2026-01-01", 0, version, updates[:version]...)))
		require.NoError(t, err)
		texts, prepared = b.server.Sent()
		require.Empty(t, prepared, "a load is sent without arguments")
		golden(t, fmt.Sprintf("load_%d.sql", version), b.normal(texts))
		loads = append(loads, texts...)
	}
	golden(t, "copy_manifests.json", b.normal(manifests))
	products := filepath.Join(t.TempDir(), "products.csv")
	require.NoError(t, os.WriteFile(products, []byte("product_id,name,category,list_price\nP-1,\"Jo's \\ lamp\",Books,12.5\n"), 0o600))
	_, err := b.LoadProducts(t.Context(), products)
	require.NoError(t, err)
	texts, prepared = b.server.Sent()
	require.Empty(t, prepared)
	golden(t, "load_products.sql", b.normal(texts))
	loads = append(loads, texts...)
	everyStatement(t, append(loads, questions(t, b)...))
	answer, err := b.Select(t.Context(), "SELECT name FROM sales.dim_product WHERE product_id = $1", "P-1")
	require.NoError(t, err)
	require.Equal(t, [][]any{{`Jo's \ lamp`}}, answer.Rows)
	require.Empty(t, b.left(t), "what was written for a COPY is deleted after it")
}

// questions holds what is asked besides loads against a golden file.
func questions(t *testing.T, b *redshiftBench) []string {
	_, err := b.Ledger(t.Context())
	require.NoError(t, err)
	_, err = b.Totals(t.Context())
	require.NoError(t, err)
	_, err = b.Facts(t.Context())
	require.NoError(t, err)
	_, err = b.CustomerVersions(t.Context())
	require.NoError(t, err)
	_, err = b.Columns(t.Context(), "sales.fact_sales")
	require.NoError(t, err)
	_, err = b.Query(t.Context(), "basket_size")
	require.NoError(t, err)
	texts, prepared := b.server.Sent()
	require.Empty(t, prepared)
	golden(t, "questions.sql", b.normal(texts))
	return texts
}

// withoutMigrations leaves out what is in sql/redshift word for word.
func withoutMigrations(t *testing.T, texts []string) []string {
	files, err := warehousesql.Migrations(warehouse.Redshift)
	require.NoError(t, err)
	names, err := fs.Glob(files, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		texts = slices.DeleteFunc(texts, func(sent string) bool { return strings.Contains(string(text), strings.TrimSpace(sent)) })
	}
	return texts
}

// everyStatement finds each statement of a load among the texts, so that none is missing
// from the golden files.
func everyStatement(t *testing.T, texts []string) {
	for _, name := range warehousesql.LoadNames() {
		text, err := warehousesql.Load(name)
		require.NoError(t, err)
		parts := regexp.MustCompile(`\$\d+|ITS_\w+|/\*redshift |\*/`).Split(text, -1)
		require.True(t, slices.ContainsFunc(texts, func(sent string) bool {
			return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(sent, part) })
		}), "%s is not among the statements that were sent", name)
	}
}

// normal gives texts without what differs from run to run.
func (b *redshiftBench) normal(texts []string) string {
	folder := strings.TrimPrefix(b.lake.Bucket.URL("x"), "/")
	folder = folder[:len(folder)-2]
	text := strings.Join(texts, ";\n\n") + "\n"
	text = strings.ReplaceAll(text, folder, "bucket/lake")
	text = regexp.MustCompile(`_redshift/[A-Z2-7]{26}`).ReplaceAllString(text, "_redshift/RANDOM")
	text = regexp.MustCompile(`session_id = \d+`).ReplaceAllString(text, "session_id = 1")
	today := regexp.QuoteMeta(time.Now().UTC().Format("2006-01-02")) + `|` + regexp.QuoteMeta(time.Now().UTC().AddDate(0, 0, -1).Format("2006-01-02"))
	return regexp.MustCompile(`'(`+today+`) \d\d:\d\d:\d\d\.\d{6}'`).ReplaceAllString(text, "'2026-01-02 03:04:05.000000'")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "redshift", name) // migrate.sql: migrate.golden.sql
	path = strings.TrimSuffix(path, filepath.Ext(path)) + ".golden" + filepath.Ext(path)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./warehouse -run TestRedshift -update writes it anew")
}

// addedColumns loads silver of a lake that has a column more.
func addedColumns(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	wide := *sales.Silver
	wide.Fields = slices.Insert(slices.Clone(wide.Fields), 3, column.Field{ID: 99, Name: "coupon", Type: column.String, Optional: true})
	v := b.lake.Facts("2026-01-01", 1, oneOrder(1))
	r, err := lake.Fetch(t.Context(), b.lake.Bucket, v.Manifest.Files[0])
	require.NoError(t, err)
	batch := column.NewBatch(&wide, 1)
	require.NoError(t, r.Read(batch))
	encoder, err := lake.NewEncoder(&wide, lake.Encoding{})
	require.NoError(t, err)
	data, err := encoder.Encode(nil, batch)
	require.NoError(t, err)
	v.Manifest.Files[0] = lake.NewFile("silver/sales/wide.parquet", data, v.Manifest.Count)
	require.NoError(t, b.lake.Bucket.PutNew(t.Context(), "silver/sales/wide.parquet", data))
	_, err = b.Load(t.Context(), []*lake.Verdict{v})
	require.NoError(t, err)
	b.count(t, lake.Count{Rows: 1, Cents: 100})
	require.Empty(t, b.left(t))
}

func refusedFile(t *testing.T, b *redshiftBench) {
	b.migrate(t)
	narrow := *sales.Silver
	narrow.Fields = narrow.Fields[:15]
	encoder, err := lake.NewEncoder(&narrow, lake.Encoding{})
	require.NoError(t, err)
	data, err := encoder.Encode(nil, column.NewBatch(&narrow, 0))
	require.NoError(t, err)
	v := b.lake.Facts("2026-01-01", 1)
	v.Manifest.Files = []lake.File{lake.NewFile("silver/sales/narrow.parquet", data, lake.Count{})}
	require.NoError(t, b.lake.Bucket.PutNew(t.Context(), "silver/sales/narrow.parquet", data))
	b.server.Sent()
	_, err = b.Load(t.Context(), []*lake.Verdict{v})
	require.ErrorContains(t, err, "preflight: silver/sales/narrow.parquet, column _offset, all rows: the file lacks it")
	require.NotErrorIs(t, err, warehouse.ErrUnavailable)
	texts, _ := b.server.Sent()
	require.NotContains(t, texts, "LOCK etl.write_lock", "files are checked before the load begins")
}

func TestRedshiftRefusesWhatItCannotUse(t *testing.T) {
	open := func(source, role string) (*warehouse.Warehouse, error) {
		return warehouse.Open(warehouse.Options{Dialect: warehouse.Redshift, Source: source, IAMRole: role})
	}
	for _, role := range []string{"", "saleslake", "arn:aws:iam::123456789012:role/x' ACCESS_KEY_ID 'y", "arn:aws:iam::12:role/x"} {
		_, err := open("postgres://u@h/d", role)
		require.ErrorContains(t, err, "IAM role", role)
	}
	for _, role := range []string{"default", "arn:aws-cn:iam::123456789012:role/a/b+c", "arn:aws:iam::123456789012:role/a,arn:aws:iam::210987654321:role/b"} {
		w, err := open("postgres://u@h/d", role)
		require.NoError(t, err, role)
		require.NoError(t, w.Close())
	}
	_, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Redshift, Source: "postgres://u@h/d", IAMRole: "default", Files: warehousetest.NewLake(t).Bucket})
	require.ErrorContains(t, err, "use a lake in S3")
}

// A server without TLS is refused unless the source itself asks for it.
func TestRedshiftWantsTLS(t *testing.T) {
	t.Setenv("PGSSLMODE", "disable")
	server := warehousetest.StartPostgres(t)
	source := strings.ReplaceAll(server.Database(t), "?sslmode=disable", "")
	w, err := warehouse.Open(warehouse.Options{Dialect: warehouse.Redshift, Source: source, IAMRole: "default"})
	require.NoError(t, err)
	_, err = w.Facts(context.Background())
	require.ErrorContains(t, err, "SSL is not enabled on the server")
	require.NoError(t, w.Close())
}
