package warehouse

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/preflight"
)

// Targets says where files are copied, by the schema that they say they have, and which
// tables of the lake are loaded.
func Targets() (targets map[string]preflight.Target, loaded []string) {
	targets = map[string]preflight.Target{
		sales.TableSilver:          {Table: "stage_sales", Rows: &factRows},
		sales.TableChanges:         {Table: "stage_changes", Rows: &changeRows},
		sales.TableSilverCustomers: {Table: versionRows.table, Rows: versionRows.rows},
		sales.TableCustomerChanges: {Table: versionChanges.table, Rows: versionChanges.rows},
	}
	loaded = []string{sales.TableSilverCustomers, sales.TableFacts}
	for _, a := range aggregates {
		targets[a.lake] = preflight.Target{Table: "sales." + a.table, Rows: a.schema}
		loaded = append(loaded, a.lake)
	}
	return targets, loaded
}

// S3Files is what Redshift's loads need of the lake's bucket: a blob.Bucket in S3.
type S3Files interface {
	Files
	Put(ctx context.Context, key string, body []byte) error
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) iter.Seq2[blob.Object, error]
	// URL answers where the object is for other programs: s3://bucket/key.
	URL(key string) string
}

// copyPrefix is where the loader keeps what it writes for one load: the COPY manifests, and
// the files that COPY cannot take as they are. Each has a name that no other load has, so
// that a load which ends deletes nothing that another one needs.
const copyPrefix = "_redshift/"

// forgotten is the age at which an object under copyPrefix is nobody's any more: its
// loader was killed between the upload and the end of its COPY.
const forgotten = 24 * time.Hour

// copies are the files of a load, as COPY takes them.
type copies struct {
	S3Files
	tables  map[string][]preflight.Column
	entries map[string]copyEntry // by the key of the lake's file
	made    []string             // keys under copyPrefix
}

// copyEntry is a file in a COPY manifest. Parquet files need their length there.
// https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
type copyEntry struct {
	URL       string   `json:"url"`
	Mandatory bool     `json:"mandatory"`
	Meta      copyMeta `json:"meta"`
}

type copyMeta struct {
	ContentLength int64 `json:"content_length"` // bytes
}

// entry answers how COPY takes a file: as it is, or by a copy of it. A file is fetched
// and checked once in a load.
func (c *copies) entry(ctx context.Context, to target, f lake.File) (copyEntry, error) {
	if entry, ok := c.entries[f.Key]; ok {
		return entry, nil
	}
	columns, err := preflight.ColumnsOf(to.String(), c.tables)
	if err != nil {
		return copyEntry{}, err
	}
	r, err := fetch(ctx, c, f)
	if err != nil {
		return copyEntry{}, err
	}
	findings, err := preflight.Check(f.Key, r, columns, to.rows)
	if err != nil {
		return copyEntry{}, err
	}
	if i := slices.IndexFunc(findings, func(f preflight.Finding) bool { return f.Outcome == lake.Fail }); i >= 0 {
		return copyEntry{}, fmt.Errorf("preflight: %s (redshift-loader preflight lists all findings)", findings[i])
	}
	key, size := f.Key, f.Bytes
	if len(findings) > 0 {
		if key, size, err = c.rewrite(ctx, r, to, columns); err != nil {
			return copyEntry{}, fmt.Errorf("rewrite %s: %w", f.Key, err)
		}
	}
	c.entries[f.Key] = copyEntry{c.URL(key), true, copyMeta{size}}
	return c.entries[f.Key], nil
}

