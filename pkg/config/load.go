package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
)

// DefaultFile is read when no other file is named; it may be missing.
const DefaultFile = "config/pipeline.yaml"

// Sources is where settings come from, apart from the defaults.
type Sources struct {
	File    string   // YAML; empty for DefaultFile, which may be missing
	Environ []string // as of os.Environ
	Flags   []Assignment
}

// Assignment is a setting given as a flag: its name without hyphens in front, and
// its text. Those of one list add up; of others the last one counts.
type Assignment struct{ Flag, Text string }

// Load answers the settings that the sources add up to. The error is a [Faults] of
// everything that is wrong, in which case the settings must not be used.
func Load(src Sources) (Pipeline, error) {
	l := &loader{sections: declare(), pipeline: Default(), origin: map[*setting]origin{}}
	l.file(src.File)
	l.environ(src.Environ)
	l.flags(src.Flags)
	l.complete()
	l.check()
	if len(l.faults) > 0 {
		return l.pipeline, l.faults
	}
	return l.pipeline, nil
}

// origin is where a setting's value came from, and what was written there.
type origin struct{ source, text string }

type loader struct {
	sections []section
	pipeline Pipeline
	origin   map[*setting]origin
	faults   Faults
}

// set parses text into the setting, and remembers where it came from.
func (l *loader) set(s *setting, text, source string) {
	field := s.field(&l.pipeline)
	if err := setText(field, text, s.unit); err != nil {
		l.fault(s, text, source, err.Error(), s.remedy())
		return
	}
	l.origin[s] = origin{source, text}
}

func (l *loader) fault(s *setting, text, source, problem, remedy string) {
	if s.secret && text != "" {
		text = mask
	}
	l.faults = append(l.faults, Fault{s.name(), text, source, problem, remedy})
}

// flags applies the flags; those of one list are joined first.
func (l *loader) flags(given []Assignment) {
	joined := map[*setting]string{}
	var order []*setting
	for _, a := range given {
		s := find(l.sections, func(s *setting) bool { return s.flag() == a.Flag })
		if s == nil || s.secret {
			l.faults = append(l.faults, Fault{"--" + a.Flag, a.Text, "flag", "is not a setting", "see --help"})
			continue
		}
		before, again := joined[s]
		if !again {
			order = append(order, s)
		}
		if again && s.kind.Kind() == reflect.Slice {
			a.Text = before + "," + a.Text
		}
		joined[s] = a.Text
	}
	for _, s := range order {
		l.set(s, joined[s], "flag --"+s.flag())
	}
}

// complete fills what the environment of the process knows: secrets that lie in
// files, and the instance's name.
func (l *loader) complete() {
	for _, section := range l.sections {
		for _, s := range section.settings {
			if s.secret {
				l.readSecret(s)
			}
		}
	}
	if l.pipeline.Kafka.Instance != "" {
		return
	}
	host, err := os.Hostname()
	if err != nil {
		s := find(l.sections, func(s *setting) bool { return s.name() == "kafka.instance" })
		l.fault(s, "", "", fmt.Sprintf("has no default, as the host name is unknown: %v", err), "name the instance")
	}
	l.pipeline.Kafka.Instance = host
}

// readSecret takes a secret from its file, unless the environment gave it.
func (l *loader) readSecret(s *setting) {
	field := s.field(&l.pipeline)
	section := reflect.ValueOf(&l.pipeline).Elem().Field(s.index[0])
	path := section.FieldByName(s.file).String()
	if path == "" || field.String() != "" {
		return
	}
	body, err := os.ReadFile(path)
	text := strings.TrimRight(string(body), "\r\n")
	if err == nil && text == "" {
		err = errors.New("the file is empty")
	}
	if err != nil {
		named := find(l.sections, func(n *setting) bool { return n.section == s.section && n.key == s.key+"_file" })
		l.fault(named, path, l.origin[named].source, fmt.Sprintf("cannot be read: %v", reason(err)), "name a file that holds the secret, or set "+s.env())
		return
	}
	field.SetString(text)
}

// reason leaves out the path, which the fault names already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
