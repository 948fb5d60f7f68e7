package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/services/bronze-writer/decode"
)

// File is a file or an object to be ingested.
type File struct {
	Name   string       // a path, or s3://bucket/key
	Size   int64        // bytes, as it is stored, when it was found
	bucket *blob.Bucket // nil for a path
	key    string
}

// Buckets opens the bucket of a URL such as s3://bucket.
type Buckets func(ctx context.Context, url string) (*blob.Bucket, error)

// remote begins the names of objects.
const remote = "s3://"

// Find gives the files that names stand for, each once. A name is a path or
// s3://bucket/key, or a pattern of either in the way of path.Match, whose stars
// do not pass slashes; a name that is there is never taken for a pattern. Files
// come in the order of the names, those of a pattern in the order of their own.
//
// The error names every name that stands for nothing. It wraps
// decode.ErrUnusable unless a bucket could not be asked.
func Find(ctx context.Context, names []string, buckets Buckets) ([]File, error) {
	f := finder{buckets: buckets, opened: map[string]*blob.Bucket{}}
	var all []File
	var faults []error
	seen := map[string]bool{}
	for _, name := range names {
		found, err := f.find(ctx, name)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
		for _, file := range found {
			if !seen[file.Name] {
				all = append(all, file)
			}
			seen[file.Name] = true
		}
	}
	return all, errors.Join(faults...)
}

type finder struct {
	buckets Buckets
	opened  map[string]*blob.Bucket // by name
}

func (f *finder) find(ctx context.Context, name string) ([]File, error) {
	if rest, ok := strings.CutPrefix(name, remote); ok {
		bucket, key, _ := strings.Cut(rest, "/")
		if bucket == "" || key == "" || strings.HasSuffix(key, "/") {
			return nil, fmt.Errorf("%w: it names no object: write s3://bucket/key, or a pattern such as s3://bucket/in/*.csv.gz", decode.ErrUnusable)
		}
		return f.objects(ctx, bucket, key)
	}
	return paths(name)
}

var errNoMatch = fmt.Errorf("%w: no file matches: check the pattern", decode.ErrUnusable)

// meta begins a pattern.
const meta = `*?[\`

func paths(name string) ([]File, error) {
	info, err := statPath(name)
	switch {
	case err == nil:
		return []File{{Name: name, Size: info.Size()}}, nil
	case !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(name, meta):
		return nil, err
	}
	matches, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", decode.ErrUnusable, err)
	}
	slices.Sort(matches)
	var found []File
	for _, match := range matches {
		info, err := os.Stat(match)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", decode.ErrUnusable, err)
		}
		if info.Mode().IsRegular() {
			found = append(found, File{Name: match, Size: info.Size()})
		}
	}
	if len(found) == 0 {
		return nil, errNoMatch
	}
	return found, nil
}

// statPath looks at what a file must be: it is read twice.
func statPath(name string) (os.FileInfo, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w: check the path", decode.ErrUnusable, err)
	case info.IsDir():
		return nil, fmt.Errorf("%w: it is a folder: name the files in it, or a pattern such as %s", decode.ErrUnusable, filepath.Join(name, "*.csv"))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: it is no regular file, and can not be read twice: write what it gives to a file, and ingest that", decode.ErrUnusable)
	}
	return info, nil
}

// objects finds the object of a key, or those of a pattern.
func (f *finder) objects(ctx context.Context, bucket, key string) ([]File, error) {
	b, err := f.bucket(ctx, bucket)
	if err != nil {
		return nil, err
	}
	object, err := b.Reader(ctx, key)
	if err == nil {
		return []File{{Name: b.URL(key), Size: object.Size(), bucket: b, key: key}}, object.Close()
	}
	if !errors.Is(err, blob.ErrNotFound) {
		return nil, err
	}
	if !strings.ContainsAny(key, meta) {
		return nil, fmt.Errorf("%w: %w: check bucket and key", decode.ErrUnusable, err)
	}
	return matching(ctx, b, key)
}

func matching(ctx context.Context, b *blob.Bucket, pattern string) ([]File, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("%w: %w", decode.ErrUnusable, err)
	}
	var found []File
	for object, err := range b.List(ctx, pattern[:strings.IndexAny(pattern, meta)]) {
		if err != nil {
			return nil, err
		}
		if ok, _ := path.Match(pattern, object.Key); ok && !strings.HasSuffix(object.Key, "/") { // some tools mark folders so
			found = append(found, File{Name: b.URL(object.Key), Size: object.Size, bucket: b, key: object.Key})
		}
	}
	if len(found) == 0 {
		return nil, errNoMatch
	}
	return found, nil
}

func (f *finder) bucket(ctx context.Context, name string) (*blob.Bucket, error) {
	b := f.opened[name]
	if b != nil {
		return b, nil
	}
	b, err := f.buckets(ctx, remote+name)
	f.opened[name] = b
	return b, err
}
