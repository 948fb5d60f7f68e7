package daemon

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// health is what /readyz tells.
type health struct {
	mu      sync.Mutex
	ready   bool
	waiting map[string]string // what is waited for, and why
}

func (h *health) setReady(ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ready = ready
}

// wait notes why something is waited for; an empty reason means that it is there.
func (h *health) wait(what, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting == nil {
		h.waiting = map[string]string{}
	}
	if reason == "" {
		delete(h.waiting, what)
		return
	}
	h.waiting[what] = reason
}

// report answers whether the service is ready, and what to show: a line for each thing
// that it waits for.
func (h *health) report() (bool, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) == 0 {
		if h.ready {
			return true, "ready\n"
		}
		return false, "starting\n"
	}
	lines := make([]string, 0, len(h.waiting))
	for what, reason := range h.waiting {
		if what != "" {
			reason = what + ": " + reason
		}
		lines = append(lines, "waiting for "+reason+"\n")
	}
	slices.Sort(lines)
	return false, strings.Join(lines, "")
}

func (h *health) serveReady(w http.ResponseWriter, _ *http.Request) {
	ready, text := h.report()
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprint(w, text)
}
