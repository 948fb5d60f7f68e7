package config

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with the settings.
type Fault struct {
	Setting string // such as silver.max_rows, or the unknown name as it was written
	Value   string // as it was written; *** for a secret
	Source  string // such as config/pipeline.yaml:12, or flag --silver-max-rows
	Problem string // what is wrong
	Remedy  string // what to do
}

// Error puts the fault on one line.
func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Setting)
	if f.Value != "" {
		fmt.Fprintf(&b, " = %q", f.Value)
	}
	if f.Source != "" {
		fmt.Fprintf(&b, " (%s)", f.Source)
	}
	fmt.Fprintf(&b, ": %s; %s", f.Problem, f.Remedy)
	return b.String()
}

// Faults is everything that is wrong with the settings, in the order of the sources.
type Faults []Fault

// Error lists the faults, a line each.
func (f Faults) Error() string {
	lines := make([]string, 0, len(f)+1)
	if len(f) == 1 {
		lines = append(lines, "1 wrong setting:")
	} else {
		lines = append(lines, fmt.Sprintf("%d wrong settings:", len(f)))
	}
	for _, fault := range f {
		lines = append(lines, "  "+fault.Error())
	}
	return strings.Join(lines, "\n")
}
