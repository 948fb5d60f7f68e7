//go:build faults

package fault

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Enabled tells whether this program can inject faults.
const Enabled = true

// Hook answers the function to call at each step; it is safe for concurrent use.
// It is nil if SALES_FAULT is not set, and panics if that cannot be read: a test that
// injects nothing would pass for nothing.
func Hook() func(step string) {
	text := os.Getenv(Env)
	if text == "" {
		return nil
	}
	plan, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("%s=%q: %v", Env, text, err))
	}
	return plan.reach
}

// point is a step, the time at which it is to fail, and how.
type point struct {
	step   string
	n      int
	signal syscall.Signal
}

type plan struct {
	mu     sync.Mutex
	points []point
	seen   map[string]int
	send   func(syscall.Signal)
}

func parse(text string) (*plan, error) {
	p := &plan{seen: map[string]int{}, send: sendSelf}
	for item := range strings.SplitSeq(text, ",") {
		parts := strings.Split(strings.TrimSpace(item), ":")
		if len(parts) == 2 {
			parts = append(parts, "kill")
		}
		signal, known := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}[parts[len(parts)-1]]
		if len(parts) != 3 || parts[0] == "" || !known {
			return nil, fmt.Errorf("%q is not step:n, step:n:kill or step:n:stop", item)
		}
		n, err := strconv.Atoi(parts[1])
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q: %q is not a count from 1", item, parts[1])
		}
		p.points = append(p.points, point{parts[0], n, signal})
	}
	return p, nil
}

// reach counts the step, and sends the signal if its time has come.
func (p *plan) reach(step string) {
	p.mu.Lock()
	p.seen[step]++
	n := p.seen[step]
	p.mu.Unlock()
	for _, point := range p.points {
		if point.step == step && point.n == n {
			fmt.Fprintf(os.Stderr, "fault: %v at %s, time %d\n", point.signal, step, n)
			p.send(point.signal)
		}
	}
}

// sendSelf does not return from a SIGKILL: the signal may take a moment to arrive, and
// no further step may be reached in between.
func sendSelf(signal syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), signal); err != nil {
		panic(fmt.Sprintf("send %v to self: %v", signal, err))
	}
	if signal == syscall.SIGKILL {
		select {}
	}
}