// rewrite writes a file of just the table's columns, whose texts the table holds.
func (c *copies) rewrite(ctx context.Context, r *lake.Reader, to target, columns []preflight.Column) (key string, size int64, err error) {
	batch := column.NewBatch(to.rows, int(r.Rows()))
	if err := r.Read(batch); err != nil {
		return "", 0, err
	}
	for i, field := range to.rows.Fields {
		switch field.Type {
		case column.String, column.Symbol:
			batch.Columns[i] = shortened(&batch.Columns[i], columns[i].Bytes)
		}
	}
	encoder, err := lake.NewEncoder(to.rows, lake.Encoding{})
	if err != nil {
		return "", 0, err
	}
	data, err := encoder.Encode(nil, batch)
	if err != nil {
		return "", 0, err
	}
	key, err = c.put(ctx, data, ".parquet")
	return key, int64(len(data)), err
}

// shortened gives the texts as a column of so many bytes holds them.
func shortened(from *column.Column, most int) column.Column {
	to := column.Column{Type: from.Type, Dict: column.NewDict()}
	for i := range from.Len() {
		to.AppendString(storable(from.String(i), most))
	}
	return to
}

// publish writes the manifest of a COPY and answers where it is.
func (c *copies) publish(ctx context.Context, to target, list []lake.File) (url string, err error) {
	entries := make([]copyEntry, len(list))
	for i, f := range list {
		if entries[i], err = c.entry(ctx, to, f); err != nil {
			return "", err
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{"entries": entries}); err != nil {
		return "", err
	}
	key, err := c.put(ctx, text.Bytes(), ".manifest")
	return c.URL(key), err
}

func (c *copies) put(ctx context.Context, data []byte, suffix string) (key string, err error) {
	key = copyPrefix + rand.Text() + suffix
	c.made = append(c.made, key)
	return key, c.Put(ctx, key, data)
}

// clean deletes what was written for the load, which has ended. An object that cannot
// be deleted now is forgotten, and swept later.
func (c *copies) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, key := range c.made {
		_ = c.Delete(ctx, key)
	}
}

// sweep deletes what a loader that was killed has left.
func (c *copies) sweep(ctx context.Context) error {
	for object, err := range c.List(ctx, copyPrefix) {
		if err != nil {
			return fmt.Errorf("list %s: %w", copyPrefix, err)
		}
		if time.Since(object.Modified) < forgotten {
			continue
		}
		if err := c.Delete(ctx, object.Key); err != nil {
			return fmt.Errorf("delete %s: %w", object.Key, err)
		}
	}
	return nil
}

// explain says more of the error of a COPY: which file has gone since it was checked, or
// what Redshift noted of file, column and row. It is asked on a connection of its own, as the
// transaction takes no more questions.
// https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
func (r *redshift) explain(ctx context.Context, failed error, session int64, c *copies, list []lake.File) error {
	sources := make(map[string]string, len(list))
	for _, f := range list {
		if found, err := c.Exists(ctx, f.Key); err == nil && !found {
			return &missingFile{f.Key, failed}
		}
		sources[c.entries[f.Key].URL] = f.Key
	}
	if answer := (*pq.Error)(nil); errors.As(failed, &answer) && answer.Detail != "" {
		failed = fmt.Errorf("%w (%s)", failed, strings.Join(strings.Fields(answer.Detail), " "))
	}
	var file, name, kind, reason string
	var line int64
	err := r.db.QueryRowContext(ctx, fmt.Sprintf(`SELECT TRIM(file_name), TRIM(column_name), TRIM(column_type), line_number, TRIM(error_message)
FROM sys_load_error_detail
WHERE session_id = %d
ORDER BY start_time DESC
LIMIT 1`, session)).Scan(&file, &name, &kind, &line, &reason)
	source, ours := sources[file]
	if errors.Is(err, sql.ErrNoRows) || err == nil && !ours {
		return failed // nothing was noted of these files
	}
	if err != nil {
		return fmt.Errorf("%w (and SYS_LOAD_ERROR_DETAIL does not answer: %s)", failed, err.Error())
	}
	return fmt.Errorf("%w: %s, column %s (%s), row %d: %s; redshift-loader preflight %s compares the file with the table",
		failed, source, name, kind, line, reason, source)
}
