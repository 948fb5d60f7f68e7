package real

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// cached returns the directory called name in the cache, filled by fill if it is
// not there yet. fill works in a directory that takes the name only when it is
// complete, and only one process fills at a time.
func cached(name string, fill func(dir string) error) (string, error) {
	root, err := cacheRoot()
	if err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(root, name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()

	final, partial := filepath.Join(root, name), filepath.Join(root, name+".partial")
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}
	if err := os.RemoveAll(partial); err != nil {
		return "", err
	}
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return "", err
	}
	if err := fill(partial); err != nil {
		return "", fmt.Errorf("fetch %s: %w", name, err)
	}
	return final, os.Rename(partial, final)
}

func cacheRoot() (string, error) {
	root := os.Getenv("SALESLAKE_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a cache directory (set SALESLAKE_CACHE): %w", err)
		}
		root = filepath.Join(user, "saleslake")
	}
	return root, os.MkdirAll(root, 0o755)
}

// lock holds an advisory lock on path until unlock: tests of several packages
// run as several processes.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}

// runTool runs a program to its end in dir; its output becomes part of the error.
func runTool(ctx context.Context, dir string, env []string, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", filepath.Base(argv[0]), err, bytes.TrimSpace(out))
	}
	return nil
}
