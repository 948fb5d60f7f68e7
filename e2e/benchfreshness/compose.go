package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// docker runs a command of docker's and gives what it prints.
func docker(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// produce starts the producer again at a rate; 0 is the Compose file's.
func produce(ctx context.Context, rate int) error {
	var env []string
	if rate > 0 {
		env = []string{"SALES_PRODUCER_RATE=" + strconv.Itoa(rate)}
	}
	_, err := docker(ctx, env, "compose", "up", "--detach", "--no-deps", "--wait", "producer")
	return err
}

// address is where a port of a container is published.
func address(ctx context.Context, service string, port int) (string, error) {
	return docker(ctx, nil, "compose", "port", service, strconv.Itoa(port))
}

// container is what a container needed.
type container struct {
	Name    string  `json:"name"`
	Cores   float64 `json:"cores"`    // mean
	PeakMiB float64 `json:"peak_mib"` // of the samples
	samples int
}

const sampleEvery = 10 * time.Second

// watch samples all containers of the stack for a time.
func watch(ctx context.Context, length time.Duration) ([]*container, error) {
	ids, err := docker(ctx, nil, "compose", "ps", "--quiet")
	if err != nil {
		return nil, err
	}
	if ids == "" {
		return nil, errors.New("the stack does not run: start it with make up")
	}
	args := append([]string{"stats", "--no-stream", "--format", "{{json .}}"}, strings.Fields(ids)...)
	var all []*container
	byName := map[string]*container{}
	for end := time.Now().Add(length); time.Now().Before(end); {
		out, err := docker(ctx, nil, args...)
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(strings.NewReader(out)); ; {
			var line struct{ Name, CPUPerc, MemUsage string }
			if err := d.Decode(&line); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("read docker stats: %w", err)
			}
			c := byName[line.Name]
			if c == nil {
				c = &container{Name: line.Name}
				byName[line.Name], all = c, append(all, c)
			}
			if err := c.sample(line.CPUPerc, line.MemUsage); err != nil {
				return nil, err
			}
		}
		if err := wait(ctx, min(sampleEvery, time.Until(end))); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sample adds what docker stats says: "12.5%" of a core, and "44.1MiB / 384MiB".
func (c *container) sample(cpu, memory string) error {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(cpu, "%"), 64)
	if err != nil {
		return fmt.Errorf("read the CPU of %s: %w", c.Name, err)
	}
	used, _, _ := strings.Cut(memory, " / ")
	bytes, err := units.RAMInBytes(used)
	if err != nil {
		return fmt.Errorf("read the memory of %s: %w", c.Name, err)
	}
	c.samples++
	c.Cores += (percent/100 - c.Cores) / float64(c.samples)
	c.PeakMiB = max(c.PeakMiB, float64(bytes)/(1<<20))
	return nil
}
