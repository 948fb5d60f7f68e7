package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running program whose memory is watched.
type process struct {
	cmd    *exec.Cmd
	output bytes.Buffer // standard output
	log    bytes.Buffer // standard error
	ended  chan struct{}
	err    error
	peak   int64 // bytes, valid after ended
}

// start runs the command, which dies with this process.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	go func() {
		defer close(p.ended)
		p.peak, p.err = watch(cmd.Process.Pid, done)
	}()
	return p, nil
}

// watch follows the peak of the resident memory until the process has ended.
// (The kernel's own figure at the end may be this process's from before exec.)
func watch(pid int, done <-chan error) (peak int64, err error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return peak, err
		case <-tick.C:
			peak = max(peak, highWater(pid))
		}
	}
}

// highWater reads the most resident memory that the process has had, in bytes;
// 0 when it is gone.
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

// stop asks the process to end.
func (p *process) stop() error { return p.cmd.Process.Signal(syscall.SIGTERM) }

// wait waits for the end; another exit code than 0 is an error with the log's end.
func (p *process) wait() (peak int64, cpuSeconds float64, err error) {
	<-p.ended
	if p.err != nil {
		log := p.log.Bytes()
		return 0, 0, fmt.Errorf("%w\n%s", p.err, log[max(0, len(log)-4<<10):])
	}
	state := p.cmd.ProcessState
	return p.peak, (state.UserTime() + state.SystemTime()).Seconds(), nil
}
