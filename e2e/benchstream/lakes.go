package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/saleslake/saleslake/e2e/real"
)

// lakes gives each run of bronze-writer an empty lake.
type lakes struct {
	dir   string            // holds the folders
	store *real.ObjectStore // nil: the lakes are folders
}

// lake is one of them.
type lake struct {
	env  []string // the settings that name it
	root string   // its files on disk
}

func openLakes(ctx context.Context, kind string) (l lakes, err error) {
	switch kind {
	case "s3":
		l.store, err = real.StartS3(ctx)
	case "file":
		l.dir, err = os.MkdirTemp("", "saleslake-bench-")
	default:
		err = fmt.Errorf("lake %q: want s3 or file", kind)
	}
	return l, err
}

func (l *lakes) next(n int) (lake, error) {
	name := "run-" + strconv.Itoa(n)
	if l.store == nil {
		root := filepath.Join(l.dir, name)
		return lake{env: []string{"SALES_LAKE_URL=file://" + root}, root: root}, os.Mkdir(root, 0o755)
	}
	root := filepath.Join(l.store.Root, l.store.Bucket, name)
	return lake{root: root, env: []string{
		"SALES_LAKE_URL=s3://" + l.store.Bucket + "/" + name,
		"SALES_LAKE_S3_ENDPOINT=" + l.store.Endpoint, "SALES_LAKE_S3_REGION=" + l.store.Region, "SALES_LAKE_S3_PATH_STYLE=true",
		"AWS_ACCESS_KEY_ID=" + l.store.Key, "AWS_SECRET_ACCESS_KEY=" + l.store.Secret,
	}}, os.MkdirAll(root, 0o755)
}

func (l *lakes) close() error {
	if l.store != nil {
		return l.store.Close()
	}
	return os.RemoveAll(l.dir)
}
