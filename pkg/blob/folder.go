package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// tempFolder holds unfinished files, in the root.
	tempFolder = ".tmp"
	// tempAge is the age at which an unfinished file must be that of a dead process.
	tempAge = time.Hour
)

// folder is a bucket in the file system.
type folder struct{ root string }

func openFolder(path string, create bool) (*folder, error) {
	root, err := filepath.Abs(filepath.FromSlash(path))
	if err != nil {
		return nil, err
	}
	if create {
		if err := os.MkdirAll(root, 0o755); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", root)
	}
	f := &folder{root}
	return f, f.sweep()
}

// sweep removes what killed processes left unfinished.
func (f *folder) sweep() error {
	entries, err := os.ReadDir(filepath.Join(f.root, tempFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(info.ModTime()) < tempAge {
			continue
		}
		if err == nil {
			err = os.Remove(filepath.Join(f.root, tempFolder, entry.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *folder) put(ctx context.Context, key string, body []byte, onlyNew bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	temp := filepath.Join(f.root, tempFolder, rand.Text())
	target := f.file(key)
	for _, dir := range []string{filepath.Dir(temp), filepath.Dir(target)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	err := os.WriteFile(temp, body, 0o644)
	switch {
	case err != nil:
	case onlyNew:
		err = os.Link(temp, target) // fails if the name is taken, which a rename does not
	default:
		err = os.Rename(temp, target)
	}
	if err == nil && !onlyNew {
		return nil // renamed: there is no temporary name left
	}
	gone := os.Remove(temp)
	if errors.Is(err, fs.ErrExist) {
		err = ErrExists
	}
	if errors.Is(gone, fs.ErrNotExist) {
		gone = nil // it could not be created
	}
	return errors.Join(err, gone)
}

func (f *folder) get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	body, err := os.ReadFile(f.file(key))
	return body, fromFile(err)
}

func (f *folder) delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := fromFile(os.Remove(f.file(key))); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

func (f *folder) exists(ctx context.Context, key string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	info, err := os.Stat(f.file(key))
	if err = fromFile(err); errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && info.Mode().IsRegular(), err
}

func (f *folder) file(key string) string         { return filepath.Join(f.root, filepath.FromSlash(key)) }
func (f *folder) url(key string) string          { return f.file(key) }
func (f *folder) path(key string) (string, bool) { return f.file(key), true }

// fromFile counts a key under the name of an object, such as a/b where a is a file, as free.
func fromFile(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return ErrNotFound
	}
	return err
}

// openFile is an object that is being read.
type openFile struct {
	*os.File
	length int64
}

func (o openFile) size() int64 { return o.length }

func (f *folder) open(_ context.Context, key string) (source, error) {
	file, err := os.Open(f.file(key))
	if err != nil {
		return nil, fromFile(err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Join(ErrNotFound, file.Close())
	}
	return openFile{file, info.Size()}, nil
}

// list walks the folders that can hold the prefix.
func (f *folder) list(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		start := ""
		if cut := strings.LastIndexByte(prefix, '/'); cut >= 0 {
			start = prefix[:cut+1]
		}
		w := walk{f, ctx, prefix, after, yield}
		w.dir(start)
	}
}

type walk struct {
	folder *folder
	ctx    context.Context
	prefix string
	after  string
	yield  func(Object, error) bool
}

// dir lists the folder named by dir, which is empty or ends in a slash, and tells whether
// to go on.
func (w *walk) dir(dir string) bool {
	entries, err := os.ReadDir(w.folder.file(dir))
	if err == nil {
		err = w.ctx.Err()
	}
	if errors.Is(fromFile(err), ErrNotFound) {
		return true
	}
	if err != nil {
		return w.yield(Object{}, err)
	}
	keys := make([]string, len(entries))
	for i, entry := range entries {
		keys[i] = dir + entry.Name()
		if entry.IsDir() {
			keys[i] += "/"
		}
	}
	slices.Sort(keys) // with the slash, as a-b comes before a/b
	for _, key := range keys {
		if !w.entry(key) {
			return false
		}
	}
	return true
}

func (w *walk) entry(key string) bool {
	if strings.HasSuffix(key, "/") {
		onPath := strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key)
		passed := key < w.after && !strings.HasPrefix(w.after, key)
		return !onPath || passed || key == tempFolder+"/" || w.dir(key)
	}
	if !strings.HasPrefix(key, w.prefix) || key <= w.after {
		return true
	}
	info, err := os.Stat(w.folder.file(key))
	if errors.Is(err, fs.ErrNotExist) {
		return true // deleted meanwhile
	}
	if err != nil {
		return w.yield(Object{}, err)
	}
	return w.yield(Object{key, info.Size(), info.ModTime()}, nil)
}
